"""From a parsed relation to rows of the equation system.

Every relation becomes ``Σ a_j x_j + Σ c_t g_t(x) = b``: a linear part, and nonlinear terms ``g``
that share a *shape* (``q0*q1``, ``q0/q1``, ``q0**2``…). A sum inside a product becomes an auxiliary
quantity of its own, so that a share of a process with a thousand inputs is still ``q0*q1``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from mfa.balance.laurent import Laurent, UnfitError
from mfa.model.relation import Call, Name, Node, Number, Operation

Resolver = Callable[[Name | Call], dict[int, float]]
Auxiliary = Callable[["Affine"], int]


@dataclass(frozen=True)
class Affine:
    """``Σ coefficients[j] · x_j + constant``."""

    coefficients: dict[int, float] = field(default_factory=dict)
    constant: float = 0.0

    def plus(self, other: Affine, weight: float = 1.0) -> Affine:
        """Return ``self + weight · other``."""
        merged = dict(self.coefficients)
        for index, value in other.coefficients.items():
            merged[index] = merged.get(index, 0.0) + weight * value
        return Affine(merged, self.constant + weight * other.constant)

    def times(self, factor: float) -> Affine:
        """Return ``factor · self``."""
        return Affine({}, 0.0).plus(self, factor)


@dataclass(frozen=True)
class Term:
    """``coefficient · shape(quantities…, constants…)``."""

    coefficient: float
    shape: str
    quantities: tuple[int, ...]
    constants: tuple[float, ...]


@dataclass(frozen=True)
class _Product:
    """A nonlinear node: op over two lowered operands."""

    op: str
    left: Affine | _Product
    right: Affine | _Product


def lower(node: Node, resolve: Resolver, auxiliary: Auxiliary) -> tuple[Affine, list[Term]]:
    """Split an expression into its linear part and its nonlinear terms.

    Parameters
    ----------
    resolve
        Gives the quantities (index → weight) that a name or call stands for.
    auxiliary
        Makes a hidden quantity equal to a linear expression and returns its index.

    Raises
    ------
    ZeroDivisionError, OverflowError
        The constants of the expression do so.
    """
    affine, nonlinear = Affine(), []
    for weight, part in _summands(_lower(node, resolve), 1.0):
        if isinstance(part, Affine):
            affine = affine.plus(part, weight)
        else:
            nonlinear.append(_term(weight, part, auxiliary))
    return affine, nonlinear


def _lower(node: Node, resolve: Resolver) -> Affine | _Product:
    if isinstance(node, Number):
        return Affine({}, node.value)
    if isinstance(node, Name | Call):
        return Affine(resolve(node))
    assert isinstance(node, Operation)
    left, right = _lower(node.left, resolve), _lower(node.right, resolve)
    if isinstance(left, Affine) and isinstance(right, Affine):
        simple = _linear(node.op, left, right)
        if simple is not None:
            return simple
    return _Product(node.op, left, right)


def _linear(op: str, left: Affine, right: Affine) -> Affine | None:
    """Return ``left op right`` when it is linear, else None."""
    if op in "+-":
        return left.plus(right, 1.0 if op == "+" else -1.0)
    if op == "*" and not right.coefficients:
        return left.times(right.constant)
    if op == "*" and not left.coefficients:
        return right.times(left.constant)
    if op == "/" and not right.coefficients:
        return left.times(1.0 / right.constant)
    if op == "^" and not right.coefficients:
        if not left.coefficients:
            return Affine({}, float(left.constant**right.constant))
        if right.constant == 1.0:
            return left
    return None


def _summands(node: Affine | _Product, weight: float) -> list[tuple[float, Affine | _Product]]:
    """Open the sums at the top, so that each nonlinear product stands alone."""
    if isinstance(node, Affine) or node.op not in "+-*/":
        return [(weight, node)]
    if node.op in "+-":
        sign = 1.0 if node.op == "+" else -1.0
        return _summands(node.left, weight) + _summands(node.right, weight * sign)
    if isinstance(node.right, Affine) and not node.right.coefficients:
        constant = node.right.constant
        return _summands(node.left, weight * (constant if node.op == "*" else 1.0 / constant))
    if node.op == "*" and isinstance(node.left, Affine) and not node.left.coefficients:
        return _summands(node.right, weight * node.left.constant)
    return [(weight, node)]


def _term(weight: float, node: Affine | _Product, auxiliary: Auxiliary) -> Term:
    quantities: list[int] = []
    constants: list[float] = []

    def name(index: int) -> str:
        if index not in quantities:
            quantities.append(index)
        return f"q{quantities.index(index)}"

    def constant(value: float) -> str:
        constants.append(value)
        return f"c{len(constants) - 1}"

    def text(part: Affine | _Product) -> str:
        if isinstance(part, _Product):
            op = "**" if part.op == "^" else part.op
            return f"({text(part.left)} {op} {text(part.right)})"
        if not part.coefficients:
            return constant(part.constant)
        if len(part.coefficients) == 1 and not part.constant:
            ((index, factor),) = part.coefficients.items()
            return name(index) if factor == 1.0 else f"({constant(factor)} * {name(index)})"
        return name(auxiliary(part))

    shape = text(node)
    return Term(weight, shape, tuple(quantities), tuple(constants))


@dataclass(frozen=True)
class Shape:
    """A nonlinear form with its exact derivatives, evaluated over arrays.

    ``value(q0, q1, …, c0, …)`` and ``gradient(…)`` (one array a quantity) take columns of equal
    length.
    """

    text: str
    arity: int
    value: Callable[..., np.ndarray]
    gradient: Callable[..., list[np.ndarray]]


@dataclass(frozen=True)
class Bends:
    """Second derivatives of a shape by the `pairs` (i ≥ k) of quantities where they are not 0."""

    pairs: list[tuple[int, int]]
    value: Callable[..., list[np.ndarray]]


@lru_cache(maxsize=4096)
def compile_shape(text: str, arity: int, constants: int) -> Shape:
    """Return the compiled shape; `text` comes from `lower`, never from a user.

    The sympy expression is built from our own syntax tree's symbols and the four operations, so
    that nothing of the user's formula reaches a parser that evaluates.
    """
    simple = _simple(text, arity, constants)
    if simple is not None:
        slopes = [simple.by(i) for i in range(arity)]
        return Shape(text, arity, simple, lambda *columns: [slope(*columns) for slope in slopes])
    import sympy

    symbols = sympy.symbols(
        [f"q{i}" for i in range(arity)] + [f"c{i}" for i in range(constants)], real=True
    )
    table = {str(symbol): symbol for symbol in symbols}
    expression = shape_expression(text, table)
    quantities = symbols[:arity]
    value = sympy.lambdify(symbols, expression, "numpy", cse=True)
    derivatives = [sympy.diff(expression, q) for q in quantities]
    slope = sympy.lambdify(symbols, derivatives, "numpy", cse=True)
    return Shape(text, arity, value, slope)


@lru_cache(maxsize=4096)
def compile_bends(text: str, arity: int, constants: int) -> Bends:
    """Return the second derivatives of a shape, compiled like the shape itself."""
    simple = _simple(text, arity, constants)
    if simple is not None:
        at = [(i, k) for i in range(arity) for k in range(i + 1) if simple.by(i).by(k).terms]
        parts = [simple.by(i).by(k) for i, k in at]
        return Bends(at, lambda *columns: [part(*columns) for part in parts])
    import sympy

    symbols = sympy.symbols(
        [f"q{i}" for i in range(arity)] + [f"c{i}" for i in range(constants)], real=True
    )
    expression = shape_expression(text, {str(symbol): symbol for symbol in symbols})
    pairs, found = [], []
    for i in range(arity):
        for k in range(i + 1):
            bend = sympy.diff(expression, symbols[i], symbols[k])
            if bend != 0:
                pairs.append((i, k))
                found.append(bend)
    return Bends(pairs, sympy.lambdify(symbols, found, "numpy", cse=True))


def _simple(text: str, arity: int, constants: int) -> Laurent | None:
    """Return the shape as a short sum of products of whole powers; None when it is none."""
    names = [f"q{i}" for i in range(arity)] + [f"c{i}" for i in range(constants)]
    table: dict[str, object] = dict(zip(names, Laurent.symbols(len(names)), strict=True))
    try:
        found = shape_expression(text, table)
    except UnfitError:
        return None
    return found if isinstance(found, Laurent) else None


def shape_expression(text: str, table: dict[str, object]) -> object:
    """Return the expression of a parenthesised shape text over the symbols of `table`."""
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()
    position = 0

    def read() -> object:
        nonlocal position
        token = tokens[position]
        position += 1
        if token != "(":
            return table[token]
        left = read()
        op = tokens[position]
        position += 1
        right = read()
        position += 1  # the closing parenthesis
        return {
            "+": lambda: left + right,  # type: ignore[operator]
            "-": lambda: left - right,  # type: ignore[operator]
            "*": lambda: left * right,  # type: ignore[operator]
            "/": lambda: left / right,  # type: ignore[operator]
            "**": lambda: left**right,  # type: ignore[operator]
        }[op]()

    return read()
