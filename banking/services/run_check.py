"""The check of a file of payees: who each line means and what is wrong with it. Nothing moves, and of this file
nothing is written; lines of earlier ones that were paid after they had failed are noted (`run_settle`).

However long the file is, its payees are found in a handful of queries: one for the addresses, two for the names, one
for the accounts of all of them, one for the accounts that are named by number and one for whose they are.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bson.objectid import ObjectId

from accounts.selectors import people_by_emails, people_by_names, users_by_ids
from accounts.text import search_form
from banking.amounts import amount_hint, has_decimal_point, plain_amount
from banking.bulk_files import EXTRA_CELLS, Row
from banking.run_records import PAID, READY, WRONG, Document, Run, lines
from banking.services.run_settle import runs_settle
from ledger.accounts import accounts_by_ids, accounts_of_owners
from ledger.errors import AmountInvalid, RequestInvalid
from ledger.money import format_for_people, parse_amount, transfer_cap_minor
from ledger.records import ACTIVE, CUSTOMER, Account, now
from ledger.transfers import note_check

# Lines that were paid this lately are taken for the same when they come again in another file.
REPEAT_DAYS = 7
# More than this account has paid by runs in a week is not looked through.
_MOST_REPEATS = 200_000
# With a digit in it and long enough to be no name.
_NEARLY_ACCOUNT = re.compile(r"(?=.*[0-9])[0-9a-f]{12,40}", re.ASCII | re.IGNORECASE)
_PAYMENT = {"receiver": 1, "amount_minor": 1, "note": 1}
_Payment = tuple[ObjectId, int, str]
_ACCOUNT = re.compile(r"[0-9a-f]{24}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line cannot be paid: a code for programs, a sentence with what to do for people."""

    code: str
    sentence: str


MISSING = Problem("payee_missing", "There is no payee. Write a name, an e-mail address or an account number.")
UNKNOWN = Problem("payee_unknown", "Nobody here is called like this. Check the spelling, or use the e-mail address.")
UNKNOWN_EMAIL = Problem("payee_unknown", "Nobody here has this e-mail address. Check it with the payee.")
UNKNOWN_ACCOUNT = Problem("payee_unknown", "There is no account with this number. Check it with the payee.")
AMBIGUOUS = Problem(
    "payee_ambiguous", "Several people are called like this. Use the e-mail address or account number."
)
ONESELF = Problem("same_account", "This is yourself. Money can only be sent to somebody else.")
INACTIVE = Problem("receiver_not_active", "This account cannot receive money now. The payee can ask the bank why.")
NO_AMOUNT = Problem("amount_missing", "There is no amount.")
LINE_BREAK = Problem(
    "line_break", "There is a line break in a cell. Write it on one line, and look for an open quotation mark."
)
EXTRA = Problem("too_many_cells", "This line has too many cells. Put what has a comma in it between quotation marks.")
DECIMAL_COMMA = Problem(
    "decimal_comma", "The comma may be a decimal comma. Write amounts with a point and no commas, such as 1234.56."
)
HEADINGS = Problem(
    "headings", "Line {number} looks like headings. It is not paid; call the columns payee, amount and note."
)
NEARLY_ACCOUNT = Problem("payee_unknown", "An account number has 24 characters; this one has {count}. Check it.")


@dataclass(frozen=True, slots=True)
class Checked:
    """A line after the check: paid like this, or not for these reasons."""

    row: Row
    receiver: ObjectId | None = None
    name: str = ""
    amount_minor: int | None = None
    problems: tuple[Problem, ...] = ()
    twin: bool = False
    repeats: bool = False

    @property
    def state(self) -> str:
        return WRONG if self.problems else READY

    @property
    def payment(self) -> tuple[ObjectId | None, int | None]:
        """Who gets how much."""
        return (self.receiver, self.amount_minor)


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom a payee means: an account to pay, or the problem with it; the name where it is known."""

    account: Account | None
    name: str = ""
    problem: Problem | None = None


def rows_check(*, account: Account, rows: Sequence[Row], is_repeated: bool) -> list[Checked]:
    """Check the lines of a file.

    Args:
        account: the one that pays, fetched for its owner.
        rows: of the file.
        is_repeated: the list is paid again on purpose, so that earlier payments are no reason for a warning.
    """
    payees = _Payees(account)
    payees.find(row.payee for row in rows)
    checked = [_check(row, account, payees.get(row.payee)) for row in rows]
    checked[:1] = _first(checked)
    paid = set() if is_repeated else _paid_lately(account)
    counts = Counter(line.payment for line in checked if not line.problems)
    return [
        line
        if line.problems
        else replace(line, twin=counts[line.payment] > 1, repeats=(*line.payment, line.row.note) in paid)
        for line in checked
    ]


def _first(checked: Sequence[Checked]) -> list[Checked]:
    """Return the first line, said to be headings when it has words where the second one has an amount."""
    if len(checked) < 2:
        return list(checked[:1])
    first, second = checked[0], checked[1]
    is_words = (
        bool(first.row.amount) and not re.search("[0-9]", first.row.amount) and EXTRA_CELLS not in first.row.amount
    )
    if not is_words or first.name or not re.search("[0-9]", second.row.amount):
        return [first]
    sentence = HEADINGS.sentence.format(number=first.row.number)
    return [replace(first, problems=(replace(HEADINGS, sentence=sentence),))]


def _check(row: Row, account: Account, found: _Found) -> Checked:
    shape = _shape_problem(row, account.currency)
    if shape:
        # First, because the kept line is known by it when it is checked again; what else is wrong may follow from it.
        return Checked(row, None, "", None, (shape,))
    problems = [found.problem] if found.problem else []
    amount_minor, problem = _amount_read(row.amount, account.currency)
    problems += [problem] if problem else []
    try:
        note_check(row.note)
    except RequestInvalid as error:
        problems.append(Problem("note_invalid", error.message))
    receiver = found.account.id if found.account and not found.problem else None
    return Checked(row, receiver, found.name, amount_minor, tuple(problems))


def _shape_problem(row: Row, currency: str) -> Problem | None:
    """Return what is wrong with the line as it is written, whoever is meant."""
    if any(mark in cell for cell in (row.payee, row.amount, row.note) for mark in "\n\r"):
        return LINE_BREAK
    if EXTRA_CELLS in row.amount:
        return EXTRA
    return DECIMAL_COMMA if row.may_be_decimal and has_decimal_point(currency) else None


def _amount_read(text: str, currency: str) -> tuple[int | None, Problem | None]:
    """Read an amount as programs write it, or exactly as the people of the currency do."""
    if not text:
        return None, NO_AMOUNT
    try:
        amount_minor = _parsed(text, currency)
    except AmountInvalid as error:
        return None, Problem("invalid_amount", amount_hint(currency) if "," in text else error.message)
    cap = transfer_cap_minor(currency)
    if amount_minor > cap:
        sentence = f"One transfer can be at most {format_for_people(cap, currency)}. Split it into several lines."
        return amount_minor, Problem("limit_exceeded", sentence)
    return amount_minor, None


def _parsed(text: str, currency: str) -> int:
    try:
        return parse_amount(text, currency)
    except AmountInvalid:
        # Looked at only now: it takes many times as long.
        return parse_amount(plain_amount(text, currency), currency)


def is_paid_since(*, run: Run) -> bool:
    """Return whether other runs, since this one was checked, have paid what it would pay now.

    Args:
        run: checked and not confirmed; of one that is paid again on purpose this is never said.
    """
    if run.is_repeated or run.checked_at is None:
        return False
    paid = _paid(run.account, run.checked_at)
    ready = {"run": run.id, "check": run.check, "state": READY, "repeats": False}
    return bool(paid) and any(_payment(line) in paid for line in lines().find(ready, _PAYMENT))


def _paid_lately(account: Account) -> set[_Payment]:
    """Return whom runs of this account have paid lately, how much and with which note."""
    return _paid(account.id, now() - timedelta(days=REPEAT_DAYS))


def _paid(account: ObjectId, since: datetime) -> set[_Payment]:
    runs_settle(account)
    paid = {"account": account, "state": PAID, "paid_at": {"$gte": since}}
    return {_payment(line) for line in lines().find(paid, _PAYMENT).limit(_MOST_REPEATS)}


def _payment(line: Document) -> _Payment:
    return line["receiver"], int(line["amount_minor"]), line["note"]


@dataclass
class _Payees:
    """Everybody whom the file means, found together."""

    account: Account
    found: dict[str, _Found] = field(default_factory=dict)

    def find(self, payees: Iterable[str]) -> None:
        wanted = set(payees)
        numbers = {payee: _account_number(payee) for payee in wanted}
        emails = {payee for payee in wanted if "@" in payee and numbers[payee] is None}
        names = {payee for payee in wanted if payee and numbers[payee] is None} - emails
        self._find_numbers({payee: number for payee, number in numbers.items() if number is not None})
        self._find_people(emails, names)

    def get(self, payee: str) -> _Found:
        return self.found.get(payee, _Found(None, problem=MISSING))

    def _find_numbers(self, numbers: dict[str, ObjectId]) -> None:
        accounts = accounts_by_ids(numbers.values()) if numbers else {}
        owners = users_by_ids(account.owner for account in accounts.values() if account.owner is not None)
        for payee, number in numbers.items():
            account = accounts.get(number)
            owner = owners.get(account.owner) if account and account.owner else None
            if account is None or account.kind != CUSTOMER or owner is None:
                self.found[payee] = _Found(None, problem=UNKNOWN_ACCOUNT)
            else:
                self.found[payee] = _Found(account, owner.name, self._problem_of(account))

    def _find_people(self, emails: set[str], names: set[str]) -> None:
        by_email = people_by_emails(emails) if emails else {}
        forms = {name: search_form(name) for name in names}
        by_name = people_by_names(forms.values()) if names else {}
        matches = {email: [by_email[email.lower()]] for email in emails if email.lower() in by_email}
        matches |= {name: by_name[form] for name, form in forms.items() if form in by_name}
        accounts = accounts_of_owners(people[0].id for people in matches.values() if len(people) == 1)
        for payee in emails | names:
            people = matches.get(payee, [])
            if len(people) == 1:
                self.found[payee] = self._of_person(people[0].name, accounts[people[0].id])
            else:
                unknown = UNKNOWN_EMAIL if payee in emails else _unknown(payee)
                self.found[payee] = _Found(None, problem=AMBIGUOUS if people else unknown)

    def _of_person(self, name: str, accounts: Sequence[Account]) -> _Found:
        currency = self.account.currency
        account = next((one for one in accounts if one.currency == currency), None)
        if account is None:
            return _Found(None, name, self._no_account(name))
        return _Found(account, name, self._problem_of(account))

    def _problem_of(self, account: Account) -> Problem | None:
        if account.owner == self.account.owner:
            return ONESELF
        if account.currency != self.account.currency:
            sentence = f"This account is in {account.currency}; it cannot receive {self.account.currency}."
            return Problem("currency_mismatch", sentence)
        return INACTIVE if account.status != ACTIVE else None

    def _no_account(self, name: str) -> Problem:
        currency = self.account.currency
        return Problem("currency_mismatch", f"{name} has no account in {currency}. Ask them to open one.")


def _unknown(payee: str) -> Problem:
    """Return why nobody is found; what is nearly an account number is told from a name."""
    text = "".join(payee.split())
    if not _NEARLY_ACCOUNT.fullmatch(text):
        return UNKNOWN
    return replace(NEARLY_ACCOUNT, sentence=NEARLY_ACCOUNT.sentence.format(count=len(text)))


def _account_number(payee: str) -> ObjectId | None:
    text = "".join(payee.split())
    return ObjectId(text) if _ACCOUNT.fullmatch(text) else None
