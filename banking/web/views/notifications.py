"""What a customer was told: the bell, and the page behind it."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from pymongo.errors import PyMongoError

from banking.selectors.notifications import (
    Notification,
    NotificationPage,
    Unread,
    notification_get_for_user,
    notifications_page,
    place_of,
    place_read,
    unread_of,
)
from banking.services.notifications import notification_mark_read, notifications_mark_read
from banking.web.methods import reads, sends
from banking.web.viewer import page_of, polled_part, private_action, private_page, viewer

UNREAD = "unread"


@reads
@private_page
def notifications(request: HttpRequest) -> HttpResponse:
    """One's notifications, newest first: all or the new ones, page by page into the list or as pages of their own."""
    cursor, show = request.GET.get("cursor", ""), request.GET.get("show", "")
    found = notifications_page(user=viewer(request), cursor=cursor or None, only_unread=show == UNREAD)
    # What is marked as read is what was shown: the button knows the newest of it. What is new comes before all others.
    is_new = not cursor and any(not one.is_read for one in found.items)
    page = {
        "notifications": found,
        "cursor": cursor,
        "show": UNREAD if show == UNREAD else "",
        "newest": place_of(found.items[0]) if is_new else None,
    }
    is_part = bool(getattr(request, "htmx", False)) and bool(cursor)
    return render(request, f"pages/notifications{'-rows' if is_part else ''}.html", {**page, "is_part": is_part})


@reads
@private_page
def follow(request: HttpRequest, notification_id: str) -> HttpResponse:
    """Go to what one notification is about, and have read it."""
    notification = notification_get_for_user(user=viewer(request), notification_id=notification_id)
    notification_mark_read(notification)
    return redirect(_about(notification))


def _about(notification: Notification) -> str:
    transaction = notification.data.get("transaction")
    if transaction:
        return reverse("transaction", args=[transaction])
    return f"{reverse('dashboard')}?{urlencode({'account': str(notification.account)})}"


@sends
@private_action(lambda _: reverse("notifications"))
def mark_read(request: HttpRequest) -> HttpResponse:
    """Have read one notification, or all that were shown."""
    if request.POST.get("one"):
        return _mark_one(request, request.POST["one"])
    until, _last = place_read(request.POST.get("newest", ""))
    if notifications_mark_read(user=viewer(request), until=until):
        messages.success(request, _("All notifications are marked as read."))
    return redirect(_list_address(request))


def _mark_one(request: HttpRequest, notification_id: str) -> HttpResponse:
    notification = notification_get_for_user(user=viewer(request), notification_id=notification_id)
    notification_mark_read(notification)
    if not getattr(request, "htmx", False):
        return redirect(_list_address(request))
    page = {"notifications": NotificationPage([replace(notification, is_read=True)], None), "is_part": True}
    response = render(request, "pages/notifications-rows.html", page)
    # The bell hears this, and looks.
    response["HX-Trigger"] = "notifications-read"
    return response


def _list_address(request: HttpRequest) -> str:
    query = f"?{urlencode({'show': UNREAD})}" if request.POST.get("show") == UNREAD else ""
    return reverse("notifications") + query


@reads
@polled_part
def bell(request: HttpRequest) -> HttpResponse:
    """The bell as it is now, for a page that has shown it before; no content when nothing has changed."""
    address = reverse("notifications")
    if not getattr(request, "htmx", False):
        return redirect(address)
    mark = request.GET.get("mark", "")
    unread = _unread(request)
    if unread is None or unread.mark == mark:
        return HttpResponse(status=204)
    here = "notifications" if page_of(request).partition("?")[0] == address else ""
    page = {"unread": unread, "here": here, "has_come": unread.came_after(mark)}
    return render(request, "pages/bell-part.html", page)


def _unread(request: HttpRequest) -> Unread | None:
    """Return what is new; None when the database does not say, for then the bell stays as it is."""
    try:
        return unread_of(viewer(request))
    except PyMongoError:
        return None
