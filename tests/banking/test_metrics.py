"""Who may read the metrics, what they count, and that several processes count together."""

import http.client
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from pymongo.errors import AutoReconnect
from pytest_django import Settings

from banking import metrics
from banking.errors import TABLE
from config.metric_files import folder_prepare
from ledger.checkpoints import checkpoint_append
from ledger.rules import REFUSALS
from ledger.signing import PrivateKey, key_make
from tests.api.conftest import Cast, cast  # noqa: F401 - the fixture
from tests.servers import Server

DOCS = Path(__file__).resolve().parents[2] / "docs" / "observability.md"
OUTSIDE = "203.0.113.7"


def test_outside_production_this_machine_may_read_them(bank_db: object) -> None:
    answer = Client().get("/metrics")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, "text/plain")
    assert "florin_session" not in answer.cookies


def test_for_everybody_else_there_is_no_such_address(bank_db: object, settings: Settings) -> None:
    settings.METRICS_ALLOWED = ["10.0.0.7"]
    assert Client().get("/metrics").status_code == 404
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 200


def test_the_clients_own_address_counts_not_that_of_the_proxy(bank_db: object, settings: Settings) -> None:
    settings.METRICS_ALLOWED, settings.TRUSTED_PROXIES = ["127.0.0.0/8"], ["127.0.0.1"]
    assert Client().get("/metrics", headers={"X-Forwarded-For": OUTSIDE}).status_code == 404
    settings.TRUSTED_PROXIES = []
    assert Client().get("/metrics", REMOTE_ADDR=OUTSIDE, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_they_are_not_limited(bank_db: object, settings: Settings) -> None:
    settings.RATE_LIMIT_API = settings.RATE_LIMIT_STRICT = "1/h"
    assert [Client().get("/metrics").status_code for _ in range(3)] == [200] * 3


def transfers(outcome: str, reason: str = "") -> float:
    return REGISTRY.get_sample_value("florin_transfers_total", {"outcome": outcome, "reason": reason}) or 0


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ({}, ("completed",)),
        ({"amount": "5000"}, ("refused", "insufficient_funds")),
        ({"key": "before"}, ("replayed",)),
        ({"key": "before", "amount": "2"}, ("key_reused",)),
    ],
)
def test_transfers_are_counted_by_what_became_of_them(
    cast: Cast,  # noqa: F811
    asked: dict[str, Any],
    labels: tuple[str, ...],
) -> None:
    cast.send(key="before")
    before = transfers(*labels)
    cast.send(**asked)
    assert transfers(*labels) == before + 1


@pytest.fixture
def collectors(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    empty: dict[str, Any] = {}
    monkeypatch.setattr(metrics, "FROM_DATABASE", empty)
    return empty


def test_what_the_database_knows_is_asked_at_each_look(collectors: dict[str, Any]) -> None:
    collectors["lag"] = lambda: [GaugeMetricFamily("florin_lag", "x", value=3)]
    text = Client().get("/metrics").content.decode()
    assert "florin_lag 3.0" in text
    assert 'florin_collector_up{collector="lag"} 1.0' in text


def test_the_outbox_tells_how_far_it_is_behind(bank_db: object) -> None:
    text = Client().get("/metrics").content.decode()
    assert 'florin_collector_up{collector="outbox"} 1.0' in text
    assert "florin_outbox_lag_seconds 0.0" in text
    assert "florin_relay_lag_seconds 0.0" in text
    assert 'florin_deliveries{state="dead"} 0.0' in text


def test_the_last_checkpoint_tells_its_age(cast: Cast) -> None:  # noqa: F811
    assert "florin_checkpoint_number" not in Client().get("/metrics").content.decode()
    assert checkpoint_append(PrivateKey(key_make())) is not None
    text = Client().get("/metrics").content.decode()
    assert "florin_checkpoint_number 1.0" in text
    (age,) = re.findall(r"florin_checkpoint_age_seconds ([0-9.]+)", text)
    assert 0 <= float(age) < 60


def test_a_database_that_is_away_costs_only_what_it_knows(collectors: dict[str, Any]) -> None:
    def away() -> Iterator[Any]:
        raise AutoReconnect

    collectors["lag"] = away
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    assert 'florin_collector_up{collector="lag"} 0.0' in answer.content.decode()
    assert "florin_request_seconds" in answer.content.decode()


# --- several processes ------------------------------------------------------------------------------------------


class Scraped:
    """A look at the metrics of a server."""

    def __init__(self, server: Server) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        text = connection.getresponse().read().decode()
        connection.close()
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def total(self, name: str, **labels: str) -> float:
        wanted = labels.items()
        return sum(sample.value for sample in self.samples if sample.name == name and wanted <= sample.labels.items())


def ask(server: Server, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={"Connection": "close"})
    connection.getresponse().read()
    connection.close()


def test_processes_count_together_and_what_the_dead_counted_counts(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server(environment={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)})
    for _ in range(40):
        ask(server, "/api/accounts")
    labels = {"route": "api/accounts", "status": "4xx"}
    assert Scraped(server).total("florin_request_seconds_count", **labels) == 40
    writers = [int(re.findall(r"\d+", file.name)[0]) for file in tmp_path.glob("histogram_*.db")]
    assert set(writers) == set(server.worker_pids)

    victim = server.worker_pids[0]
    assert (tmp_path / f"gauge_livesum_{victim}.db").exists()
    os.kill(victim, signal.SIGKILL)
    _wait_until_gone(server, victim)
    assert Scraped(server).total("florin_request_seconds_count", **labels) == 40
    assert not (tmp_path / f"gauge_livesum_{victim}.db").exists()


def _wait_until_gone(server: Server, pid: int) -> None:
    deadline = time.monotonic() + 10
    while pid in server.worker_pids or Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_the_folder_is_empty_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "counter_1.db").write_bytes(b"old")
    (tmp_path / "metrics" / "kept.txt").write_text("not ours")
    folder_prepare(tmp_path / "metrics")
    assert [file.name for file in (tmp_path / "metrics").iterdir()] == ["kept.txt"]


# --- the documentation ------------------------------------------------------------------------------------------


def _told(text: str) -> dict[str, str]:
    """Return the kinds of our metrics by their names, as Prometheus is told them."""
    kinds = re.findall(r"^# TYPE (florin_\w+) (\w+)$", text, re.MULTILINE)
    return {name: kind for name, kind in kinds if not name.endswith("_created")}


def _labels() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    # The client has no other way to ask for labels of metrics that have not been used yet.
    collectors: Any = REGISTRY._collector_to_names
    for metric in (one for one in collectors if hasattr(one, "_labelnames")):
        name = f"{metric._name}_total" if metric._type == "counter" else metric._name
        found[name] = set(metric._labelnames)
    return found


def test_the_documentation_lists_exactly_these(cast: Cast) -> None:  # noqa: F811
    checkpoint_append(PrivateKey(key_make()))
    rows = re.findall(r"^\| `(florin_\w+)` \| (\w+) \|([^|]*)\|", DOCS.read_text(), re.MULTILINE)
    told = _told(Client().get("/metrics").content.decode())
    assert {name: kind for name, kind, _ in rows} == told
    labels = {name: set(re.findall(r"`(\w+)`", names)) for name, _, names in rows}
    known = {name: names for name, names in _labels().items() if name.startswith("florin_")}
    assert {name: labels[name] for name in known} == known


def test_every_label_has_few_values(bank_db: object) -> None:
    for path in ("/x1", "/x2", "/api/x3", "/transactions/65", "/api/transactions/66", "/static/x"):
        Client().get(path)
    routes = {
        sample.labels["route"]
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if metric.name == "florin_request_seconds"
    }
    assert not [route for route in routes if re.search(r"x[123]|6[56]", route)]
    assert len(REFUSALS) < 20 < len(TABLE)
