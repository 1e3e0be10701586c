"""The parts of the documentation that come from the code: the schema's committed copy and the table of errors."""

import json
import re
from typing import Any

from banking.openapi.refusals import all_kinds

SCHEMA_FILE, API_PAGE = "docs/openapi.json", "docs/api.md"
_TABLE = re.compile(r"(<!-- errors: written by `manage\.py describe_api` -->\n).*?(<!-- end of errors -->)", re.DOTALL)


def schema_text(schema: dict[str, Any]) -> str:
    """Return the schema as it is committed."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def page_text(text: str) -> str:
    """Return the page about the API with the table of errors as the code has it.

    Raises:
        ValueError: the page has no place for it.
    """
    rows = [f"| {kind.status} | `{kind.code}` | {kind.message} |" for kind in all_kinds()]
    table = "\n".join(["| status | code | what it says |", "|---|---|---|", *rows])
    written, count = _TABLE.subn(lambda place: place[1] + table + "\n" + place[2], text)
    if count != 1:
        raise ValueError("the page has no place for the table of errors")
    return written
