"""One quadratic programme with bounds: PIQP finds the active set, an exact solution on it follows."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance.kkt import KKT

MAX_EXCHANGES = 25


def bounded_step(
    kkt: KKT,
    W: sp.csr_array,
    J: sp.csr_array,
    gradient: np.ndarray,
    f: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    guess: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise ``½ dᵀWd − gradientᵀd`` subject to ``J d = −f`` and ``lower ≤ d ≤ upper``.

    Parameters
    ----------
    kkt
        Factor of the same W and J without bounds; gives the scales.
    guess
        Active set to try first: −1 at the lower bound, +1 at the upper, 0 between; (n,).

    Returns
    -------
    step, multipliers, active
        The optimal step (n,), the multipliers of the rows (m,), and the active set.
    """
    if guess.any():
        found = _exchange(kkt, W, J, gradient, f, lower, upper, guess.copy(), rounds=3)
        if found is not None:
            return found
    step, multipliers, active = _interior(kkt, gradient, f, lower, upper)
    polished = _exchange(kkt, W, J, gradient, f, lower, upper, active)
    return polished if polished is not None else (step, multipliers, active)


def _interior(
    kkt: KKT, gradient: np.ndarray, f: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve in scaled units by PIQP's interior point method and read off the active set."""
    import piqp

    D, R = kkt.column_scale, kkt.row_scale
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-9
    solver.settings.max_iter = 500
    P = sp.csc_matrix(kkt.W + 1e-12 * sp.eye_array(kkt.n))
    low, high = lower / D, upper / D
    solver.setup(P, -gradient * D, sp.csc_matrix(kkt.J), -f * R, x_l=low, x_u=high)
    solver.solve()
    y = np.clip(np.asarray(solver.result.x), low, high)
    pull_low, pull_high = np.asarray(solver.result.z_bl), np.asarray(solver.result.z_bu)
    active = np.zeros(kkt.n, dtype=np.int8)
    active[(pull_low > y - low) & np.isfinite(low)] = -1
    active[(pull_high > high - y) & np.isfinite(high)] = 1
    return y * D, np.asarray(solver.result.y) * R, active


def _exchange(
    kkt: KKT,
    W: sp.csr_array,
    J: sp.csr_array,
    gradient: np.ndarray,
    f: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    active: np.ndarray,
    rounds: int = MAX_EXCHANGES,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Solve exactly on the active set, exchanging wrong indices; None when it does not settle."""
    scale = kkt.column_scale
    for _ in range(rounds):
        step, multipliers, residual = _on_active(W, J, gradient, f, lower, upper, active, scale)
        if residual > 1e-8:
            return None
        pull = (W @ step + J.T @ multipliers - gradient) * scale
        slack = 1e-9 * scale
        release = ((active < 0) & (pull < -1e-7)) | ((active > 0) & (pull > 1e-7))
        below = (active == 0) & (step < lower - slack)
        above = (active == 0) & (step > upper + slack)
        if not (release.any() or below.any() or above.any()):
            return np.clip(step, lower, upper), multipliers, active
        active[release] = 0
        active[below], active[above] = -1, 1
    return None


def _on_active(
    W: sp.csr_array,
    J: sp.csr_array,
    gradient: np.ndarray,
    f: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    active: np.ndarray,
    scale: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Solve the equality problem with the active quantities held at their bounds."""
    step = np.where(active < 0, lower, np.where(active > 0, upper, 0.0))
    inside = np.flatnonzero(active == 0)
    inner = KKT(W[inside][:, inside].tocsr(), J[:, inside].tocsr(), scale[inside])
    part, multipliers, residual = inner.solve((gradient - W @ step)[inside], -f - J @ step)
    step[inside] = part
    return step, multipliers, residual
