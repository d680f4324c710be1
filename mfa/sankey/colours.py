"""Colours of categories: safe for colour-blind readers, the same for the same thing in every view.

Fourteen hues, found by a search that started from Paul Tol's *muted* scheme and Okabe and Ito's set
(https://personal.sron.nl/~pault/, Okabe & Ito 2008) and maximised the least distance between any
two: at the opacity of a link, ΔE (CIELAB) is 12 or more for full colour vision and for protanopes,
deuteranopes and tritanopes as simulated by Machado et al. (2009).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mfa.locale import N_, translator
from mfa.sankey.graph import Category
from mfa.vocabulary import SECTORS, STATUSES, label

if TYPE_CHECKING:
    from mfa.model.quantity import Material

OTHER = "other"
MOST = 9  # categories a legend holds and an eye tells apart
OPACITY = 0.62  # of a link: what crosses below shows through

_GREEN, _SAND, _INDIGO, _SKY = "#117733", "#edd1a4", "#310696", "#8fe0fb"
_ROSE, _TEAL, _WINE, _OLIVE = "#d57475", "#539db4", "#5d0057", "#82bf52"
_PURPLE, _AMBER, _BLUE, _VERMILION = "#8c3d9c", "#ffb61a", "#3e59d4", "#e56604"
_DARK, _GREY = "#584d53", "#b8b8b8"
PALETTE = (
    _GREEN,
    _SAND,
    _INDIGO,
    _SKY,
    _ROSE,
    _TEAL,
    _WINE,
    _OLIVE,
    _PURPLE,
    _AMBER,
    _BLUE,
    _VERMILION,
)
_SECTORS = {
    "agriculture": _GREEN,
    "livestock": _OLIVE,
    "fisheries": _BLUE,
    "forestry": _TEAL,
    "construction": _SAND,
    "textiles": _PURPLE,
    "beverages": _AMBER,
    "industry": _INDIGO,
    "trade_services": _ROSE,
    "households": _VERMILION,
    "energy": _DARK,
    "water": _SKY,
    "waste": _WINE,
}
_STATUSES = {
    "reconciled": _BLUE,
    "measured": _TEAL,
    "determined": _AMBER,
    "free": _WINE,
    "fixed": _DARK,
}
_CHANGES = {
    "higher": _VERMILION,
    "lower": _BLUE,
    "within": _GREY,
    "unknown": _WINE,
    "only_b": _GREEN,
    "only_a": _DARK,
}
# Where waste ends: good ends in greens and blues, losses in reds and browns.
_DESTINATIONS = {
    "reuse": _TEAL,
    "feed": _OLIVE,
    "recycling": _BLUE,
    "composting": _GREEN,
    "energy_recovery": _AMBER,
    "landfill": _DARK,
    "burning": _VERMILION,
    "dumping": _WINE,
}
# Which hues a class of materials likes best, by the beginning of its code, and, without a code,
# what is counted in volume (water) or energy.
_LIKED = {
    "MF.1": (_GREEN, _OLIVE, _TEAL, _AMBER),
    "MF.2": (_BLUE, _PURPLE),
    "MF.3": (_SAND, _ROSE, _AMBER),
    "MF.4": (_INDIGO, _DARK, _PURPLE),
    "MF.5": (_PURPLE, _ROSE),
    "MF.6": (_WINE, _ROSE),
    "MF.7": (_VERMILION,),
    "MF.8": (_SKY,),
    "length": (_BLUE, _OLIVE, _SKY, _TEAL),
    "energy": (_AMBER, _INDIGO),
}
CLASSES = {
    "MF.1": N_("Biomass"),
    "MF.1.1": N_("Crops"),
    "MF.1.2": N_("Crop residues, fodder and grazed biomass"),
    "MF.1.3": N_("Wood"),
    "MF.1.4": N_("Fish and other aquatic catch"),
    "MF.1.5": N_("Live animals and animal products"),
    "MF.1.6": N_("Products mainly from biomass"),
    "MF.2": N_("Metal ores and metals"),
    "MF.2.1": N_("Iron ores"),
    "MF.2.2": N_("Non-ferrous metal ores"),
    "MF.2.3": N_("Products mainly from metals"),
    "MF.3": N_("Non-metallic minerals"),
    "MF.3.1": N_("Building stone"),
    "MF.3.2": N_("Chalk and dolomite"),
    "MF.3.3": N_("Slate"),
    "MF.3.4": N_("Chemical and fertiliser minerals"),
    "MF.3.5": N_("Salt"),
    "MF.3.6": N_("Limestone and gypsum"),
    "MF.3.7": N_("Clays and kaolin"),
    "MF.3.8": N_("Sand and gravel"),
    "MF.3.9": N_("Other non-metallic minerals"),
    "MF.3.A": N_("Excavated earth"),
    "MF.3.B": N_("Products mainly from non-metallic minerals"),
    "MF.4": N_("Fossil energy materials"),
    "MF.4.1": N_("Coal and other solid fuels"),
    "MF.4.2": N_("Oil and gas"),
    "MF.4.3": N_("Products mainly from fossil energy materials"),
    "MF.5": N_("Other products"),
    "MF.6": N_("Waste for treatment and disposal"),
    "MF.7": N_("Releases to the environment"),
    "MF.8": N_("Balancing items"),
}


def sector_categories(keys: Iterable[str], language: str) -> dict[str, Category]:
    """Return the categories of sectors, known ones first, each in its own fixed colour."""
    used = set(keys)
    known = [key for key in SECTORS if key in used]
    own = sorted(used - set(SECTORS) - {"", OTHER})
    spare = [hue for hue in PALETTE if hue not in {_SECTORS[key] for key in known}]
    colours = {key: _SECTORS[key] for key in known} | dict(zip(own, spare, strict=False))
    found = {
        key: Category(label("sector", key, language), colours.get(key, _GREY))
        for key in [*known, *own]
    }
    return found | _other(used, language)


def class_colour(code: str) -> str:
    """Return the colour of a class of materials, that of the rest for a code without one.

    Examples
    --------
    >>> class_colour("MF.1.3") == class_colour("MF.1") != class_colour("other")
    True
    """
    return _LIKED.get(".".join(code.split(".")[:2]), (_GREY,))[0]


def destination_colour(role: str) -> str:
    """Return the colour of a destination of waste; see `mfa.indicators.waste.DESTINATIONS`."""
    return _DESTINATIONS[role]


def change_colour(verdict: str) -> str:
    """Return the colour of a verdict of a comparison; see `mfa.comparison.VERDICTS`."""
    return _CHANGES[verdict]


def status_categories(keys: Iterable[str], language: str) -> dict[str, Category]:
    """Return the categories of statuses in the order of the vocabulary."""
    used = set(keys)
    return {
        key: Category(label("status", key, language), _STATUSES[key])
        for key in STATUSES
        if key in used
    }


def code_classes(codes: Iterable[str]) -> dict[str, str]:
    """Return code → the class it is shown as: as deep as a legend can hold.

    Examples
    --------
    >>> code_classes(["MF.1.1.1", "MF.1.3", "MF.1.1.2", ""])
    {'': 'other', 'MF.1.1.1': 'MF.1.1', 'MF.1.1.2': 'MF.1.1', 'MF.1.3': 'MF.1.3'}
    """
    used = sorted(set(codes))
    coarse, fine = ({code: _class(code, depth) for code in used} for depth in (2, 3))
    # One class tells nothing; several at the upper level read quicker than many below.
    single = len(set(coarse.values()) - {OTHER}) == 1
    return fine if single and len(set(fine.values())) <= MOST else coarse


def _class(code: str, depth: int) -> str:
    parts = code.split(".")[:depth]
    known = ".".join(parts)
    return known if known in CLASSES else ".".join(parts[:2]) if len(parts) > 1 else OTHER


def code_categories(keys: Iterable[str], language: str) -> dict[str, Category]:
    """Return the categories of EW-MFA classes in the order of their codes."""
    _ = translator(language)
    used = set(keys)
    names = {key: _(CLASSES[key]) if key in CLASSES else key for key in sorted(used - {OTHER})}
    colours = _liked_colours({key: key for key in names})
    return {key: Category(name, colours[key]) for key, name in names.items()} | _other(
        used, language
    )


def material_classes(
    materials: Mapping[str, Material], totals: Mapping[str, float]
) -> dict[str, str]:
    """Return material → the material (itself or one above it) it is coloured as.

    While there are more than a legend holds, the smallest family at the deepest level of the tree
    is shown as its parent; small materials without a parent become ``"other"``.

    Parameters
    ----------
    totals
        Material → sum of its flows.
    """
    shown = {material: material or OTHER for material in totals}
    while len(set(shown.values()) - {OTHER}) > MOST:
        weights: dict[str, float] = {}
        for material, key in shown.items():
            weights[key] = weights.get(key, 0.0) + totals[material]
        weights.pop(OTHER, None)
        depths = {key: _depth(materials, key) for key in weights}
        deepest = max(depths.values())
        # At the root every material is a family of its own, and goes to the others.
        families: dict[tuple[str, str], list[str]] = {}
        for key in weights:
            if depths[key] == deepest:
                family = (materials[key].parent, "") if deepest else (OTHER, key)
                families.setdefault(family, []).append(key)
        least = min(families, key=lambda f: (sum(weights[key] for key in families[f]), f))
        shown = {m: least[0] if key in families[least] else key for m, key in shown.items()}
    return shown


def material_categories(
    keys: Iterable[str],
    materials: Mapping[str, Material],
    codes: Mapping[str, str],
    unit: str,
    language: str,
) -> dict[str, Category]:
    """Return the categories of materials in the order of the materials table.

    `codes` (material → EW-MFA code) and, where there is none, the `unit` they are counted in
    decide which colours they get first.
    """
    from mfa.units import parse_unit

    used = set(keys)
    counted = next((d for d in ("energy", "length") if d in parse_unit(unit).dimension), "")
    order = [key for key in materials if key in used]
    order += sorted(used - set(materials) - {OTHER})
    colours = _liked_colours({key: codes.get(key, "") or counted for key in order})
    found = {
        key: Category(materials[key].name(language) if key in materials else key, colours[key])
        for key in order
    }
    return found | _other(used, language)


def _depth(materials: Mapping[str, Material], material: str) -> int:
    """Return how many materials stand above one; 0 where they run in a circle."""
    seen: set[str] = set()
    while material in materials:
        if material in seen:
            return 0
        seen.add(material)
        material = materials[material].parent
    return max(len(seen) - 1, 0)


def _liked_colours(codes: Mapping[str, str]) -> dict[str, str]:
    """Return key → colour: what its class likes best and is free, else the next free hue."""
    colours: dict[str, str] = {}
    for key, code in codes.items():
        wishes: Sequence[str] = _LIKED.get(".".join(code.split(".")[:2]), ())
        free = [hue for hue in [*wishes, *PALETTE] if hue not in colours.values()]
        colours[key] = free[0] if free else _GREY
    return colours


def _other(used: set[str], language: str) -> dict[str, Category]:
    _ = translator(language)
    return {OTHER: Category(_("Other"), _GREY)} if used & {OTHER, ""} else {}
