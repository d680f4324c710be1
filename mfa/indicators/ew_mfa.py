"""Economy-wide material-flow accounts (Eurostat 2018; SEEA): totals over the city's boundary.

With `i` for flows whose two ends lie on different sides of the boundary::

    DE   = Σ environment → inside, without balancing items
    DMI  = DE + IMP            DMC = DE + IMP − EXP          PTB = IMP − EXP
    DPO  = Σ inside → environment, without balancing items
    NAS  = Σ stock changes
    DE + IMP + BI_in − EXP − DPO − BI_out − NAS = Σ what unbalanced processes gain or lose

Flows from outside to outside (transit) do not count. Only the layer *goods* does: water, energy
and substances would count the same mass twice. A controlled landfill is a process inside the
boundary (its stock grows); open burning and dumping go to the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mfa.indicators.sums import Reader, Total, formula
from mfa.locale import N_
from mfa.model.quantity import Flow, material_codes

if TYPE_CHECKING:
    from mfa.account import Account, Estimate
    from mfa.model.system import System

CATEGORIES = {
    "MF.1": N_("Biomass"),
    "MF.2": N_("Metal ores and metals"),
    "MF.3": N_("Non-metallic minerals"),
    "MF.4": N_("Fossil energy materials"),
    "other": N_("Other and mixed materials"),
}
GATEWAYS = {
    "MF.7.1": N_("Emissions to air"),
    "MF.7.2": N_("Waste disposed of without control"),
    "MF.7.3": N_("Emissions to water"),
    "MF.7.4": N_("Dissipative use of products"),
    "MF.7.5": N_("Dissipative losses"),
    "other": N_("Not assigned"),
}
TERMS = ("de", "imports", "bi_in", "exports", "dpo", "bi_out", "nas")
FORMULAS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "de": {"de": 1},
        "imports": {"imports": 1},
        "dmi": {"de": 1, "imports": 1},
        "exports": {"exports": 1},
        "dmc": {"de": 1, "imports": 1, "exports": -1},
        "ptb": {"imports": 1, "exports": -1},
        "nas": {"nas": 1},
        "dpo": {"dpo": 1},
        "bi_in": {"bi_in": 1},
        "bi_out": {"bi_out": 1},
    }
)
IDENTITY = {"de": 1, "imports": 1, "bi_in": 1, "exports": -1, "dpo": -1, "bi_out": -1, "nas": -1}
NAMES = {
    "de": N_("Domestic extraction (DE)"),
    "imports": N_("Imports (IMP)"),
    "dmi": N_("Direct material input (DMI)"),
    "exports": N_("Exports (EXP)"),
    "dmc": N_("Domestic material consumption (DMC)"),
    "ptb": N_("Physical trade balance (PTB)"),
    "nas": N_("Net additions to stock (NAS)"),
    "dpo": N_("Domestic processed output (DPO)"),
    "bi_in": N_("Balancing items, input side"),
    "bi_out": N_("Balancing items, output side"),
}


@dataclass(frozen=True)
class EWAccount:
    """The economy-wide account of one period and region.

    Attributes
    ----------
    totals
        (indicator, category) → Total, in `unit`.
    per_person, per_grdp
        Indicator → Estimate, where population or GRDP are known and the indicator is complete.
    gateways
        Class of processed output (a key of `GATEWAYS`) → Total; the classes present only.
    difference
        Left side minus right side of the identity; zero when every inside process balances.
    unbalanced
        Ids of inside processes excluded from balancing: only they can open the identity.
    """

    period: str
    region: str
    unit: str
    totals: Mapping[tuple[str, str], Total]
    per_person: Mapping[str, Estimate]
    per_grdp: Mapping[str, Estimate]
    gateways: Mapping[str, Total]
    difference: Total
    unbalanced: tuple[str, ...]

    def total(self, key: str, category: str = "total") -> Total:
        """Return one indicator of one category of materials."""
        return self.totals[key, category]


def term(system: System, flow: Flow) -> str | None:
    """Return the term of the identity which `flow` belongs to, or None (inner flows, transit)."""
    if flow.layer != "goods":
        return None
    source = system.processes[flow.source].boundary
    target = system.processes[flow.target].boundary
    if (source == "inside") == (target == "inside"):
        return None
    balancing = flow.role == "balancing"
    if source == "inside":
        return "exports" if target != "environment" else ("bi_out" if balancing else "dpo")
    return "imports" if source != "environment" else ("bi_in" if balancing else "de")


def category(code: str) -> str:
    """Return the key of `CATEGORIES` for an EW-MFA code.

    Examples
    --------
    >>> category("MF.1.1.1"), category("MF311"), category("MF.7.1"), category("")
    ('MF.1', 'MF.3', 'other', 'other')
    """
    digits = code.upper().removeprefix("MF").lstrip(".")
    key = f"MF.{digits[:1]}"
    return key if key in CATEGORIES else "other"


def gateway(code: str) -> str:
    """Return the key of `GATEWAYS` for the EW-MFA code of something given to the environment.

    Waste for disposal (MF.6) that reaches the environment is waste disposed of without control.

    Examples
    --------
    >>> gateway("MF.7.4.1"), gateway("MF.6"), gateway("MF.1.1")
    ('MF.7.4', 'MF.7.2', 'other')
    """
    digits = code.upper().removeprefix("MF").replace(".", "")
    if digits.startswith("6"):
        return "MF.7.2"
    key = f"MF.7.{digits[1:2]}" if digits.startswith("7") else "other"
    return key if key in GATEWAYS else "other"


def members(system: System) -> dict[tuple[str, str], list[str]]:
    """Return (term, category) → ids of the flows and stock changes that belong to it."""
    codes = material_codes(system.materials)
    found: dict[tuple[str, str], list[str]] = {}
    for flow in (system.flows[identifier] for identifier in system.flows):
        key = term(system, flow)
        if key:
            kind = category(codes.get(flow.material, ""))
            found.setdefault((key, kind), []).append(flow.id)
    for stock in (system.stocks[identifier] for identifier in system.stocks):
        inside = system.processes[stock.process].boundary == "inside"
        if stock.layer == "goods" and inside:
            kind = category(codes.get(stock.material, ""))
            found.setdefault(("nas", kind), []).append(f"{stock.id}.change")
    return found


def weigh(
    terms: Mapping[str, int], kinds: Iterable[str], parts: Mapping[tuple[str, str], list[str]]
) -> dict[str, float]:
    """Return quantity id → weight of a sum of terms over some categories of materials."""
    kinds = list(kinds)
    return {
        identifier: float(sign)
        for name, sign in terms.items()
        for kind in kinds
        for identifier in parts.get((name, kind), ())
    }


def ew_account(
    account: Account, *, period: str = "", region: str = "", unit: str = "kt/year"
) -> EWAccount:
    """Return the economy-wide account of one period and region.

    Parameters
    ----------
    account
        The balanced account.
    period, region
        Labels as in ``account.table``.
    unit
        Of all totals; a mass per time.

    Raises
    ------
    UnitError
        A goods flow is not a mass per time.
    """
    system = account.system
    reader = Reader(account, period, region, unit)
    parts = members(system)
    totals: dict[tuple[str, str], Total] = {}
    for key, terms in FORMULAS.items():
        for kind in CATEGORIES:
            totals[key, kind] = reader.total(key, kind, weigh(terms, [kind], parts))
        totals[key, "total"] = reader.total(key, "total", weigh(terms, CATEGORIES, parts))
    gap = reader.total("difference", "total", weigh(IDENTITY, CATEGORIES, parts))
    open_ended = tuple(
        p.id
        for p in (system.processes[identifier] for identifier in system.processes)
        if p.boundary == "inside" and not p.balance
    )
    return EWAccount(
        period,
        region,
        unit,
        totals,
        _intensities(reader, totals, system.population, per=True),
        _intensities(reader, totals, system.grdp, per=False),
        _gateways(reader, system, totals["dpo", "total"].weights),
        gap,
        open_ended,
    )


def _gateways(reader: Reader, system: System, flows: Iterable[str]) -> dict[str, Total]:
    """Return processed output by the way it takes, the ways present only."""
    codes = material_codes(system.materials)
    weights: dict[str, dict[str, float]] = {key: {} for key in GATEWAYS}
    for identifier in flows:
        code = codes.get(system.flows[identifier].material, "")
        weights[gateway(code)][identifier] = 1.0
    return {key: reader.total("dpo", key, parts) for key, parts in weights.items() if parts}


def _intensities(
    reader: Reader,
    totals: Mapping[tuple[str, str], Total],
    parameter: str | None,
    *,
    per: bool,
) -> dict[str, Estimate]:
    """Return the complete totals per person (`per`) or, as productivity, GRDP per tonne."""
    if not parameter or not reader.known(parameter):
        return {}
    found = {}
    for key in FORMULAS:
        total = totals[key, "total"]
        if not total.complete or not total.estimate.value:
            continue
        top = formula(total.weights)
        text = f'({top}) / "{parameter}"' if per else f'"{parameter}" / ({top})'
        result = reader.evaluate(text, "t/person/year" if per else "VND/t")
        if result is not None:
            found[key] = result
    return found
