"""The list of known units, ``data/units.txt``: their sizes, spellings and nearest neighbours."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

# What a mass is a mass of, with its spellings (`_` stands for a space).
SUBSTANCES = {
    "CO2e": ("CO2e", "CO2eq", "CO2_e", "CO2_eq", "CO2tđ", "CO2_tđ", "CO2_tương_đương"),
    "CO2": ("CO2",),
    "CH4": ("CH4",),
    "N2O": ("N2O",),
    "C": ("C",),
    "N": ("N",),
    "P": ("P",),
    "K": ("K",),
    "P2O5": ("P2O5",),
    "K2O": ("K2O",),
    "BOD": ("BOD",),
    "BOD5": ("BOD5",),
    "COD": ("COD",),
    "TSS": ("TSS",),
    "DMC": ("DMC",),
    "DMI": ("DMI",),
}
LABELS = {spelling: label for label, group in SUBSTANCES.items() for spelling in group}

SAO_REGIONS = ("north", "central", "south")
# Old measures of area, by the region that has them.
REGIONAL = {
    "sào": {"north": "sào_Bắc_Bộ", "central": "sào_Trung_Bộ", "south": "sào_Nam_Bộ"},
    "mẫu": {"north": "mẫu_Bắc_Bộ", "central": "mẫu_Trung_Bộ", "south": "mẫu_Nam_Bộ"},
    "công": {"south": "công_Nam_Bộ"},
}
# Words with several meanings in use, all of them refused.
AMBIGUOUS = {
    "ton": "1000 kg, 907 kg, 1016 kg",
    "tons": "1000 kg, 907 kg, 1016 kg",
    "mt": "t, Mt",
    "ngđ": "ngày đêm, nghìn đồng",
}


@cache
def registry() -> UnitRegistry:
    """Return the one pint registry, made from ``data/units.txt`` alone, with exact fractions."""
    from pint import UnitRegistry

    text = files("mfa").joinpath("data", "units.txt").read_text(encoding="utf-8")
    return UnitRegistry(text.splitlines(), non_int_type=Fraction)


@cache
def spellings() -> frozenset[str]:
    """Return every spelling in the list; ``_`` stands for a space."""
    return frozenset(registry())


def root(powers: Mapping[str, int]) -> tuple[Fraction, dict[str, int]]:
    """Return factor to base units and dimension → power of a product of known units.

    Examples
    --------
    >>> root({"kg": 1, "day": -1})
    (Fraction(73, 200), {'mass': 1, 'time': -1})
    """
    from pint.util import UnitsContainer

    product = UnitsContainer(dict(powers), non_int_type=Fraction)
    factor, base = registry().get_root_units(product)
    dimension = registry().get_dimensionality(base)
    return Fraction(factor), {name.strip("[]"): int(power) for name, power in dimension.items()}


@cache
def size(name: str) -> Fraction:
    """Return the size of a known unit in base units."""
    return root({name: 1})[0]


@cache
def is_mass(name: str) -> bool:
    """Whether `name` is a known unit of mass."""
    return name in spellings() and root({name: 1})[1] == {"mass": 1}


@cache
def multipliers() -> frozenset[str]:
    """Return the words that are large numbers, such as thousand and triệu."""
    return frozenset(n for n in spellings() if size(n) >= 1000 and not root({n: 1})[1])


def find(name: str) -> str:
    """Return the listed spelling of `name`, "" when there is none.

    Latin symbols of one or two letters count as written, because mg and Mg differ; in longer words
    and in those with diacritics capitals do not matter.

    Examples
    --------
    >>> find("TẤN"), find("Hộ"), find("kwh"), find("mj")
    ('tấn', 'hộ', 'kWh', '')
    """
    return name if name in spellings() else _folded().get(name.casefold(), "")


def nearest(word: str) -> str:
    """Return the known units most like `word`, quoted, "" when there is none.

    A word that differs only by diacritics or capitals comes first.

    Examples
    --------
    >>> nearest("tan"), nearest("tonn"), nearest("xqz")
    ('“tấn”', '“tonne”', '')
    """
    from difflib import get_close_matches

    plain, table = _plain(word), _plain_names()
    if plain not in table:
        cutoff = 0.6 if len(plain) < 5 else 0.7
        close = get_close_matches(plain, table, n=1, cutoff=cutoff) if len(plain) > 1 else []
        if not close:
            return ""
        plain = close[0]
    return ", ".join(f"“{name.replace('_', ' ')}”" for name in table[plain])


@cache
def _folded() -> dict[str, str]:
    """Return lower case → spelling, for the words in which capitals do not matter."""
    names = (name for name in spellings() if len(name) > 2 or not name.isascii())
    return {name.casefold(): name for name in sorted(names, reverse=True)}


def _plain(word: str) -> str:
    """Return `word` in lower case without diacritics, only to compare."""
    letters = unicodedata.normalize("NFD", word.casefold().replace("đ", "d"))
    return "".join(c for c in letters if unicodedata.category(c) != "Mn")


@cache
def _plain_names() -> dict[str, list[str]]:
    """Return plain word → the spellings it may have meant."""
    table: dict[str, list[str]] = {}
    for name in sorted(spellings()):
        symbol = registry().get_symbol(name)
        # Of kW, KW and Kw only the proper one.
        if name == symbol or _plain(name) != _plain(symbol):
            table.setdefault(_plain(name), []).append(name)
    for name in REGIONAL:
        table.setdefault(_plain(name), []).append(name)
    for label in SUBSTANCES:
        table.setdefault(_plain(label), []).append(f"t_{label}")
    return table
