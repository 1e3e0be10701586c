"""What an e-mail says: one letter for each kind of story, in the language that is active (`banking.outbox.mail`)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.utils.translation import gettext as _

from banking.locales import day_text, money_text
from banking.outbox import stories
from banking.outbox.records import Delivery
from banking.sentences import told
from ledger.rules import REFUSALS

Data = dict[str, Any]
Words = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of an e-mail, for both of its parts.

    Args:
        subject: one line.
        sentence: what happened.
        facts: names and values, in order.
        advice: what to do, if there is anything.
    """

    subject: str
    sentence: str
    facts: list[tuple[str, str]]
    advice: str


def letter(delivery: Delivery) -> Letter:
    """Return what a customer is written about a story (`banking.outbox.stories`)."""
    kind, data = delivery.payload["kind"], delivery.payload["data"]
    subject, sentence, advice = _WORDS[kind](data)
    facts = [*_facts(kind, data), (_("Account"), str(delivery.account)), (_("Time"), _moment(delivery))]
    return Letter(subject, sentence, facts, advice)


def _moment(delivery: Delivery) -> str:
    at = delivery.event_at.astimezone(UTC)
    return f"{day_text(at, with_year=True)}, {at:%H:%M} UTC"


def _facts(kind: str, data: Data) -> list[tuple[str, str]]:
    if "amount_minor" not in data:
        return [(_("Reason"), data["reason"])] if data["reason"] else []
    other = _("From") if kind == stories.MONEY_RECEIVED else _("To")
    facts = [(_("Amount"), _amount(data)), (other, data["counterparty"])]
    return [*((name, value) for name, value in facts if value), (_("Transaction"), str(data["transaction"]))]


def _amount(data: Data) -> str:
    return money_text(int(data["amount_minor"]), data["currency"])


def _values(data: Data) -> dict[str, str]:
    return {"amount": _amount(data), "name": data["counterparty"]}


def _not_you() -> str:
    return _("If this was not you, sign in, change your password and write to us.")


def _money_sent(data: Data) -> Words:
    subject = _("You sent %(amount)s to %(name)s")
    sentence = _("You sent %(amount)s to %(name)s. The money has arrived.")
    return subject % _values(data), sentence % _values(data), _not_you()


def _money_received(data: Data) -> Words:
    subject = _("You received %(amount)s from %(name)s")
    sentence = _("%(name)s sent you %(amount)s. It is in your account.")
    return subject % _values(data), sentence % _values(data), ""


def _transfer_failed(data: Data) -> Words:
    subject = _("Your transfer of %(amount)s did not go through")
    sentence = (
        _("Your transfer of %(amount)s to %(name)s did not go through, and no money has moved.")
        if data["counterparty"]
        else _("Your transfer of %(amount)s did not go through, and no money has moved.")
    )
    reason = REFUSALS.get(str(data["reason"]))
    why = told(reason) if reason else _("The bank refused this transfer.")
    return subject % _values(data), f"{sentence % _values(data)} {why}", _not_you()


def _account_activated(data: Data) -> Words:
    return _account(data, _("Your %(currency)s account is active"), _("You can send and receive money with it."))


def _account_frozen(data: Data) -> Words:
    meaning = _("It cannot send or receive money until it is unfrozen.")
    return _account(data, _("Your %(currency)s account was frozen"), meaning)


def _account_unfrozen(data: Data) -> Words:
    meaning = _("You can send and receive money with it again.")
    return _account(data, _("Your %(currency)s account was unfrozen"), meaning)


def _account_closed(data: Data) -> Words:
    meaning = _("It cannot be used any more. Its history stays readable.")
    return _account(data, _("Your %(currency)s account was closed"), meaning)


def _account(data: Data, what: str, meaning: str) -> Words:
    subject = what % {"currency": data["currency"]}
    return subject, f"{subject}. {meaning}", _("If you have questions, please write to us.")


_WORDS: dict[str, Callable[[Data], Words]] = {
    stories.MONEY_SENT: _money_sent,
    stories.MONEY_RECEIVED: _money_received,
    stories.TRANSFER_FAILED: _transfer_failed,
    stories.ACCOUNT_ACTIVATED: _account_activated,
    stories.ACCOUNT_FROZEN: _account_frozen,
    stories.ACCOUNT_UNFROZEN: _account_unfrozen,
    stories.ACCOUNT_CLOSED: _account_closed,
}
