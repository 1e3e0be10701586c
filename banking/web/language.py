"""The language that a page is in: what was chosen in this browser, else what the browser asks for, else English.

Programs are answered in English whatever they accept: they compare codes, and people search for the sentences.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request, override

from accounts.models import User
from banking.web.preferences import preference_keep


class LanguageMiddleware:
    """Answer in the reader's language, and tell caches that the answer depends on it."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = get_language_from_request(request)
        with override(language):
            response: Any = self.get_response(request)
        if response.streaming:
            response.streaming_content = _in_language(iter(response.streaming_content), language)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response  # type: ignore[no-any-return]


def _in_language(parts: Iterator[bytes], language: str) -> Iterator[bytes]:
    """Make the parts of a long answer, which is written after it has left the middleware, in its language too."""
    while True:
        with override(language):
            part = next(parts, None)
        if part is None:
            return
        yield part


def is_offered(language: str) -> bool:
    """Whether the bank speaks a language."""
    return language in dict(settings.LANGUAGES)


def language_follow(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Have a browser in which no language was chosen remember the one that its person has chosen elsewhere."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if not is_offered(chosen) and is_offered(user.language):
        language_keep(response, user.language)


def language_keep(response: HttpResponse, language: str) -> None:
    """Have the browser remember a language."""
    preference_keep(response, name=settings.LANGUAGE_COOKIE_NAME, value=language)
