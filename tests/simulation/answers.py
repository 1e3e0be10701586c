"""The ledger's answers in the model's words."""

from collections.abc import Callable
from typing import Any

from ledger.errors import LedgerError, TransferRefused, TryAgain
from ledger.rules import Outcome
from tests.simulation.orderings import UNKNOWN


def said(answer: Any) -> str:
    """Return the word for an answer; no answer in time means that it is not known what happened."""
    if isinstance(answer, Outcome):
        return "replay" if answer.replayed else "done"
    if isinstance(answer, TransferRefused):
        return str(answer.transaction.failure_reason)
    if isinstance(answer, TryAgain):
        return UNKNOWN
    return type(answer).__name__ if isinstance(answer, LedgerError) else "done"


def asked(call: Callable[[], Any]) -> str:
    """Call a service and return the word for what it returned or raised."""
    try:
        return said(call())
    except LedgerError as refusal:
        return said(refusal)


def major(amount: int | str) -> str:
    """Return minor units as a customer types them; a text is typed as it is."""
    return amount if isinstance(amount, str) else f"{amount // 100}.{amount % 100:02d}"
