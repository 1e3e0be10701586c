"""The shapes of requests. Types are taken as they are: a number is no text, a text is no number."""

from typing import Any

from bson.objectid import ObjectId
from rest_framework import serializers

_MAX_TEXT = 1_000


class TextField(serializers.CharField):
    """A JSON string, and nothing that could be turned into one."""

    default_error_messages = {"invalid": "This must be a text."}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": _MAX_TEXT, "allow_blank": True, "trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class AccountIdField(serializers.Field[ObjectId, Any, str, Any]):
    """An account id: 24 hexadecimal digits."""

    default_error_messages = {"invalid": "This is not an account id."}

    def to_internal_value(self, data: Any) -> ObjectId:
        if not isinstance(data, str) or len(data) != 24 or not ObjectId.is_valid(data):
            self.fail("invalid")
        return ObjectId(data)

    def to_representation(self, value: ObjectId) -> str:
        return str(value)


class AmountField(serializers.Field[Any, Any, Any, Any]):
    """An amount in major units: a number or a decimal string; the ledger reads it, for it knows the currency."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class RegisterInput(serializers.Serializer[Any]):
    """`name`, or `firstName` and `lastName`."""

    email = TextField()
    password = TextField()
    name = TextField(required=False)
    firstName = TextField(required=False)
    lastName = TextField(required=False)
    document = TextField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "name" in attrs and "firstName" not in attrs:
            first, _, last = attrs["name"].strip().partition(" ")
            attrs |= {"firstName": first, "lastName": last}
        missing = [name for name in ("firstName", "lastName") if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return attrs


class LoginInput(serializers.Serializer[Any]):
    email = TextField()
    password = TextField()


class RefreshInput(serializers.Serializer[Any]):
    refreshToken = TextField(max_length=4_000)


class AccountInput(serializers.Serializer[Any]):
    currency = TextField(required=False, allow_null=True)


class TransactionInput(serializers.Serializer[Any]):
    fromAccount = AccountIdField()
    toAccount = AccountIdField()
    amount = AmountField()
    idempotencyKey = TextField(required=False)
    note = TextField(required=False, default="")
    type = TextField(required=False, default="TRANSFER")


class FundingInput(serializers.Serializer[Any]):
    toAccount = AccountIdField()
    amount = AmountField()
    idempotencyKey = TextField(required=False)
    note = TextField(required=False, default="")


class TransferInput(serializers.Serializer[Any]):
    """The small contract: `fromAccount` or `fromId`, `toAccount` or `toId`."""

    fromAccount = AccountIdField(required=False)
    toAccount = AccountIdField(required=False)
    fromId = AccountIdField(required=False)
    toId = AccountIdField(required=False)
    amount = AmountField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        found = {
            "fromAccount": attrs.get("fromAccount", attrs.get("fromId")),
            "toAccount": attrs.get("toAccount", attrs.get("toId")),
        }
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return {**found, "amount": attrs["amount"]}


class ReasonInput(serializers.Serializer[Any]):
    reason = TextField(required=False, default="")
