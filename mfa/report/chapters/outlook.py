"""What this report does not cover, and which data each missing chapter would need."""

from __future__ import annotations

from collections.abc import Iterator

from mfa.report.document import Paragraph, Section
from mfa.report.tables import Column, Row, Table
from mfa.report.text import Writer


def chapter(w: Writer) -> Section:
    """Return the chapter on what is missing."""
    _ = w.tr
    table = Table(
        "outlook-table",
        _("Outlook"),
        _("What is not covered, and what it would take"),
        (Column(_("Subject")), Column(_("What would be needed"))),
        tuple(Row((subject, need)) for subject, need in _missing(w)),
    )
    text = Paragraph(
        (
            _(
                "A full study of a city’s metabolism has more chapters than the data of this case "
                "carry. Nothing is filled in by guesswork; the table says what each would need."
            ),
        )
    )
    return Section("outlook", _("What this report does not cover"), (text, table))


def _missing(w: Writer) -> Iterator[tuple[str, str]]:
    yield from _setting(w)
    yield from _accounts(w)
    yield from _later(w)


def _setting(w: Writer) -> Iterator[tuple[str, str]]:
    _, system = w.tr, w.facts.system
    if not (system.population and system.grdp):
        yield (
            _("Amounts per person and resource productivity"),
            _("Population and regional product as parameters, each with its source."),
        )
    yield (
        _("Context and policy"),
        _(
            "Area and land use, companies by branch, visitors, and the laws and plans in force: "
            "figures as parameters with their sources, the rest in words in the Word file."
        ),
    )
    yield (
        _("Key figures against targets"),
        _("Each target with its indicator, value, year and the decision that sets it."),
    )


def _accounts(w: Writer) -> Iterator[tuple[str, str]]:
    _, facts = w.tr, w.facts
    if len(facts.system.periods) < 2:
        yield (
            _("Change over time"),
            _("The same account for a second period, with the same processes and flows."),
        )
    if not facts.sectors:
        yield (
            _("Fact sheets of sectors"),
            _("A sector for every process inside the boundary, on the sheet of processes."),
        )
    if not facts.here("stock_change"):
        yield (
            _("Material stocks"),
            _("Stocks of buildings, roads, vehicles or landfills, and the processes holding them."),
        )
    else:
        yield (
            _("Age of the stocks and future waste from them"),
            _(
                "Additions over past decades, material per unit (such as per square metre of "
                "floor) and lifetimes."
            ),
        )
    if not facts.waste:
        yield (
            _("Waste and recycling"),
            _("The role (recycling, composting, landfill, …) of each flow of waste."),
        )
    if not facts.layers:
        yield (
            _("Water, electricity and other layers"),
            _("A layer for each, with its unit and its flows."),
        )


def _later(w: Writer) -> Iterator[tuple[str, str]]:
    _, scenarios = w.tr, w.facts.scenarios
    yield (
        _("Circularity indicators"),
        _(
            "How much of each input is secondary material, which biomass is grown renewably, and "
            "which outputs come back into use; then the shares follow with their σ."
        ),
    )
    yield (
        _("Greenhouse gases of materials"),
        _(
            "Emission factors with source and uncertainty for fuels, processes, livestock, waste "
            "treatment and electricity, and for what is brought in."
        ),
    )
    yield (
        _("By-product exchange between companies"),
        _(
            "A survey: what each company gives off and what it could use, in tonnes a year, with "
            "quality, place and present use."
        ),
    )
    if not scenarios:
        yield (
            _("Scenarios"),
            _(
                "For each measure the flows or coefficients it changes, by how much and after "
                "which source, on the sheet of interventions."
            ),
        )
    yield (
        _("Cost and timing of interventions"),
        _(
            "For each measure its cost and the year from which it takes effect; and a projection "
            "without measures."
        ),
    )
    yield (
        _("Action plan"),
        _("The city’s objectives, and for each task the agency in charge, deadline and budget."),
    )
