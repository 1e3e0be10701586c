"""For administrators: whether the books are right, and how it is known."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banking.selectors.integrity import integrity
from banking.web.methods import reads
from banking.web.viewer import admin_page


@reads
@admin_page
def page(request: HttpRequest) -> HttpResponse:
    """The state at a glance, then everything that it rests on."""
    return render(request, "pages/integrity.html", {"known": integrity()})
