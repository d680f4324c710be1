"""Quantities and equations of an account in words: names and numbers as the language has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.classify import FREE
from mfa.balance.derivation import is_known
from mfa.balance.equations import BALANCE, CARRY, DEFINITION, PARENT, RELATION, TRANSFER
from mfa.balance.quantities import CHANGE, FLOW, STOCK
from mfa.balance.target import quantity_label, quantity_labels
from mfa.locale import translator
from mfa.locale.numbers import (
    format_estimate,
    format_number,
    format_value,
    significant_decimals,
)
from mfa.locale.unit_words import unit_words
from mfa.model.names import flows_of
from mfa.model.quantity import OUTSIDE
from mfa.model.relation import Call, Name, Node, Number, parse_relation
from mfa.units import parse_unit
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.account import Account

MOST_ITEMS = 8  # quantities named in one sentence; the rest are summed up
EQUATION_DIGITS = 4  # of the largest number of a balance, so that a reader sees that it closes
_SIGNS = {"+": " + ", "-": " − ", "*": " × ", "/": " / ", "^": "^"}
_SENSES = {"=": "=", ">=": "≥", "<=": "≤"}


class Words:
    """Names, numbers and sentences about one account in one language."""

    def __init__(self, account: Account, language: str) -> None:
        self.account, self.language = account, language
        self._ = translator(language)
        self.q, self.system, self.e = (
            account.equations.quantities,
            account.system,
            account.equations,
        )
        self.x, self.known = account.solution.x, is_known(account)
        self.observed = np.isin(np.arange(self.q.count), self.e.observations.index)

    # ---------------------------------------------------------------------- names and numbers

    def unit(self, text: str | None) -> str:
        """Return a unit as the language writes it."""
        return unit_words(text or "", self.language)

    def process(self, identifier: str) -> str:
        """Return the name of a process; the three outside ones have names of their own."""
        record, _ = self.system.processes[identifier], self._
        if identifier in OUTSIDE and not (record.name_en or record.name_vi):
            return {
                "import": _("imports"),
                "export": _("exports"),
                "environment": _("the environment"),
            }[identifier]
        return record.name(self.language)

    def name(self, index: int) -> str:
        """Return the name of a quantity, with its labels where it has several values."""
        if index >= self.q.visible:
            return self.q.aux_ids[index - self.q.visible]
        identifier, kind, _ = self.q.ids[index], int(self.q.kinds[index]), self._
        if kind == FLOW:
            name = self.flow(identifier)
        elif kind == CHANGE:
            stock = self.system.stocks[identifier.removesuffix(".change")]
            name = _("change of {stock}", stock=stock.name(self.language))
        elif kind == STOCK:
            name = self.system.stocks[identifier].name(self.language)
        else:
            name = self.system.parameters[identifier].name(self.language)
        if quantity_label(self.account, index) == identifier:
            return name
        labels = [text for text in quantity_labels(self.account, index) if text]
        return f"{name} ({', '.join(labels)})"

    def flow(self, identifier: str, process: str = "") -> str:
        """Return the name of a flow; without one of its own, its material and where it goes.

        Seen from `process` only the other end is named.
        """
        record, _ = self.system.flows[identifier], self._
        if record.name_en or record.name_vi or not record.material:
            return record.name(self.language)
        material = self.system.materials[record.material].name(self.language)
        source, target = self.process(record.source), self.process(record.target)
        if process == record.target:
            return _("{material} from {process}", material=material, process=source)
        if process == record.source:
            return _("{material} to {process}", material=material, process=target)
        return _(
            "{material} from {source} to {target}", material=material, source=source, target=target
        )

    def number(self, index: int) -> str:
        """Return the value of a quantity in its unit, rounded as its σ allows, or “unknown”."""
        if self.account.classification.status[index] == FREE:
            return label("status", "free", self.language)
        value, sd = self._value(index)
        return format_value(value, sd, language=self.language)

    def amount(self, index: int) -> str:
        """Return value and unit of a quantity, or “unknown”."""
        return self._with_unit(index, self.number(index))

    def estimate(self, index: int) -> str:
        """Return value, 1 σ and unit of a quantity, or “unknown”."""
        value, sd = self._value(index)
        if self.account.classification.status[index] == FREE or not sd > 0:
            return self.amount(index)
        return self._with_unit(index, format_estimate(value, sd, language=self.language))

    def _with_unit(self, index: int, text: str) -> str:
        free = self.account.classification.status[index] == FREE
        return text if free else f"{text} {self.unit(self._unit(index))}".strip()

    def _value(self, index: int) -> tuple[float, float]:
        factor = self._factor(index)
        sd = float(np.nan_to_num(self.account._sd[index])) / factor
        return self._clean(float(self.x[index]) / factor, sd), sd

    def _clean(self, value: float, sd: float) -> float:
        """Return 0 for what rounding leaves of it."""
        return 0.0 if abs(value) < 1e-9 * max(sd, 1.0) else value

    def _factor(self, index: int) -> float:
        visible = self.q.visible
        return float(
            self.q.factor[index] if index < visible else self.q.aux_factor[index - visible]
        )

    def _unit(self, index: int) -> str | None:
        visible = self.q.visible
        return self.q.unit[index] if index < visible else self.q.aux_unit[index - visible]

    # ----------------------------------------------------------------------------- equations

    def rows_of(self, index: int) -> list[int]:
        """Return the rows in which a quantity takes part, also through a hidden sum."""
        rows: dict[int, None] = {}
        queue, seen = [index], {index}
        while queue:
            for row in self._direct_rows(queue.pop(0)):
                hidden = int(self.e.row_ref[row])
                if self.e.row_kind[row] == DEFINITION and not self.observed[hidden]:
                    if hidden not in seen:
                        seen.add(hidden)
                        queue.append(hidden)
                else:
                    rows[row] = None
        return list(rows)

    def _direct_rows(self, index: int) -> list[int]:
        A = self.e.A
        entries = np.flatnonzero(A.indices == index)
        rows = set((np.searchsorted(A.indptr, entries, side="right") - 1).tolist())
        for block in self.e.blocks:
            rows |= set(block.rows[(block.quantities == index).any(axis=1)].tolist())
        return sorted(rows)

    def columns_of(self, row: int) -> list[int]:
        """Return the quantities of a row; those of a hidden sum in its place."""
        columns: dict[int, None] = {}
        for index in self._direct_columns(row):
            hidden = index >= self.q.visible and not self.observed[index]
            own = self.e.row_kind[row] == DEFINITION and self.e.row_ref[row] == index
            if not hidden:
                columns[index] = None
            elif not own:
                columns |= dict.fromkeys(self._summed(index))
        return list(columns)

    def _direct_columns(self, row: int) -> list[int]:
        A = self.e.A
        columns = dict.fromkeys(A.indices[A.indptr[row] : A.indptr[row + 1]].tolist())
        for block in self.e.blocks:
            columns |= dict.fromkeys(block.quantities[block.rows == row].ravel().tolist())
        return list(columns)

    def _summed(self, hidden: int) -> list[int]:
        """Return what a hidden sum adds up; nothing for a slack."""
        found = np.flatnonzero((self.e.row_kind == DEFINITION) & (self.e.row_ref == hidden))
        return self.columns_of(int(found[0])) if len(found) else []

    def counts(self, row: int) -> tuple[int, int]:
        """Return how many quantities of a row are reported or constant, and how many are not."""
        known = self.known[self.columns_of(row)]
        return int(known.sum()), int((~known).sum())

    def equation(self, row: int) -> str:
        """Return an equation as a sentence, with the number of knowns and unknowns."""
        kind, ref = int(self.e.row_kind[row]), int(self.e.row_ref[row])
        known, unknown = self.counts(row)
        _ = self._
        if kind == BALANCE:
            unit = self.system.layer_unit(list(self.system.layers)[self.e.balances[ref][1]])
            tail = _(
                "In {unit}; known: {known}, unknown: {unknown}.",
                unit=self.unit(unit),
                known=known,
                unknown=unknown,
            )
            return f"{self._balance(row, ref, unit)} {tail}"
        sentence = {
            RELATION: self._relation,
            TRANSFER: self._transfer,
            CARRY: self._carry,
            PARENT: self._parent,
            DEFINITION: self._reported,
        }[kind](row, ref)
        tail = _("Known: {known}, unknown: {unknown}.", known=known, unknown=unknown)
        return f"{sentence} {tail}"

    def _balance(self, row: int, ref: int, unit: str) -> str:
        number, layer, period, region = self.e.balances[ref].tolist()
        identifier, layers = list(self.system.processes)[number], list(self.system.layers)
        factor = self.q.internal.factor(parse_unit(unit))
        A = self.e.A
        entries = range(A.indptr[row], A.indptr[row + 1])
        columns, signs = A.indices, A.data
        stays = [int(columns[k]) for k in entries if self.q.kinds[columns[k]] == CHANGE]
        enters = [int(columns[k]) for k in entries if signs[k] > 0]
        leaves = [int(columns[k]) for k in entries if signs[k] < 0 and columns[k] not in stays]
        free = self.account.classification.status == FREE
        sizes = [abs(float(self.x[j])) / factor for j in enters + leaves + stays if not free[j]]
        decimals = significant_decimals(max(sizes, default=0.0), digits=EQUATION_DIGITS)
        parts = {
            "process": self.process(identifier),
            "inputs": self._items(enters, factor, identifier, decimals),
            "outputs": self._items(leaves, factor, identifier, decimals),
            "stays": self._items(stays, factor, identifier, decimals),
        }
        labels = [self.system.periods[period], self.system.regions[region]]
        if layers[layer] != "goods":
            labels.append(self.system.layers[layers[layer]].name(self.language))
        lead = ", ".join(text for text in labels if text)
        sentence = self._sentence(bool(enters), bool(leaves), bool(stays), parts)
        return f"{lead}: {sentence}" if lead else sentence

    def _sentence(self, enters: bool, leaves: bool, stays: bool, parts: dict[str, str]) -> str:
        _ = self._
        if enters and leaves and stays:
            return _(
                "What enters “{process}” ({inputs}) equals what leaves it ({outputs}) plus "
                "what stays ({stays}).",
                **parts,
            )
        if enters and leaves:
            return _(
                "What enters “{process}” ({inputs}) equals what leaves it ({outputs}).", **parts
            )
        if enters and stays:
            return _("What enters “{process}” ({inputs}) stays there ({stays}).", **parts)
        if leaves and stays:
            return _(
                "What leaves “{process}” ({outputs}) is taken from its stock ({stays}).", **parts
            )
        if enters:
            return _("Nothing leaves “{process}”, hence nothing can enter it ({inputs}).", **parts)
        return _("Nothing enters “{process}”, hence nothing can leave it ({outputs}).", **parts)

    def _items(self, columns: list[int], factor: float, process: str, decimals: int) -> str:
        """Return “name value; …”, the largest first, the smallest summed up."""
        order = sorted(columns, key=lambda j: (-abs(float(self.x[j])), j))
        shown, rest = order[:MOST_ITEMS], order[MOST_ITEMS:]
        if len(rest) == 1:
            shown, rest = order, []
        free = self.account.classification.status == FREE
        parts = [
            f"{self.flow(self.q.ids[j], process) if self.q.kinds[j] == FLOW else self.name(j)} "
            + (self.number(j) if free[j] else self._shown(float(self.x[j]) / factor, decimals))
            for j in shown
        ]
        if rest:
            total = (
                label("status", "free", self.language)
                if free[rest].any()
                else self._shown(float(self.x[rest].sum()) / factor, decimals)
            )
            parts.append(self._("{n} more, together {value}", n=len(rest), value=total))
        return "; ".join(parts)

    def _shown(self, value: float, decimals: int) -> str:
        """Return a value with the decimals of its equation, two digits where it is small."""
        value = self._clean(value, 0.0)
        own = significant_decimals(value, digits=2) if value else decimals
        return format_number(value, max(decimals, own), self.language)

    # --------------------------------------------------------------------------- other rows

    def _relation(self, row: int, ref: int) -> str:
        record = self.system.relations.row(ref)
        statement = parse_relation(record.formula)
        period, region = self._cell(row)
        left, right = (
            self._formula(side, period, region) for side in (statement.left, statement.right)
        )
        first, second = (
            (record.name_vi, record.name_en)
            if self.language == "vi"
            else (record.name_en, record.name_vi)
        )
        title = first or second or self._("Relation {id}", id=record.id)
        return f"{title}: {left} {_SENSES[statement.sense]} {right}."

    def _cell(self, row: int) -> tuple[int, int]:
        """Return the period and region for which a row holds."""
        columns = np.array([j for j in self.columns_of(row) if j < self.q.visible], dtype=int)
        period = self.q.periods[columns].max(initial=0)
        region = self.q.regions[columns].max(initial=0)
        return max(int(period), 0), max(int(region), 0)

    def _formula(self, node: Node, period: int, region: int, tight: int = 0) -> str:
        """Return an expression with names for ids, each followed by its value."""
        if isinstance(node, Number):
            digits = f"{node.value:.12f}".rstrip("0").partition(".")[2]
            return format_number(node.value, len(digits), self.language)
        if isinstance(node, Name):
            index = self._at(node, period, region)
            return f"“{self.name(index)}” ({self.amount(index)})"
        if isinstance(node, Call):
            return self._call(node, period, region)
        level = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}[node.op]
        right_level = level + (node.op in "-/^")
        left = self._formula(node.left, period, region, level + (node.op == "^"))
        right = self._formula(node.right, period, region, right_level)
        text = f"{left}{_SIGNS[node.op]}{right}"
        return f"({text})" if level < tight else text

    def _at(self, node: Name, period: int, region: int) -> int:
        for text in node.labels:
            if text in self.system.periods:
                period = self.system.periods.index(text)
            elif text in self.system.regions:
                region = self.system.regions.index(text)
        return int(self.q.cells(node.id)[period, region])

    def _call(self, node: Call, period: int, region: int) -> str:
        _ = self._
        cells = [int(self.q.cells(name)[period, region]) for name in flows_of(self.system, node)]
        present = [j for j in cells if j >= 0]
        total = float(self.x[present].sum()) / float(self.q.factor[present[0]])
        free = any(self.account.classification.status[j] == FREE for j in present)
        value = (
            label("status", "free", self.language)
            if free
            else f"{format_value(total, language=self.language)} "
            f"{self.unit(self.q.unit[present[0]])}"
        )
        if node.function == "sum":
            name = self.system.materials[node.argument].name(self.language)
            return _("all “{material}” ({value})", material=name, value=value)
        name = self.process(node.argument)
        if node.function == "in":
            return _("all that enters “{process}” ({value})", process=name, value=value)
        return _("all that leaves “{process}” ({value})", process=name, value=value)

    def _transfer(self, row: int, ref: int) -> str:
        record = self.system.transfers.row(ref)
        period, region = self._cell(row)
        flow, share = (
            self._at(Name(name), period, region) for name in (record.flow, record.parameter)
        )
        source = self.system.flows[record.flow].source
        return self._(
            "“{flow}” ({value}) is the share “{parameter}” ({share}) of all that enters "
            "“{process}”.",
            flow=self.name(flow),
            value=self.amount(flow),
            parameter=self.name(share),
            share=self.amount(share),
            process=self.process(source),
        )

    def _carry(self, row: int, ref: int) -> str:
        A = self.e.A
        columns = A.indices[A.indptr[row] : A.indptr[row + 1]].tolist()
        change = next(j for j in columns if self.q.kinds[j] == CHANGE)
        before = next(j for j in columns if j not in (ref, change))
        return self._(
            "“{stock}” ({value}) is what it was before ({before}) plus what was added ({change}).",
            stock=self.name(ref),
            value=self.amount(ref),
            before=self.amount(before),
            change=self.amount(change),
        )

    def _parent(self, row: int, ref: int) -> str:
        parts = [j for j in self.columns_of(row) if j != ref]
        return self._(
            "“{quantity}” ({value}) is the sum of its parts: {parts}.",
            quantity=self.name(ref),
            value=self.amount(ref),
            parts="; ".join(f"{self.name(j)} {self.number(j)}" for j in parts),
        )

    def _reported(self, row: int, ref: int) -> str:
        """Return the sentence on an observation of a sum, or of ``value × factor``."""
        record = self.system.observations[self.q.aux_ids[ref - self.q.visible]]
        if record.factor:
            return self._(
                "“{quantity}” was reported as {rate} × {factor}.",
                quantity=record.quantity,
                rate=self.amount(ref),
                factor=record.factor,
            )
        return self._(
            "The sum “{quantity}” was reported; it is {value}.",
            quantity=record.quantity,
            value=self.amount(ref),
        )
