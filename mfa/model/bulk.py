"""A system from whole tables: columns go in as columns, no row becomes a Python object."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.errors import InputError, Problem, UnitError
from mfa.model.column import Block, Coded, Late, as_objects, entry, joined_codes
from mfa.model.edit_check import find_problems
from mfa.model.quality import INDICATORS, cv_from_scores, default_cv, parse_spread
from mfa.model.quantity import OUTSIDE
from mfa.model.system_units import check_unit

if TYPE_CHECKING:
    import pandas as pd

    from mfa.model.system import System
    from mfa.model.table import Table

FEW = {
    *("process", "material", "layer", "unit", "role", "period", "region", "quantity", "factor"),
    *("source", "uncertainty"),
}
"""Columns whose values stand in many rows: each is looked at once."""
DATA = ("value", "sd", "uncertainty")
ORIGINS = ("default", "given", "scores")
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
            _add_observations(system, name, frames[name], problems)
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


def _columns(table: Table[Any], frame: pd.DataFrame) -> dict[str, Block]:
    """Return the record columns of `frame`, empty cells replaced by the record's defaults."""
    return {
        name: _column(frame[name], name, table.default(name))
        for name in table.names
        if name in frame
    }


def _column(series: pd.Series, name: str, default: Any) -> Block:
    """Return one column as it is kept: what few values fill as codes, numbers as numbers."""
    import pandas as pd

    if name in FEW:
        code, names = pd.factorize(series)
        values = as_objects([*np.asarray(names, dtype=object).tolist(), default])
        if code.min(initial=0) >= 0:
            return Coded(code, values[:-1])
        names = values[:-1].tolist()
        if default in names:
            return Coded(np.where(code < 0, names.index(default), code), values[:-1])
        return Coded(np.where(code < 0, len(names), code), values)
    empty = series.isna().to_numpy()
    if series.dtype == np.float64 and (default is None or not empty.any()):
        column = series.to_numpy(dtype=float)
        if not empty.any():
            first = column[:1]
            if len(column) and (column == first).all():
                return Coded.constant(float(first[0]), len(column))
            return column
    column = series.to_numpy(dtype=object)
    if empty.any():
        column = column.copy()
        column[empty] = default
    return column


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
    _check_units(system, name, frame, problems)
    columns = _columns(table, frame.drop(columns=list(ends or ()))) | (ends or {})
    if alone:
        columns["id"] = Coded(np.arange(len(frame)), as_objects(columns["id"]))
    table.extend(columns)
    if "period" in frame:
        for period in frame["period"].dropna().unique():
            system._name_period(period)


def _check_units(system: System, name: str, frame: pd.DataFrame, problems: list[Problem]) -> None:
    if "unit" not in frame:
        return
    for text in frame["unit"].dropna().unique():
        try:
            if text:
                check_unit(text, None)
        except (InputError, UnitError) as error:
            problems += [Problem(p.code, p.message, p.values) for p in error.problems]


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


def _add_observations(
    system: System, name: str, frame: pd.DataFrame, problems: list[Problem]
) -> None:
    """Add the rows of `frame` that have a value as observations."""
    import pandas as pd

    if "value" not in frame:
        return
    has = frame["value"].notna().to_numpy()
    frame = frame if has.all() else frame[has]
    quantity = _quantities(system, name, frame, has)
    value = pd.to_numeric(frame["value"], errors="coerce").to_numpy(dtype=float)
    for row in np.flatnonzero(~np.isfinite(value))[:20]:
        problems.append(
            Problem(
                "value-not-finite",
                "The value of “{quantity}” is {value}; a finite number is expected.",
                {"quantity": entry(quantity, row), "value": frame["value"].iloc[row]},
            )
        )
    sd, origin, distribution = _spreads(system, frame, quantity, value, problems)
    for row in np.flatnonzero(~(np.isfinite(sd) & (sd >= 0)) & np.isfinite(value))[:20]:
        problems.append(
            Problem(
                "sd-negative",
                "The uncertainty of “{quantity}” is {sd}; a number of 0 or more is expected.",
                {"quantity": entry(quantity, row), "sd": float(sd[row])},
            )
        )
    taken = ["id", "quantity", "value", "sd", "source" if name == "flows" else "id"]
    columns = _columns(system.observations, frame.drop(columns=taken, errors="ignore"))
    columns |= {
        "id": (
            frame["id"].to_numpy(dtype=object)
            if name == "observations" and "id" in frame
            else Late(len(frame), partial(_numbered, quantity))
        ),
        "quantity": quantity,
        "value": value,
        "sd": sd,
        "sigma_from": origin,
        "distribution": distribution,
    }
    if name != "observations":
        columns.pop("unit", None)
        for extra in ("note", "place"):
            columns.pop(extra, None)
    else:
        _check_units(system, name, frame, problems)
    system.observations.extend(columns)


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


def _quantities(system: System, name: str, frame: pd.DataFrame, has: np.ndarray) -> Coded:
    """Return what each row of `frame` observes: the rows of a table with a value (`has`)."""
    if name == "observations":
        column = _column(frame["quantity"], "quantity", None)
        assert isinstance(column, Coded)
        return column
    if name != "transfers":
        own = getattr(system, name).codes("id")
        if len(own) == len(has):  # a table that held nothing before
            return Coded(own.codes[has], own.values, True)
    return joined_codes(frame["id"].to_numpy(dtype=object))


def _numbered(quantity: Coded) -> np.ndarray:
    """Return an id for each observation: its quantity and which of its observations it is."""
    import pandas as pd

    names = as_objects(quantity)
    if np.bincount(quantity.codes, minlength=1).max() <= 1:
        return names + "#1" if len(names) else names
    code = quantity.codes
    number = pd.Series(code).groupby(code, sort=False).cumcount().to_numpy() + 1
    return names + ("#" + number.astype(str).astype(object))


def _spreads(
    system: System,
    frame: pd.DataFrame,
    quantity: Coded,
    value: np.ndarray,
    problems: list[Problem],
) -> tuple[np.ndarray, Coded, Coded]:
    """Return σ, where it is from and the distribution: stated σ, stated text, scores, default."""
    import pandas as pd

    count = len(frame)
    sd = (
        pd.to_numeric(frame["sd"], errors="coerce").to_numpy(dtype=float).copy()
        if "sd" in frame
        else np.full(count, np.nan)
    )
    origin = np.where(np.isnan(sd), ORIGINS.index("default"), ORIGINS.index("given"))
    distribution, shapes = np.zeros(count, dtype=np.int16), ["normal"]
    if "uncertainty" in frame:
        code, texts = pd.factorize(frame["uncertainty"].where(frame["uncertainty"] != ""))
        for k, text in enumerate(texts):
            rows = np.flatnonzero((code == k) & np.isnan(sd))
            try:
                one, two = parse_spread(str(text), 1.0), parse_spread(str(text), 2.0)
            except ValueError:
                problems.append(
                    Problem(
                        "uncertainty-unreadable",
                        "The uncertainty “{text}” cannot be read. Write for "
                        "example “10 %”, “5”, “± 5 %”, “*/ 1.5” or “[90; 110]”.",
                        {"text": text},
                    )
                )
                continue
            relative = one.sd != two.sd
            sd[rows] = one.sd * (np.abs(value[rows]) if relative else 1.0)
            if one.unit:
                sd[rows] *= _unit_factors(system, frame, quantity, rows, one.unit)
            if one.distribution not in shapes:
                shapes.append(one.distribution)
            origin[rows] = ORIGINS.index("given")
            distribution[rows] = shapes.index(one.distribution)
    scores = [name for name in INDICATORS if name in frame]
    if scores:
        code, tuples = pd.factorize(
            pd.MultiIndex.from_frame(frame[scores].astype(object).where(frame[scores].notna(), -1))
        )
        for k, row_scores in enumerate(tuples):
            cv = cv_from_scores(
                {n: int(s) for n, s in zip(scores, row_scores, strict=True) if s != -1}
            )
            rows = np.flatnonzero((code == k) & np.isnan(sd))
            if cv is not None:
                sd[rows], origin[rows] = cv * np.abs(value[rows]), ORIGINS.index("scores")
    rest = np.isnan(sd)
    sd[rest] = default_cv() * np.abs(value[rest])
    return sd, Coded(origin, as_objects(ORIGINS), True), Coded(distribution, as_objects(shapes))


def _unit_factors(
    system: System, frame: pd.DataFrame, quantity: Coded, rows: np.ndarray, unit: str
) -> np.ndarray:
    """Return how many units of each row one `unit` of its stated σ is."""
    from mfa.units import convert

    given = frame["unit"].to_numpy(dtype=object) if "unit" in frame else [""] * len(frame)
    return np.array(
        [convert(1.0, unit, given[r] or system._unit_of(entry(quantity, r))) for r in rows]
    )
