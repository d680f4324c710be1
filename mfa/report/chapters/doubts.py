"""Where an error may sit: nodes that do not add up, what restores agreement, what is alike."""

from __future__ import annotations

from mfa.report.document import Block, Bullets, Paragraph, Rich, Section, plain
from mfa.report.facts import Node, Relief
from mfa.report.tables import Column, Num, Ref, Row, Table
from mfa.report.text import Writer, datum_anchor

LISTED = 12


def doubts(w: Writer) -> Section | None:
    """Return the section on where an error of the data may sit; None when nothing is to be said."""
    blocks = [*_nodes(w), *_restoring(w), *_groups(w)]
    return Section("doubts", w.tr("Where an error may sit"), tuple(blocks)) if blocks else None


def _nodes(w: Writer) -> list[Block]:
    _, nodes = w.tr, w.facts.test.nodal[:LISTED]
    if not nodes:
        return []
    text = _(
        "At these processes the observations alone do not add up, by more than their σ explain; "
        "several in one row are joined by a flow that nobody measured."
    )
    columns = (
        Column(_("Process")),
        Column(_("Layer"), "short"),
        Column(_("In less out and kept"), "number"),
        Column("σ", "number"),
        Column(_("Unit"), "short"),
        Column(_("Normalised"), "number"),
    )
    rows = tuple(_node(w, node) for node in nodes)
    table = Table(
        "nodal", _("Nodes"), _("Processes whose observations do not add up"), columns, rows
    )
    return [Paragraph((text,)), table]


def _node(w: Writer, node: Node) -> Row:
    names = ", ".join(w.process(name) for name in dict.fromkeys(node.processes))
    where = " ".join(part for part in (node.period, node.region) if part)
    return Row(
        (
            f"{names} ({where})" if where else names,
            w.layer(node.layer),
            Num(node.difference, node.sd or None),
            Num(node.sd, node.sd or None),
            w.unit(node.unit),
            Num(node.normalised, decimals=2),
        )
    )


def _restoring(w: Writer) -> list[Block]:
    _, test = w.tr, w.facts.test
    if test.restoring:
        text = _("Without any one of these observations the rest agree with each other:")
        items = tuple(_relief(w, relief) for relief in test.restoring[:LISTED])
        return [Paragraph((text,)), Bullets(items)]
    if test.suspects:
        text = _("Leaving out any single observation does not make the rest agree.")
        return [Paragraph((text,))] if test.p_value < 0.05 else []
    return []


def _relief(w: Writer, relief: Relief) -> Rich:
    return w.say(
        w.tr("{quantity} (p of the rest: {p})"),
        quantity=_link(w, relief.datum),
        p=w.number(relief.p_value, 3),
    )


def _groups(w: Writer) -> list[Block]:
    _, groups = w.tr, w.facts.test.groups[:LISTED]
    if not groups:
        return []
    text = _(
        "The observations of one line move always alike. If one of them is wrong, no test can tell "
        "which; another datum about one of them would."
    )
    items = tuple(w.listed([_link(w, name) for name in group]) for group in groups)
    return [Paragraph((text,)), Bullets(items)]


def _link(w: Writer, name: str) -> Ref:
    return Ref(plain(w.observed(w.facts.datum(name))), f"#{datum_anchor(name)}")
