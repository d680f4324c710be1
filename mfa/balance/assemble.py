"""A system becomes equations: names become indices, units become factors, relations become rows."""

from __future__ import annotations

import numpy as np

from mfa.balance.builder import Builder
from mfa.balance.equations import (
    CARRY,
    DEFINITION,
    PARENT,
    RELATION,
    TRANSFER,
    Equations,
    TermBlock,
    balance_rows,
)
from mfa.balance.observed import compile_observations
from mfa.balance.quantities import CHANGE, FLOW, STOCK, codes, enumerate_quantities
from mfa.errors import InputError, Problem
from mfa.model.check import check_system
from mfa.model.relation import Name, Operation, parse_relation, walk
from mfa.model.system import System
from mfa.units import parse_unit


def assemble(system: System) -> Equations:
    """Return the equations of `system`.

    Raises
    ------
    InputError
        With every error at once, each at its place.
    """
    errors = [p for p in check_system(system, warnings=False) if p.severity == "error"]
    if errors:
        raise InputError(errors)
    builder = Builder(system, enumerate_quantities(system, *_used_levels(system)))
    balances = _balances(builder)
    _carry_stocks(builder)
    _parents(builder)
    _transfers(builder)
    _relations(builder)
    observations = compile_observations(builder)
    if builder.problems:
        raise InputError(builder.problems)
    q = builder.q
    matrix, b, kind, ref = builder.rows.matrix(q.count)
    hidden = q.count - q.visible
    return Equations(
        q,
        matrix,
        b,
        builder.blocks(),
        kind,
        ref,
        balances,
        np.concatenate([q.lower, np.array(q.aux_lower, dtype=float)]),
        np.concatenate([q.upper, np.full(hidden, np.inf)]),
        np.concatenate([q.start, np.full(hidden, np.nan)]),
        observations,
        builder.factored,
    )


def _balances(builder: Builder) -> np.ndarray:
    system, processes = builder.system, list(builder.system.processes)
    table = system.processes
    balanced = table.column("balance").astype(bool) & (table.column("boundary") == "inside")
    shape = (len(processes), len(system.layers), len(system.periods), len(system.regions))
    return balance_rows(
        builder.rows,
        builder.q,
        codes(system.flows.column("source"), processes),
        codes(system.flows.column("target"), processes),
        codes(system.stocks.column("process"), processes),
        balanced,
        shape,
    )


def _carry_stocks(builder: Builder) -> None:
    """stock(t) = stock(t − 1) + change(t) × length of the period."""
    q, length = (
        builder.q,
        parse_unit(builder.system.info.get("period_length", "1 year").removeprefix("1 ")).factor,
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
        builder.rows.add(
            [0, 0, 0],
            [i, before, change],
            [1.0, -1.0, -(length if per_time else 1.0)],
            1,
            CARRY,
            [i],
        )


def _parents(builder: Builder) -> None:
    """Make a parent region's flows and stock changes the sums of its children's."""
    regions = list(builder.system.regions)
    for parent, children in builder.system.region_tree.items():
        at, below = regions.index(parent), [regions.index(child) for child in children]
        for slot in range(builder.q.grid.shape[0]):
            for cell in builder.q.grid[slot]:
                kids = [int(cell[k]) for k in below if cell[k] >= 0]
                if cell[at] < 0 or not kids or cell[at] in kids:
                    continue
                if builder.q.kinds[cell[at]] in (STOCK, CHANGE, FLOW):
                    builder.rows.add(
                        [0] * (1 + len(kids)),
                        [int(cell[at]), *kids],
                        [1.0] + [-1.0] * len(kids),
                        1,
                        PARENT,
                        [int(cell[at])],
                    )


def _transfers(builder: Builder) -> None:
    """Add ``flow = coefficient × t`` with ``t = in(source)``, one hidden t a process and cell."""
    table, q, system = builder.system.transfers, builder.q, builder.system
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
    flows = np.flatnonzero(q.kinds == FLOW)
    entering = key(flows, target)
    at = np.searchsorted(wanted, entering)
    inside = (at < len(wanted)) & (wanted[np.minimum(at, len(wanted) - 1)] == entering)
    total = np.array([q.auxiliary("in") for _ in wanted], dtype=np.int64)
    builder.rows.add(
        np.concatenate([at[inside], np.arange(len(wanted))]),
        np.concatenate([flows[inside], total]),
        np.concatenate([np.ones(int(inside.sum())), -np.ones(len(wanted))]),
        len(wanted),
        DEFINITION,
        total,
    )
    first = builder.rows.add(
        np.arange(len(flow)), flow, np.ones(len(flow)), len(flow), TRANSFER, row
    )
    builder.bulk = TermBlock(
        "(q0 * q1)",
        first + np.arange(len(flow)),
        -np.ones(len(flow)),
        np.stack([share, total[group]], axis=1),
        np.zeros((len(flow), 0)),
    )


def _relations(builder: Builder) -> None:
    for number, relation in enumerate(builder.system.relations.rows()):
        statement = parse_relation(relation.formula, relation.place)
        difference = Operation("-", statement.left, statement.right)
        cells = builder.instances(difference, relation.period, relation.region)
        if not cells:
            builder.problems.append(
                Problem(
                    "relation-nowhere",
                    "There is no period and region in which all names of “{formula}” have a value.",
                    {"formula": relation.formula},
                    relation.place,
                )
            )
        for period, region in cells:
            row = builder.row(difference, period, region, RELATION, number, relation)
            if row is not None and statement.sense != "=":
                slack = builder.q.auxiliary(f"{relation.id}:slack", lower=0.0)
                sign = -1.0 if statement.sense == ">=" else 1.0
                builder.extend(row, slack, sign)


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
