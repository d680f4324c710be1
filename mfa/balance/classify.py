"""The status of every quantity, from structure and numbers, without dense row reduction.

A random vector projected on the null space of the unmeasured columns has a zero exactly where the
relations and data determine a quantity; a random vector projected on the left null space shows,
seen through the measured columns, which data the relations can check (both with probability one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from mfa.balance import kernel
from mfa.balance.kkt import KKT
from mfa.balance.schur import lines_of

if TYPE_CHECKING:
    from mfa.balance.division import Division

STATUSES = ("reconciled", "measured", "determined", "free", "fixed")
RECONCILED, MEASURED, DETERMINED, FREE, FIXED = range(5)
PROBES = 2
ZERO = 1e-7
SWEEPS = 4
EXACT = 1e-10  # residual of a probe that can be trusted
ROUNDING = 1e-10  # of a row's largest term: slopes below it come from what should be 0


@dataclass
class Classification:
    """Status code of every quantity (n,), and null-space probes (n × k) of the undetermined ones.

    A combination ``w·x`` is determined by the data exactly when ``probesᵀ w`` vanishes.
    """

    status: np.ndarray
    probes: np.ndarray

    def determines(self, weights: np.ndarray) -> bool:
        """Return whether the data settle the combination with these weights (n,)."""
        part = self.probes * weights[:, None]
        size = np.abs(part).max(initial=0.0)
        return bool(size == 0 or np.abs(part.sum(axis=0)).max(initial=0.0) <= ZERO * size)


def classify(
    J: sp.csr_array,
    measured: np.ndarray,
    scale: np.ndarray,
    unfixed: np.ndarray,
    n: int,
    repeated: np.ndarray,
    curved: np.ndarray,
    division: Division | None = None,
) -> Classification:
    """Classify all quantities.

    Parameters
    ----------
    J
        Jacobian over the quantities that are not constants, m × u.
    measured
        Whether each of them is observed, (u,).
    scale
        Typical magnitude of each, (u,).
    unfixed
        Their indices among all n.
    repeated
        Whether each has more than one observation, (u,): such data check each other.
    curved
        Rows with nonlinear terms, whose slopes are subject to rounding.
    division
        Blocks of the system, see `mfa.balance.kkt.KKT`; over all n quantities.
    """
    status = np.full(n, FIXED, dtype=np.int8)
    probes = np.zeros((n, PROBES))
    J = _without_rounding(J, scale, curved)
    if kernel.compiled(J.shape[0]) and division is None:
        found = network_status(J, measured, repeated)
        if found is not None:
            status[unfixed], probes[unfixed] = found
            return Classification(status, probes)
    free, known = np.flatnonzero(~measured), np.flatnonzero(measured)
    part = None if division is None else division.of(unfixed[free])
    # Structure has nothing to do with σ, which may differ by many orders of magnitude; but where
    # coefficients do, too, σ may be the better units: what counts is that the probe is exact.
    tries = []
    for units in (even_scales(J), scale):
        columns = _unit_rows((J @ sp.diags_array(units)).tocsc())
        kkt, norm = _unmeasured(columns[:, free], part)
        directions, left = _null_probe(kkt, len(free), columns.shape[0])
        tries.append((left, units, columns, kkt, norm, directions))
        if left <= EXACT:
            break
    _, scale, columns, kkt, norm, directions = min(tries, key=lambda one: one[0])
    observable = np.abs(directions).max(axis=1, initial=0.0) < ZERO
    status[unfixed[free]] = np.where(observable, DETERMINED, FREE)
    step = directions * (scale[free] / norm)[:, None]
    probes[unfixed[free]] = np.where(observable[:, None], 0.0, step)
    checked = _checked(columns[:, known], kkt) | repeated[known]
    status[unfixed[known]] = np.where(checked, RECONCILED, MEASURED)
    return Classification(status, probes)


def even_scales(J: sp.csr_array) -> np.ndarray:
    """Return units of the columns in which the entries of each row are of one size, (n,).

    Rows and columns are divided by the geometric means of their entries in turn.

    Examples
    --------
    >>> even_scales(sp.csr_array([[1.0, -1000.0]])).round(3).tolist()
    [31.623, 0.032]
    """
    entries = J.tocoo()
    rows, columns, size = entries.row, entries.col, np.abs(entries.data)
    n = J.shape[1]
    if (size == 1.0).all():
        return np.ones(n)
    there = size > 0
    rows, columns, log = rows[there], columns[there], np.log(size[there])
    in_row = np.maximum(np.bincount(rows, minlength=J.shape[0]), 1)
    in_column = np.maximum(np.bincount(columns, minlength=n), 1)
    scale = np.zeros(n)
    for _ in range(SWEEPS):
        row = np.bincount(rows, log + scale[columns], minlength=J.shape[0]) / in_row
        scale = np.bincount(columns, row[rows] - log, minlength=n) / in_column
    return np.exp(scale)


def _without_rounding(J: sp.csr_array, scale: np.ndarray, curved: np.ndarray) -> sp.csr_array:
    """Return J without slopes that matter nothing beside the largest of a curved row."""
    if not len(curved):
        return J
    part = (J[curved] @ sp.diags_array(scale)).tocoo()
    size = np.abs(part.data)
    largest = np.zeros(part.shape[0])
    np.maximum.at(largest, part.row, size)
    small = size < ROUNDING * largest[part.row]
    if not small.any():
        return J
    keep = sp.coo_array(
        (J[curved[part.row[small]], part.col[small]], (curved[part.row[small]], part.col[small])),
        shape=J.shape,
    )
    out = (J - keep).tocsr()
    out.eliminate_zeros()
    return out


def network_status(
    J: sp.csr_array, measured: np.ndarray, repeated: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return status and probes from spanning trees alone; None if J is not that of a network.

    See `mfa.balance.cycles_numba`; needs numba.
    """
    from mfa.balance.cycles_numba import circulations, edges_of, opposite

    m, n = J.shape
    fits, ends, entries = edges_of(lines_of(J.T.tocsr()), m)
    if not fits or not opposite(ends, entries, m):
        return None
    probes = _random(n)
    marks = np.random.default_rng(11).integers(1, 2**63, size=n, dtype=np.uint64)
    free, part = circulations(ends, entries, ~measured, marks, probes, m)
    checked = (part[ends[:, 0]] != part[ends[:, 1]]) | repeated
    unknown = np.where(free, FREE, DETERMINED)
    return np.where(measured, np.where(checked, RECONCILED, MEASURED), unknown), probes


def _random(rows: int) -> np.ndarray:
    """Return reproducible random vectors with entries of size about one, never near zero."""
    draw = np.random.default_rng(20231).uniform(0.5, 1.5, size=(rows, PROBES))
    return draw * np.where(np.random.default_rng(7).random((rows, PROBES)) < 0.5, -1.0, 1.0)


def _unmeasured(columns: sp.csc_array, division: Division | None) -> tuple[KKT | None, np.ndarray]:
    """Return the factor of the unmeasured columns made unit, and their norms."""
    norm = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
    norm = np.where(norm > 0, norm, 1.0)
    m, k = columns.shape
    if not k or not m:
        return None, norm
    unit = (columns @ sp.diags_array(1.0 / norm)).tocsr()
    return KKT(
        sp.csr_array(sp.eye_array(k)), unit, np.ones(k), division=division, regular=True
    ), norm


def _null_probe(kkt: KKT | None, k: int, m: int) -> tuple[np.ndarray, float]:
    """Return random vectors projected on the null space of the unmeasured columns, k × probes.

    Also what is left of the residual.
    """
    if kkt is None:
        return _random(k), 0.0
    directions, _, left = kkt.solve(_random(k), np.zeros((m, PROBES)))
    return directions, left


def _checked(known: sp.csc_array, kkt: KKT | None) -> np.ndarray:
    """Return whether each measured quantity takes part in a check of the data."""
    m, count = known.shape
    if not count or not m:
        return np.zeros(count, dtype=bool)
    y = _random(m)
    y = y if kkt is None else kkt.left_null(y)
    seen = np.abs(known.T @ y).max(axis=1, initial=0.0)
    size = abs(known).T @ np.ones(m)
    return seen > ZERO * np.maximum(size, 1e-300)


def _unit_rows(columns: sp.csc_array) -> sp.csc_array:
    norm = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=1)).ravel())
    return (sp.diags_array(1.0 / np.where(norm > 0, norm, 1.0)) @ columns).tocsc()
