"""A statement as PDF: its texts are chosen here, and set by a process of its own (`banking.statements.typesetting`).

Setting costs a hundred times what reading an entry does, so it is bounded: a statement has at most `MOST_ENTRIES`,
and few are set at a time, short ones apart from long ones so that they need not wait for those.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import IO, Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from banking.locales import day_text, figure_text, money_text, number_text
from banking.names import BANK_NAME
from banking.selectors.statements import PersonalStatement, StatementLine, statement_lines
from banking.statements.sheet import Row, Sheet
from banking.statements.wording import line_day, period_text
from banking.templatetags.florin import grouped
from ledger.errors import TryAgain
from ledger.records import DEBIT

# The most entries of one document: some two thousand pages. CSV has no such bound.
MOST_ENTRIES = 100_000
# A statement of more entries than these takes more than a second or two.
LONG = 5_000
# How many are set at a time by one process of the web server, and how long a request waits for its turn.
_TURNS = {"short": BoundedSemaphore(2), "long": BoundedSemaphore(1)}
_PATIENCE_SECONDS = 10
_SECONDS_TO_END = 60
_COMMAND = [sys.executable, "-m", "banking.statements.typesetting"]


class TypesettingFailed(RuntimeError):
    """The process that sets statements ended without one."""


def statement_pdf(personal: PersonalStatement) -> IO[bytes]:
    """Return the document in a file without a name, at its beginning; whoever closes it removes it.

    Args:
        personal: of at most `MOST_ENTRIES` entries.

    Raises:
        TryAgain: too many others are being set.
        BooksDisagree: the ledger was damaged.
        TypesettingFailed: the process died, or came to its bounds.
    """
    if personal.statement.count > MOST_ENTRIES:
        raise ValueError(f"a statement of {personal.statement.count} entries")
    file = tempfile.TemporaryFile(prefix="florin-statement-")  # noqa: SIM115 - the answer closes it
    try:
        with _turn(personal.statement.count):
            _typeset(personal, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


@contextmanager
def _turn(count: int) -> Iterator[None]:
    turns = _TURNS["long" if count > LONG else "short"]
    if not turns.acquire(timeout=_PATIENCE_SECONDS):
        raise TryAgain
    try:
        yield
    finally:
        turns.release()


def _typeset(personal: PersonalStatement, file: IO[bytes]) -> None:
    with tempfile.TemporaryFile() as complaints, _typesetter(file, complaints) as process:
        try:
            _hand_over(personal, process)
            code = process.wait(_SECONDS_TO_END)
        except BaseException as error:
            process.kill()
            if isinstance(error, BrokenPipeError | subprocess.TimeoutExpired):
                raise TypesettingFailed(_last_line(complaints)) from error
            raise
        if code != 0:
            raise TypesettingFailed(f"ended with {code}: {_last_line(complaints)}")


def _typesetter(file: IO[bytes], complaints: IO[bytes]) -> "subprocess.Popen[bytes]":
    # It gets none of the bank's environment, in which there are secrets, and ends when its input does.
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
    return subprocess.Popen(  # noqa: S603 - the command is ours
        _COMMAND, stdin=subprocess.PIPE, stdout=file, stderr=complaints, cwd=settings.BASE_DIR, env=environment
    )


def _hand_over(personal: PersonalStatement, process: "subprocess.Popen[bytes]") -> None:
    with process.stdin or _no_input() as to:
        _write(to, statement_sheet(personal).as_json())
        for line in statement_lines(personal.statement):
            _write(to, _row(personal, line))
        # That it comes is the sign that nothing was cut off.
        _write(to, None)


def _no_input() -> IO[bytes]:
    raise TypesettingFailed("it takes no input")


def _write(to: IO[bytes], value: Any) -> None:
    to.write(json.dumps(value).encode() + b"\n")


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    return complaints.read()[-300:].decode(errors="replace").strip().rpartition("\n")[2]


def statement_sheet(personal: PersonalStatement) -> Sheet:
    """Return the texts around the entries, in the language that is spoken now."""
    statement, currency = personal.statement, personal.currency
    heading = _("Account statement")
    made = personal.made_at.astimezone(personal.zone)
    period = period_text(personal.period)
    return Sheet(
        language=get_language() or "en",
        heading=heading,
        period=period,
        title=f"{BANK_NAME} \N{EN DASH} {heading}, {period}",
        author=BANK_NAME,
        running=f"{personal.holder} \N{MIDDLE DOT} {grouped(personal.account.id)}",
        facts=[
            (_("Holder"), personal.holder),
            (_("Account number"), grouped(personal.account.id)),
            (_("Currency"), currency),
            (_("Made"), f"{day_text(made, with_year=True)}, {made:%H:%M} ({personal.zone})"),
        ],
        summary=[
            (_("Opening balance"), money_text(statement.opening_minor, currency)),
            (_("Money in"), money_text(statement.money_in_minor, currency)),
            (_("Money out"), money_text(statement.money_out_minor, currency)),
            (_("Entries"), number_text(statement.count)),
            (_("Closing balance"), money_text(statement.closing_minor, currency)),
        ],
        columns=(_("Date"), _("Who and what"), _("Money out"), _("Money in"), _("Balance")),
        opening=(_("Opening balance"), figure_text(statement.opening_minor, currency)),
        closing=(_("Closing balance"), figure_text(statement.closing_minor, currency)),
        empty=_("Nothing was posted in this time."),
        page=_("Page {page} of {pages}"),
        closing_words=_closing_words(personal),
    )


def _closing_words(personal: PersonalStatement) -> str:
    if personal.is_unfinished:
        return _(
            "All amounts are in %(currency)s. Days begin at midnight in %(zone)s. The period was not over when this"
            " statement was made: entries may follow."
        ) % {"currency": personal.currency, "zone": personal.zone}
    return _("All amounts are in %(currency)s. Days begin at midnight in %(zone)s.") % {
        "currency": personal.currency,
        "zone": personal.zone,
    }


def _row(personal: PersonalStatement, line: StatementLine) -> Row:
    entry = line.entry
    at = entry.created_at.astimezone(personal.zone)
    amount = figure_text(entry.amount_minor, entry.currency)
    out, money_in = (amount, "") if entry.direction == DEBIT else ("", amount)
    balance = figure_text(entry.balance_after_minor, entry.currency)
    return line_day(at.date()), f"{at:%H:%M}", line.counterparty, entry.note, out, money_in, balance
