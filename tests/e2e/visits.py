"""Going to the places of the table: everybody has a browser of their own, which stays open between two places."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from accounts.models import User
from tests.e2e.places import Place, Who
from tests.e2e.stage import Stage

if TYPE_CHECKING:
    from tests.e2e.conftest import Watch

PATIENCE_MS = 5_000
ZONE = "Asia/Kolkata"


class Visits:
    """The browsers of everybody who looks.

    Args:
        browser: where they are opened.
        url: of the bank.
        stage: what the bank is filled with.
        watch: told of what goes wrong.
        options: of the browsers.
    """

    def __init__(self, browser: Browser, *, url: str, stage: Stage, watch: "Watch", **options: Any) -> None:
        self._browser, self._url, self._stage, self._watch = browser, url, stage, watch
        self._options = options
        self._pages: dict[Who, Page] = {}

    def go(self, place: Place, *, theme: str, width: int) -> Page:
        """Go there, do what is to be done there, and see that it is the place that is meant."""
        page = self.open(place, theme=theme, width=width)
        if place.act is not None:
            place.act(page)
        _must_say(page, place.says)
        path = place.path.format_map(self._stage.ids)
        assert name_of(page.url) == (place.shows or name_of(path)), page.url
        return page

    def open(self, place: Place, *, theme: str, width: int) -> Page:
        """Go there, whatever it says, and do nothing."""
        page = self._page(place.who)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        path = place.path.format_map(self._stage.ids)
        if place.before is not None:
            place.before()
        if place.answer is not None:
            self._put_in_front(page, path, place.answer())
            self._watch.allow(f"answered {place.status}: .*{path}")
        response = page.goto(path)
        assert response
        assert response.status == place.status
        return page

    def close(self) -> None:
        """Close every browser."""
        for page in self._pages.values():
            page.context.close()

    def _page(self, who: Who) -> Page:
        if who not in self._pages:
            options = {"locale": "pt-BR" if who is Who.PORTUGUESE else "en-GB", "timezone_id": ZONE, **self._options}
            context = self._browser.new_context(base_url=self._url, **options)
            self._watch.attach(context)
            # As it is from the second visit on.
            context.add_cookies([{"name": "timezone", "value": ZONE, "url": self._url}])
            if who is not Who.NOBODY:
                session_give(context, self._stage.people[who], self._url)
            self._pages[who] = context.new_page()
        return self._pages[who]

    @staticmethod
    def _put_in_front(page: Page, path: str, answer: Any) -> None:
        def fulfil(route: Route) -> None:
            route.fulfill(status=answer.status_code, headers=dict(answer.items()), body=answer.content)

        page.route(f"**{path}", fulfil, times=1)


def _must_say(page: Page, words: str) -> None:
    with suppress(AssertionError):
        expect(page.locator("body")).to_contain_text(words, timeout=PATIENCE_MS)
        return
    raise AssertionError(f"“{words}” is not to be read on {page.url}")


def name_of(address: str) -> str:
    """Return the name under which banking.web.urls knows an address; empty when it knows none."""
    with suppress(Resolver404):
        return resolve(urlsplit(address).path).url_name or ""
    return ""


def session_give(context: BrowserContext, user: User, url: str) -> None:
    """Give a browser the session of somebody who has signed in."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
