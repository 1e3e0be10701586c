"""Which methods a page answers; every other one gets a page that says so, of the same design as all others."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from banking.web.failures import wrong_method

View = Callable[..., HttpResponseBase]


def answers(*methods: str) -> Callable[[View], View]:
    """Let a view answer these methods alone: `@answers("GET", "POST")`. HEAD comes with GET."""
    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
            if request.method in allowed:
                return view(request, *args, **values)
            return HttpResponseNotAllowed(allowed, content=wrong_method(request))

        return answer

    return decorate


reads = answers("GET")
sends = answers("POST")
reads_and_sends = answers("GET", "POST")
