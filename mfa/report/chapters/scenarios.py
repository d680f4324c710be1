"""Interventions and scenarios: what each edits, what changes, and whether that is real."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mfa.comparison.indicators import indicator_name
from mfa.locale import N_
from mfa.model.intervention import Intervention
from mfa.report.areas import area
from mfa.report.changes import Change, PeriodChange
from mfa.report.chapters.change import cells, change_figure, columns, flow_tables, untold
from mfa.report.document import Block, Bullets, Figure, Paragraph, Section
from mfa.report.scenarios import ScenarioFacts
from mfa.report.tables import Column, Num, Ref, Row, Table, given_decimals
from mfa.report.text import Writer, source_anchor

if TYPE_CHECKING:
    from mfa.model.view import View

LISTED = 15  # flows of one layer
SMALL = 0.005  # of the value: smaller changes are left out, as in the Sankey
_ACTIONS = {
    "set": N_("set to"),
    "multiply": N_("multiply by"),
    "add": N_("add"),
    "release": N_("release"),
}


def chapter(w: Writer) -> Section | None:
    """Return the chapter on scenarios; None for a case without any."""
    _, found = w.tr, w.facts.scenarios
    if not found:
        return None
    parts = tuple(_section(w, facts, number) for number, facts in enumerate(found))
    return Section("scenarios", _("Interventions and scenarios"), (*_method(w), *parts))


def _method(w: Writer) -> tuple[Paragraph, ...]:
    _ = w.tr
    return (
        Paragraph(
            (
                _(
                    "A scenario is a set of interventions, each of them an edit of the data with "
                    "its source. The same system is then balanced anew: mass is conserved under "
                    "the scenario too, and every result has its σ and can be followed to its data. "
                    "How people or markets would respond is not guessed: what no intervention "
                    "edits stays as it is."
                ),
            )
        ),
        Paragraph(
            (
                _(
                    "A change counts as real when it exceeds 1.96 of its own standard deviations. "
                    "Both accounts rest on the same data, and what they share cancels out of the "
                    "difference, through their covariance; so a change can be sure although "
                    "neither value is."
                ),
            )
        ),
    )


def _section(w: Writer, facts: ScenarioFacts, number: int) -> Section:
    _ = w.tr
    blocks: list[Block] = [_interventions(w, facts, number)]
    if facts.change is None:
        blocks.append(Paragraph((_("This scenario has no balance: its figures cannot hold "
                                   "together."),), "note"))  # fmt: skip
        blocks.append(Bullets(tuple((p.text(w.language),) for p in facts.problems)))
    else:
        change = replace(facts.change, a=_("As it is"), b=_("Scenario"))
        blocks += [_counts(w, change), *_doubts(w, facts)]
        blocks += _indicators(w, facts, change, number)
        blocks += _flows(w, change, number)
        if picture := _picture(w, facts, change, number):
            blocks.append(picture)
    return Section(f"scenario-{number}", facts.scenario.name(w.language), tuple(blocks))


# ----------------------------------------------------------------------------------- what is edited


def _interventions(w: Writer, facts: ScenarioFacts, number: int) -> Table:
    _ = w.tr
    return Table(
        f"scenario-{number}-interventions",
        _("Scenarios"),
        _("Interventions of “{scenario}”", scenario=facts.scenario.name(w.language)),
        (
            Column(_("Quantity")),
            Column(_("Intervention"), "short"),
            Column(_("Value"), "number"),
            Column("σ", "number"),
            Column(_("Unit"), "short"),
            Column(_("Source")),
            Column(_("Year"), "short"),
            Column(_("Note")),
        ),
        tuple(Row(_intervention(w, item)) for item in facts.scenario.interventions),
        _("The notes stand in the language in which they were written.")
        if any(item.note for item in facts.scenario.interventions)
        else "",
    )


def _intervention(w: Writer, item: Intervention) -> tuple[str | Num | Ref | tuple, ...]:
    _ = w.tr
    labels = ", ".join(x for x in (item.period, area(item.region, w.language)) if x)
    name = w.ref(item.quantity) if item.quantity.isidentifier() else w.name(item.quantity)
    value = item.value
    return (
        (name, f" ({labels})") if labels else name,
        _(_ACTIONS[item.action]),
        "" if value is None else Num(value, decimals=given_decimals(value)),
        Num(item.sd, item.sd) if item.sd > 0 else "",
        _unit(w, item),
        _source(w, item),
        item.year.replace("-", "–"),
        item.note,
    )


def _unit(w: Writer, item: Intervention) -> str:
    if item.action == "release":
        return ""
    if item.unit is None and item.action != "multiply":
        return w.unit(w.facts.system._unit_of(item.quantity))
    return w.unit(item.unit or "")


def _source(w: Writer, item: Intervention) -> str | Ref:
    if item.source == "assumption":
        return w.tr("assumption")
    if item.source in w.facts.system.sources:
        return Ref(item.source, f"#{source_anchor(item.source)}")
    return item.source


# --------------------------------------------------------------------------------- what comes of it


def _counts(w: Writer, change: PeriodChange) -> Paragraph:
    _, counts = w.tr, change.counts
    return Paragraph(
        w.say(
            _(
                "Of {all} flows and stock changes, {same} stay as they are; {higher} become really "
                "higher and {lower} really lower; {within} change within uncertainty."
            ),
            all=w.number(sum(counts.values()), 0),
            same=w.number(counts.get("same", 0), 0),
            higher=w.number(counts.get("higher", 0), 0),
            lower=w.number(counts.get("lower", 0), 0),
            within=w.number(counts.get("within", 0), 0),
        )
        + untold(w, change)
    )


def _doubts(w: Writer, facts: ScenarioFacts) -> list[Block]:
    """Return what contradicts, and what is pushed to a limit."""
    _ = w.tr
    blocks: list[Block] = []
    if facts.contradictions:
        text = _(
            "These figures agree with the others as the city is, but not under the scenario. "
            "Where they no longer hold, they should be released; else the intervention is more "
            "than the city’s data allow:"
        )
        items = tuple(
            w.say(
                _("{quantity}: {n} σ away from what the others say ({source})"),
                quantity=w.ref(c.quantity) if c.quantity.isidentifier() else c.quantity,
                n=w.number(c.normalised, 1),
                source=c.source or c.id,
            )
            for c in facts.contradictions
        )
        blocks += [Paragraph((text,), "note"), Bullets(items)]
    else:
        text = _("No figure of the city contradicts this scenario (p {p} for all data together).")
        blocks.append(Paragraph(w.say(text, p=w.p_value(facts.p_value))))
    if facts.limits:
        text = _(
            "Pushed to a limit, where they cannot go further: {quantities}. With more of the same "
            "intervention, something else would have to give way."
        )
        names = w.refs([name.partition("[")[0] for name in facts.limits])
        blocks.append(Paragraph(w.say(text, quantities=names)))
    return blocks


def _indicators(
    w: Writer, facts: ScenarioFacts, change: PeriodChange, number: int
) -> tuple[Block, ...]:
    """Return the key figures that change: shares of waste, then the whole city's totals."""
    _ = w.tr
    totals = [c for c in change.indicators if "." not in c.id]
    changed = [c for c in (*facts.waste, *totals) if c.difference != 0]
    if not changed:
        return (Paragraph((_("No indicator of the whole city changes."),)),)
    shown, said = _notable(w, changed)
    return (
        Table(
            f"scenario-{number}-indicators",
            _("Scenarios"),
            _("Key figures as it is and under “{scenario}”",
              scenario=facts.scenario.name(w.language)),
            columns(w, change, _("Indicator")),
            tuple(Row((indicator_name(c.id, w.language), *cells(w, c))) for c in shown),
            said,
        ),
    )  # fmt: skip


def _notable(w: Writer, changes: list[Change]) -> tuple[list[Change], str]:
    """Return the changes that are not tiny, and what is left out; all where every one is tiny.

    Between scenarios even the least change may be sure, for they share their data.
    """
    shown = [c for c in changes if not abs(c.relative) < SMALL]  # NaN: nothing to compare with
    if not shown or len(shown) == len(changes):
        return changes, ""
    return shown, w.tr("Changes of less than 0.5 % are left out.")


def _flows(w: Writer, change: PeriodChange, number: int) -> tuple[Block, ...]:
    """Return the flows that really change, by layer and size; or the sentence that none does."""
    none = w.tr("No flow changes by more than its uncertainty.")
    return flow_tables(change, partial(_flow_table, w, change, number), none)


def _flow_table(
    w: Writer, change: PeriodChange, part: int, number: int, layer: str, real: list[Change]
) -> Table:
    _ = w.tr
    shown, said = _notable(w, real)
    cut = _("The {n} largest of {all}.", n=w.number(LISTED, 0), all=w.number(len(shown), 0))
    notes = (cut if len(shown) > LISTED else "", said)
    return Table(
        f"scenario-flows-{part}-{number}",
        _("Scenarios"),
        _("{layer}: what really changes under the scenario", layer=w.layer(layer)),
        columns(w, change, _("Flow or stock change")),
        tuple(Row((w.ref(c.id), *cells(w, c))) for c in shown[:LISTED]),
        " ".join(note for note in notes if note),
    )


def _picture(w: Writer, facts: ScenarioFacts, change: PeriodChange, number: int) -> Figure | None:
    """Return the Sankey of the scenario in the view that changes most, coloured by what changed."""
    _, name = w.tr, facts.scenario.name(w.language)

    def caption(view: View, unit: str) -> str:
        shown = view.name(w.language)
        return _("{view} under “{scenario}” ({unit})", view=shown, scenario=name, unit=unit)

    note = _(
        "Widths are those of the scenario; colours say what changes against the city as it is."
    )
    return change_figure(w, change, f"sankey-scenario-{number}", facts.view, caption, note)
