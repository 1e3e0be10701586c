"""For administrators: whether the books are right, and how it is known."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banking.selectors.integrity import integrity
from banking.web.methods import reads
from banking.web.viewer import admin_page
from ledger.records import now


@reads
@admin_page
def page(request: HttpRequest) -> HttpResponse:
    """The state at a glance, then everything that it rests on."""
    known = integrity()
    next_round = (
        None
        if known.finished is None
        else known.finished.started_at + timedelta(seconds=settings.VERIFICATION_ROUND_SECONDS)
    )
    return render(request, "pages/integrity.html", {"known": known, "next_round": next_round, "now": now()})
