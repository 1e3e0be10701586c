"""What a customer was told: the page behind the bell."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from banking.selectors.notifications import notifications_page, place_of, place_read
from banking.services.notifications import notifications_mark_read
from banking.web.methods import reads, sends
from banking.web.viewer import private_action, private_page, viewer


@reads
@private_page
def notifications(request: HttpRequest) -> HttpResponse:
    """One's notifications, newest first."""
    cursor = request.GET.get("cursor", "")
    found = notifications_page(user=viewer(request), cursor=cursor or None)
    # What is marked as read is what was shown: the button knows the newest of it. What is new comes before all others.
    is_new = not cursor and any(not one.is_read for one in found.items)
    page = {"notifications": found, "cursor": cursor, "newest": place_of(found.items[0]) if is_new else None}
    return render(request, "pages/notifications.html", page)


@sends
@private_action(lambda _: reverse("notifications"))
def mark_read(request: HttpRequest) -> HttpResponse:
    """Have read all that was shown."""
    until, _ = place_read(request.POST.get("newest", ""))
    if notifications_mark_read(user=viewer(request), until=until):
        messages.success(request, "All notifications are marked as read.")
    return redirect("notifications")
