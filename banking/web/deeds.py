"""What the audit log says, in the words of people: one sentence for each action, and what stands in its details."""

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banking.selectors.deeds import Deed
from banking.templatetags.florin import as_money, refusal
from ledger.audit import FAILED
from ledger.errors import LedgerError
from ledger.money import parse_amount
from ledger.records import ACTIVE, CLOSED, FROZEN, FUNDING, INACTIVE, PIX, TRANSFER

Words = str | Promise

# What each action is called where it was done, and where it was tried in vain.
ACTIONS: dict[str, tuple[Words, Words]] = {
    "login": (_("Signed in"), _("Could not sign in")),
    "logout": (_("Signed out"), _("Could not sign out")),
    "user.registered": (_("Became a customer"), _("Could not become a customer")),
    "user.changed": (_("Changed their profile"), _("Could not change their profile")),
    "user.viewed": (_("Looked at a person's page"), _("Could not look at a person's page")),
    "role.changed": (_("Changed a role"), _("Could not change a role")),
    "account.opened": (_("Opened an account"), _("Could not open an account")),
    "account.activated": (_("Activated an account"), _("Could not activate an account")),
    "account.frozen": (_("Froze an account"), _("Could not freeze an account")),
    "account.unfrozen": (_("Unfroze an account"), _("Could not unfreeze an account")),
    "account.closed": (_("Closed an account"), _("Could not close an account")),
    "transfer.completed": (_("Sent money"), _("Could not send money")),
    "transfer.failed": (_("Sent money in vain"), _("Sent money in vain")),
    "funding.completed": (_("Paid in money of the bank"), _("Could not pay in money of the bank")),
    "funding.failed": (_("Paid in money of the bank in vain"), _("Paid in money of the bank in vain")),
    "payment_run.confirmed": (_("Confirmed a list of payments"), _("Could not confirm a list of payments")),
    "payment_run.done": (_("A list of payments was done"), _("A list of payments was not done")),
    "delivery.requeued": (_("Had a delivery tried again"), _("Could not have a delivery tried again")),
    "webhook.registered": (_("Added a webhook"), _("Could not add a webhook")),
    "webhook.enabled": (_("Switched a webhook on"), _("Could not switch a webhook on")),
    "webhook.secret_renewed": (_("Renewed the secret of a webhook"), _("Could not renew the secret of a webhook")),
    "webhook.tested": (_("Tested a webhook"), _("Could not test a webhook")),
    "webhook.removed": (_("Removed a webhook"), _("Could not remove a webhook")),
}
STATES: dict[str, Words] = {
    ACTIVE: _("Active"),
    FROZEN: _("Frozen"),
    CLOSED: _("Closed"),
    INACTIVE: _("Inactive"),
}
TYPES: dict[str, Words] = {TRANSFER: _("Transfer"), PIX: _("Pix"), FUNDING: _("Money of the bank")}
_BEFORE = {
    "account.activated": INACTIVE,
    "account.frozen": ACTIVE,
    "account.unfrozen": FROZEN,
    "account.closed": ACTIVE,
}
_ROLES: dict[str, Words] = {"USER": _("Customer"), "ADMIN": _("Administrator")}
_NAMES: dict[str, Words] = {
    "reason": _("Reason"),
    "retryCount": _("Failures so far"),
    "type": _("Type"),
    "email": _("E-mail"),
    "fields": _("Changed"),
    "lines": _("Lines"),
    "ready": _("Ready"),
    "paid": _("Paid"),
    "failed": _("Failed"),
    "consumer": _("By"),
    "delivery": _("Delivery"),
    "host": _("Host"),
    "occurrence": _("Time this list was sent"),
    "system": _("System user"),
}
# Said already by others, or of use to machines alone.
_UNSAID = {"amount", "currency", "seq", "status", "from", "to"}


def title(deed: Deed) -> Words:
    """Return what was done, in a few words; an action without words as it is called inside."""
    record = deed.record
    done, in_vain = ACTIONS.get(record.action, (record.action, record.action))
    return in_vain if record.status == FAILED else done


def facts(deed: Deed) -> list[tuple[Words, Words]]:
    """Return the details as names and values: what was before and what is after, why, how much."""
    return [*_changes(deed), *_amounts(deed.record.details), *_others(deed)]


def _changes(deed: Deed) -> Iterator[tuple[Words, Words]]:
    details, action = deed.record.details, deed.record.action
    if action == "role.changed":
        yield _("Role"), _change(_ROLES, details.get("from"), details.get("to"))
    elif action.startswith("account.") and "status" in details:
        yield _("State"), _change(STATES, _BEFORE.get(action), details["status"])


def _change(names: dict[str, Words], before: object, after: object) -> str:
    was, becomes = (str(names.get(str(one), one)) for one in (before, after))
    return becomes if before is None else f"{was} → {becomes}"


def _amounts(details: dict[str, Any]) -> Iterator[tuple[Words, Words]]:
    amount, currency = details.get("amount"), details.get("currency")
    if amount is None:
        return
    try:
        yield _("Amount"), as_money(parse_amount(amount, str(currency)), str(currency))
    except LedgerError:
        yield _("Amount"), f"{amount} {currency}"


def _others(deed: Deed) -> Iterator[tuple[Words, Words]]:
    for name, value in deed.record.details.items():
        if name in _UNSAID or value in (None, "", 0, False, [], {}):
            continue
        yield _NAMES.get(name, name), _said(name, value, is_of_money=deed.transaction is not None)


def _said(name: str, value: object, *, is_of_money: bool) -> Words:
    if name == "reason" and is_of_money:
        return refusal(str(value))
    if name == "type":
        return TYPES.get(str(value), str(value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
