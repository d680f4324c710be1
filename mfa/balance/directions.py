"""Which free quantities hang together: one further datum settles all that move in one direction.

The free quantities may move along the null space of the relations. A datum on one of them takes
away one direction; it settles another exactly when the rows of the two in a basis of that space are
proportional. Random vectors projected on the null space show it: with probability one their entries
for two quantities are proportional exactly when those rows are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from mfa.balance.classify import EXACT, even_scales
from mfa.balance.kkt import KKT
from mfa.balance.solution import Solution

PROBES = 8
ALIKE = 1e-6


@dataclass(frozen=True)
class FreeDirections:
    """Random null-space directions of the free quantities.

    Attributes
    ----------
    index
        The free quantities, hidden ones included, (f,).
    vectors
        Their entries in `PROBES` random directions, well scaled, (f, PROBES).
    factor
        Internal units per unit of `vectors`, (f,).
    """

    index: np.ndarray
    vectors: np.ndarray
    factor: np.ndarray

    def groups(self) -> np.ndarray:
        """Return the group of each free quantity, (f,), numbered by first appearance."""
        size = np.linalg.norm(self.vectors, axis=1)
        unit = self.vectors / np.where(size > 0, size, 1.0)[:, None]
        lead = np.take_along_axis(unit, np.abs(unit).argmax(axis=1)[:, None], axis=1)
        unit = unit * np.sign(lead)
        # Along a random line equal directions lie together; in a run of near points compare all.
        along = unit @ np.random.default_rng(11).normal(size=self.vectors.shape[1])
        order = np.argsort(along, kind="stable")
        label = np.full(len(along), -1)
        leaders: list[int] = []
        previous = -np.inf
        for k in order:
            if along[k] - previous > ALIKE:
                leaders = []
            previous = along[k]
            same = [j for j in leaders if np.abs(unit[j] - unit[k]).max() < ALIKE]
            label[k] = label[same[0]] if same else k
            leaders += [] if same else [int(k)]
        _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[inverse]

    def settling(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the free quantities of which one datum settles ``weights · x``, and the ratios.

        With ratio a for quantity j, ``weights · x − a x_j`` is determined by the data.
        """
        scaled = self.vectors * self.factor[:, None]
        wanted = weights[self.index] @ scaled
        own = (scaled**2).sum(axis=1)
        ratio = scaled @ wanted / np.where(own > 0, own, 1.0)
        miss = np.abs(wanted - ratio[:, None] * scaled).max(axis=1, initial=0.0)
        alike = miss <= ALIKE * np.abs(wanted).max(initial=0.0)
        return self.index[alike], ratio[alike]


def free_directions(solution: Solution, free: np.ndarray) -> FreeDirections:
    """Return the directions in which the free quantities may move.

    Parameters
    ----------
    free
        Whether each quantity is free, (n,).
    """
    assert solution.jacobian is not None
    assert solution.kkt is not None
    inner = np.flatnonzero(free[solution.unfixed])
    J, found = solution.jacobian, []
    for units in (even_scales(J), solution.kkt.column_scale):  # as for the status
        scale = units[inner]
        vectors, norm, left = _null_vectors((J[:, inner] @ sp.diags_array(scale)).tocsr())
        found.append((left, vectors, scale / norm))
        if left <= EXACT:
            break
    _, vectors, factor = min(found, key=lambda one: one[0])
    return FreeDirections(solution.unfixed[inner], vectors, factor)


def _null_vectors(columns: sp.csr_array) -> tuple[np.ndarray, np.ndarray, float]:
    """Return random null vectors of the columns made unit, their norms, and what is left open."""
    columns = columns[np.flatnonzero(np.diff(columns.indptr))]
    norm = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
    norm = np.where(norm > 0, norm, 1.0)
    m, k = columns.shape
    draws = np.random.default_rng(5).uniform(0.5, 1.5, (k, PROBES))
    draws *= np.where(np.random.default_rng(6).random((k, PROBES)) < 0.5, -1.0, 1.0)
    if not m or not k:
        return draws, norm, 0.0
    unit = (columns @ sp.diags_array(1.0 / norm)).tocsr()
    kkt = KKT(sp.csr_array(sp.eye_array(k)), unit, np.ones(k), regular=True)
    vectors, _, left = kkt.solve(draws, np.zeros((m, PROBES)))
    return vectors, norm, left
