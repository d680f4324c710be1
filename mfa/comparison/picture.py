"""The Sankey of a comparison: widths of the second side, colours by what changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.spread import combination_sd
from mfa.combination import estimate
from mfa.comparison.changes import NOTHING, verdict
from mfa.comparison.gone import lost_flows, weave_before, with_gone
from mfa.comparison.shared import SharedData, share_data
from mfa.comparison.sides import region_pairs
from mfa.locale import N_, translator
from mfa.locale.numbers import format_estimate, format_number
from mfa.result import Estimate
from mfa.sankey import SankeyImage, SankeyLink, draw_graph
from mfa.sankey.colours import change_colour
from mfa.sankey.graph import Category, SankeyGraph

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.comparison import Comparison
    from mfa.model.view import View

_PALE = "#e3e3e3"
_CATEGORIES = {
    "higher": N_("higher"),
    "lower": N_("lower"),
    "within": N_("within uncertainty"),
    "small": N_("unchanged, or by less than 0.5 %"),
    "unknown": N_("cannot be told"),
    "only_b": N_("new"),
    "only_a": N_("gone: dashed, with its former size"),
}


def draw_changes(
    comparison: Comparison,
    view: View | None,
    language: str,
    *,
    region: str | None = None,
    **options: Any,
) -> SankeyImage:
    """Draw a comparison; see `Comparison.sankey`."""
    from mfa.sankey.view import weave

    a, b = comparison.a, comparison.b
    pairs = region_pairs(a, b)
    ours, theirs = next((pair for pair in pairs if pair[1] == region), pairs[0])
    graph = weave(b.account, view, language=language, period=b.period, region=theirs)
    before = weave_before(a, view, language, ours)
    lost = lost_flows(graph, before)
    graph = with_gone(graph, before, _factor(before, graph))
    links = tuple(_link(comparison, link, ours, theirs, graph.unit, language,
                        lost.get(link.id, ())) for link in graph.links)  # fmt: skip
    _ = translator(language)
    used = {link.category for link in links}
    categories = {
        key: Category(_(text), _PALE if key == "small" else change_colour(key))
        for key, text in _CATEGORIES.items()
        if key in used
    }
    subtitle = _("Change from {a} to {b}; widths: {b}", a=a.title(language), b=b.title(language))
    said = _("In brackets: the change, where it exceeds 1.96 of its own σ.")
    told = said if any(link.remark.endswith("%") for link in links) else ""
    graph = replace(
        graph, links=links, categories=categories, subtitle=subtitle,
        note=" ".join(x for x in (told, graph.note) if x),
    )  # fmt: skip
    return draw_graph(graph, **options)


def _link(
    comparison: Comparison,
    link: SankeyLink,
    ours: str,
    theirs: str,
    unit: str,
    language: str,
    lost: tuple[str, ...],
) -> SankeyLink:
    """Return the link with its change as category and in its tooltip.

    `lost` are flows that were part of the link before.
    """
    a, b = comparison.a, comparison.b
    _ = translator(language)
    if link.gone:
        former = link.usual
        change = _change_text(-former, link.sd, language) if math.isfinite(former) else ""
        title = " · ".join(x for x in (link.title, change) if x)
        return replace(link, category="only_a", title=title)
    rows = _rows(a.account, (*link.flows, *lost), a.period, ours)
    if not rows:
        return replace(link, category="only_b", remark=_("new"))
    before = _sum(a.account, rows, unit)
    now = Estimate(link.value, link.sd, link.lower, link.upper, unit, link.status)
    sd = math.hypot(before.sd, now.sd)
    if before.known and link.known:
        later = _rows(b.account, link.flows, b.period, theirs)
        if a.account is b.account:
            sd = _joint_sd(a.account, rows, later, unit)
        elif share_data(a.account, b.account):
            sd = _shared_sd(a.account, b.account, rows, later, unit)
            if abs(now.value - before.value) <= NOTHING * min(before.sd, now.sd):
                now = before
    change = now.value - before.value
    z = _score(change, sd)
    key = verdict(z, True, before.lower, before.upper, now.lower, now.upper)
    # Between scenarios even a tiny change may be sure, for they share their data.
    if comparison.scenarios and key in ("higher", "lower", "within"):
        key = "small" if _small(change, before.value) else key
    text = "" if math.isnan(change) else _change_text(change, sd, language)
    told = key in ("higher", "lower") and math.isfinite(before.value) and before.value != 0
    share = f"{_signed(100 * change / abs(before.value), 0, language)} %" if told else ""
    title = " · ".join(x for x in (link.title, text) if x)
    return replace(link, category=key, title=title, remark=share)


def _small(change: float, before: float) -> bool:
    return change == 0 or abs(change) < 0.005 * abs(before)


def _score(change: float, sd: float) -> float:
    """Return the change in its own σ; NaN where there is no change to speak of."""
    if math.isnan(change) or change == 0:
        return change
    return change / sd if sd > 0 else math.copysign(math.inf, change)


def _change_text(change: float, sd: float, language: str) -> str:
    sign = "+" if change > 0 else ""
    if sd > 0:
        return f"Δ {sign}{format_estimate(change, sd, language=language)}"
    return f"Δ {_signed(change, 1, language)}"


def _signed(value: float, decimals: int, language: str) -> str:
    return ("+" if value > 0 else "") + format_number(value, decimals, language)


def _rows(account: Account, flows: Sequence[str], period: str, region: str) -> list[int]:
    """Return where in the account the flows stand that exist there."""
    table = account.table
    here = (
        table["id"].isin(flows)
        & (table["kind"] == "flow")
        & (table["period"] == period)
        & (table["region"] == region)
    )
    return np.flatnonzero(here.to_numpy()).tolist()


def _sum(account: Account, rows: list[int], unit: str) -> Estimate:
    weights = np.zeros(account.equations.quantities.count)
    weights[rows] = 1.0
    return estimate(account, float(weights @ account.solution.x), weights, unit)


def _joint_sd(account: Account, before: list[int], now: list[int], unit: str) -> float:
    from mfa.units import parse_unit

    weights = np.zeros((account.equations.quantities.count, 1))
    weights[before] -= 1.0
    weights[now] += 1.0
    factor = account.equations.quantities.internal.factor(parse_unit(unit))
    return float(combination_sd(account.solution, weights)[0]) / factor


def _shared_sd(a: Account, b: Account, before: list[int], now: list[int], unit: str) -> float:
    from mfa.units import parse_unit

    first = np.zeros((a.equations.quantities.count, 1))
    second = np.zeros((b.equations.quantities.count, 1))
    first[before], second[now] = 1.0, 1.0
    factor = a.equations.quantities.internal.factor(parse_unit(unit))
    return float(SharedData(a, b).difference_sd(first, second)[0]) / factor


def _factor(before: SankeyGraph | None, now: SankeyGraph) -> float:
    """Return what turns values of `before` into the unit of `now`."""
    from mfa.units import convert

    return float(convert(1.0, before.unit, now.unit)) if before else 1.0
