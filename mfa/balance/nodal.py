"""Nodal tests: whether what the data alone say of a process adds up.

For each balance ``r = Σ in − Σ out − Σ stock change`` of the data as given, its σ from theirs, and
``z = |r| / σ_r`` (Reilly & Carpani 1963; Mah, Stanley & Downing 1976). Balances that share a flow
nobody measured are tested together, as one node, which removes that flow; those that reach an
unmeasured import, export or stock change cannot be tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from mfa.balance.alike import covariance
from mfa.balance.data import merge
from mfa.balance.equations import BALANCE, CARRY, Equations, Observations
from mfa.balance.quantities import CHANGE
from mfa.balance.tests import critical_value


@dataclass(frozen=True)
class NodalTests:
    """One entry a node: the balances in it, the residual, its σ, and the test.

    Attributes
    ----------
    node
        Node of each balance (row of ``equations.balances``).
    residual, sd, normalised, p_value
        Of each node, in internal units; NaN where it cannot be tested.
    critical
        Two-sided critical value at 5 % over all nodes tested together.
    """

    node: np.ndarray
    residual: np.ndarray
    sd: np.ndarray
    normalised: np.ndarray
    p_value: np.ndarray
    critical: float


def nodal_tests(equations: Equations, given: Observations, x: np.ndarray) -> NodalTests:
    """Test all balances; `given` are the observations as stated, `x` the account."""
    from scipy.special import ndtr

    A = equations.A[np.flatnonzero(equations.row_kind == BALANCE)]
    value, known, weights = data_alone(equations, given, x)
    unknown = A[:, np.flatnonzero(~known)]
    shared = abs(unknown) @ abs(unknown).T
    count, node = sp.csgraph.connected_components(shared, directed=False)
    member = sp.csr_array(
        (np.ones(len(node)), (node, np.arange(len(node)))), shape=(count, len(node))
    )
    left = abs(member @ unknown).sum(axis=1)
    effect = (member @ A @ weights).tocsr()
    uncertain = np.flatnonzero(given.sd > 0)
    variance = np.asarray((effect @ covariance(given, uncertain)).multiply(effect).sum(axis=1))
    testable = (left == 0) & (variance > 0)
    residual = np.where(testable, member @ (A @ np.where(known, value, 0.0)), np.nan)
    sd = np.where(testable, np.sqrt(np.maximum(variance, 0.0)), np.nan)
    z = np.abs(residual) / sd
    return NodalTests(node, residual, sd, z, 2 * ndtr(-z), critical_value(int(testable.sum())))


def data_alone(
    equations: Equations, given: Observations, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, sp.csr_array]:
    """Return what the data say of each quantity by itself.

    Besides what is observed that is what was given as value × factor, and the change of a stock
    between two observed levels.

    Returns
    -------
    value, known, weights
        Values (n,), whether there is one (n,), and the derivatives of the values by the uncertain
        observations, n × k.
    """
    e, n = equations, equations.quantities.count
    data = merge(given, n, e.lower, e.upper)
    known = ~np.isnan(data.mean)
    value = np.where(known, data.mean, x)
    index, precision = given.index[data.uncertain], given.sd[data.uncertain] ** -2.0
    total = np.bincount(index, precision, minlength=n)
    share = np.where(data.fixed[index], 0.0, precision / np.where(total > 0, total, 1.0)[index])
    k = len(index)
    weights = sp.csr_array((share, (index, np.arange(k))), shape=(n, k))
    target, line = _definitions(e, known)
    J = e.jacobian(value)[line]
    at = sp.csr_array((np.ones(len(line)), (np.arange(len(line)), target)), shape=J.shape)
    own = np.asarray(J.multiply(at).sum(axis=1)).ravel()
    J = (J - J.multiply(at)).tocsr()
    fine = (abs(J) @ (~known).astype(float) == 0) & (own != 0)
    target, line, own, J = target[fine], line[fine], own[fine], J[np.flatnonzero(fine)]
    value[target] -= e.residual(value)[line] / own
    known[target] = True
    place = sp.csr_array((-1.0 / own, (target, np.arange(len(target)))), shape=(n, len(target)))
    return value, known, (weights + place @ (J @ weights)).tocsr()


def _definitions(e: Equations, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return quantities without data that one row gives from others, and these rows."""
    pairs = dict(e.factored.values())
    kinds = np.append(e.quantities.kinds, np.full(len(known) - len(e.quantities.kinds), -1))
    for line in np.flatnonzero(e.row_kind == CARRY):
        columns = e.A.indices[e.A.indptr[line] : e.A.indptr[line + 1]]
        for column in columns[kinds[columns] == CHANGE]:
            pairs.setdefault(int(column), int(line))
    wanted = [(target, line) for target, line in pairs.items() if not known[target]]
    out = np.array(wanted, dtype=np.int64).reshape(-1, 2)
    return out[:, 0], out[:, 1]
