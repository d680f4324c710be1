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

    Numbers are data variables (NaN where a quantity has no value), ``status`` is one too; kind,
    ends, material, layer and unit are coordinates of the quantity.
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
    first = table.drop_duplicates("id").set_index("id").loc[ids]
    coordinates = {"quantity": ids, "period": periods, "region": regions} | {
        name: ("quantity", first[name].to_numpy(dtype=object)) for name in LABELS
    }
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
