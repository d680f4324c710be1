"""Terms made without sympy have sympy's values and derivatives."""

import numpy as np
import pytest
import sympy

from mfa.balance.laurent import Laurent
from mfa.balance.terms import compile_bends, compile_shape, shape_expression

SHAPES = [
    ("(q0 * q1)", 2, 0, True),
    ("(q0 / q1)", 2, 0, True),
    ("((c0 * q0) / (q1 * q2))", 3, 1, True),
    ("(c0 / (q0 / (c1 / q1)))", 2, 2, True),
    ("(q0 / q0)", 1, 0, True),
    ("((q0 * q1) * (q2 / (q0 * q3)))", 4, 0, True),
    ("(q0 * ((q1 * q2) + q3))", 4, 0, True),
    ("((q0 - q1) / (c0 * q1))", 2, 1, True),
    ("((q0 + q1) * (q0 - q1))", 2, 0, True),
    ("(q0 / (q1 + q2))", 3, 0, False),
    ("(q0 ** c0)", 1, 1, False),
]


@pytest.mark.parametrize(("text", "arity", "constants", "simple"), SHAPES)
def test_derivatives_are_those_of_sympy(text, arity, constants, simple):
    names = [f"q{i}" for i in range(arity)] + [f"c{i}" for i in range(constants)]
    symbols = sympy.symbols(names, real=True)
    expression = shape_expression(text, dict(zip(names, symbols, strict=True)))
    values = np.random.default_rng(len(text)).uniform(0.5, 2, len(names))
    point = dict(zip(symbols, values, strict=True))
    shape, bends = (make(text, arity, constants) for make in (compile_shape, compile_bends))
    assert isinstance(shape.value, Laurent) == simple
    assert float(shape.value(*values)) == pytest.approx(float(expression.subs(point)), rel=1e-14)
    slopes = [float(sympy.diff(expression, q).subs(point)) for q in symbols[:arity]]
    assert [float(part) for part in shape.gradient(*values)] == pytest.approx(slopes, rel=1e-13)
    pairs = [(i, k) for i in range(arity) for k in range(i + 1)]
    second = {(i, k): sympy.diff(expression, symbols[i], symbols[k]) for i, k in pairs}
    assert bends.pairs == [pair for pair in pairs if second[pair] != 0]
    want = [float(second[pair].subs(point)) for pair in bends.pairs]
    assert [float(part) for part in bends.value(*values)] == pytest.approx(want, rel=1e-13)
