"""How far data lie from the quantities when they are not plain normal.

A log-normal datum z means: ln z is normal about ln x, with σ_ln = √ln(1 + (σ/z)²); z is the
*median*. Its residual is ln(x / z) / σ_ln. At a point x it is replaced by the normal datum that has
the same first derivative there, ``x (1 − ln(x/z))`` with σ = ``|x| σ_ln``; where the iteration
stands still, the misfit in the logarithms is smallest, and the replaced data give σ, χ² and tests
to first order. Six σ below the median, and below a twentieth of it, the logarithm goes on as a
straight line, so that 0 and what is beyond it have a misfit too. Triangular, uniform and interval
data keep their value and variance here; their shape is drawn in ensembles (`mfa.balance.draws`).

Sources: Narasimhan & Jordache (2000), ch. 5 (nonlinear observation functions); Huber (1964).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from mfa.balance.data import inverse_covariance
from mfa.balance.equations import Equations, Observations
from mfa.balance.robust import huber_limits, huber_loss, huber_weights
from mfa.errors import Problem
from mfa.locale import N_
from mfa.model.observation import Observation
from mfa.model.quality import Z95, parse_spread
from mfa.model.table import Table

NAMES = ("normal", "lognormal", "uniform", "triangular")
NORMAL, LOGNORMAL, UNIFORM, TRIANGULAR = range(4)
ALIASES = {"interval": "uniform", "": "normal"}
REACH, LEAST = 6.0, 0.05
LEAST_CURVATURE = 0.2
FAR_CURVATURE = 0.01


def shape_codes(names: np.ndarray) -> np.ndarray:
    """Return the code of each distribution name; shape (k,).

    Examples
    --------
    >>> shape_codes(np.array(["normal", "uniform", "lognormal"])).tolist()
    [0, 2, 1]
    """
    codes = np.zeros(len(names), dtype=np.int8)
    known = {name: code for code, name in enumerate(NAMES)}
    for name, code in [*known.items(), *((old, known[new]) for old, new in ALIASES.items())]:
        codes[names == name] = code
    return codes


def shape_column(table: Table[Observation]) -> np.ndarray:
    """Return the code of the distribution of each observation in `table`; shape (k,)."""
    code, names = table.coded("distribution")
    return shape_codes(np.array(names, dtype=object))[code] if len(code) else code.astype(np.int8)


def distribution_problems(table: Table[Observation]) -> list[Problem]:
    """Return a problem for each observation with an unknown or impossible distribution."""
    code, distinct = table.coded("distribution")
    if set(distinct) <= {"normal", *ALIASES}:
        return []
    names = table.column("distribution")
    known = np.array([str(name) in {*NAMES, *ALIASES} for name in distinct], dtype=bool)[code]
    value, sd = table.column("value").astype(float), table.column("sd").astype(float)
    nothing = (names == "lognormal") & (value == 0) & (sd > 0)
    problems = []
    for row in np.flatnonzero(~known | nothing):
        one = table.row(int(row))
        values = {"quantity": one.quantity, "name": one.distribution, "known": ", ".join(NAMES)}
        message = N_(
            "The distribution “{name}” of “{quantity}” is not known; write one of: {known}."
        )
        if known[row]:
            message = N_(
                "“{quantity}” has the value 0 and cannot be log-normal. Give a value, or leave the "
                "distribution out."
            )
            values = {"quantity": one.quantity}
        problems.append(Problem("distribution", message, values, one.place))
    return problems


def stated_limits(table: Table[Observation]) -> np.ndarray:
    """Return the ends of the intervals such as “[90; 110]”, in the units of the values; (k, 2).

    NaN for everything else. The text may be in another unit and with another decimal mark than the
    value: the σ taken from it when it was read says by how much its numbers are to be multiplied.
    """
    out = np.full((table.row_count, 2), np.nan)
    codes = shape_column(table)
    if not (codes >= UNIFORM).any():
        return out
    texts = table.column("uncertainty")
    sd = table.column("sd").astype(float)
    for row in np.flatnonzero((codes >= UNIFORM) & (texts != "") & (sd > 0)):
        for decimal in (".", ","):
            with contextlib.suppress(ValueError):
                spread = parse_spread(str(texts[row]), 0.0, decimal)
                if spread.sd > 0:
                    out[row] = np.array([spread.low, spread.high]) * (sd[row] / spread.sd)
                break
    return out


def triangular_sd(value: np.ndarray, limits: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return σ of triangular data with the mode `value`; `sd` where no limits are stated.

    Examples
    --------
    >>> triangular_sd(np.array([2.0]), np.array([[1.0, 3.0]]), np.array([1.0])).round(4).tolist()
    [0.4082]
    """
    low, high = limits.T
    inside = (low <= value) & (value <= high)
    squares = low**2 + value**2 + high**2 - low * value - low * high - value * high
    return np.where(inside, np.sqrt(np.maximum(squares, 0.0) / 18), sd)


def log_sd(value: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return σ of the logarithm of log-normal data from their value and σ.

    Examples
    --------
    >>> log_sd(np.array([100.0]), np.array([30.0])).round(4).tolist()
    [0.2936]
    """
    return np.sqrt(np.log1p((sd / value) ** 2))


def log_ratio(ratio: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ln(ratio) and its derivative, continued by its tangent far below 1.

    Examples
    --------
    >>> [float(part[0]) for part in log_ratio(np.array([1.0]), np.array([0.3]))]
    [0.0, 1.0]
    """
    inside = np.maximum(ratio, np.minimum(np.exp(-REACH * spread), LEAST))
    return np.log(inside) + (ratio - inside) / inside, 1.0 / inside


@dataclass(frozen=True)
class Likelihood:
    """Misfit of the uncertain observations at any x, and the normal data that stand for them there.

    Attributes
    ----------
    observations
        As given; ``spread`` is σ of the residual of each (of the logarithm for log-normal ones).
    uncertain
        Positions of the observations with σ > 0.
    inverse
        Inverse covariance of the residuals of the uncertain ones, k × k.
    robust
        Whether Huber's weights are on.
    """

    observations: Observations
    spread: np.ndarray
    uncertain: np.ndarray
    inverse: sp.csr_array
    robust: bool = False

    @classmethod
    def of(cls, observations: Observations, robust: bool = False) -> Likelihood:
        """Prepare the likelihood of `observations`.

        Raises
        ------
        InputError
            The stated correlations are impossible.
        """
        log = logarithmic(observations)
        spread, residual = observations.sd.astype(float), observations
        uncertain = np.flatnonzero(observations.sd > 0)
        if log.any():
            spread[log] = log_sd(observations.value[log], spread[log])
            changed = _rescaled(observations, observations.sd, spread)
            residual = replace(observations, sd=spread, covariance=changed)
        return cls(observations, spread, uncertain, inverse_covariance(residual, uncertain), robust)

    @property
    def plain(self) -> bool:
        """Whether all data are normal (or count as such) with constant weights."""
        return not self.robust and not logarithmic(self.observations).any()

    def residual(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the residuals of all observations at x and their derivatives; each (k,)."""
        o, log = self.observations, logarithmic(self.observations)
        at = x[o.index]
        value, slope = at - o.value, np.ones(len(at))
        level, rate = log_ratio(at[log] / o.value[log], self.spread[log])
        value[log], slope[log] = level, rate / o.value[log]
        return value, slope

    def distances(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return each group's distance from its values in σ, and its number of members."""
        group, count = self._groups()
        r = self.residual(x)[0][self.uncertain]
        squares = np.bincount(group, r * (self.inverse @ r), minlength=len(count))
        return np.sqrt(np.maximum(squares, 0.0)), count

    def misfit(self, x: np.ndarray) -> float:
        """Return half the weighted sum of squares at x, or Huber's loss."""
        distance, members = self.distances(x)
        if not self.robust:
            return 0.5 * float((distance**2).sum())
        return float(huber_loss(distance, huber_limits(members)).sum())

    def chi2(self, x: np.ndarray) -> float:
        """Return the weighted sum of squares at x with the σ as given, whatever the weights."""
        return float((self.distances(x)[0] ** 2).sum())

    def weights(self, x: np.ndarray) -> np.ndarray:
        """Return the weight of every observation at x: 1, or Huber's; (k,)."""
        out = np.ones(len(self.spread))
        if self.robust:
            distance, members = self.distances(x)
            out[self.uncertain] = huber_weights(distance, huber_limits(members))[self._groups()[0]]
        return out

    def working(self, x: np.ndarray, *, curved: bool = False) -> Observations:
        """Return the normal observations that stand for the data at x.

        Parameters
        ----------
        curved
            Use the curvature of the misfit itself where it is positive (fewer iterations, the same
            goal); without it σ is that of the linearised residual.
        """
        o, log = self.observations, logarithmic(self.observations)
        r, slope = self.residual(x)
        weight = self.weights(x)
        bend = np.ones(len(r))
        if curved:
            alone = np.ones(len(r), dtype=bool)
            alone[[i for pair in o.covariance for i in pair[:2]]] = False
            near = alone & log & (r > np.minimum(-REACH * self.spread, np.log(LEAST)))
            bend[near] = np.maximum(1.0 - r[near], LEAST_CURVATURE)
            bend[alone & (weight < 1.0)] *= FAR_CURVATURE
        sd = self.spread / np.abs(slope) / np.sqrt(bend * weight)
        value = x[o.index] - r / (slope * bend)
        exact = o.sd == 0
        sd[exact], value[exact] = 0.0, o.value[exact]
        sign = np.where(slope < 0, -1.0, 1.0)
        return replace(o, value=value, sd=sd, shape=None, covariance=_rescaled(o, o.sd, sd * sign))

    def weighted(self, weights: np.ndarray) -> Likelihood:
        """Return the likelihood with σ/√weight instead of σ, and no other weights; (k,) or (0,)."""
        if not len(weights) or (weights == 1.0).all():
            return replace(self, robust=False)
        spread = self.spread / np.sqrt(weights)
        root = sp.diags_array(np.sqrt(weights[self.uncertain]))
        inverse = (root @ self.inverse @ root).tocsr()
        o, log = self.observations, logarithmic(self.observations)
        sd = spread.copy()
        sd[log] = np.abs(o.value[log]) * np.sqrt(np.expm1(spread[log] ** 2))
        observations = replace(o, sd=sd, covariance=_rescaled(o, o.sd, sd))
        return Likelihood(observations, spread, self.uncertain, inverse)

    def with_values(self, values: np.ndarray) -> Observations:
        """Return the observations with other values of the uncertain ones; (uncertain,)."""
        o, log = self.observations, logarithmic(self.observations)
        value, sd = o.value.copy(), o.sd.copy()
        value[self.uncertain] = values
        sd[log] = np.abs(value[log]) * np.sqrt(np.expm1(self.spread[log] ** 2))
        return replace(o, value=value, sd=sd, covariance=_rescaled(o, o.sd, sd))

    def _groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the group of correlated data to which each uncertain one belongs, and its size."""
        if not self.observations.covariance:
            count = len(self.uncertain)
            return np.arange(count), np.ones(count, dtype=np.int64)
        _, group = sp.csgraph.connected_components(self.inverse, directed=False)
        return group, np.bincount(group)


def interval(
    equations: Equations, given: Observations, value: np.ndarray, sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % limits of quantities: value ± 1.96 σ, or value ×/÷ exp(1.96 σ / |value|).

    The latter where all data of a quantity are log-normal (given directly or as value × factor).

    Parameters
    ----------
    given
        The observations as stated.
    value, sd
        Of the visible quantities, in any unit; (n,).
    """
    log, other = np.zeros((2, equations.quantities.count), dtype=bool)
    index, of_log = given.index.copy(), logarithmic(given)
    for row, (target, _) in equations.factored.items():
        index[row] = target
    log[index[of_log]], other[index[~of_log]] = True, True
    log = (log & ~other)[: len(value)] & (value != 0) & np.isfinite(sd)
    reach = Z95 * sd
    lower, upper = value - reach, value + reach
    stretch = np.exp(np.minimum(reach[log] / np.abs(value[log]), 700.0))
    ends = np.stack([value[log] / stretch, value[log] * stretch])
    lower[log], upper[log] = ends.min(axis=0), ends.max(axis=0)
    return lower, upper


def logarithmic(observations: Observations) -> np.ndarray:
    """Return whether each observation is log-normal (one of value 0 or σ 0 cannot be)."""
    if observations.shape is None:
        return np.zeros(len(observations.value), dtype=bool)
    usable = (observations.sd > 0) & (observations.value != 0)
    return (observations.shape == LOGNORMAL) & usable


def _rescaled(
    observations: Observations, old: np.ndarray, new: np.ndarray
) -> list[tuple[int, int, float]]:
    """Return the covariances for other σ with the correlations kept."""
    return [
        (i, j, value / (old[i] * old[j]) * new[i] * new[j]) if old[i] and old[j] else (i, j, value)
        for i, j, value in observations.covariance
    ]
