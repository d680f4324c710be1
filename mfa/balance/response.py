"""How an account answers to a push: its linearised system solved for many right-hand sides.

Two ways with one face. Up to `KEPT` unknowns the inverse is kept and an answer is a product (mostly
a sparse one: what is far apart in a city does not move together); beyond, each answer is a solve
with the sparse factor, 64 at a time.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import scipy.sparse as sp

from mfa.balance.ensemble_bounds import Covariances
from mfa.balance.kkt import CHUNK, KKT

KEPT = 3000
SWEEPS = 8
NOTHING = 1e-13  # what is less than this part of a column is rounding
SPARSE = 0.2


class Answers(Protocol):
    """What gives the answers to pushes of one kind by ``answers @ pushes``."""

    def __matmul__(self, pushes: np.ndarray) -> np.ndarray:
        """Return (X, λ) stacked, (n + curved rows) × draws, for pushes (kinds × draws)."""


class Response:
    """Solutions of ``[W Jᵀ; J 0] (X, λ) = B p``: X of all quantities, λ of the curved rows.

    Parameters
    ----------
    kkt
        Factor of the system.
    rows
        The curved rows: those that can be pushed and whose multipliers are wanted.
    kept
        Up to how many unknowns the inverse is kept; default: `KEPT`.
    """

    def __init__(self, kkt: KKT, rows: np.ndarray, kept: int | None = None) -> None:
        self.kkt, self.rows = kkt, rows
        self.size = kkt.n + len(rows)
        self.scale = np.concatenate([kkt.column_scale, kkt.row_scale[rows]])
        self.inverse: np.ndarray | None = None
        if self.size <= (KEPT if kept is None else kept):
            self.inverse = self.solved(sp.eye_array(self.size, format="csc"))

    def to(self, pushes: sp.csc_array, entries: np.ndarray | None = None) -> Answers:
        """Return what answers to pushes whose right-hand sides are the columns of `pushes`.

        Parameters
        ----------
        pushes
            B, sparse, (n + curved rows) × kinds.
        entries
            The entries of (X, λ) that are wanted; default: all.
        """
        entries = np.arange(self.size) if entries is None else entries
        if self.inverse is None and pushes.shape[1] * self.size > KEPT**2:
            return _Solver(self, pushes, entries)
        if self.inverse is None:
            return lean(self.solved(pushes)[entries], self.scale[entries])
        return lean((pushes.T @ self.inverse[:, entries]).T, self.scale[entries])

    def covariances(self, quantities: np.ndarray, entries: np.ndarray) -> Covariances:
        """Return the covariances of `quantities` with `entries`, of which they are the first."""
        if self.inverse is None:
            return _Solved(self, quantities, entries)
        columns = self.inverse[np.ix_(entries, quantities)]
        return _Kept(columns[: len(quantities)], lean(columns, self.scale[entries]))

    def variances(self, quantities: np.ndarray) -> np.ndarray:
        """Return the posterior variances of `quantities`."""
        if self.inverse is not None:
            return np.diag(self.inverse)[quantities].copy()
        out = np.empty(len(quantities))
        for start in range(0, len(quantities), CHUNK):
            part = quantities[start : start + CHUNK]
            columns = self.solved(unit_columns(part, self.size))
            out[start : start + CHUNK] = columns[part, np.arange(len(part))]
        return out

    def solved(self, right: sp.csc_array) -> np.ndarray:
        """Return the answers to sparse right-hand sides, (n + curved rows) × k."""
        out = np.empty((self.size, right.shape[1]))
        for start in range(0, right.shape[1], CHUNK):
            part = slice(start, start + CHUNK)
            out[:, part] = self.solve(right[:, part].toarray(), 60)
        return out

    def solve(self, right: np.ndarray, sweeps: int = SWEEPS) -> np.ndarray:
        """Return the answers to at most 64 dense right-hand sides."""
        n = self.kkt.n
        dual = np.zeros((self.kkt.m, right.shape[1]))
        dual[self.rows] = right[n:]
        x, multipliers, _ = self.kkt.solve(right[:n], dual, sweeps=sweeps)
        return np.concatenate([x, multipliers[self.rows]])


class _Solver:
    """Answers by the sparse factor."""

    def __init__(self, response: Response, pushes: sp.csc_array, entries: np.ndarray) -> None:
        self.response, self.pushes, self.entries = response, pushes, entries

    def __matmul__(self, pushes: np.ndarray) -> np.ndarray:
        parts = [
            self.response.solve(self.pushes @ pushes[:, start : start + CHUNK])[self.entries]
            for start in range(0, pushes.shape[1], CHUNK)
        ]
        return np.concatenate(parts, axis=1)


class _Kept:
    """Covariances from the inverse."""

    def __init__(self, among: np.ndarray, columns: np.ndarray | sp.csr_array) -> None:
        self.among, self.columns = among, columns

    def block(self, at: np.ndarray) -> np.ndarray:
        return self.among[np.ix_(at, at)]

    def pushed(self, at: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        if isinstance(self.columns, np.ndarray):
            return self.columns[:, at] @ multipliers
        full = np.zeros((self.columns.shape[1], multipliers.shape[1]))
        full[at] = multipliers
        return self.columns @ full


class _Solved:
    """Covariances by the sparse factor."""

    def __init__(self, response: Response, quantities: np.ndarray, entries: np.ndarray) -> None:
        self.response, self.quantities, self.entries = response, quantities, entries

    def block(self, at: np.ndarray) -> np.ndarray:
        places = self.quantities[at]
        return self.response.solved(unit_columns(places, self.response.size))[places]

    def pushed(self, at: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        pushes = unit_columns(self.quantities[at], self.response.size)
        return _Solver(self.response, pushes, self.entries) @ multipliers


def lean(answers: np.ndarray, scale: np.ndarray) -> np.ndarray | sp.csr_array:
    """Return a matrix of answers as a sparse one when few of its entries count.

    Parameters
    ----------
    scale
        Sizes of the entries answered for, (rows,).
    """
    size = np.abs(answers) / scale[:, None]
    counts = size > NOTHING * size.max(axis=0, initial=0.0)
    answers = np.where(counts, answers, 0.0)
    return sp.csr_array(answers) if counts.sum() < SPARSE * counts.size else answers


def unit_columns(places: np.ndarray, size: int) -> sp.csc_array:
    """Return unit vectors at `places` as columns; a place of −1 gives a column of zeros."""
    used = np.flatnonzero(places >= 0)
    entries = (np.ones(len(used)), (places[used], used))
    return sp.csc_array(sp.coo_array(entries, shape=(size, len(places))))
