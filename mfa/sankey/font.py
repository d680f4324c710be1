"""The shipped font: where its files lie, how wide a text is, where a line may break."""

from __future__ import annotations

import re
import struct
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

FAMILY = "Noto Sans"
FALLBACK = "'Noto Sans', 'Segoe UI', Roboto, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_FILES = {"regular": "NotoSans-Regular", "semibold": "NotoSans-SemiBold"}


def font_path(weight: str = "regular", suffix: str = ".ttf") -> Path:
    """Return the path of a shipped font file.

    Parameters
    ----------
    weight
        ``"regular"`` (400) or ``"semibold"`` (600).
    suffix
        ``".ttf"`` (for resvg, typst) or ``".woff2"`` (to embed in HTML).

    Raises
    ------
    ValueError
        There is no such weight or format.

    Examples
    --------
    >>> font_path("semibold").name
    'NotoSans-SemiBold.ttf'
    """
    if weight not in _FILES or suffix not in (".ttf", ".woff2"):
        raise ValueError(
            f"no font {weight!r} {suffix!r}; weights are {', '.join(_FILES)}, formats .ttf, .woff2"
        )
    return Path(str(files("mfa") / "data" / "fonts" / (_FILES[weight] + suffix)))


@cache
def glyph_widths(weight: str = "regular") -> dict[str, float]:
    """Return character → advance width in em, for every character the font draws.

    Read from the font's ``cmap`` (format 4) and ``hmtx`` tables, so that widths cannot go stale.
    """
    data = font_path(weight).read_bytes()
    tables = {}
    for i in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", data, 12 + 16 * i)
        tables[tag.decode("ascii")] = offset
    em = struct.unpack_from(">H", data, tables["head"] + 18)[0]
    long_metrics = struct.unpack_from(">H", data, tables["hhea"] + 34)[0]
    advances = struct.unpack_from(f">{2 * long_metrics}H", data, tables["hmtx"])[::2]
    glyphs = _character_map(data, tables["cmap"])
    return {chr(c): advances[min(g, long_metrics - 1)] / em for c, g in glyphs.items()}


def _character_map(data: bytes, start: int) -> dict[int, int]:
    """Return code point → glyph from the first format 4 subtable of ``cmap`` at `start`."""
    for i in range(struct.unpack_from(">H", data, start + 2)[0]):
        table = start + struct.unpack_from(">L", data, start + 4 + 8 * i + 4)[0]
        if struct.unpack_from(">H", data, table)[0] == 4:
            break
    else:
        raise ValueError("the font has no cmap of format 4")
    count = struct.unpack_from(">H", data, table + 6)[0] // 2
    at = table + 14
    ends = struct.unpack_from(f">{count}H", data, at)
    starts = struct.unpack_from(f">{count}H", data, at + 2 * count + 2)
    deltas = struct.unpack_from(f">{count}h", data, at + 4 * count + 2)
    offsets_at = at + 6 * count + 2
    offsets = struct.unpack_from(f">{count}H", data, offsets_at)
    glyphs = {}
    for i in range(count):
        for code in range(starts[i], min(ends[i], 0xFFFE) + 1):
            glyph = code
            if offsets[i]:
                where = offsets_at + 2 * i + offsets[i] + 2 * (code - starts[i])
                glyph = struct.unpack_from(">H", data, where)[0]
                if glyph == 0:
                    continue
            if glyph := (glyph + deltas[i]) & 0xFFFF:
                glyphs[code] = glyph
    return glyphs


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, weight: str = "regular") -> float:
    """Return the width of `text` at `size`, in the unit of `size`; unknown glyphs count 0.6 em.

    Examples
    --------
    >>> 60 < text_width("Nhà máy Phú Sơn", 8) < text_width("Nhà máy Phú Sơn", 8, "semibold")
    True
    """
    widths = glyph_widths(weight)
    total = 0.0
    for character in text:
        width = widths.get(character)
        if width is None:
            width = 0.0 if unicodedata.combining(character) else 0.6
        total += width
    return total * size


def wrap(
    text: str, width: float, size: float, weight: str = "regular", lines: int = 3
) -> list[str]:
    """Return `text` broken into at most `lines` lines no wider than `width`, evenly filled.

    Words are only cut when one alone is too wide; what does not fit ends in an ellipsis.

    Examples
    --------
    >>> wrap("Nhà máy xử lý chất thải rắn Phú Sơn", 140, 12)
    ['Nhà máy xử lý chất', 'thải rắn Phú Sơn']
    >>> wrap("Households", 40, 12, lines=1)
    ['Hous…']
    """
    return list(_wrap(text, int(width), size, weight, lines))


@lru_cache(maxsize=8192)
def _wrap(text: str, width: float, size: float, weight: str, lines: int) -> tuple[str, ...]:
    if not text.split():
        return ()
    broken = _break(text, width, size, weight)
    if len(broken) > lines:
        last = " ".join(broken[lines - 1 :])
        return (*broken[: lines - 1], _shorten(last, width, size, weight))
    # The same number of lines in the narrowest block: no lonely word on the last line.
    low, high = min(float(width), _longest_word(text, size, weight)), float(width)
    while high - low > size / 4:
        middle = (low + high) / 2
        trial = _break(text, middle, size, weight)
        fits = len(trial) <= len(broken)
        low, high = (low, middle) if fits else (middle, high)
        broken = trial if fits else broken
    return tuple(broken)


def _longest_word(text: str, size: float, weight: str) -> float:
    return max(text_width(word, size, weight) for word in text.split())


def _break(text: str, width: float, size: float, weight: str) -> list[str]:
    """Return lines filled greedily; a word that is too wide alone is cut."""
    space = text_width(" ", size, weight)
    lines: list[str] = []
    current, room = "", 0.0
    for word in (piece for w in text.split() for piece in _pieces(w, width, size, weight)):
        wide = text_width(word, size, weight)
        if current and wide + space <= room:
            current, room = f"{current} {word}", room - wide - space
        else:
            lines += [current] if current else []
            current, room = word, width - wide
    return [*lines, current]


def _pieces(word: str, width: float, size: float, weight: str) -> list[str]:
    """Return `word` cut where it would be wider than `width`, at its hyphens where it can be."""
    if text_width(word, size, weight) <= width:
        return [word]
    pieces, current = [], ""
    for part in re.split(r"(?<=[-–/])(?=\w)", word):  # after a hyphen or slash, if one is there
        if current and text_width(current + part, size, weight) > width:
            pieces.append(current)
            current = ""
        for character in part:
            if current and text_width(current + character, size, weight) > width:
                pieces.append(current)
                current = ""
            current += character
    return [*pieces, current]


def _shorten(text: str, width: float, size: float, weight: str) -> str:
    """Return as much of `text` as fits with an ellipsis, at least one character."""
    room, kept = width - text_width("…", size, weight), 0
    for character in text:
        room -= text_width(character, size, weight)
        if room < 0 and kept:
            break
        kept += 1
    return text[:kept].rstrip() + "…"
