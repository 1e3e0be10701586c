"""The REST contract, row by row: what each address answers, who may ask, and that a refusal changes nothing.

A route that has no row in `tests/api/contract.py` fails a test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from bson import ObjectId
from django.urls import get_resolver
from pymongo.database import Database

from accounts.models import User
from accounts.tokens import pair_issue
from banking.api.views import ApiView
from tests.api.conftest import Cast, Program
from tests.api.contract import EVERYBODY, FORBIDDEN, NOBODY, NOT_YOURS, ROWS, Row


def named(row: Row) -> str:
    return f"{row.address} {row.status}"


@dataclass
class World:
    """The cast, one transfer that was made, and what the marks in the rows stand for."""

    cast: Cast
    marks: dict[str, str]

    def ask(self, who: str, row: Row) -> Any:
        program = Program() if who == "anyone" else getattr(self.cast, who)
        return program.request(row.method, "/" + self.filled(row.path), self.filled(row.body))

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if isinstance(value, str):
            for mark, meaning in self.marks.items():
                value = value.replace(f"<{mark}>", meaning)
        return value


@pytest.fixture
def world(cast: Cast, owner: User, second: User) -> World:
    sent = cast.send("1.00", "old")
    cast.admin.patch(f"/api/admin/freeze/{cast.strangers.id}")
    marks = {
        "owners": str(cast.owners.id),
        "seconds": str(cast.seconds.id),
        "strangers": str(cast.strangers.id),
        "second": str(second.pk),
        "transaction": sent.body["transaction"]["_id"],
        "refresh": pair_issue(user=owner).refresh,
    }
    return World(cast, marks)


def everything(database: Database[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return all documents of the bank but the counters of limits and what says which processes live."""
    left_out = ("cache_", "system.", "ledger_processes", "ledger_leases")
    names = {name for name in database.list_collection_names() if not name.startswith(left_out)}
    return {name: sorted(map(str, database[name].find())) for name in names}


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_who_may_gets_what_the_contract_says(world: World, row: Row) -> None:
    answer = world.ask(row.may[0], row)
    assert answer.status == row.status, answer.body
    assert not row.fields or set(answer.body) == row.fields
    for name, fields in row.inner.items():
        inner = answer.body[name]
        assert inner, f"there is nothing in {name}"
        assert set(inner[0] if isinstance(inner, list) else inner) == fields
    if "api/v1" not in row.path and row.path != "api/schema":
        assert answer.body["success"] is (row.status < 400)
    for who in row.may[1:]:
        # What can be done once only, nobody does after the first.
        assert world.ask(who, row).status in {row.status, 401, 409}, who


@pytest.mark.parametrize("row", [row for row in ROWS if row.others in (NOT_YOURS, FORBIDDEN)], ids=named)
def test_who_may_not_is_refused_and_nothing_changes(
    world: World, owner_db: Database[dict[str, Any]], row: Row
) -> None:
    before = everything(owner_db)
    for who in EVERYBODY:
        if who not in row.may:
            answer = world.ask(who, row)
            assert (answer.status, answer.body["code"]) == (NOBODY if who == "anyone" else row.others), who
            assert (answer.body["success"], bool(answer.body["message"])) == (False, True)
            assert ("WWW-Authenticate" in answer.headers) is (answer.status == 401)
    assert everything(owner_db) == before


def test_nobody_gets_anything_with_a_token_of_nobody(world: World, owner_db: Database[dict[str, Any]]) -> None:
    before = everything(owner_db)
    for row in ROWS:
        if "anyone" not in row.may:
            for token, code in ((None, "not_signed_in"), ("a.b.c", "invalid_token")):
                answer = Program(token).request(row.method, "/" + world.filled(row.path), world.filled(row.body))
                assert (answer.status, answer.body["code"]) == (401, code), row
    assert everything(owner_db) == before


def test_a_line_of_a_bulk_from_somebody_elses_account_moves_nothing(world: World) -> None:
    row = next(row for row in ROWS if row.path == "api/transactions/bulk")
    for who in ("second", "stranger", "admin", "system"):
        (line,) = world.ask(who, row).body["results"]
        assert (line["status"], line["code"]) == NOT_YOURS
    assert world.cast.owner.get(f"/api/accounts/balance/{world.cast.owners.id}").body["balance"] == "999.00"


# --- addresses and methods ------------------------------------------------------------------------------------


def pattern_of(path: str) -> str:
    """Return the path without its query and with `*` for what stands for something else."""
    path = path.partition("?")[0]
    parts = ["*" if part.startswith("<") else part for part in path.split("/")]
    return "/".join(
        "*" if parts[:3] == ["api", "transactions", "by-key"] and n > 2 else p for n, p in enumerate(parts)
    )


def routes() -> Iterator[tuple[str, type[ApiView]]]:
    """Yield the path and the view of every route of the API."""
    for inner in get_resolver().url_patterns:
        for found in getattr(inner, "url_patterns", [inner]):
            view = getattr(found.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, ApiView):
                yield str(found.pattern), view


METHODS: dict[str, set[str]] = {}
for _row in ROWS:
    METHODS.setdefault(pattern_of(_row.path), set()).add(_row.method)


def test_every_route_and_method_has_a_row() -> None:
    served = {
        (pattern_of(path), method.upper())
        for path, view in routes()
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method)
    }
    assert served == {(path, method) for path, methods in METHODS.items() for method in methods}


def address_of(pattern: str) -> str:
    return "/" + pattern.replace("*", str(ObjectId()))


def test_addresses_are_exact(cast: Cast) -> None:
    """With a slash behind it an address is another one, and leads nowhere; only a key may end in a slash."""
    for pattern, methods in METHODS.items():
        for method in methods:
            answer = cast.admin.request(method, address_of(pattern) + "/", {} if method != "GET" else None)
            code = "account_not_found" if "by-key" in pattern else "not_found"
            assert (answer.status, answer.body["code"]) == (404, code), pattern


def test_other_methods_are_refused_in_the_one_form_to_everybody(
    cast: Cast, owner_db: Database[dict[str, Any]]
) -> None:
    before = everything(owner_db)
    for pattern, taken in METHODS.items():
        allowed = {*taken, *(["HEAD"] if "GET" in taken else [])}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - taken:
            for program in (cast.admin, cast.owner, Program()):
                answer = program.request(method, address_of(pattern))
                assert (answer.status, answer.body["code"]) == (405, "method_not_allowed"), (method, pattern)
                assert answer.body["success"] is False
                assert set(answer.headers["Allow"].split(", ")) == allowed
    assert everything(owner_db) == before


def test_head_is_get_without_a_body(cast: Cast) -> None:
    sent = {"Authorization": f"Bearer {cast.owner.token}"}
    for path, status in (("/api/accounts", 200), ("/api/nothing", 404), ("/api/transactions", 405)):
        answer = cast.owner.client.head(path, headers=sent)
        assert (answer.status_code, answer.content) == (status, b"")
        assert answer["Content-Type"] == "application/json"


NOWHERE = ["/api", "/api/", "/api/v1", "/api/v1/user/", "/api/users/you", "/transfer/now", "/api//auth"]


def test_what_is_nowhere_is_not_found_by_any_method(anyone: Program) -> None:
    for path in NOWHERE:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = anyone.request(method, path, {} if method in {"POST", "PUT", "PATCH"} else None)
            assert (answer.status, answer.body["code"], answer.body["success"]) == (404, "not_found", False)
