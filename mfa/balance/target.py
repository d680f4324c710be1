"""What a question is about: one quantity of an account, or a formula over several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.gradient import differentiate, find
from mfa.balance.lookup import opening_label
from mfa.errors import InputError, Problem
from mfa.model.relation import Name, parse_expression

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System

Key = str | tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A quantity or a formula, to first order around the account.

    Attributes
    ----------
    text
        As the user wrote it.
    index
        The quantity, when it is a single one.
    value, weights
        Value and gradient (n,), in internal units.
    unit, factor
        Unit of results and internal units per such unit.
    """

    text: str
    index: int | None
    value: float
    weights: np.ndarray
    unit: str
    factor: float


def find_target(account: Account, what: Key, period: str = "", region: str = "") -> Target:
    """Return the target that `what` names.

    Parameters
    ----------
    what
        A quantity (``"husk"``, ``("husk", "2023")``, ``"husk[2023]"``) or a formula over several.
    period, region
        Labels for names that have none of their own, where there is more than one.

    Raises
    ------
    InputError
        A name is unknown or has several values, the formula does not parse or mixes dimensions.
    """
    from mfa.units import parse_unit

    q = account.equations.quantities
    given = tuple(str(label) for label in (period, region) if label)
    name, *labels = what if isinstance(what, tuple) else (what,)
    node = Name(name) if name in q.slots or labels else parse_expression(name)
    if isinstance(node, Name) and node.id in q.slots:
        index = find(account, node.id, tuple(map(str, labels)) or node.labels or given)
        weights = np.zeros(q.count)
        weights[index] = 1.0
        unit = q.unit[index] or ""
        value = float(account.solution.x[index])
        return Target(name, index, value, weights, unit, float(q.factor[index]))
    from mfa.model.dimension import expression_dimension

    dimension = expression_dimension(account.system, node, name)
    value, weights = differentiate(account, node, period, region)
    unit = result_unit(account.system, dimension, None, name)
    factor = q.internal.factor(parse_unit(unit)) if unit else 1.0
    return Target(name, None, value, weights, unit, factor)


def result_unit(system: System, dimension: object, unit: str | None, formula: str) -> str:
    """Return the unit in which a formula's value is given: `unit`, else one of its dimension.

    Raises
    ------
    InputError
        The formula has another dimension than `unit`.
    """
    from mfa.units import Dimension, parse_unit

    if unit is not None:
        wanted = parse_unit(unit).dimension
        if isinstance(dimension, Dimension) and wanted != dimension:
            raise InputError(
                [
                    Problem(
                        "wrong-dimension-result",
                        "“{formula}” is in {got}, not in {unit}.",
                        {"formula": formula, "got": dimension.unit, "unit": unit},
                    )
                ]
            )
        return unit
    if not isinstance(dimension, Dimension):
        return ""
    rate = parse_unit(system.unit).dimension
    return system.unit if dimension == rate else dimension.unit


def quantity_label(account: Account, index: int) -> str:
    """Return how a formula names one quantity: its id, with labels where it has several values."""
    q = account.equations.quantities
    if index >= q.visible:
        return q.aux_ids[index - q.visible]
    labels = quantity_labels(account, index)
    cells = q.cells(q.ids[index])
    several = len(np.unique(cells[cells >= 0])) > 1 or q.periods[index] == -1
    shown = [label for label in labels if label]
    return f"{q.ids[index]}[{', '.join(shown)}]" if several and shown else q.ids[index]


def quantity_labels(account: Account, index: int) -> tuple[str, str]:
    """Return period and region of a quantity ("" where it holds for all, or there is only one)."""
    q, system = account.equations.quantities, account.system
    p, r = int(q.periods[index]), int(q.regions[index])
    period = opening_label(system) if p == -1 else (system.periods[p] if p >= 0 else "")
    return period, system.regions[r] if r >= 0 else ""
