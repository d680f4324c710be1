"""Observations become arrays: plain ones by whole columns, sums and products one by one."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mfa.balance.builder import Builder
from mfa.balance.distribution import (
    TRIANGULAR,
    distribution_problems,
    shape_column,
    stated_limits,
    triangular_sd,
)
from mfa.balance.equations import DEFINITION, Observations
from mfa.balance.quantities import column_codes
from mfa.balance.terms import Affine, Term, lower
from mfa.errors import Problem
from mfa.model.relation import Call, Name, Operation, parse_expression
from mfa.units import parse_unit

DEFINITE = 1e-10  # least eigenvalue of a correlation matrix
SHOWN = 6
HEAVIEST = 1e300  # weight 1/σ², and weight × value, that can still be summed


def compile_observations(builder: Builder) -> Observations:
    """Return all observations in internal units; problems are added to the builder's."""
    table = builder.system.observations
    slot, factors = builder.q.slots_of(table.codes("quantity")), table.codes("factor")
    bare = np.array([factor == "" for factor in factors.values], dtype=bool)[factors.codes]
    plain = (slot >= 0) & bare
    index = np.full(table.row_count, -1, dtype=np.int64)
    index[plain] = _cells_of(builder, slot[plain], np.flatnonzero(plain))
    for row in np.flatnonzero(~plain):
        index[row] = _derived(builder, int(row))
    scale = _scales(builder, index)
    value, sd = table.numbers("value") * scale, table.numbers("sd") * scale
    if builder.problems:
        index = np.maximum(index, 0)
    builder.problems += distribution_problems(table)
    shape, limits = shape_column(table), stated_limits(table) * scale[:, None]
    sd = np.where(shape == TRIANGULAR, triangular_sd(value, limits, sd), sd)
    builder.problems += _too_certain(builder, value, sd)
    rows = np.arange(table.row_count)
    return Observations(index, value, sd, rows, _covariances(builder, sd), shape, limits)


def _cells_of(builder: Builder, slots: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the quantity of each plain observation; with several periods it must say which."""
    table, system = builder.system.observations, builder.system
    grid = builder.q.grid
    if system.periods == ("",) and system.regions == ("",):
        return grid[slots, 0, 0]
    period, region = table.column("period")[rows], table.column("region")[rows]
    p = column_codes(table, "period", system.periods)[rows]
    r = column_codes(table, "region", system.regions)[rows]
    out = np.full(len(rows), -1, dtype=np.int64)
    cell = p, r
    for axis, labels in enumerate((system.periods, system.regions)):
        if labels == ("",):
            cell[axis][:] = 0
    said = (p >= 0) & (r >= 0)
    out[said] = grid[slots[said], p[said], r[said]]
    for k in np.flatnonzero(out < 0):  # those that leave it open, or name an opening level
        row = rows[k]
        cells = grid[slots[k]]
        if period[k] and p[k] < 0:
            out[k] = builder.q.opening.get((_slot_name(builder, slots[k]), max(int(r[k]), 0)), -1)
        else:
            chosen = cells[p[k] : p[k] + 1] if p[k] >= 0 and period[k] else cells
            chosen = chosen[:, r[k] : r[k] + 1] if r[k] >= 0 and region[k] else chosen
            found = np.unique(chosen[chosen >= 0])
            out[k] = found[0] if len(found) == 1 else -1
        if out[k] < 0:
            observation = table.row(int(row))
            builder.problems.append(
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


def _slot_name(builder: Builder, slot: int) -> str:
    return list(builder.q.slots)[int(slot)]


def _derived(builder: Builder, row: int) -> int:
    """Return the hidden quantity of an observed sum, or of the rate in ``value × factor``."""
    observation = builder.system.observations.row(row)
    target = parse_expression(observation.quantity, observation.place)
    cells = builder.instances(target, observation.period, observation.region)
    if len(cells) != 1:
        builder.problems.append(
            Problem(
                "which-period",
                "The observation of “{quantity}” must say for which period or region "
                "it holds (known: {labels}).",
                {
                    "quantity": observation.quantity,
                    "labels": ", ".join([*builder.system.periods, *builder.system.regions]).strip(
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
        else (None if observation.factor else builder.system._unit_of(observation.quantity) or None)
    )
    factor = builder.q.internal.factor(parse_unit(unit)) if unit else 1.0
    hidden = builder.q.auxiliary(observation.id, unit=unit, factor=factor)
    period, region = cells[0]
    resolve = builder.resolver(period, region)
    affine, terms = lower(target, resolve, builder.auxiliary)
    if observation.factor:
        times = parse_expression(observation.factor, observation.place)
        product = Operation("*", Name("\0observed"), times)

        def with_hidden(item: Name | Call) -> dict[int, float]:
            if isinstance(item, Name) and item.id == "\0observed":
                return {hidden: 1.0}
            return resolve(item)

        right, more = lower(product, with_hidden, builder.auxiliary)
        minus = [Term(-t.coefficient, t.shape, t.quantities, t.constants) for t in more]
        line = builder.add(affine.plus(right, -1.0), terms + minus, DEFINITION, hidden)
        if len(affine.coefficients) == 1 and not terms:
            builder.factored[row] = (next(iter(affine.coefficients)), line)
    else:
        builder.add(affine.plus(Affine({hidden: -1.0})), terms, DEFINITION, hidden)
    return hidden


def _scales(builder: Builder, index: np.ndarray) -> np.ndarray:
    """Return internal units per unit of each observation."""
    code, distinct = builder.system.observations.coded("unit")
    own = np.concatenate([builder.q.factor, np.array(builder.q.aux_factor, dtype=float)])
    given = np.array(
        [
            np.nan if text is None or text != text else builder.q.internal.factor(parse_unit(text))
            for text in distinct
        ]
    )
    scale = given[code] if len(code) else np.zeros(0)
    return np.where(np.isnan(scale), own[index] if len(index) else scale, scale)


def _too_certain(builder: Builder, value: np.ndarray, sd: np.ndarray) -> list[Problem]:
    """Return a problem for each σ that is not 0, but so small that weights overflow."""
    limit = np.sqrt(np.maximum(np.abs(value), 1.0)) / np.sqrt(HEAVIEST)
    table = builder.system.observations
    rows = [table.row(int(row)) for row in np.flatnonzero((sd > 0) & (sd < limit))[:SHOWN]]
    return [
        Problem(
            "sd-too-small",
            "The uncertainty of “{quantity}” is {sd}: too small to compute with. Write 0 for a "
            "constant.",
            {"quantity": row.quantity, "sd": f"{row.sd:g}"},
            row.place,
        )
        for row in rows
    ]


def _covariances(builder: Builder, sd: np.ndarray) -> list[tuple[int, int, float]]:
    table = builder.system.observations
    if not builder.system.correlations:
        return []
    ids, names = table.column("id"), table.column("quantity")
    out = []
    for first, second, rho in builder.system.correlations:
        left = np.flatnonzero((ids == first) | (names == first))
        right = np.flatnonzero((ids == second) | (names == second))
        for missing in [name for name, rows in ((first, left), (second, right)) if not len(rows)]:
            builder.problems.append(
                Problem(
                    "correlation-unobserved",
                    "“{name}” has no observation to correlate.",
                    {"name": missing},
                )
            )
        out += [(int(i), int(j), float(rho * sd[i] * sd[j])) for i in left for j in right if i != j]
    builder.problems += _impossible(out, ids, sd)
    return out


def _impossible(pairs: list[tuple[int, int, float]], ids: np.ndarray, sd: np.ndarray) -> list:
    """Return a problem for each group of correlations that no data can have, naming them."""
    known = [(i, j, v / sd[i] / sd[j]) for i, j, v in pairs if sd[i] > 0 and sd[j] > 0]
    if not known:
        return []
    i, j, rho = (np.array(part) for part in zip(*known, strict=True))
    members, at = np.unique(np.concatenate([i, j]), return_inverse=True)
    i, j, size = at[: len(i)], at[len(i) :], len(members)
    links = sp.coo_array((np.ones(len(i)), (i, j)), shape=(size, size))
    problems = []
    _, group = sp.csgraph.connected_components(links, directed=False)
    for label in range(group.max() + 1):
        own = np.flatnonzero(group[i] == label)
        matrix = np.eye(size)
        matrix[i[own], j[own]] = matrix[j[own], i[own]] = rho[own]
        inside = np.flatnonzero(group == label)
        if np.linalg.eigvalsh(matrix[np.ix_(inside, inside)])[0] > DEFINITE:
            continue
        names = [f"{ids[members[i[k]]]} – {ids[members[j[k]]]}: {rho[k]:g}" for k in own[:SHOWN]]
        problems.append(
            Problem(
                "correlations-impossible",
                "These correlations cannot hold together: {pairs}. Their matrix is not positive "
                "definite; make some of them weaker.",
                {"pairs": "; ".join(names) + (" …" if len(own) > SHOWN else "")},
            )
        )
    return problems
