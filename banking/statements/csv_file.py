"""A statement as CSV: the head as pairs, an empty line, then a table with one line for each entry.

Times are ISO 8601 with the reader's offset and amounts plain decimals, whatever the language: programs read this. It
is UTF-8, said by a byte order mark, without which spreadsheets read names with accents wrongly; programs skip it
(`utf-8-sig`). What looks like a formula has an apostrophe before it.
"""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from banking.bulk_files import Figure, csv_lines
from banking.selectors.statements import PersonalStatement, StatementLine, statement_lines
from ledger.money import format_plain
from ledger.records import DEBIT

# Lines that are sent together: a chunk of some ten kilobytes, and not one for each line.
_AT_ONCE = 200


def statement_csv(personal: PersonalStatement) -> Iterator[str]:
    """Yield the file in parts. All words are chosen here and now, in the language of the one who asks.

    Raises:
        BooksDisagree: while it is read; what was sent so far is then broken off.
    """
    head = [*_head(personal), [], _columns(), _opening(personal)]
    closing = _closing(personal)
    sent, received = _("Money sent"), _("Money received")

    def rows() -> Iterator[Sequence[str]]:
        yield from head
        for line in statement_lines(personal.statement):
            yield _row(personal, line, sent if line.entry.direction == DEBIT else received)
        yield closing

    return _together(csv_lines(rows()))


def _head(personal: PersonalStatement) -> list[list[str]]:
    statement, period = personal.statement, personal.period
    return [
        [_("Holder"), personal.holder],
        [_("Account number"), str(personal.account.id)],
        [_("Currency"), personal.currency],
        [_("From"), period.first.isoformat()],
        [pgettext("day", "To"), period.last.isoformat()],
        [_("Time zone"), str(personal.zone)],
        [_("Made"), personal.made_at.astimezone(personal.zone).isoformat(timespec="seconds")],
        [_("Entries"), str(statement.count)],
        [_("Opening balance"), _plain(personal, statement.opening_minor)],
        [_("Money in"), _plain(personal, statement.money_in_minor)],
        [_("Money out"), _plain(personal, statement.money_out_minor)],
        [_("Closing balance"), _plain(personal, statement.closing_minor)],
    ]


def _columns() -> list[str]:
    return [
        _("Time"),
        _("Entry"),
        _("Booking text"),
        _("Counterparty"),
        _("Counterparty's account"),
        _("Note"),
        _("Debit"),
        _("Credit"),
        _("Balance"),
        _("Transaction"),
    ]


def _opening(personal: PersonalStatement) -> list[str]:
    return ["", "", _("Opening balance"), *[""] * 5, _plain(personal, personal.statement.opening_minor), ""]


def _closing(personal: PersonalStatement) -> list[str]:
    return ["", "", _("Closing balance"), *[""] * 5, _plain(personal, personal.statement.closing_minor), ""]


def _row(personal: PersonalStatement, line: StatementLine, booking: str) -> list[str]:
    entry = line.entry
    amount = _plain(personal, entry.amount_minor)
    return [
        entry.created_at.astimezone(personal.zone).isoformat(timespec="milliseconds"),
        str(entry.seq),
        booking,
        line.counterparty,
        str(entry.counterparty),
        entry.note,
        *((amount, "") if entry.direction == DEBIT else ("", amount)),
        _plain(personal, entry.balance_after_minor),
        str(entry.transaction),
    ]


def _plain(personal: PersonalStatement, amount_minor: int) -> str:
    return Figure(format_plain(amount_minor, personal.currency))


def _together(lines: Iterator[str]) -> Iterator[str]:
    waiting: list[str] = []
    for line in lines:
        waiting.append(line)
        if len(waiting) == _AT_ONCE:
            yield "".join(waiting)
            waiting.clear()
    yield "".join(waiting)
