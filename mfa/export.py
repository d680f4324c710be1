"""The account in other shapes: xarray Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from mfa.account import Account

NUMBERS = ("input", "input_sd", "value", "sd", "lower", "upper", "adjustment")
LABELS = ("kind", "source", "target", "material", "layer", "unit")


def account_dataset(account: Account) -> xr.Dataset:
    """Return the account over (quantity, period, region).

    Numbers are data variables (NaN where a quantity has no value), ``status`` is one too, and
    ``row``, the number of the row in `Account.table` (−1: there is none); kind, ends, material,
    layer and unit are coordinates of the quantity (variables, where they differ between periods).
    """
    import pandas as pd
    import xarray as xr

    table = account.table
    keys = ["id", "period", "region"]
    ids = pd.unique(table["id"])
    periods = list(pd.unique(table["period"]))
    regions = list(pd.unique(table["region"]))
    at = tuple(
        pd.Index(labels).get_indexer(table[key])
        for key, labels in zip(keys, (ids, periods, regions), strict=True)
    )
    shape, dims = (len(ids), len(periods), len(regions)), ("quantity", "period", "region")

    def spread(column: str, fill: object, kind: type) -> np.ndarray:
        out = np.full(shape, fill, dtype=kind)
        out[at] = table[column].to_numpy()
        return out

    variables = {name: (dims, spread(name, np.nan, float)) for name in NUMBERS}
    variables["status"] = (dims, spread("status", "", object))
    row = np.full(shape, -1, dtype=np.int32)
    row[at] = np.arange(len(table), dtype=np.int32)
    variables["row"] = (dims, row)
    first = table.drop_duplicates("id").set_index("id").loc[ids]
    coordinates = {"quantity": ids, "period": periods, "region": regions}
    for name in LABELS:
        if (table.groupby("id")[name].nunique() > 1).any():
            variables[name] = (dims, spread(name, "", object))
        else:
            coordinates[name] = ("quantity", first[name].to_numpy(dtype=object))
    test = account.test
    return xr.Dataset(
        variables,
        coordinates,
        {
            "title": account.system.title("en"),
            "unit": account.system.unit,
            "chi2": test.chi2,
            "degrees_of_freedom": test.dof,
            "mfa_version": str(account.stamp["version"]),
        },
    )
