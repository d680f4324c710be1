"""Formulas of a system in numbers, parameters put in at their observed values.

Other tools know neither parameters nor products of quantities. What can be carried over is what a
formula says once the parameters are numbers: the value of ``286 g/person/day × population``, the
coefficients of ``husk = husk_ratio × paddy``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa.model.names import flows_of
from mfa.model.relation import Call, Name, Node, Number, Operation

if TYPE_CHECKING:
    from mfa.model.system import System

STEP = 1e-6


class NotLinearError(Exception):
    """A formula cannot be written as a sum of flows with numbers before them."""


@dataclass(frozen=True)
class Linear:
    """``constant + Σ coefficient × flow``, in base units."""

    constant: float
    flows: dict[str, float]

    def plus(self, other: Linear, sign: float = 1.0) -> Linear:
        """Return the sum of two, or their difference."""
        flows = dict(self.flows)
        for name, value in other.flows.items():
            flows[name] = flows.get(name, 0.0) + sign * value
        return Linear(self.constant + sign * other.constant, flows)

    def times(self, factor: float) -> Linear:
        """Return this times a number."""
        return Linear(
            factor * self.constant, {name: factor * value for name, value in self.flows.items()}
        )


class Numbers:
    """The observed values of the parameters of a system, in base units.

    Parameters
    ----------
    system
        The system; where a parameter has several observations, their weighted mean counts.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._units = {name: _factor(p.unit) for name, p in system.parameters.items()}
        self._means = _means(system, self._units)

    def value(self, node: Node, period: str, region: str) -> tuple[float, float] | None:
        """Return the value and σ (to first order) of a formula of parameters, in base units.

        None when it names something else, or a parameter without a value.
        """
        names = self._parameters(node)
        means = {name: self._mean(name, period, region) for name in names or ()}
        if names is None or any(mean is None for mean in means.values()):
            return None
        at = {name: mean[0] for name, mean in means.items() if mean}
        try:
            value = _evaluate(node, at)
            slopes = {
                name: (_evaluate(node, at | {name: x + _step(x)}) - value) / _step(x)
                for name, x in at.items()
            }
        except (NotLinearError, ArithmeticError):
            return None
        variance = sum((slopes[name] * mean[1]) ** 2 for name, mean in means.items() if mean)
        return (value, math.sqrt(variance)) if math.isfinite(value) else None

    def linear(self, node: Node, period: str, region: str) -> Linear:
        """Return a formula as a sum of flows.

        Raises
        ------
        NotLinearError
            It multiplies flows, or names a parameter without a value.
        """
        if isinstance(node, Number):
            return Linear(node.value, {})
        if isinstance(node, Call):
            return Linear(0.0, self._called(node))
        if isinstance(node, Name):
            return self._named(node, period, region)
        left = self.linear(node.left, period, region)
        right = self.linear(node.right, period, region)
        if node.op in "+-":
            return left.plus(right, 1.0 if node.op == "+" else -1.0)
        if node.op == "*" and not (left.flows and right.flows):
            return left.times(right.constant) if left.flows else right.times(left.constant)
        if node.op == "/" and not right.flows and right.constant:
            return left.times(1 / right.constant)
        if node.op == "^" and not left.flows and not right.flows:
            return Linear(_power(left.constant, right.constant), {})
        raise NotLinearError

    def _named(self, node: Name, period: str, region: str) -> Linear:
        if node.id in self.system.flows and not node.labels:
            return Linear(0.0, {node.id: 1.0})
        mean = self._mean(node.id, period, region) if not node.labels else None
        if mean is None:
            raise NotLinearError
        return Linear(mean[0], {})

    def _called(self, call: Call) -> dict[str, float]:
        """Return the flows that ``in(p)``, ``out(p)`` or ``sum(m)`` stands for."""
        names = flows_of(self.system, call)
        return dict.fromkeys(names, 1.0)

    def _parameters(self, node: Node) -> list[str] | None:
        """Return the parameters of a formula; None when it names anything else."""
        from mfa.model.relation import walk

        names = []
        for item in walk(node):
            if isinstance(item, Call) or (
                isinstance(item, Name) and (item.labels or item.id not in self.system.parameters)
            ):
                return None
            if isinstance(item, Name):
                names.append(item.id)
        return names

    def _mean(self, name: str, period: str, region: str) -> tuple[float, float] | None:
        for key in ((name, period, region), (name, period, ""), (name, "", region), (name, "", "")):
            if key in self._means:
                return self._means[key]
        return None


def _factor(unit: str | None) -> float:
    from mfa.units import parse_unit

    return parse_unit(unit).factor if unit else 1.0


def _means(
    system: System, units: dict[str, float]
) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Return (parameter, period, region) → weighted mean and σ of its plain observations."""
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for row in system.observations.rows():
        if row.quantity in units and not row.factor:
            factor = _factor(row.unit) if row.unit else units[row.quantity]
            key = (row.quantity, row.period, row.region)
            found.setdefault(key, []).append((row.value * factor, row.sd * factor))
    return {key: weighted_mean(values) for key, values in found.items()}


def weighted_mean(values: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of (value, σ) with weights 1/σ², and its σ; an exact value counts alone.

    Examples
    --------
    >>> weighted_mean([(10.0, 1.0), (20.0, 1.0)])[0], weighted_mean([(10.0, 0.0), (20.0, 1.0)])
    (15.0, (10.0, 0.0))
    """
    exact = [value for value, sd in values if sd == 0]
    if exact:
        return exact[0], 0.0
    weights = [sd**-2 for _, sd in values]
    total = sum(weights)
    mean = sum(w * value for w, (value, _) in zip(weights, values, strict=True)) / total
    return mean, total**-0.5


def _step(x: float) -> float:
    return STEP * max(abs(x), STEP)


def _evaluate(node: Node, at: dict[str, float]) -> float:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return at[node.id]
    if not isinstance(node, Operation):
        raise NotLinearError
    left, right = _evaluate(node.left, at), _evaluate(node.right, at)
    match node.op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
    return _power(left, right)


def _power(base: float, exponent: float) -> float:
    result = base**exponent
    if not isinstance(result, float) or not math.isfinite(result):
        raise NotLinearError
    return result
