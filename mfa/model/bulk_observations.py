"""The values in whole tables as observations, with a σ for each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mfa.errors import Problem
from mfa.model.bulk_columns import check_units, column_of, columns_of
from mfa.model.column import Coded, Late, as_objects, entry, joined_codes
from mfa.model.quality import INDICATORS, cv_from_scores, default_cv, parse_spread
from mfa.model.system_units import unit_of

if TYPE_CHECKING:
    import pandas as pd

    from mfa.model.system import System

ORIGINS = ("default", "given", "scores")


def add_observations(
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
    columns = columns_of(system.observations, frame.drop(columns=taken, errors="ignore"))
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
        check_units(frame, problems)
    system.observations.extend(columns)


def _quantities(system: System, name: str, frame: pd.DataFrame, has: np.ndarray) -> Coded:
    """Return what each row of `frame` observes: the rows of a table with a value (`has`)."""
    if name == "observations":
        column = column_of(frame["quantity"], "quantity", None)
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
        [convert(1.0, unit, given[r] or unit_of(system, entry(quantity, r))) for r in rows]
    )
