"""Write a balanced account as a diagram of OpenSankey.

Each value holds both what was measured (``data_value`` with its uncertainty in per cent) and what
balancing made of it (``result_value``); several periods and regions become data tags.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfa.files import replace_file
from mfa.formats.converted import LossLog, WriteOptions, Written
from mfa.formats.diagram import Ribbon, Slice, node_names, slice_account
from mfa.locale import N_, translator
from mfa.locale.numbers import format_estimate
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.account import Account

FORMAT_VERSION = 1
APP_VERSION = "1.1.9"
"""The version of OpenSankey whose keys are written; older ones migrate a file on opening it."""
STEP_X, STEP_Y = 260, 110
TALLEST = 250
"""Height of the largest node, in the pixels of the drawing."""
PERIOD, REGION = "period", "region"


def write_opensankey(
    account: Account, path: str | os.PathLike[str], options: WriteOptions | None = None
) -> Written:
    """Write the flows and stocks of one layer, in all periods and regions, as OpenSankey JSON.

    Raises
    ------
    InputError
        There is no such layer.
    OSError
        The file cannot be written.
    """
    log = LossLog()
    content = opensankey_content(account, options or WriteOptions(), log)
    target = Path(path)
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    replace_file(target, (text + "\n").encode("utf-8"))
    return Written([target], log.losses)


def opensankey_content(account: Account, options: WriteOptions, log: LossLog) -> dict[str, Any]:
    """Return what the file holds; losses go to `log`."""
    part = slice_account(account, options, log)
    writer = _Writer(account, part, options.language)
    _report(account, part, log)
    return writer.content()


class _Writer:
    """One slice of an account on its way into JSON."""

    def __init__(self, account: Account, part: Slice, language: str) -> None:
        self.account, self.part, self.language = account, part, language
        self.system = account.system
        self.flows: dict[str, list[Ribbon]] = {}
        self.changes: dict[str, list[Ribbon]] = {}
        for ribbon in part.ribbons:
            group = self.flows if ribbon.kind == "flow" else self.changes
            group.setdefault(ribbon.id if ribbon.kind == "flow" else ribbon.source, []).append(
                ribbon
            )
        firsts = [found[0] for found in self.flows.values()]
        self.pairs = [(r.source, r.target) for r in firsts]
        self.entering: dict[str, list[str]] = {}
        self.leaving: dict[str, list[str]] = {}
        for ribbon in firsts:
            self.leaving.setdefault(ribbon.source, []).append(ribbon.id)
            self.entering.setdefault(ribbon.target, []).append(ribbon.id)
        used = [name for pair in self.pairs for name in pair] + list(self.changes)
        self.names = node_names(self.system, dict.fromkeys(used), language)

    def content(self) -> dict[str, Any]:
        """Return the whole file."""
        title = self.system.title(self.language)
        return {
            "version": APP_VERSION,
            "format_version": FORMAT_VERSION,
            "user_scale": self._scale(),
            "dataTags": self._data_tags(),
            "nodeTags": {"type de noeud": _tag_group("Type de noeud", ("secteur", "echange"))},
            "nodes": self._nodes(),
            "links": {name: self._link(name, found) for name, found in self.flows.items()},
            "documentation_markdown": f"# {title}" if title else "",
        }

    def _scale(self) -> float:
        """Return how much 100 pixels stand for."""
        totals: dict[tuple[str, str, str], float] = {}
        for found in self.flows.values():
            for ribbon in found:
                for key in (ribbon.source, ribbon.target):
                    at = (key, ribbon.period, ribbon.region)
                    totals[at] = totals.get(at, 0.0) + abs(_known(ribbon.value) or 0.0)
        return max(totals.values(), default=0.0) / TALLEST * 100 or 1.0

    # ------------------------------------------------------------------------------------ tags

    def _data_tags(self) -> dict[str, Any]:
        _ = translator(self.language)
        groups = {}
        if self.system.periods != ("",):
            groups[PERIOD] = _tag_group(_("Period"), self.system.periods, sequence=True)
        if self.system.regions != ("",):
            groups[REGION] = _tag_group(_("Region"), self.system.regions)
        return groups

    def _tree(self, found: Iterable[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
        """Hang leaves, given as (period, region, leaf), into the tree of data tags."""
        leaves = list(found)
        by_period = self.system.periods != ("",)
        by_region = self.system.regions != ("",)
        if by_period:
            periods = dict.fromkeys(period for period, _, _ in leaves)
            return {"datatag_group": PERIOD} | {
                p: self._regions([x for x in leaves if x[0] == p], by_region) for p in periods
            }
        return self._regions(leaves, by_region)

    @staticmethod
    def _regions(leaves: list[tuple[str, str, dict[str, Any]]], by_region: bool) -> dict[str, Any]:
        if by_region:
            return {"datatag_group": REGION} | {region: leaf for _, region, leaf in leaves}
        return leaves[0][2] if leaves else {}

    # ----------------------------------------------------------------------------------- nodes

    def _nodes(self) -> dict[str, Any]:
        columns = _columns(self.pairs)
        rows: dict[int, int] = {}
        nodes = {}
        for process, name in self.names.items():
            column = columns.get(process, 0)
            row = rows[column] = rows.get(column, -1) + 1
            nodes[process] = self._node(process, name) | {
                "x": 100 + STEP_X * column,
                "y": 100 + STEP_Y * row,
                "inputLinksId": self.entering.get(process, []),
                "outputLinksId": self.leaving.get(process, []),
            }
        return nodes

    def _node(self, process: str, name: str) -> dict[str, Any]:
        record = self.system.processes[process]
        outside = record.boundary != "inside"
        node: dict[str, Any] = {
            "id": process,
            "name": name,
            "tags": {"type de noeud": ["echange" if outside else "secteur"]},
        }
        if outside or not record.balance:
            node["has_material_balance"] = False
        if process in self.changes:
            node["has_stock"] = True
            node["stock_values"] = self._stock(self.changes[process])
        return node

    def _stock(self, ribbons: list[Ribbon]) -> dict[str, Any]:
        """Return the changes of all stocks of a process, added up."""
        sums: dict[tuple[str, str], dict[str, Any]] = {}
        for ribbon in ribbons:
            leaf = sums.setdefault((ribbon.period, ribbon.region), {"tags": {}})
            for key, value in (
                ("stock_variation", ribbon.input),
                ("stock_variation_result", ribbon.value),
            ):
                if (known := _known(value)) is not None:
                    leaf[key] = leaf.get(key, 0.0) + known
        return self._tree((period, region, leaf) for (period, region), leaf in sums.items())

    # ----------------------------------------------------------------------------------- links

    def _link(self, name: str, ribbons: list[Ribbon]) -> dict[str, Any]:
        first = ribbons[0]
        return {
            "id": name,
            "idSource": first.source,
            "idTarget": first.target,
            "tooltip_text": self._tooltip(name, ribbons),
            "local": {"value_label_unit": self.part.unit, "value_label_unit_visible": True},
            "value": self._tree((r.period, r.region, _leaf(name, r)) for r in ribbons),
        }

    def _tooltip(self, name: str, ribbons: list[Ribbon]) -> str:
        """Return the name of the flow, its material, and the last value with σ and status."""
        last = ribbons[-1]
        lines = [self.system.flows[name].name(self.language)]
        if last.material:
            lines.append(self.system.materials[last.material].name(self.language))
        if _known(last.value) is not None:
            value = format_estimate(last.value, last.sd, language=self.language)
            lines.append(f"{value} {self.part.unit}")
        lines.append(label("status", last.status, self.language))
        return "\n".join(lines)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _leaf(name: str, ribbon: Ribbon) -> dict[str, Any]:
    """Return the values of a link in one period and region."""
    parts = [name, ribbon.period, ribbon.region]
    leaf: dict[str, Any] = {"id": "__".join(p for p in parts if p), "tags": {}}
    given, spread = _known(ribbon.input), _known(ribbon.input_sd)
    if given is not None:
        leaf["data_value"] = given
        if given and spread is not None:
            leaf["data_uncertainty"] = float(f"{100 * spread / abs(given):.12g}")
    if (value := _known(ribbon.value)) is not None:
        leaf["result_value"] = value
    else:
        limits = {"result_min": _known(ribbon.lower), "result_max": _known(ribbon.upper)}
        leaf |= {key: limit for key, limit in limits.items() if limit is not None}
    return leaf


def _tag_group(name: str, tags: Iterable[str], *, sequence: bool = False) -> dict[str, Any]:
    group = {
        "name": name,
        "banner": "one",
        "tags": {
            tag: {"name": tag, "selected": position == 0, "color": ""}
            for position, tag in enumerate(tags)
        },
    }
    return group | ({"is_sequence": True} if sequence else {})


def _columns(pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Return node → column: one to the right of its farthest source, loops cut where they close."""
    targets: dict[str, list[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, []).append(target)
        targets.setdefault(target, [])
    order, state = [], dict.fromkeys(targets, 0)
    for start in targets:
        stack = [(start, iter(targets[start]))] if not state[start] else []
        state[start] = state[start] or 1
        while stack:
            node, rest = stack[-1]
            follower = next((n for n in rest if not state[n]), None)
            if follower is None:
                order.append(node)
                stack.pop()
            else:
                state[follower] = 1
                stack.append((follower, iter(targets[follower])))
    rank = {node: k for k, node in enumerate(reversed(order))}
    columns = dict.fromkeys(targets, 0)
    for node in rank:
        for target in targets[node]:
            if rank[target] > rank[node]:
                columns[target] = max(columns[target], columns[node] + 1)
    return columns


def _report(account: Account, part: Slice, log: LossLog) -> None:
    """Say what the diagram cannot hold."""
    if any(r.sd > 0 for r in part.ribbons):
        count = sum(r.sd > 0 for r in part.ribbons)
        message = N_("Standard deviations of the balanced values ({n}), except in the tooltips.")
        log.add("spreads", message, n=count)
    rows = account.system.observations
    if rows.row_count:
        message = N_("Sources, quality and notes of observations ({n}).")
        log.add("provenance", message, n=rows.row_count)
    several = _repeated(account, part)
    if several:
        message = N_("Second observations of the same flow ({n}): their mean is written.")
        log.add("second-observations", message, n=several)
    materials = {r.material for r in part.ribbons if r.material}
    if materials:
        message = N_("Materials of the flows ({n}), except in the tooltips.")
        log.add("materials", message, n=len(materials))
    stocks = sum(r.kind == "stock_change" and r.input_sd > 0 for r in part.ribbons)
    if stocks:
        message = N_("Uncertainties of changes of stocks ({n}).")
        log.add("stock-spreads", message, n=stocks)
    for ribbon in part.ribbons:
        if ribbon.input == 0 and ribbon.input_sd > 0:
            message = N_("Uncertainties of values of zero, which have no per cent ({n}): {items}.")
            log.add("zero-spread", message, ribbon.id)


def _repeated(account: Account, part: Slice) -> int:
    """Return how many observations stand beside another one of the same flow and period."""
    shown = {ribbon.id for ribbon in part.ribbons if ribbon.kind == "flow"}
    counts = Counter(
        (row.quantity, row.period, row.region)
        for row in account.system.observations.rows()
        if row.quantity in shown
    )
    return sum(count - 1 for count in counts.values())
