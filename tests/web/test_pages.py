"""What holds for every page: who gets in, what is sent along, and how failures look."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from pymongo.errors import ServerSelectionTimeoutError
from pytest_django.fixtures import Settings

from accounts.models import User
from banking.errors import RateLimited, failure_of
from banking.selectors import dashboard
from banking.web import failures
from tests.web.conftest import Bank
from tests.web.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
STYLES = sorted((ROOT / "static" / "css").rglob("*.css"))
# E-mails are no pages: they bring their own style, because nothing else may be loaded.
TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.html")) if path.parent.name != "mail"]
PUBLIC = ("/", "/login", "/register")
PRIVATE = (
    *("/dashboard", "/send", "/transactions", "/transactions/failed", "/webhooks", "/notifications"),
    *("/admin/users", "/admin/dead-letters"),
)


def test_public_pages_are_open_and_private_ones_ask_for_a_sign_in(visitor: Visitor) -> None:
    for address in PUBLIC:
        assert (visitor.get(address).status, visitor.path) == (200, address)
    for address in PRIVATE:
        assert visitor.get(address).path == "/login"
        assert f"next={address}" in visitor.address.replace("%2F", "/")


def test_private_pages_are_kept_nowhere(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    for address in PRIVATE:
        assert visitor.get(address).status == 200
        assert "no-store" in visitor.response["Cache-Control"]
        assert "private" in visitor.response["Cache-Control"]


def test_whatever_shows_who_is_signed_in_is_kept_nowhere(bank: Bank, visitor: Visitor) -> None:
    for address in (*PUBLIC, "/nothing", "/admin/users", f"/statements?account={bank.strangers.id}"):
        known = Visitor(bank.owner).get(address)
        assert "no-store" in known.response["Cache-Control"]
    for address in ("/", "/proof", "/nothing"):
        assert "Cache-Control" not in visitor.get(address).response


def test_every_page_keeps_its_own_content_security_policy(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    for address in (*PUBLIC, *PRIVATE, "/nothing", f"/admin/accounts/{bank.owners.id}/freeze"):
        visitor.get(address)
        policy = visitor.response["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in f"{policy};"
        assert visitor.page.inline == []


def test_every_page_has_a_title_a_heading_and_landmarks(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    for address in (*PRIVATE, "/nothing"):
        html = visitor.get(address).response.content.decode()
        assert html.count("<h1") == 1, address
        assert html.count("<main") == 1
        assert 'href="#main"' in html
        assert re.search(r"<title>.+Florin</title>", html)


def test_the_system_user_has_pages_too(bank: Bank, system_user: User) -> None:
    visitor = Visitor(system_user)
    for address in PRIVATE[:-2]:
        assert visitor.get(address).status == 200
    assert not [link for link in visitor.get("/dashboard").page.links if link.startswith("/send?account")]
    assert "no account to pay from" in visitor.get("/send").text
    for address in ("/dashboard", "/transactions"):
        assert "Send money" not in visitor.get(address).text
        assert "a friend" not in visitor.text
    assert "INR balance" in visitor.get("/dashboard").text


@pytest.mark.parametrize("address", ["/logout", "/theme", "/accounts/open", f"/send/{'a' * 32}/confirm"])
def test_an_address_for_forms_has_a_page_that_says_so(bank: Bank, address: str) -> None:
    visitor = Visitor(bank.owner).get(address)
    assert (visitor.status, visitor.response["Allow"]) == (405, "POST")
    assert "There is nothing to read here" in visitor.text
    assert "css/site.css" in visitor.response.content.decode()


@pytest.mark.parametrize("path", ["/accounts/open", f"/transactions/{'0' * 24}/retry"])
def test_what_is_sent_without_a_session_leads_to_a_page_that_can_be_read(visitor: Visitor, path: str) -> None:
    token = visitor.get("/login").form("/login").values["csrfmiddlewaretoken"]
    visitor.post(path, {"csrfmiddlewaretoken": token})
    assert visitor.path == "/login"
    assert "Nothing was sent" in visitor.text
    assert visitor.form("/login").values["next"] == {"/accounts/open": "/dashboard"}.get(path, path[:-6])


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(bank: Bank, method: str) -> None:
    visitor = Visitor(bank.owner)
    visitor.client.handler.enforce_csrf_checks = False
    for address in (*PUBLIC, "/dashboard", "/send", "/transactions"):
        assert getattr(visitor.client, method)(address).status_code == 405


def test_head_is_answered_like_get(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    for address in ("/dashboard", "/transactions", "/transactions/failed"):
        assert visitor.client.head(address).status_code == 200


def test_a_part_that_needs_a_sign_in_sends_the_whole_page_there(bank: Bank, visitor: Visitor) -> None:
    page = "http://testserver/send/" + "a" * 32
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    visitor.get(f"/send/people?account={bank.owners.id}&words=s", **headers)
    assert visitor.response["HX-Redirect"] == "/login?next=%2Fsend%2F" + "a" * 32
    assert visitor.text == ""


@pytest.mark.parametrize("shown", ["http://[", "http://testserver:x/", "http://elsewhere/send", "//"])
def test_a_part_of_no_page_of_ours_leads_to_the_dashboard(bank: Bank, visitor: Visitor, shown: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": shown}
    visitor.get("/profile/sessions/others", **headers)
    assert visitor.response["HX-Redirect"] == "/login?next=%2Fdashboard"
    assert Visitor(bank.owner).get("/notifications/bell?mark=old", **headers).status == 200


def test_an_unknown_address_has_a_page_of_the_same_design(bank: Bank, visitor: Visitor) -> None:
    for person in (visitor, Visitor(bank.owner)):
        assert person.get("/nothing").status == 404
        assert "There is nothing here" in person.text
        assert "css/site.css" in person.response.content.decode()


def test_a_crash_shows_nothing_of_the_inside(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(dashboard, "failed_transactions", broken)
    visitor = Visitor(bank.owner).get("/dashboard")
    assert visitor.status == 500
    assert "Something broke on our side" in visitor.text
    assert "secret" not in visitor.response.content.decode()


def test_a_database_that_is_away_is_a_busy_bank(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise ServerSelectionTimeoutError("mongodb.internal:27017")

    monkeypatch.setattr(dashboard, "failed_transactions", away)
    visitor = Visitor(bank.owner).get("/dashboard")
    assert (visitor.status, visitor.response["Retry-After"]) == (503, "1")
    assert "The bank is busy" in visitor.text
    assert "internal" not in visitor.text


def test_the_pages_for_crashes_need_no_database(rf: RequestFactory) -> None:
    # Without the `bank_db` fixture every query is refused, so this would fail.
    request = rf.get("/")
    request.COOKIES["theme"] = "dark"
    for answer, status in [
        (failures.crash(request), 500),
        (failures.bad_request(request), 400),
        (failures.csrf_failure(request), 403),
        (failures.failed(request, failure_of(ServerSelectionTimeoutError("mongodb.internal:27017"))), 503),
        (failures.failed(request, failure_of(RateLimited(30))), 429),
    ]:
        assert answer.status_code == status
        assert b'data-theme="dark"' in answer.content
        assert f"Error {status}" in answer.content.decode()


def test_pages_work_with_hashed_file_names(visitor: Visitor, settings: Settings, tmp_path: Path) -> None:
    from django.core.management import call_command

    storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {"staticfiles": {"BACKEND": storage}}
    call_command("collectstatic", verbosity=0, interactive=False)
    html = visitor.get("/login").response.content.decode()
    assert re.search(r"css/site\.[0-9a-f]{12}\.css", html)
    names = re.findall(r'(?:href|src)="/static/([^"#]+)', html)
    assert len(names) >= 5
    assert all((tmp_path / name).exists() for name in names)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_style_or_script(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "|safe" not in text
    assert "autoescape off" not in text


@pytest.mark.parametrize(
    "path", [path for path in STYLES if path.name not in {"tokens.css"}], ids=lambda path: path.name
)
def test_colours_stand_in_the_tokens_alone(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    found = re.findall(r"#[0-9a-f]{3,8}\b(?!\")|\brgb\([^)]*\)|\bhsl\([^)]*\)", text)
    assert found == []


def test_every_class_in_a_template_is_styled_or_hooked() -> None:
    styled = set(re.findall(r"\.([a-z][\w-]*)", "\n".join(path.read_text() for path in STYLES)))
    used = set()
    for path in TEMPLATES:
        for value in re.findall(r'class="([^"]*)"', path.read_text()):
            plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", value)
            used |= {name for name in plain.split() if not name.endswith("--")}
    assert used - styled == set()


def test_every_class_in_a_style_sheet_is_used() -> None:
    sources = [*TEMPLATES, *(ROOT / "static/js").glob("*.js"), *(ROOT / "banking").rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    styled = {name for path in STYLES for name in re.findall(r"\.([a-z][\w-]*)", _rules(path))}
    # A variant may be chosen by a component's argument; htmx puts its own classes.
    variants = set(re.findall(r"([\w-]+--)\{", text))
    unused = {name for name in styled if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)}
    assert {name for name in unused if not name.startswith((*variants, "htmx-"))} == set()


def _rules(path: Path) -> str:
    """Return a style sheet without its comments and texts, in which a dot does not begin a class."""
    return re.sub(r'/\*.*?\*/|"[^"]*"', "", path.read_text(), flags=re.S)
