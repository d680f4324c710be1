"""When nothing fits: name the smallest set of constants, bounds and relations that clash.

A linear programme with elastic rows finds where the system breaks; a deletion filter (Chinneck &
Dravnieks 1991) shrinks that to an irreducible set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from mfa.balance.equations import BALANCE, CARRY, PARENT, RELATION, TRANSFER, Equations, rough
from mfa.balance.iteration import open_rows
from mfa.balance.restore import constants_agree, settled_by_constants
from mfa.balance.solution import Solution
from mfa.balance.start import typical_sizes
from mfa.errors import ConvergenceError, InfeasibleError, Place, Problem
from mfa.locale import N_
from mfa.model.system import System

TOLERANCE = 1e-7
FAR = 1e4  # times its start: a quantity that goes there runs away


def refuse_if_impossible(system: System, equations: Equations, solution: Solution) -> None:
    """Raise when the solution does not satisfy relations, bounds and constants.

    Raises
    ------
    InfeasibleError
        Constants, bounds and relations contradict each other; the problems name a smallest set.
    ConvergenceError
        The nonlinear iteration did not converge; the problems name the worst relations.
    """
    clash = _contradicting_constants(system, equations)
    if clash:
        raise InfeasibleError(clash)
    if not equations.smooth(solution.x):
        error = without_value(system, equations, solution.x)
        raise ConvergenceError([*error.problems, *_runaways(system, equations, solution)])
    assert solution.kkt is not None
    rows = open_rows(equations, solution.x, solution.kkt.row_scale)
    if not len(rows) and solution.converged:
        return
    core = smallest_clash(equations, solution)
    if core:
        raise InfeasibleError(
            [
                Problem(
                    "infeasible",
                    "These cannot all hold together. Correct one of them, or give a constant "
                    "an uncertainty:",
                    {},
                ),
                *_named(system, equations, core),
            ]
        )
    if not len(rows):
        rows = np.arange(len(solution.residual))
    worst = rows[np.argsort(-_relative(equations, solution)[rows])][:5]
    raise ConvergenceError(
        [
            Problem(
                "no-convergence",
                "No solution was found after {n} iterations. Start values (start=) for the "
                "unknowns in the relations below may help; these are furthest from holding:",
                {"n": solution.iterations},
            ),
            *_named(system, equations, [Part("row", int(row)) for row in worst]),
            *_runaways(system, equations, solution),
        ]
    )


def without_value(
    system: System, equations: Equations, x: np.ndarray | None = None
) -> ConvergenceError:
    """Return the error for relations that have no value at x, or anywhere the iteration went."""
    blocks = equations.blocks
    found = [block.rows if x is None else block.rows[rough(block, x)] for block in blocks]
    rows = np.unique(np.concatenate(found))[:5]
    return ConvergenceError(
        [
            Problem(
                "no-value",
                "Some relations have no value where a solution was sought (a division by zero, a "
                "power of a negative number). Start values (start=) may help; look at:",
                {},
            ),
            *_named(system, equations, [Part("row", int(row)) for row in rows]),
        ]
    )


def _relative(equations: Equations, solution: Solution) -> np.ndarray:
    size = np.maximum(equations.magnitude(solution.x), 1e-300)
    return np.abs(equations.residual(solution.x)) / size


def _runaways(system: System, equations: Equations, solution: Solution) -> list[Problem]:
    """Return a problem for unmeasured quantities that went far off, in the order of how far."""
    q, measured = equations.quantities, np.zeros(len(solution.x), dtype=bool)
    measured[equations.observations.index] = True
    first, last = np.abs(solution.begin), np.abs(solution.x)
    with np.errstate(all="ignore"):
        ratio = np.abs(np.log(last / first))
    ratio[measured | ~np.isfinite(ratio)] = 0.0
    far = np.flatnonzero(ratio[: q.visible] > np.log(FAR))
    return [
        Problem(
            "part-runaway",
            "“{quantity}”, which nothing keeps from running away (it went from {start} to {end}): "
            "measure it, or give it limits",
            {
                "quantity": q.ids[k],
                "start": f"{solution.begin[k] / q.factor[k]:.3g}",
                "end": f"{solution.x[k] / q.factor[k]:.3g} {q.unit[k] or ''}".strip(),
            },
            _place(system, q.ids[k]),
        )
        for k in far[np.argsort(-ratio[far], kind="stable")][:3]
    ]


def _place(system: System, name: str) -> Place | None:
    """Return where a quantity is written."""
    for table in (system.flows, system.stocks, system.parameters):
        if name in table:
            return table[name].place
    stock = name.removesuffix(".change")
    return system.stocks[stock].place if stock in system.stocks else None


def _contradicting_constants(system: System, equations: Equations) -> list[Problem]:
    """Return a problem for each quantity with two exact values, or one beyond its bounds."""
    o = equations.observations
    exact = np.flatnonzero(o.sd == 0)
    problems = []
    first: dict[int, int] = {}
    for row in exact:
        index = int(o.index[row])
        before = first.setdefault(index, int(row))
        size = max(abs(o.value[row]), abs(o.value[before]), 1e-300)
        if abs(o.value[row] - o.value[before]) > 1e-12 * size:
            one, two = (system.observations.row(r) for r in (before, int(row)))
            problems.append(
                Problem(
                    "constants-clash",
                    "“{quantity}” is fixed at {first} ({place}) and at {second}. "
                    "Correct one of them, or give them uncertainties.",
                    {
                        "quantity": two.quantity,
                        "first": _shown(one),
                        "second": _shown(two),
                        "place": one.place or one.id,
                    },
                    two.place,
                )
            )
        low, high = equations.lower[index], equations.upper[index]
        if o.value[row] < low - 1e-12 * abs(low) or o.value[row] > high + 1e-12 * abs(high):
            one = system.observations.row(int(row))
            problems.append(
                Problem(
                    "constant-beyond-bounds",
                    "“{quantity}” is fixed at {value}, outside its bounds.",
                    {"quantity": one.quantity, "value": _shown(one)},
                    one.place,
                )
            )
    return problems


def _shown(observation) -> str:  # noqa: ANN001
    return f"{observation.value:.10g} {observation.unit or ''}".strip()


@dataclass(frozen=True)
class Part:
    """One piece of a clash: a row, a bound (``lower``/``upper``) or a constant (``fixed``)."""

    kind: str
    index: int


def smallest_clash(equations: Equations, solution: Solution) -> list[Part]:
    """Return an irreducible set of rows, bounds and constants that cannot hold together.

    The relations are linearised at the last iterate; an empty list means that the linearised system
    is feasible. Where constants clash by themselves, only what they settle is searched.
    """
    x, fixed = solution.x, solution.data.fixed
    constants = [Part("fixed", int(j)) for j in np.flatnonzero(fixed)]
    if not constants_agree(equations, fixed, x):
        x, rows = settled_by_constants(equations, fixed, x)
        core = _core(equations, x, [Part("row", int(i)) for i in rows] + constants)
        if core:
            return core
    parts = [Part("row", i) for i in range(len(equations.b))] + constants
    parts += [Part("lower", int(j)) for j in np.flatnonzero(~fixed & np.isfinite(equations.lower))]
    parts += [Part("upper", int(j)) for j in np.flatnonzero(~fixed & np.isfinite(equations.upper))]
    return _core(equations, x, parts)


def _core(equations: Equations, x: np.ndarray, parts: list[Part]) -> list[Part]:
    """Return an irreducible part of `parts` that clashes at the linearisation at x, or nothing."""
    J = equations.jacobian(x)
    system = _Elastic(equations, J, J @ x - equations.residual(x), x)
    suspects = system.blamed(parts)
    if not suspects:
        return []
    core = list(suspects)
    if not system.impossible(core):
        core = list(parts)
        if len(core) > 400 or not system.impossible(core):
            return suspects[:10]
    for part in list(core):
        rest = [p for p in core if p != part]
        if system.impossible(rest):
            core = rest
    return core


class _Elastic:
    """Linear programmes over subsets of rows, bounds and constants."""

    def __init__(self, e: Equations, J: sp.csr_array, rhs: np.ndarray, x: np.ndarray) -> None:
        self.e, self.x = e, x
        # By kind and layer: a GRDP in dong must not hide a clash of numbers of people.
        scale = np.maximum(np.abs(x), 1e-3 * np.abs(typical_sizes(e, x)))
        self.scale = np.where(scale > 0, scale, 1.0)
        scaled = (J @ sp.diags_array(self.scale)).tocsr()
        size = np.maximum(np.abs(scaled).max(axis=1).toarray().ravel(), 1e-300)
        self.J = (sp.diags_array(1 / size) @ scaled).tocsr()
        self.rhs = rhs / size

    def _bounds(self, parts: list[Part]) -> np.ndarray:
        n = self.J.shape[1]
        bounds = np.stack([np.full(n, -np.inf), np.full(n, np.inf)], axis=1)
        for part in parts:
            j = part.index
            if part.kind == "fixed":
                bounds[j] = self.x[j] / self.scale[j]
            elif part.kind == "lower":
                bounds[j, 0] = self.e.lower[j] / self.scale[j]
            elif part.kind == "upper":
                bounds[j, 1] = self.e.upper[j] / self.scale[j]
        return bounds

    def impossible(self, parts: list[Part]) -> bool:
        """Return whether the parts alone have no common solution."""
        return self._elastic(parts)[0] > TOLERANCE

    def _elastic(self, parts: list[Part]) -> tuple[float, np.ndarray, np.ndarray]:
        rows = [p.index for p in parts if p.kind == "row"]
        A, b = self.J[rows], self.rhs[rows]
        m, n = A.shape
        if not m:
            return 0.0, np.zeros(0), np.zeros(n)
        eye = sp.eye_array(m)
        full = sp.hstack([A, eye, -eye], format="csr")
        bounds = np.vstack([self._bounds(parts), np.tile([0.0, np.inf], (2 * m, 1))])
        cost = np.concatenate([np.zeros(n), np.ones(2 * m)])
        result = linprog(cost, A_eq=full, b_eq=b, bounds=bounds, method="highs")
        if result.status != 0:
            return 0.0, np.zeros(m), np.zeros(n)
        reduced = result.lower.marginals[:n] + result.upper.marginals[:n]
        return float(result.fun), np.asarray(result.eqlin.marginals), np.asarray(reduced)

    def blamed(self, parts: list[Part]) -> list[Part]:
        """Return the parts with a price in the elastic programme: they contain a clash."""
        total, prices, reduced = self._elastic(parts)
        if total <= TOLERANCE:
            return []
        rows = [p for p in parts if p.kind == "row"]
        found = [p for p, price in zip(rows, prices, strict=True) if abs(price) > 1e-9]
        return found + [p for p in parts if p.kind != "row" and abs(reduced[p.index]) > 1e-9]


def _named(system: System, equations: Equations, parts: list[Part]) -> list[Problem]:
    """Return a sentence for each part, at its place."""
    problems = []
    for part in parts:
        problem = (
            _row_problem(system, equations, part.index)
            if part.kind == "row"
            else _value_problem(system, equations, part)
        )
        if problem is not None:
            problems.append(problem)
    return problems


def _row_problem(system: System, equations: Equations, row: int) -> Problem | None:
    kind, ref = int(equations.row_kind[row]), int(equations.row_ref[row])
    q = equations.quantities
    if kind == BALANCE:
        process, layer, period, region = equations.balances[ref]
        name = list(system.processes)[process]
        return Problem(
            "part-balance",
            "the balance of “{process}” ({layer}{labels})",
            {
                "process": name,
                "layer": list(system.layers)[layer],
                "labels": _labels(system, int(period), int(region)),
            },
            system.processes[name].place,
        )
    if kind == RELATION:
        relation = system.relations.row(ref)
        return Problem(
            "part-relation",
            "the relation “{formula}”",
            {"formula": relation.formula},
            relation.place,
        )
    if kind == TRANSFER:
        transfer = system.transfers.row(ref)
        return Problem(
            "part-transfer",
            "the transfer coefficient “{id}” of “{flow}”",
            {"id": transfer.parameter, "flow": transfer.flow},
            transfer.place,
        )
    if kind == CARRY:
        return Problem(
            "part-carry",
            "the stock “{stock}” carried over from the period before",
            {"stock": q.ids[ref]},
            _place(system, q.ids[ref]),
        )
    if kind == PARENT:
        return Problem(
            "part-parent",
            "the regions adding up for “{quantity}”",
            {"quantity": q.ids[ref]},
            _place(system, q.ids[ref]),
        )
    name = q.aux_ids[ref - q.visible]
    if name in system.observations:
        return Problem(
            "part-observation",
            "the observation “{id}”",
            {"id": name},
            system.observations[name].place,
        )
    return None


def _value_problem(system: System, equations: Equations, part: Part) -> Problem | None:
    q, o = equations.quantities, equations.observations
    hidden = part.index >= q.visible
    name = q.aux_ids[part.index - q.visible] if hidden else q.ids[part.index]
    if part.kind == "fixed":
        rows = np.flatnonzero((o.index == part.index) & (o.sd == 0))
        if len(rows):
            observation = system.observations.row(int(rows[0]))
            return Problem(
                "part-constant",
                "the constant “{quantity}” = {value}",
                {"quantity": observation.quantity, "value": _shown(observation)},
                observation.place,
            )
    if hidden:
        return None
    bound = equations.lower if part.kind == "lower" else equations.upper
    value = float(bound[part.index] / q.factor[part.index])
    shown = f"{value:.10g} {q.unit[part.index] or ''}".strip()
    values, place = {"quantity": name, "value": shown}, _place(system, name)
    if part.kind == "fixed":
        message = N_("“{quantity}” = {value} (its lower and its upper limit)")
        return Problem("part-limits", message, values, place)
    if part.kind == "lower":
        return Problem("part-lower", "“{quantity}” ≥ {value}", values, place)
    return Problem("part-upper", "“{quantity}” ≤ {value}", values, place)


def _labels(system: System, period: int, region: int) -> str:
    names = [system.periods[period], system.regions[region]]
    return "".join(f", {name}" for name in names if name)
