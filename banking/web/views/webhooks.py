"""Webhooks: a customer has their own server called, and sees what became of each call."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from banking import limits
from banking.errors import FieldsInvalid, TooManyWebhooks, WebhookAddressRefused, WebhookDisabled, WebhookExists
from banking.selectors.deliveries import deliveries_of_target
from banking.selectors.webhooks import webhook_get_for_user, webhooks_of_user
from banking.services import webhooks as services
from banking.web.methods import reads, reads_and_sends, sends
from banking.web.viewer import origin, private_action, private_page, viewer
from banking.web.webhook_forms import WebhookForm
from banking.webhooks.records import MOST_OF_OWNER, Webhook

# How often the page looks again after a test, every two seconds.
_LOOKS = 10


def _address(request: HttpRequest, webhook_id: str) -> str:
    return reverse("webhook", args=[webhook_id])


@reads_and_sends
@private_page
def webhooks(request: HttpRequest) -> HttpResponse:
    """One's webhooks, and a form for another one."""
    if request.method != "POST":
        return _list(request, WebhookForm())
    limits.hit(request, group=limits.WEBHOOKS)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            return _register(request, form)
        except (WebhookAddressRefused, WebhookExists) as error:
            form.add_error("url", error.message)
        except (TooManyWebhooks, FieldsInvalid) as error:
            form.add_error(None, error.message)
    return _list(request, form, status=422)


def _register(request: HttpRequest, form: WebhookForm) -> HttpResponse:
    webhook, secret = services.webhook_register(
        user=viewer(request),
        url=form.cleaned_data["url"],
        wanted=form.cleaned_data["events"],
        origin=origin(request),
    )
    return _secret_page(request, webhook, secret, is_new=True)


def _list(request: HttpRequest, form: WebhookForm, status: int = 200) -> HttpResponse:
    found = webhooks_of_user(viewer(request))
    page = {"webhooks": found, "form": form, "most": MOST_OF_OWNER, "is_full": len(found) >= MOST_OF_OWNER}
    return render(request, "pages/webhooks.html", page, status=status)


def _secret_page(request: HttpRequest, webhook: Webhook, secret: str, *, is_new: bool) -> HttpResponse:
    """Show a secret in the very answer that made it: so it is kept nowhere but sealed."""
    return render(request, "pages/webhook-secret.html", {"webhook": webhook, "secret": secret, "is_new": is_new})


@reads
@private_page
def webhook(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """What became of the calls of a webhook, newest first."""
    found = webhook_get_for_user(user=viewer(request), webhook_id=webhook_id)
    cursor = request.GET.get("cursor", "")
    page = {
        "webhook": found,
        "calls": deliveries_of_target(target=found.id, cursor=cursor or None),
        "cursor": cursor,
        "looks": 0 if cursor else _looks_left(request),
    }
    return render(request, "pages/webhook.html", page)


def _looks_left(request: HttpRequest) -> int:
    """Return how often the page is to look again by itself, which its address says after a test."""
    text = request.GET.get("looks", "")
    return min(int(text), _LOOKS) if text.isascii() and text.isdigit() and len(text) < 3 else 0


@reads_and_sends
@private_action(_address)
def remove(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Ask once, then forget a webhook."""
    found = webhook_get_for_user(user=viewer(request), webhook_id=webhook_id)
    if request.method != "POST":
        return _question(request, found, "remove")
    limits.hit(request, group=limits.WEBHOOKS)
    services.webhook_remove(webhook=found, origin=origin(request))
    messages.success(request, _("The webhook was removed. Its address is not called any more."))
    return redirect("webhooks")


@reads_and_sends
@private_action(_address)
def renew(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Ask once, then make a new secret and show it."""
    found = webhook_get_for_user(user=viewer(request), webhook_id=webhook_id)
    if request.method != "POST":
        return _question(request, found, "renew")
    limits.hit(request, group=limits.WEBHOOKS)
    secret = services.webhook_secret_renew(webhook=found, origin=origin(request))
    return _secret_page(request, found, secret, is_new=False)


def _question(request: HttpRequest, found: Webhook, change: str) -> HttpResponse:
    part = getattr(request, "htmx", False)
    template = "pages/webhook-question-part.html" if part else "pages/webhook-question.html"
    return render(request, template, {"webhook": found, "change": change})


@sends
@private_action(_address)
def enable(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Have a webhook called again."""
    limits.hit(request, group=limits.WEBHOOKS)
    found = webhook_get_for_user(user=viewer(request), webhook_id=webhook_id)
    services.webhook_enable(webhook=found, origin=origin(request))
    messages.success(request, _("The webhook is called again, from the next event on."))
    return redirect("webhook", webhook_id)


@sends
@private_action(_address)
def test(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Send a test, in the same way as everything else."""
    limits.hit(request, group=limits.WEBHOOKS)
    found = webhook_get_for_user(user=viewer(request), webhook_id=webhook_id)
    try:
        services.webhook_test(webhook=found, origin=origin(request))
    except WebhookDisabled as error:
        messages.error(request, error.message)
        return redirect("webhook", webhook_id)
    messages.success(request, _("A test is on its way. What becomes of it shows below."))
    return redirect(f"{_address(request, webhook_id)}?looks={_LOOKS}")
