"""Checks of a system as a whole: names that lead nowhere, wrong dimensions, loose ends."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from mfa.errors import InputError, Place, Problem, Word
from mfa.locale import N_
from mfa.model.quantity import OUTSIDE
from mfa.model.relation import (
    Call,
    Name,
    Node,
    Number,
    Operation,
    parse_expression,
    parse_relation,
    walk,
)
from mfa.units import Dimension, parse_unit

if TYPE_CHECKING:
    from mfa.model.system import System

ANY = "any"  # a bare number: takes the dimension that a sum needs, is dimensionless in a product
UNKNOWN = "unknown"  # depends on a parameter without a unit
NOTHING_LEAVES = N_(
    "Nothing leaves the process “{id}” and it holds no stock, so all that enters it "
    "would be zero. Add a flow out of it, or a stock."
)
NOTHING_ENTERS = N_(
    "Nothing enters the process “{id}” and it holds no stock, so all that leaves "
    "it would be zero. Add a flow into it, or a stock."
)


def check_system(system: System) -> list[Problem]:
    """Return all problems of `system`, errors first.

    Each problem has a code, a sentence and the place of the row that causes it.
    """
    problems = [
        *_duplicate_names(system),
        *_flow_ends(system),
        *_stock_ends(system),
        *_materials(system),
        *_statements(system),
        *_observed(system),
        *_loose_ends(system),
        *_regions(system),
    ]
    return sorted(problems, key=lambda problem: problem.severity != "error")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the known name nearest to `name`, blind to accents and case ("" when none is near).

    Examples
    --------
    >>> suggest("mil", ["mill", "market"]), suggest("Phu Son", ["Phú Sơn"])
    ('mill', 'Phú Sơn')
    """
    folded = {_fold(item): item for item in known}
    match = difflib.get_close_matches(_fold(name), list(folded), n=1, cutoff=0.6)
    return folded[match[0]] if match else ""


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def unknown(code: str, what: Word, name: str, known: Iterable[str], place: Place | None) -> Problem:
    """Return the problem “no such …”, with the nearest known name when there is one."""
    near = suggest(name, known)
    if near:
        return Problem(
            code,
            "There is no {what} “{name}”. Did you mean “{near}”?",
            {"what": what, "name": name, "near": near},
            place,
        )
    return Problem(
        code,
        "There is no {what} “{name}”. Add it, or correct the name.",
        {"what": what, "name": name},
        place,
    )


def quantity_names(system: System) -> set[str]:
    """Return every name a formula may use."""
    return {
        *system.flows,
        *system.stocks,
        *system.parameters,
        *(f"{name}.change" for name in system.stocks),
    }


def _duplicate_names(system: System) -> Iterator[Problem]:
    tables = (system.flows, system.stocks, system.parameters)
    for k, table in enumerate(tables):
        for other in tables[k + 1 :]:
            for name in sorted(set(table) & set(other)):
                yield Problem(
                    "id-duplicate",
                    "The id “{id}” stands twice. Ids must be unique.",
                    {"id": name},
                    other[name].place,
                )


def _flow_ends(system: System) -> Iterator[Problem]:
    """Unknown processes, layers, periods and regions of flows, found by whole columns."""
    flows, known = system.flows, set(system.processes)
    for end in ("source", "target"):
        for name in sorted({str(n) for n in flows.column(end)} - known):
            for flow in _where(system, end, name):
                yield unknown("unknown-process", Word("process"), name, known, flow.place)
    for name in sorted({str(n) for n in flows.column("layer")} - set(system.layers)):
        for flow in _where(system, "layer", name):
            yield unknown("unknown-layer", Word("layer"), name, system.layers, flow.place)
    for name in sorted({str(n) for n in flows.column("period")} - {"", *system.periods}):
        for flow in _where(system, "period", name):
            yield unknown("unknown-period", Word("period"), name, system.periods, flow.place)
    same = flows.column("source") == flows.column("target")
    for row in same.nonzero()[0]:
        flow = flows.row(int(row))
        yield Problem(
            "flow-to-itself",
            "The flow “{id}” leaves and enters the same process "
            "“{process}”; it cancels out of the balance.",
            {"id": flow.id, "process": flow.source},
            flow.place,
            "warning",
        )


def _where(system: System, column: str, name: str) -> list:
    values = system.flows.column(column)
    return [system.flows.row(int(i)) for i in (values == name).nonzero()[0][:20]]


def _stock_ends(system: System) -> Iterator[Problem]:
    for stock in system.stocks.values():
        if stock.process not in system.processes:
            yield unknown(
                "unknown-process", Word("process"), stock.process, system.processes, stock.place
            )
        if stock.layer not in system.layers:
            yield unknown("unknown-layer", Word("layer"), stock.layer, system.layers, stock.place)


def _materials(system: System) -> Iterator[Problem]:
    for material in system.materials.values():
        if material.parent and material.parent not in system.materials:
            yield unknown(
                "unknown-material",
                Word("material"),
                material.parent,
                system.materials,
                material.place,
            )
        seen, current = {material.id}, material.parent
        while current in system.materials:
            if current in seen:
                yield Problem(
                    "material-loop",
                    "The material “{id}” is its own ancestor. Correct the column of parents.",
                    {"id": material.id},
                    material.place,
                )
                break
            seen.add(current)
            current = system.materials[current].parent


def _statements(system: System) -> Iterator[Problem]:
    names = quantity_names(system)
    for relation in system.relations.rows():
        statement = parse_relation(relation.formula, relation.place)
        bad = [
            *_names_in(system, statement.left, names, relation.place),
            *_names_in(system, statement.right, names, relation.place),
        ]
        yield from bad
        if not bad:
            yield from _same_dimension(
                system, statement.left, statement.right, relation.formula, relation.place
            )


def _names_in(system: System, node: Node, names: set[str], place: Place | None) -> list[Problem]:
    problems = []
    for item in walk(node):
        if isinstance(item, Name) and item.id not in names:
            problems.append(unknown("unknown-quantity", Word("quantity"), item.id, names, place))
        elif isinstance(item, Name):
            labels = {*system.periods, *system.regions}
            problems += [
                unknown("unknown-label", Word("period or region"), label, labels, place)
                for label in item.labels
                if label not in labels
            ]
        elif isinstance(item, Call):
            kind, known = (
                (Word("material"), system.materials)
                if item.function == "sum"
                else (Word("process"), system.processes)
            )
            if item.argument not in known:
                problems.append(unknown(f"unknown-{kind}", kind, item.argument, known, place))
            elif item.layer and item.layer not in system.layers:
                problems.append(
                    unknown("unknown-layer", Word("layer"), item.layer, system.layers, place)
                )
            elif not flows_of(system, item):
                problems.append(
                    Problem(
                        "empty-sum",
                        "“{function}({name})” has no flow.",
                        {"function": item.function, "name": item.argument},
                        place,
                    )
                )
    return problems


def flows_of(system: System, call: Call) -> list[str]:
    """Return the flows that ``in(p)``, ``out(p)`` or ``sum(material)`` adds up, in one layer.

    Without a layer it is goods, or the only layer in which there are such flows.
    """
    flows = system.flows
    if call.function == "sum":
        from mfa.model.quantity import descendants

        family = descendants(system.materials, call.argument)
        mask = [name in family for name in flows.column("material")]
    else:
        mask = flows.column("target" if call.function == "in" else "source") == call.argument
    ids, layers = flows.column("id")[mask], flows.column("layer")[mask]
    layer = call.layer or ("goods" if "goods" in layers else (layers[0] if len(layers) else ""))
    return list(dict.fromkeys(ids[layers == layer].tolist()))


def _observed(system: System) -> Iterator[Problem]:
    """Check what is observed: plain names by whole columns, formulas and factors one by one."""
    names, table = quantity_names(system), system.observations
    direct = table.column("quantity")
    plain = np.array([name in names for name in direct], dtype=bool) & (
        table.column("factor") == ""
    )
    yield from _observed_plainly(system, direct, np.flatnonzero(plain))
    for row in np.flatnonzero(~plain):
        observation = table.row(int(row))
        place = observation.place
        try:
            node: Node = (
                Name(observation.quantity)
                if observation.quantity in names
                else parse_expression(observation.quantity, place)
            )
            factor = parse_expression(observation.factor, place) if observation.factor else None
        except InputError as error:
            yield from error.problems
            continue
        bad = _names_in(system, node, names, place) + (
            _names_in(system, factor, names, place) if factor else []
        )
        yield from bad
        if not bad:
            yield from _observed_dimension(system, observation, node, factor)


def _observed_plainly(system: System, names: np.ndarray, rows: np.ndarray) -> Iterator[Problem]:
    """Compare units of observation and quantity once for each distinct pair of texts."""
    import pandas as pd

    units = unit_column(system)
    table = system.observations
    given = table.column("unit")[rows]
    pairs = [(units[name], unit) for name, unit in zip(names[rows], given, strict=True)]
    code, distinct = pd.factorize(pd.Series(pairs, dtype=object))
    for k, (own, unit) in enumerate(distinct):
        if own is None or unit is None or own == unit:
            continue
        if parse_unit(own).dimension != parse_unit(unit).dimension:
            for row in rows[np.flatnonzero(code == k)[:20]]:
                observation = table.row(int(row))
                yield from _observed_dimension(system, observation, Name(names[row]), None)


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


def _observed_dimension(system: System, observation, node: Node, factor: Node | None):  # noqa: ANN001, ANN202
    """Compare the unit of an observation with that of what it observes."""
    try:
        wanted = dimension(system, node)
        times = dimension(system, factor) if factor else None
    except _Mismatch as error:
        yield error.problem(observation.quantity, observation.place)
        return
    if observation.unit is None:
        if factor and isinstance(times, Dimension):
            yield Problem(
                "unit-missing",
                "The value “{value}” is multiplied by “{factor}” and needs a unit of its own.",
                {"value": observation.value, "factor": observation.factor},
                observation.place,
            )
        return
    got: object = parse_unit(observation.unit).dimension
    if factor:
        got = _times(got, times, 1)
    if isinstance(got, Dimension) and isinstance(wanted, Dimension) and got != wanted:
        yield Problem(
            "wrong-dimension",
            "“{quantity}” is measured in {wanted}, but the observation is in "
            "{got} ({unit}). Correct the unit, or convert through a density or calorific value.",
            {
                "quantity": observation.quantity,
                "wanted": wanted.unit,
                "got": got.unit,
                "unit": observation.unit,
            },
            observation.place,
        )


class _Mismatch(Exception):
    """Two sides of a sum have different dimensions."""

    def __init__(self, left: Dimension, right: Dimension) -> None:
        self.left, self.right = left, right

    def problem(self, formula: str, place: Place | None) -> Problem:
        return Problem(
            "wrong-dimension-sum",
            "In “{formula}” a quantity in {left} is added to or "
            "compared with one in {right}. Check the formula and the units of its "
            "parameters.",
            {"formula": formula, "left": self.left.unit, "right": self.right.unit},
            place,
        )


def _same_dimension(
    system: System, left: Node, right: Node, formula: str, place: Place | None
) -> Iterator[Problem]:
    try:
        _joined(dimension(system, left), dimension(system, right))
    except _Mismatch as error:
        yield error.problem(formula, place)


def dimension(system: System, node: Node) -> object:
    """Return the dimension of an expression: a Dimension, ANY or UNKNOWN.

    Raises
    ------
    _Mismatch
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
        return _joined(left, right)
    if node.op in "*/":
        return _times(left, right, 1 if node.op == "*" else -1)
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


def _joined(left: object, right: object) -> object:
    if isinstance(left, Dimension) and isinstance(right, Dimension):
        if left != right:
            raise _Mismatch(left, right)
        return left
    for part in (left, right):
        if isinstance(part, Dimension):
            return part
    return UNKNOWN if UNKNOWN in (left, right) else ANY


def _times(left: object, right: object, sign: int) -> object:
    if UNKNOWN in (left, right):
        return UNKNOWN
    nothing = parse_unit("1").dimension
    first = nothing if left is ANY else left
    second = nothing if right is ANY or right is None else right
    if left is ANY and right is ANY:
        return ANY
    return first * second if sign > 0 else first / second  # type: ignore[operator]


def _loose_ends(system: System) -> Iterator[Problem]:
    """Processes that only take, or only give: they force their flows to zero."""
    sources = {str(n) for n in system.flows.column("source")}
    targets = {str(n) for n in system.flows.column("target")}
    holding = {stock.process for stock in system.stocks.values()}
    table = system.processes
    balanced = (table.column("balance") == True) & (table.column("boundary") == "inside")  # noqa: E712
    ends = [(name in targets, name in sources, name in holding) for name in table.column("id")]
    odd = np.array(
        [not held and takes != gives or not (takes or gives) for takes, gives, held in ends],
        dtype=bool,
    )
    for row in np.flatnonzero(balanced & odd):
        process = table.row(int(row))
        takes, gives = process.id in targets, process.id in sources
        if not takes and not gives:
            yield Problem(
                "process-unused",
                "The process “{id}” has no flow.",
                {"id": process.id},
                process.place,
                "warning",
            )
        elif takes != gives and process.id not in holding:
            message = NOTHING_LEAVES if takes else NOTHING_ENTERS
            yield Problem(
                "process-one-sided", message, {"id": process.id}, process.place, "warning"
            )


def _regions(system: System) -> Iterator[Problem]:
    for name in sorted({str(n) for n in system.flows.column("region")} - {"", *system.regions}):
        for flow in _where(system, "region", name):
            yield unknown("unknown-region", Word("region"), name, system.regions, flow.place)


def expression_dimension(system: System, node: Node, formula: str) -> object:
    """Return the dimension of an expression of the user's (ANY or UNKNOWN when it has none).

    Raises
    ------
    InputError
        A name is unknown, or a sum mixes dimensions.
    """
    bad = _names_in(system, node, quantity_names(system), None)
    if bad:
        raise InputError(bad)
    try:
        return dimension(system, node)
    except _Mismatch as error:
        raise InputError([error.problem(formula, None)]) from error
