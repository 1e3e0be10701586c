"""Pages for requests that cannot be answered: what happened, and what to do.

Those that may be shown because the database is away (`crash`, 503) are rendered without the request, so that no
context processor looks for a session.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode

from banking.errors import Failure
from banking.web.viewer import theme_of
from config.request_ids import request_id


def not_found(request: HttpRequest) -> HttpResponse:
    """Nothing is here, or nothing for this person; the two look the same."""
    return render(request, "errors/404.html", status=404)


def forbidden(request: HttpRequest) -> HttpResponse:
    """Signed in, but not as somebody who may."""
    return render(request, "errors/403.html", status=403)


def bad_request(request: HttpRequest) -> HttpResponse:
    """The request makes no sense; it may also come from a strange host name, so its session is not looked at."""
    return _bare(request, "errors/400.html", 400)


def crash(request: HttpRequest) -> HttpResponse:
    """Something broke on our side."""
    return _bare(request, "errors/500.html", 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its protection, or with an old one."""
    return _bare(request, "errors/csrf.html", 403)


def wrong_method(request: HttpRequest) -> str:
    """Return the page for a method that an address does not take, such as a form's address that was opened."""
    return render_to_string("errors/405.html", {"theme": theme_of(request)})


def failed(request: HttpRequest, failure: Failure) -> HttpResponse:
    """Answer one of the bank's own exceptions that no page took care of."""
    if failure.status == 401:
        return redirect(f"{reverse('login')}?{urlencode({'next': request.path})}")
    if failure.status == 403:
        return forbidden(request)
    if failure.status == 404:
        return not_found(request)
    known = {429: "errors/429.html", 503: "errors/503.html"}
    if failure.status == 503 and _asked_of(request) == "send_confirm":
        response = _outcome_unknown(request)
    else:
        response = _bare(request, known.get(failure.status, "errors/refused.html"), failure.status, failure)
    if failure.retry_after is not None:
        response["Retry-After"] = str(failure.retry_after)
    return response


def _asked_of(request: HttpRequest) -> str:
    return (request.resolver_match.url_name or "") if request.resolver_match else ""


def _outcome_unknown(request: HttpRequest) -> HttpResponse:
    """Nobody knows whether the money has moved; the page finds out by the transfer's key."""
    key = request.resolver_match.kwargs["key"] if request.resolver_match else ""
    asked = urlencode({"account": request.POST.get("account", "")})
    address = f"{reverse('send_outcome', args=[key])}?{asked}"
    words = {"theme": theme_of(request), "address": address, "key": key, "request_id": request_id()}
    return HttpResponse(render_to_string("errors/outcome-unknown.html", words), status=503)


def _bare(request: HttpRequest, template: str, status: int, failure: Failure | None = None) -> HttpResponse:
    text = render_to_string(template, {"theme": theme_of(request), "failure": failure, "request_id": request_id()})
    return HttpResponse(text, status=status)
