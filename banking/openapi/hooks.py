"""What the schema has beside the views of the API: the bodies by name, how one signs in, the health checks."""

import json
import re
from collections import defaultdict
from typing import Any

from django.conf import settings

from banking.openapi.components import COMPONENTS
from banking.openapi.groups import GROUPS, group_of
from banking.openapi.shapes import example_of, ref

SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The accessToken of POST /api/auth/login.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.TOKEN_COOKIE_NAME,
        "description": "Set by signing in. A request that changes something must then come from this site itself.",
    },
}
_PART = re.compile(r"{(\w+)}")


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Complete the schema that was made of the views (a hook of drf-spectacular)."""
    paths = {_camel_path(path): _camel_parts(methods) for path, methods in result["paths"].items()}
    result["paths"] = {**paths, **{path: {"get": operation} for path, operation in _plain_pages().items()}}
    components = result.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **COMPONENTS}.items()))
    components["securitySchemes"] = SECURITY
    components["responses"] = hoist(result["paths"])
    used = {method["tags"][0] for methods in result["paths"].values() for method in methods.values()}
    result["tags"] = [{"name": group} for group in GROUPS if group in used]
    return result


def hoist(paths: dict[str, Any]) -> dict[str, Any]:
    """Let refusals that several addresses share stand once, and return them by name."""
    alike: dict[str, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for methods in paths.values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    alike[status + json.dumps(response, sort_keys=True)].append((operation["responses"], status))
    shared: dict[str, Any] = {}
    for places in (places for places in alike.values() if len(places) > 1):
        responses, status = places[0]
        count = sum(name.startswith(f"Refused{status}") for name in shared)
        name = f"Refused{status}" + (chr(ord("a") + count) if count else "")
        shared[name] = responses[status]
        for responses, status in places:
            responses[status] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(shared.items()))


def camel(name: str) -> str:
    """Return a name of Python as the API writes it: `account_id` is `accountId`."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _camel_path(path: str) -> str:
    return _PART.sub(lambda part: f"{{{camel(part[1])}}}", path)


def _camel_parts(methods: dict[str, Any]) -> dict[str, Any]:
    for operation in methods.values():
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter["name"] = camel(parameter["name"])
    return methods


def _plain_pages() -> dict[str, dict[str, Any]]:
    """Return the addresses that are no views of the REST framework."""
    page = {"200": {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}}}
    ready = {
        "200": _json("Alive", "The database answers and takes writes."),
        "503": _json("NotReady", "It does not."),
    }
    return {
        "/api/docs": _operation("/api/docs", "Read about the API", "readDocs", page),
        "/healthz": _operation("/healthz", "See that the process lives", "live", {"200": _json("Alive", "It lives.")}),
        "/readyz": _operation("/readyz", "See that the bank can work", "ready", ready),
    }


def _operation(path: str, summary: str, name: str, responses: dict[str, Any]) -> dict[str, Any]:
    said = {"operationId": name, "summary": summary, "tags": [group_of(path)]}
    return {**said, "security": [{}], "responses": responses, "x-who": "anyone"}


def _json(body: str, meaning: str) -> dict[str, Any]:
    example = {"value": example_of(ref(body), COMPONENTS)}
    content = {"application/json": {"schema": ref(body), "examples": {"answer": example}}}
    return {"description": meaning, "content": content}
