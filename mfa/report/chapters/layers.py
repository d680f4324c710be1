"""Layers beside goods: water, electricity, substances, each in its own unit."""

from __future__ import annotations

from mfa.report.chapters.parts import balance_table, flow_columns, flow_row
from mfa.report.document import Block, Paragraph, Section
from mfa.report.facts import LayerFacts
from mfa.report.figures import sankey_figure
from mfa.report.tables import Table
from mfa.report.text import Writer, slug


def chapter(w: Writer) -> Section | None:
    """Return the chapter on the other layers; None when there are only goods."""
    _, facts = w.tr, w.facts
    if not facts.layers:
        return None
    names = tuple(w.layer(layer.layer) for layer in facts.layers)
    title = "".join(w.join([n if k == 0 else n[:1].lower() + n[1:] for k, n in enumerate(names)]))
    introduction = Paragraph(
        (
            _(
                "These layers run beside the goods. Each is balanced on its own, in its own unit, "
                "and is not part of the tonnes in the other chapters."
            ),
        )
    )
    return Section("layers", title, (introduction, *(_section(w, layer) for layer in facts.layers)))


def _section(w: Writer, layer: LayerFacts) -> Section:
    _ = w.tr
    blocks: list[Block] = []
    if layer.supply.complete:
        blocks.append(
            Paragraph(
                w.sentence(
                    _("{amount} enter the city’s system."), amount=w.estimate(layer.supply.estimate)
                )
            )
        )
    unknown = tuple(w.ref(i.id) for i in layer.flows if not i.known)
    if layer.view and (picture := sankey_figure(w, layer.view, f"sankey-{slug(layer.layer)}")):
        blocks.append(picture)
    blocks.append(_table(w, layer))
    if layer.balances:
        blocks.append(
            balance_table(
                w, f"balance-layer-{slug(layer.layer)}", w.layer(layer.layer), layer.balances
            )
        )
    if unknown:
        text = w.say(_("Unknown here: {flows}."), flows=w.listed(unknown))
        blocks.append(Paragraph(text, "note"))
    return Section(f"layer-{slug(layer.layer)}", w.layer(layer.layer), tuple(blocks))


def _table(w: Writer, layer: LayerFacts) -> Table:
    _ = w.tr
    unit = w.unit(layer.unit)
    return Table(
        f"layer-flows-{slug(layer.layer)}",
        _("Layers"),
        _("{layer}: flows ({unit})", layer=w.layer(layer.layer), unit=unit),
        flow_columns(w, unit),
        tuple(flow_row(w, item) for item in layer.flows),
    )
