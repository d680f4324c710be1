"""The formula of a determined quantity: its relations solved for it, in symbols ``q<index>``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.derivation import Block
from mfa.balance.equations import Equations
from mfa.balance.formula_text import number, written
from mfa.balance.terms import shape_expression

if TYPE_CHECKING:
    import sympy

    from mfa.account import Account

MOST_UNKNOWNS = 25  # solved for together
SHORT = 12  # operations up to which one formula holds reported quantities only
LONGEST = 80  # operations in a formula that still explains something
HEAVIEST = 400  # operations in a formula on the way there
MOST_LINES = 12  # intermediate formulas
CLOSE = 1e-6


@dataclass(frozen=True)
class Formula:
    """A quantity as an expression of others, and these, where not reported, of others again."""

    index: int
    expression: sympy.Expr
    where: tuple[tuple[int, sympy.Expr], ...] = ()


def solve_for(account: Account, blocks: tuple[Block, ...], index: int) -> Formula | None:
    """Return the formula by which a quantity follows; None when none is found or fits a line.

    A short formula holds reported quantities only; else it names others that follow, with theirs.
    Each gives the value of the account, to rounding.
    """
    lines = _lines(account, blocks)
    if index not in lines:
        return None
    whole = _whole(lines, index)
    if whole is not None and whole.count_ops() <= SHORT and _agrees(whole, index, account):
        return Formula(index, whole)
    expression = lines[index]
    if expression.count_ops() > LONGEST or not _agrees(expression, index, account):
        return None
    return Formula(index, expression, _where(lines, index))


def row_expression(equations: Equations, row: int) -> sympy.Expr:
    """Return f of one row as an expression of symbols ``q<index>``."""
    import sympy

    A = equations.A
    start, end = A.indptr[row], A.indptr[row + 1]
    terms = [
        number(value) * symbol_of(int(column))
        for column, value in zip(A.indices[start:end], A.data[start:end], strict=True)
    ]
    terms.append(-number(float(equations.b[row])))
    for block in equations.blocks:
        for t in np.flatnonzero(block.rows == row):
            names: dict[str, object] = {
                f"q{k}": symbol_of(int(j)) for k, j in enumerate(block.quantities[t])
            }
            names |= {f"c{k}": number(float(c)) for k, c in enumerate(block.constants[t])}
            terms.append(
                number(float(block.coefficients[t])) * shape_expression(block.shape, names)
            )
    return sympy.Add(*terms)


def symbol_of(index: int) -> sympy.Symbol:
    """Return the symbol of a quantity."""
    import sympy

    return sympy.Symbol(f"q{index}", real=True)


def index_of(symbol: sympy.Symbol) -> int:
    """Return the quantity of a symbol."""
    return int(symbol.name[1:])


# ------------------------------------------------------------------------------- step by step


def _lines(account: Account, blocks: tuple[Block, ...]) -> dict[int, Any]:
    """Return each quantity solved for in turn, hidden ones replaced by what they stand for."""
    e, x, visible = account.equations, account.solution.x, account.equations.quantities.visible
    hidden: dict[Any, Any] = {}
    lines: dict[int, Any] = {}
    for block in blocks:
        rows = [row_expression(e, row).xreplace(hidden) for row in block.rows]
        for quantity in block.unknowns:
            solved = _eliminate(rows, block.unknowns, quantity, x)
            if solved is None or solved.count_ops() > HEAVIEST:
                continue
            if quantity >= visible:
                hidden[symbol_of(quantity)] = solved
            else:
                lines[quantity] = _readable(solved, x)
    return lines


def _whole(lines: dict[int, Any], index: int) -> Any:
    """Return the formula with all intermediate quantities replaced; None when it gets too long."""
    full: dict[Any, Any] = {}
    for quantity, expression in lines.items():
        replaced = expression.xreplace(full)
        if replaced.count_ops() <= HEAVIEST:
            full[symbol_of(quantity)] = replaced
    whole = full.get(symbol_of(index))
    if whole is None or any(index_of(s) in lines for s in whole.free_symbols):
        return None
    return _shortest(whole)


def _where(lines: dict[int, Any], index: int) -> tuple[tuple[int, Any], ...]:
    """Return the formulas of the intermediate quantities, in the order in which they are needed."""
    found: dict[int, Any] = {}
    queue = [index]
    while queue:
        for symbol in sorted(lines[queue.pop(0)].free_symbols, key=index_of):
            quantity = index_of(symbol)
            if quantity in lines and quantity != index and quantity not in found:
                found[quantity] = lines[quantity]
                queue.append(quantity)
    return tuple(found.items())[:MOST_LINES]


# ------------------------------------------------------------------------------- sympy


def _solve(expression: Any, symbol: Any, x: np.ndarray) -> Any:
    """Return the root of ``expression = 0`` for `symbol` that is the account's, if any."""
    import sympy

    top = sympy.numer(sympy.together(expression))
    linear = _linear(top, symbol)
    if linear is not None:
        return -linear[1] / linear[0]
    if top.count_ops() > LONGEST:
        return None
    try:
        roots = sympy.solve(expression, symbol)
    except NotImplementedError:
        return None
    wanted = x[index_of(symbol)]
    found = [(abs(v - wanted), k) for k, root in enumerate(roots) if (v := _value(root, x)) == v]
    return roots[min(found)[1]] if found else None


def _linear(expression: Any, symbol: Any) -> tuple[Any, Any] | None:
    """Return slope and rest of an expression linear in `symbol`, else None."""
    import sympy

    expanded = sympy.expand(expression)
    slope = expanded.coeff(symbol, 1)
    rest = sympy.expand(expanded - slope * symbol)
    return None if slope == 0 or rest.has(symbol) else (slope, rest)


def _eliminate(rows: list[Any], unknowns: tuple[int, ...], index: int, x: np.ndarray) -> Any:
    """Solve several rows for one of their unknowns, taking away the others one by one."""
    import sympy

    if len(unknowns) > MOST_UNKNOWNS:
        return None
    target, others = symbol_of(index), {symbol_of(u) for u in unknowns if u != index}
    if not others:
        return _solve(rows[0], target, x)
    rows = [sympy.numer(sympy.together(row)) for row in rows]
    while others & set().union(*(row.free_symbols for row in rows)):
        choice = _easiest(rows, others)
        if choice is None:
            return None
        k, symbol, solved = choice
        others.discard(symbol)
        rows = [
            sympy.numer(sympy.together(row.xreplace({symbol: solved})))
            for j, row in enumerate(rows)
            if j != k
        ]
        rows = [sympy.expand(row) for row in rows]
        if any(row.count_ops() > HEAVIEST for row in rows):
            return None
    usable = sorted((row.count_ops(), str(row), k) for k, row in enumerate(rows) if row.has(target))
    return _solve(rows[usable[0][2]], target, x) if usable else None


def _easiest(rows: list[Any], others: set[Any]) -> tuple[int, Any, Any] | None:
    """Return a row, an unknown in which it is linear, and that unknown from it."""
    best: tuple[Any, ...] | None = None
    for k, row in enumerate(rows):
        for symbol in sorted(row.free_symbols & others, key=index_of):
            linear = _linear(row, symbol)
            if linear is None:
                continue
            slope, rest = linear
            used = len(slope.free_symbols & others)
            weight = (used, slope.count_ops(), rest.count_ops(), k, index_of(symbol))
            if best is None or weight < best[0]:
                best = (weight, k, symbol, -rest / slope)
    return best[1:] if best else None  # type: ignore[return-value]


def _readable(expression: Any, x: np.ndarray) -> Any:
    """Return the shortest way to write an expression, with sums of positive value."""
    import sympy

    short, sign = _shortest(expression), 1
    factors = []
    for factor in sympy.Mul.make_args(short):
        base, power = factor.as_base_exp()
        turn = base.is_Add and power.is_Integer and _value(base, x) < 0
        sign *= -1 if turn and int(power) % 2 else 1
        factors.append((-base) ** power if turn else factor)
    return sign * sympy.Mul(*factors)


def _shortest(expression: Any) -> Any:
    """Return the shortest of a few ways to write an expression."""
    import sympy

    if expression.count_ops() > HEAVIEST:
        return expression
    ways = [expression, sympy.expand(expression), sympy.factor_terms(expression)]
    if expression.count_ops() <= LONGEST:
        cancelled = sympy.cancel(expression)
        ways += [cancelled, sympy.factor_terms(cancelled)]
    names = {symbol.name: symbol.name for symbol in expression.free_symbols}
    return min(ways, key=lambda way: (len(written(way, names)), str(way)))


def _value(expression: Any, x: np.ndarray) -> float:
    """Return the expression at the account; NaN where it has no real value."""
    values = {s: float(x[index_of(s)]) for s in expression.free_symbols}
    value = complex(expression.subs(values).evalf())
    return value.real if abs(value.imag) <= CLOSE * (1 + abs(value.real)) else float("nan")


def _agrees(expression: Any, index: int, account: Account) -> bool:
    """Return whether the expression gives the value of the account, but for rounding."""
    solution = account.solution
    assert solution.kkt is not None
    x, place = solution.x, int(np.searchsorted(solution.unfixed, index))
    least = CLOSE * float(solution.kkt.column_scale[place])
    size = max([abs(x[index]), *(abs(x[index_of(s)]) for s in expression.free_symbols), least])
    return bool(abs(_value(expression, x) - x[index]) <= CLOSE * size)
