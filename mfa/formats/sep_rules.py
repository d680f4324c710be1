"""Constraints and ratios of the OpenSankey workbooks, as relations."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mfa.formats.assemble import LONGEST_FORMULA, Assembled, number
from mfa.formats.converted import LossLog
from mfa.formats.grid import GridRow
from mfa.locale import N_
from mfa.workbook.text import bare

ALL = ("*", "all", "tout", "tous")
_SENSES = {"equal": "=", "at_most": "<=", "at_least": ">="}
Labels = tuple[str, str]


def add_constraints(
    out: Assembled,
    rows: Iterable[GridRow],
    labels_of: Callable[[GridRow], list[Labels]],
    log: LossLog,
) -> None:
    """Add one relation for the rows that share an id; each row is one coefficient of a flow."""
    groups: dict[tuple[str, str], list[GridRow]] = {}
    for row in rows:
        for sense in _SENSES:
            if row.text(sense):
                groups.setdefault((row.text("id"), sense), []).append(row)
    for (name, sense), members in groups.items():
        _add_constraint(out, name, sense, members, labels_of, log)


def _add_constraint(
    out: Assembled,
    name: str,
    sense: str,
    rows: list[GridRow],
    labels_of: Callable[[GridRow], list[Labels]],
    log: LossLog,
) -> None:
    """Add the relation of one id, once for every period and region its rows name."""
    labels = [labels_of(row) for row in rows]
    for pair in dict.fromkeys(pair for found in labels for pair in found):
        terms = []
        for row, found in zip(rows, labels, strict=True):
            coefficient = row.number_of(sense, log)
            flows = _flows(out, row.text("origin"), row.text("target"))
            if pair not in found and ("", "") not in found:
                continue
            if coefficient is None or not flows:
                message = N_("Constraints on flows that do not exist ({n}): {items}.")
                log.add("constraint-unknown", message, name, row.place)
                return
            terms.append(_term(coefficient, out.sum(flows), len(flows) > 1))
        formula = f"{_joined(terms)} {_SENSES[sense]} 0"
        if len(formula) > LONGEST_FORMULA:
            message = N_("Constraints over too many flows ({n}): {items}.")
            log.add("constraint-long", message, name, rows[0].place)
            return
        out.draft.relate(
            formula,
            rows[0].place,
            id=f"constraint_{name}",
            name=rows[0].text("name"),
            period=pair[0],
            region=pair[1],
            source=rows[0].text("source"),
            note=rows[0].text("hypothesis"),
        )


def _flows(out: Assembled, origin: str, target: str) -> list[int]:
    """Return the flows between two nodes; ``*`` stands for every node."""
    if bare(origin) in ALL:
        return out.resolved.touching(bare(target), leaving=False)
    if bare(target) in ALL:
        return out.resolved.touching(bare(origin), leaving=True)
    return out.resolved.parts_of(bare(origin), bare(target))


def _term(coefficient: float, formula: str, several: bool) -> str:
    body = f"({formula})" if several else formula
    return body if coefficient == 1 else f"{number(coefficient)} * {body}"


def _joined(terms: list[str]) -> str:
    """Join terms by their signs: ``a - 2 * b`` and not ``a + -2 * b``."""
    text = " + ".join(terms)
    return text.replace("+ -", "- ")


def add_ratios(
    out: Assembled, ratios: Iterable[GridRow], stock_ratios: Iterable[GridRow], log: LossLog
) -> None:
    """Add relations between a flow and another flow, a node's total, or a stock.

    A coefficient makes an equation, a minimum and a maximum make inequalities.
    """
    for row in ratios:
        reference = _flows(out, row.text("origin_reference"), row.text("target_reference"))
        _add_ratio(out, row, out.sum(reference), len(reference) > 1, log)
    for row in stock_ratios:
        _add_ratio(out, row, out.stocks.get(bare(row.text("stock")), ""), False, log)


def _add_ratio(out: Assembled, row: GridRow, reference: str, several: bool, log: LossLog) -> None:
    flows = _flows(out, row.text("origin"), row.text("target"))
    item = f"{row.text('origin')} → {row.text('target')}"
    if not flows or not reference or len(reference) > LONGEST_FORMULA // 2:
        message = N_("Ratios between flows and stocks that do not exist ({n}): {items}.")
        log.add("ratio-unknown", message, item, row.place)
        return
    if row.others.keys() & {"Tag", "Tag ref"}:
        message = N_("Tags of ratios ({n}): the ratio holds in every period. {items}.")
        log.add("ratio-tags", message, item, row.place)
    for column, sense in (("coefficient", "="), ("lower", ">="), ("upper", "<=")):
        share = row.number_of(column, log)
        if share is not None:
            out.draft.relate(
                f"{out.sum(flows)} {sense} {_term(share, reference, several)}",
                row.place,
                id=f"ratio_{out.flows[flows[0]]}",
                name=row.text("name"),
            )
