"""The REST contract as a table: each address, what it answers, who may ask, and that a refusal changes nothing.

A route that has no row here fails a test.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from bson import ObjectId
from django.urls import get_resolver
from pymongo.database import Database

from accounts.models import User
from accounts.tokens import pair_issue
from banking.api.views import ApiView
from tests.api.conftest import Cast, Program
from tests.cast import PASSWORD

EVERYBODY = ("anyone", "owner", "second", "stranger", "admin", "system")
SIGNED_IN = EVERYBODY[1:]
# How somebody is refused: the status and the code.
NOBODY = (401, "not_signed_in")
NOT_YOURS, FORBIDDEN = (404, "account_not_found"), (403, "forbidden")
USER = {"_id", "email", "name", "firstName", "lastName", "document", "role", "createdAt"}
ACCOUNT = {"_id", "status", "currency", "balance", "available", "createdAt"}
TRANSACTION = {
    "_id", "fromAccount", "toAccount", "status", "amount", "currency", "type", "note", "idempotencyKey", "retryCount",
    "failureReason", "newBalance", "createdAt", "completedAt",
}  # fmt: skip
PAGE = {"success", "page", "limit", "hasNextPage", "nextCursor"}


@dataclass(frozen=True)
class Row:
    """One row of the contract.

    Args:
        address: the method, the path as `urls.py` has it, and the query.
        may: who gets `status`.
        body: what is sent.
        fields: of the answer's body.
        inner: the fields of what stands in the answer under a name.
        others: how everybody else who is signed in is refused.
    """

    address: str
    may: tuple[str, ...]
    status: int = 200
    body: dict[str, Any] | None = None
    fields: set[str] = field(default_factory=set)
    inner: dict[str, set[str]] = field(default_factory=dict)
    others: tuple[int, str] = NOT_YOURS

    @property
    def method(self) -> str:
        return self.address.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.address.partition(" ")[2]


def rows() -> Iterator[Row]:
    """Yield the rows; `<…>` in paths and bodies stands for ids of the cast."""
    yield from auth_rows()
    yield from customer_rows()
    yield from money_rows()
    yield from admin_rows()
    yield from wallet_rows()


def auth_rows() -> Iterator[Row]:
    new = {"email": "new@example.com", "firstName": "Nina", "lastName": "Simone", "password": "correct horse"}
    tokens = {"success", "user", "accessToken", "refreshToken"}
    yield Row(
        "POST api/auth/register",
        EVERYBODY,
        201,
        {**new, "document": "529.982.247-25"},
        {"success", "user"},
        {"user": USER},
    )
    login = {"email": "olivia@example.com", "password": PASSWORD}
    yield Row("POST api/auth/login", EVERYBODY, 200, login, tokens, {"user": USER})
    yield Row("POST api/auth/refresh", EVERYBODY, 200, {"refreshToken": "<refresh>"}, tokens, {"user": USER})
    yield Row("POST api/auth/logout", EVERYBODY, 200, {}, {"success", "message"})
    yield Row("GET api/auth/me", SIGNED_IN, fields={"success", "user"}, inner={"user": USER})


def customer_rows() -> Iterator[Row]:
    found = {"_id", "firstName", "lastName", "name", "account"}
    profile = {"success", "message", "user"}
    yield Row("PUT api/users/me", SIGNED_IN, 200, {"firstName": "Nina"}, profile, {"user": USER})
    people = {"success", "users"}
    yield Row("GET api/users?filter=Stel", ("owner", "second"), 200, None, people, {"users": found}, (200, ""))
    yield Row("GET api/users?filter=nobody", SIGNED_IN, 200, None, {"success", "users"})
    yield Row("POST api/accounts", SIGNED_IN, 201, {"currency": "BRL"}, {"success", "account"}, {"account": ACCOUNT})
    taken = {"success", "code", "message"}
    yield Row("POST api/accounts", ("owner", "second", "stranger"), 409, {}, taken, others=(201, ""))
    yield Row("GET api/accounts", ("owner",), 200, None, {"success", "accounts"}, {"accounts": ACCOUNT}, (200, ""))
    balance = {"success", "accountId", "currency", "balance"}
    yield Row("GET api/accounts/balance/<owners>", ("owner",), 200, None, balance)
    yield Row("GET api/accounts/balance/<owners>?at=2001-01-01", ("owner",), 200, None, balance | {"at"})


def money_rows() -> Iterator[Row]:
    order = {"fromAccount": "<owners>", "toAccount": "<seconds>", "amount": "1.00"}
    done, whole = {"success", "message", "transaction"}, {"transaction": TRANSACTION}
    keyed = {**order, "idempotencyKey": "new", "note": "Tea", "type": "PIX"}
    yield Row("POST api/transactions", ("owner",), 201, keyed, done, whole)
    yield Row("POST api/transactions", ("owner",), 200, {**order, "idempotencyKey": "old"}, done, whole)
    bulk = {"transactions": [{**order, "idempotencyKey": "new"}]}
    line = {"index", "success", "status", "replayed", "transaction"}
    # A line is refused by itself: see the test below.
    yield Row("POST api/transactions/bulk", SIGNED_IN, 200, bulk, {"success", "summary", "results"})
    yield Row("POST api/transactions/bulk", ("owner",), 200, bulk, inner={"results": line}, others=(200, ""))
    funding = {"toAccount": "<owners>", "amount": "5", "idempotencyKey": "f", "note": "Hello"}
    funds = "POST api/transactions/system/initial-funds"
    yield Row(funds, ("system",), 201, funding, done, whole, FORBIDDEN)
    by_key = "GET api/transactions/by-key/<owners>"
    yield Row(f"{by_key}/old", ("owner",), 200, None, {"success", "transaction"}, whole)
    yield Row(f"{by_key}/never", ("owner",), 404, None, {"success", "code", "message"})
    unproved = {"success", "code", "message"}
    yield Row("GET api/transactions/<owners>/<transaction>/receipt", ("owner",), 409, None, unproved)
    entry = {"_id", "type", "direction", "amount", "currency", "balanceAfter", "createdAt", "counterparty"}
    history, entries = PAGE | {"total", "transactions"}, {"transactions": entry | {"transaction"}}
    yield Row("GET api/transactions/<owners>?page=1&limit=1", ("owner",), 200, None, history, entries)
    small = {"success", "newBalance"}
    yield Row("POST transfer", ("owner",), 201, order, small)
    by_id = {"fromId": "<owners>", "toId": "<seconds>", "amount": 1}
    yield Row("POST transfer", ("owner",), 201, by_id, small)


def admin_rows() -> Iterator[Row]:
    admin, changed = ("admin",), {"success", "message", "account"}
    reason = {"reason": "lost card"}
    yield Row("PATCH api/admin/freeze/<owners>", admin, 200, reason, changed, {"account": ACCOUNT}, FORBIDDEN)
    yield Row("PATCH api/admin/unfreeze/<strangers>", admin, 200, reason, changed, {"account": ACCOUNT}, FORBIDDEN)
    person = {"_id", "id", "email", "name", "role", "createdAt", "account"}
    people = PAGE | {"total", "users"}
    yield Row("GET api/admin/users?page=1&limit=2&q=ol", admin, 200, None, people, {"users": person}, FORBIDDEN)
    movement = (TRANSACTION - {"idempotencyKey", "newBalance"}) | {"direction"}
    listed = {"transactions": movement}
    asked = "status=COMPLETED&accountId=<owners>&page=1&limit=1"
    transactions = PAGE | {"transactions"}
    yield Row(f"GET api/admin/transactions?{asked}", admin, 200, None, transactions, listed, FORBIDDEN)
    stats = {"totalUsers", "totalTransactions", "failedTransactions", "totalVolume", "currency", "volumes"}
    yield Row("GET api/admin/stats", admin, 200, None, {"success", "stats"}, {"stats": stats}, FORBIDDEN)
    yield Row("GET api/admin/integrity", admin, 200, None, {"success", "integrity"}, {}, FORBIDDEN)
    yield Row("GET api/admin/audit?action=transfer.completed", admin, 200, None, PAGE | {"records"}, {}, FORBIDDEN)


def wallet_rows() -> Iterator[Row]:
    v1, token = "api/v1", {"message", "token"}
    new = {"username": "new@example.com", "firstName": "Nina", "lastName": "Simone", "password": "correct horse"}
    yield Row(f"POST {v1}/user/signup", EVERYBODY, 200, new, token)
    login = {"username": "olivia@example.com", "password": PASSWORD}
    yield Row(f"POST {v1}/user/signin", EVERYBODY, 200, login, token)
    yield Row(f"PUT {v1}/user", SIGNED_IN, 200, {"lastName": "Nina"}, {"message"})
    found = {"users": {"_id", "firstName", "lastName"}}
    yield Row(f"GET {v1}/user/bulk?filter=Stel", ("owner", "second"), 200, None, {"users"}, found, (200, ""))
    customers = ("owner", "second", "stranger")
    yield Row(f"GET {v1}/account/balance", customers, 200, None, {"balance"})
    payment = {"to": "<second>", "amount": "1"}
    yield Row(f"POST {v1}/account/transfer", ("owner",), 200, payment, {"message"}, others=(400, ""))


ROWS = list(rows())


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
    if "api/v1" not in row.path:
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


def test_other_methods_are_refused_in_the_one_form(cast: Cast, owner_db: Database[dict[str, Any]]) -> None:
    before = everything(owner_db)
    for pattern, taken in METHODS.items():
        allowed = {*taken, *(["HEAD"] if "GET" in taken else [])}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - taken:
            answer = cast.admin.request(method, address_of(pattern))
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
