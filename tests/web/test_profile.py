"""A person's own page: names, password, signed-in browsers, theme and language; and what others could try with it."""

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pymongo.database import Database
from pytest_django.fixtures import Settings

from accounts.backends import usable_password
from accounts.models import User
from accounts.profile import profile_change
from accounts.session_records import record_id
from accounts.sessions import session_end
from accounts.tokens import access_authenticate, pair_issue
from banking.services.customers import customer_change
from banking.web.devices import address_words, device_words
from ledger.store import books
from tests.cast import PASSWORD
from tests.profiler import watched
from tests.web.conftest import Bank
from tests.web.visitor import Visitor

NEW = "nine loud herons"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
FORMS = ("name", "password", "theme", "language", "sessions/others", "sessions/all")


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


def key_of(visitor: Visitor) -> str:
    return visitor.client.cookies[django_settings.SESSION_COOKIE_NAME].value


def ended(visitor: Visitor) -> bool:
    return visitor.get("/dashboard").path == "/login"


def audited(action: str) -> list[dict[str, Any]]:
    return list(books().audit.find({"action": action}))


# --- name -----------------------------------------------------------------------------------------------------


def test_a_name_is_changed_and_told(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/profile")
    visitor.send("/profile/name", first_name=" Oona ", last_name="")
    assert (visitor.status, visitor.path) == (200, "/profile")
    assert "Your name was changed." in visitor.text
    assert (stored(bank.owner).name, stored(bank.owner).search_names) == ("Oona", ["oona"])
    assert audited("user.changed")[0]["details"] == {"fields": ["first_name", "last_name"]}


def test_what_is_wrong_with_a_name_is_said_at_its_field_and_the_page_shows_who_one_is(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/profile")
    visitor.send("/profile/name", first_name="Oona", last_name="x" * 61)
    assert (visitor.status, visitor.path) == (422, "/profile/name")
    html = visitor.response.content.decode()
    assert 'id="id_last_name_error"' in html
    assert 'id="id_first_name_error"' not in html
    assert visitor.form("/profile/name").values["first_name"] == "Oona"
    assert "Your menu, Olivia Owner" in visitor.text
    assert stored(bank.owner).name == "Olivia Owner"


def test_two_pages_that_each_change_one_name_undo_nothing(bank: Bank) -> None:
    first, second = Visitor(bank.owner).get("/profile"), Visitor(bank.owner).get("/profile")
    first.send("/profile/name", first_name="Oona")
    second.send("/profile/name", last_name="Other")
    assert stored(bank.owner).name == "Oona Other"


def test_nothing_changed_writes_nothing(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/profile").send("/profile/name")
    assert (visitor.status, visitor.path) == (200, "/profile")
    assert audited("user.changed") == []


# --- password -------------------------------------------------------------------------------------------------


def test_a_new_password_ends_everything_but_this_browser(bank: Bank) -> None:
    mine, other, pair = Visitor(bank.owner), Visitor(bank.owner), pair_issue(user=bank.owner)
    old_key = key_of(mine)
    mine.get("/profile").send("/profile/password", current_password=PASSWORD, password=NEW)
    assert "Your password was changed." in mine.text
    assert "Last seen" not in mine.text
    assert key_of(mine) != old_key
    assert ended(other)
    with pytest.raises(Exception, match="no longer valid"):
        access_authenticate(token=pair.access)
    assert not ended(mine)
    assert Visitor().get("/login").send("/login", email=bank.owner.email, password=NEW).path == "/dashboard"


def test_a_password_needs_the_current_one_and_tells_all_that_is_wrong(bank: Bank) -> None:
    visitor, other = Visitor(bank.owner).get("/profile"), Visitor(bank.owner)
    assert "At least 6 characters" in visitor.text
    visitor.send("/profile/password", current_password="wrong", password="123")
    assert visitor.status == 422
    html = visitor.response.content.decode()
    for name in ("current_password", "password"):
        assert f'id="id_{name}_error"' in html
        assert visitor.form("/profile/password").values[name] == ""
    visitor.send("/profile/password", current_password="", password="")
    assert visitor.text.count("This has to be filled in.") == 2
    assert stored(bank.owner).check_password(PASSWORD)
    assert not ended(other)
    assert [record["status"] for record in audited("user.changed")] == ["FAILED"]


def test_guessing_the_current_password_is_limited_and_told_at_the_form(bank: Bank, settings: Settings) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    visitor = Visitor(bank.owner).get("/profile")
    for _ in range(2):
        visitor.send("/profile/password", current_password="wrong", password=NEW)
    visitor.send("/profile/password", current_password=PASSWORD, password=NEW)
    assert visitor.status == 429
    assert re.search(r"You can try again in \d+ minutes?, at \d\d:\d\d UTC\.", visitor.text)
    assert 0 < int(visitor.response["Retry-After"]) <= 900
    assert stored(bank.owner).check_password(PASSWORD)


def test_a_password_that_was_changed_elsewhere_meanwhile_is_not_changed_back(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process wins between this request's sign-in and its write."""
    visitor = Visitor(bank.owner).get("/profile")

    def change_first(password: object) -> str | None:
        monkeypatch.setattr("accounts.profile.usable_password", usable_password)
        profile_change(user=stored(bank.owner), password="ten quiet owls", current_password=PASSWORD)
        return usable_password(password)

    monkeypatch.setattr("accounts.profile.usable_password", change_first)
    visitor.send("/profile/password", current_password=PASSWORD, password=NEW)
    assert visitor.path == "/login"
    assert "Nothing was sent" in visitor.text
    assert visitor.form("/login").values["next"] == "/profile"
    assert stored(bank.owner).check_password("ten quiet owls")


# --- signed-in browsers ---------------------------------------------------------------------------------------


def test_one_sees_where_one_is_signed_in_and_no_key(bank: Bank) -> None:
    phone = Visitor()
    phone.client = Client(enforce_csrf_checks=True, headers={"User-Agent": PHONE})
    phone.get("/login").send("/login", email=bank.owner.email, password=PASSWORD)
    mine = Visitor(bank.owner).get("/profile")
    assert "Safari on iOS" in mine.text
    assert mine.text.count("This browser") == 1
    assert "127.0.0.*" in mine.text
    html = mine.response.content.decode()
    assert key_of(mine) not in html
    assert key_of(phone) not in html
    address = f"/profile/sessions/{record_id(key_of(phone))}"
    assert "Sign this browser out?" in mine.get(address).text
    assert not ended(phone)
    mine.send(address)
    assert (mine.path, "Safari on iOS is signed out." in mine.text) == ("/profile", True)
    assert ended(phone)
    assert mine.get(address).status == 404
    assert audited("sessions.ended")[0]["details"] == {"which": "one"}


def test_the_question_comes_as_a_part_for_the_dialog(bank: Bank) -> None:
    other, mine = Visitor(bank.owner), Visitor(bank.owner)
    for path in (record_id(key_of(other)), "others", "all"):
        html = mine.get(f"/profile/sessions/{path}", **{"HX-Request": "true"}).response.content.decode()
        assert "dialog-heading" in html
        assert "<html" not in html


def test_somebody_elses_session_is_a_404_and_goes_on(bank: Bank) -> None:
    owner, stranger = Visitor(bank.owner), Visitor(bank.stranger)
    address = f"/profile/sessions/{record_id(key_of(owner))}"
    token = stranger.get("/profile").form("/profile/name").values["csrfmiddlewaretoken"]
    assert stranger.get(address).status == 404
    assert stranger.post(address, {"csrfmiddlewaretoken": token}).status == 404
    for path in (key_of(owner), "x", "f" * 64, "f" * 4000):
        assert stranger.post(f"/profile/sessions/{path}", {"csrfmiddlewaretoken": token}).status == 404
    assert not ended(owner)
    assert audited("sessions.ended") == []


def test_everywhere_else_is_signed_out_and_programs_go_on(bank: Bank) -> None:
    mine, others, pair = Visitor(bank.owner), [Visitor(bank.owner) for _ in range(3)], pair_issue(user=bank.owner)
    assert "API token go on" in mine.get("/profile/sessions/others").text
    mine.send("/profile/sessions/others")
    assert "Every other browser is signed out." in mine.text
    assert all(ended(other) for other in others)
    assert access_authenticate(token=pair.access)[0] == bank.owner
    assert not ended(mine)
    assert audited("sessions.ended")[0]["details"] == {"which": "others"}


def test_everywhere_is_signed_out_with_tokens(bank: Bank) -> None:
    mine, other, pair = Visitor(bank.owner), Visitor(bank.owner), pair_issue(user=bank.owner)
    second = Visitor(bank.second)
    mine.get("/profile/sessions/all").send("/profile/sessions/all")
    assert (mine.path, "You are signed out everywhere." in mine.text) == ("/", True)
    assert ended(mine)
    assert ended(other)
    assert not ended(second)
    with pytest.raises(Exception, match="no longer valid"):
        access_authenticate(token=pair.access)


def test_of_two_who_sign_the_other_out_the_second_is_signed_out(bank: Bank) -> None:
    one, two = Visitor(bank.owner), Visitor(bank.owner)
    one.get("/profile/sessions/others")
    two.get("/profile/sessions/others").send("/profile/sessions/others")
    assert one.send("/profile/sessions/others").path == "/login"
    assert not ended(two)


def test_an_ended_session_ends_a_request_that_runs_calmly(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it asked for is done and answered; nothing brings the session back."""
    mine = Visitor(bank.owner).get("/profile")

    def ended_meanwhile(**values: Any) -> User:
        session_end(user=stored(bank.owner), session_id=record_id(key_of(mine)))
        return customer_change(**values)

    monkeypatch.setattr("banking.web.views.profile.customer_change", ended_meanwhile)
    mine.send("/profile/name", first_name="Oona")
    assert mine.path == "/login"
    assert stored(bank.owner).first_name == "Oona"
    assert ended(mine)


@pytest.mark.parametrize("path", FORMS)
def test_no_form_works_without_its_token_or_a_sign_in(bank: Bank, visitor: Visitor, path: str) -> None:
    mine = Visitor(bank.owner)
    values = {"first_name": "Mallory", "theme": "dark", "language": "pt-br", "current_password": PASSWORD}
    assert mine.post(f"/profile/{path}", {**values, "password": NEW}).status == 403
    token = visitor.get("/login").form("/login").values["csrfmiddlewaretoken"]
    visitor.post(f"/profile/{path}", {**values, "password": NEW, "csrfmiddlewaretoken": token})
    assert visitor.path == "/login"
    assert visitor.form("/login").values["next"] == "/profile"
    assert not ended(mine)
    assert stored(bank.owner) == bank.owner
    assert (stored(bank.owner).name, stored(bank.owner).language) == ("Olivia Owner", "")
    assert stored(bank.owner).check_password(PASSWORD)


@pytest.mark.parametrize("cookie", ["", "x", "k" * 32, "../" * 20, "é" * 32, "\x01" * 32, "k" * 8000])
def test_a_forged_cookie_is_nobody(bank: Bank, visitor: Visitor, cookie: str) -> None:
    visitor.client.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
    assert visitor.get("/profile").path == "/login"


def test_a_key_from_before_the_sign_in_is_worth_nothing_after_it(bank: Bank, visitor: Visitor) -> None:
    visitor.client.cookies[django_settings.SESSION_COOKIE_NAME] = "a" * 32
    visitor.get("/login").send("/login", email=bank.owner.email, password=PASSWORD)
    assert key_of(visitor) != "a" * 32
    attacker = Visitor()
    attacker.client.cookies[django_settings.SESSION_COOKIE_NAME] = "a" * 32
    assert ended(attacker)


# --- theme, language, and who looks ---------------------------------------------------------------------------


def test_the_theme_is_chosen_and_left_to_the_system(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/profile")
    assert visitor.form("/profile/theme").values["theme"] == "system"
    visitor.send("/profile/theme", theme="dark")
    assert 'data-theme="dark"' in visitor.response.content.decode()
    assert "The theme was changed." in visitor.text
    assert visitor.form("/profile/theme").values["theme"] == "dark"
    visitor.send("/profile/theme", theme="red")
    assert visitor.form("/profile/theme").values["theme"] == "dark"
    visitor.send("/profile/theme", theme="system")
    assert 'data-theme="' not in visitor.response.content.decode()


def test_the_language_is_kept_in_the_browser_and_on_the_person(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/profile")
    visitor.send("/profile/language", language="pt-br")
    assert 'lang="pt-br"' in visitor.response.content.decode()
    assert stored(bank.owner).language == "pt-br"
    visitor.send("/profile/language", language="xx")
    assert stored(bank.owner).language == "pt-br"
    visitor.send("/language", language="en")
    assert stored(bank.owner).language == "en"


def test_administrators_and_the_banks_own_user_have_a_profile(bank: Bank, system_user: User) -> None:
    assert "Administrator" in Visitor(bank.admin).get("/profile").text
    system = Visitor(system_user).get("/profile")
    assert (system.status, "The bank's own user" in system.text) == (200, True)
    assert "Administrator" not in Visitor(bank.owner).get("/profile").text


def test_more_sessions_cost_no_more_calls(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    visitor = Visitor(bank.owner).get("/profile")
    with watched(bank_db) as few:
        visitor.get("/profile")
    for _ in range(10):
        Visitor(bank.owner)
    with watched(bank_db) as many:
        visitor.get("/profile")
    assert visitor.text.count("Last seen") == 10
    # The session, the person, their sessions, and what the bell shows.
    assert len(many) == len(few) <= 4


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Safari on iOS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Windows"),
        ("", "Unknown browser"),
        ("curl/8.5.0", "curl"),
        ("(" * 400, "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)
def test_browsers_are_named_as_people_name_them(agent: str, words: str) -> None:
    assert device_words(agent) == words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("203.0.113.77", "203.0.113.*"),
        ("2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3:*"),
        ("", "Unknown address"),
        ("nonsense", "Unknown address"),
    ],
)
def test_addresses_are_shown_as_far_as_they_help(address: str, words: str) -> None:
    assert address_words(address) == words
