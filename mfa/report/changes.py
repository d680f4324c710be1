"""Facts of what changed between two periods, judged with the covariance of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mfa.report.rows import number

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.comparison import Comparison

VERDICTS = ("higher", "lower", "within", "unknown", "only_a", "only_b")


@dataclass(frozen=True)
class Change:
    """One quantity or indicator in two periods, all numbers in ``unit``.

    ``sd`` is σ of the difference, covariance included; ``verdict`` one of `VERDICTS`. Of an
    indicator, ``id`` is its key (``dmc``, ``dmc.per_person``).
    """

    id: str
    kind: str
    layer: str
    unit: str
    before: float
    before_sd: float
    after: float
    after_sd: float
    difference: float
    sd: float
    relative: float
    verdict: str

    @property
    def real(self) -> bool:
        """Whether both periods have it, and it is more than uncertainty explains."""
        return self.verdict in ("higher", "lower")


@dataclass(frozen=True)
class PeriodChange:
    """What changed from period ``a`` to period ``b``.

    ``flows`` holds the flows and stock changes; ``counts`` how many of them have which verdict.
    """

    a: str
    b: str
    indicators: tuple[Change, ...]
    flows: tuple[Change, ...]
    counts: Mapping[str, int]
    comparison: Comparison


def period_changes(
    account: Account, units: Mapping[str, str], region: str
) -> tuple[PeriodChange, ...]:
    """Return the changes between neighbouring periods, the latest first.

    With three periods or more, the change from the first to the last one comes at the end. Amounts
    are in the common unit of their layer. Empty for a single period.
    """
    periods = account.system.periods
    pairs = list(reversed(list(pairwise(periods))))
    if len(periods) > 2:
        pairs.append((periods[0], periods[-1]))
    return tuple(_between(account, pair, units, region) for pair in pairs)


def _between(
    account: Account, pair: tuple[str, str], units: Mapping[str, str], region: str
) -> PeriodChange:
    from mfa.comparison import compare

    comparison = compare(account, periods=pair)
    indicators = tuple(change_rows(comparison.indicators, region, units))
    every = tuple(change_rows(comparison.quantities, region, units))
    flows = tuple(change for change in every if change.kind in ("flow", "stock_change"))
    counts = Counter(change.verdict for change in flows)
    return PeriodChange(*pair, indicators, flows, counts, comparison)


def change_rows(frame: Any, region: str, units: Mapping[str, str]) -> Iterable[Change]:
    """Yield the rows of a comparison for one region, amounts in the common unit of their layer."""
    for row in frame.to_dict("records"):
        if row["region"] not in ("", region):
            continue
        unit = _common(row, units)
        scale = _factor(row["unit"], unit)
        numbers = (number(row[name]) * scale for name in _NUMBERS)
        yield Change(
            row["id"], row["kind"], row["layer"], unit, *numbers,
            number(row["relative"]), row["verdict"],
        )  # fmt: skip


_NUMBERS = ("a", "a_sd", "b", "b_sd", "difference", "difference_sd")


def _common(row: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """Return the common unit of a layer's flows; quotients keep theirs."""
    if row["kind"] in ("flow", "stock_change") or (
        row["kind"] == "indicator" and "." not in row["id"]
    ):
        return units.get(row["layer"], row["unit"])
    return str(row["unit"])


def _factor(source: str, target: str) -> float:
    from mfa.units import convert

    return 1.0 if source == target else float(convert(1.0, source, target))
