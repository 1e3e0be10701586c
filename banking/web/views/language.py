"""Choosing the language of the pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from accounts.profile import language_choose
from banking.web.language import is_offered, language_keep
from banking.web.methods import sends
from banking.web.viewer import safe_next


@sends
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language, in a cookie and for e-mails to whoever is signed in, and go back to the page."""
    response = redirect(safe_next(request, reverse("landing")))
    chosen = request.POST.get("language", "")
    if is_offered(chosen):
        if isinstance(request.user, User):
            language_choose(user=request.user, language=chosen)
        language_keep(response, chosen)
    return response
