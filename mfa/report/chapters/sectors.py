"""One fact sheet a sector: Sankey, inputs, outputs, largest flows, balances, what is uncertain."""

from __future__ import annotations

from collections.abc import Iterable

from mfa.indicators.sums import Total
from mfa.report.chapters.parts import balance_table, flow_columns, flow_row
from mfa.report.document import Block, Paragraph, Rich, Section
from mfa.report.facts import Item, SectorFacts
from mfa.report.figures import sankey_figure
from mfa.report.sectors import UNCERTAIN
from mfa.report.tables import Column, Num, Row, Table
from mfa.report.text import Writer, slug

NAMED = 3  # flows named in a sentence
LISTED = 8  # flows listed on each side of a fact sheet


def chapter(w: Writer) -> Section | None:
    """Return the chapter on sectors; None without any."""
    _, facts = w.tr, w.facts
    if not facts.sectors:
        return None
    sections = tuple(_sheet(w, sector) for sector in facts.sectors)
    return Section("sectors", _("Sectors"), (_introduction(w), overview(w), *sections))


def _introduction(w: Writer) -> Paragraph:
    _ = w.tr
    return Paragraph(
        (
            _(
                "Each sheet shows one sector: what enters it, what leaves it, where it stays, and "
                "how certain this is. Flows between sectors appear on both sheets."
            ),
        )
    )


def overview(w: Writer) -> Table:
    """Return inputs, outputs, stock change and balancing items of all sectors."""
    _ = w.tr
    unit = w.unit(w.facts.unit)
    balancing = any(s.balancing for s in w.facts.sectors)
    gaps = any(s.unknown for s in w.facts.sectors)
    heads = (_("Balancing items in"), _("Balancing items out")) if balancing else ()
    rows = tuple(
        Row(
            (
                w.sector(s.sector),
                w.total_cell(s.inputs),
                w.total_cell(s.outputs),
                w.total_cell(s.stock_change),
                *(w.total_cell(t) for t in (s.balancing_in, s.balancing_out)[: len(heads)]),
                Num(len(s.flows), decimals=0),
                *((Num(len(s.unknown), decimals=0),) if gaps else ()),
            )
        )
        for s in w.facts.sectors
    )
    return Table(
        "sector-overview",
        _("Sectors"),
        _("Sectors at a glance ({unit})", unit=unit),
        (
            Column(_("Sector")),
            Column(_("Enters"), "number", unit),
            Column(_("Leaves"), "number", unit),
            Column(_("Added to stock"), "number", unit),
            *(Column(head, "number", unit) for head in heads),
            Column(_("Flows"), "number"),
            *((Column(_("Unknown quantities"), "number"),) if gaps else ()),
        ),
        rows,
        _(
            "“≥”: a part is unknown; the number is the known rest. Sectors do not add up to the "
            "city, because what one hands to another would count twice."
        ),
    )


def _sheet(w: Writer, sector: SectorFacts) -> Section:
    blocks: list[Block] = [Paragraph(text) for text in _sentences(w, sector)]
    if sector.view and (picture := sankey_figure(w, sector.view, f"sankey-{slug(sector.sector)}")):
        blocks.append(picture)
    blocks.append(_biggest(w, sector))
    if sector.balances:
        blocks.append(
            balance_table(
                w, f"balance-{slug(sector.sector)}", w.sector(sector.sector), sector.balances
            )
        )
    blocks += [Paragraph(text, "note") for text in _doubts(w, sector)]
    return Section(f"sector-{slug(sector.sector)}", w.sector(sector.sector), tuple(blocks))


def _sentences(w: Writer, s: SectorFacts) -> Iterable[tuple]:
    """Return what enters, what leaves, and the largest flows of both."""
    _ = w.tr
    if s.inputs.weights:
        named = _named(w, s.entering, s.inputs)
        sentence = _("{amount} enter the sector{flows}.")
        yield w.sentence(sentence, amount=w.total(s.inputs), flows=named)
    if s.outputs.weights:
        named = _named(w, s.leaving, s.outputs)
        yield w.sentence(_("{amount} leave it{flows}."), amount=w.total(s.outputs), flows=named)
    if s.balancing:
        yield _balancing(w, s)
    if s.stock_change.complete:
        yield w.sentence(
            _("Its stocks change by {amount}."), amount=w.estimate(s.stock_change.estimate)
        )


def _balancing(w: Writer, s: SectorFacts) -> Rich:
    """Say how much oxygen, water vapour and the like come in and go out on top."""
    _ = w.tr
    if not s.balancing_out.weights:
        sentence = _("Balancing items such as oxygen and water come on top: {into} in.")
        return w.say(sentence, into=w.total(s.balancing_in))
    if not s.balancing_in.weights:
        sentence = _("Balancing items such as water vapour come on top: {out} out.")
        return w.say(sentence, out=w.total(s.balancing_out))
    return w.say(
        _("Balancing items such as oxygen and water vapour come on top: {into} in and {out} out."),
        into=w.total(s.balancing_in),
        out=w.total(s.balancing_out),
    )


def _named(w: Writer, items: tuple[Item, ...], total: Total) -> tuple:
    """Return the largest flows as links with their values, as the end of a sentence."""
    _ = w.tr
    known = [i for i in items if i.known][:NAMED]
    if not known:
        return ()
    alone = not (total.complete or total.floor)  # the sentence has named no unit yet
    parts = [
        w.say("{flow} ({value})", flow=w.ref(i.id), value=w.rounded(i, unit=alone)) for i in known
    ]
    glue = [(", ",)] * (len(parts) - 2) + [(f" {_('and')} ",)] * (len(parts) > 1) + [()]
    flows = tuple(piece for part, mark in zip(parts, glue, strict=True) for piece in part + mark)
    return w.say(_(", above all {flows}"), flows=flows)


def _biggest(w: Writer, s: SectorFacts) -> Table:
    """Return the largest flows into, inside and out of the sector."""
    _ = w.tr
    unit = w.unit(w.facts.unit)
    groups = (
        (_("Enters"), s.entering),
        (_("Inside the sector"), s.inner),
        (_("Leaves"), s.leaving),
        (_("Balancing items"), s.balancing),
    )
    rows = []
    for heading, items in groups:
        if items:
            rows.append(Row((heading, *[""] * 5), "group"))
            rows += [flow_row(w, item) for item in items[:LISTED]]
    return Table(
        f"flows-{slug(s.sector)}",
        _("Sector flows"),
        _("{sector}: largest flows ({unit})", sector=w.sector(s.sector), unit=unit),
        flow_columns(w, unit),
        tuple(rows),
    )


def _doubts(w: Writer, s: SectorFacts) -> Iterable[tuple]:
    _ = w.tr
    if s.unknown:
        names = tuple(w.ref(i.id) for i in s.unknown)
        yield w.say(_("Unknown here: {flows}."), flows=w.listed(names))
    if s.uncertain:
        names = tuple(w.ref(i.id) for i in s.uncertain[:LISTED])
        yield w.say(
            _("σ of more than {share} of the value: {flows}."),
            share=w.percent(UNCERTAIN),
            flows=w.listed(names),
        )
