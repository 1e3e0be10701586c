"""Choosing the form of an answer, which is JSON."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

_TAKES_JSON = {"", "*/*", "application/json", "application/json, */*"}


class JsonNegotiation(DefaultContentNegotiation):
    """Answer at once those who take JSON or anything, which is nearly everybody; weigh the wishes of the others."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        if request.META.get("HTTP_ACCEPT", "") in _TAKES_JSON:
            return renderers[0], renderers[0].media_type
        found: tuple[Any, str] = super().select_renderer(request, renderers, format_suffix)
        return found
