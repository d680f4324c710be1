"""What refinement leaves when it creeps: a Krylov method with the same factor.

Refinement multiplies the error along each direction by a constant; where the scale guessed for an
unmeasured quantity is far too small, by nearly 1. Such directions are few, and GMRES (Saad &
Schultz 1986) removes each with one solve. Its corrections lie in the space that refinement
searches, too, so nothing moves that no equation determines.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

Apply = Callable[[np.ndarray], np.ndarray]

DIRECTIONS, CYCLES = 20, 3
EXACT, CONTRADICTORY = 1e-12, 1e-4  # relative residuals between which it may help
GAIN = 1e-2  # what is not reduced to this share has another cause and stays


def worth_it(residual: float) -> bool:
    """Whether a residual is neither rounding nor a contradiction."""
    return EXACT < residual < CONTRADICTORY


def accelerated(
    u: np.ndarray, goal: np.ndarray, product: Apply, solve: Apply
) -> tuple[np.ndarray, float]:
    """Return a solution of ``product(u) = goal`` better than u, or u; and its residual.

    Parameters
    ----------
    u, goal
        Point where refinement stopped, and right-hand side, (k,).
    product, solve
        The matrix, and an approximate inverse.

    Returns
    -------
    u, residual
        The point and its largest residual relative to the largest entry of `goal`.
    """
    size = np.abs(goal).max(initial=0.0) or 1.0
    operator = LinearOperator((len(u),) * 2, matvec=lambda v: solve(product(v)), dtype=float)
    error = goal - product(u)
    first = worst = float(np.abs(error).max(initial=0.0)) / size
    best = u
    for _ in range(CYCLES):
        step, _ = gmres(operator, solve(error), rtol=1e-12, restart=DIRECTIONS, maxiter=1)
        new = best + step
        error = goal - product(new)
        now = float(np.abs(error).max(initial=0.0)) / size
        if not now < worst:
            break
        best, worst = new, now
        if now <= EXACT:
            break
    return (best, worst) if worst <= GAIN * first else (u, first)
