"""A Sankey definition: which processes are grouped, in which order, coloured by what."""

from __future__ import annotations

from dataclasses import dataclass

from mfa.errors import Place
from mfa.model.quantity import Named


@dataclass(frozen=True)
class ViewGroup(Named):
    """One node of a view: ids of processes, ``sector:x``, ``stage:x`` or ``*`` as members."""

    id: str
    members: tuple[str, ...]
    name_en: str = ""
    name_vi: str = ""
    column: int | None = None
    order: float | None = None
    place: Place | None = None


@dataclass(frozen=True)
class View(Named):
    """A named Sankey of one layer."""

    id: str
    groups: tuple[ViewGroup, ...] = ()
    name_en: str = ""
    name_vi: str = ""
    layer: str = "goods"
    colour_by: str = "material"
    place: Place | None = None
