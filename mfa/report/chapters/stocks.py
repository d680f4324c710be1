"""What the city holds, and what it gained in the period."""

from __future__ import annotations

import math

from mfa.report.document import Paragraph, Section
from mfa.report.facts import Item
from mfa.report.tables import Column, Num, Ref, Row, Table
from mfa.report.text import Writer, quantity_anchor, slug


def chapter(w: Writer) -> Section | None:
    """Return the chapter on stocks; None without any."""
    _, facts = w.tr, w.facts
    changes = facts.here("stock_change")
    if not changes:
        return None
    return Section("stocks", _("Material stocks"), (*_text(w, changes), *_tables(w, changes)))


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
        blocks.append(Paragraph(w.say(_("Unknown: {items}."), items=w.listed(unknown)), "note"))
    return tuple(blocks)


def _tables(w: Writer, changes: tuple[Item, ...]) -> tuple[Table, ...]:
    """Return one table for each layer that has stocks."""
    layers = dict.fromkeys(change.layer for change in changes)
    return tuple(_table(w, layer, [c for c in changes if c.layer == layer]) for layer in layers)


def _table(w: Writer, layer: str, changes: list[Item]) -> Table:
    _ = w.tr
    rate = w.unit(w.facts.units[layer])
    levels = [w.facts.item(change.id.removesuffix(".change")) for change in changes]
    amount = w.unit(w.facts.units[layer].removesuffix("/year"))
    return Table(
        "stocks-table" if layer == "goods" else f"stocks-{slug(layer)}",
        _("Stocks"),
        _("{layer}: stocks and their changes", layer=w.layer(layer)),
        (
            Column(_("Stock")),
            Column(_("Process")),
            Column(_("Material")),
            *((Column(_("At the end of the period"), "number", amount),) if any(levels) else ()),
            Column(_("Change"), "number", rate),
            Column("σ", "number", rate),
            Column(_("95 % interval"), "range", rate),
            Column(_("Status of the change"), "short"),
        ),
        tuple(
            _row(w, change, level, any(levels))
            for change, level in zip(changes, levels, strict=True)
        ),
    )


def _row(w: Writer, change: Item, level: Item | None, levels: bool) -> Row:
    stock = w.facts.system.stocks[change.id.removesuffix(".change")]
    held = w.value_cell(level, common=True) if level else Num(math.nan)
    cells = (
        Ref(stock.name(w.language), f"#{quantity_anchor(change.id)}"),
        w.process(stock.process),
        w.material(stock.material),
        *((held,) if levels else ()),
        w.value_cell(change, common=True),
        Num(change.amount_sd, change.amount_sd or None),
        w.range_cell(change, common=True),
        w.status(change.status),
    )
    return Row(cells, "" if change.known else "weak")
