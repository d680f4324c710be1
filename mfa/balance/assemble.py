"""A system becomes equations: names become indices, units become factors, relations become rows."""

from __future__ import annotations

import numpy as np

from mfa.balance.builder import Builder
from mfa.balance.enumeration import enumerate_quantities
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
from mfa.balance.quantities import (
    FLOW,
    PARAMETER,
    STOCK,
    codes,
    column_codes,
)
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
    system, processes = builder.system, builder.system.processes
    inside = processes.codes("boundary")
    balanced = processes.column("balance").astype(bool)
    balanced &= np.array([value == "inside" for value in inside.values])[inside.codes]
    shape = (processes.row_count, len(system.layers), len(system.periods), len(system.regions))
    return balance_rows(
        builder.rows,
        builder.q,
        column_codes(system.flows, "source", processes),
        column_codes(system.flows, "target", processes),
        column_codes(system.stocks, "process", processes),
        balanced,
        shape,
    )


def _carry_stocks(builder: Builder) -> None:
    """stock(t) = stock(t − 1) + change(t) × length of the period."""
    q = builder.q
    length = parse_unit(
        builder.system.info.get("period_length", "1 year").removeprefix("1 ")
    ).factor
    level = np.flatnonzero((q.kinds == STOCK) & (q.periods >= 0))
    if not len(level):
        return
    stocks = builder.system.stocks.column("id")
    slot, change_slot = (codes(names, q.slots) for names in (stocks, stocks + ".change"))
    period, region, row = q.periods[level], q.regions[level], q.rows[level]
    before = np.where(period > 0, q.grid[slot[row], period - 1, region], -1)
    for (name, place), index in q.opening.items():
        at = q.grid[q.slots[name], 0, place]
        before[level == at] = index
    change = q.grid[change_slot[row], period, region]
    known = before >= 0
    level, before, change = level[known], before[known], change[known]
    texts = np.array([q.unit[k] for k in change], dtype=str)
    units, code = np.unique(texts, return_inverse=True)
    rates = [parse_unit(str(text)).dimension.get("time", 0) < 0 for text in units]
    step = np.where(np.array(rates, dtype=bool)[code], length, 1.0)
    rows, ones = np.arange(len(level)), np.ones(len(level))
    builder.rows.add(
        np.concatenate([rows] * 3),
        np.concatenate([level, before, change]),
        np.concatenate([ones, -ones, -step]),
        len(level),
        CARRY,
        level,
    )


def _parents(builder: Builder) -> None:
    """Make a parent region's flows and stock changes the sums of its children's."""
    regions, grid, q = list(builder.system.regions), builder.q.grid, builder.q
    if not grid.size:
        return
    for parent, children in builder.system.region_tree.items():
        whole = grid[:, :, regions.index(parent)]
        parts = grid[:, :, [regions.index(child) for child in children]]
        summed = (whole >= 0) & (parts >= 0).any(axis=2) & (parts != whole[:, :, None]).all(axis=2)
        summed &= q.kinds[whole] != PARAMETER
        slot, period = np.nonzero(summed)
        total, kids = whole[slot, period], parts[slot, period]
        row, child = np.nonzero(kids >= 0)
        builder.rows.add(
            np.concatenate([np.arange(len(total)), row]),
            np.concatenate([total, kids[row, child]]),
            np.concatenate([np.ones(len(total)), -np.ones(len(row))]),
            len(total),
            PARENT,
            total,
        )


def _transfers(builder: Builder) -> None:
    """Add ``flow = coefficient × t`` with ``t = in(source)``, one hidden t a process and cell."""
    table, q, system = builder.system.transfers, builder.q, builder.system
    if not table.row_count:
        return
    slot = q.slots_of(table.codes("flow"))
    flow = q.grid[slot].reshape(len(slot), -1)
    share = q.grid[q.slots_of(table.codes("parameter"))].reshape(len(slot), -1)
    row, cell = np.nonzero((flow >= 0) & (share >= 0))
    flow, share = flow[row, cell], share[row, cell]
    processes = system.processes
    source = column_codes(system.flows, "source", processes)
    target = column_codes(system.flows, "target", processes)
    shape = (processes.row_count, len(system.layers), len(system.periods), len(system.regions))

    def key(index: np.ndarray, end: np.ndarray) -> np.ndarray:
        place = (end[q.rows[index]], q.layers[index], q.periods[index], q.regions[index])
        return np.ravel_multi_index(place, shape)

    wanted, group = np.unique(key(flow, source), return_inverse=True)
    flows = np.flatnonzero(q.kinds == FLOW)
    entering = key(flows, target)
    at = np.searchsorted(wanted, entering)
    inside = (at < len(wanted)) & (wanted[np.minimum(at, len(wanted) - 1)] == entering)
    total = q.count + np.arange(len(wanted))
    q.auxiliaries("in", len(wanted))
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
    if not system.stocks.row_count:
        return set(), set()
    stocks = set(system.stocks)
    used: set[str] = set()
    for relation in system.relations.rows():
        statement = parse_relation(relation.formula, relation.place)
        for side in (statement.left, statement.right):
            used |= {item.id for item in walk(side) if isinstance(item, Name)}
    names, periods = system.observations.column("quantity"), system.observations.column("period")
    quantity = system.observations.codes("quantity")
    observed = system.stocks.find(quantity.values)[quantity.codes] >= 0
    used |= set(names[observed].tolist())
    known = set(system.periods)
    rows = np.flatnonzero(observed)
    openings = {str(names[k]) for k in rows if periods[k] and periods[k] not in known}
    return used & stocks, openings & stocks
