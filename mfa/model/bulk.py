"""A system from whole tables: columns go in as columns, no row becomes a Python object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.errors import InputError, Problem
from mfa.model.bulk_columns import check_units, columns_of
from mfa.model.bulk_observations import add_observations
from mfa.model.column import Coded, as_objects
from mfa.model.edit_check import find_problems
from mfa.model.quantity import OUTSIDE

if TYPE_CHECKING:
    import pandas as pd

    from mfa.model.system import System

DATA = ("value", "sd", "uncertainty")
REQUIRED = {
    "processes": ("id",),
    "layers": ("id",),
    "materials": ("id",),
    "flows": ("id", "source", "target"),
    "stocks": ("id", "process"),
    "parameters": ("id",),
    "transfers": ("id", "flow"),
    "observations": ("quantity", "value"),
    "relations": ("formula",),
    "sources": ("id",),
    "interventions": ("scenario", "quantity", "action"),
}
"""The tables there are, and the columns without which each of them means nothing."""


def fill_system(system: System, tables: Mapping[str, Any]) -> None:
    """Fill an empty system from tables, see `System.from_tables`.

    Raises
    ------
    InputError
        Unknown tables, unknown or missing columns, doubled ids, unreadable units, values that are
        not finite, negative σ: all at once, each with its table and first rows.
    """
    import pandas as pd

    frames = {name: pd.DataFrame(table) for name, table in tables.items() if table is not None}
    frames = {name: frame for name, frame in frames.items() if len(frame.columns)}
    _refuse_other_tables(tables, frames)
    problems: list[Problem] = []
    ends = _ends(frames["flows"]) if "flows" in frames else None
    derived = "processes" not in frames and ends is not None
    if derived:
        names = ends["source"].values
        frames["processes"] = pd.DataFrame({"id": names[names != None]}, dtype=object)  # noqa: E711
    _ends_and_materials(system, frames)
    for name in ("layers", "materials", "processes", "flows", "stocks", "parameters", "sources"):
        if name in frames:
            _add_things(system, name, frames[name], problems, ends if name == "flows" else None)
    if derived:
        _link_ends(system, ends["source"].values)
    if "transfers" in frames:
        _add_transfers(system, frames["transfers"], problems)
    for name in ("flows", "stocks", "parameters", "transfers", "observations"):
        if name in frames:
            add_observations(system, name, frames[name], problems)
    if "relations" in frames:
        for row in frames["relations"].fillna("").to_dict("records"):
            system.relate(**{str(key): value for key, value in row.items()})
    if "interventions" in frames:
        problems += _add_interventions(system, frames["interventions"])
    if problems:
        raise InputError(problems)


def _ends(flows: pd.DataFrame) -> dict[str, Coded]:
    """Return where flows begin and end as codes into the same names, each looked at once."""
    import pandas as pd

    both = pd.concat([flows["source"], flows["target"]], ignore_index=True)
    code, names = pd.factorize(both)
    values = as_objects([*np.asarray(names, dtype=object).tolist(), None])
    if code.min(initial=0) >= 0:
        values = values[:-1]
    count = len(flows)
    source, target = (
        np.where(part < 0, len(values) - 1, part) for part in (code[:count], code[count:])
    )
    return {"source": Coded(source, values, True), "target": Coded(target, values, True)}


def _link_ends(system: System, names: np.ndarray) -> None:
    """Note in which rows the processes stand that were made of the ends of flows, in this order."""
    outside = [np.flatnonzero(names == name) for name in OUTSIDE]
    rows = np.full(len(names), -1, dtype=np.int64)
    inside = names != None  # noqa: E711 - by element
    for number, at in enumerate(outside):
        rows[at], inside[at] = number, False
    rows[inside] = len(OUTSIDE) + np.arange(int(inside.sum()))
    system.processes.link(names, rows)


def _refuse_other_tables(tables: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> None:
    """Raise InputError for tables of another name and for columns that a table needs."""
    problems = [
        Problem(
            "unknown-table",
            "There is no table “{table}”. The tables are: {tables}.",
            {"table": name, "tables": ", ".join(REQUIRED)},
        )
        for name in tables
        if name not in REQUIRED
    ]
    for name, frame in frames.items():
        problems += [
            Problem(
                "missing-column",
                "The table “{table}” lacks the column “{column}”; it has: {columns}.",
                {"table": name, "column": column, "columns": ", ".join(map(str, frame.columns))},
            )
            for column in REQUIRED.get(name, ())
            if column not in frame
        ]
    if problems:
        raise InputError(problems)


def _ends_and_materials(system: System, frames: dict[str, pd.DataFrame]) -> None:
    """Drop the three outside processes from the table and add materials that only flows name."""
    import pandas as pd

    if "processes" in frames:
        frame = frames["processes"]
        frames["processes"] = frame[~frame["id"].isin(OUTSIDE)]
    used = [
        frames[name]["material"]
        for name in ("flows", "stocks")
        if name in frames and "material" in frames[name]
    ]
    if used:
        names = [m for m in pd.unique(pd.concat(used, ignore_index=True)) if m and m == m]
        known = set(frames["materials"]["id"]) if "materials" in frames else set()
        extra = pd.DataFrame({"id": [m for m in names if m not in known]})
        frames["materials"] = (
            pd.concat([frames["materials"], extra], ignore_index=True)
            if "materials" in frames
            else extra
        )


def _add_things(
    system: System,
    name: str,
    frame: pd.DataFrame,
    problems: list[Problem],
    ends: dict[str, Coded] | None = None,
) -> None:
    table = getattr(system, name)
    known = {*table.names, *(DATA if name in ("flows", "stocks", "parameters") else ())}
    if name == "parameters":  # a value of a parameter has a source and a quality of its own
        known |= set(system.observations.names)
    for column in [c for c in frame.columns if c not in known]:
        problems.append(
            Problem(
                "unknown-column",
                "The table “{table}” has an unknown column “{column}”.",
                {"table": name, "column": column},
            )
        )
    if name == "layers":
        for row in frame.fillna("").to_dict("records"):
            system.layer(**{str(key): value for key, value in row.items()})
        return
    keys = [k for k in ("id", "period", "region") if k in frame]
    alone = frame["id"].is_unique
    for row in () if alone else frame.index[frame.duplicated(keys)][:20]:
        problems.append(
            Problem(
                "id-duplicate",
                "The id “{id}” stands twice. Ids must be unique.",
                {"id": frame.loc[row, "id"]},
            )
        )
    check_units(frame, problems)
    columns = columns_of(table, frame.drop(columns=list(ends or ()))) | (ends or {})
    if alone:
        columns["id"] = Coded(np.arange(len(frame)), as_objects(columns["id"]))
    table.extend(columns)
    if "period" in frame:
        for period in frame["period"].dropna().unique():
            system._name_period(period)


def _add_transfers(system: System, frame: pd.DataFrame, problems: list[Problem]) -> None:
    """Add transfer coefficients: parameters in [0, 1] with ``flow = coefficient × in(source)``."""
    count = len(frame)
    for row in frame.index[frame.duplicated("id")][:20]:
        problems.append(
            Problem(
                "id-duplicate",
                "The id “{id}” stands twice. Ids must be unique.",
                {"id": frame.loc[row, "id"]},
            )
        )
    ids = frame["id"].to_numpy(dtype=object)
    system.parameters.extend(
        {"id": ids, "unit": ["1"] * count, "lower": [0.0] * count, "upper": [1.0] * count}
    )
    system.transfers.extend({"parameter": ids, "flow": frame["flow"].to_numpy(dtype=object)})


def _add_interventions(system: System, frame: pd.DataFrame) -> list[Problem]:
    """Add interventions one by one: there are few. Return what is wrong with them."""
    problems: list[Problem] = []
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        given = {str(key): value for key, value in row.items() if value not in (None, "")}
        try:
            item = system.intervene(**given)
        except InputError as refusal:
            problems += refusal.problems
        else:
            problems += [p for _, p in find_problems(system, item) if p.severity == "error"]
    return problems
