"""Read the files of STAN (``.smfa``, ``.zmfa``), as far as their tables are known.

The tables were described by others, who had files of STAN: processes, ports, flows, periods,
layers, entered values, units and stocks are confirmed by what they read from them. The columns of
uncertainties and of switched-off balances are not: they are found by pattern, whatever was not
understood is reported, and every reading says so. Uncertainties are taken as one standard deviation
in the unit of their value, which is what STAN works with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mfa.errors import UnitError
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.draft import DEFAULT_UNIT, Draft, percent_text
from mfa.formats.files import finite, refuse
from mfa.formats.naming import label
from mfa.formats.stan_tables import Record, Tables, stan_tables
from mfa.formats.stan_units import StanUnits, key_of
from mfa.locale import N_
from mfa.workbook.cells import number_text
from mfa.workbook.checks import opening
from mfa.workbook.text import bare

BOUNDARY_PROCESS = "1"
DEEPEST = 50
UNCONFIRMED = N_(
    "STAN's files are read as others described them, not confirmed on a file of our own: compare "
    "flows, units and uncertainties with STAN before you rely on them."
)
_GOODS = re.compile(r"goods?|guter|gueter|gut|mass|masse|material|total")
_SPREAD = re.compile(r"sigma|std|stdev|unc|error|deviation", re.IGNORECASE)
_KNOWN = re.compile(r".*ID|(MF|SV|DT).*(Input|Calc|Sigma|Std|Unc|Error|Deviation).*", re.IGNORECASE)


def read_stan(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read a model of STAN.

    Parameters
    ----------
    path
        A ``.smfa`` or ``.zmfa`` file.
    options
        Unit of the flows of goods, where the file names none that is known.

    Returns
    -------
    Converted
        Processes (sub-systems resolved to what is inside them), flows of every layer, entered
        values with their σ, stocks. Results of STAN are left behind.

    Raises
    ------
    InputError
        The file is none of STAN's, damaged or too large.
    """
    name = Path(path).name
    tables = stan_tables(path)
    if not ({t.casefold() for t in tables} >= {"process", "flow"}):
        message = N_("The file has no tables of processes and flows, as those of STAN have.")
        refuse("no-stan-tables", message, name)
    return _Reader(tables, name, options or ReadOptions()).read()


class _Reader:
    """One model on its way into tables."""

    def __init__(self, tables: Tables, name: str, options: ReadOptions) -> None:
        self.tables = {key.casefold(): rows for key, rows in tables.items()}
        self.options, self.log = options, LossLog()
        self.draft = Draft(name, self.log)
        self.periods = _labels(self._rows("Period"), "PeriodID", ("PeriodCode", "Name"))
        self.layer_names = _labels(self._rows("FlowLayer"), "FlowLayerID", ("Name", "MaterialCode"))
        self.units = StanUnits(self._rows("Unit"), self._rows("DefaultUnit"))
        self.layers: dict[str, str] = {}
        self.layer_units: dict[str, str] = {}
        self.ids: dict[tuple[str, str], str] = {}

    def read(self) -> Converted:
        """Return the tables."""
        self.log.add("stan-unconfirmed", UNCONFIRMED, assumed=True)
        self.draft.setting("periods", ", ".join(self.periods.values()))
        self._read_layers()
        processes = self._read_processes()
        self._read_flows(processes)
        for row in self._rows("FlowValue"):
            self._read_value(row)
        self._read_stocks(processes)
        self._report()
        return self.draft.converted()

    def _rows(self, table: str) -> list[Record]:
        return self.tables.get(table.casefold(), [])

    # ---------------------------------------------------------------------------------- layers

    def _read_layers(self) -> None:
        """Add the layers that have values; goods is the one so called, else the first."""
        values = self._rows("FlowValue")
        used = {key_of(r.get("FlowLayerID")) for r in values if _entered(r, "MF") is not None}
        goods = next((k for k, n in self.layer_names.items() if _GOODS.fullmatch(bare(n))), None)
        goods = goods or next(iter(self.layer_names), "")
        unit = self.draft.unit(self.units.of_layer(goods, values), self.options)
        self.layers[goods], self.layer_units[goods] = "goods", unit
        for key, name in self.layer_names.items():
            if key != goods and key in used:
                self.layers[key] = self.draft.layers.new(name, "layer")
                self.layer_units[key] = self.units.of_layer(key, values) or unit
                self.draft.add("layers", id=self.layers[key], name=name,
                               unit=self.layer_units[key])  # fmt: skip

    def _in_unit(self, value: float, row: Record, kind: str, wanted: str) -> tuple[float, str]:
        """Return a value with a unit text, through the SI unit where its own is not known."""
        from mfa.units import parse_unit

        layer = key_of(row.get("FlowLayerID"))
        found = self.units.of(row, kind, layer)
        if found and _is_like(found[1], wanted):
            return value * found[0], parse_unit(found[1]).text
        code = self.units.code(self.units.amount_key(row, kind))
        if code and code != wanted:
            message = N_("Units that are not known, taken as {unit} ({n}): {items}.")
            self.log.add("unit-of-value", message, code, unit=wanted, assumed=True)
        return value, wanted

    # --------------------------------------------------------------------------- processes, flows

    def _read_processes(self) -> dict[str, str]:
        """Add the processes that flows or stocks reach, and return ProcessID → id."""
        self.entries = self._ports("ProcessInput")
        self.exits = self._ports("ProcessOutput")
        used = set()
        for row in self._rows("Flow"):
            used |= set(self._flow_ends(row))
        used |= {key_of(r.get("ProcessID")) for r in self._rows("Stock") if _holds(r)}
        ids = {}
        for row in self._rows("Process"):
            key, name = key_of(row.get("ProcessID")), str(row.get("Name") or "").strip()
            if key_of(row.get("ProcessType")) != BOUNDARY_PROCESS and key in used:
                balance = "no" if self._is_unbalanced(row) else None
                ids[key] = self.draft.process(name or f"process {key}", balance=balance)
            elif key_of(row.get("ProcessType")) != BOUNDARY_PROCESS:
                message = N_("Processes that no flow reaches, and shells of sub-systems ({n}): "
                             "{items}.")  # fmt: skip
                self.log.add("unused-processes", message, name)
        return ids

    def _is_unbalanced(self, row: Record) -> bool:
        """Return whether balancing was switched off for a process, which is reported."""
        off = any(
            finite(value) == 0 or str(value).strip().casefold() == "false"
            for column, value in row.items()
            if "balanc" in column.casefold() and value not in (None, "")
        )
        if off:
            message = N_("Processes whose balance is switched off in STAN ({n}): {items}.")
            self.log.add("unbalanced", message, str(row.get("Name") or ""), assumed=True)
        return off

    def _ports(self, table: str) -> dict[str, tuple[str, str]]:
        """Return port → (process, port inside the process when that is a sub-system)."""
        own, inner = f"{table}ID", f"Sub{table}ID"
        return {
            key_of(r.get(own)): (key_of(r.get("ProcessID")), key_of(r.get(inner)))
            for r in self._rows(table)
        }

    def _flow_ends(self, row: Record) -> tuple[str, str]:
        """Return (source, target) processes of a flow; empty where it crosses the boundary."""
        source = _leaf(self.exits, key_of(row.get("ProcessOutputID")))
        target = _leaf(self.entries, key_of(row.get("ProcessInputID")))
        return source, target

    def _read_flows(self, processes: dict[str, str]) -> None:
        """Add every flow in every layer: what is balanced in one is balanced in the others."""
        for row in self._rows("Flow"):
            ends = self._flow_ends(row)
            source = processes.get(ends[0], "import")
            target = processes.get(ends[1], "export")
            name, key = str(row.get("Name") or "").strip(), key_of(row.get("FlowID"))
            if (source, target) == ("import", "export"):
                message = N_("Flows between processes that do not exist ({n}): {items}.")
                self.log.add("flows-without-ends", message, name or key)
                continue
            for layer, own in self.layers.items():
                wanted = name or f"{source}_to_{target}"
                self.ids[key, layer] = self.draft.flow(
                    source,
                    target,
                    id=wanted if own == "goods" else f"{wanted}_{own}",
                    name=name,
                    layer="" if own == "goods" else own,
                )

    def _read_value(self, row: Record) -> None:
        quantity = self.ids.get((key_of(row.get("FlowID")), key_of(row.get("FlowLayerID"))))
        value = _entered(row, "MF")
        if quantity and value is not None:
            unit = self.layer_units[key_of(row.get("FlowLayerID"))]
            self._observe(quantity, value, row, "MF", unit, self._period(row))
        elif finite(row.get("MFCalc")) is not None:
            self.log.add("results", N_("Results of an earlier reconciliation ({n})."))

    def _observe(
        self, quantity: str, value: float, row: Record, kind: str, wanted: str, period: str
    ) -> None:
        """Add an entered value with its σ, converted alike."""
        number, unit = self._in_unit(value, row, kind, wanted)
        spread, relative = _spread(row, kind)
        if spread is None:
            text = ""
            message = N_("Values without an uncertainty ({n}): STAN takes them as exact, here 30 % "
                         "is taken for each until you state a better one (0 = exact).")  # fmt: skip
            self.log.add("no-uncertainty", message, assumed=True)
        elif relative:
            text = percent_text(spread)
        else:
            scale = number / value if value else 1.0
            text = number_text(float(f"{spread * scale:.12g}"))
        self.draft.observe(quantity, number, unit=unit, uncertainty=text, period=period)

    def _period(self, row: Record) -> str:
        return self.periods.get(key_of(row.get("PeriodID")), "") if len(self.periods) > 0 else ""

    # ---------------------------------------------------------------------------------- stocks

    def _read_stocks(self, processes: dict[str, str]) -> None:
        stocks: dict[tuple[str, str], str] = {}
        for row in self._rows("Stock"):
            process, layer = key_of(row.get("ProcessID")), key_of(row.get("FlowLayerID"))
            if process not in processes or layer not in self.layers or not _holds(row):
                continue
            if (process, layer) not in stocks:
                own = self.layers[layer]
                tail = "" if own == "goods" else f"_{own}"
                name = self.draft.quantities.new(f"stock_{processes[process]}{tail}", "stock")
                stocks[process, layer] = name
                self.draft.add("stocks", id=name, process=processes[process],
                               layer="" if own == "goods" else own)  # fmt: skip
            self._read_stock(stocks[process, layer], row, self.layer_units[layer])

    def _read_stock(self, name: str, row: Record, rate: str) -> None:
        period = self._period(row)
        change, level = _entered(row, "DT"), _entered(row, "SV")
        if change is not None:
            self._observe(f"{name}.change", change, row, "DT", rate, period)
        if level is None:
            return
        labels = list(self.periods.values())
        position = labels.index(period) if period in labels else 0
        before = labels[position - 1] if position else opening(labels[0]) if labels else ""
        if before:
            message = N_("Levels of stocks are taken to be those at the start of the period ({n}).")
            self.log.add("stock-start", message, assumed=True)
            amount = rate.rpartition("/")[0] or rate
            self._observe(name, level, row, "SV", amount, before)
        else:
            message = N_("Initial stocks without a year to place them in ({n}): {items}.")
            self.log.add("initial-stock", message, name)

    # ---------------------------------------------------------------------------------- losses

    def _report(self) -> None:
        """Say which tables and columns stay behind."""
        known = {"process", "processinput", "processoutput", "flow", "flowlayer", "period",
                 "flowvalue", "stock", "unit", "defaultunit"}  # fmt: skip
        drawing = {"diagram", "shape"}
        for table, rows in sorted(self.tables.items()):
            if rows and table in drawing:
                self.log.add("drawing", N_("Positions, colours and styles of the drawing."))
            elif rows and table not in known:
                message = N_("Tables that are not understood ({n}): {items}.")
                self.log.add("stan-tables", message, f"{table} ({len(rows)})")
        for table in ("FlowValue", "Stock"):
            for column in _unknown_columns(self._rows(table)):
                message = N_("Columns that are not understood ({n}): {items}.")
                self.log.add("stan-columns", message, f"{table}.{column}")


# ------------------------------------------------------------------------------------- pieces


def _labels(rows: Iterable[Record], key: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return id → label of periods or layers, in the order of the table, each label once."""
    found: dict[str, str] = {}
    for row in rows:
        text = next((str(row[n]) for n in names if row.get(n) not in (None, "")), "")
        number = finite(text)
        name = label(number if number is not None else text) or key_of(row.get(key))
        found[key_of(row.get(key))] = f"{name} {len(found)}" if name in found.values() else name
    return found


def _leaf(ports: dict[str, tuple[str, str]], port: str) -> str:
    """Return the process of a port, followed into sub-systems; empty for none."""
    process = ""
    for _ in range(DEEPEST):
        if port not in ports:
            break
        process, port = ports[port]
    return process


def _entered(row: Record, kind: str) -> float | None:
    """Return the entered value of a flow (MF), a stock (SV) or a change of stock (DT)."""
    return finite(row.get(f"{kind}Input"))


def _holds(row: Record) -> bool:
    """Return whether a row of stocks says that there is one."""
    names = ("SVInput", "SVCalc", "DTInput", "DTCalc")
    return any(finite(row.get(name)) is not None for name in names)


def _spread(row: Record, kind: str) -> tuple[float | None, bool]:
    """Return the entered uncertainty of a value, and whether it is in per cent."""
    for column in _spread_columns(row, kind):
        spread = finite(row.get(column))
        if spread is not None and spread >= 0:
            return spread, bool(re.search(r"rel|perc|prct", column, re.IGNORECASE))
    return None, False


def _spread_columns(row: Record, kind: str) -> Iterator[str]:
    for column in row:
        low = column.casefold()
        other = "calc" in low or "unit" in low
        if low.startswith(kind.casefold()) and _SPREAD.search(low) and not other:
            yield column


def _unknown_columns(rows: list[Record]) -> list[str]:
    """Return the columns with a value anywhere that no pattern knows."""
    filled = dict.fromkeys(c for row in rows for c, value in row.items() if value not in (None, ""))
    return [column for column in filled if not _KNOWN.fullmatch(column)]


def _is_like(text: str, wanted: str) -> bool:
    """Return whether two texts are units of one dimension."""
    from mfa.units import parse_unit

    try:
        return parse_unit(text).dimension == parse_unit(wanted or DEFAULT_UNIT).dimension
    except UnitError:
        return False
