"""Units in the words and signs of a language: ``kt/year`` → ``nghìn tấn/năm``."""

from __future__ import annotations

import re

_VIETNAMESE = {
    "t": "tấn",
    "kt": "nghìn tấn",
    "Mt": "triệu tấn",
    "year": "năm",
    "month": "tháng",
    "day": "ngày",
    "hour": "giờ",
    "person": "người",
    "persons": "người",
    "household": "hộ",
    "households": "hộ",
    "head": "con",
    "piece": "cái",
    "visit": "lượt",
    "thousand": "nghìn",
    "million": "triệu",
    "billion": "tỷ",
    "VND": "đồng",
    "CO2e": "CO₂tđ",
}
_SIGNS = {"km2": "km²", "m2": "m²", "m3": "m³", "CO2": "CO₂", "CO2e": "CO₂e"}
_WORD = re.compile(r"[^\W\d_]+\d?|\d+")


def unit_words(unit: str, language: str) -> str:
    """Return `unit` as a reader of `language` writes it; unknown words stay as they are.

    Examples
    --------
    >>> unit_words("kt/year", "vi"), unit_words("m3/person/year", "en"), unit_words("1", "vi")
    ('nghìn tấn/năm', 'm³/person/year', '')
    """
    words = _SIGNS | _VIETNAMESE if language == "vi" else _SIGNS
    if unit == "1":
        return ""
    spaced = unit.replace("*", "·").replace("^", "")
    return _WORD.sub(lambda found: words.get(found[0], found[0]), spaced)
