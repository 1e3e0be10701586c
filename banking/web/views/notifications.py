"""What a customer was told: the page behind the bell."""

import re
from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from banking.selectors.notifications import notifications_page
from banking.services.notifications import notifications_mark_read
from banking.web.methods import reads, sends
from banking.web.viewer import private_action, private_page, viewer

# As the page writes it; so many digits are a moment of this age of the world.
_MOMENT = re.compile(r"[0-9]{1,13}", re.ASCII)


@reads
@private_page
def notifications(request: HttpRequest) -> HttpResponse:
    """One's notifications, newest first."""
    cursor = request.GET.get("cursor", "")
    found = notifications_page(user=viewer(request), cursor=cursor or None)
    # What is marked as read is what was shown, so the button knows the newest of it.
    newest = found.items[0].created_at if found.items and not cursor else None
    page = {
        "notifications": found,
        "cursor": cursor,
        "until": None if newest is None else int(newest.timestamp() * 1000),
    }
    return render(request, "pages/notifications.html", page)


@sends
@private_action(lambda _: reverse("notifications"))
def mark_read(request: HttpRequest) -> HttpResponse:
    """Have read all that was shown."""
    text = request.POST.get("until", "")
    if _MOMENT.fullmatch(text):
        # Of a millisecond the database keeps all, and a float of seconds may lose a little.
        until = datetime.fromtimestamp(int(text) // 1000, tz=UTC).replace(microsecond=int(text) % 1000 * 1000)
        if notifications_mark_read(user=viewer(request), until=until):
            messages.success(request, "All notifications are marked as read.")
    return redirect("notifications")
