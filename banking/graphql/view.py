"""One request of GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/, the working draft).

Its limits, its sign-in and its parsing are those of every endpoint of the API; the answer has the form of GraphQL.
What is refused before anything was executed has the status of the table of errors (400, 401, 413, 429 …); from then on
the status is 200, and each error has its own in `extensions.status`.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from graphql import ExecutionResult
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from banking import limits
from banking.api.failures import exception_handler
from banking.api.views import ApiView, required_key_of
from banking.errors import Failure, FieldsInvalid, JsonInvalid, failure_of
from banking.graphql.asking import Asking
from banking.graphql.failures import crash_told, error_body, failure_of_error
from banking.graphql.schema import DocumentInvalid, Prepared, prepare, run, schema

EXPLORER_POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'"


class AnswerRenderer(JSONRenderer):
    """JSON in ASCII: an error may quote what was sent, and not all of that can be written in UTF-8."""

    ensure_ascii = True


class GraphQLRenderer(AnswerRenderer):
    """The same under the name that the draft gives it."""

    media_type = "application/graphql-response+json"


@csrf_exempt
def graphql(request: HttpRequest) -> HttpResponse:
    """Show the schema to a developer's browser; answer everybody else as the API does."""
    if request.method == "GET" and not settings.IS_PRODUCTION and "text/html" in request.headers.get("Accept", ""):
        return explorer(request)
    answer: HttpResponse = _as_view(request)
    return answer


def explorer(request: HttpRequest) -> HttpResponse:
    """The schema on a page of our own; it needs no script and no other host."""
    page = render(request, "pages/graphql.html", {"schema": schema.as_str()})
    page["Content-Security-Policy"] = EXPLORER_POLICY
    return page


class GraphQLView(ApiView):
    http_method_names = ("post",)
    renderer_classes = [AnswerRenderer, GraphQLRenderer]

    def post(self, request: Request) -> Response:
        query, variables, name = _read(request)
        prepared = prepare(query, variables, name)
        self._count(prepared)
        asking = Asking(self.user, self.origin, lambda given: required_key_of(request, given))
        return _answer(run(prepared, variables, asking))

    def handle_exception(self, error: Exception) -> Response:
        """Give an error that came before the execution in the form of GraphQL, with its status."""
        if isinstance(error, DocumentInvalid):
            errors = [error_body(failure_of_error(one), one) for one in error.errors]
            return Response({"errors": errors}, status=400)
        answer = exception_handler(error, {})
        if answer is None:
            return Response({"errors": [error_body(crash_told(error))]}, status=500)
        answer.data = {"errors": [error_body(failure_of(error))]}
        answer.exception = True
        return answer

    def _count(self, prepared: Prepared) -> None:
        """Count as REST does: each transfer, and what an administrator asks for; execute nothing if it is too much."""
        if self.user.is_admin:
            limits.hit(self.request._request, group=limits.ADMIN)
        for mutation in prepared.mutations:
            if mutation == "createTransaction":
                limits.hit(self.request._request, group=limits.TRANSFER)


_as_view = GraphQLView.as_view()


def _read(request: Request) -> tuple[str, dict[str, Any], str | None]:
    """Return the query, its variables and the name of the operation.

    Raises:
        JsonInvalid: the body is not a JSON object; a list of requests is none.
        FieldsInvalid: a field has the wrong type.
    """
    body = request.data
    if not isinstance(body, dict):
        raise JsonInvalid
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    errors: dict[str, list[str]] = {}
    if not isinstance(query, str):
        errors["query"] = ["This must be a text."]
    if not isinstance(variables, dict | None):
        errors["variables"] = ["This must be an object."]
    if not isinstance(name, str | None):
        errors["operationName"] = ["This must be a text."]
    if errors:
        raise FieldsInvalid(errors)
    return str(query), variables or {}, name


def _answer(result: ExecutionResult) -> Response:
    failures = [(failure_of_error(error), error) for error in result.errors or []]
    body: dict[str, Any] = {"data": result.data}
    if failures:
        body["errors"] = [error_body(failure, error) for failure, error in failures]
    if result.data is None and failures and not any(error.path for _, error in failures):
        # Nothing was executed: the variables do not fit.
        return Response({"errors": body["errors"]}, status=failures[0][0].status)
    return Response(body, headers=_headers([failure for failure, _ in failures]))


def _headers(failures: list[Failure]) -> dict[str, str]:
    waits = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return {"Retry-After": str(max(waits))} if waits else {}
