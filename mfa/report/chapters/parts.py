"""Tables which several chapters share."""

from __future__ import annotations

from collections.abc import Iterable

from mfa.report.facts import Balance, Item
from mfa.report.tables import Cell, Column, Num, Row, Table
from mfa.report.text import Writer
from mfa.vocabulary import label

LONG = 20  # rows from which a table offers a filter


def flow_columns(w: Writer, unit: str) -> tuple[Column, ...]:
    """Return the columns of a list of flows; `unit` in words."""
    _ = w.tr
    return (
        *amount_columns(w, unit),
        Column(_("95 % interval"), "range", unit),
        Column(_("Status"), "short"),
        Column(_("From → to")),
    )


def flow_row(w: Writer, item: Item) -> Row:
    """Return one flow in the common unit of its layer."""
    cells = (
        *amount_cells(w, item),
        w.range_cell(item, common=True),
        w.status(item.status),
        w.path(item),
    )
    return Row(cells, "" if item.known else "weak")


def amount_columns(w: Writer, unit: str) -> tuple[Column, ...]:
    """Return the columns with which every list of flows begins."""
    _ = w.tr
    return Column(_("Flow")), Column(_("Value"), "number", unit), Column("σ", "number", unit)


def amount_cells(w: Writer, item: Item) -> tuple[Cell, ...]:
    """Return name, value and σ of a flow in the common unit of its layer."""
    value = w.value_cell(item, common=True)
    return w.ref(item.id), value, Num(item.amount_sd, item.amount_sd or None)


def role_column(w: Writer) -> Column:
    """Return the column that says where waste goes."""
    return Column(w.tr("Where it goes"), "short")


def role_cell(w: Writer, item: Item) -> Cell:
    """Return where a flow of waste goes."""
    return label("role", item.role, w.language)


def score_columns(w: Writer) -> tuple[Column, ...]:
    """Return a column for the criterion, and one for each score."""
    _ = w.tr
    scores = (_("1 (best)"), "2", "3", _("4 (worst)"))
    return Column(_("Criterion")), *(Column(score, "number") for score in scores)


def balance_table(w: Writer, anchor: str, name: str, balances: Iterable[Balance]) -> Table:
    """Return inputs, outputs, stock change and difference of processes, after and before.

    `name` says in the title whose processes they are. Columns in which no process has anything are
    left out; if there is no difference anywhere, the note says so.
    """
    _ = w.tr
    balances = tuple(balances)
    unit = w.unit(balances[0].unit)
    stocks = any(b.stock_change.weights for b in balances)
    gaps = any(map(_gap, balances))
    before = any(b.complete_before for b in balances)
    notes = (
        "" if gaps else _("Every balance closes."),
        _("“–” before balancing: not everything there was measured.") if before else "",
    )
    return Table(
        anchor,
        _("Balances"),
        _("{name}: balances of the processes ({unit})", name=name, unit=unit),
        (
            Column(_("Process")),
            Column(_("In"), "number", unit),
            Column(_("Out"), "number", unit),
            *((Column(_("Stock change"), "number", unit),) if stocks else ()),
            *((Column(_("Difference"), "number", unit),) if gaps else ()),
            *((Column(_("Difference before balancing"), "number", unit),) if before else ()),
        ),
        tuple(_balance_row(w, b, stocks, gaps, before) for b in balances),
        " ".join(note for note in notes if note),
    )


def _gap(b: Balance) -> float:
    """Return what a balance leaves over; rounding is nothing."""
    return 0.0 if abs(b.difference) <= 1e-9 * b.size else b.difference


def _balance_row(w: Writer, b: Balance, stocks: bool, gaps: bool, before: bool) -> Row:
    gap = _gap(b)
    return Row(
        (
            w.process(b.process),
            w.total_cell(b.inputs),
            w.total_cell(b.outputs),
            *((w.total_cell(b.stock_change),) if stocks else ()),
            *((Num(gap, b.size / 1e3 or None) if gap else Num(0.0),) if gaps else ()),
            *((Num(b.difference_before),) if before else ()),
        )
    )
