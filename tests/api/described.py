"""Holds real answers against the description of the API, and more strictly than the description itself.

A field that nobody described is a mistake here, while programs must be ready for new ones.
"""

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
from django.urls import Resolver404, resolve

from banking.api.schema import schema
from banking.openapi.hooks import camel

_PART = re.compile(r"<(?:\w+:)?(\w+)>")


def template_of(route: str) -> str:
    """Return an address of `banking.api.urls` as the description writes it."""
    return "/" + _PART.sub(lambda part: f"{{{camel(part[1])}}}", route)


def operation_at(method: str, path: str) -> tuple[str, str] | None:
    """Return the template and the method that an address leads to, None where it leads nowhere."""
    try:
        template = template_of(resolve(path.split("?")[0]).route)
    except Resolver404:
        return None
    known = schema()["paths"].get(template, {})
    return (template, method.lower()) if method.lower() in known else None


def answer_check(method: str, path: str, status: int, body: Any, headers: Any) -> None:
    """Fail if the answer is not as the description says."""
    place = operation_at(method, path)
    if place is None:
        return
    responses = schema()["paths"][place[0]][place[1]]["responses"]
    assert str(status) in responses, f"{method} {path} answered {status}, which is not described: {body}"
    response = _resolved(responses[str(status)])
    missing = [
        name for name, one in response.get("headers", {}).items() if one.get("required") and name not in headers
    ]
    assert missing == [], f"{method} {path} answered {status} without {missing}"
    complaint = next(_validator(*place, str(status)).iter_errors(body), None)
    assert complaint is None, f"{method} {path} {status}: {complaint}\n{body}"


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema()["components"]["responses"][name] if name else response
    return found


@cache
def _validator(path: str, method: str, status: str) -> Any:
    response = _resolved(schema()["paths"][path][method]["responses"][status])
    shape = next(iter(response["content"].values()))["schema"]
    return jsonschema_rs.Draft202012Validator({**_closed(shape), "components": _closed_components()})


@cache
def _closed_components() -> Any:
    return _closed(json.loads(json.dumps(schema()["components"])))


def _closed(shape: Any) -> Any:
    """Return a shape in which no object has more fields than those that are described."""
    if isinstance(shape, list):
        return [_closed(inner) for inner in shape]
    if not isinstance(shape, dict):
        return shape
    closed = {name: _closed(inner) for name, inner in shape.items()}
    if "properties" in closed and "required" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
