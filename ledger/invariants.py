"""What must hold of an entry and the one before it, of an account and its last entry, of a transaction and its two.

Pure functions over documents as they are stored. They add what is wrong to a report and go on, so that one damage does
not hide the next. A document that lacks a field, or holds another kind of value in it, is a violation and no accident
of the verification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from bson.objectid import ObjectId

from ledger.chain import BEGINNING, entry_hash
from ledger.findings import CHAIN, I2, I4, I5, Report
from ledger.records import COMPLETED, CREDIT, DEBIT, REVERSED, Document

# What is raised by a document that is not of the form that the validators keep.
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Place:
    """How far an account has been walked, from its first entry on, and what the next one has to continue.

    Args:
        account: its id.
        seq: the number of the last entry that was checked; 0 before the first.
        sum_minor: its entries added up so far.
        balance_minor, credits_minor, hash, created_at: what that last entry says.
    """

    account: ObjectId
    seq: int = 0
    sum_minor: int = 0
    balance_minor: int = 0
    credits_minor: int = 0
    hash: bytes = BEGINNING
    created_at: datetime | None = None


def entry_check(entry: Document, before: Place, report: Report) -> Place:
    """I5 and the chain: an entry continues the one before it in number, balance, credits, time and hash.

    Returns:
        The place behind the entry. It goes by what the entry says, so that a damage is told once and not again at
        every later entry.
    """
    report.entries += 1
    try:
        return _entry_check(entry, before, report)
    except _UNREADABLE:
        report.add(I5, f"account {before.account} entry {entry['seq']} is not of the form of an entry")
        return replace(before, seq=int(entry["seq"]))


def _entry_check(entry: Document, before: Place, report: Report) -> Place:
    amount_minor, is_credit = int(entry["amount_minor"]), entry["direction"] == CREDIT
    signed = amount_minor if is_credit else -amount_minor
    balance_minor, credits_minor = int(entry["balance_after_minor"]), int(entry["credits_after_minor"])
    wrong = []
    if entry["seq"] != before.seq + 1:
        wrong.append((I5, f"follows entry {before.seq}" if before.seq else "is the account's first"))
    if balance_minor != before.balance_minor + signed:
        wrong.append((I5, f"has balance {balance_minor}, which does not follow"))
    if credits_minor != before.credits_minor + (amount_minor if is_credit else 0):
        wrong.append((I5, f"has credits of {credits_minor}, which does not follow"))
    if before.created_at is not None and entry["created_at"] < before.created_at:
        wrong.append((I5, "is older than the one before it"))
    if entry["previous_hash"] != before.hash:
        wrong.append((CHAIN, "does not carry the hash of the entry before it"))
    if entry["hash"] != entry_hash(entry):
        wrong.append((CHAIN, "was changed: its hash is not that of its content"))
    for code, text in wrong:
        report.add(code, f"account {before.account} entry {entry['seq']} (transaction {entry['transaction']}) {text}")
    return Place(
        account=before.account,
        seq=int(entry["seq"]),
        sum_minor=before.sum_minor + signed,
        balance_minor=balance_minor,
        credits_minor=credits_minor,
        hash=entry["hash"],
        created_at=entry["created_at"],
    )


def account_check(account: Document | None, last: Place, report: Report) -> None:
    """I2, I5 and the chain: an account says what its entries come to.

    Args:
        account: its document, None when there is none.
        last: the place behind its last entry.
        report: where violations go.
    """
    if account is None:
        report.add(I5, f"account {last.account} does not exist, and has entries up to number {last.seq}")
        return
    report.accounts += 1
    try:
        _account_check(account, last, report)
    except _UNREADABLE:
        report.add(I2, f"account {last.account} is not of the form of an account")


def _account_check(account: Document, last: Place, report: Report) -> None:
    name = f"account {last.account}"
    if account["balance_minor"] != last.sum_minor:
        report.add(I2, f"{name} has {account['balance_minor']}, its entries add up to {last.sum_minor}")
    if account["credits_minor"] != last.credits_minor:
        report.add(I2, f"{name} has credits of {account['credits_minor']}, its last entry {last.credits_minor}")
    if account["seq"] != last.seq:
        report.add(I5, f"{name} counts {account['seq']} entries, its last is number {last.seq}")
    if account["head_hash"] != last.hash:
        report.add(CHAIN, f"{name} has another head than the hash of its last entry, number {last.seq}")


def transaction_check(transaction: Document, entries: Sequence[Document], report: Report) -> None:
    """I4: two entries, equal and opposite, for a transaction that moved money; none for others."""
    report.transactions += 1
    try:
        _transaction_check(transaction, entries, report)
    except _UNREADABLE:
        report.add(I4, f"transaction {transaction['_id']} or an entry of it is not of its form")


def _transaction_check(transaction: Document, entries: Sequence[Document], report: Report) -> None:
    name = f"transaction {transaction['_id']} ({transaction['status']})"
    if transaction["status"] not in (COMPLETED, REVERSED):
        if entries:
            report.add(I4, f"{name} has {len(entries)} entries and should have none")
        return
    sides = sorted(entries, key=itemgetter("direction"), reverse=True)
    if [entry["direction"] for entry in sides] != [DEBIT, CREDIT]:
        report.add(I4, f"{name} has {len(entries)} entries that are not one DEBIT and one CREDIT")
        return
    debit, credit = sides
    wanted: dict[str, Any] = {
        "transaction": transaction["_id"],
        "amount_minor": transaction["amount_minor"],
        "currency": transaction["currency"],
    }
    if any(entry[key] != value for entry in sides for key, value in wanted.items()):
        report.add(I4, f"{name} differs from its entries in amount or currency")
    if (debit["account"], credit["account"]) != (transaction["sender"], transaction["receiver"]):
        report.add(I4, f"{name} has entries on other accounts than its sender and receiver")
