"""Nothing that is sent to the API makes it crash, answer what is not described, or move money that it must not.

Schemathesis sends what the description allows and what it forbids; `tests.api.hostile` what nobody would. They
go to a real server. `FUZZ_EXAMPLES` says how many for each address and way (CI takes the default, about half a minute
together), `FUZZ_SEED` repeats a run; a failure prints it.
"""

import json
import os
import random
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.tokens import pair_issue
from banking.api.schema import schema
from ledger.verify import verify
from tests.api import hostile
from tests.api.conftest import Cast, balance
from tests.api.described import answer_check
from tests.servers import Server

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
SEED = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(2**32))
DESCRIPTION = schemathesis.openapi.from_dict(schema())
OPERATIONS = [result.ok() for result in DESCRIPTION.get_all_operations() if isinstance(result, Ok)]
MOVING = {
    "/api/transactions",
    "/api/transactions/bulk",
    "/api/transactions/system/initial-funds",
    "/api/v1/account/transfer",
    "/transfer",
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PEOPLE = ["owner", "second", "stranger", "admin", "system"]
TOKENS = [*PEOPLE, "nobody", "forged", "expired", "garbage"]
WHO = st.sampled_from([*PEOPLE, *TOKENS])


@dataclass
class Target:
    """The bank that is fuzzed, and who is there."""

    url: str
    people: dict[str, User]
    cast: Cast
    session: requests.Session

    def token(self, who: str) -> dict[str, str]:
        """Return the header of somebody's token; a new one, because signing out revokes it."""
        if who == "nobody":
            return {}
        if who == "garbage":
            return {"Authorization": "Bearer x"}
        token = pair_issue(user=self.people.get(who, self.people["owner"])).access
        token = {"forged": _forged, "expired": _expired}.get(who, str)(token)
        return {"Authorization": f"Bearer {token}"}

    @property
    def accounts(self) -> dict[str, str]:
        """Return the accounts by the names that orders have for them."""
        return {"fromAccount": self.ids[0], "toAccount": self.ids[1]}

    @property
    def ids(self) -> list[str]:
        return [str(account.id) for account in (self.cast.owners, self.cast.seconds, self.cast.strangers)]

    def balances(self) -> dict[str, int]:
        return {str(one.id): balance(one) for one in (self.cast.owners, self.cast.seconds, self.cast.strangers)}

    def ask(
        self, method: str, url: str, body: bytes | None, headers: dict[str, Any], *, is_read: bool
    ) -> requests.Response:
        """Send a request; once more, without its body, where nobody reads one.

        A body that is not read stays in the connection: the answer may get lost on the way, or that of the next one.
        """
        try:
            return self.session.request(method, url, data=body, headers=headers, timeout=30)
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
            if is_read:
                raise
            return self.session.request(method, url, headers=headers, timeout=30)

    def held(self, who: str, path: str, ask: Callable[[], requests.Response]) -> requests.Response:
        """Ask, and fail if money moved that must not have."""
        before = self.balances()
        response = ask()
        after = self.balances()
        if response.status_code >= 400 or path not in MOVING or who not in PEOPLE:
            assert after == before, f"{path} answered {response.status_code} and moved money"
        if who not in ("owner", "system"):
            assert after[self.ids[0]] >= before[self.ids[0]], f"{who} took money of the owner"
        return response


@pytest.fixture
def target(
    server: Server, cast: Cast, owner: User, second: User, stranger: User, admin: User, system_user: User
) -> Target:
    people = dict(zip(PEOPLE, (owner, second, stranger, admin, system_user), strict=True))
    return Target(server.url, people, cast, requests.Session())


def _forged(token: str) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{signature[::-1]}"


def _expired(token: str) -> str:
    from rest_framework_simplejwt.tokens import AccessToken

    # The stubs take a text for no token.
    found = AccessToken(typing.cast(Any, token))
    found["exp"] = 1
    return str(found)


def fuzzed(examples: int, **strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], None]:
    """Run a function on many examples at once."""

    def run(function: Callable[..., None]) -> None:
        print(f"FUZZ_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
        limits = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        seed(SEED)(limits(given(**strategies)(function)))()

    return run


def leads_elsewhere(response: requests.Response) -> bool:
    """Whether what stood in the address made it another address."""
    return response.status_code == 405 or (response.status_code == 404 and '"not_found"' in response.text)


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        pytest.param(one, mode, id=f"{one.method.upper()} {one.path} {mode.value}")
        for one in OPERATIONS
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        # Where nothing can be sent, nothing can be forbidden.
        if mode == GenerationMode.POSITIVE or one.body or one.query or one.path_parameters
    ],
)
def test_what_the_description_allows_and_forbids(target: Target, operation: Any, mode: GenerationMode) -> None:
    @fuzzed(EXAMPLES, case=operation.as_strategy(mode), who=WHO, ids=st.sampled_from([*target.ids, None]))
    def _(case: Any, who: str, ids: str | None) -> None:
        if ids is not None and "accountId" in (case.path_parameters or {}):
            case.path_parameters["accountId"] = ids
        response = target.held(
            who,
            operation.path,
            lambda: case.call(base_url=target.url, session=target.session, headers=target.token(who)),
        )
        if not leads_elsewhere(response):
            case.validate_response(response, checks=CHECKS)

    assert verify().violations == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method.upper()} {one.path}")
def test_what_nobody_would_describe(target: Target, operation: Any) -> None:
    raw = operation.definition.raw
    good = next((one["value"] for one in _examples(raw)), None)
    names = [one["name"] for one in raw.get("parameters", []) if one["in"] == "query"]
    parts = [one["name"] for one in raw.get("parameters", []) if one["in"] == "path"]
    texts = hostile.VALUES.filter(lambda value: isinstance(value, str) and len(value) < 5_000)
    text = st.sampled_from(target.ids) | texts.map(lambda value: value.encode(errors="surrogatepass"))

    @fuzzed(
        EXAMPLES,
        body=hostile.bodies(_with_ids(good, {**target.accounts, "to": str(target.people["second"].pk)})),
        kind=hostile.CONTENT_TYPES,
        key=hostile.KEYS,
        who=WHO,
        query=st.fixed_dictionaries({}, optional=dict.fromkeys(names, text)),
        path=st.fixed_dictionaries(dict.fromkeys(parts, text)),
    )
    def _(body: bytes | None, kind: str, key: str, who: str, query: dict[str, Any], path: dict[str, Any]) -> None:
        address = operation.path
        for name, value in path.items():
            address = address.replace(f"{{{name}}}", quote(value, safe="") or "-")
        headers: dict[str, Any] = {"Content-Type": kind, "Idempotency-Key": key.encode(), **target.token(who)}
        url = target.url + address + "?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
        response = target.held(
            who,
            operation.path,
            lambda: target.ask(operation.method, url, body, headers, is_read=good is not None),
        )
        assert response.status_code < 500, response.text
        kind = response.headers.get("Content-Type", "")
        # What is no HTTP is refused by the server before the bank sees it, without a word.
        assert kind or (response.status_code == 400 and not response.content)
        if "json" in kind and not leads_elsewhere(response):
            answer_check(
                operation.method, address, response.status_code, json.loads(response.content), response.headers
            )

    assert verify().violations == []


def _examples(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return list(raw.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {}).values())


def _with_ids(good: Any, ids: dict[str, str]) -> Any:
    """Return a body that would work: with accounts and people that are there."""
    if isinstance(good, list):
        return [_with_ids(inner, ids) for inner in good]
    if isinstance(good, dict):
        return {name: ids.get(name) or _with_ids(inner, ids) for name, inner in good.items()}
    return good


def test_it_notices_when_money_moves_that_must_not(target: Target) -> None:
    def answered(status: int) -> Callable[[], requests.Response]:
        response = requests.Response()
        response.status_code = status

        def ask() -> requests.Response:
            target.cast.send("1.00", str(status))
            return response

        return ask

    with pytest.raises(AssertionError, match="answered 422 and moved money"):
        target.held("owner", "/transfer", answered(422))
    with pytest.raises(AssertionError, match="answered 200 and moved money"):
        target.held("owner", "/api/accounts", answered(200))
    with pytest.raises(AssertionError, match="second took money of the owner"):
        target.held("second", "/transfer", answered(201))
    target.held("owner", "/transfer", answered(202))
