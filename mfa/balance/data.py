"""The observations as the engine needs them: merged by quantity, weighted, constants apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from mfa.balance.equations import Observations
from mfa.errors import InputError, Problem


@dataclass
class Data:
    """Observations merged by quantity: ``W = Hᵀ V⁻¹ H``, the weighted means and the constants.

    Attributes
    ----------
    W
        Weights, n × n.
    mean
        W⁻¹-weighted mean of the observations of each quantity, NaN where there is none; (n,).
    gradient0
        ``Hᵀ V⁻¹ z``, shape (n,).
    inverse
        V⁻¹ of the uncertain observations, in the order `uncertain`.
    uncertain, exact
        Positions of observations with σ > 0 and with σ = 0.
    fixed
        Whether each quantity is a constant; (n,).
    """

    W: sp.csr_array
    mean: np.ndarray
    gradient0: np.ndarray
    inverse: sp.csr_array
    uncertain: np.ndarray
    exact: np.ndarray
    fixed: np.ndarray


def merge(observations: Observations, n: int, lower: np.ndarray, upper: np.ndarray) -> Data:
    """Merge several observations of one quantity and set the exact ones apart.

    Raises
    ------
    InputError
        The stated correlations are impossible (their covariance is not positive definite).
    """
    exact = np.flatnonzero(observations.sd == 0)
    uncertain = np.flatnonzero(observations.sd > 0)
    inverse = inverse_covariance(observations, uncertain)
    index, value = observations.index[uncertain], observations.value[uncertain]
    own = 1.0 / observations.sd[uncertain] ** 2
    count = np.bincount(index, minlength=n)
    precision = np.bincount(index, own, minlength=n)
    total = np.bincount(index, own * value, minlength=n)
    if observations.covariance:
        k = len(uncertain)
        H = sp.csr_array((np.ones(k), (np.arange(k), index)), shape=(k, n))
        W, gradient0 = (H.T @ inverse @ H).tocsr(), H.T @ (inverse @ value)
    else:
        W, gradient0 = _diagonal(precision, count > 0), total.copy()
    mean = np.full(n, np.nan)
    mean[count > 0] = total[count > 0] / precision[count > 0]
    fixed = (lower == upper).copy()
    fixed[observations.index[exact]] = True
    mean[lower == upper] = lower[lower == upper]
    mean[observations.index[exact]] = observations.value[exact]
    return Data(W, mean, gradient0, inverse, uncertain, exact, fixed)


def _diagonal(values: np.ndarray, there: np.ndarray) -> sp.csr_array:
    """Return a diagonal matrix that stores the entries that are `there`."""
    at, n = np.flatnonzero(there), len(values)
    start = np.concatenate([[0], np.cumsum(there)])
    return sp.csr_array((values[at], at, start), shape=(n, n))


def inverse_covariance(observations: Observations, uncertain: np.ndarray) -> sp.csr_array:
    """Return V⁻¹ of the uncertain observations, block by block of correlated ones."""
    variance = observations.sd[uncertain] ** 2
    if not observations.covariance:
        return sp.csr_array(sp.diags_array(1.0 / variance))
    position = {int(row): k for k, row in enumerate(uncertain)}
    pairs = [
        (position[i], position[j], v)
        for i, j, v in observations.covariance
        if i in position and j in position
    ]
    V = sp.lil_array((len(uncertain), len(uncertain)))
    V.setdiag(variance)
    for i, j, value in pairs:
        V[i, j] = V[j, i] = value
    V = V.tocsr()
    _, group = sp.csgraph.connected_components(V, directed=False)
    diagonal = 1.0 / variance
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for label in np.flatnonzero(np.bincount(group) > 1):
        members = np.flatnonzero(group == label)
        block = V[members][:, members].toarray()
        scale = np.sqrt(np.diag(block))
        if np.linalg.eigvalsh(block / np.outer(scale, scale))[0] <= 1e-10:
            raise InputError(
                [
                    Problem(
                        "correlations-impossible",
                        "The stated correlations cannot hold together: their "
                        "matrix is not positive definite. Make some of them weaker.",
                        {},
                    )
                ]
            )
        i, j = np.meshgrid(members, members, indexing="ij")
        entries.append((i.ravel(), j.ravel(), np.linalg.inv(block).ravel()))
        diagonal[members] = 0.0
    size = len(uncertain)
    out = sp.csr_array(sp.diags_array(diagonal))
    for i, j, v in entries:
        out = out + sp.csr_array(sp.coo_array((v, (i, j)), shape=(size, size)))
    return out.tocsr()
