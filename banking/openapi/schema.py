"""The schema of every view of the API, made by drf-spectacular from what stands next to the view."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.permissions import AllowAny

from banking.openapi.components import COMPONENTS
from banking.openapi.describe import Description, description_of
from banking.openapi.groups import group_of
from banking.openapi.refusals import codes_of, error_shape
from banking.openapi.responses import header_parameters
from banking.openapi.samples import KEY, OLIVIAS, TRANSFER_ID
from banking.openapi.shapes import Shape, example_of, ref, text

_ID = "^[0-9A-Fa-f]{24}$"
# What stands in an address, by its name in `banking.api.urls`.
PATH_PARTS: dict[str, Shape] = {
    "account_id": text(OLIVIAS, "The id of an account.", pattern=_ID),
    "transaction_id": text(TRANSFER_ID, "The id of a transfer.", pattern=_ID),
    "key": text(KEY, "The idempotency key.", pattern="^[!-~]{1,128}$"),
}


class DescribedSchema(AutoSchema):
    """Answers the generator's questions from the description."""

    @property
    def told(self) -> Description:
        return description_of(self.view, self.method)

    def get_operation_id(self) -> str:
        return self.told.name

    def get_summary(self) -> str:
        return self.told.summary

    def get_description(self) -> str:  # type: ignore[override]
        return self.told.note

    def get_tags(self) -> list[str]:
        return [group_of(self.path)]

    def get_extensions(self) -> dict[str, Any]:
        return {"x-who": self.told.who or _who(self.view)}

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Either of the two ways to sign in; an empty one where it is not needed."""
        return [{}] if _who(self.view) == "anyone" else [{"bearer": []}, {"cookie": []}]

    def get_request_serializer(self) -> Any:
        body = self.told.body
        return {"application/json": ref(body)} if isinstance(body, str) else body

    def get_response_serializers(self) -> Any:
        answers = {status: _answer(body, meaning) for status, (body, meaning) in self.told.answers.items()}
        has_ids = "{" in self.path
        refused = codes_of(self.view, self.method, self.told, has_ids=has_ids)
        return answers | {status: _refusal(self.told.error_body, codes) for status, codes in refused.items()}

    def get_examples(self) -> list[OpenApiExample]:
        told = self.told
        if told.body is None:
            return []
        value = example_of(ref(told.body), COMPONENTS) if isinstance(told.body, str) else told.example
        return [OpenApiExample("request", value=value, request_only=True)]

    def get_override_parameters(self) -> list[Any]:
        parts = [
            OpenApiParameter(name, shape, OpenApiParameter.PATH, required=True)
            for name, shape in PATH_PARTS.items()
            if f"{{{name}}}" in self.path
        ]
        asked = [OpenApiParameter(each.name, each.shape, each.place, required=False) for each in self.told.parameters]
        return parts + asked + header_parameters(self.told, set(self.get_response_serializers()))


def _who(view: Any) -> str:
    if any(isinstance(permission, AllowAny) for permission in view.get_permissions()):
        return "anyone"
    return str(getattr(view, "who", "signed in"))


def _answer(body: str, meaning: str) -> OpenApiResponse:
    example = OpenApiExample("answer", value=example_of(ref(body), COMPONENTS))
    return OpenApiResponse(ref(body), meaning, [example])


def _refusal(body: str, codes: dict[str, str]) -> OpenApiResponse:
    examples = [OpenApiExample(code, summary=code, value=_error_example(body, code, codes[code])) for code in codes]
    meaning = " ".join(f"{code}: {sentence}" for code, sentence in codes.items())
    return OpenApiResponse(error_shape(body, codes), meaning, examples)


def _error_example(body: str, code: str, message: str) -> dict[str, Any]:
    return {"success": False, "code": code, "message": message} if body == "Error" else {"message": message}
