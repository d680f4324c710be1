"""Interventions: single edits of a case's data; a scenario is a named set of them."""

from __future__ import annotations

from dataclasses import dataclass

from mfa.errors import Place
from mfa.model.quantity import Named

ACTIONS = ("set", "multiply", "add", "release")
REFERENCE = "reference"
"""Id of the case as it is, beside its scenarios."""
RESERVED = (REFERENCE, "all", "hiện trạng", "hien_trang")
"""Words that name the reference, or everything, and so no scenario."""


@dataclass(frozen=True)
class Intervention:
    """One edit of the observations of one quantity.

    Attributes
    ----------
    id, scenario
        Its own id, and that of the scenario it belongs to.
    quantity
        Id of a flow, a stock, ``<stock>.change`` or a parameter; to release the observation of a
        sum, that sum as it was observed.
    action
        ``set``: `value` ± `sd` takes the place of all observations of the quantity. ``multiply``,
        ``add``: each of them is edited so. ``release``: they are dropped.
    value, sd, unit
        The new value, the factor or what is added, its σ, and the unit of both (empty: that of the
        quantity; of a factor: a plain number).
    uncertainty, sigma_from, distribution, source, year, note
        As in `mfa.model.observation.Observation`.
    period, region, layer
        Where it acts; empty: everywhere.
    place
        Where it stands in the input.
    """

    id: str
    scenario: str
    quantity: str
    action: str
    value: float | None = None
    sd: float = 0.0
    unit: str | None = None
    uncertainty: str = ""
    sigma_from: str = "given"
    distribution: str = "normal"
    source: str = ""
    year: str = ""
    period: str = ""
    region: str = ""
    layer: str = ""
    note: str = ""
    scenario_name_en: str = ""
    scenario_name_vi: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Scenario(Named):
    """A named set of interventions, applied in their order."""

    id: str
    interventions: tuple[Intervention, ...] = ()
    name_en: str = ""
    name_vi: str = ""


def scenarios_of(interventions: list[Intervention]) -> dict[str, Scenario]:
    """Return the scenarios by id, in the order in which they are first named.

    A scenario's names are those of its first intervention that gives any.

    Examples
    --------
    >>> less = Intervention("i1", "frugal", "rice", "multiply", 0.8, scenario_name_en="Less rice")
    >>> scenarios_of([less])["frugal"].name("en")
    'Less rice'
    """
    found: dict[str, list[Intervention]] = {}
    for item in interventions:
        found.setdefault(item.scenario, []).append(item)
    return {
        name: Scenario(
            name,
            tuple(items),
            next((i.scenario_name_en for i in items if i.scenario_name_en), ""),
            next((i.scenario_name_vi for i in items if i.scenario_name_vi), ""),
        )
        for name, items in found.items()
    }
