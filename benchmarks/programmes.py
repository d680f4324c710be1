"""The same draws through PIQP, a quadratic programme after another: what ensembles compete with.

Everything is arranged in PIQP's favour: quantities and rows are scaled, the structure is set up
once, each programme is an `update` (an interior-point method has no use for a warm start), and only
`update` and `solve` are timed, not what prepares their numbers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import piqp
import scipy.sparse as sp

from mfa.account import Account
from mfa.balance.data import merge
from mfa.balance.distribution import Likelihood
from mfa.balance.ensemble import Sampler

WEAK = 1e-9  # makes programmes with unmeasured quantities definite
STEPS = 25
SAME = 1e-6  # in units of a quantity's uncertainty
CLOSED = 1e-8


@dataclass
class Programmes:
    """Programmes of the draws of one account.

    Attributes
    ----------
    seconds, solved
        Processor time spent in PIQP, and number of programmes.
    """

    account: Account
    sampler: Sampler
    seconds: float = 0.0
    solved: int = 0

    def __post_init__(self) -> None:
        e, solution = self.account.equations, self.account.solution
        self.unfixed, self.kkt = solution.unfixed, solution.kkt
        self.D = sp.diags_array(self.kkt.column_scale)
        self.R = sp.diags_array(self.kkt.row_scale)
        self.low = e.lower[self.unfixed] / self.kkt.column_scale
        self.high = e.upper[self.unfixed] / self.kkt.column_scale
        self.pattern = sp.csr_array(abs(self._rows(solution.x)) * 0.0)
        for factor in (0.97, 1.03):
            self.pattern += abs(self._rows(solution.x * factor + 1e-3))
        self.pattern.data[:] = 0.0
        self.solver = piqp.SparseSolver()
        W, g = self._data(solution.observations)
        self.solver.setup(
            self._weights(W),
            -g,
            self._matrix(solution.x),
            np.zeros(self.kkt.m),
            x_l=self.low,
            x_u=self.high,
        )

    def _rows(self, x: np.ndarray) -> sp.csr_array:
        return (self.R @ self.account.equations.jacobian(x)[:, self.unfixed] @ self.D).tocsr()

    def _matrix(self, x: np.ndarray) -> sp.csc_matrix:
        """Return the scaled Jacobian with the same stored entries whatever x."""
        rows, stored = self._rows(x), self.pattern.tocoo()
        values = np.asarray(rows[stored.row, stored.col]).ravel()
        return sp.csc_matrix(sp.coo_matrix((values, (stored.row, stored.col)), rows.shape))

    def _data(self, observations: object) -> tuple[sp.csr_array, np.ndarray]:
        """Return weights and gradient at 0 of normal data, scaled."""
        e = self.account.equations
        data = merge(observations, len(e.lower), e.lower, e.upper)
        W = data.W[self.unfixed][:, self.unfixed]
        return (self.D @ W @ self.D).tocsr(), data.gradient0[self.unfixed] * self.kkt.column_scale

    def _weights(self, W: sp.csr_array) -> sp.csc_matrix:
        return sp.csc_matrix(W + WEAK * sp.eye_array(self.kkt.n))

    def _solve(self, **changes: object) -> np.ndarray:
        begin = time.process_time()
        self.solver.update(**changes)
        self.solver.solve()
        self.seconds += time.process_time() - begin
        self.solved += 1
        fine = self.solver.result.info.status == piqp.PIQP_SOLVED
        return np.array(self.solver.result.x) if fine else np.full(self.kkt.n, np.nan)

    def once(self, data: np.ndarray) -> np.ndarray:
        """Return the draws of the system linearised at the account, a programme each."""
        e, x = self.account.equations, self.account.solution.x
        A = self._matrix(x)
        b = A @ (x[self.unfixed] / self.kkt.column_scale) - self.kkt.row_scale * e.residual(x)
        out = np.repeat(x[None], data.shape[1], axis=0)
        at = e.observations.index[self.sampler.likelihood.uncertain]
        place = np.full(len(x), -1)
        place[self.unfixed] = np.arange(len(self.unfixed))
        W, _ = self._data(self.account.solution.observations)
        self.solver.update(P=self._weights(W), A=A, b=b)
        for draw, values in enumerate(data.T):
            g = np.zeros(self.kkt.n)
            np.add.at(g, place[at], self.sampler.inverse @ (values - x[at]))
            g = g * self.kkt.column_scale + W @ (x[self.unfixed] / self.kkt.column_scale)
            out[draw, self.unfixed] = self._solve(c=-g) * self.kkt.column_scale
        return out

    def until_settled(self, data: np.ndarray) -> np.ndarray:
        """Return the draws of the system itself, a sequence of programmes (SQP) each.

        A draw that does not settle in `STEPS` is NaN, and what was spent on it does not count.
        """
        out = []
        for values in data.T:
            before = self.seconds, self.solved
            x, settled = self._sequence(values)
            if not settled:
                (self.seconds, self.solved), x[:] = before, np.nan
            out.append(x)
        return np.array(out)

    def _sequence(self, values: np.ndarray) -> tuple[np.ndarray, bool]:
        e, x = self.account.equations, self.account.solution.x.copy()
        likelihood = Likelihood.of(self.sampler.likelihood.with_values(values))
        for _ in range(STEPS):
            W, g = self._data(likelihood.working(x, curved=True))
            A, y = self._matrix(x), x[self.unfixed] / self.kkt.column_scale
            b = A @ y - self.kkt.row_scale * e.residual(x)
            new = self._solve(P=self._weights(W), c=-g - WEAK * y, A=A, b=b)
            if np.isnan(new).any():
                break
            x[self.unfixed] = new * self.kkt.column_scale
            closed = np.abs(self.kkt.row_scale * e.residual(x)).max(initial=0.0) <= CLOSED
            if closed and np.abs(new - y).max() <= SAME:
                return x, True
        return x, False
