"""How the states of accounts, transactions, runs, webhooks and checks are shown: a word, an icon, a colour.

One place for all of them, so that the same state looks the same on every page.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

GOOD, CAUTION, BAD = "good", "caution", "bad"


@dataclass(frozen=True)
class Look:
    """What a badge is made of: its word, its colour (none for what is neither good nor bad), its icon."""

    label: str | Promise
    kind: str = ""
    icon: str = ""


_IN_PROGRESS = Look(_("In progress"), CAUTION, "clock")

LOOKS = {
    # Accounts
    "ACTIVE": Look(_("Active"), GOOD, "check"),
    "FROZEN": Look(_("Frozen"), CAUTION, "frozen"),
    "INACTIVE": Look(_("Inactive")),
    "CLOSED": Look(_("Closed")),
    # Transactions
    "PENDING": _IN_PROGRESS,
    "PROCESSING": _IN_PROGRESS,
    "COMPLETED": Look(_("Completed"), GOOD, "check"),
    "FAILED": Look(_("Failed"), BAD, "cross"),
    "REVERSED": Look(_("Reversed"), "", "retry"),
    # Payment runs and their lines
    "CHECKED": Look(_("Not paid yet")),
    "LEFT_OUT": Look(_("Left out")),
    "WRONG": Look(_("Cannot be paid"), BAD, "cross"),
    "PAYING": _IN_PROGRESS,
    "PAID": Look(_("Paid"), GOOD, "check"),
    "DONE": Look(_("Done"), GOOD, "check"),
    # Webhooks and deliveries
    "DISABLED": Look(_("Switched off"), CAUTION, "alert"),
    "WAITING": Look(_("Waiting"), "", "clock"),
    "RETRYING": Look(_("Trying again"), CAUTION, "retry"),
    "DELIVERED": Look(_("Delivered"), GOOD, "check"),
    "DROPPED": Look(_("Not sent"), "", "cross"),
    "DEAD": Look(_("Given up"), BAD, "cross"),
    # What must hold of the books
    "ok": Look(_("Holds"), GOOD, "check"),
    "violated": Look(_("Violated"), BAD, "cross"),
    "unknown": Look(_("Not known"), CAUTION, "clock"),
    # People
    "ADMIN": Look(_("Administrator")),
    "SYSTEM": Look(_("System")),
}


def look_of(status: str) -> Look:
    """Return how a state is shown; one that is not known is written as it is."""
    return LOOKS.get(status) or Look(status.replace("_", " ").capitalize())
