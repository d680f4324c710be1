"""The annex that defines the system: every process and every material."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mfa.report.chapters.parts import LONG
from mfa.report.document import Section
from mfa.report.tables import Column, Num, Row, Table, given_decimals
from mfa.report.text import Writer
from mfa.vocabulary import BOUNDARIES, STAGES, label

if TYPE_CHECKING:
    from mfa.model.quantity import Material

PROPERTIES = ("moisture", "density", "calorific_value", "carbon_content")


def processes(w: Writer) -> Section:
    """Return the annex of processes and materials."""
    _ = w.tr
    tables = (_processes(w), *_materials(w))
    return Section("annex-processes", _("All processes and materials"), tables)


def _processes(w: Writer) -> Table:
    _, system = w.tr, w.facts.system
    records = [system.processes[identifier] for identifier in system.processes]
    rows = tuple(
        Row(
            (
                w.process(p.id),
                w.sector(p.sector) if p.sector else "",
                label("stage", p.stage, w.language) if p.stage in STAGES else p.stage,
                label("boundary", p.boundary, w.language) if p.boundary in BOUNDARIES else "",
                _("yes") if p.boundary == "inside" and p.balance else _("no"),
                p.id,
            )
        )
        for p in records
    )
    return Table(
        "all-processes",
        _("Processes"),
        _("All processes"),
        (
            Column(_("Process")),
            Column(_("Sector")),
            Column(_("Stage")),
            Column(_("Place of the process")),
            Column(_("Balanced"), "short"),
            Column(_("Id"), "short"),
        ),
        rows,
        searchable=len(rows) > LONG,
    )


def _materials(w: Writer) -> tuple[Table, ...]:
    """Return the materials that flows and stocks are made of, with their known properties."""
    _, system = w.tr, w.facts.system
    used = {item.material for item in w.facts.items}
    found = [system.materials[i] for i in system.materials if i in used]
    if not found:
        return ()
    shown = [name for name in PROPERTIES if any(_number(m, name) is not None for m in found)]
    heads = {
        "moisture": (_("Moisture"), "%"),
        "density": (_("Density"), w.unit("t/m3")),
        "calorific_value": (_("Calorific value"), w.unit("GJ/t")),
        "carbon_content": (_("Carbon"), "%"),
    }
    table = Table(
        "all-materials",
        _("Materials"),
        _("All materials of the flows and stocks"),
        (
            Column(_("Material")),
            Column(_("Part of")),
            Column(_("Class of the handbooks"), "short"),
            *(Column(heads[name][0], "number", heads[name][1]) for name in shown),
            Column(_("Id"), "short"),
        ),
        tuple(_material_row(w, m, shown) for m in found),
        searchable=len(found) > LONG,
    )
    return (table,)


def _material_row(w: Writer, m: Material, shown: Sequence[str]) -> Row:
    cells = (
        w.material(m.id),
        w.material(m.parent) if m.parent else "",
        m.mf_code,
        *(_property(m, name) for name in shown),
        m.id,
    )
    return Row(cells)


def _property(m: Material, name: str) -> Num:
    value = _number(m, name)
    if value is None:
        return Num(math.nan)
    value *= 100 if name in ("moisture", "carbon_content") else 1
    return Num(value, decimals=given_decimals(round(value, 9)))


def _number(m: Material, name: str) -> float | None:
    value = getattr(m, name)
    return None if value is None or value != value else float(value)
