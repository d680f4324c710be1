"""Dimensions of formulas over a system: a sum of tonnes and kilowatt hours is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mfa.errors import InputError, Place, Problem
from mfa.model.names import flows_of, names_in, quantity_names
from mfa.model.relation import Call, Name, Node, Number, Operation
from mfa.units import Dimension, parse_unit

if TYPE_CHECKING:
    from mfa.model.system import System

ANY = "any"  # a bare number: takes the dimension that a sum needs, is dimensionless in a product
UNKNOWN = "unknown"  # depends on a parameter without a unit


def unit_column(system: System) -> dict[str, str | None]:
    """Return the display unit of every quantity by name; None for a bare number."""
    layer = {name: system.layer_unit(name) for name in system.layers}
    flows = system.flows
    own, layers = flows.column("unit"), flows.column("layer")
    units: dict[str, str | None] = {
        name: unit or layer.get(place, system.unit)
        for name, unit, place in zip(flows.column("id"), own, layers, strict=True)
    }
    units |= dict(
        zip(system.parameters.column("id"), system.parameters.column("unit"), strict=True)
    )
    for name in system.stocks:
        units[name], units[f"{name}.change"] = system.stock_units(name)
    return units


class MismatchError(Exception):
    """Two sides of a sum have different dimensions."""

    def __init__(self, left: Dimension, right: Dimension) -> None:
        self.left, self.right = left, right

    def problem(self, formula: str, place: Place | None) -> Problem:
        """Return what is said of it to the user."""
        return Problem(
            "wrong-dimension-sum",
            "In “{formula}” a quantity in {left} is added to or "
            "compared with one in {right}. Check the formula and the units of its "
            "parameters.",
            {"formula": formula, "left": self.left.unit, "right": self.right.unit},
            place,
        )


def dimension(system: System, node: Node) -> object:
    """Return the dimension of an expression: a Dimension, ANY or UNKNOWN.

    Raises
    ------
    MismatchError
        A sum mixes dimensions.
    """
    if isinstance(node, Number):
        return ANY
    if isinstance(node, Name):
        unit = unit_of(system, node.id)
        return UNKNOWN if unit is None else parse_unit(unit).dimension
    if isinstance(node, Call):
        first = system.flows[flows_of(system, node)[0]]
        return parse_unit(first.unit or system.layer_unit(first.layer)).dimension
    assert isinstance(node, Operation)
    left, right = dimension(system, node.left), dimension(system, node.right)
    if node.op in "+-":
        return joined(left, right)
    if node.op in "*/":
        return times(left, right, 1 if node.op == "*" else -1)
    exponent = node.right.value if isinstance(node.right, Number) else None
    if isinstance(left, Dimension) and exponent is not None:
        return left**exponent if exponent == int(exponent) else UNKNOWN
    return left if left is ANY else UNKNOWN


def unit_of(system: System, name: str) -> str | None:
    """Return the display unit of a quantity by name; None for a bare-number parameter."""
    if name in system.flows:
        flow = system.flows[name]
        return flow.unit or system.layer_unit(flow.layer)
    if name in system.parameters:
        return system.parameters[name].unit
    base = name.removesuffix(".change")
    return system.stock_units(base)[0 if base == name else 1]


def joined(left: object, right: object) -> object:
    """Return the dimension of a sum of two; MismatchError when they differ."""
    if isinstance(left, Dimension) and isinstance(right, Dimension):
        if left != right:
            raise MismatchError(left, right)
        return left
    for part in (left, right):
        if isinstance(part, Dimension):
            return part
    return UNKNOWN if UNKNOWN in (left, right) else ANY


def times(left: object, right: object, sign: int) -> object:
    """Return the dimension of a product (sign 1) or quotient (−1)."""
    if UNKNOWN in (left, right):
        return UNKNOWN
    nothing = parse_unit("1").dimension
    first = nothing if left is ANY else left
    second = nothing if right is ANY or right is None else right
    if left is ANY and right is ANY:
        return ANY
    return first * second if sign > 0 else first / second  # type: ignore[operator]


def expression_dimension(system: System, node: Node, formula: str) -> object:
    """Return the dimension of an expression of the user's (ANY or UNKNOWN when it has none).

    Raises
    ------
    InputError
        A name is unknown, or a sum mixes dimensions.
    """
    bad = names_in(system, node, quantity_names(system), None)
    if bad:
        raise InputError(bad)
    try:
        return dimension(system, node)
    except MismatchError as error:
        raise InputError([error.problem(formula, None)]) from error


def same_dimension(
    system: System, left: Node, right: Node, formula: str, place: Place | None
) -> Iterator[Problem]:
    """Yield a problem when the two sides of a statement differ in dimension."""
    try:
        joined(dimension(system, left), dimension(system, right))
    except MismatchError as error:
        yield error.problem(formula, place)
