"""Where the city stands and what follows: only what the account itself supports."""

from __future__ import annotations

from collections.abc import Iterator

from mfa.indicators.sums import formula
from mfa.report.chapters.parts import amount_cells, amount_columns, role_cell, role_column
from mfa.report.document import Block, Bullets, Paragraph, Rich, Section, Strong, plain
from mfa.report.facts import Item
from mfa.report.tables import Column, Ref, Row, Table
from mfa.report.text import Writer, datum_anchor, slug

LOST = ("burning", "dumping", "landfill")
NAMED, LISTED = 3, 10
LARGE = 0.02  # share of the variance from which an assumption is named


def chapter(w: Writer) -> Section | None:
    """Return findings and recommendations; None for an account without data."""
    _ = w.tr
    if not w.facts.data:
        return None
    blocks: list[Block] = [
        Paragraph(
            (
                _(
                    "These findings and recommendations follow from the account alone. Costs, "
                    "technique, law and what people want are for those to weigh who know the city."
                ),
            )
        )
    ]
    findings = tuple(_findings(w))
    if findings:
        blocks.append(Section("status-quo", _("Where the city stands"), (Bullets(findings),)))
    blocks.append(Section("recommendations", _("Recommendations"), _recommended(w)))
    return Section("findings", _("Findings and recommendations"), tuple(blocks))


def _findings(w: Writer) -> Iterator[Rich]:
    yield from _dependence(w)
    yield from _staying(w)
    yield from _sectors(w)
    yield from _losses(w)
    yield from _changed(w)


def _share(w: Writer, above: str, below: str) -> str | None:
    """Return one economy-wide total as a share of another, with σ; None if one is unknown."""
    facts = w.facts
    top, bottom = (facts.economy.total(key) for key in (above, below))
    if not (top.complete and bottom.complete and bottom.estimate.value > 0):
        return None
    from mfa.indicators.sums import Reader

    reader = Reader(facts.account, facts.period, facts.region, facts.unit)
    found = reader.evaluate(f"({formula(top.weights)}) / ({formula(bottom.weights)})", "1")
    return None if found is None else w.amount(100 * found.value, 100 * found.sd, "%")


def _dependence(w: Writer) -> Iterator[Rich]:
    _ = w.tr
    share = _share(w, "imports", "dmi")
    if share:
        yield w.sentence(
            _("{share} of direct material input comes from outside the city; the rest is its own."),
            share=share,
        )


def _staying(w: Writer) -> Iterator[Rich]:
    _ = w.tr
    share = _share(w, "nas", "dmc")
    if share:
        yield w.sentence(
            _(
                "Net additions to stock equal {share} of domestic material consumption: so much "
                "stays in buildings, roads, landfills and stores, and will have to be dealt with "
                "later."
            ),
            share=share,
        )


def _sectors(w: Writer) -> Iterator[Rich]:
    _ = w.tr
    known = [s for s in w.facts.sectors if s.inputs.complete and s.inputs.estimate.value > 0]
    known.sort(key=lambda s: (-s.inputs.estimate.value, s.sector))
    if len(known) < 2:
        return
    parts: list[str | Ref] = []
    for s in known[:NAMED]:
        sector = Ref(w.sector(s.sector), f"#sector-{slug(s.sector)}")
        glue = "; " if parts else ""
        parts += w.say(
            "{glue}{sector} ({amount})", glue=glue, sector=sector, amount=w.total(s.inputs)
        )
    yield w.say(_("Most material enters these sectors: {sectors}."), sectors=tuple(parts))


def _losses(w: Writer) -> Iterator[Rich]:
    _, items = w.tr, _lost(w)
    if items:
        names = w.listed([w.ref(item.id) for item in items[:NAMED]])
        yield w.say(
            _(
                "The largest amounts that are burned in the open, dumped or landfilled are: "
                "{flows}."
            ),
            flows=names,
        )


def _changed(w: Writer) -> Iterator[Rich]:
    _ = w.tr
    for change in w.facts.changes[:1]:
        dmc = next((c for c in change.indicators if c.id == "dmc"), None)
        if dmc is None:
            continue
        values = {
            "a": change.a,
            "b": change.b,
            "amount": w.amount(dmc.difference, dmc.sd, dmc.unit),
        }
        if dmc.verdict == "higher":
            sentence = _("From {a} to {b}, domestic material consumption rose: {amount}.", **values)
        elif dmc.verdict == "lower":
            sentence = _("From {a} to {b}, domestic material consumption fell: {amount}.", **values)
        elif dmc.verdict == "within":
            sentence = _(
                "From {a} to {b}, domestic material consumption changed by {amount}, which is "
                "within uncertainty.",
                **values,
            )
        else:
            continue
        yield (sentence,)


def _lost(w: Writer) -> list[Item]:
    """Return the known goods flows to a place from which nothing comes back, the largest first."""
    flows = [i for i in w.facts.here("flow") if i.layer == "goods" and i.role in LOST and i.known]
    return sorted((i for i in flows if i.amount > 0), key=lambda i: (-i.amount, i.id))


def _recommended(w: Writer) -> tuple[Block, ...]:
    advice = tuple(_advice(w))
    losses = _lost_table(w)
    return (Bullets(advice), *losses)


def _advice(w: Writer) -> Iterator[Rich]:
    yield from _recover(w)
    yield from _measure(w)
    yield from _settle(w)
    yield from _recheck(w)
    yield from _replace(w)
    yield from _repeat(w)


def _recover(w: Writer) -> Iterator[Rich]:
    _ = w.tr
    if _lost(w):
        yield w.say(
            _(
                "Look first at the flows of the table below when choosing what to reuse, recycle, "
                "compost or feed: a measure there can save no more than the amount that is lost "
                "today."
            )
        )


def _measure(w: Writer) -> Iterator[Rich]:
    _, facts = w.tr, w.facts
    found = facts.next_consumption or facts.next_overall
    if found:
        names = w.listed([w.ref(d.id) for d in found[:NAMED]])
        yield w.say(
            _("Measure next: {flows}; {section} says what each would bring."),
            flows=names,
            section=Ref(_("the list of observations that help most"), "#next"),
        )


def _settle(w: Writer) -> Iterator[Rich]:
    _, facts = w.tr, w.facts
    if facts.gaps:
        yield w.say(
            _("Close the gaps: {needed} would make known what is {unknown} today."),
            needed=w.count(
                sum(gap.needed for gap in facts.gaps),
                _("further observation"),
                _("further observations"),
            ),
            unknown=Ref(_("not known"), "#unknown"),
        )


def _recheck(w: Writer) -> Iterator[Rich]:
    _, facts = w.tr, w.facts
    doubtful = [facts.datum(i) for i in facts.test.suspects]
    if doubtful:
        names = w.listed([part for d in doubtful[:NAMED] for part in w.observed(d)[:1]])
        yield w.say(
            _("Check the sources of the suspect observations again, above all: {names}."),
            names=names,
        )


def _replace(w: Writer) -> Iterator[Rich]:
    """Return the assumptions that most of the uncertainty of consumption comes from."""
    _ = w.tr
    found = [d for d in w.facts.drivers if w.facts.datum(d.datum).assumed and d.share >= LARGE]
    if not found:
        return
    parts: list[str | Ref | Strong] = []
    for driver in found[:NAMED]:
        name = plain(w.observed(w.facts.datum(driver.datum)))
        link = Ref(name, f"#{datum_anchor(driver.datum, assumed=True)}")
        glue = "; " if parts else ""
        parts += w.say(
            "{glue}{name} ({share})", glue=glue, name=link, share=w.percent(driver.share)
        )
    yield w.say(
        _(
            "Replace assumptions by observations, first those that the uncertainty of domestic "
            "material consumption comes from (share of its variance): {names}."
        ),
        names=tuple(parts),
    )


def _repeat(w: Writer) -> Iterator[Rich]:
    _ = w.tr
    if len(w.facts.system.periods) < 2:
        yield (
            _(
                "Repeat the account for a second year with the same boundary and the same "
                "processes: only then can a trend be told from uncertainty."
            ),
        )


def _lost_table(w: Writer) -> tuple[Table, ...]:
    _, items = w.tr, _lost(w)[:LISTED]
    if not items:
        return ()
    unit = w.unit(w.facts.unit)
    return (
        Table(
            "lost-flows",
            _("Findings"),
            _(
                "Largest flows that are burned in the open, dumped or landfilled ({unit})",
                unit=unit,
            ),
            (
                *amount_columns(w, unit),
                role_column(w),
                Column(_("Material")),
                Column(_("From → to")),
            ),
            tuple(
                Row(
                    (
                        *amount_cells(w, item),
                        role_cell(w, item),
                        w.material(item.material),
                        w.path(item),
                    )
                )
                for item in items
            ),
        ),
    )
