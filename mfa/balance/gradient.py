"""Value and gradient of a formula over the account, by forward differentiation of its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.errors import InputError, Problem
from mfa.locale import N_
from mfa.model.names import flows_of
from mfa.model.relation import Call, Name, Node, Number

if TYPE_CHECKING:
    from mfa.account import Account


def differentiate(
    account: Account, node: Node, period: str = "", region: str = ""
) -> tuple[float, np.ndarray]:
    """Return the formula's value at the account and its gradient, (n,), in internal units.

    Raises
    ------
    InputError
        A name has no value there, or several and no label says which.
    """
    n = account.equations.quantities.count
    labels = tuple(label for label in (period, region) if label)

    def leaf(index: int) -> tuple[float, np.ndarray]:
        weights = np.zeros(n)
        weights[index] = 1.0
        return float(account.solution.x[index]), weights

    def visit(item: Node) -> tuple[float, np.ndarray]:
        if isinstance(item, Number):
            return item.value, np.zeros(n)
        if isinstance(item, Name):
            return leaf(find(account, item.id, item.labels or labels))
        if isinstance(item, Call):
            parts = [leaf(find(account, name, labels)) for name in flows_of(account.system, item)]
            return sum(p[0] for p in parts), sum((p[1] for p in parts), np.zeros(n))
        (a, da), (b, db) = visit(item.left), visit(item.right)
        with np.errstate(all="ignore"):
            if item.op == "+":
                return a + b, da + db
            if item.op == "-":
                return a - b, da - db
            if item.op == "*":
                return a * b, da * b + a * db
            if item.op == "/":
                b = b if b else float("nan")
                return a / b, da / b - a / b**2 * db
            logarithm = np.log(a) if a > 0 and db.any() else 0.0
            value = float(np.power(float(a), b))
            return value, b * float(np.power(float(a), b - 1)) * da + value * logarithm * db

    return visit(node)


def find(account: Account, name: str, labels: tuple[str, ...]) -> int:
    """Return the index of a quantity; labels are not needed where it has a single value.

    Raises
    ------
    InputError
        There is no such quantity, or the labels name no single value of it.
    """
    try:
        cells = account.equations.quantities.cells(name)
        constant = len(np.unique(cells[cells >= 0])) == 1
        return account._index(name, () if constant else labels)
    except KeyError as error:
        raise InputError([_unreadable(account, name)]) from error


def _unreadable(account: Account, name: str) -> Problem:
    if name not in account.equations.quantities.slots:
        message = N_("There is no quantity “{name}” in the account. Correct the name.")
        return Problem("unknown-value", message, {"name": name})
    message = N_(
        "“{name}” has several values, or none with these labels; say which period or region, of "
        "{labels}."
    )
    labels = ", ".join(x for x in (*account.system.periods, *account.system.regions) if x)
    return Problem("unknown-value", message, {"name": name, "labels": labels})
