"""What reconciliation found: values, multipliers, active bounds and the factor at the solution."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from mfa.balance.data import Data
from mfa.balance.equations import Observations
from mfa.balance.kkt import KKT


@dataclass
class Solution:
    """What reconciliation found, in internal units.

    ``x`` (n,), multipliers of the rows and of the bounds, the active bounds, χ², and whether and in
    how many iterations it converged. ``kkt`` is the factor at the solution without active bounds,
    over the quantities `unfixed`. ``observations`` are the normal data that stand for those given
    at the solution (the same when all are normal), ``weights`` what a robust balance left of each.
    ``begin`` is where the iteration began, (n,).
    """

    x: np.ndarray
    multipliers: np.ndarray
    active: np.ndarray
    chi2: float
    iterations: int
    converged: bool
    data: Data
    unfixed: np.ndarray
    kkt: KKT | None = None
    jacobian: sp.csr_array | None = None
    residual: np.ndarray = field(default_factory=lambda: np.zeros(0))
    observations: Observations | None = None
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    begin: np.ndarray = field(default_factory=lambda: np.zeros(0))
