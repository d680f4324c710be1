"""The covariance of two results that rest in part on the same observations.

A scenario's account and the reference are both, around their solutions, weighted sums of
observations: ``t = Σ K_i z_i`` (`mfa.balance.contribution`). What an intervention leaves alone is
the same observation on both sides, with the same error; what it multiplies has the same error in
proportion, beside that of the factor; what it sets has an error of its own. So, with R the
correlation of the observations of the case as it is and ρ what an edited one keeps of its error,

    cov(t_a, t_b) = Σ_pq  (ρ σ K)_a,p  R_pq  (ρ σ K)_b,q

over the rows p, q of the case. Two scenarios that set the same quantity are held to do so
independently.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System


def base_of(account: Account) -> System:
    """Return the system as it is, of which the account's may be a scenario."""
    applied = account.system.applied
    return applied.base if applied else account.system


def share_data(a: Account, b: Account) -> bool:
    """Return whether two different accounts are scenarios of one case, or one of them the case."""
    return a is not b and base_of(a) is base_of(b)


class SharedData:
    """What two accounts of one case have in common.

    Parameters
    ----------
    a, b
        Accounts for which `share_data` holds.
    """

    def __init__(self, a: Account, b: Account) -> None:
        self.a, self.b = a, b

    @cached_property
    def _correlation(self) -> sp.csr_array:
        """R: the correlation of the observations of the case as it is."""
        base = base_of(self.a)
        table = base.observations
        count = table.row_count
        ids, names = table.column("id"), table.column("quantity")
        R = sp.lil_array((count, count))
        R.setdiag(1.0)
        for first, second, rho in base.correlations:
            for i in np.flatnonzero((ids == first) | (names == first)):
                for j in np.flatnonzero((ids == second) | (names == second)):
                    if i != j:
                        R[i, j] = R[j, i] = rho
        return R.tocsr()

    def difference_sd(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return σ of ``after · x_b − before · x_a``.

        Parameters
        ----------
        before, after
            Gradients by the internal quantities of `a` (n_a × k) and of `b` (n_b × k).
        """
        variance_a, ours = self._parts(self.a, before)
        variance_b, theirs = self._parts(self.b, after)
        common = (ours * (self._correlation @ theirs)).sum(axis=0)
        variance = variance_a + variance_b - 2.0 * common
        # What rounding leaves where both sides rest on the same data alone is no uncertainty.
        least = 1e-12 * (variance_a + variance_b)
        return np.sqrt(np.where(variance > least, variance, 0.0))

    def _parts(self, account: Account, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the variances (k,), and ``ρ σ K`` by the rows of the case as it is (rows × k)."""
        solution, observations = account.solution, account.equations.observations
        assert solution.kkt is not None
        columns = np.zeros(weights.shape)
        inner = weights[solution.unfixed]
        columns[solution.unfixed] = solution.kkt.covariance_columns(inner)
        variance = np.maximum((weights * columns).sum(axis=0), 0.0)
        data = solution.data
        K = data.inverse @ columns[observations.index[data.uncertain]]
        scaled = K * observations.sd[data.uncertain][:, None]
        out = np.zeros((self._correlation.shape[0], weights.shape[1]))
        applied = account.system.applied
        if applied is None:
            out[data.uncertain] = scaled
            return variance, out
        row, ratio = applied.row[data.uncertain], applied.ratio[data.uncertain]
        kept = row >= 0
        out[row[kept]] = ratio[kept, None] * scaled[kept]
        return variance, out
