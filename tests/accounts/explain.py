"""Asking the database how it would run exactly the query that the code sends."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from tests.asked import calls_watch

Document = dict[str, Any]


def pipeline_sent(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object]) -> list[Document]:
    """Return the pipeline of the one aggregation that a call sends."""
    with monkeypatch.context() as patch:
        sent = calls_watch(patch, "aggregate")
        ask()
    assert len(sent) == 1, f"expected one query, saw {len(sent)}"
    pipeline: list[Document] = sent[0].arguments[0]
    return pipeline


def stages(database: Database[Document], collection: str, pipeline: list[Document]) -> set[str]:
    """Return the names of the stages of the winning plan, such as `IXSCAN` or `COLLSCAN`."""
    command = {"aggregate": collection, "pipeline": pipeline, "cursor": {}}
    return set(_stage_names(database.command("explain", command, verbosity="queryPlanner")))


def _stage_names(plan: object) -> Iterator[str]:
    if isinstance(plan, dict):
        for name, value in plan.items():
            if name == "stage":
                yield str(value)
            elif name != "rejectedPlans":
                yield from _stage_names(value)
    elif isinstance(plan, list):
        for item in plan:
            yield from _stage_names(item)
