"""What only pages need: a language, a session, its person, messages, a policy for scripts. Programs pass them by.

Together they would be a tenth of the time that an answer to a program takes.
"""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from banking.origin import is_api
from banking.web.language import LanguageMiddleware

Handler = Callable[[HttpRequest], HttpResponse]


def _for_pages(middleware: Callable[[Any], Any]) -> Callable[[Handler], Handler]:
    """Return the middleware so that it stands aside when a program asks."""

    def make(get_response: Handler) -> Handler:
        for_pages: Handler = middleware(get_response)

        def handle(request: HttpRequest) -> HttpResponse:
            return get_response(request) if is_api(request) else for_pages(request)

        return handle

    return make


class CompressionMiddleware(GZipMiddleware):
    """Compress pages, and in development their files; fonts and whatever else is compressed already goes as it is.

    Lengths tell nothing of a page's secrets: Django masks the CSRF token anew in each and adds noise of its own.
    """

    _TEXTS = ("text/", "image/svg+xml", "application/json", "application/javascript")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.get("Content-Type", "").startswith(self._TEXTS):
            return response
        return super().process_response(request, response)


# None of them has more to say than its call: no hook for views, exceptions or templates is lost.
compression = _for_pages(CompressionMiddleware)
language = _for_pages(LanguageMiddleware)
content_policy = _for_pages(CSPMiddleware)
session = _for_pages(SessionMiddleware)
sign_in = _for_pages(AuthenticationMiddleware)
messages = _for_pages(MessageMiddleware)
