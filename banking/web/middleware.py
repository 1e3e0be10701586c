"""What only pages need: a session, its person, messages, the policy for scripts. A program's request passes them by.

Together they would be a tenth of the time that an answer to a program takes.
"""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from banking.origin import is_api

Handler = Callable[[HttpRequest], HttpResponse]


def _for_pages(middleware: Callable[[Any], Any]) -> Callable[[Handler], Handler]:
    """Return the middleware so that it stands aside when a program asks."""

    def make(get_response: Handler) -> Handler:
        for_pages: Handler = middleware(get_response)

        def handle(request: HttpRequest) -> HttpResponse:
            return get_response(request) if is_api(request) else for_pages(request)

        return handle

    return make


# None of them has more to say than its call: no hook for views, exceptions or templates is lost.
content_policy = _for_pages(CSPMiddleware)
session = _for_pages(SessionMiddleware)
sign_in = _for_pages(AuthenticationMiddleware)
messages = _for_pages(MessageMiddleware)
