"""System checks that refuse settings with which Florin would be unsafe or would fail at the first request.

They carry the tag `security` and run always, not only with `check --deploy`: every command of `manage.py` runs them,
and `config.wsgi` does when a server starts. None of them needs the database.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import moneyed
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from ledger.signing import KeyInvalid, PrivateKey, PublicKey

ENVIRONMENTS = ("production", "development", "test")
SECRET_KEY_SHORTEST = 50
SECRET_KEY_FEWEST_CHARACTERS = 5
DEADLINE_LONGEST_SECONDS = 120
HOUR_SECONDS, DAY_SECONDS = 60 * 60, 24 * 60 * 60
STEP_MOST_ENTRIES, STEP_LEAST_SECONDS = 10_000, 0.1
_WEAK_SECRET_PREFIXES = ("django-insecure-", "florin-development-only-")

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)
_RATE = re.compile(r"[1-9][0-9]{0,8}/([1-9][0-9]{0,4})?[smhd]", re.ASCII)

Check = Callable[..., list[CheckMessage]]


def _security_check(find: Callable[[], Iterator[Error]]) -> Check:
    """Register a generator of errors as a system check."""

    def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
        return list(find())

    check.__name__ = find.__name__
    check.__doc__ = find.__doc__
    return register(check, Tags.security)


@_security_check
def check_environment() -> Iterator[Error]:
    """`FLORIN_ENV` is one that we know; a misspelt `developement` should not be guessed at."""
    if settings.FLORIN_ENV not in ENVIRONMENTS:
        yield Error(
            f"FLORIN_ENV is {settings.FLORIN_ENV!r}, which is none of {', '.join(ENVIRONMENTS)}.",
            hint="Set FLORIN_ENV to one of these, or leave it out for production.",
            id="florin.E001",
        )


@_security_check
def check_debug() -> Iterator[Error]:
    """Error pages with source code and settings are not for the public."""
    if settings.IS_PRODUCTION and settings.DEBUG:
        yield Error(
            "DEBUG is on in production.",
            hint="Leave DEBUG out of the environment, or set FLORIN_ENV=development on a developer's machine.",
            id="florin.E002",
        )


@_security_check
def check_secret_key() -> Iterator[Error]:
    """Whoever guesses the key can sign sessions and tokens for everybody."""
    problem = _secret_key_problem(_secret_key()) if settings.IS_PRODUCTION else None
    if problem:
        yield Error(
            f"SECRET_KEY {problem}.",
            hint="Set SECRET_KEY to a secret random text, such as the output of "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'.",
            id="florin.E003",
        )


@_security_check
def check_allowed_hosts() -> Iterator[Error]:
    """Without the names of the site, links and origin checks can be made to believe in any host."""
    hosts = [host.strip() for host in settings.ALLOWED_HOSTS]
    if settings.IS_PRODUCTION and (not hosts or any(host in {"", "*", "."} for host in hosts)):
        yield Error(
            "ALLOWED_HOSTS is empty." if not hosts else "ALLOWED_HOSTS allows every host.",
            hint="Set ALLOWED_HOSTS to the names under which the site is reached, separated by commas.",
            id="florin.E004",
        )


@_security_check
def check_currencies() -> Iterator[Error]:
    """Every currency is one of ISO 4217, named once."""
    unknown = [code for code in settings.CURRENCIES if not _is_currency(code)]
    if unknown or not settings.CURRENCIES or len(set(settings.CURRENCIES)) != len(settings.CURRENCIES):
        yield Error(
            f"CURRENCIES has codes that ISO 4217 does not know: {', '.join(map(repr, unknown))}."
            if unknown
            else "CURRENCIES is empty or names a currency twice.",
            hint="Set CURRENCIES to codes in upper case, separated by commas, such as INR,EUR,USD.",
            id="florin.E005",
        )


@_security_check
def check_default_currency() -> Iterator[Error]:
    """The default currency is one that is offered."""
    if settings.DEFAULT_CURRENCY not in settings.CURRENCIES:
        yield Error(
            f"DEFAULT_CURRENCY is {settings.DEFAULT_CURRENCY!r}, which is not among CURRENCIES.",
            hint=f"Set DEFAULT_CURRENCY to one of {', '.join(settings.CURRENCIES) or 'the offered currencies'}.",
            id="florin.E006",
        )


@_security_check
def check_transfer_cap() -> Iterator[Error]:
    """The cap can be read, or the first transfer would fail."""
    if not all(_is_cap(part.strip()) for part in settings.TRANSFER_CAP.split(",")):
        yield Error(
            f"TRANSFER_CAP is {settings.TRANSFER_CAP!r}, which cannot be read.",
            hint="Set TRANSFER_CAP to an amount above zero (10000) or to one for each currency (INR=10000,USD=500).",
            id="florin.E007",
        )


@_security_check
def check_opening_balance() -> Iterator[Error]:
    """The opening balance can be read, or the first account could not be opened."""
    bounds = settings.OPENING_BALANCE.split("-")
    readable = len(bounds) <= 2 and all(_AMOUNT.fullmatch(bound) for bound in bounds)
    if not readable or Decimal(bounds[0]) > Decimal(bounds[-1]):
        yield Error(
            f"OPENING_BALANCE is {settings.OPENING_BALANCE!r}, which cannot be read.",
            hint="Set OPENING_BALANCE to 0, to an amount (1000) or to a smaller and a larger one (1-10000).",
            id="florin.E008",
        )


@_security_check
def check_rate_limits() -> Iterator[Error]:
    """The request limits can be read; a misspelt one must not mean none."""
    for name in ("RATE_LIMIT_API", "RATE_LIMIT_STRICT"):
        rate = getattr(settings, name)
        if rate != "off" and not _RATE.fullmatch(rate):
            yield Error(
                f"{name} is {rate!r}, which cannot be read.",
                hint=f"Set {name} to requests per time, such as 500/15m (units s, m, h, d), or to off.",
                id="florin.E009",
            )


@_security_check
def check_trusted_proxies() -> Iterator[Error]:
    """The proxies are addresses or networks."""
    for proxy in settings.TRUSTED_PROXIES:
        if not _is_network(proxy):
            yield Error(
                f"TRUSTED_PROXIES has {proxy!r}, which is neither an address nor a network.",
                hint="Set TRUSTED_PROXIES to addresses or networks, separated by commas, such as 10.0.0.0/8,::1.",
                id="florin.E010",
            )


@_security_check
def check_webhook_networks() -> Iterator[Error]:
    """The networks that webhooks may reach are networks, and not all there is."""
    for network in settings.WEBHOOK_ALLOWED_NETWORKS:
        if not _is_network(network):
            yield Error(
                f"WEBHOOK_ALLOWED_NETWORKS has {network!r}, which is neither an address nor a network.",
                hint="Set WEBHOOK_ALLOWED_NETWORKS to addresses or networks, separated by commas: 10.1.0.0/16.",
                id="florin.E015",
            )


@_security_check
def check_transfer_deadline() -> Iterator[Error]:
    """A transfer gets some time, and less than a browser waits."""
    if not 1 <= settings.TRANSFER_DEADLINE_SECONDS <= DEADLINE_LONGEST_SECONDS:
        yield Error(
            f"TRANSFER_DEADLINE_SECONDS is {settings.TRANSFER_DEADLINE_SECONDS}.",
            hint=f"Set TRANSFER_DEADLINE_SECONDS to a number from 1 to {DEADLINE_LONGEST_SECONDS}.",
            id="florin.E011",
        )


@_security_check
def check_checkpoint_keys() -> Iterator[Error]:
    """The keys can be read, or no checkpoint could be made or checked."""
    if settings.CHECKPOINT_KEY and not _is_key(PrivateKey, settings.CHECKPOINT_KEY):
        yield Error(
            "CHECKPOINT_KEY is no Ed25519 key in base64.",
            hint="Set CHECKPOINT_KEY to a key that `manage.py make_checkpoint_key` made, or leave it out.",
            id="florin.E012",
        )
    if not all(_is_key(PublicKey, text) for text in settings.CHECKPOINT_PUBLIC_KEYS):
        yield Error(
            "CHECKPOINT_PUBLIC_KEYS has a key that is no Ed25519 key in base64.",
            hint="Set CHECKPOINT_PUBLIC_KEYS to public keys that `manage.py make_checkpoint_key` made, "
            "separated by commas.",
            id="florin.E013",
        )


@register(Tags.security)
def check_signed(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Somebody can check what was signed, and so it is signed at all."""
    if not settings.IS_PRODUCTION or settings.CHECKPOINT_PUBLIC_KEYS or settings.CHECKPOINT_KEY:
        return []
    return [
        Warning(
            "CHECKPOINT_PUBLIC_KEYS is not set: the books are not signed, and nobody can check a receipt.",
            hint="Set it, and CHECKPOINT_KEY for the worker alone, to what `manage.py make_checkpoint_key` prints.",
            id="florin.W012",
        )
    ]


@_security_check
def check_checkpoint_seconds() -> Iterator[Error]:
    """Checkpoints are made now and then."""
    if not 1 <= settings.CHECKPOINT_SECONDS <= DAY_SECONDS:
        yield Error(
            f"CHECKPOINT_SECONDS is {settings.CHECKPOINT_SECONDS}.",
            hint=f"Set CHECKPOINT_SECONDS to a number from 1 to {DAY_SECONDS}.",
            id="florin.E014",
        )


@_security_check
def check_verification() -> Iterator[Error]:
    """Verification goes on all the time, in small parts."""
    for name, least, most in (
        ("VERIFICATION_STEP_ENTRIES", 1, STEP_MOST_ENTRIES),
        ("VERIFICATION_STEP_SECONDS", STEP_LEAST_SECONDS, HOUR_SECONDS),
        ("VERIFICATION_ROUND_SECONDS", 1, DAY_SECONDS),
    ):
        if not least <= getattr(settings, name) <= most:
            yield Error(
                f"{name} is {getattr(settings, name)}.",
                hint=f"Set {name} to a number from {least} to {most}.",
                id="florin.E018",
            )


def _is_key(kind: type[PrivateKey] | type[PublicKey], text: str) -> bool:
    try:
        kind(text)
    except KeyInvalid:
        return False
    return True


def _secret_key() -> str:
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:
        # Django's way to say that it is empty.
        return ""


def _secret_key_problem(key: str) -> str | None:
    if not key.strip():
        return "is missing"
    if key.startswith(_WEAK_SECRET_PREFIXES):
        return "is the one that is meant for development"
    if len(key) < SECRET_KEY_SHORTEST:
        return f"is shorter than {SECRET_KEY_SHORTEST} characters"
    if len(set(key)) < SECRET_KEY_FEWEST_CHARACTERS:
        return f"has fewer than {SECRET_KEY_FEWEST_CHARACTERS} different characters"
    return None


def _is_currency(code: str) -> bool:
    try:
        return bool(moneyed.get_currency(code).code == code)
    except moneyed.CurrencyDoesNotExist:
        return False


def _is_cap(part: str) -> bool:
    name, equals, amount = part.rpartition("=")
    if equals and name.strip() not in settings.CURRENCIES:
        return False
    return bool(_AMOUNT.fullmatch(amount.strip())) and Decimal(amount.strip()) > 0


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
