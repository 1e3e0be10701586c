"""The description of the API is the API: every address, every error code, and the copies that are committed."""

import inspect
from typing import Any

import pytest
import yaml
from django.urls import URLPattern
from drf_spectacular.validation import validate_schema
from rest_framework.views import APIView

from banking.api import urls
from banking.api.schema import schema
from banking.errors import CRASH, REFUSALS, TABLE
from banking.openapi.describe import described, description_of
from banking.openapi.files import API_PAGE, SCHEMA_FILE, page_text, schema_text
from banking.openapi.refusals import all_kinds
from tests.api.conftest import Cast, Program
from tests.api.described import answer_check, template_of
from tests.test_docs import ROOT

OPERATIONS = [
    (path, method, operation) for path, methods in schema()["paths"].items() for method, operation in methods.items()
]
# What is in the description and has no view of the REST framework.
PAGES = {("/api/docs", "get"), ("/healthz", "get"), ("/readyz", "get")}


def views() -> list[tuple[URLPattern, type[APIView]]]:
    return [(pattern, getattr(pattern.callback, "cls", APIView)) for pattern in urls.urlpatterns]


def methods_of(view: type[APIView]) -> list[str]:
    return [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]


def test_every_address_is_described_and_nothing_else() -> None:
    served = {(template_of(str(one.pattern)), method) for one, view in views() for method in methods_of(view)}
    assert {(path, method) for path, method, _ in OPERATIONS} == served | PAGES


def test_every_method_has_a_description_of_its_own() -> None:
    silent = [(view, name) for _, view in views() for name in methods_of(view) if not told(getattr(view, name))]
    assert silent == []
    assert description_of(APIView(), "get").summary == "get APIView"


def told(method: Any) -> bool:
    return "description" in vars(inspect.unwrap(method))


def test_names_of_operations_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert sorted(set(names)) == sorted(names)


def test_it_is_openapi_3_1() -> None:
    assert schema()["openapi"].startswith("3.1.")
    validate_schema(schema())  # type: ignore[no-untyped-call]


def test_anyone_gets_it_as_json_or_as_yaml(anyone: Program) -> None:
    answer = anyone.get("/api/schema")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body == schema()
    text = anyone.client.get("/api/schema", headers={"Accept": "application/yaml"})
    assert text.headers["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(text.content)["paths"].keys() == schema()["paths"].keys()
    assert anyone.client.get("/api/schema", headers={"Accept": "image/png"}).status_code == 406


def test_the_committed_copy_is_the_description() -> None:
    assert (ROOT / SCHEMA_FILE).read_text() == schema_text(schema()), "run: manage.py describe_api"


def test_the_table_of_errors_is_that_of_the_code() -> None:
    page = (ROOT / API_PAGE).read_text()
    assert page == page_text(page), "run: manage.py describe_api"
    codes = {kind.code for kind in [*TABLE.values(), *REFUSALS.values(), CRASH]}
    assert {kind.code for kind in all_kinds()} == codes
    with pytest.raises(ValueError, match="no place"):
        page_text("nothing")


def test_codes_are_described_where_they_are_answered(cast: Cast) -> None:
    responses = schema()["paths"]["/api/transactions"]["post"]["responses"]
    shape = responses["422"]
    name = shape.get("$ref", "").rpartition("/")[2]
    content = (schema()["components"]["responses"][name] if name else shape)["content"]["application/json"]
    assert content["schema"]["allOf"][1]["properties"]["code"]["enum"] == ["idempotency_key_reused", *REFUSALS]
    assert cast.send("5000.00").body["code"] == "insufficient_funds"


@pytest.mark.parametrize(
    "change",
    [{"success": "yes"}, {"accounts": [{}]}, {"more": 1}, {"accounts": None}],
)
def test_the_check_of_answers_finds_what_is_not_described(cast: Cast, change: dict[str, Any]) -> None:
    answer = cast.owner.get("/api/accounts")
    with pytest.raises(AssertionError, match="GET /api/accounts 200"):
        answer_check("GET", "/api/accounts", 200, {**answer.body, **change}, answer.headers)


def test_the_check_of_answers_finds_a_status_a_code_and_a_header(cast: Cast) -> None:
    answer = cast.owner.get("/api/accounts")
    with pytest.raises(AssertionError, match="not described"):
        answer_check("GET", "/api/accounts", 418, answer.body, answer.headers)
    with pytest.raises(AssertionError, match="X-Request-ID"):
        answer_check("GET", "/api/accounts", 200, answer.body, {})
    refusal = {"success": False, "code": "email_taken", "message": "no"}
    with pytest.raises(AssertionError, match="email_taken"):
        answer_check("GET", "/api/accounts", 401, refusal, {**answer.headers, "WWW-Authenticate": "Bearer"})


def test_descriptions_cost_a_request_nothing() -> None:
    def method() -> None: ...

    assert described("Nothing", answers={})(method) is method
