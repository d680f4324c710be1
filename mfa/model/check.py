"""Checks of a system as a whole: names that lead nowhere, wrong dimensions, loose ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.errors import InputError, Problem, Word
from mfa.locale import N_
from mfa.model.dimension import MismatchError, dimension, same_dimension, times, unit_column
from mfa.model.names import names_in, quantity_names, unknown
from mfa.model.relation import (
    Name,
    Node,
    parse_expression,
    parse_relation,
)
from mfa.units import Dimension, parse_unit

if TYPE_CHECKING:
    from mfa.model.column import Coded
    from mfa.model.system import System
    from mfa.model.table import Table

NOTHING_LEAVES = N_(
    "Nothing leaves the process “{id}” and it holds no stock, so all that enters it "
    "would be zero. Add a flow out of it, or a stock."
)
NOTHING_ENTERS = N_(
    "Nothing enters the process “{id}” and it holds no stock, so all that leaves "
    "it would be zero. Add a flow into it, or a stock."
)


def check_system(system: System, *, warnings: bool = True) -> list[Problem]:
    """Return all problems of `system`, errors first; without `warnings` the loose ends are left.

    Each problem has a code, a sentence and the place of the row that causes it.
    """
    problems = [
        *_duplicate_names(system),
        *_flow_ends(system),
        *_stock_ends(system),
        *_own_units(system),
        *_materials(system),
        *_statements(system),
        *_observed(system),
        *(_loose_ends(system) if warnings else ()),
        *_regions(system),
        *_size(system),
    ]
    return sorted(problems, key=lambda problem: problem.severity != "error")


MAX_QUANTITIES = 3_000_000
"""How many flows and stocks a system may have over all its periods and regions."""


def distinct(table: Table[Any], column: str) -> set[str]:
    """Return the distinct texts of a column."""
    coded = table.codes(column)
    return set(coded.values[coded.present()].tolist())


def _duplicate_names(system: System) -> Iterator[Problem]:
    tables = (system.flows, system.stocks, system.parameters)
    for k, table in enumerate(tables):
        for other in tables[k + 1 :]:
            if not table.row_count or not other.row_count:
                continue
            for name in sorted(table.positions.keys() & other.positions.keys()):
                yield Problem(
                    "id-duplicate",
                    "The id “{id}” stands twice. Ids must be unique.",
                    {"id": name},
                    other[name].place,
                )


def _flow_ends(system: System) -> Iterator[Problem]:
    """Unknown processes, layers, periods and regions of flows, found by whole columns."""
    flows, processes = system.flows, system.processes
    for end in ("source", "target"):
        ends = flows.codes(end)
        for name in sorted(
            map(str, ends.values[ends.present() & (processes.find(ends.values) < 0)])
        ):
            for flow in _where(system, end, name):
                known = processes.positions.keys()
                yield unknown("unknown-process", Word("process"), name, known, flow.place)
    for name in sorted(distinct(flows, "layer") - set(system.layers)):
        for flow in _where(system, "layer", name):
            yield unknown("unknown-layer", Word("layer"), name, system.layers, flow.place)
    for name in sorted(distinct(flows, "period") - {"", *system.periods}):
        for flow in _where(system, "period", name):
            yield unknown("unknown-period", Word("period"), name, system.periods, flow.place)
    source, target = (
        processes.find(e.values)[e.codes] for e in map(flows.codes, ("source", "target"))
    )
    for row in np.flatnonzero((source == target) & (source >= 0)):
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
    stocks, layers = system.stocks, set(system.layers)
    if (distinct(stocks, "process") <= system.processes.positions.keys()) and (
        distinct(stocks, "layer") <= layers
    ):
        return
    for stock in stocks.values():
        if stock.process not in system.processes:
            yield unknown(
                "unknown-process", Word("process"), stock.process, system.processes, stock.place
            )
        if stock.layer not in system.layers:
            yield unknown("unknown-layer", Word("layer"), stock.layer, system.layers, stock.place)


def _own_units(system: System) -> Iterator[Problem]:
    """Compare the units of flows and stocks with their layer, once for each distinct pair."""
    message = N_(
        "“{id}” is given in {unit}, but its layer “{layer}” is counted in {wanted}. Correct the "
        "unit, or put it in another layer."
    )
    for table in (system.flows, system.stocks):
        (layer_code, layers), (unit_code, units) = table.coded("layer"), table.coded("unit")
        kinds = layer_code * len(units) + unit_code
        pairs = [(layers[k // len(units)], units[k % len(units)], k) for k in np.unique(kinds)]
        for layer, unit, kind in sorted(pair for pair in pairs if pair[1]):
            if layer not in system.layers:
                continue
            wanted = system.layer_unit(layer)
            rate, own = parse_unit(wanted).dimension, parse_unit(unit).dimension
            if own == rate or (
                table is system.stocks and own / parse_unit("year").dimension == rate
            ):
                continue
            for row in np.flatnonzero(kinds == kind)[:20]:
                record = table.row(int(row))
                values = {"id": record.id, "unit": unit, "layer": layer, "wanted": wanted}
                yield Problem("unit-of-layer", message, values, record.place)


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
    parents = dict(zip(system.materials, system.materials.column("parent"), strict=True))
    for name in sorted(_looped(parents)):
        yield Problem(
            "material-loop",
            "The material “{id}” is its own ancestor. Correct the column of parents.",
            {"id": name},
            system.materials[name].place,
        )


def _looped(parents: Mapping[str, str]) -> set[str]:
    """Return the names that lie on a circle of parents or lead into one."""
    looped: set[str] = set()
    settled: set[str] = set()
    for name in parents:
        chain, current = [], name
        while current in parents and current not in settled:
            settled.add(current)
            chain.append(current)
            current = parents[current]
        if current in looped or current in chain:
            looped.update(chain)
    return looped


def _statements(system: System) -> Iterator[Problem]:
    names = quantity_names(system) if len(system.relations) else set()
    for relation in system.relations.rows():
        statement = parse_relation(relation.formula, relation.place)
        bad = [
            *names_in(system, statement.left, names, relation.place),
            *names_in(system, statement.right, names, relation.place),
        ]
        yield from bad
        if not bad:
            yield from same_dimension(
                system, statement.left, statement.right, relation.formula, relation.place
            )


def _observed(system: System) -> Iterator[Problem]:
    """Check what is observed: plain names by whole columns, formulas and factors one by one."""
    table = system.observations
    direct, factors = table.codes("quantity"), table.codes("factor")
    if not len(direct):
        return
    bare = np.array([factor == "" for factor in factors.values], dtype=bool)[factors.codes]
    plain = _named(system, direct) & bare
    yield from _observed_plainly(system, np.flatnonzero(plain))
    if plain.all():
        return
    names = quantity_names(system)
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
        bad = names_in(system, node, names, place) + (
            names_in(system, factor, names, place) if factor else []
        )
        yield from bad
        if not bad:
            yield from _observed_dimension(system, observation, node, factor)


def _named(system: System, observed: Coded) -> np.ndarray:
    """Return which observations are of a quantity by its name."""
    if observed.values is system.flows.codes("id").values:
        return np.ones(len(observed), dtype=bool)
    names = quantity_names(system)
    known = map(names.__contains__, observed.values.tolist())
    return np.fromiter(known, bool, len(observed.values))[observed.codes]


def _observed_plainly(system: System, rows: np.ndarray) -> Iterator[Problem]:
    """Compare units of observation and quantity once for each distinct pair of texts."""
    import pandas as pd

    table = system.observations
    code, units_given = table.coded("unit")
    if not any(units_given):
        return
    names, given = table.column("quantity"), table.column("unit")[rows]
    stated = np.array([unit is not None for unit in units_given], dtype=bool)[code[rows]]
    if not stated.any():
        return
    rows, given = rows[stated], given[stated]
    units = unit_column(system)
    pairs = [(units[name], unit) for name, unit in zip(names[rows], given, strict=True)]
    code, seen = pd.factorize(pd.Series(pairs, dtype=object))
    for k, (own, unit) in enumerate(seen):
        if own is None or unit is None or own == unit:
            continue
        if parse_unit(own).dimension != parse_unit(unit).dimension:
            for row in rows[np.flatnonzero(code == k)[:20]]:
                observation = table.row(int(row))
                yield from _observed_dimension(system, observation, Name(names[row]), None)


def _observed_dimension(system: System, observation, node: Node, factor: Node | None):  # noqa: ANN001, ANN202
    """Compare the unit of an observation with that of what it observes."""
    try:
        wanted = dimension(system, node)
        multiplier = dimension(system, factor) if factor else None
    except MismatchError as error:
        yield error.problem(observation.quantity, observation.place)
        return
    if observation.unit is None:
        if factor and isinstance(multiplier, Dimension):
            yield Problem(
                "unit-missing",
                "The value “{value}” is multiplied by “{factor}” and needs a unit of its own.",
                {"value": f"{observation.value:g}", "factor": observation.factor},
                observation.place,
            )
        return
    got: object = parse_unit(observation.unit).dimension
    if factor:
        got = times(got, multiplier, 1)
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


def _loose_ends(system: System) -> Iterator[Problem]:
    """Yield the processes that only take or only give: they force their flows to zero."""
    sources = distinct(system.flows, "source")
    targets = distinct(system.flows, "target")
    holding = distinct(system.stocks, "process")
    table = system.processes
    balanced = (table.column("balance") == True) & (table.column("boundary") == "inside")  # noqa: E712
    ends = [(name in targets, name in sources, name in holding) for name in table.column("id")]
    odd = np.array(
        [(not held and takes != gives) or not (takes or gives) for takes, gives, held in ends],
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
    for name in sorted(distinct(system.flows, "region") - {"", *system.regions}):
        for flow in _where(system, "region", name):
            yield unknown("unknown-region", Word("region"), name, system.regions, flow.place)


def _size(system: System) -> Iterator[Problem]:
    """Refuse what no computer could balance: every flow counts in every period and region."""
    periods, regions = len(system.periods), len(system.regions)
    flows = system.flows
    if not flows.row_count and not system.stocks.row_count:
        return
    cells = np.ones(flows.row_count, dtype=np.int64)
    for name, labels in (("period", periods), ("region", regions)):
        part = flows.codes(name)
        cells *= np.array([labels if value == "" else 1 for value in part.values])[part.codes]
    count = int(cells.sum()) + 2 * len(system.stocks) * periods * regions
    if count > MAX_QUANTITIES:
        yield Problem(
            "too-many-quantities",
            "In {periods} periods and {regions} regions the flows and stocks are {n} quantities; "
            "at most {limit} can be balanced. Check the lists of periods and regions.",
            {"periods": periods, "regions": regions, "n": count, "limit": MAX_QUANTITIES},
        )
