"""The schema as people read it on the page: groups of addresses with their fields, examples and refusals."""

import json
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

from banking.openapi.shapes import Shape, resolved

_NO_SIGN_IN = ("anyone", "anyone with a refresh token")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a field of a body."""

    name: str
    kind: str
    needed: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered with one status.

    Args:
        codes: for an error, each with its sentence.
        example: of the body, as text.
    """

    status: str
    meaning: str
    codes: list[tuple[str, str]]
    example: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method of an address."""

    method: str
    path: str
    name: str
    summary: str
    who: str
    note: str
    parameters: list[Field]
    fields: list[Field]
    curl: str
    answers: list[Answer]
    refusals: list[Answer]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    endpoints: list[Endpoint]


class Reader:
    """Reads a schema.

    Args:
        schema: OpenAPI 3.1.
        origin: where the bank is, for the commands: `https://bank.example`.
    """

    def __init__(self, schema: dict[str, Any], origin: str) -> None:
        self._schema = schema
        self._shapes: dict[str, Shape] = schema["components"]["schemas"]
        self._origin = origin

    def groups(self) -> list[Group]:
        """Return everything in the order of the schema's tags."""
        endpoints = [
            (operation["tags"][0], self._endpoint(method.upper(), path, operation))
            for path, methods in self._schema["paths"].items()
            for method, operation in methods.items()
        ]
        titles = [tag["name"] for tag in self._schema["tags"]]
        return [Group(title, [one for group, one in endpoints if group == title]) for title in titles]

    def _endpoint(self, method: str, path: str, operation: dict[str, Any]) -> Endpoint:
        answers = [self._answer(status, response) for status, response in operation["responses"].items()]
        return Endpoint(
            method=method,
            path=path,
            name=operation["operationId"],
            summary=operation["summary"],
            who=operation["x-who"],
            note=operation.get("description", "").replace("`", ""),
            parameters=[self._parameter(one) for one in operation.get("parameters", [])],
            fields=self._fields(operation),
            curl=self._curl(method, path, operation),
            answers=_without_repetition([answer for answer in answers if not answer.codes]),
            refusals=[answer for answer in answers if answer.codes],
        )

    def _parameter(self, one: dict[str, Any]) -> Field:
        kind = f"{kind_of(one['schema'])}, {one['in']}"
        return Field(one["name"], kind, one.get("required", False), _meaning_of(one["schema"]))

    def _body(self, operation: dict[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return content

    def _fields(self, operation: dict[str, Any]) -> list[Field]:
        shape = resolved(self._body(operation).get("schema", {}), self._shapes)
        needed = shape.get("required", [])
        fields = {name: resolved(inner, self._shapes) for name, inner in shape.get("properties", {}).items()}
        return [Field(name, kind_of(inner), name in needed, _meaning_of(inner)) for name, inner in fields.items()]

    def _answer(self, status: str, response: dict[str, Any]) -> Answer:
        name = response.get("$ref", "").rpartition("/")[2]
        response = self._schema["components"]["responses"][name] if name else response
        content: dict[str, Any] = next(iter(response.get("content", {}).values()), {})
        examples = content.get("examples", {}).values()
        is_refusal = status >= "400" and all("message" in one["value"] for one in examples)
        codes = [(one["summary"], one["value"]["message"]) for one in examples if is_refusal]
        value = next((one["value"] for one in examples), None)
        example = "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
        return Answer(status, "" if codes else response["description"], codes, example)

    def _curl(self, method: str, path: str, operation: dict[str, Any]) -> str:
        address = path
        for one in operation.get("parameters", []):
            if one["in"] == "path":
                address = address.replace(f"{{{one['name']}}}", one["schema"]["examples"][0])
        parts = ["curl " + ("" if method == "GET" else f"-X {method} ") + quote(self._origin + address)]
        if operation["x-who"] not in _NO_SIGN_IN:
            parts.append('-H "Authorization: Bearer $TOKEN"')
        for one in self._body(operation).get("examples", {}).values():
            body = json.dumps(one["value"], ensure_ascii=False)
            parts += ["-H 'Content-Type: application/json'", f"-d {quote(body)}"]
        return " \\\n  ".join(parts)


def _without_repetition(answers: list[Answer]) -> list[Answer]:
    """Return the answers with each example once."""
    shown: set[str] = set()
    found = []
    for answer in answers:
        found.append(replace(answer, example="") if answer.example in shown else answer)
        shown.add(answer.example)
    return found


def _meaning_of(shape: Shape) -> str:
    return str(shape.get("description", "")).replace("`", "")


def kind_of(shape: Shape) -> str:
    """Return in words what a shape takes."""
    if "enum" in shape:
        return "one of " + ", ".join(str(value) for value in shape["enum"] if value is not None)
    kinds = shape.get("type", "object")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    words = words.replace("array", "list").replace("string", "text").replace("integer", "whole number")
    longest = shape.get("maxLength") or shape.get("maxItems")
    return f"{words}, at most {longest:,}" if longest else words
