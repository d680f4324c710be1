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
    division
        Blocks of the system, see `mfa.balance.kkt.KKT`; over all n quantities.
    """
    status = np.full(n, FIXED, dtype=np.int8)
    probes = np.zeros((n, PROBES))
    if kernel.compiled(J.shape[0]) and division is None:
        found = network_status(J, measured, repeated)
        if found is not None:
            status[unfixed], probes[unfixed] = found
            return Classification(status, probes)
    columns = _unit_rows((J @ sp.diags_array(scale)).tocsc())
    free, known = np.flatnonzero(~measured), np.flatnonzero(measured)
    part = None if division is None else division.of(unfixed[free])
    kkt, norm = _unmeasured(columns[:, free], part)
    directions = _null_probe(kkt, len(free), columns.shape[0])
    observable = np.abs(directions).max(axis=1, initial=0.0) < ZERO
    status[unfixed[free]] = np.where(observable, DETERMINED, FREE)
    step = directions * (scale[free] / norm)[:, None]
    probes[unfixed[free]] = np.where(observable[:, None], 0.0, step)
    checked = _checked(columns[:, known], kkt) | repeated[known]
    status[unfixed[known]] = np.where(checked, RECONCILED, MEASURED)
    return Classification(status, probes)


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


def _null_probe(kkt: KKT | None, k: int, m: int) -> np.ndarray:
    """Return random vectors projected on the null space of the unmeasured columns, k × probes."""
    if kkt is None:
        return _random(k)
    return kkt.solve(_random(k), np.zeros((m, PROBES)))[0]


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
