"""Units of a city's statistics: from the text in a cell to a factor and a dimension.

Base units are t, m, year (365 days), GJ, person, household, head, piece, VND, USD and the ster of
stacked wood. A value is multiplied once by the factor of its unit and is a plain number from then
on. What a unit may be called stands in ``data/units.txt``; nothing else exists, so ``kt`` is a
kilotonne and never pint's knot.

Decisions a user meets:

- ``kg N``, ``t CO2e``, ``kg P2O5``… are masses with a label (`mfa.unit_list.SUBSTANCES`); `convert`
  refuses to turn one label into another. Other names (``t straw``) belong in the material's column.
- Trips, visits, nights, rooms, crops (vụ)… are all counted in ``piece``.
- A ster is stacked wood, no volume: it needs a parameter in m3/ster.
- VND and USD are two dimensions: the exchange rate is a parameter of the case.
- sào, mẫu and công need the region of the case; ``ton``, ``MT`` and ``ngđ`` have several meanings
  and are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mfa.errors import Problem, UnitError
from mfa.locale import N_
from mfa.number_text import parse_number
from mfa.unit_list import SAO_REGIONS, spellings
from mfa.unit_text import read_unit, tidy

__all__ = [
    "BASE_UNITS",
    "UNIT_LISTS",
    "Dimension",
    "Unit",
    "convert",
    "convert_with_material",
    "known_units",
    "parse_number",
    "parse_unit",
]

BASE_UNITS = {
    "mass": "t",
    "energy": "GJ",
    "money": "VND",
    "dollar": "USD",
    "stacked_wood": "ster",
    "length": "m",
    "household": "household",
    "head": "head",
    "piece": "piece",
    "person": "person",
    "time": "year",
}

UNIT_LISTS = {
    "mass": ("t", "kt", "Mt", "kg", "g", "thousand t", "tấn", "nghìn tấn", "triệu tấn",
             "tạ", "yến"),
    "volume": ("m3", "thousand m3", "million m3", "litre", "hl", "million litres", "nghìn m3",
               "triệu m3", "lít", "triệu lít"),
    "energy": ("GJ", "TJ", "PJ", "kWh", "MWh", "GWh", "TWh", "toe", "ktoe"),
    "area": ("m2", "ha", "km2", "thousand ha", "nghìn ha"),
    "money": ("VND", "million VND", "billion VND", "USD", "million USD", "triệu đồng", "tỷ đồng"),
    "count": ("person", "household", "head", "piece", "visit", "thousand head", "million visits",
              "người", "hộ", "con", "nghìn con", "cái", "lượt khách", "triệu lượt khách"),
    "rate": ("t/year", "kt/year", "t/day", "kg/day", "kg/person/year", "g/person/day", "m3/year",
             "million m3/year", "m3/day", "litre/person/day", "GWh/year", "TJ/year", "kWh/month",
             "t/ha/year", "head/year", "tấn/năm", "nghìn tấn/năm", "tấn/ngày", "kg/người/ngày",
             "m3/năm", "triệu m3/năm", "m3/ngày"),
    "share": ("%", "‰", "1", "t/t", "kg/t", "kg/kg", "ppm"),
}  # fmt: skip


OTHER_SUBSTANCE = N_(
    "“{source}” counts {one} and “{target}” counts {other}: the factor between them (as 44/12 from "
    "C to CO2) is a parameter of its own."
)
OTHER_DIMENSION = N_(
    "“{source}” ({one}) cannot be converted to “{target}” ({other}): they measure different things."
)
NEEDS_STER = N_(
    "“{source}” ({one}) cannot be converted to “{target}” ({other}): a ster is stacked wood with "
    "air in it. Multiply by a parameter in m3/ster."
)
NEEDS_MATERIAL = N_(
    "“{source}” ({one}) cannot be converted to “{target}” ({other}) by itself. Volume becomes mass "
    "only through a material's density (t/m3), mass becomes energy only through its calorific "
    "value (GJ/t)."
)
PROPERTY_MISSING = N_(
    "To convert “{source}” to “{target}” the material needs “{property}” ({unit})."
)
PROPERTY_NOT_POSITIVE = N_(
    "To convert “{source}” to “{target}” the material's “{property}” ({unit}) must be a positive "
    "number."
)


class Dimension(Mapping[str, Any]):
    """Powers of base dimensions, such as ``{"mass": 1, "time": -1}``; immutable and hashable.

    Examples
    --------
    >>> rate = Dimension({"mass": 1}) / Dimension({"time": 1})
    >>> str(rate), rate.unit, rate == {"mass": 1, "time": -1}
    ('mass/time', 't/year', True)
    """

    __slots__ = ("_powers",)

    def __init__(self, powers: Mapping[str, Any] | None = None) -> None:
        order = list(BASE_UNITS)
        exact = {name: _exact(power) for name, power in (powers or {}).items()}
        self._powers = dict(
            sorted(
                ((name, power) for name, power in exact.items() if power),
                key=lambda item: (
                    order.index(item[0]) if item[0] in order else len(order),
                    item[0],
                ),
            )
        )

    def __getitem__(self, name: str) -> Any:
        return self._powers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._powers)

    def __len__(self) -> int:
        return len(self._powers)

    def __eq__(self, other: object) -> bool:
        return self._powers == (other._powers if isinstance(other, Dimension) else other)

    def __hash__(self) -> int:
        return hash(tuple(self._powers.items()))

    def __mul__(self, other: Dimension) -> Dimension:
        """Return the dimension of a product."""
        names = self._powers.keys() | other._powers.keys()
        return Dimension({name: self.get(name, 0) + other.get(name, 0) for name in names})

    def __truediv__(self, other: Dimension) -> Dimension:
        """Return the dimension of a quotient."""
        return self * other**-1

    def __pow__(self, power: float) -> Dimension:
        """Return the dimension of a power."""
        return Dimension({name: count * _exact(power) for name, count in self._powers.items()})

    def __str__(self) -> str:
        return self._written({}, "^")

    def __repr__(self) -> str:
        return f"Dimension({self._powers!r})"

    @property
    def unit(self) -> str:
        """The dimension in base units, readable by `parse_unit`: ``t/person/year``."""
        return self._written(BASE_UNITS, "")

    def _written(self, words: Mapping[str, str], raised: str) -> str:
        def written(name: str, power: Any) -> str:
            return words.get(name, name) + ("" if power == 1 else f"{raised}{power}")

        above = [written(name, power) for name, power in self._powers.items() if power > 0]
        below = [written(name, -power) for name, power in self._powers.items() if power < 0]
        return "/".join(["·".join(above) or "1", *below])


def _exact(power: Any) -> Any:
    """Return a power as int where it is whole, else as a simple fraction (√ gives 1/2)."""
    fraction = Fraction(power).limit_denominator(1000)
    return int(fraction) if fraction.denominator == 1 else fraction


@dataclass(frozen=True)
class Unit:
    """A unit read from a text.

    Attributes
    ----------
    text
        As the user wrote it (NFC, single spaces).
    factor
        1 of this unit = `factor` base units.
    dimension
        What it measures.
    substance
        What a mass is a mass of when the unit says so (``kg N``: N), else "".
    """

    text: str
    factor: float
    dimension: Dimension
    substance: str = ""

    def __str__(self) -> str:
        return self.text


def parse_unit(text: str, sao_region: str = "", *, hint: bool = True) -> Unit:
    """Return the unit a text says; equal texts are read only once.

    Parameters
    ----------
    text
        For example ``kt/year``, ``g/person/day``, ``triệu m3``, ``t·ha⁻¹·year⁻¹``; empty, ``-`` and
        ``1`` are dimensionless. The grammar is that of `mfa.unit_text.read_unit`.
    sao_region
        ``"north"``, ``"central"`` or ``"south"``: which sào (360, 500, 1000 m²), mẫu (10 sào) and
        công (1000 m², South only) the case means. The sizes are general knowledge, without a
        source; 497 m² is also met for a sào of the Centre.
    hint
        Whether the message about an unknown unit names the nearest known one, which takes longer.

    Raises
    ------
    UnitError
        The text is no unit, names an unknown one (the message says the nearest known), is
        ambiguous, or needs a region. It carries one problem without a place.

    Examples
    --------
    >>> parse_unit("kg/người/ngày").factor, str(parse_unit("kt/year").dimension)
    (0.365, 'mass/time')
    >>> parse_unit("sào", sao_region="central").factor
    500.0
    """
    if sao_region and sao_region not in SAO_REGIONS:
        raise ValueError(f"sao_region is {sao_region!r}, expected one of {', '.join(SAO_REGIONS)}")
    # A text no cell should hold is refused before it can fill the memory.
    found = _read(text[:1000], sao_region, hint)
    if isinstance(found, Problem):
        raise UnitError([found])
    return found


@lru_cache(maxsize=8192)
def _read(text: str, sao_region: str, hint: bool) -> Unit | Problem:
    """Return the unit or what is wrong with it: a bad text in every row costs one reading too."""
    try:
        factor, powers, substances = read_unit(text, sao_region, hint=hint)
    except UnitError as error:
        return error.problems[0]
    substance = str(Dimension(substances)) if substances else ""
    return Unit(tidy(text), factor, Dimension(powers), substance)


def known_units() -> tuple[str, ...]:
    """Return every spelling of every known unit, sorted.

    Examples
    --------
    >>> {"kt", "tấn", "hộ gia đình"} <= set(known_units()), "knot" in known_units()
    (True, False)
    """
    return tuple(sorted(name.replace("_", " ") for name in spellings()))


def convert(values: Any, source: Unit | str, target: Unit | str) -> Any:
    """Return `values` (a number or an array) turned from unit `source` into unit `target`.

    Either may be a text or a `Unit`; sào, mẫu and công must come as a `Unit`, read with a region.

    Raises
    ------
    UnitError
        A unit is unknown, the two measure different things, or name different substances.

    Examples
    --------
    >>> convert(2.0, "t/day", "kt/year")
    0.73
    """
    source, target = _unit(source), _unit(target)
    _same_substance(source, target)
    if source.dimension != target.dimension:
        raise _mismatch(source, target)
    return values * _ratio(source.factor, target.factor)


def convert_with_material(
    values: Any,
    source: Unit | str,
    target: Unit | str,
    density: Any = None,
    calorific_value: Any = None,
) -> Any:
    """Return `values` turned from `source` into `target` through the properties of a material.

    Mass, volume and energy, and their rates, go into each other by mass = density × volume and
    energy = calorific value × mass; every other dimension must be the same on both sides.

    Parameters
    ----------
    density
        t/m³, a number or an array; needed between volume and the other two.
    calorific_value
        GJ/t, a number or an array; needed between energy and the other two.

    Raises
    ------
    UnitError
        As `convert`; or the property that is needed is missing or not a positive number.

    Examples
    --------
    >>> convert_with_material(10.0, "m3/day", "t/year", density=0.78)
    2847.0
    >>> round(convert_with_material(2.0, "kt", "TJ", calorific_value=18.9), 9)
    37.8
    """
    source, target = _unit(source), _unit(target)
    _same_substance(source, target)
    change = target.dimension / source.dimension
    by_density, by_heat = -Fraction(change.get("length", 0)) / 3, change.get("energy", 0)
    bridge = Dimension({"mass": by_density - by_heat, "length": -3 * by_density, "energy": by_heat})
    if change != bridge or max(abs(by_density), abs(by_heat)) > 1:
        raise _mismatch(source, target)
    result = values * _ratio(source.factor, target.factor)
    if by_density:
        density = _property("density", density, "t/m3", source, target)
        result = result * density if by_density > 0 else result / density
    if by_heat:
        heat = _property("calorific_value", calorific_value, "GJ/t", source, target)
        result = result * heat if by_heat > 0 else result / heat
    return result


def _unit(unit: Unit | str) -> Unit:
    return unit if isinstance(unit, Unit) else parse_unit(unit)


@lru_cache(maxsize=8192)
def _ratio(source: float, target: float) -> float:
    """Return source / target, divided as decimals: 1 kg is 1000000 mg, not 999999.9999999999."""
    return float(Fraction(repr(float(source))) / Fraction(repr(float(target))))


def _same_substance(source: Unit, target: Unit) -> None:
    """Refuse to turn one substance into another."""
    one, other = source.substance, target.substance
    if one and other and one != other:
        raise _error("substance-mismatch", OTHER_SUBSTANCE, source, target, one=one, other=other)


def _mismatch(source: Unit, target: Unit) -> UnitError:
    """Say that two units measure different things, and what would tie them."""
    concerned = set(source.dimension / target.dimension)
    message = OTHER_DIMENSION
    if "stacked_wood" in concerned:
        message = NEEDS_STER
    elif concerned <= {"mass", "length", "energy"}:
        message = NEEDS_MATERIAL
    one, other = source.dimension.unit, target.dimension.unit
    return _error("unit-mismatch", message, source, target, one=one, other=other)


def _property(name: str, value: Any, unit: str, source: Unit, target: Unit) -> Any:
    """Return a material property, checked to be there, finite and positive."""
    import numpy as np

    asked = {"property": name, "unit": unit}
    if value is None:
        raise _error("property-missing", PROPERTY_MISSING, source, target, **asked)
    if not np.all(np.isfinite(value) & (np.asarray(value) > 0)):
        raise _error("property-not-positive", PROPERTY_NOT_POSITIVE, source, target, **asked)
    return value


def _error(code: str, message: str, source: Unit, target: Unit, **values: object) -> UnitError:
    return UnitError(
        [Problem(code, message, {"source": source.text, "target": target.text, **values})]
    )
