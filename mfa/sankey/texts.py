"""The words and numbers of a drawing, in its language."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mfa.locale import N_, translator
from mfa.locale.numbers import format_estimate, format_number, significant_decimals
from mfa.sankey.graph import SankeyGraph, SankeyLink, SankeyNode
from mfa.vocabulary import label

# Chains of units, each 1000 × the one before.
_CHAINS = (
    ("g", "kg", "t", "kt", "Mt", "Gt"),
    ("m3", "10³ m3", "10⁶ m3", "10⁹ m3"),
    ("kWh", "MWh", "GWh", "TWh"),
    ("MJ", "GJ", "TJ", "PJ"),
)
_WORDS = {
    "g": N_("g"),
    "kg": N_("kg"),
    "t": N_("t"),
    "kt": N_("kt"),
    "Mt": N_("Mt"),
    "Gt": N_("Gt"),
    "m3": N_("m³"),
    "10³ m3": N_("thousand m³"),
    "10⁶ m3": N_("million m³"),
    "10⁹ m3": N_("billion m³"),
    "year": N_("year"),
    "month": N_("month"),
    "day": N_("day"),
    "person": N_("person"),
    "household": N_("household"),
}


@dataclass(frozen=True)
class Scale:
    """The unit numbers are shown in: value shown = value × `factor`."""

    factor: float
    unit: str
    language: str

    def number(self, value: float, sd: float = math.nan) -> str:
        """Return `value` with three digits, two when it is below 100, or fewer where σ allows less.

        A label is never more precise than the tables, whose digits follow σ.

        Examples
        --------
        >>> scale = Scale(0.001, "kt/year", "vi")
        >>> scale.number(2_654_321), scale.number(5234), scale.number(2_654_321, 300_000)
        ('2.650', '5,2', '2.700')
        """
        shown = value * self.factor
        decimals = significant_decimals(shown, digits=3 if abs(shown) >= 99.5 else 2)
        if math.isfinite(sd) and sd > 0:
            decimals = min(decimals, significant_decimals(shown, sd * self.factor))
        return format_number(shown, decimals, self.language)

    def estimate(self, value: float, sd: float) -> str:
        """Return ``value ± sd``, or the value alone where σ is absent or 0."""
        if math.isfinite(sd) and sd > 0:
            return format_estimate(value * self.factor, sd * self.factor, language=self.language)
        return self.number(value)


def choose_scale(values: Sequence[float], unit: str, language: str) -> Scale:
    """Return the unit in which the median of `values` is easiest to read.

    A larger unit is taken while the largest value has five digits before the comma and the median
    is above 3,000, so that neither long rows of digits nor of zeros arise.

    Examples
    --------
    >>> choose_scale([2_650_000.0, 31_000.0, 5_200.0], "t/year", "vi").unit
    'nghìn tấn/năm'
    >>> choose_scale([12_000.0, 800.0, 4.0], "kt/year", "en").unit
    'kt/year'
    >>> choose_scale([120.0], "m3/day", "en").unit
    'm³/day'
    """
    head, slash, tail = unit.partition("/")
    sizes = sorted(abs(v) for v in values if math.isfinite(v) and v) or [0.0]
    largest, median = sizes[-1], sizes[len(sizes) // 2]
    chain = next((c for c in _CHAINS if head.strip() in c), ())
    factor, at = 1.0, chain.index(head.strip()) if chain else 0
    while largest * factor >= 10_000 and median * factor >= 3_000 and at + 1 < len(chain):
        factor, at = factor / 1000, at + 1
    shown = chain[at] if chain else head.strip()
    return Scale(factor, unit_text(shown + slash + tail, language), language)


def unit_text(unit: str, language: str) -> str:
    """Return `unit` in the words of `language`; parts that have none stay.

    Examples
    --------
    >>> unit_text("kg/person/year", "vi"), unit_text("m3/day", "en")
    ('kg/người/năm', 'm³/day')
    """
    _ = translator(language)
    parts = (part.strip() for part in unit.split("/"))
    return "/".join(_(_WORDS[part]) if part in _WORDS else part for part in parts)


def interval_text(lower: float, upper: float, scale: Scale, floor: float = 0.0) -> str:
    """Return what is known of a quantity without a value; a lower limit at `floor` says nothing.

    Examples
    --------
    >>> scale = Scale(1.0, "t", "vi")
    >>> interval_text(3.0, math.inf, scale), interval_text(0.0, 1250.0, scale)
    ('≥ 3,0', '≤ 1.250')
    >>> interval_text(0.0, math.inf, scale)
    '?'
    """
    low = lower if math.isfinite(lower) and lower > floor else None
    high = upper if math.isfinite(upper) else None
    if low is not None and high is not None:
        return f"{scale.number(low, high - low)} – {scale.number(high, high - low)}"
    if high is not None:
        return f"≤ {scale.number(high)}"
    return f"≥ {scale.number(low)}" if low is not None else "?"


def link_text(link: SankeyLink, graph: SankeyGraph, scale: Scale, titles: dict[str, str]) -> str:
    """Return the tooltip of a link: ends, what, how much, how sure."""
    amount = _amount(link, scale)
    category = graph.categories.get(link.category)
    what = link.title or (category.label if category else "")
    status = label("status", link.status, scale.language)
    parts = [f"{titles[link.source]} → {titles[link.target]}: {amount} {scale.unit}".rstrip()]
    return "\n".join([*parts, *([what] if what else []), status])


def _amount(link: SankeyLink, scale: Scale) -> str:
    if link.known:
        return scale.estimate(link.value, link.sd)
    return interval_text(link.lower, link.upper, scale)


def stock_text(node: SankeyNode, scale: Scale, *, with_sd: bool = False) -> str:
    """Return the line under a node's name that tells of its stock, or an empty text."""
    _ = translator(scale.language)
    if not node.stock_known:
        return _("stock change unknown")
    if not node.stock_change:
        return ""
    write = scale.estimate if with_sd else scale.number
    amount = write(abs(node.stock_change), node.stock_sd)
    if node.stock_change > 0:
        return _("+{amount} to stock", amount=amount)
    return _("−{amount} from stock", amount=amount)


def imbalance_text(node: SankeyNode, scale: Scale) -> str:
    """Return the line that says what a node's balance leaves over, or an empty text."""
    _ = translator(scale.language)
    if not node.imbalance:
        return ""
    amount = scale.number(abs(node.imbalance))
    if node.imbalance > 0:
        return _("{amount} more in than out", amount=amount)
    return _("{amount} more out than in", amount=amount)


def node_text(node: SankeyNode, total: str, scale: Scale) -> str:
    """Return the tooltip of a node."""
    _ = translator(scale.language)
    lines = [f"{node.title}: {total} {scale.unit}".rstrip()]
    if node.stock_change and node.stock_known:
        change = scale.estimate(abs(node.stock_change), node.stock_sd)
        if node.stock_change > 0:
            lines.append(_("+{amount} to stock", amount=change))
        else:
            lines.append(_("−{amount} from stock", amount=change))
    elif not node.stock_known:
        interval = interval_text(node.stock_lower, node.stock_upper, scale, -math.inf)
        lines.append(_("stock change {interval}", interval=interval))
    if node.imbalance:
        lines.append(imbalance_text(node, scale))
    if node.internal > 0:
        lines.append(_("{amount} flow within the group", amount=scale.number(node.internal)))
    return "\n".join(lines)


def describe(graph: SankeyGraph, scale: Scale, titles: dict[str, str]) -> str:
    """Return the picture in words, for readers who cannot see it: counts and the largest flows."""
    _ = translator(scale.language)
    known = sorted((link for link in graph.links if link.known), key=lambda x: (-x.value, x.id))
    sentences = [
        _(
            "Sankey diagram with {nodes} nodes and {links} flows in {unit}.",
            nodes=len(graph.nodes),
            links=len(graph.links),
            unit=scale.unit or "1",
        )
    ]
    if known:
        largest = "; ".join(
            f"{titles[x.source]} → {titles[x.target]} {scale.number(x.value, x.sd)}"
            for x in known[:5]
        )
        sentences.append(_("The largest: {flows}.", flows=largest))
    if unknown := len(graph.links) - len(known):
        sentences.append(_("{n} flows are known only as an interval.", n=unknown))
    return " ".join(sentences)
