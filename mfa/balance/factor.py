"""What both back ends of `kernel` share: a factor that solves and gives entries of the inverse."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from mfa.balance.symbolic import Symbolic

# Right-hand sides solved together: more do not fit the fast caches.
CHUNK = 64
# A pivot as negative as this, relative to its diagonal, is not rounding.
INDEFINITE = -1e-8


class Factor(ABC):
    """Factor of a symmetric positive semidefinite matrix N.

    A row whose pivot vanishes depends on the rows before it. It is *dropped*, as if its pivot were
    infinite: its component of every solution and its row and column of N⁻¹ are 0. For a right-hand
    side in the range of N the solution solves the whole system.

    Attributes
    ----------
    symbolic
        Order and structure, for further matrices with the same pattern.
    dropped
        Indices of the dropped rows, ascending.
    """

    symbolic: Symbolic
    dropped: np.ndarray

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.symbolic.order)

    @property
    def backend(self) -> str:
        """``"splu"`` or ``"numba"``."""
        return self.symbolic.backend

    def solve(self, B: np.ndarray) -> np.ndarray:
        """Return X with N X = B.

        Parameters
        ----------
        B
            One right-hand side (n,) or k of them (n, k).

        Raises
        ------
        ValueError
            B has another number of rows.
        """
        B = np.asarray(B, float)
        if B.ndim not in (1, 2) or B.shape[0] != self.n:
            raise ValueError(f"B has shape {B.shape}; its first dimension must be {self.n}.")
        if B.ndim == 1 or B.shape[1] == 0:
            return self._solve(B) if B.ndim == 1 else B.copy()
        X = np.empty_like(B)
        for start in range(0, B.shape[1], CHUNK):
            X[:, start : start + CHUNK] = self._solve(B[:, start : start + CHUNK])
        return X

    def selected_inverse(self) -> sp.csc_array:
        """Return the entries of N⁻¹ where N has stored entries (all of the others are left out).

        Notes
        -----
        Takahashi's recurrence: with N = L D Lᵀ, the inverse Z satisfies
        Z = D⁻¹ L⁻¹ + (I − Lᵀ) Z, whose upper part gives Z on the pattern of L from the last row to
        the first.
        """
        pattern = self.symbolic.pattern
        return sp.csc_array(
            (self._inverse_entries.copy(), pattern.indices, pattern.indptr), shape=pattern.shape
        )

    @cached_property
    def _inverse_entries(self) -> np.ndarray:
        return self._invert()

    @abstractmethod
    def _solve(self, B: np.ndarray) -> np.ndarray:
        """Solve for one right-hand side (n,) or at most ``CHUNK`` of them (n, k)."""

    @abstractmethod
    def _invert(self) -> np.ndarray:
        """Return the values of N⁻¹ in the places of the stored entries of N."""


def check_definite(lowest: float) -> None:
    """Raise if the lowest pivot, relative to its diagonal, is negative beyond rounding.

    Raises
    ------
    numpy.linalg.LinAlgError
        The matrix is not positive semidefinite.
    """
    if lowest < INDEFINITE:
        raise np.linalg.LinAlgError("The matrix is not positive semidefinite.")
