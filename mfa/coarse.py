"""The balance of the data as given, before anything is reconciled: a first look at every process.

It needs no solution, so that it can be shown while the input still has errors, or contradicts
itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.assemble import assemble
from mfa.balance.classify import FREE
from mfa.balance.equations import Equations
from mfa.balance.quantities import CHANGE
from mfa.errors import InputError
from mfa.quantity_table import observed_inputs
from mfa.units import parse_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mfa.account import Account
    from mfa.errors import Place, Problem
    from mfa.model.system import System
    from mfa.workbook.raw import RawTables

PARTS = ("in", "out", "stock_change")
_ROUNDS = 4
"""How often rows are left out that are wrong only because another was left out."""
_MOST_ROWS = 20_000
"""Above this an input with errors is not built anew without them."""


def coarse_balance(account: Account) -> list[dict[str, Any]]:
    """Return, per process and layer, what the data alone say: in, out, stock change, gap.

    ``in``, ``out`` and ``stock_change`` sum what was measured (None where nothing was), ``gap`` is
    in − out − stock change of it. Of ``all`` flows and stock changes, ``measured`` were measured,
    and balancing settles the value of ``settled``.
    """
    e = replace(account.equations, observations=account.given)
    settled = account.classification.status[: e.quantities.visible] != FREE
    return _rows(account.system, e, settled, account.solution.x)


def coarse_balance_of(system: System) -> list[dict[str, Any]]:
    """Return the same as `coarse_balance` without balancing; ``settled`` is None.

    Raises
    ------
    InputError
        The system has errors.
    """
    return _rows(system, assemble(system), None, None)


def without_errors(tables: RawTables, problems: Sequence[Problem]) -> System | None:
    """Return the system of the rows in which nothing is wrong, None when there is none.

    Rows that refer to one left out are left out in turn.
    """
    from mfa.workbook.build import build_system

    if sum(len(rows) for rows in tables.values()) > _MOST_ROWS:
        return None
    system: System | None = None
    for _ in range(_ROUNDS):
        bad = {_line(p.place) for p in problems if p.severity == "error" and p.place}
        kept = {
            name: [row for row in rows if _line(row.place) not in bad]
            for name, rows in tables.items()
        }
        tables = replace(tables, rows=kept, problems=[])
        system, problems = build_system(tables)
        if all(p.severity != "error" for p in problems):
            return system
    return None


def _line(place: Place) -> tuple[str, int]:
    digits = place.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return place.sheet or place.file, place.row or int(digits or 0)


def _rows(
    system: System, e: Equations, settled: np.ndarray | None, x: np.ndarray | None
) -> list[dict[str, Any]]:
    """Return one record a balance; every sum is a product with the matrix of the balances."""
    n = e.quantities.visible
    A = e.A[np.flatnonzero(e.row_kind == 0)][:, :n]
    given = observed_inputs(e, e.observations, x)[0] * e.quantities.factor[:n]
    measured = ~np.isnan(given)
    values = np.where(measured, given, 0.0)
    changes = e.quantities.kinds == CHANGE
    entering = A.maximum(0)
    leaving, gaining = -A.minimum(0) * ~changes, -A.minimum(0) * changes
    pattern = abs(A).sign()
    units = [system.layer_unit(name) for name in system.layers]
    factors = np.array([_factor(e, unit) for unit in units])
    scale = factors[e.balances[:, 1]]
    sums = [
        np.where(part.sign() @ measured.astype(float) > 0, part @ values / scale, np.nan)
        for part in (entering, leaving, gaining)
    ]
    every = np.ones(n, dtype=bool)
    counts = [
        (pattern @ which.astype(float)).astype(int).tolist()
        for which in (measured, every if settled is None else settled, every)
    ]
    gap = np.nan_to_num(sums[0]) - np.nan_to_num(sums[1]) - np.nan_to_num(sums[2])
    names = [list(system.processes), list(system.layers), system.periods, system.regions]
    return [
        {
            **{
                key: names[k][label]
                for k, (key, label) in enumerate(
                    zip(("process", "layer", "period", "region"), labels, strict=True)
                )
            },
            "unit": units[labels[1]],
            **{part: _known(sums[k][row]) for k, part in enumerate(PARTS)},
            "gap": float(gap[row]) if counts[0][row] else None,
            "measured": counts[0][row],
            "settled": None if settled is None else counts[1][row],
            "all": counts[2][row],
        }
        for row, labels in enumerate(e.balances.tolist())
    ]


def _factor(e: Equations, unit: str) -> float:
    return e.quantities.internal.factor(parse_unit(unit))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def coarse_of_case(
    tables: RawTables | None,
    system: System,
    problems: Sequence[Problem],
    account: Account | None,
) -> list[dict[str, Any]]:
    """Return the coarse balance of an input, as much of it as can be had.

    Balanced, it says what balancing settles; contradictory, it is that of the data; with errors, it
    is that of the rows in which nothing is wrong.
    """
    if account is not None:
        return coarse_balance(account)
    try:
        return coarse_balance_of(system)
    except InputError:
        rest = None if tables is None else without_errors(tables, problems)
    try:
        return coarse_balance_of(rest) if rest is not None else []
    except InputError:
        return []


def named_balances(
    system: System, rows: Sequence[dict[str, Any]], language: str
) -> list[dict[str, Any]]:
    """Return coarse balances with the names of processes and layers in `language`."""
    return [
        {
            **row,
            "process": system.processes[row["process"]].name(language),
            "layer": system.layers[row["layer"]].name(language),
        }
        for row in rows
    ]
