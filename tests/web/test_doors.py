"""Coming in and going out."""

import re
from urllib.parse import quote

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from banking.access import accounts_of_user
from ledger.store import books
from tests.cast import PASSWORD
from tests.web.conftest import Bank
from tests.web.visitor import Visitor

NEW = {"first_name": "Nina", "last_name": "New", "email": "Nina@Example.com", "password": PASSWORD}


def test_registering_opens_the_first_account_and_signs_in(visitor: Visitor, settings: Settings) -> None:
    settings.OPENING_BALANCE = "1000"
    visitor.get("/register").send("/register", **NEW)
    assert (visitor.status, visitor.path) == (200, "/dashboard")
    assert "Nina" in visitor.text
    assert "₹1,000.00" in visitor.text
    user = User.objects.get(email="nina@example.com")
    assert [account.currency for account in accounts_of_user(user)] == ["INR"]


def test_all_that_is_wrong_is_said_at_once_each_at_its_field(visitor: Visitor) -> None:
    visitor.get("/register").send("/register", first_name="", last_name="New", email="nina", password="123")
    assert (visitor.status, visitor.path) == (422, "/register")
    html = visitor.response.content.decode()
    for name in ("first_name", "email", "password"):
        assert f'id="id_{name}_error"' in html
        (control,) = re.findall(rf'<input[^>]*id="id_{name}"[^>]*>', html)
        (described_by,) = re.findall(r'aria-describedby="([^"]*)"', control)
        assert f"id_{name}_error" in described_by.split()
    assert 'id="id_last_name_error"' not in html
    assert User.objects.count() == 0


def test_what_was_typed_stays_but_never_the_password(visitor: Visitor) -> None:
    visitor.get("/register").send("/register", **{**NEW, "email": "nonsense"})
    assert visitor.form("/register").values["first_name"] == "Nina"
    assert visitor.form("/register").values["password"] == ""


def test_a_known_address_is_refused_at_its_field(bank: Bank, visitor: Visitor) -> None:
    visitor.get("/register").send("/register", **{**NEW, "email": bank.owner.email.upper()})
    assert visitor.status == 422
    assert "already registered" in visitor.text
    assert User.objects.filter(first_name="Nina").count() == 0


@pytest.mark.parametrize("text", ["\x00", "a\udce0", "x" * 300, "{'$gt': ''}", "<script>alert(1)</script>"])
def test_strange_input_is_a_message_and_never_a_crash(visitor: Visitor, text: str) -> None:
    visitor.get("/register").send("/register", **dict.fromkeys(NEW, text.encode("utf-8", "replace").decode()))
    assert visitor.status in {200, 422}
    assert visitor.page.inline == []
    visitor.get("/login")
    if visitor.path == "/login":
        safe = text.encode("utf-8", "replace").decode()
        assert visitor.send("/login", email=safe, password=safe).status == 422


def test_signing_in_and_out(bank: Bank, visitor: Visitor) -> None:
    visitor.get("/login").send("/login", email=bank.owner.email.upper(), password=PASSWORD)
    assert (visitor.status, visitor.path) == (200, "/dashboard")
    visitor.send("/logout")
    assert visitor.path == "/"
    assert visitor.get("/dashboard").path == "/login"


def test_a_wrong_address_and_a_wrong_password_look_the_same(bank: Bank, visitor: Visitor) -> None:
    visitor.get("/login")
    nobody = visitor.send("/login", email="nobody@example.com", password=PASSWORD).text
    wrong = visitor.send("/login", email=bank.owner.email, password="wrong").text
    assert visitor.status == 422
    assert nobody.replace("nobody@example.com", "") == wrong.replace(bank.owner.email, "")
    assert books().audit.count_documents({"action": "login", "status": "FAILED"}) == 2


def test_next_is_kept_when_it_is_ours(bank: Bank, visitor: Visitor) -> None:
    visitor.get("/transactions?direction=DEBIT")
    assert visitor.path == "/login"
    visitor.send("/login", email=bank.owner.email, password=PASSWORD)
    assert visitor.address.endswith("/transactions?direction=DEBIT")


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_next_never_leads_elsewhere(bank: Bank, visitor: Visitor, address: str) -> None:
    visitor.get(f"/login?next={address}")
    assert "next" not in visitor.form("/login").values
    visitor.send("/login", email=bank.owner.email, password=PASSWORD, next=address)
    assert visitor.path == "/dashboard"


def test_next_is_kept_between_the_two_doors_and_from_there(bank: Bank, visitor: Visitor) -> None:
    wanted = "/transactions?direction=DEBIT&words=tea"
    visitor.get(f"/login?next={quote(wanted, safe='')}")
    (to_register,) = [link for link in visitor.page.links if link.startswith("/register?")]
    visitor.get(to_register)
    (to_login,) = [link for link in visitor.page.links if link.startswith("/login?")]
    assert visitor.get(to_login).form("/login").values["next"] == wanted
    assert Visitor(bank.owner).get(to_register).address.endswith(wanted)
    visitor.get(to_register).send("/register", **NEW)
    assert visitor.address.endswith(wanted)


def test_what_is_wrong_has_the_focus_and_the_title(visitor: Visitor) -> None:
    for address in ("/login", "/register"):
        assert "autofocus" not in visitor.get(address).response.content.decode()
        html = visitor.send(address, email="", password="").response.content.decode()
        assert html.count("autofocus") == 1
        assert "<title>Error: " in html


def test_the_fields_say_what_they_are_for_and_how_long_they_may_be(visitor: Visitor) -> None:
    html = visitor.get("/register").response.content.decode() + visitor.get("/login").response.content.decode()
    for name in ("given-name", "family-name", "email", "new-password", "username", "current-password"):
        assert f'autocomplete="{name}"' in html
    assert 'maxlength="254"' in html
    assert "maxlength" not in "".join(re.findall(r'<input type="password"[^>]*>', html))
    assert "At least 6 characters" in html


def test_the_bank_writes_in_the_language_of_the_page_that_one_registered_on(visitor: Visitor) -> None:
    visitor.get("/register").send("/language", language="pt-br")
    visitor.get("/register").send("/register", **NEW)
    assert User.objects.get(email="nina@example.com").language == "pt-br"


def test_signing_out_needs_a_form(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    assert visitor.get("/logout").status == 405
    assert "nothing to read here" in visitor.text
    assert visitor.get("/dashboard").path == "/dashboard"


def test_an_administrator_without_accounts_begins_with_the_overview(bank: Bank, visitor: Visitor) -> None:
    visitor.get("/login").send("/login", email=bank.admin.email, password=PASSWORD)
    assert visitor.path == "/admin"
    assert visitor.get("/").path == "/admin"
    assert visitor.get("/dashboard").path == "/dashboard"


def test_who_is_signed_in_goes_straight_to_the_dashboard(bank: Bank) -> None:
    for address in ("/", "/login", "/register"):
        assert Visitor(bank.owner).get(address).path == "/dashboard"


@pytest.mark.parametrize("address", ["/login", "/register"])
def test_too_many_attempts_are_told_to_wait(visitor: Visitor, settings: Settings, address: str) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    visitor.get(address)
    values = {**visitor.form(address).values, "email": "x", "password": "y"}
    assert [visitor.post(address, values).status for _ in range(3)] == [422, 422, 429]
    assert 0 < int(visitor.response["Retry-After"]) <= 900
    assert "One moment, please" in visitor.text
    assert re.search(r"You can try again in \d+ minutes?, at \d\d:\d\d UTC\.", visitor.text)
    assert visitor.form(address).values["email"] == "x"
    assert visitor.get(address).status == 200


def test_a_form_without_its_token_is_refused(bank: Bank, visitor: Visitor) -> None:
    visitor.post("/login", {"email": bank.owner.email, "password": PASSWORD})
    assert visitor.status == 403
    assert "form has expired" in visitor.text
    assert visitor.get("/dashboard").path == "/login"


def test_the_theme_is_remembered_and_the_page_comes_in_it(visitor: Visitor) -> None:
    assert 'data-theme="' not in visitor.get("/login").response.content.decode()
    visitor.send("/theme", step="dark")
    assert visitor.path == "/login"
    assert 'data-theme="dark"' in visitor.response.content.decode()
    visitor.send("/theme", theme="red", next="https://evil.example/")
    assert visitor.path == "/"
    assert 'data-theme="dark"' in visitor.response.content.decode()


def test_an_account_is_opened_once_for_each_currency(owner: User) -> None:
    visitor = Visitor(owner).get("/dashboard")
    assert "no account yet" in visitor.text
    visitor.send("/accounts/open", currency="EUR")
    assert "Your EUR account is open." in visitor.text
    token = {"csrfmiddlewaretoken": visitor.form("/logout").values["csrfmiddlewaretoken"]}
    assert "already have an account" in visitor.post("/accounts/open", {**token, "currency": "EUR"}).text
    assert "not a currency of this bank" in visitor.post("/accounts/open", {**token, "currency": "XXX"}).text
    assert [account.currency for account in accounts_of_user(owner)] == ["EUR"]
