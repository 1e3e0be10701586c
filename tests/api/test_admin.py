"""What administrators read over the API: people, transactions, figures, the audit log; nobody else reads them."""

from collections.abc import Iterator
from typing import Any

import pytest
from bson.objectid import ObjectId

from accounts.models import User
from config.owner import as_owner
from ledger import sessions
from ledger.accounts import account_freeze, system_accounts
from ledger.audit import COMMAND
from ledger.records import now
from ledger.verifications import full_record
from ledger.verify import verify
from tests.api.conftest import Cast, Program, account_with, balance, signed_in
from tests.ledger.conftest import inspected
from tests.ledger.damages import damaged

LISTS = ["/api/admin/users", "/api/admin/transactions", "/api/admin/audit"]
PATHS = [*LISTS, "/api/admin/stats", "/api/admin/integrity"]


def walk(program: Program, path: str, rows: str) -> Iterator[Any]:
    """Yield the rows of all pages, by the cursor."""
    page = program.get(path).body
    while True:
        yield from page[rows]
        assert page["hasNextPage"] is (page["nextCursor"] is not None)
        if not page["hasNextPage"]:
            return
        page = program.get(f"{path}&cursor={page['nextCursor']}").body
        assert page["page"] is None


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_reads_the_bank(cast: Cast, path: str) -> None:
    for program in (cast.owner, cast.second, cast.stranger, cast.system):
        answer = program.get(path)
        assert (answer.status, answer.body["code"], set(answer.body)) == (
            403,
            "forbidden",
            {"success", "code", "message"},
        )
    assert Program().get(path).status == 401
    assert cast.admin.get(path).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_the_bank_is_only_read(cast: Cast, path: str) -> None:
    assert cast.admin.post(path).status == 405
    assert cast.nothing_moved()


@pytest.mark.parametrize("path", PATHS)
def test_reading_counts_against_the_limit_of_administrators(cast: Cast, path: str, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "1/15m"
    assert [cast.admin.get(path).status for _ in range(2)] == [200, 429]


def test_people_newest_first_with_their_account(cast: Cast) -> None:
    found = cast.admin.get("/api/admin/users?limit=3").body
    assert {name: found[name] for name in ("success", "page", "limit", "total", "hasNextPage")} == {
        "success": True,
        "page": 1,
        "limit": 3,
        "total": 5,
        "hasNextPage": True,
    }
    assert [user["name"] for user in found["users"]] == ["Sys Tem", "Ada Admin", "Stella Stranger"]
    stella = found["users"][2]
    assert set(stella) == {"_id", "id", "email", "name", "role", "createdAt", "account"}
    assert stella["account"] == {"id": str(cast.strangers.id), "status": "ACTIVE"}
    assert (stella["id"], stella["role"]) == (stella["_id"], "USER")
    assert found["users"][1]["account"] is None
    second = cast.admin.get("/api/admin/users?limit=3&page=2").body
    assert [user["name"] for user in second["users"]] == ["Samir Second", "Olivia Owner"]
    assert (second["hasNextPage"], second["nextCursor"]) == (False, None)
    names = [user["name"] for user in walk(cast.admin, "/api/admin/users?limit=2", "users")]
    assert names == ["Sys Tem", "Ada Admin", "Stella Stranger", "Samir Second", "Olivia Owner"]


def test_people_are_searched(cast: Cast) -> None:
    account_freeze(account_id=cast.owners.id, reason="lost card", origin=COMMAND)
    found = cast.admin.get("/api/admin/users?q=oliv").body
    assert (found["total"], [user["email"] for user in found["users"]]) == (1, ["olivia@example.com"])
    assert found["users"][0]["account"]["status"] == "FROZEN"
    assert cast.admin.get("/api/admin/users?q=samir@ex").body["total"] == 1
    assert cast.admin.get("/api/admin/users?q=.*").body["users"] == []


def test_a_person_is_shown_with_the_account_in_the_banks_currency(owner: User, admin: User) -> None:
    dollars = account_with(owner, currency="USD")
    assert signed_in(admin).get("/api/admin/users?q=oliv").body["users"][0]["account"]["id"] == str(dollars.id)
    rupees = account_with(owner)
    assert signed_in(admin).get("/api/admin/users?q=oliv").body["users"][0]["account"]["id"] == str(rupees.id)


def test_transactions_newest_first_with_both_accounts(cast: Cast) -> None:
    cast.send("250", "sent", note="Dinner")
    cast.send("5000", "too-much")
    found = cast.admin.get("/api/admin/transactions").body
    failed, sent = found["transactions"][:2]
    assert (failed["direction"], failed["status"], failed["failureReason"], failed["retryCount"]) == (
        "FAILED",
        "FAILED",
        "insufficient_funds",
        1,
    )
    assert (sent["direction"], sent["status"], sent["amount"], sent["currency"]) == (
        "SUCCESS",
        "COMPLETED",
        "250.00",
        "INR",
    )
    assert sent["fromAccount"] == {"_id": str(cast.owners.id), "balance": "750.00", "status": "ACTIVE"}
    assert sent["toAccount"] == {"_id": str(cast.seconds.id), "balance": "250.00", "status": "ACTIVE"}
    assert [row["type"] for row in found["transactions"][2:]] == ["FUNDING", "FUNDING"]
    assert found["transactions"][3]["fromAccount"]["_id"] == str(inr_account())
    assert (found["page"], found["limit"], found["hasNextPage"]) == (1, 20, False)


def inr_account() -> ObjectId:
    return next(account.id for account in system_accounts() if account.currency == "INR")


def test_a_transaction_shows_no_key_and_nothing_of_the_inside(cast: Cast) -> None:
    cast.send("1", "my-secret-key")
    answer = cast.admin.get("/api/admin/transactions")
    assert "my-secret-key" not in str(answer.body)
    assert set(answer.body["transactions"][0]) == {
        *("_id", "fromAccount", "toAccount", "direction", "status", "amount", "currency", "type", "note"),
        *("retryCount", "failureReason", "createdAt", "completedAt"),
    }


def test_a_receiver_that_never_existed_has_no_balance(cast: Cast) -> None:
    nobody = str(ObjectId())
    cast.send("1", "k", toAccount=nobody)
    (row,) = cast.admin.get("/api/admin/transactions?status=failed").body["transactions"]
    assert row["toAccount"] == {"_id": nobody, "balance": None, "status": None}


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("status=COMPLETED", [5, 4, 2, 1]),
        ("status=FAILED", [6, 3]),
        ("status=PENDING", []),
        ("accountId={owner}", [6, 5, 4, 3, 2, 1]),
        ("accountId={owner}&status=COMPLETED", [5, 4, 2, 1]),
        ("accountId={owner}&status=FAILED", [6, 3]),
        ("accountId={second}", [5, 4, 2, 1]),
        ("accountId={second}&status=FAILED", []),
        ("accountId={stranger}", []),
    ],
)
def test_transactions_are_filtered_and_walked(cast: Cast, query: str, keys: list[int]) -> None:
    for number in range(1, 7):
        cast.send(5_000 + number if number % 3 == 0 else number, f"k{number}", note=str(number))
    ids = {"owner": cast.owners.id, "second": cast.seconds.id, "stranger": cast.strangers.id}
    path = f"/api/admin/transactions?limit=2&{query.format(**ids)}"
    assert [int(row["note"]) for row in walk(cast.admin, path, "transactions") if row["type"] == "TRANSFER"] == keys
    by_page = [row for page in range(1, 6) for row in cast.admin.get(f"{path}&page={page}").body["transactions"]]
    assert [int(row["note"]) for row in by_page if row["type"] == "TRANSFER"] == keys


def test_what_failed_first_and_then_succeeded_comes_once(cast: Cast) -> None:
    cast.send("2000", "twice")
    cast.system.post(
        "/api/transactions/system/initial-funds",
        {"toAccount": str(cast.owners.id), "amount": 5_000, "idempotencyKey": "much"},
    )
    assert cast.send("2000", "twice").status == 201
    for query in ("", f"accountId={cast.owners.id}"):
        rows = list(walk(cast.admin, f"/api/admin/transactions?limit=1&{query}", "transactions"))
        assert len({row["_id"] for row in rows}) == len(rows)
        (twice,) = [row for row in rows if row["amount"] == "2000.00"]
        assert (twice["direction"], twice["retryCount"]) == ("SUCCESS", 1)


@pytest.mark.parametrize("path", ["transactions", "audit", "users"])
@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=rubbish", "cursor=c2VxOjU"])
def test_a_malformed_listing_query_is_a_clear_400(cast: Cast, path: str, query: str) -> None:
    assert cast.admin.get(f"/api/admin/{path}?{query}").status == 400


@pytest.mark.parametrize(
    "query",
    [
        *["transactions?page=0", "transactions?page=501", "transactions?status=DONE", "transactions?accountId=x"],
        *["users?page=501", "users?q=%00", "audit?action=a%20b", "audit?actor=1", "audit?subject=zz", "audit?from=x"],
    ],
)
def test_a_malformed_filter_is_named(cast: Cast, query: str) -> None:
    answer = cast.admin.get(f"/api/admin/{query}")
    assert (answer.status, answer.body["code"]) == (400, "invalid_input")
    assert list(answer.body["errors"]) == [query.partition("?")[2].partition("=")[0]]


def test_transactions_of_an_account_that_is_not_there(cast: Cast) -> None:
    answer = cast.admin.get(f"/api/admin/transactions?accountId={ObjectId()}")
    assert (answer.status, answer.body["code"]) == (404, "account_not_found")


def test_the_figures(cast: Cast, owner: User) -> None:
    euros = account_with(owner, 20, "EUR")
    cast.send("30.50", "a")
    cast.send("5000", "b")
    assert cast.admin.get("/api/admin/stats").body == {
        "success": True,
        "stats": {
            "totalUsers": 5,
            "totalTransactions": 5,
            "failedTransactions": 1,
            "totalVolume": "30.50",
            "currency": "INR",
            "volumes": {"INR": "30.50"},
        },
    }
    assert balance(euros) == 2_000


def test_the_figures_of_an_empty_bank(admin: User) -> None:
    stats = signed_in(admin).get("/api/admin/stats").body["stats"]
    assert (stats["totalUsers"], stats["totalTransactions"], stats["totalVolume"]) == (1, 0, "0.00")


def test_the_audit_log_says_who_did_what(cast: Cast, admin: User) -> None:
    cast.admin.patch(f"/api/admin/freeze/{cast.owners.id}", {"reason": "lost card"})
    record = cast.admin.get("/api/admin/audit?limit=1").body["records"][0]
    assert set(record) == {
        *("_id", "action", "status", "actor", "subject", "at", "address", "surface", "requestId", "details"),
    }
    assert (record["action"], record["status"], record["surface"]) == ("account.frozen", "SUCCESS", "api")
    assert record["actor"] == {"_id": str(admin.pk), "name": "Ada Admin"}
    assert record["subject"] == str(cast.owners.id)
    assert record["details"]["reason"] == "lost card"


def test_an_actor_who_is_gone_has_no_name(cast: Cast, owner: User) -> None:
    cast.send("1", "k")
    with as_owner():
        User.objects.filter(pk=owner.pk).delete()
    assert cast.admin.get("/api/admin/audit?limit=1").body["records"][0]["actor"] == {
        "_id": str(owner.pk),
        "name": None,
    }


def test_the_audit_log_is_filtered_and_walked(cast: Cast, admin: User, owner: User) -> None:
    cast.send("1", "a")
    cast.send("5000", "b")
    cast.admin.patch(f"/api/admin/freeze/{cast.owners.id}")
    cast.admin.patch(f"/api/admin/unfreeze/{cast.owners.id}")
    sent = cast.admin.get("/api/admin/transactions?status=COMPLETED&limit=1").body["transactions"][0]["_id"]

    def actions(query: str) -> list[str]:
        return [row["action"] for row in walk(cast.admin, f"/api/admin/audit?limit=2&{query}", "records")]

    assert actions("")[:4] == ["account.unfrozen", "account.frozen", "transfer.failed", "transfer.completed"]
    assert actions("action=account.frozen") == ["account.frozen"]
    assert actions("action=transfer.failed") == ["transfer.failed"]
    assert actions(f"actor={admin.pk}") == ["account.unfrozen", "account.frozen"]
    assert actions(f"actor={owner.pk}") == ["transfer.failed", "transfer.completed"]
    assert actions(f"subject={sent}") == ["transfer.completed"]
    assert actions(f"subject={cast.owners.id}") == ["account.unfrozen", "account.frozen", "account.opened"]
    assert actions(f"subject={cast.owners.id}&action=account.opened") == ["account.opened"]
    assert actions(f"subject={cast.owners.id}&actor={admin.pk}") == ["account.unfrozen", "account.frozen"]
    assert actions("from=2999-01-01") == actions("to=2001-01-01") == []
    assert actions("from=0001-01-01&to=9999-12-30") == actions("")


def test_the_failed_sign_in_of_nobody_known_is_in_the_log(cast: Cast) -> None:
    Program().post("/api/auth/login", {"email": "who@example.com", "password": "wrong"})
    (record,) = cast.admin.get("/api/admin/audit?action=login").body["records"]
    assert (record["actor"], record["status"], record["details"]) == (None, "FAILED", {"email": "who@example.com"})


def test_the_limit_is_at_most_fifty(cast: Cast) -> None:
    assert {cast.admin.get(f"{path}?limit=500").body["limit"] for path in LISTS} == {50}


def test_whether_the_books_are_right(cast: Cast, settings: Any) -> None:
    settings.VERIFICATION_STEP_SECONDS = settings.VERIFICATION_ROUND_SECONDS = 0
    known = cast.admin.get("/api/admin/integrity").body["integrity"]
    assert (known["state"], known["currentRound"], known["lastFull"]) == ("unknown", None, None)
    inspected()
    damaged("ledger_accounts", {"_id": cast.owners.id}, {"$set": {"head_hash": bytes(32)}})
    full_record(verify(), started_at=now())
    sessions.pool_reset()
    known = cast.admin.get("/api/admin/integrity").body["integrity"]
    assert known["state"] == "violated"
    assert {one["code"]: one["state"] for one in known["invariants"]}["chain"] == "violated"
    assert all(one["meaning"] for one in known["invariants"])
    (violation,) = known["violations"]
    assert (violation["code"], known["omittedViolations"]) == ("chain", 0)
    assert str(cast.owners.id) in violation["text"]
    assert (known["lastFull"]["violations"], known["lastRound"]["violations"]) == (1, 0)
    assert known["lastRound"]["percent"] == 100
    assert known["lastRound"]["finishedAt"].endswith("Z")
