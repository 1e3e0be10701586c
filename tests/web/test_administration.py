"""Administrators find people, freeze and unfreeze after being asked once, and see a person whole; nobody else can."""

from urllib.parse import urlencode

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.services import admin_create
from ledger.accounts import account_get
from ledger.cursors import cursor_write
from ledger.store import books
from tests.cast import PASSWORD, person
from tests.web.conftest import Bank, account_with
from tests.web.visitor import Visitor

HTMX = {"HX-Request": "true"}


def html(visitor: Visitor) -> str:
    return str(visitor.response.content.decode())


def test_an_account_is_frozen_with_a_reason_and_unfrozen_again(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get("/admin/users")
    freeze = f"/admin/accounts/{bank.owners.id}/freeze?next=%2Fadmin%2Fusers"
    assert freeze in visitor.page.links
    visitor.get(freeze)
    assert "Freeze this account?" in visitor.text
    assert account_get(bank.owners.id).status == "ACTIVE"
    visitor.send("/freeze", reason="Lost card")
    assert "The INR account of Olivia Owner is frozen." in visitor.text
    assert (account_get(bank.owners.id).status, account_get(bank.owners.id).status_reason) == ("FROZEN", "Lost card")
    record = books().audit.find_one({"action": "account.frozen"})
    assert record is not None
    assert (record["actor"], record["details"]["reason"]) == (bank.admin.pk, "Lost card")
    visitor.get(f"/admin/accounts/{bank.owners.id}/unfreeze").send("/unfreeze", reason="Found")
    assert account_get(bank.owners.id).status == "ACTIVE"


def test_a_reason_is_asked_for(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze")
    for reason in ("", "x" * 141, "a\x07b"):
        assert visitor.send("/freeze", reason=reason).status == 422
        assert 'id="id_reason_error"' in html(visitor)
    assert account_get(bank.owners.id).status == "ACTIVE"


def test_the_place_in_the_list_is_kept(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get("/admin/users?words=olivia")
    (freeze,) = [link for link in visitor.page.links if "/freeze" in link]
    visitor.get(freeze).send("/freeze", reason="")
    assert visitor.status == 422
    assert "/admin/users?words=olivia" in visitor.page.links
    visitor.send("/freeze", reason="Lost card")
    assert visitor.address.endswith("/admin/users?words=olivia")
    assert "is frozen." in visitor.text


def test_the_way_back_leads_nowhere_else(bank: Bank) -> None:
    query = urlencode({"next": "https://elsewhere.example/"})
    visitor = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze?{query}")
    assert not [link for link in visitor.page.links if "elsewhere" in link]
    assert visitor.send("/freeze", reason="Lost card").path == "/admin/users"


def test_a_session_that_ends_before_freezing_leads_to_the_list_and_freezes_nothing(bank: Bank) -> None:
    query = urlencode({"next": "/admin/users?words=olivia"})
    visitor = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze?{query}")
    form = visitor.form("/freeze")
    del visitor.client.cookies["florin_session"]
    visitor.post(form.action, {**form.values, "reason": "Lost card"})
    assert "Nothing was sent" in visitor.text
    visitor.send("/login", email=bank.admin.email, password=PASSWORD)
    assert visitor.address.endswith("/admin/users?words=olivia")
    assert account_get(bank.owners.id).status == "ACTIVE"


def test_whoever_comes_second_is_told_who_was_faster(bank: Bank) -> None:
    other = admin_create(email="otto@example.com", password=PASSWORD, first_name="Otto", last_name="Other")
    address = f"/admin/accounts/{bank.owners.id}/freeze"
    first, second = Visitor(other).get(address), Visitor(bank.admin).get(address)
    first.send("/freeze", reason="One")
    second.send("/freeze", reason="Two")
    assert second.status == 409
    assert "This account is already frozen" in second.text
    assert "Otto Other was faster." in second.text
    assert account_get(bank.owners.id).status_reason == "One"
    assert books().audit.count_documents({"action": "account.frozen"}) == 1
    assert "This account is already frozen" in Visitor(bank.admin).get(address).text


def test_a_dialog_gets_the_question_alone_and_the_line_anew_when_it_is_done(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    part = visitor.get(f"/admin/accounts/{bank.owners.id}/freeze", **HTMX)
    assert "Freeze this account?" in part.text
    assert "<html" not in html(part)
    values = {**part.form("/freeze").values, "reason": "Lost card"}
    answer = visitor.client.post(part.form("/freeze").action, values, headers=HTMX)
    assert answer.headers["HX-Trigger-After-Settle"] == "dialog-done"
    text = answer.content.decode()
    assert f'id="account-{bank.owners.id}" hx-swap-oob="outerHTML"' in text
    assert "Unfreeze" in text
    assert "The INR account of Olivia Owner is frozen." in text
    assert "is frozen." not in visitor.get("/admin/users").text


def test_people_are_found_by_name_and_by_address(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get("/admin/users?words=olivia")
    assert "1 person found" in visitor.text
    assert "olivia@example.com" in visitor.text
    assert "Samir" not in visitor.text
    assert "Samir" in visitor.get("/admin/users?words=samir@ex").text
    assert "Nobody was found" in visitor.get("/admin/users?words=zzz").text


def test_a_script_gets_the_people_alone(bank: Bank) -> None:
    part = Visitor(bank.admin).get("/admin/users?words=olivia", **HTMX)
    assert "olivia@example.com" in part.text
    assert "<html" not in html(part)
    assert 'id="people"' in html(part)


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
    assert "Olivia" not in visitor.text
    (more,) = [link for link in visitor.page.links if "cursor=" in link]
    assert "Olivia" in visitor.get(f"/admin/users{more}").text
    assert not [link for link in visitor.page.links if "cursor=ey" in link]
    part = Visitor(bank.admin).get(f"/admin/users{more}", **HTMX)
    assert html(part).lstrip().startswith("<tbody")
    assert "Olivia" in part.text
    assert visitor.get("/admin/users?cursor=rubbish").status == 400


def frozen(bank: Bank, number: object) -> None:
    Visitor(bank.admin).get(f"/admin/accounts/{number}/freeze").send("/freeze", reason="Lost card")


def test_those_with_a_frozen_account_are_shown(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    assert "No account is frozen" in visitor.get("/admin/users?show=frozen").text
    frozen(bank, bank.owners.id)
    frozen(bank, account_with(bank.owner, currency="EUR").id)
    text = visitor.get("/admin/users?show=frozen").text
    assert text.count("olivia@example.com") == 1
    assert "Samir" not in text
    assert "Nobody was found" in visitor.get("/admin/users?show=frozen&words=samir").text
    assert "1 person found" in visitor.get("/admin/users?show=frozen&words=olivia").text


def test_frozen_people_come_in_pages(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banking.selectors.directory.PEOPLE_A_PAGE", 2)
    for account in (bank.owners, bank.seconds, bank.strangers):
        frozen(bank, account.id)
    visitor = Visitor(bank.admin).get("/admin/users?show=frozen")
    assert ("Stella" in visitor.text, "Olivia" in visitor.text) == (True, False)
    (more,) = [link for link in visitor.page.links if "cursor=" in link]
    assert ("Stella" in visitor.get(f"/admin/users{more}").text, "Olivia" in visitor.text) == (False, True)


def test_administrators_are_looked_for_in_bounded_parts(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Visitor(bank.admin).get("/admin/users?show=admins").text
    assert text.count("ada@example.com") == 2
    assert "olivia@example.com" not in text
    monkeypatch.setattr("accounts.selectors.MOST_EXAMINED", 2)
    for number in range(2):
        person(f"p{number}@example.com", "Many", "People")
    visitor = Visitor(bank.admin).get("/admin/users?show=admins")
    assert text.count("ada@example.com") > visitor.text.count("ada@example.com")
    for _ in range(3):
        more = [link for link in visitor.page.links if "cursor=" in link]
        if visitor.text.count("ada@example.com") == 2:
            break
        visitor.get(f"/admin/users{more[0]}")
    assert visitor.text.count("ada@example.com") == 2


def test_a_persons_page_shows_accounts_transactions_and_trail(bank: Bank) -> None:
    bank.pay("10", note="For lunch")
    with pytest.raises(Exception, match="not enough"):
        bank.pay("5000", note="Too much")
    frozen(bank, bank.owners.id)
    visitor = Visitor(bank.admin).get(f"/admin/users/{bank.owner.pk}")
    for words in ("Olivia Owner", "olivia@example.com", "Customer", "₹990.00", "Frozen", "Lost card"):
        assert words in visitor.text
    for words in ("For lunch", "Failed", "Froze an account", "Active → Frozen", "Ada Admin", "Opened an account"):
        assert words in visitor.text
    assert f"/admin/users/{bank.admin.pk}" in visitor.page.links
    visitor.get(f"/admin/accounts/{bank.owners.id}/unfreeze?next=/admin/users/{bank.owner.pk}")
    visitor.send("/unfreeze", reason="Found")
    assert visitor.path == f"/admin/users/{bank.owner.pk}"
    assert "is active again." in visitor.text


def test_a_persons_lists_go_on(bank: Bank) -> None:
    for number in range(1, 16):
        bank.pay(str(number), note=f"Number {number}.")
    visitor = Visitor(bank.admin).get(f"/admin/users/{bank.owner.pk}")
    assert ("Number 15." in visitor.text, "Number 3." in visitor.text) == (True, False)
    (more,) = [link for link in visitor.page.links if "transfers=" in link]
    assert "Number 3." in visitor.get(f"/admin/users/{bank.owner.pk}{more}").text
    part = Visitor(bank.admin).get(f"/admin/users/{bank.owner.pk}{more}", **HTMX)
    assert html(part).lstrip().startswith("<tbody")
    assert "Number 3." in part.text


def test_a_person_without_anything_has_a_page_too(bank: Bank, system_user: User) -> None:
    somebody = person("nora@example.com", "Nora", "New")
    text = Visitor(bank.admin).get(f"/admin/users/{somebody.pk}").text
    assert "No account" in text
    assert "Nothing has happened yet" in text
    assert Visitor(bank.admin).get(f"/admin/users/{system_user.pk}").status == 200


def test_who_is_not_there_is_not_found(bank: Bank) -> None:
    for number in ("nonsense", "0" * 24, str(bank.owners.id)):
        assert Visitor(bank.admin).get(f"/admin/users/{number}").status == 404


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


def test_that_somebody_was_looked_at_is_written_down_once(bank: Bank) -> None:
    def views() -> list[object]:
        return [record["subject"] for record in books().audit.find({"action": "user.viewed", "actor": bank.admin.pk})]

    visitor = Visitor(bank.admin)
    visitor.get("/admin/users")
    assert views() == []
    visitor.get(f"/admin/users/{bank.owner.pk}")
    visitor.get(f"/admin/users/{bank.owner.pk}")
    assert views() == [bank.owner.pk]


@pytest.mark.parametrize("part", ["transfers", "deeds"])
def test_a_part_of_somebodys_page_is_a_look_too(bank: Bank, part: str) -> None:
    cursor = cursor_write("at:9999999999999 ffffffffffffffffffffffff 0000000000099999999")
    Visitor(bank.admin).client.get(f"/admin/users/{bank.owner.pk}?{part}={cursor}", headers=HTMX)
    assert books().audit.count_documents({"action": "user.viewed", "subject": bank.owner.pk}) == 1
