"""Where waste and by-products end, on one denominator."""

from __future__ import annotations

import math

from mfa.indicators.waste import DESTINATIONS, WasteVector
from mfa.report.chapters.parts import amount_cells, amount_columns, role_cell, role_column
from mfa.report.document import Block, Figure, Paragraph, Section
from mfa.report.figures import StackedBar, stacked_bars
from mfa.report.tables import Column, Num, Range, Row, Table
from mfa.report.text import Writer
from mfa.sankey.colours import destination_colour
from mfa.vocabulary import label

COLOURS = {role: destination_colour(role) for role in DESTINATIONS}


def chapter(w: Writer) -> Section | None:
    """Return the chapter on waste; None when no flow has a destination role."""
    _, vectors = w.tr, w.facts.waste
    if not vectors:
        return None
    blocks: list[Block] = [*_text(w), _shares(w, vectors[0])]
    blocks += [_chart(w, vectors), _tonnes(w, vectors), _flows(w)]
    return Section("waste", _("Waste and recycling"), tuple(blocks))


def _text(w: Writer) -> tuple[Paragraph, ...]:
    _, facts = w.tr, w.facts
    whole = facts.waste[0].totals["all"]
    blocks = [
        Paragraph(
            (
                _(
                    "Counted are all flows of waste and by-products whose destination the account "
                    "names, from households and services as well as from farms and factories. "
                    "Every tonne counts once, at the point where it is handed over; what the "
                    "treatment plants in turn discard is kept apart, so the shares add up to one "
                    "hundred per cent."
                ),
            )
        ),
        Paragraph(w.say(_("In all: {total}."), total=w.total(whole))),
    ]
    if whole.unknown:
        names = w.listed(tuple(w.ref(i) for i in whole.unknown))
        blocks.append(
            Paragraph(
                w.say(
                    _("Unknown, and so in neither numerator nor denominator: {flows}."), flows=names
                ),
                "note",
            )
        )
    if facts.residues:
        names = w.listed(tuple(w.ref(i) for i in facts.residues))
        blocks.append(
            Paragraph(w.say(_("Residues of treatment, not counted again: {flows}."), flows=names))
        )
    return tuple(blocks)


def _shares(w: Writer, vector: WasteVector) -> Table:
    _ = w.tr
    unit = w.unit(w.facts.unit)
    rows = []
    for role in DESTINATIONS:
        total = vector.totals[role]
        if not total.weights:
            continue
        share = vector.shares.get(role)
        rows.append(
            Row(
                (
                    label("role", role, w.language),
                    w.total_cell(total),
                    w.sd_cell(total),
                    Num(100 * share.value, 100 * share.sd) if share else Num(math.nan),
                    Range(100 * share.lower, 100 * share.upper, 100 * share.sd)
                    if share
                    else Range(math.nan, math.nan),
                )
            )
        )
    return Table(
        "waste-shares",
        _("Waste"),
        _("Destinations of waste and by-products"),
        (
            Column(_("Where it goes")),
            Column(_("Amount"), "number", unit),
            Column("σ", "number", unit),
            Column(_("Share"), "number", "%"),
            Column(_("95 % interval of the share"), "range", "%"),
        ),
        tuple(rows),
    )


def _group(w: Writer, vector: WasteVector) -> str:
    _ = w.tr
    return _("Whole city") if vector.group == "total" else w.sector(vector.group)


def _tonnes(w: Writer, vectors: tuple[WasteVector, ...]) -> Table:
    """Return tonnes by sector of origin and destination."""
    _ = w.tr
    unit = w.unit(w.facts.unit)
    roles = [role for role in DESTINATIONS if vectors[0].totals[role].weights]
    rows = tuple(
        Row(
            (
                _group(w, vector),
                *(w.total_cell(vector.totals[role]) for role in roles),
                w.total_cell(vector.totals["all"]),
            ),
            "total" if vector.group == "total" else "",
        )
        for vector in (*vectors[1:], vectors[0])
    )
    return Table(
        "waste-sectors",
        _("Waste"),
        _("By sector of origin and destination ({unit})", unit=unit),
        (
            Column(_("Sector")),
            *(Column(label("role", role, w.language), "number", unit) for role in roles),
            Column(_("Sum"), "number", unit),
        ),
        rows,
    )


def _chart(w: Writer, vectors: tuple[WasteVector, ...]) -> Figure:
    _ = w.tr
    bars = [
        StackedBar(
            _group(w, v), {r: 100 * v.shares[r].value for r in DESTINATIONS if r in v.shares}
        )
        for v in vectors
        if v.shares
    ]
    labels = {
        role: (label("role", role, w.language), COLOURS[role])
        for role in DESTINATIONS
        if vectors[0].totals[role].weights
    }
    caption = _("Destinations in per cent, by sector of origin")
    alt = "; ".join(
        f"{label('role', role, w.language)}: {w.percent(share.value)}"
        for role, share in vectors[0].shares.items()
    )
    svg = stacked_bars(bars, labels, "%", w.language, caption)
    return Figure("fig-waste", svg, caption, alt, _("Shares of the known amounts."))


def _flows(w: Writer) -> Table:
    """Return every flow with a destination."""
    _, facts = w.tr, w.facts
    unit = w.unit(facts.unit)
    items = [i for i in facts.here("flow") if i.role in DESTINATIONS and i.layer == "goods"]
    items.sort(key=lambda i: (DESTINATIONS.index(i.role), not i.known, -i.amount_lower, i.id))
    return Table(
        "waste-flows",
        _("Waste"),
        _("Flows of waste and by-products ({unit})", unit=unit),
        (
            *amount_columns(w, unit),
            Column(_("95 % interval"), "range", unit),
            role_column(w),
            Column(_("Counted"), "short"),
            Column(_("From → to")),
        ),
        tuple(
            Row(
                (
                    *amount_cells(w, item),
                    w.range_cell(item, common=True),
                    role_cell(w, item),
                    _("residue") if item.id in facts.residues else _("yes"),
                    w.path(item),
                ),
                "" if item.known else "weak",
            )
            for item in items
        ),
    )
