"""A table's columns as they are kept: what few values fill as codes, numbers as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.errors import InputError, Problem, UnitError
from mfa.model.column import Block, Coded, as_objects
from mfa.model.system_units import check_unit

if TYPE_CHECKING:
    import pandas as pd

    from mfa.model.table import Table

FEW = {
    *("process", "material", "layer", "unit", "role", "period", "region", "quantity", "factor"),
    *("source", "uncertainty"),
}
"""Columns whose values stand in many rows: each is looked at once."""


def columns_of(table: Table[Any], frame: pd.DataFrame) -> dict[str, Block]:
    """Return the record columns of `frame`, empty cells replaced by the record's defaults."""
    return {
        name: column_of(frame[name], name, table.default(name))
        for name in table.names
        if name in frame
    }


def column_of(series: pd.Series, name: str, default: Any) -> Block:
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


def check_units(frame: pd.DataFrame, problems: list[Problem]) -> None:
    """Add what is wrong with the units of `frame` to `problems`; each text is read once."""
    if "unit" not in frame:
        return
    for text in frame["unit"].dropna().unique():
        try:
            if text:
                check_unit(text, None)
        except (InputError, UnitError) as error:
            problems += [Problem(p.code, p.message, p.values) for p in error.problems]
