"""The things that have names: processes, layers, materials, flows, stocks and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mfa.errors import Place

OUTSIDE = ("import", "export", "environment")


class Named:
    """Mixin: a thing with an id and a name in each language."""

    id: str
    name_en: str
    name_vi: str

    def name(self, language: str) -> str:
        """Return the name in `language`, else in the other language, else the id."""
        first, second = (
            (self.name_vi, self.name_en) if language == "vi" else (self.name_en, self.name_vi)
        )
        return first or second or self.id


@dataclass(frozen=True)
class Process(Named):
    """Where material is transformed, stored, traded or used.

    ``boundary`` is ``inside``, ``import``, ``export`` or ``environment``; only inside processes
    with ``balance`` conserve mass.
    """

    id: str
    name_en: str = ""
    name_vi: str = ""
    sector: str = ""
    stage: str = ""
    boundary: str = "inside"
    balance: bool = True
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Layer(Named):
    """What is counted: goods, water, electricity, carbon…, in its own unit."""

    id: str
    name_en: str = ""
    name_vi: str = ""
    unit: str = ""
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Material(Named):
    """A good with its EW-MFA code and properties (shares 0–1, t/m³, GJ/t), in a tree."""

    id: str
    name_en: str = ""
    name_vi: str = ""
    parent: str = ""
    mf_code: str = ""
    moisture: float | None = None
    density: float | None = None
    calorific_value: float | None = None
    carbon_content: float | None = None
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Flow(Named):
    """Mass (energy, volume) per period between two processes, of one material in one layer."""

    id: str
    source: str
    target: str
    name_en: str = ""
    name_vi: str = ""
    material: str = ""
    layer: str = "goods"
    unit: str = ""
    lower: float | None = 0.0
    upper: float | None = None
    role: str = ""
    period: str = ""
    region: str = ""
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Stock(Named):
    """What a process holds at the end of a period; ``<id>.change`` is what it gained in it."""

    id: str
    process: str
    name_en: str = ""
    name_vi: str = ""
    material: str = ""
    layer: str = "goods"
    unit: str = ""
    lower: float | None = 0.0
    upper: float | None = None
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Parameter(Named):
    """Any other number: population, waste per person, transfer coefficient, norm, emission factor.

    ``unit`` None means a bare number, which takes the unit that a relation needs.
    """

    id: str
    name_en: str = ""
    name_vi: str = ""
    unit: str | None = None
    lower: float | None = None
    upper: float | None = None
    start: float | None = None
    period: str = ""
    region: str = ""
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Transfer:
    """A transfer coefficient: ``flow = parameter × all that enters the flow's source process``."""

    parameter: str
    flow: str
    place: Place | None = None


def material_codes(materials: Mapping[str, Material]) -> dict[str, str]:
    """Return material id → EW-MFA code, inherited from the nearest ancestor that has one.

    Examples
    --------
    >>> rice, bran = Material("rice", mf_code="MF.1.1.1"), Material("bran", parent="rice")
    >>> material_codes({"rice": rice, "bran": bran})
    {'rice': 'MF.1.1.1', 'bran': 'MF.1.1.1'}
    """
    codes: dict[str, str] = {}
    for identifier in materials:
        chain, current = set(), identifier
        while current in materials and current not in chain and not materials[current].mf_code:
            chain.add(current)
            current = materials[current].parent
        codes[identifier] = materials[current].mf_code if current in materials else ""
    return codes


def descendants(materials: Mapping[str, Material], root: str) -> set[str]:
    """Return `root` and every material below it in the tree.

    Examples
    --------
    >>> tree = {"rice": Material("rice"), "bran": Material("bran", parent="rice")}
    >>> sorted(descendants(tree, "rice"))
    ['bran', 'rice']
    """
    children: dict[str, list[str]] = {}
    for identifier, material in materials.items():
        children.setdefault(material.parent, []).append(identifier)
    found, queue = {root}, [root]
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return found
