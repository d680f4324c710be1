"""The economy-wide account: totals by class of material, what they are made of, the identity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mfa.indicators.ew_mfa import CATEGORIES, GATEWAYS, IDENTITY, NAMES, TERMS, EWAccount, category
from mfa.indicators.sums import Total
from mfa.model.quantity import material_codes
from mfa.report.document import Block, Figure, Paragraph, Section
from mfa.report.figures import CLASS_COLOURS, StackedBar, sankey_figure, stacked_bars
from mfa.report.tables import Column, Num, Range, Ref, Row, Table
from mfa.report.text import Writer, slug

if TYPE_CHECKING:
    from mfa.account import Estimate
    from mfa.report.facts import Item

MAIN = ("de", "imports", "dmi", "exports", "dmc", "ptb", "nas", "dpo", "bi_in", "bi_out")
CHARTED = ("de", "imports", "exports", "dmc", "nas", "dpo")
DERIVED = ("dmi", "dmc", "ptb")
LARGEST = 4  # flows of a total that the chapter shows; the annex shows all


def chapter(w: Writer) -> Section | None:
    """Return the economy-wide chapter; None when nothing crosses the boundary."""
    _, economy = w.tr, w.facts.economy
    if not any(economy.total(key).weights for key in TERMS):
        return None
    blocks: list[Block] = [
        _text(w),
        table(w),
        *_missing(w),
        *((_chart(w),) if _anything(w) else ()),
        *_productivity(w),
        *_gateways(w),
    ]
    pictures = (sankey_figure(w, view, f"sankey-{slug(view)}") for view in w.facts.other_views)
    blocks += [picture for picture in pictures if picture]
    blocks += [_identity_section(w)]
    if len(w.facts.history) > 1:
        blocks.append(Section("history", _("Over time"), (_history(w),)))
    blocks.append(
        Section("parts", _("What the totals are made of"), (_parts(w, "parts-table", LARGEST),))
    )
    return Section("economy", _("Material flows of the whole city"), tuple(blocks))


def _text(w: Writer) -> Paragraph:
    _ = w.tr
    return Paragraph(
        (
            _(
                "The table counts what crosses the city’s boundary, in the four classes of the "
                "European and United Nations handbooks for economy-wide material-flow accounts. "
                "Mixed goods, waste and materials without a class stand under “other”."
            ),
        )
    )


def _missing(w: Writer) -> tuple[Paragraph, ...]:
    """Return which flows the totals lack, balancing items aside."""
    _, economy = w.tr, w.facts.economy
    found = {i: None for key in CHARTED for i in economy.total(key).unknown}
    if not found:
        return ()
    return (
        Paragraph(
            w.say(
                _(
                    "Not in the sums, because nothing but an interval is known of them: {flows}. "
                    "Where they can only add, the known rest is given as a lower limit, marked "
                    "“≥”."
                ),
                flows=w.shortened(tuple(w.ref(i) for i in found)),
            ),
            "note",
        ),
    )


def table(w: Writer) -> Table:
    """Return the economy-wide table by class of material."""
    _, economy = w.tr, w.facts.economy
    kinds = [k for k in CATEGORIES if any(economy.total(key, k).weights for key in MAIN)]
    per_person = bool(economy.per_person)
    rows = [_row(w, key, kinds, per_person) for key in MAIN if economy.total(key).weights]
    unit = w.unit(w.facts.unit)
    return Table(
        "ew",
        _("Whole city"),
        _("Economy-wide material-flow account ({unit})", unit=unit),
        (
            Column(_("Indicator")),
            *(Column(_(CATEGORIES[k]), "number", unit, k) for k in kinds),
            Column(_("Total"), "number", unit),
            Column("σ", "number", unit),
            Column(_("95 % interval"), "range", unit),
            *((Column(_("Per person"), "number", w.unit("t/person/year")),) if per_person else ()),
        ),
        tuple(rows),
        _(
            "“–”: no such flow in the account. “≥”: a part is unknown. σ takes into account that "
            "balanced flows are correlated."
        ),
    )


def _row(w: Writer, key: str, kinds: list[str], per_person: bool) -> Row:
    economy = w.facts.economy
    total = economy.total(key)
    return Row(
        (
            w.tr(NAMES[key]),
            *(w.total_cell(economy.total(key, k)) for k in kinds),
            w.total_cell(total),
            w.sd_cell(total),
            Range(total.lower, total.upper, total.estimate.sd if total.estimate else None),
            *((_person_cell(economy.per_person.get(key)),) if per_person else ()),
        ),
        "total" if key in DERIVED else "",
        f"ew-{key}",
    )


def _person_cell(estimate: Estimate | None) -> Num:
    return Num(estimate.value, estimate.sd) if estimate else Num(math.nan)


def _anything(w: Writer) -> bool:
    """Return whether some total is known and not zero."""
    totals = [w.facts.economy.total(key) for key in CHARTED]
    return any(t.estimate is not None and t.estimate.value for t in totals)


def _chart(w: Writer) -> Figure:
    _, economy = w.tr, w.facts.economy
    bars = []
    for key in CHARTED:
        total = economy.total(key)
        if total.estimate is None or not (total.complete or total.floor):
            continue
        parts = {
            kind: economy.total(key, kind).estimate.value
            for kind in CATEGORIES
            if economy.total(key, kind).estimate is not None
        }
        bars.append(StackedBar(_(NAMES[key]), parts, total.lower, total.upper))
    labels = {kind: (_(CATEGORIES[kind]), CLASS_COLOURS[kind]) for kind in CATEGORIES}
    unit = w.unit(w.facts.unit)
    caption = _("Material flows by class ({unit})", unit=unit)
    alt = "; ".join(
        f"{w.tr(NAMES[key])}: {w.total(economy.total(key))}"
        for key in CHARTED
        if economy.total(key).weights
    )
    return Figure(
        "fig-ew",
        stacked_bars(bars, labels, unit, w.language, caption),
        caption,
        alt,
        _(
            "The thin line over a bar is the 95 % interval of the total. Parts to the left of "
            "zero are classes of which more leaves than comes in."
        ),
    )


def _productivity(w: Writer) -> tuple[Paragraph, ...]:
    _, found = w.tr, w.facts.economy.per_grdp.get("dmc")
    if found is None:
        return ()
    million = 1e6
    value = w.amount(found.value / million, found.sd / million, "million VND")
    return (
        Paragraph(
            w.say(
                _(
                    "Each tonne of domestic material consumption goes with {value} of regional "
                    "product (resource productivity)."
                ),
                value=value,
            )
        ),
    )


def _gateways(w: Writer) -> tuple[Table, ...]:
    """Return processed output by the way it takes, where more than one is told apart."""
    _, found = w.tr, w.facts.economy.gateways
    if len(found) < 2:
        return ()
    unit = w.unit(w.facts.unit)
    rows = tuple(
        Row((_(GATEWAYS[key]), w.total_cell(total), w.sd_cell(total)))
        for key, total in found.items()
    )
    return (
        Table(
            "gateways",
            _("Whole city"),
            _("Domestic processed output by pathway ({unit})", unit=unit),
            (
                Column(_("Pathway")),
                Column(_("Value"), "number", unit),
                Column("σ", "number", unit),
            ),
            rows,
        ),
    )


def _identity_section(w: Writer) -> Section:
    _, facts = w.tr, w.facts
    blocks: list[Block] = [
        Paragraph(
            (
                _(
                    "What enters the city must leave it or stay: extraction, imports and "
                    "balancing inputs equal exports, processed output, balancing outputs and net "
                    "additions to stock."
                ),
            )
        ),
        _identity(w),
    ]
    if facts.economy.unbalanced:
        names = tuple(w.process(p) for p in facts.economy.unbalanced)
        blocks.append(
            Paragraph(
                w.say(
                    _(
                        "These processes are not balanced, so the difference is what they gain or "
                        "lose: {processes}."
                    ),
                    processes=w.shortened(names),
                )
            )
        )
    if not facts.economy.difference.complete:
        blocks.append(
            Paragraph(
                w.say(
                    _(
                        "With unknown parts the difference cannot be computed from the table; the "
                        "balance of each process closes nevertheless (largest gap: {gap} of its "
                        "throughput)."
                    ),
                    gap=w.percent(closure(w)),
                )
            )
        )
    return Section("identity", _("Does it add up?"), tuple(blocks))


def closure(w: Writer) -> float:
    """Return the largest difference of a balance in shares of what goes through the process."""
    processes = w.facts.system.processes
    gaps = [
        abs(b.difference) / b.size
        for b in w.facts.balances
        if processes[b.process].balance and math.isfinite(b.difference) and b.size > 0
    ]
    return max(gaps, default=0.0)


def _identity(w: Writer) -> Table:
    _, economy = w.tr, w.facts.economy
    unit = w.unit(w.facts.unit)
    rows = []
    for key in TERMS:
        total = economy.total(key)
        if total.weights:
            sign = "+" if IDENTITY[key] > 0 else "−"
            rows.append(Row((f"{sign} {_(NAMES[key])}", w.total_cell(total), w.sd_cell(total))))
    gap = economy.difference
    value = gap.estimate.value if gap.complete else math.nan
    scale = max(
        (abs(economy.total(k).upper) for k in TERMS if economy.total(k).complete), default=1
    )
    shown = 0.0 if abs(value) < 1e-9 * scale else value
    rows.append(
        Row((f"= {_('Difference')}", Num(shown, missing=_("unknown")), Num(math.nan)), "total")
    )
    return Table(
        "identity-table",
        _("Whole city"),
        _("The city’s balance ({unit})", unit=unit),
        (
            Column(_("Term")),
            Column(_("Value"), "number", unit),
            Column("σ", "number", unit),
        ),
        tuple(rows),
    )


def parts(w: Writer) -> Section | None:
    """Return the annex of what the totals are made of; None if the chapter shows all of it."""
    sizes = [len(w.facts.economy.total(key).weights) for key in TERMS]
    if max(sizes, default=0) <= LARGEST + 1:
        return None
    title = w.tr("All flows and stock changes in the totals")
    return Section("annex-parts", title, (_parts(w, "parts-all", None),))


def _parts(w: Writer, id: str, most: int | None) -> Table:
    """Return flows and stock changes under the total they belong to, the largest first.

    Beyond `most` of a total, the rest becomes a row that says how many there are.
    """
    _, facts = w.tr, w.facts
    unit = w.unit(facts.unit)
    rows = []
    for key in TERMS:
        total = facts.economy.total(key)
        if not total.weights:
            continue
        rows.append(_parts_head(w, key, total))
        rows += _parts_rows(w, total, most)
    return Table(
        id,
        _("Parts"),
        _("Flows and stock changes in each total ({unit})", unit=unit),
        (
            Column(_("Flow or stock change")),
            Column(_("Value"), "number", unit),
            Column("σ", "number", unit),
            Column(_("Share of the known total"), "number", "%"),
            Column(_("Class")),
        ),
        tuple(rows),
        searchable=True,
    )


def _parts_head(w: Writer, key: str, total: Total) -> Row:
    name = w.tr(NAMES[key])
    return Row((name, w.total_cell(total), w.sd_cell(total), Num(math.nan), ""), "group")


def _parts_rows(w: Writer, total: Total, most: int | None) -> list[Row]:
    facts = w.facts
    codes = material_codes(facts.system.materials)
    items = [item for item in facts.here("flow", "stock_change") if item.id in total.weights]
    items.sort(key=lambda i: (not i.known, -abs(i.amount) if i.known else 0.0, i.id))
    whole = total.estimate.value if total.estimate else math.nan
    rows = []
    for item in items:
        share = 100 * item.amount / whole if whole else math.nan
        kind = category(codes.get(item.material, ""))
        cells = (
            w.ref(item.id),
            w.value_cell(item, common=True),
            Num(item.amount_sd, item.amount_sd or None),
            Num(share, decimals=1),
            w.tr(CATEGORIES[kind]),
        )
        rows.append(Row(cells, "" if item.known else "weak"))
    if most is None or len(rows) <= most + 1:
        return rows
    rest = items[most:]
    return [*rows[:most], _parts_rest(w, rest, whole)]


def _parts_rest(w: Writer, rest: list[Item], whole: float) -> Row:
    """Return one row for the smaller flows of a total, with their share."""
    share = sum(item.amount for item in rest if item.known) / whole if whole else math.nan
    name = w.tr("{n} smaller ones, see annex", n=len(rest))
    return Row((Ref(name, "#parts-all"), "", "", Num(100 * share, decimals=1), ""), "weak")


def _history(w: Writer) -> Table:
    """Return the totals of every period."""
    _, facts = w.tr, w.facts
    unit = w.unit(facts.unit)
    keys = [key for key in MAIN if any(e.total(key).weights for e in facts.history)]

    def cells(key: str, economy: EWAccount) -> tuple[Num, Num]:
        total = economy.total(key)
        return w.total_cell(total), w.sd_cell(total)

    return Table(
        "history-table",
        _("Over time"),
        _("Totals by period ({unit})", unit=unit),
        (
            Column(_("Indicator")),
            *(
                column
                for e in facts.history
                for column in (Column(e.period, "number", unit), Column("σ", "number", unit))
            ),
        ),
        tuple(
            Row((_(NAMES[key]), *(cell for e in facts.history for cell in cells(key, e))))
            for key in keys
        ),
    )
