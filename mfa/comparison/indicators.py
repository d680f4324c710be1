"""Differences of the economy-wide indicators."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.spread import combination_sd
from mfa.comparison.changes import NOTHING, finish
from mfa.comparison.shared import SharedData, share_data
from mfa.comparison.sides import Side, region_pairs
from mfa.indicators.ew_mfa import FORMULAS, NAMES, EWAccount, ew_account
from mfa.indicators.sums import Total
from mfa.locale import N_, translator
from mfa.result import Estimate
from mfa.vocabulary import label

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account

PER_PERSON, PER_GRDP = ".per_person", ".per_grdp"
_BY = {
    PER_PERSON: ("per_person", tuple(key for key in FORMULAS if not key.startswith("bi_"))),
    PER_GRDP: ("per_grdp", ("dmi", "dmc")),
}
_FORMS = {PER_PERSON: N_("{indicator}, per person"), PER_GRDP: N_("GRDP per tonne of {indicator}")}


def indicator_name(key: str, language: str) -> str:
    """Return the name of an indicator of the comparison.

    Examples
    --------
    >>> indicator_name("dmc.per_person", "en")
    'Domestic material consumption (DMC), per person'
    """
    _ = translator(language)
    head, dot, tail = key.partition(".")
    if head == "waste":
        return _("Share of waste: {destination}", destination=label("role", tail, language))
    name = _(NAMES[head])
    return _(_FORMS[dot + tail], indicator=name) if tail else name


def indicator_changes(a: Side, b: Side) -> pd.DataFrame:
    """Return `Comparison.indicators`; empty where goods are counted in no unit of mass per time."""
    import pandas as pd

    from mfa.comparison import COLUMNS
    from mfa.errors import UnitError

    unit = a.account.system.layer_unit("goods")
    ours, theirs = region_pairs(a, b)[0]
    try:
        first = ew_account(a.account, period=a.period, region=ours, unit=unit)
        second = ew_account(b.account, period=b.period, region=theirs, unit=unit)
    except UnitError:
        return pd.DataFrame(columns=list(COLUMNS))
    joint = Joint(a.account, b.account)
    rows = [*_totals(first, second, joint), *_intensities(first, second, joint)]
    return finish(pd.DataFrame(rows)) if rows else pd.DataFrame(columns=list(COLUMNS))


class Joint:
    """σ of differences between two accounts that are the same, or share data."""

    def __init__(self, a: Account, b: Account) -> None:
        self.a, self.b = a, b
        self.same, self.shared = a is b, share_data(a, b)

    def __bool__(self) -> bool:
        return self.same or self.shared

    def sd(self, before: _Gradient, after: _Gradient, unit: str) -> float:
        """Return σ of the difference of two results, covariance included."""
        from mfa.units import parse_unit

        factor = self.a.equations.quantities.internal.factor(parse_unit(unit))
        if self.same:
            spread = combination_sd(self.a.solution, (after[1] - before[1])[:, None])
        else:
            data = SharedData(self.a, self.b)
            spread = data.difference_sd(before[1][:, None], after[1][:, None])
        return float(spread[0]) / factor


def _totals(first: EWAccount, second: EWAccount, joint: Joint) -> Iterator[dict]:
    for key in FORMULAS:
        ends = first.total(key), second.total(key)
        if all(end.weights for end in ends):
            estimates = [_whole(end) for end in ends]
            spread = None
            if joint and all(end.complete for end in ends):
                spread = joint.sd(_sum(joint.a, first, key), _sum(joint.b, second, key), first.unit)
            yield comparison_row(key, first.region, *estimates, spread, joint.shared)


def _whole(total: Total) -> Estimate:
    """Return the estimate of a sum; without a value where parts of it are unknown."""
    if total.complete:
        assert total.estimate is not None
        return total.estimate
    return Estimate(math.nan, math.nan, total.lower, total.upper, total.unit, "free")


def _intensities(first: EWAccount, second: EWAccount, joint: Joint) -> Iterator[dict]:
    for tail, (name, keys) in _BY.items():
        ours, theirs = getattr(first, name), getattr(second, name)
        for key in (key for key in keys if key in ours and key in theirs):
            spread = None
            if joint:
                before = _quotient(joint.a, first, key, tail)
                after = _quotient(joint.b, second, key, tail)
                spread = joint.sd(before, after, ours[key].unit)
            yield comparison_row(
                key + tail, first.region, ours[key], theirs[key], spread, joint.shared
            )


def comparison_row(
    key: str, region: str, a: Estimate, b: Estimate, spread: float | None, shared: bool
) -> dict:
    """Return one row before judging; without `spread` both sides are independent."""
    row: dict = {"kind": "indicator", "id": key, "layer": "goods", "region": region}
    row["unit"] = a.unit
    for side, estimate in (("a", a), ("b", b)):
        row |= {side: estimate.value, f"{side}_sd": estimate.sd, f"{side}_lower": estimate.lower}
        row |= {f"{side}_upper": estimate.upper, f"{side}_status": estimate.status}
    row["difference"] = b.value - a.value
    if shared and abs(row["difference"]) <= NOTHING * min(a.sd, b.sd):
        row["difference"] = 0.0
    row["difference_sd"] = math.hypot(a.sd, b.sd) if spread is None else spread
    return row | {"comparable": True}


# Value and gradient in internal units.
_Gradient = tuple[float, np.ndarray]


def _sum(account: Account, ew: EWAccount, key: str) -> _Gradient:
    return combination(account, ew.total(key).weights, ew.period, ew.region)


def _quotient(account: Account, ew: EWAccount, key: str, tail: str) -> _Gradient:
    """Return an indicator per person, or GRDP per indicator, with its gradient."""
    system = account.system
    over = system.population if tail == PER_PERSON else system.grdp
    parts = [_sum(account, ew, key), combination(account, {over: 1.0}, ew.period, ew.region)]
    (top, d_top), (bottom, d_bottom) = parts if tail == PER_PERSON else parts[::-1]
    return top / bottom, (d_top * bottom - top * d_bottom) / bottom**2


def combination(
    account: Account, weights: Mapping[str, float], period: str, region: str
) -> _Gradient:
    """Return a sum of quantities and its gradient, in internal units."""
    quantities = account.equations.quantities
    vector = np.zeros(quantities.count)
    for name, weight in weights.items():
        try:
            index = account._index(name, tuple(x for x in (period, region) if x))
        except KeyError:  # a parameter that holds everywhere has no labels
            index = account._index(name)
        vector[index] += weight
    return float(vector @ account.solution.x), vector
