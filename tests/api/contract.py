"""The REST contract as a table, which `test_contract.py` goes through."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

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
    yield Row("GET api/schema", EVERYBODY, fields={"openapi", "info", "paths", "components", "servers", "tags"})
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
