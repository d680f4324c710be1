"""How far the data let a free quantity go: feasible ranges by linear programming (HiGHS).

What the data determine may move within their confidence region, the free quantities within their
bounds, and all relations hold. Every range is that of the confidence *ellipsoid*, 1.96 σ in each
direction: a linear programme over the box around it gives the relations that limit a quantity
(its dual), and these are then taken over the ellipsoid itself, so that errors which average out are
not added up. By weak duality the range never excludes what the data allow. Products and quotients
of free quantities are enclosed (`mfa.balance.relaxation`) and their ranges tightened once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from mfa.balance.equations import Equations, TermBlock
from mfa.balance.kkt import CHUNK
from mfa.balance.programme import Extreme, Programme
from mfa.balance.relaxation import Enclosure
from mfa.balance.solution import Solution
from mfa.balance.spread import combination_sd
from mfa.balance.terms import compile_shape
from mfa.model.quality import Z95

EFFORT = 6e5  # quantities × entries up to which every range has linear programmes of its own
OVERHEAD = 300  # entries that a programme costs even if it is small
BUDGET = 1e7  # quantities × ranges up to which errors that average out are accounted for


def feasible_ranges(
    equations: Equations, solution: Solution, sd: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Return lower and upper limits of undetermined quantities, shape (len(wanted), 2).

    ``inf`` means that nothing limits it.

    Parameters
    ----------
    sd
        Posterior σ of all quantities in internal units, NaN where free; (n,).
    """
    return FeasibleSet(equations, solution, sd).ranges(wanted)


@dataclass
class _Part:
    """A linear programme over free quantities that hang together; columns name its quantities."""

    columns: np.ndarray
    programme: Programme
    nonlinear: bool

    def position(self, index: np.ndarray) -> np.ndarray:
        """Return where the quantities stand among the columns, −1 where they do not."""
        found = np.searchsorted(self.columns, index)
        found = np.minimum(found, len(self.columns) - 1)
        return np.where(self.columns[found] == index, found, -1)


class FeasibleSet:
    """Everything the free quantities of an account may be at once.

    Parameters
    ----------
    sd
        Posterior σ of all quantities in internal units, NaN where free; (n,).
    """

    def __init__(self, equations: Equations, solution: Solution, sd: np.ndarray) -> None:
        self.e, self.solution = equations, solution
        n = equations.quantities.count
        self.x, self.scale = solution.x, np.ones(n)
        assert solution.kkt is not None
        self.scale[solution.unfixed] = solution.kkt.column_scale
        self.sd = np.zeros(n)
        self.sd[: len(sd)] = np.nan_to_num(sd)
        self.free = np.zeros(n, dtype=bool)
        self.free[: len(sd)] = np.isnan(sd)
        self.low = np.maximum(equations.lower, self.x - np.where(self.free, np.inf, Z95 * self.sd))
        self.high = np.minimum(equations.upper, self.x + np.where(self.free, np.inf, Z95 * self.sd))
        self.low, self.high = np.minimum(self.low, self.x), np.maximum(self.high, self.x)
        self._pattern = _structure(equations)
        self._part_of, self._rows = self._connected()
        self._free_in = _groups(self._part_of[self.free], np.flatnonzero(self.free))
        self._parts: dict[int, _Part] = {}

    # ----------------------------------------------------------------------------------- results

    def ranges(self, wanted: np.ndarray) -> np.ndarray:
        """Return the limits of single free quantities, (len(wanted), 2), in internal units.

        Where very many are wanted, the limits of the largest parts are passed on from relation to
        relation instead: never too narrow, but perhaps wider than necessary.
        """
        out = np.zeros((len(wanted), 2))
        found: list[tuple[int, int, Extreme, _Part]] = []
        groups = _groups(self._part_of[wanted])
        numbers = [int(self._part_of[wanted[places[0]]]) for places in groups]
        entries = np.diff(self._pattern.indptr)
        cost = [
            len(places) * (entries[self._rows[number]].sum() + OVERHEAD)
            for places, number in zip(groups, numbers, strict=True)
        ]
        order = np.argsort(cost, kind="stable")
        exact = np.cumsum(np.array(cost)[order]) <= EFFORT
        for k in order[exact]:
            places, part = groups[k], self._part(numbers[k])
            at = part.position(wanted[places])
            for side, sign in ((0, 1.0), (1, -1.0)):
                for place, extreme in zip(places, part.programme.extremes(at, sign), strict=True):
                    out[place, side] = self.x[wanted[place]] + extreme.value
                    found.append((int(place), side, extreme, part))
        if not exact.all():
            places = np.concatenate([groups[k] for k in order[~exact]])
            out[places] = self._propagated(wanted[places])
        shorter = self._averaged([(extreme, part) for _, _, extreme, part in found])
        for (place, side, _, _), less in zip(found, shorter, strict=True):
            out[place, side] += less if side == 0 else -less
        low, high = self.e.lower[wanted], self.e.upper[wanted]
        out[:, 0] = np.clip(out[:, 0], low, self.x[wanted])
        out[:, 1] = np.clip(out[:, 1], self.x[wanted], high)
        return out

    def range_of(self, weights: np.ndarray) -> tuple[float, float]:
        """Return the limits of a linear combination ``weights · x`` (n,), in internal units."""
        parts = [self._part(int(k)) for k in np.unique(self._part_of[weights != 0]) if k >= 0]
        value, ends = float(weights @ self.x), []
        for sign in (1.0, -1.0):
            rest, slope, reach, box = weights.copy(), np.zeros(len(weights)), 0.0, 0.0
            for part in parts:
                extreme = part.programme.extreme(rest[part.columns], sign)
                rest[part.columns] = 0.0
                slope[part.columns] += extreme.slope
                reach, box = reach + abs(extreme.value), box + extreme.box
            slope += rest
            box += float(np.abs(rest) @ self.sd) * Z95
            reach += float(np.abs(rest) @ self.sd) * Z95
            spread = Z95 * float(combination_sd(self.solution, slope[:, None])[0])
            ends.append(value - sign * (reach - max(box - spread, 0.0)))
        return ends[0], ends[1]

    def _averaged(self, found: list[tuple[Extreme, _Part]]) -> np.ndarray:
        """Return by how much each range shrinks when the box gives way to the ellipsoid within."""
        out, n = np.zeros(len(found)), len(self.x)
        count = np.array([np.count_nonzero(e.slope) * np.isfinite(e.value) for e, _ in found])
        most = np.argsort(-count, kind="stable")[: max(int(BUDGET / n), 1)]
        several = most[count[most] > 1]
        for start in range(0, len(several), CHUNK):
            chosen = several[start : start + CHUNK]
            weights = np.zeros((n, len(chosen)))
            for column, k in enumerate(chosen):
                weights[found[k][1].columns, column] = found[k][0].slope
            spread = Z95 * combination_sd(self.solution, weights)
            box = np.array([found[k][0].box for k in chosen])
            out[chosen] = np.maximum(box - spread, 0.0)
        return out

    # ------------------------------------------------------------------------------------- parts

    def _connected(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the part of each quantity (−1: determined) and the rows of each part."""
        pattern, free = self._pattern, np.flatnonzero(self.free)
        part_of = np.full(len(self.x), -1)
        if not len(free):
            return part_of, []
        inner = pattern[:, free]
        rows = np.flatnonzero(np.diff(inner.indptr))
        inner = inner[rows]
        both = sp.block_array([[None, inner], [inner.T, None]], format="csr")
        count, label = sp.csgraph.connected_components(both, directed=False)
        part_of[free] = label[len(rows) :]
        order = np.argsort(label[: len(rows)], kind="stable")
        cuts = np.searchsorted(label[: len(rows)][order], np.arange(1, count))
        return part_of, [np.sort(rows[group]) for group in np.split(order, cuts)]

    def _part(self, number: int) -> _Part:
        if number not in self._parts:
            rows, own = self._rows[number], self._free_in[number]
            part = self._build(rows, own)
            if part.nonlinear:
                self._tighten(own, rows, part)
                part = self._build(rows, own)
            self._parts[number] = part
        return self._parts[number]

    def _propagated(self, wanted: np.ndarray) -> np.ndarray:
        """Return limits passed on from relation to relation, for many parts at once."""
        numbers = np.unique(self._part_of[wanted])
        rows = np.sort(np.concatenate([self._rows[k] for k in numbers]))
        part = self._build(rows, np.concatenate([self._free_in[k] for k in numbers]))
        low, high = part.programme.propagated()
        at = part.position(wanted)
        return self.x[wanted, None] + np.stack([low[at], high[at]], axis=1)

    def _tighten(self, free: np.ndarray, rows: np.ndarray, part: _Part) -> None:
        """Narrow the ranges of the free quantities that stand in nonlinear terms."""
        inside = np.zeros(len(self.x), dtype=bool)
        for block in self.e.blocks:
            inside[block.quantities[np.isin(block.rows, rows)].ravel()] = True
        chosen = free[inside[free]]
        at = part.position(chosen)
        for limit, sign in ((self.low, 1.0), (self.high, -1.0)):
            found = part.programme.extremes(at, sign)
            reach = self.x[chosen] + np.array([extreme.value for extreme in found])
            limit[chosen] = (np.maximum if sign > 0 else np.minimum)(limit[chosen], reach)
        self.low[chosen] = np.minimum(self.low[chosen], self.x[chosen])
        self.high[chosen] = np.maximum(self.high[chosen], self.x[chosen])

    def _build(self, rows: np.ndarray, own: np.ndarray) -> _Part:
        """Return the linear programme of some rows, in scaled steps from the account.

        Its columns are the free quantities `own` and all that stands in the rows.
        """
        columns = np.union1d(own, self._pattern[rows].indices)
        enclosure = Enclosure(self.x, self.low, self.high)
        entries: list[tuple[int, int, float]] = []
        for block in self.e.blocks:
            for t in np.flatnonzero(np.isin(block.rows, rows)):
                row, weight = int(np.searchsorted(rows, block.rows[t])), block.coefficients[t]
                if self.free[block.quantities[t]].any():
                    term = enclosure.term(block.shape, block.quantities[t], block.constants[t])
                    entries += [(row, j, weight * w) for j, w in term.coefficients.items()]
                else:
                    slopes = _slopes(block, t, self.x)
                    entries += [
                        (row, int(j), weight * slope)
                        for j, slope in zip(block.quantities[t], slopes, strict=True)
                    ]
        return self._assemble(columns, self.e.A[rows].tocoo(), len(rows), entries, enclosure)

    def _assemble(
        self,
        columns: np.ndarray,
        linear: sp.coo_array,
        m: int,
        entries: list[tuple[int, int, float]],
        enclosure: Enclosure,
    ) -> _Part:
        n, extra = len(self.x), np.array(enclosure.extra).reshape(-1, 3)
        names = np.concatenate([columns, n + np.arange(len(extra))])
        low = np.concatenate([self.low[columns], extra[:, 0]])
        high = np.concatenate([self.high[columns], extra[:, 1]])
        at = np.concatenate([self.x[columns], extra[:, 2]])
        scale = np.concatenate([self.scale[columns], np.where(extra[:, 2], abs(extra[:, 2]), 1.0)])
        box = np.concatenate([Z95 * self.sd[columns], np.zeros(len(extra))])
        size = (m, len(low))
        i = np.array([r for r, _, _ in entries], dtype=int)
        j = np.searchsorted(names, [c for _, c, _ in entries]).astype(int)
        v = np.array([w for _, _, w in entries])
        equal = sp.csr_array((v, (i, j)), shape=size) + sp.csr_array(
            (linear.data, (linear.row, np.searchsorted(names, linear.col))), shape=size
        )
        limits = enclosure.limits
        i = np.repeat(np.arange(len(limits)), [len(w) for w, _ in limits])
        j = np.searchsorted(names, [c for w, _ in limits for c in w]).astype(int)
        v = np.array([x for w, _ in limits for x in w.values()])
        most = sp.csr_array((v, (i, j)), shape=(len(limits), len(low)))
        room = np.maximum(np.array([limit for _, limit in limits]) - most @ at, 0.0)
        programme = Programme(equal, most, room, low - at, high - at, scale, box, len(columns))
        return _Part(columns, programme, bool(len(limits)))


def _groups(label: np.ndarray, items: np.ndarray | None = None) -> list[np.ndarray]:
    """Return the items (default: positions) of each label, labels and items ascending."""
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return np.split(order if items is None else items[order], cuts)


def _structure(equations: Equations) -> sp.csr_array:
    """Return which quantities stand in which row, linear or not; (m, n)."""
    linear = equations.A.tocoo()
    rows = [linear.row, *(np.repeat(b.rows, b.quantities.shape[1]) for b in equations.blocks)]
    columns = [linear.col, *(b.quantities.ravel() for b in equations.blocks)]
    i, j = np.concatenate(rows), np.concatenate(columns)
    return sp.csr_array((np.ones(len(i)), (i, j)), shape=equations.A.shape)


def _slopes(block: TermBlock, t: int, x: np.ndarray) -> list[float]:
    """Return the derivatives of one term by its quantities."""
    shape = compile_shape(block.shape, block.quantities.shape[1], block.constants.shape[1])
    with np.errstate(all="ignore"):
        return [float(g) for g in shape.gradient(*x[block.quantities[t]], *block.constants[t])]
