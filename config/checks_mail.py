"""System checks of the settings for e-mail and for the worker, as those in `config.checks`."""

from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from config.mail import is_mail_url

_EXAMPLE = ".example"


@register(Tags.security)
def check_mail(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """E-mails have somewhere to go and somebody to come from."""
    return list(_mail_problems())


def _mail_problems() -> Iterator[CheckMessage]:
    if settings.EMAIL_URL and not is_mail_url(settings.EMAIL_URL):
        # The address may hold a password.
        yield Error(
            "EMAIL_URL cannot be read.",
            hint="Set EMAIL_URL to an address such as smtp+tls://user:password@mail.example:587.",
            id="florin.E021",
        )
    elif settings.IS_PRODUCTION and not settings.EMAIL_URL:
        yield Warning(
            "EMAIL_URL is not set: nobody gets e-mail.",
            hint="Set EMAIL_URL to an address such as smtp+tls://user:password@mail.example:587, "
            "or to dummymail:// to do without.",
            id="florin.W021",
        )
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    is_sent = settings.IS_PRODUCTION and settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
    if "@" not in address or (is_sent and address.endswith(_EXAMPLE)):
        yield Error(
            f"DEFAULT_FROM_EMAIL is {settings.DEFAULT_FROM_EMAIL!r}, from which nobody can send.",
            hint="Set DEFAULT_FROM_EMAIL to an address of your own, such as Florin <bank@yourbank.org>.",
            id="florin.E022",
        )


@register(Tags.security)
def check_delivery_threads(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Somebody makes the deliveries, and not a crowd."""
    if 1 <= settings.DELIVERY_THREADS <= 64:
        return []
    return [
        Error(
            f"DELIVERY_THREADS is {settings.DELIVERY_THREADS}.",
            hint="Set DELIVERY_THREADS to a number from 1 to 64.",
            id="florin.E023",
        )
    ]
