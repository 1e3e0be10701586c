"""The shapes of requests. Types are taken as they are: a number is no text, a text is no number."""

from typing import Any

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
        else:
            attrs.pop("name", None)  # What is left in has been used, and is what errors are about.
        missing = [name for name in ("firstName", "lastName") if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return attrs


class ProfileInput(serializers.Serializer[Any]):
    """Any of these; a new password comes with the current one."""

    firstName = TextField(required=False)
    lastName = TextField(required=False)
    password = TextField(required=False)
    currentPassword = TextField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() - {"currentPassword"}:
            raise serializers.ValidationError({"request": ["There is nothing to change: send a name or a password."]})
        if "password" in attrs and "currentPassword" not in attrs:
            raise serializers.ValidationError({"currentPassword": ["This field is required for a new password."]})
        return attrs


class LoginInput(serializers.Serializer[Any]):
    email = TextField()
    password = TextField()


class RefreshInput(serializers.Serializer[Any]):
    refreshToken = TextField(max_length=4_000)


class AccountInput(serializers.Serializer[Any]):
    currency = TextField(required=False, allow_null=True)


class ReasonInput(serializers.Serializer[Any]):
    reason = TextField(required=False, default="")


class WalletSignInInput(serializers.Serializer[Any]):
    """`username` is the e-mail address."""

    username = TextField()
    password = TextField()


class WalletSignUpInput(WalletSignInInput):
    firstName = TextField()
    lastName = TextField()
