"""Nonlinear terms enclosed by linear inequalities, valid while quantities are in their ranges.

A product becomes a column of its own within McCormick's four inequalities (McCormick 1976, Math.
Program. 10, 147–175), a quotient a product read backwards, a power lies between tangents and
secant. The enclosure is exact where one factor is constant, and never cuts off a possible value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

INF = math.inf


@dataclass(frozen=True)
class Linear:
    """``Σ coefficients[j] · column j + constant``, its range, and its value at the account."""

    coefficients: dict[int, float]
    constant: float
    low: float
    high: float
    value: float

    def plus(self, other: Linear, sign: float = 1.0) -> Linear:
        """Return ``self + sign · other``."""
        merged = dict(self.coefficients)
        for column, weight in other.coefficients.items():
            merged[column] = merged.get(column, 0.0) + sign * weight
        low, high = sorted((sign * other.low, sign * other.high))
        return Linear(
            merged,
            self.constant + sign * other.constant,
            self.low + low,
            self.high + high,
            self.value + sign * other.value,
        )

    def times(self, factor: float) -> Linear:
        """Return ``factor · self``."""
        low, high = sorted((_product(factor, self.low), _product(factor, self.high)))
        scaled = {column: factor * weight for column, weight in self.coefficients.items()}
        return Linear(scaled, factor * self.constant, low, high, factor * self.value)

    @property
    def fixed(self) -> bool:
        """Whether only one value is possible."""
        return self.low == self.high


@dataclass
class Enclosure:
    """Extra columns and inequalities ``Σ weight · column ≤ limit`` that enclose nonlinear terms.

    Attributes
    ----------
    x, low, high
        Values at the account and ranges of the quantities, (n,); columns from n on are extra.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    extra: list[tuple[float, float, float]] = field(default_factory=list)
    limits: list[tuple[dict[int, float], float]] = field(default_factory=list)

    def term(self, shape: str, quantities: np.ndarray, constants: np.ndarray) -> Linear:
        """Return a linear stand-in for the term of this shape (`mfa.balance.terms`)."""
        tokens = shape.replace("(", " ( ").replace(")", " ) ").split()
        leaves = {f"q{k}": self._leaf(int(j)) for k, j in enumerate(quantities)}
        leaves |= {
            f"c{k}": Linear({}, float(c), float(c), float(c), float(c))
            for k, c in enumerate(constants)
        }
        return self._read(iter(tokens), leaves)

    def _leaf(self, column: int) -> Linear:
        low, high = float(self.low[column]), float(self.high[column])
        return Linear({column: 1.0}, 0.0, low, high, float(self.x[column]))

    def _read(self, tokens, leaves: dict[str, Linear]) -> Linear:  # noqa: ANN001
        token = next(tokens)
        if token != "(":
            return leaves[token]
        left = self._read(tokens, leaves)
        op = next(tokens)
        right = self._read(tokens, leaves)
        next(tokens)  # the closing parenthesis
        if op in "+-":
            return left.plus(right, 1.0 if op == "+" else -1.0)
        if op == "*":
            return self.product(left, right)
        return self.quotient(left, right) if op == "/" else self.power(left, right)

    # --------------------------------------------------------------------------------- operations

    def product(self, left: Linear, right: Linear) -> Linear:
        """Return an enclosure of ``left · right``."""
        if left.fixed:
            return right.times(left.low)
        if right.fixed:
            return left.times(right.low)
        corners = [_product(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        low = max(min(corners), 0.0) if left is right else min(corners)
        result = self._column(low, max(corners), left.value * right.value)
        self._mccormick(result, left, right)
        return result

    def quotient(self, left: Linear, right: Linear) -> Linear:
        """Return an enclosure of ``left / right``: what times `right` gives `left`."""
        if right.fixed and right.low:
            return left.times(1.0 / right.low)
        low, high = _quotient_range(left, right)
        value = left.value / right.value if right.value else math.nan
        result = self._column(low, high, value)
        self._mccormick(left, result, right)
        return result

    def power(self, base: Linear, exponent: Linear) -> Linear:
        """Return an enclosure of ``base ^ exponent``."""
        p = exponent.low
        if exponent.fixed and p in (0, 2):
            return self.product(base, base) if p else Linear({}, 1.0, 1.0, 1.0, 1.0)
        if not exponent.fixed or base.low < 0:
            low, high = _power_range(base, exponent)
            return self._column(low, high, _power(base.value, exponent.value))
        ends = sorted(_power(b, p) for b in (base.low, base.high))
        result = self._column(ends[0], ends[1], _power(base.value, p))
        sign = 1.0 if p > 1 or p < 0 else -1.0  # convex above its tangents, concave below them
        for at in sorted({base.low, base.value, base.high}):
            slope = p * _power(at, p - 1) if at < INF else INF
            if abs(slope) < INF:
                self._below(base.times(slope), result, slope * at - _power(at, p), sign)
        if base.high < INF and max(map(abs, ends)) < INF and base.high > base.low:
            first, last = _power(base.low, p), _power(base.high, p)
            slope = (last - first) / (base.high - base.low)
            self._below(base.times(slope), result, slope * base.low - first, -sign)
        return result

    # ---------------------------------------------------------------------------------- helpers

    def _column(self, low: float, high: float, value: float) -> Linear:
        if not math.isfinite(value):
            value = next((v for v in (low, high) if math.isfinite(v)), 0.0)
        column = len(self.x) + len(self.extra)
        self.extra.append((low, high, min(max(value, low), high)))
        return Linear({column: 1.0}, 0.0, low, high, self.extra[-1][2])

    def _mccormick(self, product: Linear, left: Linear, right: Linear) -> None:
        """Add ``product = left · right`` as the inequalities whose range ends are finite."""
        for a, b, sign in (
            (left.low, right.low, 1.0),
            (left.high, right.high, 1.0),
            (left.high, right.low, -1.0),
            (left.low, right.high, -1.0),
        ):
            if math.isfinite(a) and math.isfinite(b):
                self._below(right.times(a).plus(left.times(b)), product, a * b, sign)

    def _below(self, lower: Linear, upper: Linear, offset: float, sign: float) -> None:
        """Add ``lower − offset ≤ upper`` (sign 1) or the opposite (sign −1)."""
        difference = lower.plus(upper, -1.0).times(sign)
        self.limits.append((difference.coefficients, sign * offset - difference.constant))


def _product(a: float, b: float) -> float:
    """Return a·b with 0·∞ = 0, as ends of ranges want it."""
    return a * b if a and b else 0.0


def _power(base: float, exponent: float) -> float:
    try:
        return float(np.real_if_close(base**exponent)) if base or exponent > 0 else INF
    except (OverflowError, TypeError):
        return INF


def _quotient_range(left: Linear, right: Linear) -> tuple[float, float]:
    if right.low > 0 or right.high < 0:
        ends = [
            a / b if math.isfinite(b) else 0.0
            for a in (left.low, left.high)
            for b in (right.low, right.high)
            if math.isfinite(a) or math.isfinite(b)
        ]
        return min(ends, default=-INF), max(ends, default=INF)
    if right.low == 0 and left.low >= 0 and right.high > 0:
        return left.low / right.high, INF
    return -INF, INF


def _power_range(base: Linear, exponent: Linear) -> tuple[float, float]:
    finite = all(map(math.isfinite, (base.low, base.high, exponent.low, exponent.high)))
    if base.low > 0 and finite:
        ends = [_power(b, e) for b in (base.low, base.high) for e in (exponent.low, exponent.high)]
        return min(ends), max(ends)
    if exponent.fixed and exponent.low > 0 and exponent.low % 2 == 0:
        return 0.0, max(_power(base.low, exponent.low), _power(base.high, exponent.low))
    return (0.0, INF) if base.low >= 0 else (-INF, INF)
