"""What the first page after a sign-in costs somebody who has never been here: bytes, requests, nothing that jumps."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from accounts.models import User
from tests.e2e.story import account_with

SignIn = Callable[[Page, User], None]

MOST_BYTES = 150_000
MOST_REQUESTS = 12
# Far enough away that the page is seen before its script and the second font have come; in ms and bytes per second.
A_TELEPHONE = {"offline": False, "latency": 60, "downloadThroughput": 750_000, "uploadThroughput": 250_000}
# Also shifts within half a second of an input count here: nobody touches anything.
OBSERVE_SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries())
    window.shifts.push([entry.value, entry.sources.map(source => source.node?.outerHTML?.slice(0, 120))]);
}).observe({type: "layout-shift", buffered: true});
"""


def test_the_first_dashboard_is_light_and_keeps_still(page: Page, owner: User, sign_in: SignIn) -> None:
    account_with(owner, 1_000)
    sign_in(page, owner)
    page.add_init_script(OBSERVE_SHIFTS)
    received = received_by(page)
    page.goto("/dashboard")
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))))"
    )
    assert any("/static/fonts/" in address for address in received), "the font was not loaded"
    assert sum(received.values()) < MOST_BYTES, received
    assert len(received) <= MOST_REQUESTS, sorted(received)
    assert page.evaluate("window.shifts") == []


def received_by(page: Page) -> dict[str, int]:
    """Return the addresses that the page loads from now on, and the bytes of each over the wire with its headers."""
    received: dict[str, int] = {}
    addresses: dict[str, str] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def finished(event: dict[str, Any]) -> None:
        address = addresses[event["requestId"]]
        received[address] = received.get(address, 0) + int(event["encodedDataLength"])

    browser = page.context.new_cdp_session(page)
    browser.on("Network.requestWillBeSent", asked)
    browser.on("Network.loadingFinished", finished)
    browser.send("Network.enable")
    browser.send("Network.setCacheDisabled", {"cacheDisabled": True})
    browser.send("Network.emulateNetworkConditions", A_TELEPHONE)
    return received
