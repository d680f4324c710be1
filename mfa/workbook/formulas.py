"""Read formulas of a row and see that their names lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.errors import InputError, Problem
from mfa.workbook.checks import Checked
from mfa.workbook.raw import Row

if TYPE_CHECKING:
    from mfa.model.relation import Node
    from mfa.model.system import System


def usable(checked: Checked, system: System, row: Row, column: str, *, relation: bool) -> bool:
    """Return whether the formula in a cell can be given to `system`; report it when it cannot.

    A name that stands in the tables, but whose own row is wrong, is not reported once more.

    Parameters
    ----------
    relation
        Whether an equation or inequality is expected, or else an expression.
    """
    from mfa.model.relation import Call, Name, parse_expression, parse_relation, walk

    text = checked.text(row, column)
    if not relation and (text in system.flows or text in system.parameters):
        return True  # by far the most observations are of one flow: no need to parse
    try:
        if relation:
            statement = parse_relation(text)
            nodes = [*walk(statement.left), *walk(statement.right)]
        else:
            nodes = list(walk(parse_expression(text)))
    except InputError as refusal:
        checked.report(refusal.problems[0], row, column)
        return False
    names = [node for node in nodes if isinstance(node, Name | Call)]
    fine = True
    for node in names:
        problem, exists = _problem_of(checked, system, node)
        if problem:
            checked.report(problem, row, column)
        fine = fine and exists
    return fine


def _problem_of(checked: Checked, system: System, node: Node) -> tuple[Problem | None, bool]:
    """Return what is wrong with a name, and whether the system knows it."""
    from mfa.model.relation import Name

    if isinstance(node, Name):
        base = node.id.removesuffix(".change")
        exists = node.id in system.flows or node.id in system.parameters or base in system.stocks
        kind, name, typed = "quantities", node.id, checked.ids("quantities")
    else:
        kind = "materials" if node.function == "sum" else "processes"
        name, typed = node.argument, checked.ids(kind)
        exists = name in getattr(system, kind)
    if exists or name in typed:
        return None, exists
    return checked.unknown(kind, name, typed), False
