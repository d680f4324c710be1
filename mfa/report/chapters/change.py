"""What changed between periods, and whether it is real or within uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mfa.comparison.indicators import indicator_name
from mfa.locale import N_
from mfa.report.changes import Change, PeriodChange
from mfa.report.document import Block, Figure, Paragraph, Rich, Section
from mfa.report.figures import WIDE, redrawn, shown_unit
from mfa.report.pictures import sankey_size, whole_view
from mfa.report.tables import Badge, Column, Num, Row, Table
from mfa.report.text import Writer

if TYPE_CHECKING:
    from mfa.model.view import View

LISTED = 25  # flows with a real change
LOOKS = {
    "higher": ("higher", N_("real: higher")),
    "lower": ("lower", N_("real: lower")),
    "within": ("", N_("within uncertainty")),
    "unknown": ("status-free", N_("cannot be told")),
    "only_a": ("", N_("only before")),
    "only_b": ("", N_("only after")),
}


def chapter(w: Writer) -> Section | None:
    """Return the chapter on change; None for an account of one period."""
    _, changes = w.tr, w.facts.changes
    if not changes:
        return None
    parts = tuple(_section(w, change, number) for number, change in enumerate(changes))
    return Section("change", _("Change over time"), (_method(w), *parts))


def _method(w: Writer) -> Paragraph:
    _ = w.tr
    return Paragraph(
        (
            _(
                "A change counts as real when it exceeds 1.96 of its own standard deviations; "
                "otherwise the two periods agree within uncertainty. σ of the change allows for "
                "data that both periods share, through their covariance. Of things that did not "
                "change at all, about one in twenty seems to by chance."
            ),
        )
    )


def _section(w: Writer, change: PeriodChange, number: int) -> Section:
    _ = w.tr
    blocks: list[Block] = [_counts(w, change)]
    if change.indicators:
        blocks.append(_indicators(w, change, number))
    blocks += _flows(w, change, number)
    if number == 0 and (picture := _picture(w, change)):
        blocks.append(picture)
    return Section(f"change-{number}", _("From {a} to {b}", a=change.a, b=change.b), tuple(blocks))


def _counts(w: Writer, change: PeriodChange) -> Paragraph:
    _, counts = w.tr, change.counts
    return Paragraph(
        w.say(
            _(
                "Of {all} flows and stock changes, {higher} are really higher and {lower} really "
                "lower; {within} agree within uncertainty, and {single} exist in one of the two "
                "periods only."
            ),
            all=w.number(sum(counts.values()), 0),
            higher=w.number(counts.get("higher", 0), 0),
            lower=w.number(counts.get("lower", 0), 0),
            within=w.number(counts.get("within", 0), 0),
            single=w.number(counts.get("only_a", 0) + counts.get("only_b", 0), 0),
        )
        + untold(w, change)
    )


def untold(w: Writer, change: PeriodChange) -> Rich:
    """Return the sentence on what is unknown on one side; nothing where all is known."""
    count = change.counts.get("unknown", 0)
    if not count:
        return ()
    text = w.tr("For {n} it cannot be told, because they are not known well enough.")
    return (" ", *w.say(text, n=w.number(count, 0)))


def columns(w: Writer, change: PeriodChange, heading: str) -> tuple[Column, ...]:
    """Return the columns of a table of changes, which name both sides."""
    _ = w.tr
    return (
        Column(heading),
        Column(change.a, "number"),
        Column("σ", "number"),
        Column(change.b, "number"),
        Column("σ", "number"),
        Column(_("Unit"), "short"),
        Column(_("Difference"), "number"),
        Column(_("σ of the difference"), "number"),
        Column(_("Relative"), "number", "%"),
        Column(_("Verdict"), "short"),
    )


def cells(w: Writer, c: Change) -> tuple[Num | str | Badge, ...]:
    """Return all cells but the name."""
    _ = w.tr
    key, word = LOOKS[c.verdict]
    scale, unit = (1e-6, "million VND/t") if c.unit == "VND/t" else (1.0, c.unit)
    sd = c.sd * scale
    return (
        Num(c.before * scale, c.before_sd * scale or None, missing=_("unknown")),
        Num(c.before_sd * scale, c.before_sd * scale or None),
        Num(c.after * scale, c.after_sd * scale or None, missing=_("unknown")),
        Num(c.after_sd * scale, c.after_sd * scale or None),
        w.unit(unit),
        Num(c.difference * scale, sd or None),
        Num(sd, sd or None),
        Num(100 * c.relative, 100 * c.sd / abs(c.before) if c.before and c.sd > 0 else None),
        Badge(key, _(word)),
    )


def _indicators(w: Writer, change: PeriodChange, number: int) -> Table:
    _ = w.tr
    return Table(
        f"change-indicators-{number}",
        _("Change"),
        _("Indicators of the whole city, {a} and {b}", a=change.a, b=change.b),
        columns(w, change, _("Indicator")),
        tuple(Row((indicator_name(c.id, w.language), *cells(w, c))) for c in change.indicators),
    )


def _flows(w: Writer, change: PeriodChange, number: int) -> tuple[Block, ...]:
    """Return the flows that really changed, by layer and size; or the sentence that none did."""
    none = w.tr("No flow changed by more than its uncertainty.")
    return flow_tables(change, partial(_flow_table, w, change, number), none)


def flow_tables(
    change: PeriodChange, table: Callable[[int, str, list[Change]], Table], none: str
) -> tuple[Block, ...]:
    """Return a table a layer of the flows that really changed, the largest change first.

    Parameters
    ----------
    table
        Makes one, of the number of the layer, the layer and its changes.
    none
        What is said where nothing really changed.
    """
    real = sorted((c for c in change.flows if c.real), key=lambda c: (-abs(c.difference), c.id))
    if not real:
        return (Paragraph((none,)),)
    layers = dict.fromkeys(c.layer for c in change.flows if c.real)
    return tuple(
        table(number, layer, [c for c in real if c.layer == layer])
        for number, layer in enumerate(layers)
    )


def _flow_table(
    w: Writer, change: PeriodChange, part: int, number: int, layer: str, real: list[Change]
) -> Table:
    _ = w.tr
    cut = _("The {n} largest of {all}.", n=w.number(LISTED, 0), all=w.number(len(real), 0))
    return Table(
        f"change-flows-{part}-{number}",
        _("Change"),
        _(
            "{layer}: what really changed from {a} to {b}",
            layer=w.layer(layer),
            a=change.a,
            b=change.b,
        ),
        columns(w, change, _("Flow or stock change")),
        tuple(Row((w.ref(c.id), *cells(w, c))) for c in real[:LISTED]),
        cut if len(real) > LISTED else "",
    )


def _picture(w: Writer, change: PeriodChange) -> Figure | None:
    """Return the Sankey of the later period, coloured by what changed."""
    _ = w.tr

    def caption(view: View, unit: str) -> str:
        return _("Change from {a} to {b} ({unit})", a=change.a, b=change.b, unit=unit)

    note = _("Widths are those of {b}; colours say what changed since {a}.", a=change.a, b=change.b)
    return change_figure(w, change, "sankey-change", w.facts.overall_view, caption, note)


def change_figure(
    w: Writer,
    change: PeriodChange,
    anchor: str,
    view_id: str | None,
    caption: Callable[[View, str], str],
    note: str,
) -> Figure | None:
    """Return the Sankey of a change in one view, coloured by it; None where nothing flows.

    Parameters
    ----------
    view_id
        None: the whole, every process its own node.
    caption
        Returns it, of the view and the unit.
    note
        What widths and colours mean.
    """
    from mfa.errors import InputError

    _, facts = w.tr, w.facts
    view = facts.system.views[view_id] if view_id else None
    shown = view or whole_view(facts.system, "goods")
    size = sankey_size(shown, len(facts.system.processes))
    options = {"region": facts.region or None, "size": size}
    try:
        image = change.comparison.sankey(view, w.language, **options)
    except InputError:
        return None
    return Figure(
        anchor,
        image.svg,
        caption(shown, shown_unit(image.graph)),
        _("Sankey diagram coloured by change. The numbers stand in the tables of this chapter."),
        note,
        redraw=partial(redrawn, image.graph),
        wide=len(image.graph.nodes) > WIDE,
    )
