"""Write a system as a workbook for OpenSankey and SankeyExcelParser.

What is written is the model: nodes, flows, observations, limits, linear relations; not the balanced
values. That format names a flow by its two ends, so that parallel flows get a node between them.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import InputError, Word
from mfa.files import replace_file
from mfa.formats.converted import LossLog, WriteOptions, Written
from mfa.formats.diagram import node_names
from mfa.formats.evaluate import Numbers, weighted_mean
from mfa.formats.sep_observations import constraints, values
from mfa.locale import N_
from mfa.model.names import unknown
from mfa.workbook.text import bare

if TYPE_CHECKING:
    from mfa.model.quantity import Flow
    from mfa.model.system import System

CREATED = datetime.datetime(2025, 1, 1)
LONGEST_TEXT = 32_000
LARGEST_MATRIX = 300
"""How many nodes a matrix of flows may have; the list of flows says the same."""
Cell = str | float | None
Sheet = tuple[str, list[list[Cell]]]


def write_sep(
    system: System, path: str | os.PathLike[str], options: WriteOptions | None = None
) -> Written:
    """Write one layer of `system`, in all periods and regions, as a workbook (English headers).

    Raises
    ------
    InputError
        There is no such layer.
    OSError
        The file cannot be written.
    """
    log = LossLog()
    sheets = sep_sheets(system, options or WriteOptions(), log)
    target = Path(path)
    replace_file(target, _bytes(sheets))
    return Written([target], log.losses)


def sep_sheets(system: System, options: WriteOptions, log: LossLog) -> list[Sheet]:
    """Return the sheets as rows of cells; losses go to `log`."""
    return _Writer(system, options, log).sheets()


class _Writer:
    """One layer of a system on its way into sheets."""

    def __init__(self, system: System, options: WriteOptions, log: LossLog) -> None:
        self.system, self.log = system, log
        self.layer = options.layer or "goods"
        if self.layer not in system.layers:
            problem = unknown("unknown-layer", Word("layer"), self.layer, system.layers, None)
            raise InputError([problem])
        flows = [f for f in system.flows.values() if f.layer == self.layer]
        if not flows and not options.layer and system.flows:
            self.layer = next(iter(system.flows.values())).layer
            flows = [f for f in system.flows.values() if f.layer == self.layer]
        self.flows: dict[str, Flow] = {flow.id: flow for flow in flows}
        self.unit = system.layer_unit(self.layer)
        used = [name for flow in flows for name in (flow.source, flow.target)]
        used += [s.process for s in system.stocks.values() if s.layer == self.layer]
        self.names = node_names(system, dict.fromkeys(used), options.language, key=bare)
        self.legs = self._legs(options.language)
        self.numbers = Numbers(system)

    def sheets(self) -> list[Sheet]:
        """Return all sheets that have rows, in the order of that format's own files."""
        self._report()
        found = [
            ("Tags", self._tags()),
            ("Nodes", self._nodes()),
            ("Exchanges", self._exchanges()),
            ("Flux list", self._flux_list()),
            ("Input-Output table", self._matrix()),
            ("Values", self._values()),
            ("Min Max", self._limits()),
            ("Constraints", self._constraints()),
            ("Stocks", self._stocks()),
        ]
        return [(title, rows) for title, rows in found if len(rows) > 1]

    # ------------------------------------------------------------------------------- structure

    def _legs(self, language: str) -> dict[str, list[tuple[str, str]]]:
        """Return flow → the links it becomes: one, or two through a node of its own."""
        count: dict[tuple[str, str], int] = {}
        for flow in self.flows.values():
            count[flow.source, flow.target] = count.get((flow.source, flow.target), 0) + 1
        taken = {bare(name) for name in self.names.values()}
        legs = {}
        self.between: list[str] = []
        for name, flow in self.flows.items():
            ends = self.names[flow.source], self.names[flow.target]
            if count[flow.source, flow.target] == 1:
                legs[name] = [ends]
                continue
            title = flow.name(language)
            middle = title if bare(title) not in taken else f"{title} ({name})"
            taken.add(bare(middle))
            self.between.append(middle)
            legs[name] = [(ends[0], middle), (middle, ends[1])]
            message = N_(
                "Flows between the same two processes, led through a node of their own ({n}): "
                "{items}."
            )
            self.log.add("parallel-flows", message, name)
        return legs

    def _tags(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = [["Tags group name", "Tags type", "Tags"]]
        for name, labels in self._label_groups():
            rows.append([name, "dataTags", ":".join(labels)])
        return rows

    def _label_groups(self) -> Iterator[tuple[str, Sequence[str]]]:
        if self.system.periods != ("",):
            yield "Period", self.system.periods
        if self.system.regions != ("",):
            yield "Region", self.system.regions

    def _label_cells(self, period: str, region: str) -> list[Cell]:
        by_name = {"Period": period, "Region": region}
        return [by_name[name] or None for name, _ in self._label_groups()]

    def _nodes(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = [
            ["Aggregation level", "Node", "Input-output balance", "Definition"]
        ]
        for process, name in self.names.items():
            record = self.system.processes[process]
            if record.boundary == "inside":
                rows.append([1.0, name, float(record.balance), record.note or None])
        return rows + [[1.0, name, 1.0, None] for name in self.between]

    def _exchanges(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = [["Aggregation level", "Exchanges"]]
        outside = [
            name
            for process, name in self.names.items()
            if self.system.processes[process].boundary != "inside"
        ]
        return rows + [[1.0, name] for name in outside]

    def _flux_list(self) -> list[list[Cell]]:
        pairs = [leg for legs in self.legs.values() for leg in legs]
        return [["Origin", "Target"], *([source, target] for source, target in pairs)]

    def _matrix(self) -> list[list[Cell]]:
        """Return the flows as a matrix of nodes: SankeyExcelParser reads no list of flows."""
        pairs = {leg for legs in self.legs.values() for leg in legs}
        nodes = list(dict.fromkeys(name for pair in sorted(pairs) for name in pair))
        if len(nodes) > LARGEST_MATRIX:
            return []
        rows: list[list[Cell]] = [[None, *nodes]]
        for source in nodes:
            marks = [1.0 if (source, target) in pairs else None for target in nodes]
            rows.append([source, *marks])
        return rows

    # ---------------------------------------------------------------------------------- values

    def _values(self) -> list[list[Cell]]:
        tags = [name for name, _ in self._label_groups()]
        rows: list[list[Cell]] = [
            [
                "Origin",
                "Target",
                *tags,
                f"Value ({self.unit})",
                "Relative Uncertainty",
                "Source",
                "Hypothesis",
            ]
        ]
        found = values(self.system, self.flows, self.unit, self.numbers, self.log)
        for (name, period, region), group in found.items():
            value, sd = weighted_mean([(datum.value, datum.sd) for datum in group])
            if len(group) > 1:
                message = N_("Second observations of the same flow ({n}): their mean is written.")
                self.log.add("second-observations", message, name, n=len(group) - 1)
            if value == 0 and sd > 0:
                message = N_(
                    "Uncertainties of values of zero, which have no per cent ({n}): {items}."
                )
                self.log.add("zero-spread", message, name)
            source = "; ".join(dict.fromkeys(datum.source for datum in group if datum.source))
            note = " ".join(dict.fromkeys(datum.note for datum in group if datum.note))
            relative = float(f"{sd / abs(value):.12g}") if value else 0.0
            labels = self._label_cells(period, region)
            ends = self.legs[name][0]
            rows.append([*ends, *labels, value, relative, source or None, note or None])
        return rows

    def _limits(self) -> list[list[Cell]]:
        from mfa.units import convert

        rows: list[list[Cell]] = [["Origin", "Target", "Minimum", "Maximum"]]
        for name, flow in self.flows.items():
            factor = float(convert(1.0, flow.unit, self.unit)) if flow.unit else 1.0
            lower = None if not flow.lower else flow.lower * factor
            upper = None if flow.upper is None else flow.upper * factor
            if lower is not None or upper is not None:
                rows.append([*self.legs[name][0], lower, upper])
            if flow.lower is None or flow.lower < 0:
                message = N_("Flows that may be negative ({n}): {items}.")
                self.log.add("negative-limit", message, name)
        return rows

    def _constraints(self) -> list[list[Cell]]:
        tags = [name for name, _ in self._label_groups()]
        rows: list[list[Cell]] = [
            [
                "ID",
                "Origin",
                "Target",
                *tags,
                "Equality equation (eq = 0)",
                "Inequality equation, lower boundary (ineq <= 0)",
                "Inequality equation, upper boundary (ineq >= 0)",
                "Translation",
            ]
        ]
        for rule in constraints(self.system, self.flows, self.numbers, self.log):
            for name, coefficient in rule.flows.items():
                cells: list[Cell] = [None, None, None]
                cells[("=", "<=", ">=").index(rule.sense)] = coefficient
                labels = self._label_cells(rule.period, rule.region)
                rows.append([rule.id, *self.legs[name][0], *labels, *cells, rule.formula])
        return rows

    # ---------------------------------------------------------------------------------- stocks

    def _stocks(self) -> list[list[Cell]]:
        """Return stocks, whose sheet newer programs read: level at the start, change."""
        tags = [name for name, _ in self._label_groups()]
        rows: list[list[Cell]] = [
            ["Node", *tags, "Initial stock", "Stock variation", "Uncertainty"]
        ]
        stocks = {s.id: s for s in self.system.stocks.values() if s.layer == self.layer}
        changes = {f"{name}.change": name for name in stocks}
        found = values(self.system, changes, self.unit, self.numbers, self.log, counted=False)
        for (name, period, region), group in found.items():
            value, sd = weighted_mean([(datum.value, datum.sd) for datum in group])
            process = self.names[stocks[changes[name]].process]
            relative = float(f"{sd / abs(value):.12g}") if value else 0.0
            rows.append([process, *self._label_cells(period, region), None, value, relative])
        observed = {bare(str(row[0])) for row in rows[1:]}
        for stock in stocks.values():
            name = self.names[stock.process]
            if bare(name) not in observed:
                rows.append([name, *(None for _ in tags), None, None, None])
                observed.add(bare(name))
        return rows

    # ---------------------------------------------------------------------------------- losses

    def _report(self) -> None:
        """Say what of the system has no place in that format."""
        system, log = self.system, self.log
        others = [flow for flow in system.flows.values() if flow.layer != self.layer]
        for flow in others:
            log.add("other-layers", N_("Flows of other layers ({n}): {items}."), flow.layer)
        if len(system.parameters):
            message = N_("Parameters ({n}); in formulas they are numbers, without uncertainty.")
            log.add("parameters", message, n=len(system.parameters))
        if len(system.materials):
            log.add("materials", N_("Materials of the flows ({n})."), n=len(system.materials))
        names = [p for p in self.names if system.processes[p].sector or system.processes[p].stage]
        if names:
            log.add("sectors", N_("Sectors and stages of processes ({n})."), n=len(names))
        roles = [f for f in self.flows.values() if f.role]
        if roles:
            log.add("roles", N_("Roles of flows ({n})."), n=len(roles))
        if len(system.views):
            log.add("views", N_("Views ({n})."), n=len(system.views))
        limited = [f.id for f in self.flows.values() if f.period or f.region]
        for name in limited:
            message = N_("Flows that exist in one period or region only ({n}): {items}.")
            log.add("limited-flows", message, name)


def _bytes(sheets: list[Sheet]) -> bytes:
    from xlsxwriter import Workbook

    stream = BytesIO()
    options = {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
    with Workbook(stream, options) as book:
        book.set_properties({"created": CREATED})
        head = book.add_format({"bold": True})
        for title, rows in sheets:
            page = book.add_worksheet(title)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        style = head if number == 0 else None
                        page.write_string(number, column, value[:LONGEST_TEXT], style)
                    elif value is not None:
                        page.write_number(number, column, value)
            page.set_column(0, len(rows[0]) - 1, 22)
            page.freeze_panes(1, 0)
    return stream.getvalue()
