"""A statement as a person reads it: whose account it is, and every entry with the other side's name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from banking.names import names_of_accounts
from banking.selectors.activity import UNKNOWN
from banking.statements.periods import Period
from ledger.records import Account, Entry, now
from ledger.statements import Statement, statement_entries, statement_of


@dataclass(frozen=True, slots=True)
class PersonalStatement:
    """A statement with all that stands at its head.

    Args:
        zone: the reader's, whose midnights the period goes by.
        made_at: when it was begun; entries up to then are in it.
    """

    statement: Statement
    period: Period
    zone: tzinfo
    holder: str
    made_at: datetime

    @property
    def account(self) -> Account:
        return self.statement.account

    @property
    def currency(self) -> str:
        return self.statement.account.currency

    @property
    def is_unfinished(self) -> bool:
        """Whether the period goes on, so that entries may follow."""
        return self.period.last >= self.made_at.astimezone(self.zone).date()

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry and the name of the account on its other side."""

    entry: Entry
    counterparty: str


def statement_get(*, account: Account, period: Period, zone: tzinfo) -> PersonalStatement:
    """Return the statement of an account over some days; the cost does not depend on how long it is.

    Args:
        account: just fetched for whoever asks (`banking.access`).
        period: the days.
        zone: whose midnights divide them.
    """
    since, until = period.bounds(zone)
    return PersonalStatement(
        statement=statement_of(account=account, since=since, until=until),
        period=period,
        zone=zone,
        holder=names_of_accounts([account.id]).get(account.id, UNKNOWN),
        made_at=now(),
    )


def statement_lines(statement: Statement) -> Iterator[StatementLine]:
    """Yield every entry, oldest first; names are fetched for some of them at a time.

    Raises:
        BooksDisagree: the ledger was damaged.
    """
    for entries in statement_entries(statement):
        names = names_of_accounts(entry.counterparty for entry in entries)
        for entry in entries:
            yield StatementLine(entry, names.get(entry.counterparty, UNKNOWN))
