"""What the templates need to show money, moments, identifiers and the components of the design.

Each component is one partial in `templates/components/`. Those that wrap content are used through `component`, all
others through Django's `include`.
"""

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from banking.locales import currency_text, day_text, money_text, month_text, number_text
from banking.sentences import told as sentence_told
from banking.web.states import Look, look_of
from ledger.records import CREDIT, DEBIT
from ledger.rules import REFUSALS

register = template.Library()

_SIGNS = {CREDIT: "+", DEBIT: "\N{MINUS SIGN}"}
_NO_BREAK = "\N{NO-BREAK SPACE}"
# What helps against each refusal of the ledger.
_REMEDIES = {
    "insufficient_funds": gettext_lazy("Send less, or wait until more money has arrived."),
    "sender_not_active": gettext_lazy("Your account cannot send money now. Contact the bank to have it activated."),
    "receiver_not_active": gettext_lazy("Ask the receiver to contact the bank, or pay another account of theirs."),
    "receiver_not_found": gettext_lazy("Check the account number with the receiver."),
    "currency_mismatch": gettext_lazy("Pay from your account in the receiver's currency, or choose another receiver."),
    "limit_exceeded": gettext_lazy("Send less at once, in several transfers if need be."),
}


@register.simple_tag
def languages() -> list[dict[str, object]]:
    """Return the languages of the bank: code, name in its own words, and whether the page is in it."""
    return [{"code": code, "name": name, "is_current": code == get_language()} for code, name in settings.LANGUAGES]


@register.simple_block_tag
def part(content: SafeString) -> SafeString:
    """Keep a part of a sentence for `blocktranslate`: `{% part as sum %}{% money … %}{% endpart %}`."""
    return content


@register.filter
def told(text: object) -> str:
    """Return what a service has said in the language of the page."""
    return sentence_told(str(text))


@register.simple_block_tag
def component(content: SafeString, name: str, **values: Any) -> SafeString:
    """Wrap the content in a component: `{% component "card" heading="Today" %}…{% endcomponent %}`.

    Args:
        content: between the tags, already rendered and escaped; all the component sees of the page.
        name: of the partial in `templates/components/`.
        values: what the partial asks for.
    """
    return render_to_string(f"components/{name}.html", {**values, "content": content})


@register.inclusion_tag("components/icon.html")
def icon(name: str, kind: str = "", label: str = "") -> dict[str, str]:
    """Show an icon of the sprite; without a label it is decoration and hidden from screen readers."""
    return {"name": name, "kind": kind, "label": label}


@register.inclusion_tag("components/money.html")
def money(amount_minor: int, currency: str, direction: str = "", kind: str = "") -> dict[str, str]:
    """Show an amount as people of its currency write it.

    Args:
        amount_minor: minor units.
        currency: ISO 4217 code.
        direction: CREDIT or DEBIT puts a sign before it.
        kind: `strong`, `big` or `void` (a transfer that failed).
    """
    text = as_money(amount_minor, currency)
    kinds = [kind, "in" if direction == CREDIT and not kind else ""]
    return {
        "text": f"{_SIGNS.get(direction, '')}{text}",
        "classes": " ".join(f"money--{one}" for one in kinds if one),
    }


@register.inclusion_tag("components/moment.html", takes_context=True)
def moment(context: Context, at: datetime, form: str = "full") -> dict[str, str]:
    """Show a time in the reader's zone, in UTC while that is unknown; the year only when it is another one.

    Args:
        context: of the page; `zone` in it is the reader's.
        at: the time, with its zone.
        form: `full`, `day` without the hour, or `long` with the year in any case.
    """
    zone: tzinfo | None = context.get("zone")
    local = at.astimezone(zone or UTC)
    is_this_year = local.year == datetime.now(local.tzinfo).year
    day = day_text(local, with_year=form == "long" or not is_this_year)
    hour = f", {local:%H:%M}{'' if zone else ' UTC'}"
    return {
        "utc": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "text": day if form == "day" else f"{day}{hour}",
        "form": form,
    }


@register.filter
def as_money(amount_minor: int, currency: str) -> str:
    """Write an amount as people of its currency do, never broken over two lines."""
    return money_text(amount_minor, currency).replace(" ", _NO_BREAK)


@register.filter
def look(status: str) -> Look:
    """Return how a state is shown: its word, colour and icon."""
    return look_of(str(status))


@register.filter
def counted(number: int) -> str:
    """Write a number of things so that thousands can be seen: `10,000`."""
    return number_text(number)


@register.filter
def as_day(day: date, form: str = "") -> str:
    """Write a day: `3 Nov`, with the form `long` also its year. A time goes through `moment`, for its zone."""
    return day_text(day, with_year=form == "long")


@register.filter
def as_month(day: date, form: str = "") -> str:
    """Write the month of a day: `Nov`, with the form `long` also its year."""
    return month_text(day, with_year=form == "long")


@register.filter
def currency_name(currency: str) -> str:
    """Return the name of a currency: `Indian Rupee`."""
    return currency_text(currency)


@register.filter
def symbol(currency: str) -> str:
    """Return what people write with amounts of a currency: `₹`."""
    return re.sub(r"[\d.,\s]", "", money_text(0, currency))


@register.filter
def refusal(reason: str) -> str:
    """Return why the ledger refused a transfer, in one sentence."""
    return sentence_told(REFUSALS[reason]) if reason in REFUSALS else _("The bank refused this transfer.")


@register.filter
def remedy(reason: str) -> str:
    """Return what helps against a refusal of the ledger, in one sentence."""
    return str(_REMEDIES[reason]) if reason in _REMEDIES else _("Please contact the bank.")


@register.filter
def shortened(value: object) -> str:
    """Shorten a long identifier to its beginning and its end."""
    text = str(value)
    return text if len(text) <= 12 else f"{text[:4]}…{text[-4:]}"


@register.filter
def grouped(value: object) -> str:
    """Write an identifier in groups of four, as it stands on a bank card."""
    text = str(value)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@register.filter
def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name."""
    words = name.split()
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[-1:]])).upper()
