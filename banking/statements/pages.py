"""The pages of a statement: the letterhead on the first, the table on all of them, its head repeated on each.

Only the place where the next line goes is kept while it is set, so an entry costs the same on page 2 and on page
2,000. How many pages there are is known at the end; until then each page refers to a picture that has the number.
"""

from typing import IO

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from banking.statements import drawing
from banking.statements.drawing import INK, SOFT
from banking.statements.letters import BOLD, REGULAR, fonts_load, lines_of, width_of, writable
from banking.statements.sheet import Pair, Row, Sheet

_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, _WIDTH - 48, _HEIGHT - 48, 62.0
# Where the columns are: the first two begin there, the figures end there.
_WHO = _LEFT + 92
_BALANCE, _IN, _OUT = _RIGHT, _RIGHT - 84, _RIGHT - 158
_WHO_WIDTH, _FIGURE_WIDTH, _BALANCE_WIDTH = _OUT - 72 - _WHO, 66.0, 76.0
_SIZE, _SMALL, _LEADING, _AIR = 8.5, 7.5, 10.0, 5.5
_PAGES = "pages"

# Nobody sends these files through what takes letters only; as they are they are a fifth smaller.
rl_config.useA85 = False


class Pages:
    """A statement that is being set; `begin`, `row` for each entry, `end`."""

    def __init__(self, sheet: Sheet, to: IO[bytes]) -> None:
        fonts_load()
        self._sheet = sheet
        self._canvas = Canvas(to, pagesize=A4, pageCompression=1, lang=sheet.language)
        self._canvas.setTitle(sheet.title)
        self._canvas.setAuthor(sheet.author)
        self._canvas.setSubject(sheet.period)
        self._canvas.setCreator(sheet.author)
        # A reader's window is called after the title, and not after the file.
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        self._number = 1
        self._y = _TOP
        self._is_empty = True

    def begin(self) -> None:
        """Set the letterhead and the line the table begins with."""
        self._letterhead()
        self._columns()
        self._total(self._sheet.opening)

    def row(self, row: Row) -> None:
        """Set an entry, on a new page if this one is full."""
        day, hour, who, note, out, money_in, balance = row
        names = lines_of(writable(who), REGULAR, _SIZE, _WHO_WIDTH)
        notes = lines_of(writable(note), REGULAR, _SMALL, _WHO_WIDTH)
        self._room(len(names) * _LEADING + len(notes) * (_LEADING - 0.5) + _AIR)
        self._is_empty = False
        canvas, y = self._canvas, self._y - _LEADING
        canvas.setFillColor(INK)
        drawing.text(canvas, _LEFT, y, day)
        for figure, x, width in (
            (out, _OUT, _FIGURE_WIDTH),
            (money_in, _IN, _FIGURE_WIDTH),
            (balance, _BALANCE, _BALANCE_WIDTH),
        ):
            if figure:
                drawing.text_right(canvas, x, y, figure, width=width)
        for line in names:
            drawing.text(canvas, _WHO, y, line)
            y -= _LEADING
        canvas.setFillColor(SOFT)
        drawing.text(canvas, _LEFT + width_of(day, REGULAR, _SIZE) + 4, self._y - _LEADING, hour, size=_SMALL)
        for line in notes:
            drawing.text(canvas, _WHO, y + 0.5, line, size=_SMALL)
            y -= _LEADING - 0.5
        self._ruled(y + _LEADING - _AIR)

    def end(self) -> None:
        """Set the last line and what stands below it, and write the document."""
        if self._is_empty:
            self._room(_LEADING + _AIR)
            self._canvas.setFillColor(SOFT)
            drawing.text(self._canvas, _WHO, self._y - _LEADING, writable(self._sheet.empty))
            self._ruled(self._y - _LEADING - _AIR)
        self._total(self._sheet.closing)
        words = lines_of(writable(self._sheet.closing_words), REGULAR, _SMALL, _RIGHT - _LEFT)
        self._room(len(words) * _LEADING + _AIR)
        self._canvas.setFillColor(SOFT)
        for number, line in enumerate(words, start=1):
            drawing.text(self._canvas, _LEFT, self._y - _AIR - number * _LEADING, line, size=_SMALL)
        self._foot()
        self._canvas.beginForm(_PAGES)
        self._canvas.setFillColor(SOFT)
        drawing.text(self._canvas, 0, 0, str(self._number), size=_SMALL)
        self._canvas.endForm()
        self._canvas.save()

    def _letterhead(self) -> None:
        canvas, sheet = self._canvas, self._sheet
        drawing.brand(canvas, _LEFT, _TOP - 26)
        canvas.setFillColor(INK)
        drawing.text_right(canvas, _RIGHT, _TOP - 12, writable(sheet.heading), font=BOLD, size=14)
        canvas.setFillColor(SOFT)
        drawing.text_right(canvas, _RIGHT, _TOP - 26, writable(sheet.period), size=9.5)
        below = drawing.pairs(canvas, _LEFT, _TOP - 62, sheet.facts, label_width=92, leading=14)
        self._y = drawing.summary(canvas, _LEFT, _RIGHT, below - 4, sheet.summary) - 14

    def _columns(self) -> None:
        day, who, out, money_in, balance = (writable(text) for text in self._sheet.columns)
        y = self._y - _LEADING
        self._canvas.setFillColor(SOFT)
        drawing.text(self._canvas, _LEFT, y, day, size=_SMALL)
        drawing.text(self._canvas, _WHO, y, who, size=_SMALL)
        for head, x, width in (
            (out, _OUT, _FIGURE_WIDTH),
            (money_in, _IN, _FIGURE_WIDTH),
            (balance, _BALANCE, _BALANCE_WIDTH),
        ):
            drawing.text_right(self._canvas, x, y, head, size=_SMALL, width=width)
        self._y = y - 6
        drawing.rule(self._canvas, _LEFT, _RIGHT, self._y, strong=True)

    def _total(self, total: Pair) -> None:
        self._room(_LEADING + _AIR)
        name, balance = (writable(text) for text in total)
        y = self._y - _LEADING
        self._canvas.setFillColor(INK)
        drawing.text(self._canvas, _WHO, y, name, font=BOLD)
        drawing.text_right(self._canvas, _BALANCE, y, balance, font=BOLD, width=_BALANCE_WIDTH)
        self._ruled(y - _AIR)

    def _ruled(self, y: float) -> None:
        self._y = y
        drawing.rule(self._canvas, _LEFT, _RIGHT, y)

    def _room(self, height: float) -> None:
        """Begin a new page if a line of this height has no room on this one."""
        if self._y - height >= _BOTTOM:
            return
        self._foot()
        self._canvas.showPage()
        self._number += 1
        self._canvas.setFillColor(SOFT)
        drawing.text(self._canvas, _LEFT, _TOP - 8, writable(self._sheet.title), size=_SMALL)
        drawing.text_right(self._canvas, _RIGHT, _TOP - 8, writable(self._sheet.running), size=_SMALL)
        self._y = _TOP - 20
        self._columns()

    def _foot(self) -> None:
        before, _, after = self._sheet.page.replace("{page}", str(self._number)).partition("{pages}")
        before, after = writable(before), writable(after)
        canvas, y = self._canvas, _BOTTOM - 26
        canvas.setFillColor(SOFT)
        drawing.text(canvas, _LEFT, y, before, size=_SMALL)
        canvas.saveState()
        canvas.translate(_LEFT + width_of(before, REGULAR, _SMALL), y)
        canvas.doForm(_PAGES)
        canvas.restoreState()
        if after.strip():
            drawing.text(canvas, _LEFT + width_of(before + "0000", REGULAR, _SMALL), y, after, size=_SMALL)
