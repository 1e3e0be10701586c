"""A real Chromium in front of a real web server, with no patience for errors that a person would not see.

A test that has `page` fails when the page wrote an error to the console, threw, broke the Content-Security-Policy,
was answered a 5xx, missed a stylesheet or script, or asked any other host for anything: such a page may look right and
not be.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, WebError

from accounts.models import User
from tests.database import clean
from tests.e2e.stage import SIGNING, Stage, stage_set
from tests.e2e.visits import Visits, session_give
from tests.servers import Server

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HEIGHTS = {360: 780, 768: 1024, 1440: 900}
# The browser says so for every 4xx, which a form or a partial update may well be answered; the rest is watched below.
_ANSWERED_WITH_AN_ERROR = "Failed to load resource"
# The browser's own report of whatever the policy stopped, in every document and before its first script.
_TELL_OF_THE_POLICY = """
document.addEventListener("securitypolicyviolation", event => console.error(
  `policy: ${event.effectiveDirective} stopped ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`
));
"""


class Watch:
    """Collects what goes wrong in the browser without being seen."""

    def __init__(self, origin: str) -> None:
        self._origin = urlsplit(origin).netloc
        self._allowed: list[re.Pattern[str]] = []
        self._complaints: list[str] = []

    def allow(self, pattern: str) -> None:
        """Expect complaints that match a regular expression."""
        self._allowed.append(re.compile(pattern))

    def attach(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.add_init_script(_TELL_OF_THE_POLICY)
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("request", self._request)
        context.on("requestfailed", self._request_failed)
        context.on("response", self._response)

    def complaints(self) -> list[str]:
        """Return what went wrong and was not expected."""
        return [line for line in self._complaints if not any(pattern.search(line) for pattern in self._allowed)]

    def forget(self) -> None:
        """Begin anew, with nothing expected and nothing seen."""
        self._allowed, self._complaints = [], []

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_ANSWERED_WITH_AN_ERROR):
            self._complaints.append(f"console: {message.text}")

    def _web_error(self, error: WebError) -> None:
        self._complaints.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and parts.netloc != self._origin:
            self._complaints.append(f"another host: {request.url}")

    def _request_failed(self, request: Request) -> None:
        # A page that is left cancels what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self._complaints.append(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        is_missing_file = response.status >= 400 and urlsplit(response.url).path.startswith(settings.STATIC_URL)
        if is_missing_file or response.status >= 500:
            self._complaints.append(f"answered {response.status}: {response.url}")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the system's Chromium instead of a downloaded one."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.fail("There is no Chromium: `make test` installs it, or do it with `apt-get install chromium`.")
    return {**browser_type_launch_args, "executable_path": found, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def base_url(server_process: Server) -> str:
    """The address of the server, so that `page.goto("/login")` goes there."""
    return server_process.url


@pytest.fixture(autouse=True)
def _clean_bank(request: pytest.FixtureRequest) -> None:
    """Begin every browser test with a clean bank, but for those that look at one that is set up once."""
    if "stage" not in request.fixturenames:
        request.getfixturevalue("server")


@pytest.fixture(params=HEIGHTS)
def width(request: pytest.FixtureRequest) -> int:
    """The test runs on a telephone, a tablet and a desktop: the window's width in CSS pixels."""
    return int(request.param)


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    """The test runs in both themes."""
    return str(request.param)


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], base_url: str, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """Make the window as wide as `width` and prefer `theme`, where the test has them."""
    width = request.getfixturevalue("width") if "width" in request.fixturenames else 1440
    theme = request.getfixturevalue("theme") if "theme" in request.fixturenames else "light"
    return {
        **browser_context_args,
        "base_url": base_url,
        "viewport": {"width": width, "height": HEIGHTS[width]},
        "color_scheme": theme,
        "reduced_motion": "reduce",
        "locale": "en-GB",
        "timezone_id": "Asia/Kolkata",
    }


@pytest.fixture
def watch(base_url: str) -> Iterator[Watch]:
    """The watch over every page of the test, which fails the test at its end; `watch.allow(...)` expects something."""
    watch = Watch(base_url)
    yield watch
    assert watch.complaints() == []


@pytest.fixture
def context(new_context: Callable[..., BrowserContext], watch: Watch) -> BrowserContext:
    """The first person's browser."""
    return _watched(new_context, watch)


@pytest.fixture
def other_page(new_context: Callable[..., BrowserContext], watch: Watch) -> Page:
    """Another person's browser."""
    return _watched(new_context, watch).new_page()


@pytest.fixture
def sign_in(base_url: str) -> Callable[[Page, User], None]:
    """Sign somebody in without the form: `sign_in(page, owner)`."""

    def sign_in(page: Page, user: User) -> None:
        session_give(page.context, user, base_url)

    return sign_in


def _watched(new_context: Callable[..., BrowserContext], watch: Watch) -> BrowserContext:
    context = new_context()
    watch.attach(context)
    return context


@pytest.fixture(scope="module")
def stage_url(django_db_setup: None) -> Iterator[str]:
    """The address of a bank that knows the key its books are signed with, as a bank in use does."""
    from django.db import connection

    environment = {"CHECKPOINT_PUBLIC_KEYS": SIGNING.public_text}
    server = Server(database=connection.settings_dict["NAME"], environment=environment)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def stage(stage_url: str, django_db_blocker: "DjangoDbBlocker") -> Iterator[Stage]:
    """The bank of the table of pages, set up once for all the rows that are looked at in a module."""
    from django.db import connection

    with django_db_blocker.unblock():
        clean(connection.database)  # type: ignore[attr-defined]
        yield stage_set()


@pytest.fixture(scope="module")
def lasting_watch(stage_url: str) -> Watch:
    """The watch over the browsers that stay open from row to row."""
    return Watch(stage_url)


@pytest.fixture(scope="module")
def visits(browser: Browser, stage_url: str, stage: Stage, lasting_watch: Watch) -> Iterator[Visits]:
    """The browsers of everybody who looks at the rows."""
    visits = Visits(browser, url=stage_url, stage=stage, watch=lasting_watch)
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def plain_visits(browser: Browser, stage_url: str, stage: Stage, lasting_watch: Watch) -> Iterator[Visits]:
    """The same without scripts."""
    visits = Visits(browser, url=stage_url, stage=stage, watch=lasting_watch, java_script_enabled=False)
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def portuguese_visits(browser: Browser, stage_url: str, stage: Stage, lasting_watch: Watch) -> Iterator[Visits]:
    """The same of people who read Portuguese."""
    visits = Visits(browser, url=stage_url, stage=stage, watch=lasting_watch, locale="pt-BR")
    yield visits
    visits.close()


@pytest.fixture
def silence(lasting_watch: Watch) -> Iterator[None]:
    """Fail the row that the browser complains about."""
    lasting_watch.forget()
    yield
    assert lasting_watch.complaints() == []
