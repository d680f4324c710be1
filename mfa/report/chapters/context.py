"""What is studied: the boundary, the city in numbers, and which processes belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.report.document import Block, Paragraph, Section
from mfa.report.facts import Item
from mfa.report.tables import Column, Num, Range, Row, Table
from mfa.report.text import Writer

if TYPE_CHECKING:
    from mfa.account import Estimate

MILLION = 1e6


def chapter(w: Writer) -> Section:
    """Return the chapter on the city and its boundary."""
    _ = w.tr
    return Section(
        "context",
        _("Context and boundary"),
        (
            Section("boundary", _("The system boundary"), _boundary(w)),
            Section("profile", _("The city in numbers"), _profile(w)),
        ),
    )


def _boundary(w: Writer) -> tuple[Paragraph, ...]:
    _, facts = w.tr, w.facts
    system = facts.system
    inside = sum(1 for p in system.processes if system.processes[p].boundary == "inside")
    text = system.boundary(w.language) or _(
        "The case does not say in words where the boundary runs; “boundary_en” and “boundary_vi” "
        "of the table case are the place for it."
    )
    return (
        Paragraph((text,)),
        Paragraph(
            w.say(
                _(
                    "Inside the boundary the account has {processes} in {sectors}, connected with "
                    "each other and the outside by {flows}."
                ),
                processes=w.count(inside, _("process"), _("processes")),
                sectors=w.count(len(facts.sectors), _("sector"), _("sectors")),
                flows=w.count(len(facts.here("flow")), _("flow"), _("flows")),
            )
        ),
    )


def _profile(w: Writer) -> tuple[Block, ...]:
    """Return population and regional product as the account has them, and what is missing."""
    _, system = w.tr, w.facts.system
    items = [w.facts.item(name) for name in (system.population, system.grdp) if name]
    rows = [_row(w, item) for item in items if item]
    quotient = _product_per_person(w)
    if quotient is not None:
        rows.append(_quotient_row(w, quotient))
    missing = Paragraph(
        (
            _(
                "The tables name no population and no regional product. With the two as "
                "parameters, and “population” and “grdp” of the table case pointing to them, the "
                "report also gives amounts per person and resource productivity."
            ),
        ),
        "note",
    )
    if not rows:
        return (missing,)
    table = Table(
        "profile-table",
        _("City"),
        _("Population and regional product"),
        (
            Column(_("Indicator of the city")),
            Column(_("Value"), "number"),
            Column("σ", "number"),
            Column(_("95 % interval"), "range"),
            Column(_("Unit"), "short"),
            Column(_("Status"), "short"),
            Column(_("Sources")),
        ),
        tuple(rows),
    )
    return (table,)


def _row(w: Writer, item: Item) -> Row:
    data = [w.facts.datum(identifier) for identifier in item.observations]
    sources = dict.fromkeys(w.source(datum) for datum in data)
    return Row(
        (
            w.ref(item.id),
            w.value_cell(item),
            Num(item.sd, item.sd or None),
            w.range_cell(item) if item.sd != 0 else "",
            w.unit(item.unit),
            w.status(item.status),
            w.listed([source for source in sources if source]),
        )
    )


def _product_per_person(w: Writer) -> Estimate | None:
    """Return GRDP by population; None where one is unknown, or in another currency."""
    from mfa.errors import UnitError

    facts, system = w.facts, w.facts.system
    both = [facts.item(name) for name in (system.grdp, system.population) if name]
    if len(both) < 2 or not all(item and item.known and item.value for item in both):
        return None
    try:
        return facts.account.evaluate(
            f'"{system.grdp}" / "{system.population}"',
            unit="VND/person/year",
            period=facts.period,
            region=facts.region,
        )
    except UnitError:
        return None


def _quotient_row(w: Writer, found: Estimate) -> Row:
    _ = w.tr
    value, sd, low, high = (x / MILLION for x in (found.value, found.sd, found.lower, found.upper))
    return Row(
        (
            _("Regional product per person"),
            Num(value, sd),
            Num(sd, sd or None),
            Range(low, high, sd) if sd > 0 else "",
            w.unit("million VND/person/year"),
            w.status("determined"),
            "",
        )
    )
