"""What balancing did to the data, which data are doubtful, and what is still unknown."""

from __future__ import annotations

from mfa.report.chapters.doubts import doubts
from mfa.report.chapters.parts import LONG, balance_table
from mfa.report.chapters.summary import SIGNIFICANT, verdict
from mfa.report.document import Block, Bullets, Paragraph, Rich, Section, plain
from mfa.report.facts import Datum, Gap, NextDatum
from mfa.report.tables import Badge, Bar, Column, Num, Ref, Row, Table, given_decimals
from mfa.report.text import Writer, datum_anchor

LISTED = 20
DRIVERS = 12
UNTESTABLE = "untestable"  # anchor of the table


def chapter(w: Writer) -> Section:
    """Return the chapter on reconciliation."""
    _ = w.tr
    sections = [
        Section("test", _("Do the data agree?"), _test(w)),
        doubts(w),
        _adjustments(w),
        _residuals(w),
        _untestable(w),
        Section("unknown", _("What is unknown, and what would settle it"), _unknown(w)),
    ]
    sections += [_drivers(w), _next(w)]
    return Section(
        "reconciliation",
        _("Checking and reconciling the data"),
        tuple(section for section in sections if section),
    )


def _test(w: Writer) -> tuple[Block, ...]:
    _, facts = w.tr, w.facts
    blocks: list[Block] = [Paragraph((verdict(w),))]
    if facts.test.dof:
        blocks.append(
            Paragraph(
                w.say(
                    _(
                        "χ² is the sum of squared moves, each in its own σ. If all σ are right and "
                        "nothing is missing, it is about as large as the degrees of freedom, the "
                        "number of times the data check each other. p is the probability of a sum "
                        "at least as large by chance; below {limit} something is wrong with an "
                        "observation, a σ or the model. A very small sum suggests that the σ were "
                        "set too wide."
                    ),
                    limit=f"{w.number(100 * SIGNIFICANT, 0)}\u00a0%",
                )
            )
        )
    suspects = [facts.datum(i) for i in facts.test.suspects]
    if suspects:
        items = [_suspect(w, d) for d in suspects[:LISTED]]
        if len(suspects) > LISTED:
            items.append((_("{n} more", n=len(suspects) - LISTED),))
        blocks += [
            Paragraph((_("Suspect: observations that moved more than chance explains."),), "note"),
            Bullets(tuple(items)),
        ]
    elif facts.test.dof:
        blocks.append(Paragraph((_("No single observation stands out as suspect."),)))
    return tuple(blocks)


def _suspect(w: Writer, d: Datum) -> Rich:
    _ = w.tr
    return w.say(
        _("{quantity}: reported {value}, balanced {reconciled} ({source})"),
        quantity=_link(w, d),
        value=f"{w.number(d.value, given_decimals(d.value))} {w.unit(d.unit)}",
        reconciled=f"{w.number(d.reconciled, None, d.sd)} {w.unit(d.unit)}",
        source=w.source(d),
    )


def _link(w: Writer, d: Datum) -> Ref:
    """Return the name of what was observed as a link to the observation."""
    return Ref(plain(w.observed(d)), f"#{datum_anchor(d.id)}")


def _adjustments(w: Writer) -> Section | None:
    _, facts = w.tr, w.facts
    moved = facts.adjusted[:LISTED]
    if not moved:
        return None
    scale = max(abs(d.adjustment) for d in moved)
    table = Table(
        "adjustments",
        _("Adjustments"),
        _("Largest adjustments, in σ of the observation"),
        (
            Column(_("Observation")),
            Column(_("Reported"), "number"),
            Column("σ", "number"),
            Column(_("Balanced"), "number"),
            Column(_("Unit"), "short"),
            Column(_("Adjustment (σ)"), "number", "", "move"),
            Column(_("Direction"), "bar"),
            Column(_("Normalised"), "number"),
            Column(_("Verdict"), "short"),
        ),
        tuple(_adjustment(w, d, scale) for d in moved),
        _(
            "Bars to the left: lowered by balancing; to the right: raised. Normalised: the move in "
            "units of its own standard deviation; the suspect limit allows for the number of "
            "tests made."
        ),
    )
    text = Paragraph(
        (
            _(
                "The table shows the observations that balancing moved most. A move of less than "
                "two σ is normal."
            ),
        )
    )
    return Section("adjusted", _("Which observations moved most"), (text, table))


def _adjustment(w: Writer, d: Datum, scale: float) -> Row:
    _ = w.tr
    move = _move(d)
    verdict_ = Badge("bad", _("suspect")) if d.suspect else Badge("good", _("plausible"))
    return Row(
        (
            _link(w, d),
            w.reported_cell(d),
            Num(d.sd, d.sd or None),
            Num(d.reconciled, d.sd),
            w.unit(d.unit),
            Num(move, decimals=2),
            Bar(move, scale),
            Num(d.normalised, decimals=2),
            verdict_ if d.testable else Badge("", _("not testable")),
        )
    )


def _move(d: Datum) -> float:
    """Return the move in σ, positive when balancing raised the figure."""
    return (d.reconciled - d.value) / d.sd if d.sd > 0 else 0.0


def _residuals(w: Writer) -> Section | None:
    """Return the balances that could be checked before balancing, the worst first."""
    _, facts = w.tr, w.facts
    checked = [b for b in facts.balances if b.complete_before]
    if not checked:
        return None
    checked.sort(key=lambda b: (-_gap(b), b.process))
    worst = checked[0]
    text = Paragraph(
        w.say(
            _(
                "{n} balances could be checked with the observations as reported. The largest gap "
                "was {gap} of the input ({process}); after balancing all close."
            ),
            n=w.number(len(checked), 0),
            gap=w.percent(_gap(worst)),
            process=w.process(worst.process),
        )
    )
    layers = dict.fromkeys(b.layer for b in checked)
    tables = tuple(
        balance_table(w, f"residuals-{k}", w.layer(layer), [b for b in checked if b.layer == layer])
        for k, layer in enumerate(layers)
    )
    return Section("residuals", _("Balances before and after"), (text, *tables))


def _gap(b: object) -> float:
    size = max(abs(b.inputs_before), abs(b.outputs_before))
    return abs(b.difference_before) / size if size else 0.0


def _untestable(w: Writer) -> Section | None:
    """Return what nothing checks: a short list here, a long one in the annexes."""
    _, loose = w.tr, _loose(w)
    if not loose:
        return None
    text = _(
        "No balance and no second observation bears on these. They enter the account as they are, "
        "right or wrong; a second source would help here most."
    )
    title = _("What cannot be checked")
    if len(loose) <= LISTED:
        return Section("loose", title, (Paragraph((text,)), _untestable_table(w, loose)))
    assumed = sum(d.assumed for d in loose)
    count = w.say(
        _("{n} of {all} observations cannot be checked, {assumed} of them assumptions."),
        n=w.number(len(loose), 0),
        all=w.number(len(w.facts.data), 0),
        assumed=w.number(assumed, 0),
    )
    where = (Ref(_("The annex lists them."), f"#{UNTESTABLE}"),)
    return Section("loose", title, (Paragraph((*count, " ", text, " ", *where)),))


def untestable(w: Writer) -> Section | None:
    """Return the annex of what nothing checks; None if the chapter itself lists it."""
    loose = _loose(w)
    if len(loose) <= LISTED:
        return None
    title = w.tr("Observations that nothing else checks")
    return Section("annex-untestable", title, (_untestable_table(w, loose),))


def _loose(w: Writer) -> list[Datum]:
    loose = [d for d in w.facts.data if not d.testable and d.sd > 0]
    return sorted(loose, key=lambda d: (d.assumed, d.source, d.id))


def _untestable_table(w: Writer, loose: list[Datum]) -> Table:
    _ = w.tr
    rows = tuple(
        Row(
            (
                _link(w, d),
                w.reported_cell(d),
                Num(d.sd, d.sd or None),
                w.unit(d.unit),
                w.source(d),
            )
        )
        for d in loose
    )
    return Table(
        UNTESTABLE,
        _("Not testable"),
        _("Observations that nothing else checks"),
        (
            Column(_("Observation")),
            Column(_("Value"), "number"),
            Column("σ", "number"),
            Column(_("Unit"), "short"),
            Column(_("Source")),
        ),
        rows,
        searchable=len(rows) > LONG,
    )


def _drivers(w: Writer) -> Section | None:
    """Return which observations the uncertainty of consumption comes from."""
    _, facts = w.tr, w.facts
    if not facts.drivers:
        return None
    rows = []
    for driver in facts.drivers[:DRIVERS]:
        d = facts.datum(driver.datum)
        cells = (_link(w, d), w.reported_cell(d), Num(d.sd, d.sd or None), w.unit(d.unit))
        share = 100 * driver.share
        rows.append(Row((*cells, w.source(d), Num(share, decimals=0 if share >= 9.5 else 1))))
    table = Table(
        "drivers-table",
        _("Next"),
        _("Observations behind the uncertainty of domestic material consumption"),
        (
            Column(_("Observation")),
            Column(_("Reported"), "number"),
            Column("σ", "number"),
            Column(_("Unit"), "short"),
            Column(_("Source")),
            Column(_("Share of the variance"), "number", "%"),
        ),
        tuple(rows),
        _(
            "The shares of all observations add up to one hundred; a correlated one can be "
            "negative."
        ),
    )
    text = Paragraph(
        (
            _(
                "Every result is, near its value, a weighted sum of the observations; so its "
                "variance falls into one part for each. Better data pay most at the top of this "
                "list."
            ),
        )
    )
    return Section("drivers", _("Where the uncertainty of consumption comes from"), (text, table))


def _next(w: Writer) -> Section | None:
    """Return which further observations would narrow consumption and the account most."""
    _, facts = w.tr, w.facts
    tables = []
    if facts.next_consumption:
        title = _("Observations that would narrow domestic material consumption most")
        tables.append(_suggestions(w, "next-dmc", title, facts.next_consumption))
    if facts.next_overall:
        title = _("Observations that would narrow the account as a whole most")
        tables.append(_suggestions(w, "next-all", title, facts.next_overall))
    if not tables:
        return None
    text = Paragraph(
        (
            _(
                "Each row supposes one new, independent observation with a σ of a tenth of the "
                "present value, and shows how far σ of the result would fall. Rows with the "
                "same gain bring the same knowledge; one of them is enough."
            ),
        )
    )
    return Section("next", _("What to measure next"), (text, *tables))


def _suggestions(w: Writer, id: str, title: str, data: tuple[NextDatum, ...]) -> Table:
    _ = w.tr
    settles = any(d.settles for d in data)
    return Table(
        id,
        _("Next"),
        title,
        (
            Column(_("Measure")),
            Column(_("Fall of σ"), "number", "%"),
            *((Column(_("Makes known")),) if settles else ()),
        ),
        tuple(
            Row(
                (
                    w.ref(d.id),
                    Num(100 * d.gain, decimals=0),
                    *((w.refs(d.settles),) if settles else ()),
                )
            )
            for d in data
        ),
    )


def _unknown(w: Writer) -> tuple[Block, ...]:
    _, facts = w.tr, w.facts
    if not facts.unknown:
        return (Paragraph((_("Nothing: every quantity has a value."),)),)
    text = Paragraph(
        (
            _(
                "The data leave the following quantities open. Those of one group hang together "
                "through balances: settle as many of them as stated, and the rest of the group "
                "follows."
            ),
        )
    )
    rows = []
    for number, gap in enumerate(facts.gaps, start=1):
        rows += _gap_rows(w, number, gap)
    table = Table(
        "unknown-table",
        _("Unknown"),
        _("Unknown quantities and what is missing"),
        (
            Column(_("Quantity")),
            Column(_("Possible range"), "range"),
            Column(_("Unit"), "short"),
            Column(_("Observations needed"), "number"),
            Column(_("From → to")),
        ),
        tuple(rows),
        _("“≥”: the data set no upper limit."),
    )
    return text, table


def _gap_rows(w: Writer, number: int, gap: Gap) -> list[Row]:
    _ = w.tr
    head = Row((_("Group {n}", n=number), "", "", Num(gap.needed, decimals=0), ""), "group")
    rows = [
        Row(
            (
                w.ref(item.id),
                w.range_cell(item),
                w.unit(item.unit),
                "",
                w.path(item) if item.kind == "flow" else "",
            )
        )
        for item in gap.items
    ]
    return [head, *rows]
