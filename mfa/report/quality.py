"""Facts of data quality: how many observations of which kind, and how good they are by sector."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from mfa.report.facts import SCORES, Datum, Quality
from mfa.report.sectors import sectors_of

if TYPE_CHECKING:
    from mfa.model.system import System

PARAMETERS, OTHER = "parameters", "other"


@dataclass(frozen=True)
class GroupQuality:
    """Quality of the observations of one group: a sector, `PARAMETERS`, or `OTHER`.

    Attributes
    ----------
    count
        Observations in the group.
    means
        Mean score of each of `SCORES`, NaN without any.
    given, scored, default
        How many have a stated σ, one from scores, and the default.
    spread, spread_scored
        Median of σ as a share of the value, of all and of those with σ from scores; NaN without.
    """

    group: str
    count: int
    means: tuple[float, ...]
    given: int
    scored: int
    default: int
    spread: float
    spread_scored: float


def count_quality(system: System, data: Iterable[Datum], period: str) -> Quality:
    """Return how many observations there are by type of source, origin of σ, year, area, score."""
    data = list(data)
    types = Counter(
        "assumption"
        if d.assumed
        else (system.sources[d.source].type if d.source in system.sources else "")
        for d in data
    )
    scores = Counter(
        (name, score)
        for d in data
        for name, score in zip(SCORES, d.scores, strict=True)
        if score is not None
    )
    return Quality(
        types,
        Counter(d.sigma_from for d in data),
        Counter(d.year for d in data),
        Counter(d.scope for d in data),
        scores,
        sum(1 for d in data if d.year and period and d.year != period),
    )


def group_quality(system: System, data: Iterable[Datum]) -> tuple[GroupQuality, ...]:
    """Return the quality of each sector's observations, then of parameters and of all others.

    An observation belongs to the sector of the process that its first quantity leaves (enters, if
    it comes from outside).
    """
    groups: dict[str, list[Datum]] = {}
    for datum in data:
        groups.setdefault(_group(system, datum), []).append(datum)
    order = (*sectors_of(system), PARAMETERS, OTHER)
    return tuple(_quality(key, groups[key]) for key in order if key in groups)


def _group(system: System, datum: Datum) -> str:
    for identifier in datum.quantities:
        if identifier in system.parameters:
            return PARAMETERS
        for process in _processes(system, identifier):
            found = system.processes[process]
            if found.boundary == "inside" and found.sector:
                return found.sector
    return OTHER


def _processes(system: System, identifier: str) -> Iterator[str]:
    stock = identifier.removesuffix(".change")
    if identifier in system.flows:
        flow = system.flows[identifier]
        yield from (flow.source, flow.target)
    elif stock in system.stocks:
        yield system.stocks[stock].process


def _quality(group: str, data: list[Datum]) -> GroupQuality:
    counts: Mapping[str, int] = Counter(d.sigma_from for d in data)
    scored = [d for d in data if d.sigma_from == "scores"]
    return GroupQuality(
        group,
        len(data),
        tuple(_mean(data, index) for index in range(len(SCORES))),
        *(counts[key] for key in ("given", "scores", "default")),
        _spread(data),
        _spread(scored),
    )


def _mean(data: Iterable[Datum], index: int) -> float:
    scores = [d.scores[index] for d in data if d.scores[index] is not None]
    return fmean(scores) if scores else math.nan


def _spread(data: Iterable[Datum]) -> float:
    shares = [d.sd / abs(d.value) for d in data if d.value and d.sd > 0]
    return median(shares) if shares else math.nan
