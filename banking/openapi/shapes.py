"""The words of JSON Schema that the API's bodies are described with, each with an example.

Written by hand, because answers are made by functions (`banking.api.render`) and orders are read by hand
(`banking.api.orders`): there is no serializer to ask. Tests hold real answers against them.
"""

from typing import Any

Shape = dict[str, Any]

_REFERENCE = "#/components/schemas/"


def text(example: str, meaning: str = "", **more: Any) -> Shape:
    """Return a text; `more` are rules such as `maxLength` or `pattern`."""
    return _told({"type": "string", **more, "examples": [example]}, meaning)


def number(example: int, meaning: str = "", **more: Any) -> Shape:
    """Return a whole number, from 0 unless `more` says otherwise."""
    return _told({"type": "integer", "minimum": 0, **more, "examples": [example]}, meaning)


def flag(example: bool, meaning: str = "") -> Shape:
    """Return true or false."""
    return _told({"type": "boolean", "examples": [example]}, meaning)


def always(value: bool | str) -> Shape:
    """Return what is the same in every answer of this kind."""
    return {"type": "boolean" if isinstance(value, bool) else "string", "const": value, "examples": [value]}


def one_of(*values: str, meaning: str = "") -> Shape:
    """Return a text that is one of these; the first is the example."""
    return _told({"type": "string", "enum": list(values), "examples": [values[0]]}, meaning)


def money(example: str = "1500.00", meaning: str = "") -> Shape:
    """Return an amount of an answer: a decimal string in major units."""
    return text(example, meaning, pattern=r"^-?[0-9]+(\.[0-9]+)?$")


def amount(example: str = "250.00") -> Shape:
    """Return an amount of a request: a decimal string, or a number that is written without an exponent."""
    return {
        "description": "Major units, as a decimal string or a number; greater than zero.",
        "type": ["string", "number"],
        "pattern": r"^[0-9]{1,19}(\.[0-9]{1,19})?$",
        "exclusiveMinimum": 0,
        "examples": [example],
    }


def moment(example: str = "2026-01-31T09:30:00.000Z", meaning: str = "") -> Shape:
    """Return a time in UTC."""
    return text(example, meaning, format="date-time")


def identifier(example: str, meaning: str = "") -> Shape:
    """Return an id."""
    return text(example, meaning, pattern="^[0-9a-f]{24}$")


def or_null(shape: Shape) -> Shape:
    """Return a shape that may also be null."""
    if "$ref" in shape:
        return {"anyOf": [shape, {"type": "null"}]}
    if "enum" in shape:
        shape = {**shape, "enum": [*shape["enum"], None]}
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    return {**shape, "type": [*kinds, "null"]}


def list_of(shape: Shape, **more: Any) -> Shape:
    """Return a list; `more` are rules such as `maxItems`."""
    return {"type": "array", "items": shape, **more}


def named(shape: Shape, example_name: str) -> Shape:
    """Return an object whose names are not known before."""
    return {"type": "object", "additionalProperties": shape, "examples": [{example_name: example_of(shape, {})}]}


def record(fields: dict[str, Shape], *, meaning: str = "", optional: tuple[str, ...] = ()) -> Shape:
    """Return an object whose fields are all there, but for the optional ones."""
    needed = [name for name in fields if name not in optional]
    shape: Shape = {"type": "object", "properties": fields}
    return _told({**shape, "required": needed} if needed else shape, meaning)


def success(fields: dict[str, Shape], **more: Any) -> Shape:
    """Return the body of an answer that worked."""
    return record({"success": always(True), **fields}, **more)


def ref(name: str) -> Shape:
    """Return what stands for a shape of `banking.openapi.components`."""
    return {"$ref": _REFERENCE + name}


def resolved(shape: Shape, components: dict[str, Shape]) -> Shape:
    """Return the shape itself where it only names one."""
    name = shape.get("$ref")
    return resolved(components[name.removeprefix(_REFERENCE)], components) if name else shape


def example_of(shape: Shape, components: dict[str, Shape]) -> Any:
    """Return an example that is put together from those of the parts."""
    shape = resolved(shape, components)
    if "examples" in shape:
        return shape["examples"][0]
    if "anyOf" in shape:
        return example_of(shape["anyOf"][0], components)
    if shape.get("type") == "array":
        return [example_of(shape["items"], components)]
    fields = shape.get("properties", {})
    return {name: example_of(inner, components) for name, inner in fields.items()}


def _told(shape: Shape, meaning: str) -> Shape:
    return {"description": meaning, **shape} if meaning else shape
