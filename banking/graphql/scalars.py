"""Money and moments as GraphQL writes them; no float ever holds money."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import FloatValueNode, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from banking.api.render import time_text
from banking.errors import QueryInvalid
from ledger.errors import AmountInvalid

# Inside, an amount in major units as it was written; the ledger reads it, for it knows the currency.
Money = NewType("Money", str)
Moment = NewType("Moment", datetime)


def money_of_value(value: object) -> str:
    """Return a variable's amount: an int, a Decimal (the parser of requests makes no floats) or a text.

    Raises:
        AmountInvalid: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise AmountInvalid('The amount must be a number or a decimal string, such as 1500 or "33.33".')
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def money_of_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> str:
    """Return the amount that stands in a document, from its text: a number is never made of it.

    Raises:
        AmountInvalid: it is no number and no text.
    """
    if not isinstance(node, IntValueNode | FloatValueNode | StringValueNode):
        raise AmountInvalid('The amount must be a number or a decimal string, such as 1500 or "33.33".')
    return node.value


def _moment_refused(value: object) -> datetime:
    raise QueryInvalid("Times are only ever given.")


SCALARS: dict[object, ScalarDefinition] = {
    Money: strawberry.scalar(
        name="Money",
        description="An exact amount in major units. Takes a number or a decimal string, gives a decimal string.",
        serialize=str,
        parse_value=money_of_value,
        parse_literal=money_of_literal,
    ),
    Moment: strawberry.scalar(
        name="DateTime",
        description="A time in UTC by ISO 8601, with milliseconds.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=time_text,
        parse_value=_moment_refused,
    ),
}
