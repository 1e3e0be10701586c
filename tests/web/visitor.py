"""A browser without JavaScript: it follows links and sends forms as they stand in the page, CSRF token and all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client

from accounts.models import User


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    disabled: bool = False


class _Reader(HTMLParser):
    """Collects what a browser needs of a page: forms, links, texts."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.inline: list[str] = []
        self._select: str | None = None
        self._tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._tags.append(tag)
        if "style" in values or any(name.startswith("on") for name in values) or tag == "style":
            self.inline.append(self.get_starttag_text() or tag)
        if tag == "script" and "src" not in values:
            self.inline.append("script")
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get")))
        elif self.forms:
            self._control(tag, values, self.forms[-1])

    def _control(self, tag: str, values: dict[str, str], form: Form) -> None:
        name = values.get("name", "")
        if tag == "fieldset" and "disabled" in values:
            form.disabled = True
        if "disabled" in values or form.disabled:
            return
        if tag == "button" and values.get("type") == "submit":
            form.buttons.append((name, values.get("value", "")))
        elif tag == "input" and name:
            chosen = values.get("type") not in {"radio", "checkbox"} or "checked" in values
            form.values |= {name: values.get("value", "")} if chosen else {}
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in form.values or "selected" in values):
            form.values[self._select] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if data.strip() and self._tags[-1:] != ["script"]:
            self.text.append(data.strip())


class Visitor:
    """Somebody with a browser that runs no scripts."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)
        self.address = "/"
        self.status = 0
        self.response: Any = None
        self.page = _Reader()

    def get(self, address: str, **headers: str) -> "Visitor":
        """Open an address, following redirects."""
        return self._arrive(address, self.client.get(address, headers=headers or None))

    def post(self, address: str, values: Mapping[str, str | list[str]]) -> "Visitor":
        """Post exactly these values, without any token that is not among them."""
        return self._arrive(address, self.client.post(address, values))

    def send(self, action: str, step: str = "", **filled: str | list[str]) -> "Visitor":
        """Fill in and send the form whose address ends like this, pressing the button with this value."""
        form = self.form(action)
        assert not form.disabled, "the form is disabled"
        values: dict[str, str | list[str]] = {**form.values, **filled}
        if step:
            assert step in [value for _, value in form.buttons], f"no button {step}"
            values |= {name: value for name, value in form.buttons if value == step}
        address = urljoin(self.address, form.action)
        if form.method == "get":
            return self._arrive(address, self.client.get(address, values))
        return self.post(address, values)

    def form(self, action: str) -> Form:
        """Return the form whose address ends like this."""
        found = [form for form in self.page.forms if urlsplit(form.action).path.endswith(action)]
        assert found, f"no form to {action} among {[form.action for form in self.page.forms]}"
        return found[0]

    @property
    def text(self) -> str:
        """All that can be read on the page."""
        return " ".join(" ".join(self.page.text).replace("\N{NO-BREAK SPACE}", " ").split())

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    def _arrive(self, address: str, response: Any) -> "Visitor":
        for _ in range(5):
            if response.status_code not in {301, 302, 303}:
                break
            address = urljoin(address, response["Location"])
            response = self.client.get(address)
        self.address, self.status, self.response = address, response.status_code, response
        self.page = _Reader()
        self.page.feed(response.content.decode())
        return self
