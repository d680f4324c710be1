"""Text as people type it: composed or not, with invisible characters, with Ð for Đ."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F)]
)
_SPACES = {0x00A0: " ", 0x2007: " ", 0x202F: " ", 0x3000: " "}
# U+00D0 (Icelandic Eth) looks like U+0110 (Đ) and older Vietnamese keyboards type it.
_LETTERS = {0x00D0: "Đ", 0x0189: "Đ", 0x00F0: "đ"}
_TABLE = _INVISIBLE | _SPACES | _LETTERS
COMPARISONS = 150_000
"""With so many names a text is compared at most, over all questions: some three seconds."""
LONGEST_SLIP = 60
_LETTERS_OF_IDS = "abcdefghijklmnopqrstuvwxyz0123456789 "
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def tidy(text: str) -> str:
    r"""Return `text` composed (NFC), trimmed, without invisible and control characters.

    Examples
    --------
    >>> tidy("  Ða\u0323i\u200b\u00a0Nội ")
    'Đại Nội'
    """
    if text.isascii() and text.isprintable():  # most cells; nothing of the below can be in them
        return text.strip()
    composed = unicodedata.normalize("NFC", text).translate(_TABLE)
    return _CONTROL.sub("", composed.replace("\r\n", "\n").replace("\r", "\n")).strip()


def key_of(text: str) -> str:
    """Return `text` as a key for comparing titles and words: tidied, lower case, single spaces.

    Vietnamese words spelt with either tone placement (hòa, hoà) give the same key.

    Examples
    --------
    >>> key_of("Điều  HOÀ") == key_of("điều hòa")
    True
    """
    words = " ".join(tidy(text).casefold().split())
    return _one_tone_placement(words)


def bare(text: str) -> str:
    """Return `text` without accents, for finding what was probably meant.

    Examples
    --------
    >>> bare("Nhà máy Đường")
    'nha may duong'
    """
    lowered = key_of(text).replace("đ", "d")
    decomposed = unicodedata.normalize("NFD", lowered)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def nearest(text: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the one of `known` that `text` most probably means, or None.

    Accents, case and the difference between ``_``, ``-`` and a space are ignored; `cutoff` says how
    alike they must be, from 0 to 1.

    Examples
    --------
    >>> nearest("nha may gao", ["kho_lúa", "nhà_máy_gạo"])
    'nhà_máy_gạo'
    >>> nearest("zebra", ["rice_mill"]) is None
    True
    """
    return Names(known).nearest(text, cutoff)


class Names:
    """Known names, to find again and again which one was meant.

    Comparing with every name takes its time: in long lists, and after many questions, only names
    that differ by one letter are found.

    Examples
    --------
    >>> Names(f"flow_{n}" for n in range(300_000)).nearest("flwo_17")
    'flow_17'
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        for name in known:
            self._names.setdefault(_plain(name), name)
        self._left = COMPARISONS

    def nearest(self, text: str, cutoff: float = 0.6) -> str | None:
        """Return the name that `text` most probably means, or None; see `nearest`."""
        plain = _plain(text)
        if plain in self._names:
            return self._names[plain]
        self._left -= len(self._names)
        if self._left >= 0:
            found = difflib.get_close_matches(plain, self._names, n=1, cutoff=cutoff)
        else:
            found = [other for other in _one_slip(plain) if other in self._names][:1]
        return self._names[found[0]] if found else None


def _one_slip(text: str) -> Iterator[str]:
    """Yield what `text` may have been before one slip: letters swapped, doubled, lost, mistaken."""
    parts = [(text[:at], text[at:]) for at in range(min(len(text), LONGEST_SLIP) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1)
    yield from (a + b[1:] for a, b in parts if b)
    yield from (a + letter + b for a, b in parts for letter in _LETTERS_OF_IDS)
    yield from (a + letter + b[1:] for a, b in parts if b for letter in _LETTERS_OF_IDS)


def _plain(text: str) -> str:
    return re.sub(r"[_\-\s]+", " ", bare(text)).strip()


_TONES = "\u0300\u0301\u0303\u0309\u0323"
_OPEN_SYLLABLE = re.compile(rf"(o)([ae])([{_TONES}])(?![a-z])|(u)(y)([{_TONES}])(?![a-z])")


def _one_tone_placement(text: str) -> str:
    """Move the tone of final oa, oe, uy to their first vowel (hoà → hòa), composed."""
    decomposed = unicodedata.normalize("NFD", text)

    def move(found: re.Match[str]) -> str:
        first, second, tone = (g for g in found.groups() if g is not None)
        return first + tone + second

    return unicodedata.normalize("NFC", _OPEN_SYLLABLE.sub(move, decomposed))
