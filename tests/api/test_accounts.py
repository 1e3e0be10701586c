"""Opening accounts, reading balances, and operators freezing accounts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.objectid import ObjectId

from accounts.models import User
from ledger.accounts import account_get, system_accounts
from ledger.records import now
from ledger.store import books
from tests.api.conftest import Cast, Program, balance, signed_in


def test_opening_the_default_account_and_another(owner: User) -> None:
    program = signed_in(owner)
    answer = program.post("/api/accounts")
    assert answer.status == 201
    assert {name: answer.body["account"][name] for name in ("status", "currency", "balance", "available")} == {
        "status": "ACTIVE",
        "currency": "INR",
        "balance": "0.00",
        "available": "0.00",
    }
    again = program.post("/api/accounts", {"currency": "INR"})
    assert (again.status, again.body["code"]) == (409, "account_exists")
    assert program.post("/api/accounts", {"currency": "BRL"}).status == 201
    assert [account["currency"] for account in program.get("/api/accounts").body["accounts"]] == ["INR", "BRL"]


@pytest.mark.parametrize("currency", ["XXX", "inr", "JPY", "", 5, {"$ne": 1}])
def test_only_offered_currencies(owner: User, currency: Any) -> None:
    answer = signed_in(owner).post("/api/accounts", {"currency": currency})
    assert answer.status == 400
    assert answer.body["code"] in {"currency_not_offered", "invalid_input"}


def test_the_first_account_gets_the_opening_balance_by_a_posted_transfer(owner: User, settings: Any) -> None:
    settings.OPENING_BALANCE = "1000"
    program = signed_in(owner)
    first = program.post("/api/accounts").body["account"]
    assert first["balance"] == "1000.00"
    assert program.post("/api/accounts", {"currency": "USD"}).body["account"]["balance"] == "0.00"
    history = program.get(f"/api/transactions/{first['_id']}").body
    assert history["total"] == 1
    assert history["transactions"][0]["transaction"]["note"] == "Opening balance"
    assert {account.currency: account.balance_minor for account in system_accounts()}["INR"] == -100_000


def test_a_random_opening_balance_keeps_its_bounds(settings: Any) -> None:
    from banking.services.customers import opening_balance_minor

    settings.OPENING_BALANCE = "1-10"
    found = {opening_balance_minor("INR") for _ in range(300)}
    assert min(found) >= 100
    assert max(found) <= 1_000
    assert len(found) > 50
    settings.OPENING_BALANCE = "0"
    assert opening_balance_minor("INR") == 0


def test_the_balance_now_and_at_a_past_time(cast: Cast) -> None:
    path = f"/api/accounts/balance/{cast.owners.id}"
    before = now()
    cast.send("100")
    assert cast.owner.get(path).body == {
        "success": True,
        "accountId": str(cast.owners.id),
        "currency": "INR",
        "balance": "900.00",
    }
    assert cast.owner.get(f"{path}?at={before.isoformat().replace('+', '%2B')}").body["balance"] == "1000.00"
    assert cast.owner.get(f"{path}?at=2001-01-01").body["balance"] == "0.00"
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert cast.owner.get(f"{path}?at={tomorrow}").body["balance"] == "900.00"


@pytest.mark.parametrize("account_id", ["x", "0" * 24, "0" * 23, "%00", "a" * 500, "$where"])
def test_an_unknown_account_is_404_whatever_it_is(cast: Cast, account_id: str) -> None:
    for path in (f"/api/accounts/balance/{account_id}", f"/api/transactions/{account_id}"):
        answer = cast.owner.get(path)
        assert (answer.status, answer.body["success"]) == (404, False)


def test_an_admin_freezes_and_unfreezes(cast: Cast) -> None:
    path = f"/api/admin/freeze/{cast.owners.id}"
    answer = cast.admin.patch(path, {"reason": "lost card"})
    assert (answer.status, answer.body["account"]["status"]) == (200, "FROZEN")
    assert account_get(cast.owners.id).status_reason == "lost card"
    again = cast.admin.patch(path)
    assert (again.status, again.body["code"]) == (400, "account_state_conflict")
    assert "FROZEN" in again.body["message"]
    thawed = cast.admin.patch(f"/api/admin/unfreeze/{cast.owners.id}")
    assert thawed.body["account"]["status"] == "ACTIVE"
    assert "ACTIVE" in cast.admin.patch(f"/api/admin/unfreeze/{cast.owners.id}").body["message"]
    actions = [record["action"] for record in books().audit.find({"subject": cast.owners.id}).sort("at", 1)]
    assert actions[-2:] == ["account.frozen", "account.unfrozen"]


@pytest.mark.parametrize("path", ["freeze", "unfreeze"])
def test_nobody_else_freezes(cast: Cast, path: str) -> None:
    for program in (cast.owner, cast.second, cast.system):
        answer = program.patch(f"/api/admin/{path}/{cast.owners.id}")
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert Program().patch(f"/api/admin/{path}/{cast.owners.id}").status == 401
    assert account_get(cast.owners.id).status == "ACTIVE"


def test_freezing_what_is_no_customers_account(cast: Cast) -> None:
    for account_id in (ObjectId(), system_accounts()[0].id, "x"):
        assert cast.admin.patch(f"/api/admin/freeze/{account_id}").status == 404
    assert cast.admin.patch(f"/api/admin/freeze/{cast.owners.id}", {"reason": "x" * 141}).body["errors"] == {
        "reason": ["The reason must be at most 140 characters on one line."]
    }
    assert balance(cast.owners) == 100_000


def test_every_currency_at_once_over_two_processes_gives_one_opening_balance(start_server: Any, owner: User) -> None:
    import http.client
    import json
    from concurrent.futures import ThreadPoolExecutor

    from accounts.tokens import pair_issue

    server = start_server(workers=2, environment={"OPENING_BALANCE": "100"})
    headers = {"Authorization": f"Bearer {pair_issue(user=owner).access}", "Content-Type": "application/json"}

    def open_it(currency: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", "/api/accounts", json.dumps({"currency": currency}), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())["account"]["balance"]

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(open_it, ["INR", "BRL", "EUR", "USD"]))
    assert answers == [(201, "0.00"), (201, "0.00"), (201, "0.00"), (201, "100.00")]
