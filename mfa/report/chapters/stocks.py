"""What the city holds, and what it gained in the period."""

from __future__ import annotations

from mfa.report.document import Paragraph, Section
from mfa.report.facts import Item
from mfa.report.tables import Column, Num, Row, Table
from mfa.report.text import Writer


def chapter(w: Writer) -> Section | None:
    """Return the chapter on stocks; None without any."""
    _, facts = w.tr, w.facts
    changes = facts.here("stock_change")
    if not changes:
        return None
    return Section("stocks", _("Material stocks"), (*_text(w, changes), _table(w, changes)))


def _text(w: Writer, changes: tuple[Item, ...]) -> tuple[Paragraph, ...]:
    _, facts = w.tr, w.facts
    nas = facts.economy.total("nas")
    blocks = [
        Paragraph(
            (
                _(
                    "Buildings, roads, vehicles, landfills and stores hold material for years. "
                    "What enters them today is the waste, or the mine, of tomorrow."
                ),
            )
        )
    ]
    if nas.weights:
        blocks.append(Paragraph(w.say(_("Net additions to stock: {total}."), total=w.total(nas))))
    unknown = tuple(w.ref(i.id) for i in changes if not i.known)
    if unknown:
        blocks.append(Paragraph(w.say(_("Unknown: {items}."), items=w.join(unknown)), "note"))
    return tuple(blocks)


def _table(w: Writer, changes: tuple[Item, ...]) -> Table:
    _ = w.tr
    return Table(
        "stocks-table",
        _("Stocks"),
        _("Stocks and their changes"),
        (
            Column(_("Stock")),
            Column(_("Process")),
            Column(_("Material")),
            Column(_("At the end of the period"), "number"),
            Column(_("Unit"), "short"),
            Column(_("Change"), "number"),
            Column("σ", "number"),
            Column(_("95 % interval"), "range"),
            Column(_("Unit of the change"), "short"),
            Column(_("Status of the change"), "short"),
        ),
        tuple(_row(w, change) for change in changes),
    )


def _row(w: Writer, change: Item) -> Row:
    stock = w.facts.system.stocks[change.id.removesuffix(".change")]
    level = w.facts.item(stock.id)
    return Row(
        (
            w.ref(change.id),
            w.process(stock.process),
            w.material(stock.material),
            w.value_cell(level) if level else Num(float("nan")),
            w.unit(level.unit) if level else "",
            w.value_cell(change),
            Num(change.sd, change.sd or None),
            w.range_cell(change),
            w.unit(change.unit),
            w.status(change.status),
        ),
        "" if change.known else "weak",
    )
