"""What stands on a statement's pages, as finished texts: what the bank's process hands to the one that sets them.

Only text crosses over, so whoever sets it needs neither the database nor the settings, and an alphabet or a note that
a library chokes on ends a small process that has no secrets.
"""

from dataclasses import asdict, dataclass
from typing import Any

Pair = tuple[str, str]
# Day, time, who, the note, money out, money in, the balance after it.
Row = tuple[str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The head of a statement and its fixed texts, in the reader's language.

    Args:
        language: BCP 47 tag of the texts.
        heading, period: what it is, and of when.
        title, author: properties of the document.
        running: what later pages repeat at their head.
        facts: whose it is, as names and values.
        summary: the sums, as names and amounts; the last one counts most.
        columns: the heads of the table: when, who, money out, money in, balance.
        opening, closing: the first and the last line of the table, as text and balance.
        empty: what stands there without entries.
        page: `{page}` and `{pages}` in it are numbers.
        closing_words: a sentence under the table.
    """

    language: str
    heading: str
    period: str
    title: str
    author: str
    running: str
    facts: list[Pair]
    summary: list[Pair]
    columns: tuple[str, str, str, str, str]
    opening: Pair
    closing: Pair
    empty: str
    page: str
    closing_words: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
