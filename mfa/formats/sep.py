"""Read the workbooks of SankeyExcelParser, OpenSankey and, from 2020, MFAProblem.

Sheets are known by their names in French or English. Their uncertainties mean different things:
SankeyExcelParser states a relative standard deviation (0.1 = 10 %, which it also takes where none
is given), MFAProblem a relative 95 % half-width.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mfa.errors import Place
from mfa.formats.assemble import Assembled, assemble
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.draft import Draft, percent_text, rate_unit
from mfa.formats.files import refuse
from mfa.formats.grid import Grid, GridRow, matrices, table_rows, text_of
from mfa.formats.network import Datum, Holding, Limit, Link, Network, Node
from mfa.formats.opensankey import DEFAULT_TAKEN
from mfa.formats.sep_names import OLD_SHEETS, column_kind, sheet_kind
from mfa.formats.sep_rules import add_constraints, add_ratios
from mfa.formats.tags import Axes, TagGroup
from mfa.locale import N_
from mfa.workbook.checks import opening
from mfa.workbook.guard import Package
from mfa.workbook.rows import letters
from mfa.workbook.text import bare
from mfa.workbook.xlsx import Book

DEFAULT_RELATIVE = 0.1
_EXCHANGE = re.compile(r"(inter)?(national|regional)|echanges?.*")
_NODE_SHEETS = {"nodes": "", "products": "product", "sectors": "sector", "exchanges": "exchange"}
_LEFT = {
    "results": N_("Results of an earlier reconciliation ({n} sheets)."),
    "conversions": N_("Conversions of units ({n} sheets)."),
    "parameters": N_("Settings of the solver ({n} sheets)."),
}


def read_sep(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read a workbook of the OpenSankey family.

    Parameters
    ----------
    path
        An ``.xlsx`` file.
    options
        Unit of the numbers: such workbooks seldom name one.

    Returns
    -------
    Converted
        Nodes as processes (products as materials too), flows, values, limits, constraints and
        stocks; data tags of years and places as periods and regions.

    Raises
    ------
    InputError
        The file is damaged, too large, or has none of the sheets.
    """
    name = Path(path).name
    with Package(path) as package:
        book = Book(package)
        kinds: dict[str, list[tuple[str, Grid]]] = {}
        old = any(info.name.strip().casefold() in OLD_SHEETS for info in book.sheets)
        for info in book.sheets:
            kind = sheet_kind(info.name)
            if kind:
                cells = book.cells(info).cells if kind not in _LEFT else {}
                kinds.setdefault(kind, []).append((info.name, cells))
    if not kinds.keys() & {"data", "flows", "supply_use", "matrix", "matrix_values"}:
        message = N_(
            "The workbook has no sheet of flows or values that OpenSankey knows, such as {names}."
        )
        refuse("not-sep", message, name, names="Values, Flux list, Supply-use table")
    return _Reader(kinds, name, options or ReadOptions(), old=old).read()


def is_sep(titles: list[str]) -> bool:
    """Return whether sheets with these names are those of the OpenSankey family.

    Examples
    --------
    >>> is_sep(["Dim produits", "ter1", "data"]), is_sep(["Nodes", "Values"]), is_sep(["Data"])
    (True, True, False)
    """
    kinds = {sheet_kind(title) for title in titles} - {""}
    core = kinds & {"data", "flows", "supply_use", "matrix", "matrix_values"}
    return bool(core) and len(kinds) > 1


class _Reader:
    """One workbook on its way into tables."""

    def __init__(
        self,
        sheets: Mapping[str, list[tuple[str, Grid]]],
        name: str,
        options: ReadOptions,
        *,
        old: bool,
    ) -> None:
        self.sheets, self.name, self.options, self.old = sheets, name, options, old
        self.log = LossLog()
        self.draft = Draft(name, self.log)
        self.groups = self._tag_groups()
        self.axes = Axes(list(self.groups.values()), self.log)
        self.network = Network()
        self.second: set[str] = set()

    def read(self) -> Converted:
        """Return the tables."""
        for kind, nature in _NODE_SHEETS.items():
            for title, grid in self.sheets.get(kind, []):
                self._read_nodes(title, grid, kind, nature)
        self._read_structure()
        for row in self._rows("flows", ("origin", "target")):
            self._link_of(row)
        for row in self._rows("data", ("origin", "target")):
            self._read_datum(row)
        for row in self._rows("limits", ("origin", "target")):
            self._read_limit(row)
        for row in self._rows("stocks", ("node",)):
            self._read_stock(row)
        constraints = list(self._rows("constraints", ("id",)))
        ratios = list(self._rows("ratios", ("origin",)))
        stock_ratios = list(self._rows("stock_ratios", ("origin",)))
        for row in constraints:  # a flow may be named by a constraint only
            if "*" not in (row.text("origin"), row.text("target")):
                self._link_of(row)
        self._report()
        self.draft.setting("description_en", "; ".join(self.axes.remarks))
        self.draft.unit(self.axes.unit or self._unit_in_header(), self.options)
        out = assemble(self.network, self.draft, self.axes.periods, self.axes.regions)
        add_constraints(out, constraints, self._labels, self.log)
        add_ratios(out, ratios, stock_ratios, self.log)
        return self._finish(out)

    def _finish(self, out: Assembled) -> Converted:
        if not out.flows:
            message = N_("The workbook names no flow between two nodes.")
            refuse("no-flow-in-sheets", message, self.name)
        return self.draft.converted()

    # ------------------------------------------------------------------------------------ rows

    def _rows(self, kind: str, needed: tuple[str, ...]) -> list[GridRow]:
        return [
            row
            for title, grid in self.sheets.get(kind, [])
            for row in table_rows(grid, title, self.name, lambda t: column_kind(kind, t), needed)
        ]

    def _tag_groups(self) -> dict[str, TagGroup]:
        """Return header of the column without accents → group of data tags."""
        groups: dict[str, TagGroup] = {}
        for row in self._rows("tags", ("name", "type", "tags")):
            kind, name = bare(row.text("type")), row.text("name")
            tags = [tag.strip() for tag in row.text("tags").split(":") if tag.strip()]
            if kind in ("datatags", "unittags", "etiquette_dimension") and tags:
                labels = {bare(tag): tag for tag in tags}
                unit = kind == "unittags"
                groups[bare(name)] = TagGroup(bare(name), name, labels, is_unit=unit)
            elif name:
                message = N_("Groups of tags of nodes and flows ({n}): {items}.")
                self.log.add("tags", message, name, row.place)
        for kind in ("data", "limits", "constraints"):
            for row in self._rows(kind, ("origin", "target")):
                self._label_columns(row, groups)
        return groups

    def _label_columns(self, row: GridRow, groups: dict[str, TagGroup]) -> None:
        """Take the plain columns of periods and regions of old workbooks for tags."""
        for name in ("period", "region"):
            text = row.text(name)
            if text:
                group = groups.setdefault(name, TagGroup(name, name))
                group.tags.setdefault(bare(text), text)

    def _tags(self, row: GridRow) -> list[dict[str, str]]:
        """Return the combinations of tags that a row stands for: several, or all, of a group."""
        found: list[dict[str, str]] = [{}]
        cells = {bare(title): cell for title, cell in row.others.items()}
        for key, group in self.groups.items():
            text = row.text(key) if key in ("period", "region") else ""
            text = text or (text_of(cells[key][0]) if key in cells else "")
            chosen = [bare(part) for part in text.split(":") if bare(part) in group.tags]
            if chosen:
                found = [tags | {key: tag} for tags in found for tag in chosen]
        return found

    def _labels(self, row: GridRow) -> list[tuple[str, str]]:
        """Return the (period, region) pairs that a row stands for."""
        pairs = (self.axes.labels(tags) for tags in self._tags(row))
        return [pair for pair in pairs if pair is not None]

    # ------------------------------------------------------------------------------- structure

    def _read_nodes(self, title: str, grid: Grid, kind: str, nature: str) -> None:
        """Read nodes, each below the node it is part of; a repeated one begins a new breakdown."""
        above: dict[int, tuple[str, bool]] = {}
        rows = table_rows(grid, title, self.name, lambda t: column_kind(kind, t), ("node",))
        for row in rows:
            name = row.text("node")
            if not name:
                continue
            key, level = bare(name), int(row.number_of("level", self.log) or 1)
            parent, again = above.get(level - 1, ("", False))
            known = key in self.network.nodes
            above = {k: found for k, found in above.items() if k < level}
            above[level] = (key, again or known)
            if again and not known:
                message = N_("Nodes of a second breakdown of the same aggregate ({n}): {items}.")
                self.log.add("second-breakdown", message, name, row.place)
                self.second.add(key)
            elif not known:
                balance = row.number_of("balance", self.log)
                self.network.nodes[key] = Node(
                    name,
                    row.place_of("node"),
                    parent,
                    nature,
                    None if balance is None else bool(balance),
                    row.text("definition"),
                )

    def _read_structure(self) -> None:
        for kind in ("supply_use", "matrix", "matrix_values"):
            for title, grid in self.sheets.get(kind, []):
                for number, block in enumerate(matrices(grid, title, self.name)):
                    supply = kind == "supply_use" and number == 0
                    for mark in block:
                        pair = (mark.column, mark.row) if supply else (mark.row, mark.column)
                        link = self._link(*pair, mark.place)
                        if link and kind == "matrix_values" and mark.value is not None:
                            link.data.append(self._taken(mark.value, None, mark.place, ("", "")))

    def _node(self, name: str, place: Place | None) -> str:
        """Return the key of a node, adding it where no sheet of nodes has it."""
        node = self.network.node(bare(name), place, name)
        if self.old and not node.kind and _EXCHANGE.fullmatch(bare(name)):
            node.kind = "exchange"
        return bare(name)

    def _link(self, source: str, target: str, place: Place | None) -> Link | None:
        """Return the link between two nodes; None when one of them is left out or missing."""
        if not source or not target:
            return None
        item = f"{source} → {target}"
        if "*" in (source, target):
            message = N_("Values for all flows of a node at once ({n}): {items}.")
            self.log.add("star", message, item, place)
            return None
        if self.second & {bare(source), bare(target)}:
            message = N_("Links whose ends were left out or do not exist ({n}): {items}.")
            self.log.add("links-without-ends", message, item, place)
            return None
        return self.network.link(self._node(source, place), self._node(target, place), place)

    def _link_of(self, row: GridRow) -> Link | None:
        return self._link(row.text("origin"), row.text("target"), row.place)

    # ---------------------------------------------------------------------------------- values

    def _read_datum(self, row: GridRow) -> None:
        link = self._link_of(row)
        if link is None:
            return
        lower, upper = row.number_of("lower", self.log), row.number_of("upper", self.log)
        value, note = self._value(row)
        for period, region in self._labels(row):
            if lower is not None or upper is not None:
                link.limits.append(Limit(lower, upper, period, region, row.place))
            if value is not None:
                spread = row.number_of("uncertainty", self.log)
                percent = "uncertainty" in row.cells and not self.old and self._is_percent(row)
                spread = spread / 100 if percent and spread is not None else spread
                place = row.place_of("value") or row.place
                datum = self._taken(value, spread, place, (period, region))
                datum.source = row.text("source")
                datum.note = " ".join(part for part in (note, row.text("hypothesis")) if part)
                link.data.append(datum)

    def _value(self, row: GridRow) -> tuple[float | None, str]:
        """Return the value in the unit of the account, and how it came about."""
        value = row.number_of("value", self.log)
        quantity, factor = (row.number_of(k, self.log) for k in ("quantity", "factor"))
        if value is None and quantity is not None and factor is not None:
            value = quantity * factor
        if quantity is None or (factor is None and not row.text("unit")):
            return value, ""
        times = "" if factor is None else f" × {row.text('factor')}"
        return value, f"{row.text('quantity')} {row.text('unit')}{times}".strip() + "."

    def _is_percent(self, row: GridRow) -> bool:
        """Return whether the header of the column of uncertainties says per cent."""
        found, place = row.cells["uncertainty"]
        for title, grid in self.sheets.get("data", []):
            if place.sheet == title and not found.percent:
                column = place.cell.rstrip("0123456789")
                return any(
                    "%" in text_of(cell)
                    for number in sorted(grid)[:15]
                    if number < row.number
                    for index, cell in grid[number].items()
                    if letters(index) == column
                )
        return False

    def _taken(
        self, value: float, spread: float | None, place: Place | None, labels: tuple[str, str]
    ) -> Datum:
        """Return a value with its uncertainty in our words."""
        if spread is None:
            spread = DEFAULT_RELATIVE
            self.log.add("default-sigma", DEFAULT_TAKEN, assumed=True, percent="10")
        text = ("± " if self.old else "") + percent_text(100 * spread)
        return Datum(value, text, period=labels[0], region=labels[1], place=place)

    def _read_limit(self, row: GridRow) -> None:
        link = self._link_of(row)
        bounds = [row.number_of(k, self.log) for k in ("lower", "upper")]
        factor = row.number_of("factor", self.log)
        for k, name in enumerate(("lower_quantity", "upper_quantity")):
            amount = row.number_of(name, self.log)
            if bounds[k] is None and amount is not None and factor is not None:
                bounds[k] = amount * factor
        if link and bounds != [None, None]:
            for period, region in self._labels(row):
                link.limits.append(Limit(bounds[0], bounds[1], period, region, row.place))

    def _read_stock(self, row: GridRow) -> None:
        name = row.text("node")
        if not name:
            return
        key = self._node(name, row.place)
        holding = next((h for h in self.network.stocks if h.node == key), None)
        if holding is None:
            holding = Holding(key, row.place)
            self.network.stocks.append(holding)
        lower, upper = row.number_of("lower", self.log), row.number_of("upper", self.log)
        if lower is not None or upper is not None:
            holding.limits.append(Limit(lower, upper, place=row.place))
        level, change = (row.number_of(k, self.log) for k in ("initial", "change"))
        spread = row.number_of("uncertainty", self.log)
        for period, region in self._labels(row):
            before = self._before(period)
            if level is not None and before:
                holding.levels.append(self._taken(level, spread, row.place, (before, region)))
            elif level is not None:
                message = N_("Initial stocks without a year to place them in ({n}): {items}.")
                self.log.add("initial-stock", message, name, row.place)
            if change is not None:
                holding.changes.append(self._taken(change, spread, row.place, (period, region)))

    def _before(self, period: str) -> str:
        periods = self.axes.periods
        position = periods.index(period) if period in periods else 0
        if position:
            return periods[position - 1]
        return opening(periods[0]) if periods else ""

    def _report(self) -> None:
        """Say which sheets stay behind."""
        for kind, message in _LEFT.items():
            for title, _ in self.sheets.get(kind, []):
                self.log.add(f"sheet-{kind}", message, title)
        for row in self._rows("chaining", ()):
            if row.place:
                message = N_("Rules that chain stocks ({n}); stocks are carried over unchanged.")
                self.log.add("chaining", message, row.place, row.place)

    def _unit_in_header(self) -> str:
        """Return the unit that the header of the values names, as in “Value (kt)”."""
        for _, grid in self.sheets.get("data", []):
            for number in sorted(grid)[:15]:
                for cell in grid[number].values():
                    match = re.fullmatch(r"(?:Valeur|Value)s? \((.{1,40})\)", text_of(cell))
                    if match and rate_unit(match[1]):
                        return match[1]
        return ""
