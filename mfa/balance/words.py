"""Quantities of an account in words: names, numbers and formulas as the language has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.classify import FREE
from mfa.balance.quantities import CHANGE, FLOW, STOCK
from mfa.balance.target import quantity_label, quantity_labels
from mfa.locale import translator
from mfa.locale.numbers import (
    format_estimate,
    format_number,
    format_value,
)
from mfa.locale.unit_words import unit_words
from mfa.model.names import flows_of
from mfa.model.quantity import OUTSIDE
from mfa.model.relation import Call, Name, Node, Number, parse_expression
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.account import Account

_SIGNS = {"+": " + ", "-": " − ", "*": " × ", "/": " / ", "^": "^"}


class Words:
    """Names, numbers and sentences about one account in one language."""

    def __init__(self, account: Account, language: str) -> None:
        self.account, self.language = account, language
        self._ = translator(language)
        self.q, self.system, self.x = (
            account.equations.quantities,
            account.system,
            account.solution.x,
        )

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

    def formula(self, text: str, period: str = "", region: str = "") -> str:
        """Return a formula of the user's with names for ids, without values."""
        if text in self.q.slots:
            labels = tuple(label for label in (period, region) if label)
            return f"“{self.name(self.account._index(text, labels))}”"
        known = (self.system.periods, self.system.regions)
        cell = [
            names.index(name) if name in names else 0
            for names, name in zip(known, (period, region), strict=True)
        ]
        return self._formula(parse_expression(text), *cell, values=False)

    def _formula(
        self, node: Node, period: int, region: int, tight: int = 0, *, values: bool = True
    ) -> str:
        """Return an expression with names for ids, each followed by its value."""
        if isinstance(node, Number):
            digits = f"{node.value:.12f}".rstrip("0").partition(".")[2]
            return format_number(node.value, len(digits), self.language)
        if isinstance(node, Name):
            index = self._at(node, period, region)
            name = f"“{self.name(index)}”"
            return f"{name} ({self.amount(index)})" if values else name
        if isinstance(node, Call):
            return self._call(node, period, region, values=values)
        level = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}[node.op]
        right_level = level + (node.op in "-/^")
        left_level = level + (node.op == "^")
        left = self._formula(node.left, period, region, left_level, values=values)
        right = self._formula(node.right, period, region, right_level, values=values)
        text = f"{left}{_SIGNS[node.op]}{right}"
        return f"({text})" if level < tight else text

    def _at(self, node: Name, period: int, region: int) -> int:
        for text in node.labels:
            if text in self.system.periods:
                period = self.system.periods.index(text)
            elif text in self.system.regions:
                region = self.system.regions.index(text)
        return int(self.q.cells(node.id)[period, region])

    def _call(self, node: Call, period: int, region: int, *, values: bool = True) -> str:
        _ = self._
        if node.function == "sum":
            name = self.system.materials[node.argument].name(self.language)
            text = _("all “{name}”", name=name)
        elif node.function == "in":
            text = _("all that enters “{name}”", name=self.process(node.argument))
        else:
            text = _("all that leaves “{name}”", name=self.process(node.argument))
        return f"{text} ({self._total(node, period, region)})" if values else text

    def _total(self, node: Call, period: int, region: int) -> str:
        """Return the value of ``in``, ``out`` or ``sum``, or “unknown”."""
        cells = [int(self.q.cells(name)[period, region]) for name in flows_of(self.system, node)]
        present = [j for j in cells if j >= 0]
        if any(self.account.classification.status[j] == FREE for j in present):
            return label("status", "free", self.language)
        value = float(self.x[present].sum()) / float(self.q.factor[present[0]])
        text = format_value(value, language=self.language)
        return f"{text} {self.unit(self.q.unit[present[0]])}".strip()
