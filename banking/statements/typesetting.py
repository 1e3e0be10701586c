"""Sets a statement as PDF, in a process of its own: `python -m banking.statements.typesetting < texts > file.pdf`.

The texts come as lines of JSON: the `Sheet`, then each entry, then `null` as a sign that nothing was cut off. Setting
is pure computing, a tenth of a millisecond for each entry, which beside the requests of a web server would hold up all
of them. Here it has its own interpreter, the lowest priority, and ends by itself at its bounds.
"""

import json
import os
import resource
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any

from banking.statements.pages import Pages
from banking.statements.sheet import Row, Sheet

# Far more than a hundred thousand entries need; whoever needs more is out of control.
_CPU_SECONDS = 180
_MEMORY_BYTES = 1024**3
_NICE = 10


def main() -> int:
    """Set what comes on standard input and write the document to standard output."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    lines = map(json.loads, sys.stdin)
    typeset(Sheet(**next(lines)), _rows(lines), sys.stdout.buffer)
    return 0


def typeset(sheet: Sheet, rows: Iterable[Row], to: IO[bytes]) -> None:
    """Set a statement and write the document."""
    pages = Pages(sheet, to)
    pages.begin()
    for row in rows:
        pages.row(row)
    pages.end()


def _rows(lines: Iterator[Any]) -> Iterator[Row]:
    for line in lines:
        if line is None:
            return
        yield line
    # Whoever sends them has died: half a statement is none.
    raise EOFError("the entries were cut off")


if __name__ == "__main__":
    sys.exit(main())
