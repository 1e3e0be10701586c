"""For administrators: the bank at a glance, which keeps itself up to date."""

from datetime import date
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from banking.selectors.days import today
from banking.selectors.overview import Present, by_day, by_month, first_day_shown, present
from banking.services.days import days_fill
from banking.web.figures import bank_charts
from banking.web.methods import reads
from banking.web.viewer import admin_page, polled_part
from ledger.money import offered_currencies

_DAY, _MONTH = "day", "month"
# What the worker has not counted yet is counted for the page as far as nobody waits for it.
_PATIENCE_SECONDS = 0.5


@reads
@polled_part
@admin_page
def overview(request: HttpRequest) -> HttpResponse:
    """Figures, charts, the state of the ledger and the last failures; for a script only when they have changed."""
    found = present()
    seen, mark = request.GET.get("seen"), _mark(found, today())
    is_news = seen is not None and getattr(request, "htmx", False)
    if is_news and seen == mark:
        # Nothing has changed since the page was made.
        return HttpResponse(status=204)
    page = {"present": found, "mark": mark, "share": _share(found), **_over_time(request, found)}
    return render(request, f"pages/admin-overview{'-news' if is_news else ''}.html", page)


def _over_time(request: HttpRequest, found: Present) -> dict[str, Any]:
    currencies = offered_currencies()
    wanted, by = request.GET.get("currency", ""), request.GET.get("by", "")
    currency = wanted if wanted in currencies else settings.DEFAULT_CURRENCY
    by = by if by in {_DAY, _MONTH} else _DAY
    if by == _DAY:
        days_fill(first=first_day_shown(), most=31, seconds=_PATIENCE_SECONDS)
    stretches = by_day(found.unfinished) if by == _DAY else by_month(found.unfinished)
    return {
        "by": by,
        "stretches": {_DAY: _("30 days"), _MONTH: _("12 months")},
        "currency": currency,
        "currencies": currencies,
        "charts": bank_charts(stretches, by_month=by == _MONTH, currency=currency),
    }


def _share(found: Present) -> float | None:
    """Return how many of a hundred transactions failed; None while there is none."""
    return 100 * found.stats.failed / found.stats.transactions if found.stats.transactions else None


def _mark(found: Present, day: date) -> str:
    """Return what changes with everything that a reader of the page would see change."""
    known, lag = found.known, found.known.outbox
    shown = (
        day,
        found.people,
        sorted(found.accounts.items()),
        found.stats.transactions,
        found.stats.failed,
        sorted(found.stats.volume_minor.items()),
        [(one.transaction.id, one.transaction.retry_count, one.sender.name) for one in found.failures],
        known.state,
        known.full and known.full.number,
        known.checkpoint and known.checkpoint.number,
        (lag.relay_seconds // 60, lag.pending, lag.dead),
        list(found.unfinished.values()),
    )
    return blake2b(repr(shown).encode(), digest_size=8).hexdigest()
