"""Administrators freeze and unfreeze, after being asked once; nobody else can."""

import pytest
from pytest_django.fixtures import Settings

from ledger.accounts import account_get
from ledger.store import books
from tests.cast import PASSWORD, person
from tests.web.conftest import Bank
from tests.web.visitor import Visitor


def test_an_account_is_frozen_with_a_reason_and_unfrozen_again(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get("/admin/users")
    freeze = f"/admin/accounts/{bank.owners.id}/freeze"
    assert freeze in visitor.page.links
    visitor.get(freeze)
    assert "Freeze this account?" in visitor.text
    assert account_get(bank.owners.id).status == "ACTIVE"
    visitor.send("/freeze", reason="Lost card")
    assert "The INR account of Olivia Owner is frozen." in visitor.text
    assert (account_get(bank.owners.id).status, account_get(bank.owners.id).status_reason) == ("FROZEN", "Lost card")
    record = books().audit.find_one({"action": "account.frozen"})
    assert record is not None
    assert record["actor"] == bank.admin.pk
    visitor.get(f"/admin/accounts/{bank.owners.id}/unfreeze").send("/unfreeze", reason="Found")
    assert account_get(bank.owners.id).status == "ACTIVE"


def test_a_reason_is_asked_for(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze")
    for reason in ("", "x" * 141, "a\x07b"):
        assert visitor.send("/freeze", reason=reason).status == 422
        assert 'id="id_reason_error"' in visitor.response.content.decode()
    assert account_get(bank.owners.id).status == "ACTIVE"


def test_the_place_in_the_list_is_kept(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get("/admin/users?words=olivia&page=1")
    (freeze,) = [link for link in visitor.page.links if "/freeze" in link]
    visitor.get(freeze).send("/freeze", reason="")
    assert visitor.status == 422
    assert "/admin/users?words=olivia&page=1" in visitor.page.links
    visitor.send("/freeze", reason="Lost card")
    assert visitor.address.endswith("/admin/users?words=olivia&page=1")
    assert "is frozen." in visitor.text


def test_a_session_that_ends_before_freezing_leads_to_the_list_and_freezes_nothing(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze?words=olivia")
    form = visitor.form("/freeze")
    del visitor.client.cookies["florin_session"]
    visitor.post(form.action, {**form.values, "reason": "Lost card"})
    assert "Nothing was sent" in visitor.text
    visitor.send("/login", email=bank.admin.email, password=PASSWORD)
    assert visitor.address.endswith("/admin/users?words=olivia")
    assert account_get(bank.owners.id).status == "ACTIVE"


def test_freezing_twice_names_the_state(bank: Bank) -> None:
    first = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze")
    second = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze")
    first.send("/freeze", reason="One")
    second.send("/freeze", reason="Two")
    assert second.status == 422
    assert "The account is FROZEN" in second.text
    assert account_get(bank.owners.id).status_reason == "One"


def test_a_dialog_gets_the_question_alone(bank: Bank) -> None:
    part = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze", **{"HX-Request": "true"})
    assert "Freeze this account?" in part.text
    assert "<html" not in part.response.content.decode()


def test_people_are_found_by_name_and_by_address(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get("/admin/users?words=olivia")
    assert "1 person found" in visitor.text
    assert "olivia@example.com" in visitor.text
    assert "Samir" not in visitor.text
    assert "Samir" in visitor.get("/admin/users?words=samir@ex").text
    assert "Nobody was found" in visitor.get("/admin/users?words=zzz").text


def test_a_search_that_finds_too_many_says_so(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.selectors.MOST_FOUND", 2)
    text = Visitor(bank.admin).get("/admin/users?words=s").text
    assert "More than" not in text
    assert "2 people found" in text
    person("otto@example.com", "Otto", "Other")
    person("omar@example.com", "Omar", "Other")
    assert "people found; type more to find the right ones" in Visitor(bank.admin).get("/admin/users?words=o").text


def test_people_come_in_pages(bank: Bank) -> None:
    for number in range(20):
        person(f"p{number}@example.com", "Many", f"People {'abcdefghijklmnopqrst'[number]}")
    visitor = Visitor(bank.admin).get("/admin/users")
    assert "Page 1 of 2" in visitor.text
    assert "Olivia" not in visitor.text
    assert "Olivia" in visitor.get("/admin/users?page=2").text
    for page in ("0", "-1", "x", "99999999999", "²"):
        assert visitor.get(f"/admin/users?page={page}").status == 200


@pytest.mark.parametrize("path", ["/admin/users", "/admin/accounts/{}/freeze", "/admin/accounts/{}/unfreeze"])
def test_nobody_else_gets_in(bank: Bank, visitor: Visitor, path: str) -> None:
    address = path.format(bank.owners.id)
    assert visitor.get(address).path == "/login"
    customer = Visitor(bank.owner)
    token = customer.get("/dashboard").form("/logout").values
    assert customer.get(address).status == 403
    if "accounts" in path:
        assert customer.post(address, {**token, "reason": "Mine"}).status == 403
    assert account_get(bank.owners.id).status == "ACTIVE"
    assert "Admin" not in customer.get("/dashboard").text


def test_an_account_that_is_not_there_or_the_banks_own_is_not_found(bank: Bank) -> None:
    system = books().accounts.find_one({"owner": None})
    assert system is not None
    for number in ("nonsense", "0" * 24, str(system["_id"])):
        assert Visitor(bank.admin).get(f"/admin/accounts/{number}/freeze").status == 404


def test_too_many_changes_are_told_to_wait(bank: Bank, settings: Settings) -> None:
    settings.RATE_LIMIT_STRICT = "1/15m"
    visitor = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze")
    assert visitor.send("/freeze", reason="One").status == 200
    visitor.get(f"/admin/accounts/{bank.owners.id}/unfreeze")
    assert visitor.send("/unfreeze", reason="Two").status == 429
    assert account_get(bank.owners.id).status == "FROZEN"
