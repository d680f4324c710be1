"""All the numbers the text, tables and figures of a report may use, read off the account once.

Every fact keeps the ids of the quantities and observations it is made of, so that a sentence of the
report can be followed to its sources. Nothing here knows a language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.indicators.ew_mfa import EWAccount
    from mfa.indicators.sums import Total
    from mfa.indicators.waste import WasteVector
    from mfa.model.system import System
    from mfa.report.changes import PeriodChange
    from mfa.report.pictures import Pictures
    from mfa.report.quality import GroupQuality
    from mfa.report.scenarios import ScenarioFacts

SCORES = ("reliability", "completeness", "temporal", "spatial", "other")


@dataclass(frozen=True)
class Item:
    """One quantity of the account.

    ``value``, ``sd``, ``lower`` and ``upper`` are in ``unit`` as the case states it; ``amount`` and
    ``amount_sd`` are the same in the common unit of the layer. ``observations`` holds the ids of
    all data on it, sums included.
    """

    id: str
    kind: str
    source: str
    target: str
    material: str
    layer: str
    period: str
    region: str
    role: str
    input: float
    input_sd: float
    value: float
    sd: float
    lower: float
    upper: float
    unit: str
    status: str
    adjustment: float
    amount: float
    amount_sd: float
    amount_lower: float
    amount_upper: float
    observations: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether more than an interval is known."""
        return self.status != "free"

    @property
    def relative(self) -> float:
        """σ as a share of the value; infinite for an unknown or zero value."""
        return self.sd / abs(self.value) if self.known and self.value else math.inf


@dataclass(frozen=True)
class Datum:
    """One observation with what balancing did to it; ``quantities`` are the ids it speaks of."""

    id: str
    quantity: str
    quantities: tuple[str, ...]
    period: str
    region: str
    value: float
    sd: float
    unit: str
    factor: str
    uncertainty: str
    sigma_from: str
    source: str
    figure: str
    year: str
    scope: str
    scores: tuple[int | None, ...]
    note: str
    place: str
    reconciled: float
    adjustment: float
    normalised: float
    testable: bool
    suspect: bool

    @property
    def assumed(self) -> bool:
        """Whether it is an assumption of the authors and no published figure."""
        return self.source == "assumption"


@dataclass(frozen=True)
class Balance:
    """Inputs, outputs and stock change of one process in one layer, before and after balancing.

    ``difference`` (after balancing) is zero up to rounding for every balanced process, even when
    some of its terms are unknown; ``difference_before`` is NaN unless all terms were measured.
    """

    process: str
    layer: str
    period: str
    region: str
    unit: str
    inputs: Total
    outputs: Total
    stock_change: Total
    difference: float
    inputs_before: float
    outputs_before: float
    difference_before: float
    complete_before: bool

    @property
    def size(self) -> float:
        """Return the largest known term, to judge differences by."""
        terms = (self.inputs, self.outputs, self.stock_change)
        return max((abs(t.estimate.value) for t in terms if t.estimate), default=0.0)


@dataclass(frozen=True)
class SectorFacts:
    """One sector: what enters and leaves it, its largest and its least certain flows.

    ``inputs``, ``outputs``, ``entering`` and ``leaving`` are without balancing items; those have
    their own sums and stand together in ``balancing``.
    """

    sector: str
    processes: tuple[str, ...]
    inputs: Total
    outputs: Total
    stock_change: Total
    balancing_in: Total
    balancing_out: Total
    entering: tuple[Item, ...]
    leaving: tuple[Item, ...]
    inner: tuple[Item, ...]
    balancing: tuple[Item, ...]
    balances: tuple[Balance, ...]
    uncertain: tuple[Item, ...]
    unknown: tuple[Item, ...]
    view: str | None

    @property
    def flows(self) -> tuple[Item, ...]:
        """Return all flows that touch the sector."""
        return self.entering + self.inner + self.leaving + self.balancing


@dataclass(frozen=True)
class LayerFacts:
    """One layer beside goods (water, electricity…): flows in order of size, and balances."""

    layer: str
    unit: str
    flows: tuple[Item, ...]
    balances: tuple[Balance, ...]
    supply: Total
    view: str | None


@dataclass(frozen=True)
class Gap:
    """Unknown quantities which hang together: balances tie them, but not enough of them.

    Attributes
    ----------
    items
        The unknown quantities.
    needed
        How many further independent figures settle them all, when only balances tie them
        (relations between them can only make it fewer).
    """

    items: tuple[Item, ...]
    needed: int


@dataclass(frozen=True)
class NextDatum:
    """A further observation and what it would do to a result.

    ``before`` and ``after`` are σ of the result in ``unit`` (infinite while it is unknown);
    ``settles`` names the unknown quantities which would then be known.
    """

    id: str
    before: float
    after: float
    unit: str
    settles: tuple[str, ...]

    @property
    def gain(self) -> float:
        """Share by which σ of the result falls."""
        return 1.0 - self.after / self.before


@dataclass(frozen=True)
class Driver:
    """An observation and the share of a result's variance that it brings in."""

    datum: str
    share: float


@dataclass(frozen=True)
class Relief:
    """An observation without which the rest of the data agree, and p of that rest."""

    datum: str
    p_value: float


@dataclass(frozen=True)
class Node:
    """Processes whose data do not add up: in − out − stock change of the data, its σ and size."""

    processes: tuple[str, ...]
    layer: str
    period: str
    region: str
    unit: str
    difference: float
    sd: float
    normalised: float


@dataclass(frozen=True)
class TestFacts:
    """Global test of the data and what it rests on."""

    chi2: float
    dof: int
    p_value: float
    suspects: tuple[str, ...]
    untestable: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    restoring: tuple[Relief, ...] = ()
    nodal: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Quality:
    """Counts of observations: by type of source, origin of σ, year, scope and score."""

    by_type: Mapping[str, int]
    by_sigma: Mapping[str, int]
    by_year: Mapping[str, int]
    by_scope: Mapping[str, int]
    by_score: Mapping[tuple[str, int], int]
    off_period: int


@dataclass(frozen=True)
class Facts:
    """Everything a report says in numbers, for one main period and region of an account."""

    account: Account
    system: System
    case_id: str
    period: str
    region: str
    units: Mapping[str, str]
    items: tuple[Item, ...]
    data: tuple[Datum, ...]
    economy: EWAccount
    history: tuple[EWAccount, ...]
    waste: tuple[WasteVector, ...]
    residues: tuple[str, ...]
    sectors: tuple[SectorFacts, ...]
    layers: tuple[LayerFacts, ...]
    balances: tuple[Balance, ...]
    gaps: tuple[Gap, ...]
    next_overall: tuple[NextDatum, ...]
    next_consumption: tuple[NextDatum, ...]
    drivers: tuple[Driver, ...]
    test: TestFacts
    quality: Quality
    quality_by_group: tuple[GroupQuality, ...]
    changes: tuple[PeriodChange, ...]
    scenarios: tuple[ScenarioFacts, ...]
    overall_view: str | None
    other_views: tuple[str, ...]
    stamp: Mapping[str, Any]
    pictures: Pictures

    @property
    def unit(self) -> str:
        """Return the common unit of goods."""
        return self.units["goods"]

    def here(self, *kinds: str) -> tuple[Item, ...]:
        """Return the items of the main period and region, of the kinds named (default: all)."""
        return tuple(
            item
            for item in self.items
            if item.period in ("", self.period)
            and item.region in ("", self.region)
            and (not kinds or item.kind in kinds)
        )

    def item(self, identifier: str) -> Item | None:
        """Return a quantity of the main period and region, if it exists there."""
        return self._items_by_id.get(identifier)

    def datum(self, identifier: str) -> Datum:
        """Return an observation by its id."""
        return self._data_by_id[identifier]

    @cached_property
    def _items_by_id(self) -> dict[str, Item]:
        return {item.id: item for item in reversed(self.here())}

    @cached_property
    def _data_by_id(self) -> dict[str, Datum]:
        return {datum.id: datum for datum in self.data}

    @property
    def adjusted(self) -> tuple[Datum, ...]:
        """Return the observations moved by balancing, the most (in σ) first."""
        moved = [d for d in self.data if math.isfinite(d.adjustment) and abs(d.adjustment) > 1e-6]
        return tuple(sorted(moved, key=lambda d: (-abs(d.adjustment), d.id)))

    @property
    def biggest(self) -> tuple[Item, ...]:
        """Return the known goods flows of the main period, the largest first."""
        flows = [i for i in self.here("flow") if i.layer == "goods" and i.known]
        return tuple(sorted(flows, key=lambda i: (-i.amount, i.id)))

    @property
    def unknown(self) -> tuple[Item, ...]:
        """Return the quantities of the main period of which only an interval is known."""
        return tuple(item for item in self.here() if not item.known)
