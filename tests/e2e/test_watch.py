"""The ground of the browser tests: the page is styled, and what goes wrong unseen is noticed."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.e2e.conftest import HEIGHTS, Watch


def test_the_landing_page_is_styled(page: Page, width: int, theme: str) -> None:
    page.goto("/")
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.styleSheets.length") > 0
    assert page.evaluate("[...document.styleSheets].every(sheet => sheet.cssRules.length > 0)")
    assert page.viewport_size == {"width": width, "height": HEIGHTS[width]}
    assert page.evaluate(f"matchMedia('(prefers-color-scheme: {theme})').matches")


def test_somebody_is_signed_in_without_the_form(page: Page, owner: User, sign_in: object) -> None:
    assert callable(sign_in)
    sign_in(page, owner)
    page.goto("/")
    expect(page.locator("body")).to_contain_text(owner.first_name)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('oh dear')", "console: oh dear"),
        ("setTimeout(() => { throw new Error('thrown') })", "script: .*thrown"),
        ("new Image().src = '/static/no-such-file.png'", "answered 404: .*no-such-file"),
        (
            "new Image().src = 'http://127.0.0.1:9/pixel.png'",
            r"(another host|failed): http://127.0.0.1:9/|console: .*",
        ),
        (
            "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
            "console: (.*inline script|policy: script-src-elem stopped inline)",
        ),
        ("document.body.setAttribute('style', 'color: red')", "console: (.*inline style|policy: style-src-attr)"),
    ],
)
def test_what_goes_wrong_unseen_is_noticed(page: Page, watch: Watch, script: str, complaint: str) -> None:
    page.goto("/")
    assert watch.complaints() == []
    page.evaluate(f"() => {{ {script} }}")
    for _ in range(50):
        if watch.complaints():
            break
        page.wait_for_timeout(100)
    assert watch.complaints() != []
    watch.allow(complaint)
    assert watch.complaints() == []
