"""Reading an order to move money from a request's body.

By hand, because a serializer of the framework is made anew, with all of its fields, for every request: that takes a
tenth of the time of a transfer. Types are taken as they are: a number is no text, a text is no number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson.objectid import ObjectId
from rest_framework.request import Request

from banking.errors import FieldsInvalid, JsonInvalid
from ledger.records import TRANSFER

_LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """What a request wants moved.

    Args:
        from_account: None where the bank itself pays.
        amount: as it was sent; the ledger reads it, for it knows the currency.
        key: the idempotency key of the body, None without one.
    """

    from_account: ObjectId | None
    to_account: ObjectId | None
    amount: object
    key: str | None = None
    note: str = ""
    type: str = TRANSFER


def transaction_read(request: Request) -> Order:
    """Return the order of `POST /api/transactions`.

    Raises:
        JsonInvalid: the body is not a JSON object.
        FieldsInvalid: a field is missing or has the wrong type.
    """
    body = _body_of(request)
    return body.checked(
        Order(
            from_account=body.account("fromAccount"),
            to_account=body.account("toAccount"),
            amount=body.needed("amount"),
            key=body.text("idempotencyKey"),
            note=body.text("note") or "",
            type=TRANSFER if (type := body.text("type")) is None else type,
        )
    )


def funding_read(request: Request) -> Order:
    """Return the order of a funding; raises as `transaction_read`."""
    body = _body_of(request)
    return body.checked(
        Order(
            from_account=None,
            to_account=body.account("toAccount"),
            amount=body.needed("amount"),
            key=body.text("idempotencyKey"),
            note=body.text("note") or "",
        )
    )


def transfer_read(request: Request) -> Order:
    """Return the order of the small contract, which also says `fromId` and `toId`; raises as `transaction_read`."""
    body = _body_of(request)
    return body.checked(
        Order(
            from_account=body.account("fromAccount", "fromId"),
            to_account=body.account("toAccount", "toId"),
            amount=body.needed("amount"),
        )
    )


def wallet_read(request: Request) -> tuple[object, object]:
    """Return who is paid and the amount, both as they were sent, of the wallet contract; raises as the others."""
    body = _body_of(request)
    to, amount = body.needed("to"), body.needed("amount")
    if body.errors:
        raise FieldsInvalid(body.errors)
    return to, amount


def _body_of(request: Request) -> "Fields":
    if not isinstance(request.data, dict):
        raise JsonInvalid
    return Fields(request.data)


class Fields:
    """The fields of a JSON object, and in `errors` what is wrong with those that were read."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.errors: dict[str, list[str]] = {}

    def needed(self, name: str) -> Any:
        """Return a field that must be there, whatever it is."""
        if name not in self._fields:
            self.errors[name] = ["This field is required."]
        return self._fields.get(name)

    def account(self, name: str, other_name: str = "") -> ObjectId | None:
        """Return the account id in a field that must be there, under one name or the other."""
        name = other_name if other_name in self._fields and name not in self._fields else name
        value = self.needed(name)
        if isinstance(value, str) and len(value) == 24 and ObjectId.is_valid(value):
            return ObjectId(value)
        self.errors.setdefault(name, ["This is not an account id."])
        return None

    def text(self, name: str) -> str | None:
        """Return the text in a field, None without one."""
        value = self._fields.get(name)
        if name not in self._fields:
            return None
        if not isinstance(value, str):
            self.errors[name] = ["This must be a text."]
        elif len(value) > _LONGEST_TEXT:
            self.errors[name] = [f"This must be at most {_LONGEST_TEXT} characters."]
        else:
            return value
        return None

    def checked(self, order: Order) -> Order:
        """Return the order if nothing was wrong with its fields."""
        if self.errors:
            raise FieldsInvalid(self.errors)
        return order
