"""What is drawn on a statement's pages, piece by piece, each at a place that it is given; points, from the left below.

The colours are those of the pages in the browser (`static/css/tokens.css`, light theme).
"""

from collections.abc import Sequence

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from banking.statements.letters import BOLD, REGULAR, width_of, writable
from banking.statements.sheet import Pair

INK, SOFT, ACCENT = HexColor("#0f1f1a"), HexColor("#4c5d56"), HexColor("#0b6a51")
LINE, MARK = HexColor("#dde4df"), HexColor("#f1f6f3")
_GOLD, _GOLD_DEEP, _GOLD_LIGHT, _STAMP = (HexColor(code) for code in ("#e6c06c", "#b98a2c", "#f6dfa0", "#083d2f"))
_SMALLEST = 4.5

# The lily of `static/img/coin.svg`: where each leaf begins, and its curves from there, in that picture's units.
_Leaf = tuple[tuple[float, float], tuple[tuple[float, ...], ...]]
_LEAVES: tuple[_Leaf, ...] = (
    (
        (32, 12.5),
        (
            (4.8, 5.8, 7.4, 11.6, 6.2, 17.9),
            (-0.8, 4.1, -3.5, 7.4, -6.2, 10.6),
            (-2.7, -3.2, -5.4, -6.5, -6.2, -10.6),
            (-1.2, -6.3, 1.4, -12.1, 6.2, -17.9),
        ),
    ),
    (
        (29.6, 41.5),
        (
            (-6, 0.8, -12.8, -1.7, -13.9, -8.2),
            (-0.8, -4.7, 2.7, -7.9, 6.4, -6.7),
            (2, 0.7, 2.9, 2.7, 2.1, 4.6),
            (-1.5, -0.8, -2.9, 0, -2.6, 1.9),
            (0.5, 3.3, 4.6, 6.3, 8, 8.4),
        ),
    ),
)


def text(canvas: Canvas, x: float, y: float, words: str, *, font: str = REGULAR, size: float = 8.5) -> None:
    _font(canvas, font, size)
    canvas.drawString(x, y, words)


def text_right(
    canvas: Canvas, x: float, y: float, words: str, *, font: str = REGULAR, size: float = 8.5, width: float = 1_000
) -> None:
    """Write a text that ends at a place, smaller if it is wider than it may be: no figure is ever cut."""
    wide = width_of(words, font, size)
    if wide > width:
        size, wide = size * width / wide, width
    _font(canvas, font, size)
    canvas.drawString(x - wide, y, words)


def _font(canvas: Canvas, font: str, size: float) -> None:
    # Said once for all the words that are set in it, which makes long statements smaller.
    if (canvas._fontname, canvas._fontsize) != (font, size):
        canvas.setFont(font, size)


def rule(canvas: Canvas, left: float, right: float, y: float, *, strong: bool = False) -> None:
    canvas.setStrokeColor(INK if strong else LINE)
    canvas.setLineWidth(0.8 if strong else 0.5)
    canvas.line(left, y, right, y)


def brand(canvas: Canvas, x: float, y: float, *, size: float = 26) -> None:
    """Draw the coin and the bank's name beside it."""
    _coin(canvas, x, y, size)
    canvas.setFillColor(INK)
    text(canvas, x + size + 8, y + size * 0.26, "Florin", font=BOLD, size=size * 0.72)


def pairs(canvas: Canvas, x: float, y: float, facts: Sequence[Pair], *, label_width: float, leading: float) -> float:
    """Write names and values below each other and return the place below the last."""
    for name, value in facts:
        canvas.setFillColor(SOFT)
        text(canvas, x, y, writable(name))
        canvas.setFillColor(INK)
        text(canvas, x + label_width, y, writable(value))
        y -= leading
    return y


def summary(canvas: Canvas, left: float, right: float, top: float, sums: Sequence[Pair]) -> float:
    """Draw the box with the sums, the last of them in the accent's colour, and return its lower edge."""
    height, inner = 48.0, 12.0
    canvas.setFillColor(MARK)
    canvas.roundRect(left, top - height, right - left, height, 8, stroke=0, fill=1)
    width = (right - left - inner) / len(sums)
    for index, (name, amount) in enumerate(sums):
        x = left + inner + index * width
        canvas.setFillColor(SOFT)
        text(canvas, x, top - 18, writable(name), size=_fitting(writable(name), REGULAR, 7.5, width - inner))
        canvas.setFillColor(ACCENT if index == len(sums) - 1 else INK)
        shown = writable(amount)
        text(canvas, x, top - 35, shown, font=BOLD, size=_fitting(shown, BOLD, 11.5, width - inner))
    return top - height


def _fitting(words: str, font: str, size: float, width: float) -> float:
    wide = width_of(words, font, size)
    return size if wide <= width else max(_SMALLEST, size * width / wide)


def _coin(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.saveState()
    canvas.translate(x, y + size)
    # The picture's own units go downwards.
    canvas.scale(size / 64, -size / 64)
    for radius, colour in ((31, _GOLD_DEEP), (28.6, _GOLD_LIGHT), (26, _GOLD)):
        canvas.setFillColor(colour)
        canvas.circle(32, 32, radius, stroke=0, fill=1)
    canvas.setFillColor(_STAMP)
    for leaf in _LEAVES:
        _leaf(canvas, leaf)
    canvas.saveState()
    canvas.transform(-1, 0, 0, 1, 64, 0)
    _leaf(canvas, _LEAVES[1])
    canvas.restoreState()
    canvas.roundRect(23.5, 42.6, 17, 3, 1.5, stroke=0, fill=1)
    canvas.restoreState()


def _leaf(canvas: Canvas, leaf: _Leaf) -> None:
    (x, y), curves = leaf
    path = canvas.beginPath()
    path.moveTo(x, y)
    for x1, y1, x2, y2, dx, dy in curves:
        path.curveTo(x + x1, y + y1, x + x2, y + y2, x + dx, y + dy)
        x, y = x + dx, y + dy
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
