"""Differences of the economy-wide indicators."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mfa.comparison.changes import finish
from mfa.comparison.joint import Gradient, Joint, combination
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
    joint.fill()
    return finish(pd.DataFrame(rows)) if rows else pd.DataFrame(columns=list(COLUMNS))


def _totals(first: EWAccount, second: EWAccount, joint: Joint) -> Iterator[dict]:
    for key in FORMULAS:
        ends = first.total(key), second.total(key)
        if all(end.weights for end in ends):
            estimates = [_whole(end) for end in ends]
            sums = None
            if joint and all(end.complete for end in ends):
                sums = [_sum(joint.a, first, key), _sum(joint.b, second, key)]
            yield joint.row(key, first.region, *estimates, sums)


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
            ends = None
            if joint:
                sides = ((joint.a, first), (joint.b, second))
                ends = [_quotient(account, ew, key, tail) for account, ew in sides]
            yield joint.row(key + tail, first.region, ours[key], theirs[key], ends)


def _sum(account: Account, ew: EWAccount, key: str) -> Gradient:
    return combination(account, ew.total(key).weights, ew.period, ew.region)


def _quotient(account: Account, ew: EWAccount, key: str, tail: str) -> Gradient:
    """Return an indicator per person, or GRDP per indicator, with its gradient."""
    system = account.system
    over = system.population if tail == PER_PERSON else system.grdp
    parts = [_sum(account, ew, key), combination(account, {over: 1.0}, ew.period, ew.region)]
    (top, d_top), (bottom, d_bottom) = parts if tail == PER_PERSON else parts[::-1]
    return top / bottom, (d_top * bottom - top * d_bottom) / bottom**2
