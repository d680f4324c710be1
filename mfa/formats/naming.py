"""From names as people write them to ids that formulas may use."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mfa.workbook.text import tidy

LONGEST = 60
_GAP = re.compile(r"\W+")
# Letters that no other language of these tools' users has: French and Portuguese share the rest.
_VIETNAMESE = re.compile("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)


class Ids:
    """Makes ids that are valid and unique among themselves.

    Examples
    --------
    >>> ids = Ids(["export"])
    >>> ids.new("Rice mill"), ids.new("Rice  mill!"), ids.new("Export"), ids.new("2023", "year")
    ('Rice_mill', 'Rice_mill_2', 'Export', 'year_2023')
    >>> ids.new("export"), ids.new("?", "process")
    ('export_2', 'process')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def new(self, text: str, fallback: str = "x") -> str:
        """Return an unused id for `text`; `fallback` leads it where it cannot stand alone."""
        stem = identifier(text, fallback)
        name = stem
        number = self._next.get(stem, 2)
        while name in self._taken:
            name, number = f"{stem}_{number}", number + 1
        self._next[stem] = number
        self._taken.add(name)
        return name


def identifier(text: str, fallback: str = "x") -> str:
    """Return letters, digits and underscores of `text`, beginning with a letter.

    Examples
    --------
    >>> identifier("Chợ Đông Ba – phía bắc"), identifier("3R", "process")
    ('Chợ_Đông_Ba_phía_bắc', 'process_3R')
    """
    word = _GAP.sub("_", tidy(text)).strip("_")[:LONGEST].rstrip("_")
    if not word:
        return fallback
    return word if re.match(r"[^\W\d]", word) else f"{fallback}_{word}"


def is_vietnamese(texts: Iterable[str]) -> bool:
    """Return whether some of `texts` can only be Vietnamese.

    Examples
    --------
    >>> is_vietnamese(["Market", "Chợ"]), is_vietnamese(["Céréales", "Forêt"])
    (True, False)
    """
    return any(_VIETNAMESE.search(tidy(text)) for text in texts)


def label(text: object) -> str:
    """Return `text` as a label of a period or region: those stand in lists with commas and colons.

    Examples
    --------
    >>> label(2023.0), label("Paris, Île-de-France: centre")
    ('2023', 'Paris Île-de-France centre')
    """
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    return " ".join(re.sub(r"[,:;\[\]]", " ", tidy(str(text))).split())
