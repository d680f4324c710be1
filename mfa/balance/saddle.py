"""Whether a solution is only a saddle: stationary, but along some direction the misfit falls.

Gauss–Newton goes to any stationary point. From x = y the step for ``x + y = a, x · y = b`` keeps x
and y equal, and ends where that fits best, though unequal values fit better. There the second
derivatives of the Lagrange function, ``W + Σ λᵢ ∇²fᵢ``, are not positive along the relations
(Nocedal & Wright 2006, Numerical Optimization, theorem 12.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.equations import Equations

if TYPE_CHECKING:
    from mfa.balance.solution import Solution

LARGEST = 300  # quantities up to which dense algebra is cheap
FITS = 1e-6  # χ² below which nothing is gained
RANK, NEGATIVE = 1e-8, 1e-4
STEP = 1e-4


def ways_down(e: Equations, solution: Solution) -> list[np.ndarray]:
    """Return points (n,) on both sides of a saddle, along the steepest way down; none elsewhere."""
    inner, kkt = solution.unfixed, solution.kkt
    if e.linear or len(inner) > LARGEST or solution.chi2 < FITS or kkt is None:
        return []
    assert solution.jacobian is not None
    scale = kkt.column_scale
    with np.errstate(all="ignore"):
        J = (solution.jacobian.toarray() * scale) * kkt.row_scale[:, None]
    if not np.isfinite(J).all():
        return []
    J = np.vstack([J, np.eye(len(inner))[solution.active != 0]])
    _, size, right = np.linalg.svd(J)
    Z = right[int((size > RANK * size.max(initial=1.0)).sum()) :].T
    if not Z.shape[1]:
        return []
    W = solution.data.W[inner][:, inner].toarray() * scale * scale[:, None]
    bent = [_bent(e, solution, scale * direction) * scale for direction in Z.T]
    reduced = Z.T @ (W @ Z + np.array(bent).T)
    if not np.isfinite(reduced).all():
        return []
    lowest, vectors = np.linalg.eigh((reduced + reduced.T) / 2)
    if lowest[0] > -NEGATIVE:
        return []
    length = np.sqrt(solution.chi2 / -lowest[0])
    points = []
    for sign in (1.0, -1.0):
        point = solution.x.copy()
        point[inner] += sign * length * scale * (Z @ vectors[:, 0])
        points.append(np.clip(point, e.lower, e.upper))
    return points


def _bent(e: Equations, solution: Solution, direction: np.ndarray) -> np.ndarray:
    """Return ``Σ λᵢ ∇²fᵢ`` times a direction, by differences of the Jacobian; (u,)."""
    whole = np.zeros(len(solution.x))
    whole[solution.unfixed] = direction
    size = np.maximum(np.abs(solution.x), np.abs(whole))
    reach = np.abs(whole[size > 0] / size[size > 0]).max(initial=0.0)
    h = STEP / reach if reach > 0 else STEP
    ends = (e.jacobian(solution.x + sign * h * whole) for sign in (1.0, -1.0))
    up, down = (J.T @ solution.multipliers for J in ends)
    return ((up - down) / (2 * h))[solution.unfixed]
