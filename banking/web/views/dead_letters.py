"""For administrators: what could not be delivered, and another chance for it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from banking import limits
from banking.locales import number_text
from banking.selectors.dead_letters import dead_letters_page
from banking.selectors.deliveries import outbox_lag
from banking.services.deliveries import MOST_AT_ONCE, deliveries_requeue_all, delivery_requeue
from banking.web.methods import reads, reads_and_sends, sends
from banking.web.viewer import admin_action, admin_page, origin, viewer


def _address(request: HttpRequest, **_: object) -> str:
    return reverse("admin_dead_letters")


@reads
@admin_page
def dead_letters(request: HttpRequest) -> HttpResponse:
    """What could not be delivered, newest first, and how much else is waiting."""
    cursor = request.GET.get("cursor", "")
    page = {"page": dead_letters_page(cursor=cursor or None), "cursor": cursor, "lag": outbox_lag()}
    return render(request, "pages/dead-letters.html", page)


@sends
@admin_action(_address)
def requeue(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Try one delivery again."""
    limits.hit(request, group=limits.ADMIN)
    if delivery_requeue(admin=viewer(request), delivery_id=delivery_id, origin=origin(request)):
        messages.success(request, _("It is delivered again as soon as its turn comes."))
    else:
        messages.error(request, _("This delivery was not dead any more, so nothing was changed."))
    return redirect("admin_dead_letters")


@reads_and_sends
@admin_action(_address)
def requeue_all(request: HttpRequest) -> HttpResponse:
    """Ask once, then try all of them again."""
    if request.method != "POST":
        part = getattr(request, "htmx", False)
        template = "pages/dead-letters-question-part.html" if part else "pages/dead-letters-question.html"
        return render(request, template, {"lag": outbox_lag(), "most": MOST_AT_ONCE})
    limits.hit(request, group=limits.ADMIN)
    count = deliveries_requeue_all(admin=viewer(request), origin=origin(request))
    messages.success(request, _tried_again(count))
    return redirect("admin_dead_letters")


def _tried_again(count: int) -> str:
    words = ngettext("%(count)s delivery is tried again.", "%(count)s deliveries are tried again.", count)
    return words % {"count": number_text(count)}
