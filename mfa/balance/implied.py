"""Bounds that follow from others: a sum or product of quantities that cannot be negative.

With ``waste = share × total`` and ``share ≥ 0, total > 0`` the bound ``waste ≥ 0`` says nothing
new; held together with ``share ≥ 0`` it would say the same thing twice, which no active set can
live with.
"""

from __future__ import annotations

import numpy as np

from mfa.balance.equations import Equations


def implied_lower_bounds(equations: Equations, positive: np.ndarray) -> np.ndarray:
    """Return for which quantities the lower bound 0 follows from the signs of others; (n,).

    What a bound is derived from is never dropped itself, so that no two bounds vanish for the sake
    of each other.

    Parameters
    ----------
    positive
        Quantities that are never negative: those with a lower bound of at least 0, constants, and
        those many σ from 0; (n,).
    """
    A, signs = equations.A.tocsr(), _term_signs(equations, positive)
    dropped, needed = (np.zeros(len(positive), dtype=bool) for _ in range(2))
    curved = np.zeros(A.shape[0], dtype=bool)
    for block in equations.blocks:
        curved[block.rows] = True
    for row in [*np.flatnonzero(curved), *np.flatnonzero(~curved)]:
        part = slice(A.indptr[row], A.indptr[row + 1])
        columns, values = A.indices[part], A.data[part]
        terms = signs[row]
        for sign in (1.0, -1.0):
            own = np.flatnonzero(values * sign > 0)
            others = np.delete(columns, own)
            if len(own) != 1 or not _one_sided(terms, -sign) or equations.b[row] * sign < 0:
                continue
            target, support = columns[own[0]], [*others, *terms[1]]
            open_ = equations.lower[target] == 0 and not needed[target] and not dropped[target]
            if open_ and positive[support].all() and not dropped[support].any():
                dropped[target] = True
                needed[support] = True
    return dropped


def _one_sided(terms: tuple[set[float], list[int]], sign: float) -> bool:
    return terms[0] <= {sign}


def _term_signs(
    equations: Equations, positive: np.ndarray
) -> dict[int, tuple[set[float], list[int]]]:
    """Return for each row the signs of its terms (NaN: unknown) and the quantities in them."""
    out: dict[int, tuple[set[float], list[int]]] = {
        row: (set(), []) for row in range(equations.A.shape[0])
    }
    for block in equations.blocks:
        positive_form = "-" not in block.shape and "**" not in block.shape
        fine = positive_form & (block.constants > 0).all(axis=1)
        for row, weight, quantities, usable in zip(
            block.rows.tolist(), block.coefficients, block.quantities, fine, strict=True
        ):
            out[row][0].add(float(np.sign(weight)) if usable else np.nan)
            out[row][1].extend(quantities.tolist())
    return out
