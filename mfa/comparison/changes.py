"""Differences of quantities, their σ, and whether they are real."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.spread import combination_sd
from mfa.comparison.shared import SharedData, share_data
from mfa.comparison.sides import Side, region_pairs
from mfa.model.quality import Z95

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-9
NOTHING = 1e-6
"""σ of a difference between scenarios below which the two sides are the same but for rounding."""
_CHUNK = 4_000_000  # numbers of a block of weights held at once
_NUMBERS = ("value", "sd", "lower", "upper")


def quantity_changes(a: Side, b: Side) -> pd.DataFrame:
    """Return `Comparison.quantities`."""
    import pandas as pd

    frames = [_of_region(a, b, *pair) for pair in region_pairs(a, b)]
    merged = pd.concat(frames, ignore_index=True).drop_duplicates(["id", "region_a"])
    return finish(_within(merged.reset_index(drop=True), a, b))


def _of_region(a: Side, b: Side, region_a: str, region_b: str) -> pd.DataFrame:
    """Return the quantities of both sides beside each other, matched by id."""
    left, right = _rows(a, region_a), _rows(b, region_b)
    if a.account is b.account:  # what holds in all periods is no change between two
        left, right = left[left["period"] != ""], right[right["period"] != ""]
    merged = left.merge(right, on="id", how="outer", suffixes=("_a", "_b"), sort=False)
    order = {name: at for at, name in enumerate(dict.fromkeys([*left["id"], *right["id"]]))}
    return merged.sort_values("id", key=lambda ids: ids.map(order), kind="stable")


def _rows(side: Side, region: str) -> pd.DataFrame:
    table = side.account.table.rename_axis("row").reset_index()
    here = table["period"].isin(("", side.period)) & table["region"].isin(("", region))
    return table.loc[here, ["row", "id", "kind", "layer", "period", "region", "unit", *_NUMBERS,
                            "status"]]  # fmt: skip


def _within(merged: pd.DataFrame, a: Side, b: Side) -> pd.DataFrame:
    """Return the columns of the comparison before judging, everything in the unit of `a`."""
    import pandas as pd

    factor, comparable = _factors(merged)
    out = pd.DataFrame({"kind": merged["kind_a"].fillna(merged["kind_b"]), "id": merged["id"]})
    for name in ("layer", "region", "unit"):
        out[name] = merged[f"{name}_a"].fillna(merged[f"{name}_b"])
    for side, scale in (("a", 1.0), ("b", factor)):
        for name in _NUMBERS:
            column = side if name == "value" else f"{side}_{name}"
            out[column] = merged[f"{name}_{side}"].to_numpy(dtype=float) * scale
        out[f"{side}_status"] = merged[f"status_{side}"].fillna("")
    out["difference"] = np.where(comparable, out["b"] - out["a"], np.nan)
    if a.account is b.account:
        out["difference_sd"] = _joint_sd(merged, out, a, factor)
    elif share_data(a.account, b.account):
        _without_rounding(out)
        out["difference_sd"] = _shared_sd(merged, out, a, b, factor)
    else:
        out["difference_sd"] = np.where(comparable, np.hypot(out["a_sd"], out["b_sd"]), np.nan)
    out["comparable"] = comparable
    return out


def _factors(merged: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return what turns numbers of `b` into the unit of `a`, and whether that is possible."""
    from mfa.errors import UnitError
    from mfa.units import convert

    known: dict[tuple[str, str], float] = {}
    factor, comparable = np.ones(len(merged)), np.ones(len(merged), dtype=bool)
    for i, (ours, theirs) in enumerate(zip(merged["unit_a"], merged["unit_b"], strict=True)):
        if not isinstance(ours, str) or not isinstance(theirs, str) or ours == theirs:
            continue
        if (ours, theirs) not in known:
            try:
                known[ours, theirs] = float(convert(1.0, theirs, ours))
            except UnitError:
                known[ours, theirs] = np.nan
        factor[i] = known[ours, theirs]
    comparable = np.isfinite(factor)
    return factor, comparable


def _joint_sd(merged: pd.DataFrame, out: pd.DataFrame, side: Side, factor: np.ndarray) -> list:
    """Return σ of differences within one account, by covariance."""
    account = side.account
    scale, n = account.equations.quantities.factor, account.equations.quantities.count
    rows = np.flatnonzero(np.isfinite(out["difference"].to_numpy()))
    sd = np.full(len(out), np.nan)
    step = max(1, _CHUNK // n)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        first = merged["row_a"].to_numpy()[part].astype(int)
        second = merged["row_b"].to_numpy()[part].astype(int)
        weights = np.zeros((n, len(part)))
        columns = np.arange(len(part))
        weights[first, columns] -= 1.0 / scale[first]
        weights[second, columns] += factor[part] / scale[second]
        sd[part] = combination_sd(account.solution, weights)
    return sd.tolist()


def _without_rounding(out: pd.DataFrame) -> None:
    """Take away what only the path to the solution differs by, not the data."""
    difference = out["difference"].to_numpy(dtype=float)
    least = NOTHING * np.fmin(out["a_sd"], out["b_sd"])
    with np.errstate(invalid="ignore"):
        nothing = (np.abs(difference) <= least) & (np.abs(out["a_sd"] - out["b_sd"]) <= least)
    out["difference"] = np.where(nothing, 0.0, difference)


def _shared_sd(
    merged: pd.DataFrame, out: pd.DataFrame, a: Side, b: Side, factor: np.ndarray
) -> np.ndarray:
    """Return σ of differences between scenarios of one case, by the data that both share."""
    shared = SharedData(a.account, b.account)
    ours, theirs = (side.account.equations.quantities for side in (a, b))
    difference = out["difference"].to_numpy(dtype=float)
    sd = np.where(np.isfinite(difference), 0.0, np.nan)
    rows = np.flatnonzero(np.isfinite(difference) & (difference != 0))
    step = max(1, _CHUNK // max(ours.count, theirs.count))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        columns = np.arange(len(part))
        first = merged["row_a"].to_numpy()[part].astype(int)
        second = merged["row_b"].to_numpy()[part].astype(int)
        before, after = np.zeros((ours.count, len(part))), np.zeros((theirs.count, len(part)))
        before[first, columns] = 1.0 / ours.factor[first]
        after[second, columns] = factor[part] / theirs.factor[second]
        sd[part] = shared.difference_sd(before, after)
    return sd


def finish(out: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with share, z and verdict; see `Comparison.quantities`."""
    from mfa.comparison import COLUMNS

    difference, sd = out["difference"].to_numpy(), out["difference_sd"].to_numpy(dtype=float)
    size = np.fmax(np.abs(out["a"]), np.abs(out["b"])).to_numpy()
    difference = np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)
    out["difference"] = difference
    with np.errstate(all="ignore"):
        out["relative"] = np.where(out["a"] != 0, difference / np.abs(out["a"]), np.nan)
        out["z"] = np.where(difference == 0, 0.0, difference / sd)
    out["verdict"] = [
        "only_b" if not ours else "only_a" if not theirs else verdict(*numbers)
        for ours, theirs, *numbers in zip(
            out["a_status"], out["b_status"], out["z"], out["comparable"],
            out["a_lower"], out["a_upper"], out["b_lower"], out["b_upper"], strict=True,
        )
    ]  # fmt: skip
    return out[list(COLUMNS)].reset_index(drop=True)


def verdict(
    z: float, comparable: bool, a_low: float, a_high: float, b_low: float, b_high: float
) -> str:
    """Return whether a change is real; where there is no difference, by the intervals.

    Examples
    --------
    >>> nan = float("nan")
    >>> verdict(-2.5, True, 0, 0, 0, 0), verdict(1.9, True, 0, 0, 0, 0)
    ('lower', 'within')
    >>> verdict(nan, True, 0, 4, 5, 9), verdict(nan, True, 0, 6, 5, 9)
    ('higher', 'unknown')
    """
    if not np.isnan(z):
        return ("higher" if z > 0 else "lower") if abs(z) > Z95 else "within"
    if comparable and a_high < b_low:
        return "higher"
    return "lower" if comparable and b_high < a_low else "unknown"
