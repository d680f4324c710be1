"""A system becomes equations: names become indices, units become factors, relations become rows."""

from __future__ import annotations

import numpy as np

from mfa.balance.distribution import shape_codes
from mfa.balance.equations import (
    CARRY,
    DEFINITION,
    PARENT,
    RELATION,
    TRANSFER,
    Equations,
    Observations,
    Rows,
    TermBlock,
    balance_rows,
)
from mfa.balance.quantities import CHANGE, STOCK, Quantities, codes, enumerate_quantities
from mfa.balance.terms import Affine, Term, lower
from mfa.errors import InputError, Problem
from mfa.model.check import check_system
from mfa.model.names import flows_of
from mfa.model.relation import Call, Name, Node, Operation, parse_expression, parse_relation, walk
from mfa.model.system import System
from mfa.units import parse_unit


def assemble(system: System) -> Equations:
    """Return the equations of `system`.

    Raises
    ------
    InputError
        With every error at once, each at its place.
    """
    errors = [p for p in check_system(system) if p.severity == "error"]
    if errors:
        raise InputError(errors)
    return _Assembly(system).equations()


class _Assembly:
    """The parts under construction while one system is assembled."""

    def __init__(self, system: System) -> None:
        self.system = system
        levels, openings = _used_levels(system)
        self.q: Quantities = enumerate_quantities(system, levels, openings)
        self.rows = Rows()
        self.terms: list[tuple[int, Term]] = []
        self.problems: list[Problem] = []
        self.factored: dict[int, tuple[int, int]] = {}
        self.bulk: TermBlock | None = None

    def equations(self) -> Equations:
        balances = self._balances()
        self._carry_stocks()
        self._parents()
        self._transfers()
        self._relations()
        observations = self._observations()
        if self.problems:
            raise InputError(self.problems)
        n = self.q.count
        matrix, b, kind, ref = self.rows.matrix(n)
        aux = n - self.q.visible
        return Equations(
            self.q,
            matrix,
            b,
            self._blocks(),
            kind,
            ref,
            balances,
            np.concatenate([self.q.lower, np.array(self.q.aux_lower, dtype=float)]),
            np.concatenate([self.q.upper, np.full(aux, np.inf)]),
            np.concatenate([self.q.start, np.full(aux, np.nan)]),
            observations,
            self.factored,
        )

    def _balances(self) -> np.ndarray:
        system, processes = self.system, list(self.system.processes)
        table = system.processes
        balanced = table.column("balance").astype(bool) & (table.column("boundary") == "inside")
        shape = (len(processes), len(system.layers), len(system.periods), len(system.regions))
        return balance_rows(
            self.rows,
            self.q,
            codes(system.flows.column("source"), processes),
            codes(system.flows.column("target"), processes),
            codes(system.stocks.column("process"), processes),
            balanced,
            shape,
        )

    def _carry_stocks(self) -> None:
        """stock(t) = stock(t − 1) + change(t) × length of the period."""
        q, length = (
            self.q,
            parse_unit(self.system.info.get("period_length", "1 year").removeprefix("1 ")).factor,
        )
        for i in np.flatnonzero(q.kinds == STOCK):
            period, region = int(q.periods[i]), int(q.regions[i])
            if period < 0:
                continue
            stock = q.ids[i]
            before = (
                q.opening.get((stock, region), -1)
                if period == 0
                else int(q.cells(stock)[period - 1, region])
            )
            if before < 0:
                continue
            change = int(q.cells(f"{stock}.change")[period, region])
            per_time = parse_unit(str(q.unit[change])).dimension.get("time", 0) < 0
            self.rows.add(
                [0, 0, 0],
                [i, before, change],
                [1.0, -1.0, -(length if per_time else 1.0)],
                1,
                CARRY,
                [i],
            )

    def _parents(self) -> None:
        """A parent region's flows and stock changes are the sums of its children's."""
        regions = list(self.system.regions)
        for parent, children in self.system.region_tree.items():
            at, below = regions.index(parent), [regions.index(child) for child in children]
            for slot in range(self.q.grid.shape[0]):
                for cell in self.q.grid[slot]:
                    kids = [int(cell[k]) for k in below if cell[k] >= 0]
                    if cell[at] < 0 or not kids or cell[at] in kids:
                        continue
                    if self.q.kinds[cell[at]] in (STOCK, CHANGE, 0):
                        self.rows.add(
                            [0] * (1 + len(kids)),
                            [int(cell[at]), *kids],
                            [1.0] + [-1.0] * len(kids),
                            1,
                            PARENT,
                            [int(cell[at])],
                        )

    def _transfers(self) -> None:
        """Add ``flow = coefficient × t`` with ``t = in(source)``, one hidden t a process and cell."""
        table, q, system = self.system.transfers, self.q, self.system
        if not table.row_count:
            return
        slot = codes(table.column("flow"), list(q.slots))
        flow = q.grid[slot].reshape(len(slot), -1)
        share = q.grid[codes(table.column("parameter"), list(q.slots))].reshape(len(slot), -1)
        row, cell = np.nonzero((flow >= 0) & (share >= 0))
        flow, share = flow[row, cell], share[row, cell]
        processes = list(system.processes)
        source = codes(system.flows.column("source"), processes)
        target = codes(system.flows.column("target"), processes)
        shape = (len(processes), len(system.layers), len(system.periods), len(system.regions))

        def key(index: np.ndarray, end: np.ndarray) -> np.ndarray:
            place = (end[q.rows[index]], q.layers[index], q.periods[index], q.regions[index])
            return np.ravel_multi_index(place, shape)

        wanted, group = np.unique(key(flow, source), return_inverse=True)
        flows = np.flatnonzero(q.kinds == 0)
        entering = key(flows, target)
        at = np.searchsorted(wanted, entering)
        inside = (at < len(wanted)) & (wanted[np.minimum(at, len(wanted) - 1)] == entering)
        total = np.array([q.auxiliary("in") for _ in wanted], dtype=np.int64)
        self.rows.add(
            np.concatenate([at[inside], np.arange(len(wanted))]),
            np.concatenate([flows[inside], total]),
            np.concatenate([np.ones(int(inside.sum())), -np.ones(len(wanted))]),
            len(wanted),
            DEFINITION,
            total,
        )
        first = self.rows.add(
            np.arange(len(flow)), flow, np.ones(len(flow)), len(flow), TRANSFER, row
        )
        self.bulk = TermBlock(
            "(q0 * q1)",
            first + np.arange(len(flow)),
            -np.ones(len(flow)),
            np.stack([share, total[group]], axis=1),
            np.zeros((len(flow), 0)),
        )

    def _relations(self) -> None:
        for number, relation in enumerate(self.system.relations.rows()):
            statement = parse_relation(relation.formula, relation.place)
            difference = Operation("-", statement.left, statement.right)
            cells = self._instances(difference, relation.period, relation.region)
            if not cells:
                self.problems.append(
                    Problem(
                        "relation-nowhere",
                        "There is no period and region in which all names of "
                        "“{formula}” have a value.",
                        {"formula": relation.formula},
                        relation.place,
                    )
                )
            for period, region in cells:
                row = self._row(difference, period, region, RELATION, number, relation)
                if row is not None and statement.sense != "=":
                    slack = self.q.auxiliary(f"{relation.id}:slack", lower=0.0)
                    sign = -1.0 if statement.sense == ">=" else 1.0
                    self._extend(row, slack, sign)

    def _instances(self, node: Node, period: str, region: str) -> list[tuple[int, int]]:
        """Return the (period, region) cells in which the relation holds; one when it is constant."""
        system = self.system
        periods = (
            [system.periods.index(period)]
            if period in system.periods and period
            else range(len(system.periods))
        )
        regions = (
            [system.regions.index(region)]
            if region in system.regions and region
            else range(len(system.regions))
        )
        cells, seen = [], set()
        for p in periods:
            for r in regions:
                try:
                    key = tuple(
                        tuple(sorted(self._resolver(p, r)(item)))
                        for item in walk(node)
                        if isinstance(item, Name | Call)
                    )
                except LookupError:
                    continue
                if key not in seen:
                    seen.add(key)
                    cells.append((p, r))
        return cells

    def _resolver(self, period: int, region: int):  # noqa: ANN202
        """Return the function that turns a name or call into quantities of one period and region."""
        q, system = self.q, self.system

        def at(identifier: str, labels: tuple[str, ...] = ()) -> int:
            p, r = period, region
            for label in labels:
                if label in system.periods:
                    p = system.periods.index(label)
                else:
                    r = system.regions.index(label)
            index = int(q.cells(identifier)[p, r])
            if index < 0:
                raise LookupError(identifier)
            return index

        def resolve(item: Name | Call) -> dict[int, float]:
            if isinstance(item, Name):
                return {at(item.id, item.labels): 1.0}
            found = [int(q.cells(name)[period, region]) for name in flows_of(system, item)]
            present = {index: 1.0 for index in found if index >= 0}
            if not present:
                raise LookupError(item.argument)
            return present

        return resolve

    def _row(self, node: Node, period: int, region: int, kind: int, ref: int, origin) -> int | None:  # noqa: ANN001
        """Add one row for ``node = 0``; return its number, None when the formula divides by zero."""
        try:
            affine, terms = lower(node, self._resolver(period, region), self._auxiliary)
        except (ZeroDivisionError, OverflowError):
            self.problems.append(
                Problem(
                    "formula-undefined",
                    "The constants of “{formula}” have no value (division by zero or overflow).",
                    {"formula": getattr(origin, "formula", "")},
                    origin.place,
                )
            )
            return None
        return self._add(affine, terms, kind, ref)

    def _add(self, affine: Affine, terms: list[Term], kind: int, ref: int) -> int:
        columns = list(affine.coefficients)
        row = self.rows.add(
            [0] * len(columns),
            columns,
            list(affine.coefficients.values()),
            1,
            kind,
            [ref],
            [-affine.constant],
        )
        self.terms += [(row, term) for term in terms]
        return row

    def _extend(self, row: int, column: int, value: float) -> None:
        self.rows.i.append(np.array([row]))
        self.rows.j.append(np.array([column]))
        self.rows.v.append(np.array([value]))

    def _auxiliary(self, affine: Affine) -> int:
        index = self.q.auxiliary("sum")
        self._add(affine.plus(Affine({index: -1.0})), [], DEFINITION, index)
        return index

    def _blocks(self) -> list[TermBlock]:
        groups: dict[tuple[str, int, int], list[tuple[int, Term]]] = {}
        for row, term in self.terms:
            key = (term.shape, len(term.quantities), len(term.constants))
            groups.setdefault(key, []).append((row, term))
        bulk = [] if self.bulk is None else [self.bulk]
        return bulk + [
            TermBlock(
                shape,
                np.array([row for row, _ in members]),
                np.array([term.coefficient for _, term in members]),
                np.array([term.quantities for _, term in members], dtype=np.int64),
                np.array([term.constants for _, term in members]).reshape(len(members), constants),
            )
            for (shape, _, constants), members in groups.items()
        ]

    # ------------------------------------------------------------------------------ observations

    def _observations(self) -> Observations:
        table = self.system.observations
        names, factors = table.column("quantity"), table.column("factor")
        slot = codes(names, list(self.q.slots))
        plain = (slot >= 0) & (factors == "")
        index = np.full(table.row_count, -1, dtype=np.int64)
        index[plain] = self._cells_of(slot[plain], np.flatnonzero(plain))
        for row in np.flatnonzero(~plain):
            index[row] = self._derived(int(row))
        scale = self._scales(index)
        value = table.column("value").astype(float) * scale
        sd = table.column("sd").astype(float) * scale
        if self.problems:
            index = np.maximum(index, 0)
        shape = shape_codes(table.column("distribution"))
        rows = np.arange(table.row_count)
        return Observations(index, value, sd, rows, self._covariances(sd), shape)

    def _cells_of(self, slots: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the quantity of each plain observation; it must say its period where there are more."""
        table, system = self.system.observations, self.system
        period, region = table.column("period")[rows], table.column("region")[rows]
        p, r = codes(period, system.periods), codes(region, system.regions)
        grid = self.q.grid
        if system.periods == ("",) and system.regions == ("",):
            return grid[slots, 0, 0]
        out = np.full(len(rows), -1, dtype=np.int64)
        for k, row in enumerate(rows):
            cells = grid[slots[k]]
            if period[k] and p[k] < 0:
                out[k] = self.q.opening.get((self.q_name(slots[k]), max(int(r[k]), 0)), -1)
            else:
                chosen = cells[p[k] : p[k] + 1] if p[k] >= 0 and period[k] else cells
                chosen = chosen[:, r[k] : r[k] + 1] if r[k] >= 0 and region[k] else chosen
                found = np.unique(chosen[chosen >= 0])
                out[k] = found[0] if len(found) == 1 else -1
            if out[k] < 0:
                observation = table.row(int(row))
                self.problems.append(
                    Problem(
                        "which-period",
                        "The observation of “{quantity}” must say for which period or "
                        "region it holds (known: {labels}).",
                        {
                            "quantity": observation.quantity,
                            "labels": ", ".join([*system.periods, *system.regions]).strip(", "),
                        },
                        observation.place,
                    )
                )
        return out

    def q_name(self, slot: int) -> str:
        """Return the id of a slot."""
        return list(self.q.slots)[int(slot)]

    def _derived(self, row: int) -> int:
        """Return the hidden quantity of an observed sum, or of the rate in ``value × factor``."""
        observation = self.system.observations.row(row)
        target = parse_expression(observation.quantity, observation.place)
        cells = self._instances(target, observation.period, observation.region)
        if len(cells) != 1:
            self.problems.append(
                Problem(
                    "which-period",
                    "The observation of “{quantity}” must say for which period or region "
                    "it holds (known: {labels}).",
                    {
                        "quantity": observation.quantity,
                        "labels": ", ".join([*self.system.periods, *self.system.regions]).strip(
                            ", "
                        ),
                    },
                    observation.place,
                )
            )
            return -1
        unit = (
            observation.unit
            if observation.unit is not None
            else (
                None if observation.factor else self.system._unit_of(observation.quantity) or None
            )
        )
        factor = self.q.internal.factor(parse_unit(unit)) if unit else 1.0
        hidden = self.q.auxiliary(observation.id, unit=unit, factor=factor)
        period, region = cells[0]
        resolve = self._resolver(period, region)
        affine, terms = lower(target, resolve, self._auxiliary)
        if observation.factor:
            times = parse_expression(observation.factor, observation.place)
            product = Operation("*", Name("\0observed"), times)

            def with_hidden(item: Name | Call) -> dict[int, float]:
                if isinstance(item, Name) and item.id == "\0observed":
                    return {hidden: 1.0}
                return resolve(item)

            right, more = lower(product, with_hidden, self._auxiliary)
            minus = [Term(-t.coefficient, t.shape, t.quantities, t.constants) for t in more]
            line = self._add(affine.plus(right, -1.0), terms + minus, DEFINITION, hidden)
            if len(affine.coefficients) == 1 and not terms:
                self.factored[row] = (next(iter(affine.coefficients)), line)
        else:
            self._add(affine.plus(Affine({hidden: -1.0})), terms, DEFINITION, hidden)
        return hidden

    def _scales(self, index: np.ndarray) -> np.ndarray:
        """Return internal units per unit of each observation."""
        import pandas as pd

        units = self.system.observations.column("unit")
        own = np.concatenate([self.q.factor, np.array(self.q.aux_factor, dtype=float)])
        code, distinct = pd.factorize(pd.Series(units, dtype=object), use_na_sentinel=False)
        given = np.array(
            [
                np.nan if text is None or text != text else self.q.internal.factor(parse_unit(text))
                for text in distinct
            ]
        )
        scale = given[code] if len(units) else np.zeros(0)
        return np.where(np.isnan(scale), own[index] if len(index) else scale, scale)

    def _covariances(self, sd: np.ndarray) -> list[tuple[int, int, float]]:
        table = self.system.observations
        ids, names = table.column("id"), table.column("quantity")
        out = []
        for first, second, rho in self.system.correlations:
            left = np.flatnonzero((ids == first) | (names == first))
            right = np.flatnonzero((ids == second) | (names == second))
            for missing in [
                name for name, rows in ((first, left), (second, right)) if not len(rows)
            ]:
                self.problems.append(
                    Problem(
                        "correlation-unobserved",
                        "“{name}” has no observation to correlate.",
                        {"name": missing},
                    )
                )
            out += [
                (int(i), int(j), float(rho * sd[i] * sd[j])) for i in left for j in right if i != j
            ]
        return out


def _used_levels(system: System) -> tuple[set[str], set[str]]:
    """Return the stocks whose level is observed or related, and those with an opening level."""
    stocks = set(system.stocks)
    used: set[str] = set()
    for relation in system.relations.rows():
        statement = parse_relation(relation.formula, relation.place)
        for side in (statement.left, statement.right):
            used |= {item.id for item in walk(side) if isinstance(item, Name)}
    names, periods = system.observations.column("quantity"), system.observations.column("period")
    observed = np.array([name in stocks for name in names], dtype=bool)
    used |= set(names[observed].tolist())
    known = set(system.periods)
    rows = np.flatnonzero(observed)
    openings = {str(names[k]) for k in rows if periods[k] and periods[k] not in known}
    return used & stocks, openings & stocks
