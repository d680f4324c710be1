"""Sums of products of whole powers with their derivatives, without the wait for sympy.

Nearly all terms of a city's relations are such (Laurent polynomials): ``q0 * q1``, ``q0 / q1``,
``q0 * (q1 * q2 + q3)``. So are their derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Column = np.ndarray | float
LONGEST = 8


class UnfitError(ValueError):
    """The form is no short sum of products of whole powers."""


@dataclass(frozen=True)
class Laurent:
    """``Σ factor · Π symbol_i^power_i``: the factor of each tuple of powers.

    Examples
    --------
    >>> x, y = Laurent.symbols(2)
    >>> (x / y).by(1)
    Laurent(terms={(1, -2): -1.0})
    >>> (x * (x + y))(3.0, 1.0)
    12.0
    """

    terms: dict[tuple[int, ...], float]

    @classmethod
    def symbols(cls, count: int) -> list[Laurent]:
        """Return the symbols themselves."""
        return [cls({tuple(int(i == k) for i in range(count)): 1.0}) for k in range(count)]

    def __add__(self, other: Laurent) -> Laurent:
        merged = dict(self.terms)
        for powers, factor in other.terms.items():
            merged[powers] = merged.get(powers, 0.0) + factor
        return _short(merged)

    def __sub__(self, other: Laurent) -> Laurent:
        return self + Laurent({powers: -factor for powers, factor in other.terms.items()})

    def __mul__(self, other: Laurent) -> Laurent:
        out = Laurent({})
        for one, factor in self.terms.items():
            moved = {_plus(one, two): factor * share for two, share in other.terms.items()}
            out = out + Laurent(moved)
        return out

    def __truediv__(self, other: Laurent) -> Laurent:
        if len(other.terms) != 1:
            raise UnfitError
        ((powers, factor),) = other.terms.items()
        return self * Laurent({tuple(-power for power in powers): 1.0 / factor})

    def __pow__(self, other: Laurent) -> Laurent:
        raise UnfitError

    def by(self, i: int) -> Laurent:
        """Return the derivative by the i-th symbol."""
        out: dict[tuple[int, ...], float] = {}
        for powers, factor in self.terms.items():
            if powers[i]:
                lowered = tuple(power - (k == i) for k, power in enumerate(powers))
                out[lowered] = factor * powers[i]
        return Laurent(out)

    def __call__(self, *columns: Column) -> Column:
        """Return the value where the symbols have these values (columns of equal length)."""
        total: Column = 0.0
        for number, (powers, factor) in enumerate(self.terms.items()):
            part = _product(powers, factor, columns)
            total = total + part if number else part
        return total


def _plus(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, two, strict=True))


def _short(terms: dict[tuple[int, ...], float]) -> Laurent:
    """Return the sum without what cancels.

    Raises
    ------
    UnfitError
        It is longer than is quick.
    """
    kept = {powers: factor for powers, factor in terms.items() if factor}
    if len(kept) > LONGEST:
        raise UnfitError
    return Laurent(kept)


def _product(powers: tuple[int, ...], factor: float, columns: tuple[Column, ...]) -> Column:
    """Return ``factor · Π column^power``, with one division."""
    above: Column = factor
    below: Column | None = None
    for column, power in zip(columns, powers, strict=True):
        for _ in range(power):
            above = above * column
        for _ in range(-power):
            below = column if below is None else below * column
    return above if below is None else above / below
