"""Files of payees: CSV as spreadsheets and payroll programs write it, in; CSV that spreadsheets may open, out.

Nothing is guessed about money or people here: a file is either read cell by cell, or refused with one sentence that
says what to do. What stands in the cells is judged by `banking.services.run_check`.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from accounts.text import has_forbidden_characters, search_form
from banking.errors import FileUnreadable

MAX_BYTES = 2 * 1024 * 1024
MAX_LINES = 10_000
# Longer than any cell that could be right; what is wrong with a long note is said at its line.
MAX_CELL = 500
# More cells than any list of payees has on a line; what is more is no list of payees, and not looked at.
MAX_CELLS = 50
# A line of headings is looked for in so many cells, none of them longer than a heading.
_MAX_HEADINGS = 12
_MAX_HEADING = 24

SEPARATORS = ";\t,"
PAYEE, AMOUNT, NOTE = "payee", "amount", "note"
COLUMNS = (PAYEE, AMOUNT, NOTE)
# Our own lists of what was not paid have a column that says why; it may stay when the list is uploaded again.
PROBLEM = "problem"
_HEADINGS = {
    PAYEE: {
        *("payee", "to", "recipient", "receiver", "beneficiary", "name", "e-mail", "email", "account"),
        *("favorecido", "para", "destinatario", "beneficiario", "nome", "conta"),
    },
    AMOUNT: {"amount", "sum", "value", "valor", "quantia"},
    NOTE: {"note", "reference", "message", "description", "text", "descricao", "mensagem", "referencia", "texto"},
    PROBLEM: {"problem", "problema"},
}
# Between the cells of a line that has more of them than columns; no amount ever has it.
EXTRA_CELLS = " | "
# What can only be a decimal comma: `5,41`, `1.234,56`; and what may be one: `1,500`.
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+", re.ASCII)
_ONE_COMMA = re.compile(r"[0-9.]*,[0-9]+", re.ASCII)
_LINE_END = re.compile(r"[\r\n]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@")

SAMPLE = (
    ("payee", "amount", "note"),
    ("bruno@example.com", "1250.00", "Salary May"),
    ("Chitra Rao", "980.50", "Salary May"),
    ("64b7f0c2a91e4d3f8b6a1c05", "75", "Travel, 3 May"),
)


class _Reader(Protocol):
    """What `csv.reader` returns, which has no public type."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file with something in it; the cells are as typed, without space around them.

    Args:
        number: of the line in the file, from 1, where the person finds it again.
        may_be_decimal: the amount has a comma, and the file is of the kind that writes decimals with commas.
    """

    number: int
    payee: str
    amount: str
    note: str
    may_be_decimal: bool = False


def rows_read(content: bytes) -> list[Row]:
    """Return the lines of a file of payees.

    Args:
        content: CSV in UTF-8, with `,`, `;` or tabs between the cells, with or without a line of headings.

    Raises:
        FileUnreadable: it is something else, too large, or has no lines or too many.
    """
    if len(content) > MAX_BYTES:
        raise FileUnreadable("The file is larger than 2 MB. Split it into several files.")
    return rows_of_text(_decoded(content))


def rows_of_text(text: str) -> list[Row]:
    """Return the lines of payees in a text, as `rows_read`."""
    first, _, rest = text.partition("\n")
    separator = _declared_separator(first)
    body, skipped = (rest, 1) if separator else (text, 0)
    delimiter = separator or _separator(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    filled = list(_filled(reader, skipped))
    if not filled:
        raise FileUnreadable("There are no payees in it. Write one payee on each line: payee, amount, note.")
    places, filled = _places(filled)
    if not filled:
        raise FileUnreadable("There are headings in it and no payees below them.")
    _check_columns(filled, places)
    rows = [_row(number, cells, places) for number, cells in filled]
    return _doubted(rows, delimiter)


def rows_digest(rows: Sequence[Row]) -> str:
    """Return what tells a file from every other one: who gets how much with which note, in which order."""
    content = json.dumps([_content(row) for row in rows], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _content(row: Row) -> tuple[str, ...]:
    cells = (row.payee, row.amount, row.note)
    # The same cells in a file of another kind are another amount.
    return (*cells, "decimal comma") if row.may_be_decimal else cells


class Figure(str):
    """A cell with a number that the bank has written itself; below zero it begins like a formula and is none."""

    __slots__ = ()


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write rows as CSV, one text for each, that no spreadsheet takes for formulas; it begins with a byte order mark,
    by which spreadsheets know UTF-8."""
    yield "\ufeff"
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([cell_safe(cell) for cell in row])
        yield line.getvalue()


def cell_safe(text: str) -> str:
    """Return a cell that a spreadsheet shows as it is: an apostrophe makes text of what looks like a formula."""
    is_formula = text.startswith((*_FORMULA, "\t", "\r")) and not isinstance(text, Figure)
    return f"'{text}" if is_formula else text


def _decoded(content: bytes) -> str:
    if content.startswith(_SPREADSHEETS):
        raise FileUnreadable("This is a spreadsheet. Save it as “CSV UTF-8” and upload that file.")
    if content.startswith(_UTF16):
        raise FileUnreadable("The file is in UTF-16. Save it as “CSV UTF-8” and upload that file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileUnreadable(
            f"The file is not in UTF-8 (line {line}). Save it as “CSV UTF-8” and upload that file."
        ) from error


def _declared_separator(first: str) -> str | None:
    """Return the separator of a first line such as `sep=;`, which some spreadsheets write."""
    text = first.strip().strip('"').lower()
    return text[4] if len(text) == 5 and text.startswith("sep=") and text[4] in SEPARATORS else None


def _separator(text: str) -> str:
    """Return what stands most often between the cells of the first line that is not empty.

    Of `Anna;5,41` it is the semicolon: a comma stands in amounts as well.
    """
    first = _LINE_END.split(text.lstrip("\r\n "), maxsplit=1)[0]
    outside = "".join(first.split('"')[::2])
    found = max(SEPARATORS, key=outside.count)
    return found if found in outside else ","


def _filled(reader: _Reader, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that is not empty, refusing what no list of payees has."""
    number, count = skipped + 1, 0
    try:
        for raw in reader:
            started = number
            # Most lines of an odd file are empty, so nothing else is done for them.
            cells = _cells(raw, number) if raw else raw
            number = reader.line_num + skipped + 1
            if not cells:
                continue
            count += 1
            # One more for the headings, which are taken for what they are later.
            if count > MAX_LINES + 1:
                raise _too_many()
            yield started, cells
    except csv.Error as error:
        raise FileUnreadable(f"Line {number} cannot be read: a quotation mark is missing or out of place.") from error


def _too_many() -> FileUnreadable:
    return FileUnreadable(f"It has more than {MAX_LINES:,} lines. Split it into several files.")


def _cells(raw: list[str], number: int) -> list[str]:
    """Return the cells of a line without space around them and without empty ones at its end."""
    while raw and not raw[-1].strip():
        raw.pop()
    # Before anything else is done with each of them: a line may be two million cells long.
    if len(raw) > MAX_CELLS:
        raise FileUnreadable(f"Line {number} has {len(raw):,} columns. Write payee, amount and note on each line.")
    cells = [cell.strip() for cell in raw]
    for cell in cells:
        if len(cell) > MAX_CELL:
            raise FileUnreadable(
                f"Line {number} has a cell of more than {MAX_CELL} characters. Is a quotation mark open?"
            )
        # A line break is only this line's trouble; the check says so.
        if has_forbidden_characters(_LINE_END.sub(" ", cell)):
            raise FileUnreadable(f"Line {number} has characters that are no text. Is this a CSV file?")
    return cells


def _places(filled: list[tuple[int, list[str]]]) -> tuple[dict[str, int], list[tuple[int, list[str]]]]:
    """Return which column is where, and the lines without the headings."""
    first = filled[0][1]
    names = [_heading(cell) for cell in first[:_MAX_HEADINGS]]
    if PAYEE in names and AMOUNT in names:
        _check_headings(first, names)
        return {name: place for place, name in enumerate(names) if name}, filled[1:]
    if len(filled) > MAX_LINES:
        raise _too_many()
    return {name: place for place, name in enumerate(COLUMNS)}, filled


def _heading(cell: str) -> str | None:
    """Return the column that a cell of the first line is the heading of, if it is one."""
    if len(cell) > _MAX_HEADING:
        return None
    word = search_form(cell)
    return next((name for name, words in _HEADINGS.items() if word in words), None)


def _check_headings(cells: Sequence[str], names: Sequence[str | None]) -> None:
    # Beyond those that were looked at none is known.
    unknown = next((cell for place, cell in enumerate(cells) if place >= len(names) or names[place] is None), None)
    if unknown is not None:
        raise FileUnreadable(f"The column “{unknown[:40]}” is not known. Keep three columns: payee, amount and note.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileUnreadable(f"Two columns are called {twice}. Keep one of them.")


def _check_columns(filled: Sequence[tuple[int, list[str]]], places: dict[str, int]) -> None:
    """Refuse a file in which every line has too many cells; some such lines are their own trouble."""
    columns = max(places.values()) + 1
    if all(len(cells) > columns for _, cells in filled):
        number, cells = filled[0]
        raise FileUnreadable(
            f"Line {number} has {len(cells)} columns; there may be {columns}. "
            "Put amounts and notes with commas in them between quotation marks."
        )


def _row(number: int, cells: Sequence[str], places: dict[str, int]) -> Row:
    if len(cells) > max(places.values()) + 1:
        # Nobody can know which of the cells is the amount, so none of them ever is.
        place = places[PAYEE]
        others = [cell for at, cell in enumerate(cells) if at != place]
        return Row(number, _as_typed(cells[place]), EXTRA_CELLS.join(others), "")
    found = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
    payee, amount, note = (_as_typed(found.get(name, "")) for name in COLUMNS)
    return Row(number, payee, amount, note)


def _doubted(rows: list[Row], delimiter: str) -> list[Row]:
    """Mark the amounts whose comma may be a decimal comma, by the file that they stand in."""
    if delimiter == "," and not any(_DECIMAL_COMMA.fullmatch(row.amount) for row in rows):
        return rows
    return [replace(row, may_be_decimal=True) if _ONE_COMMA.fullmatch(row.amount) else row for row in rows]


def _as_typed(cell: str) -> str:
    """Take away the apostrophe that our own files put before what looks like a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell
