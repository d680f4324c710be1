"""How wide the columns of a table are on paper: numbers unbroken, few lines, no overfull cell."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mfa.report.paged import MANY_COLUMNS, cell_text, clean
from mfa.report.tables import Column, Table
from mfa.sankey.font import text_width

if TYPE_CHECKING:
    import numpy as np

SIZES = (8.0, 7.0)  # points: normal and small type of tables
PADDING = 6.0  # points, left and right of a cell together
BAR = 60.0  # points
# Size of type; whether words may be broken; by how much the table must get lower to deserve it.
NARROW = ((8.0, False, 1.0), (8.0, True, 1.15))
WIDE = (
    (8.0, False, 1.0),
    (8.0, True, 1.25),
    (7.0, False, 1.4),
    (7.0, True, 1.6),
)  # of many columns
PIECE = 12.0  # em; longer words without a mark to break after may be broken anywhere
KEPT = 10.0  # em; short texts (scores, states) up to this width stay on one line
HEADS = 30  # rows on a page: as often is the head repeated
WHOLE = 11  # characters; headings up to this length stay on one line unless columns are many
SLACK = 1.07  # lines break at words: text takes that much more room than its length
SMALL, STRETCH = 0.62, 1.3  # a small table takes at least that share, and grows by that factor
POWER = 6  # the height of a row is nearly that of its highest cell
GLYPH = 1.4  # em; no letter is wider
STEPS = 40
CROWDED = 8  # how much a table is disliked whose words do not fit their columns

_AFTER_MARK = re.compile(r"(?<=[_/.\-?&=:])(?=\w)")
_BREAK = "\u200b"  # a place where a word may be broken


@dataclass(frozen=True)
class Fit:
    """Size of type and widths of columns (points, with padding), and lines of every row."""

    size: float
    widths: tuple[float, ...]
    head: int
    lines: tuple[int, ...]

    @property
    def small(self) -> bool:
        """Whether the table is set in the smaller size."""
        return self.size < SIZES[0]

    def height(self) -> float:
        """Return about how high the table is, in points."""
        return sum(lines * self.size * 1.25 + 4.0 for lines in (self.head, *self.lines))


@lru_cache(maxsize=256)  # Word and PDF show the same tables
def fit_table(table: Table, language: str, width: float) -> Fit:
    """Return how to set a table on paper `width` points wide."""
    texts = [[cell_text(cell, language) for cell in row.cells] for row in table.rows]
    heads = [heading(column, table) for column in table.columns]
    sizes = _Sizes(texts, heads, [column.kind for column in table.columns])
    best, lowest = None, math.inf
    for size, broken, cost in WIDE if len(heads) >= MANY_COLUMNS else NARROW:
        least = sizes.least(size, broken)
        crowded = max(least.sum() / width, 1.0)
        fit = sizes.fit(size, least / crowded, width)
        if fit.height() * cost * crowded**CROWDED < lowest:
            best, lowest = fit, fit.height() * cost * crowded**CROWDED
        if crowded == 1.0 and max(fit.lines, default=1) == 1:
            break
    assert best is not None
    return best


def heading(column: Column, table: Table) -> str:
    """Return the heading of a column with its unit, unless the caption states the unit."""
    unit = f" ({column.unit})" if column.unit and column.unit not in table.title else ""
    title = clean(column.title)
    if len(title) <= WHOLE and len(table.columns) < MANY_COLUMNS:
        title = title.replace(" ", "\u00a0")
    return title + clean(unit)


def breakable(text: str, width: float, size: float) -> str:
    """Return `text` with places to break in the words that are wider than a column.

    Examples
    --------
    >>> breakable("a sweet_potato_area", 45, 8).split("\u200b")
    ['a sweet_', 'potato_', 'area']
    """
    room = width - PADDING
    words = text.split(" ")
    sure = room / (size * GLYPH)  # letters: shorter words need no measuring
    if all(len(word) <= sure or text_width(word, size, "semibold") <= room for word in words):
        return text
    return " ".join(_break(word, room, size) for word in words)


def _break(word: str, room: float, size: float) -> str:
    """Return a word with places to break: after its marks, and inside pieces still too wide."""
    if text_width(word, size, "semibold") <= room:
        return word
    pieces = []
    for piece in _AFTER_MARK.split(word):
        wide = text_width(piece, size, "semibold")
        fits = max(int(len(piece) * room / wide) - 1, 1) if wide > room else len(piece)
        pieces += [piece[i : i + fits] for i in range(0, len(piece), max(fits, 1))]
    return _BREAK.join(pieces)


class _Sizes:
    """How long the texts of a table and their words are, in em.

    Attributes
    ----------
    natural
        Length of every text, rows × columns; the last row is the head.
    weight
        How often a row counts for the height of the table.
    words, pieces
        Widest word of every column, and widest piece where words may be broken.
    """

    def __init__(
        self, texts: Sequence[Sequence[str]], heads: Sequence[str], kinds: Sequence[str]
    ) -> None:
        import numpy as np

        lengths = [[text_width(text, 1.0) for text in row] for row in texts]
        lengths.append([text_width(text, 1.0, "semibold") * 1.1 for text in heads])
        self.natural = np.array(lengths)
        self.weight = np.ones(len(lengths))
        self.weight[-1] = 1 + len(texts) // HEADS
        self.bars = np.array([kind == "bar" for kind in kinds])
        head = [_widest_word(text) for text in heads]
        columns = [{row[c] for row in texts} for c in range(len(heads))]
        self.words = np.array(
            [max([h, *map(_WIDEST[k], c)]) for h, k, c in zip(head, kinds, columns, strict=True)]
        )
        self.pieces = np.array(
            [
                max([h, *map(_NARROWEST[k], c)]) if k in _NARROWEST else w
                for h, k, c, w in zip(head, kinds, columns, self.words, strict=True)
            ]
        )

    def least(self, size: float, broken: bool) -> np.ndarray:
        """Return the narrowest widths in points."""
        import numpy as np

        widths = (self.pieces if broken else self.words) * size + PADDING
        return np.where(self.bars, BAR, widths)

    def fit(self, size: float, least: np.ndarray, width: float) -> Fit:
        """Return the table set in one size, no column narrower than `least`."""
        import numpy as np

        widths = self._share(self.natural * size, least, width)
        inner = np.maximum(widths - PADDING, 1.0)
        lines = np.ceil(self.natural * size * SLACK / inner - 1e-9).max(axis=1, initial=1)
        *rows, head = (int(n) for n in lines)
        return Fit(size, tuple(map(float, widths)), head, tuple(rows))

    def _share(self, natural: np.ndarray, least: np.ndarray, width: float) -> np.ndarray:
        """Return widths that add up to `width`, or to less where that is enough."""
        import numpy as np

        cells = natural[:-1].max(axis=0, initial=0.0) * SLACK + PADDING
        wanted = np.where(self.bars, BAR, np.maximum(cells, least))
        if wanted.sum() > width:
            return _fill(natural, self.weight, wanted, least, width)
        whole = min(width, max(wanted.sum() * STRETCH, SMALL * width))
        more = np.maximum(wanted, natural[-1] + PADDING) - wanted
        room = whole - wanted.sum()
        if more.sum() >= room:
            return wanted + more * (room / more.sum())
        return (wanted + more) * (whole / (wanted + more).sum())


def _whole(text: str) -> float:
    # Programs differ in how bold the bold is and in how they round: leave them some room.
    return text_width(text, 1.0, "semibold") * 1.05 + 0.1 if text else 0.0


def _widest_word(text: str) -> float:
    return max(_whole(word) for word in text.split(" "))


def _widest_short(text: str) -> float:
    return _whole(text) if _whole(text) <= KEPT else _widest_word(text)


_WIDEST = {
    "text": _widest_word,
    "short": _widest_short,
    "number": _whole,
    "range": _whole,
    "bar": _whole,
}


def _widest_piece(text: str) -> float:
    """Return the width of the widest part of a text that may stand on a line of its own."""
    pieces = (piece for word in text.split(" ") for piece in _AFTER_MARK.split(word))
    return min(max(_whole(piece) for piece in pieces), PIECE)


def _shortest(text: str) -> float:
    wide = _whole(text)
    return wide if wide <= KEPT / 2 else _widest_piece(text)


_NARROWEST = {"text": _widest_piece, "short": _shortest}


def _fill(
    natural: np.ndarray, weight: np.ndarray, wanted: np.ndarray, least: np.ndarray, width: float
) -> np.ndarray:
    """Return widths between `least` and `wanted` that make the table low.

    Width is given out step by step, each time to the column where it saves most height.
    """
    import numpy as np

    widths = least.copy()
    step = max((width - widths.sum()) / STEPS, 0.0)
    powers = _powers(natural, widths)
    for _ in range(STEPS):
        total = powers.sum(axis=1)
        trial = _powers(natural, np.minimum(widths + step, np.maximum(wanted, widths)))
        heights = (total[:, None] - powers + trial) ** (1 / POWER)
        saved = weight @ total ** (1 / POWER) - weight @ heights
        best = int(saved.argmax())
        if saved[best] <= 1e-9:
            break
        widths[best] += step
        powers[:, best] = _powers(natural[:, best], widths[best])
    return widths + (width - widths.sum()) * widths / widths.sum()


def _powers(natural: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Return the lines of every cell to the power by which a row's height is estimated."""
    import numpy as np

    return np.maximum(natural * SLACK / np.maximum(widths - PADDING, 1.0), 1.0) ** POWER
