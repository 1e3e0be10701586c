"""What only pages need: a language, a session, its person, messages, a policy for scripts. Programs pass them by.

Together they would be a tenth of the time that an answer to a program takes.
"""

from collections.abc import Callable
from typing import Any, cast

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import add_never_cache_headers

from accounts.session_records import Visit
from accounts.session_store import SessionStore
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


class BrowserSessionMiddleware(SessionMiddleware):
    """Django's own, which also tells the session who asks, and writes down now and then that somebody was here.

    What was answered to somebody by their session stays out of every cache, pages about failures too: there is a name
    at the head of each.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        _session_of(request).visit = Visit(
            address=str(request.META.get("REMOTE_ADDR", "")), agent=request.headers.get("User-Agent", "")
        )

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            answer = super().process_response(request, response)
        except SessionInterrupted:
            # The session was ended in another browser meanwhile. What was asked is done, so that is the answer; it
            # was the last one.
            response.delete_cookie(settings.SESSION_COOKIE_NAME, samesite="Lax")
            return response
        session = _session_of(request)
        if session.is_somebodys and not answer.has_header("Cache-Control"):
            add_never_cache_headers(answer)
        session.see()
        return answer


def _session_of(request: HttpRequest) -> SessionStore:
    return cast(SessionStore, request.session)


# None of them has more to say than its call: no hook for views, exceptions or templates is lost.
compression = _for_pages(CompressionMiddleware)
language = _for_pages(LanguageMiddleware)
content_policy = _for_pages(CSPMiddleware)
session = _for_pages(BrowserSessionMiddleware)
sign_in = _for_pages(AuthenticationMiddleware)
messages = _for_pages(MessageMiddleware)
