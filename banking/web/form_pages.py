"""Answering with a page that has a form on it, as it was opened or with what is wrong."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banking.web.door_forms import RefusableForm


def form_page(request: HttpRequest, template: str, form: RefusableForm, page: dict[str, Any]) -> HttpResponse:
    """Render a page: 200 as it is opened, 422 with what is wrong, 429 with when the form may be sent again.

    Args:
        request: of the page.
        template: of the page.
        form: the one that was sent, or any one of it while none was.
        page: what the template asks for.
    """
    status = 429 if form.retry_after else 422 if form.errors else 200
    response = render(request, template, page, status=status)
    if form.retry_after:
        response["Retry-After"] = str(form.retry_after)
    return response
