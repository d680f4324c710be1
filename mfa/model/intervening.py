"""An intervention from what somebody wrote down: its value, σ and unit, and its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa.model.adding import add_record, value_and_unit
from mfa.model.intervention import Intervention
from mfa.model.observing import observed_spread
from mfa.model.system_units import unit_of

if TYPE_CHECKING:
    from mfa.errors import Place
    from mfa.model.system import System


def add_intervention(
    system: System,
    scenario: str,
    quantity: str,
    action: str,
    value: float | str | None,
    *,
    sd: float | None,
    uncertainty: str,
    unit: str | None,
    id: str,
    place: Place | None,
    decimal: str | None,
    fields: dict[str, Any],
) -> Intervention:
    """Add an intervention, see `System.intervene`."""
    number = stated(system, quantity, action, value, sd, uncertainty, unit, decimal, place)
    record = Intervention(
        id or f"i{system.interventions.row_count + 1}", scenario, quantity, action,
        place=place, uncertainty=uncertainty, **number, **fields,
    )  # fmt: skip
    return add_record(system.interventions, record)


def stated(
    system: System,
    quantity: str,
    action: str,
    value: float | str | None,
    sd: float | None,
    uncertainty: str,
    unit: str | None,
    decimal: str | None,
    place: Place | None,
) -> dict[str, Any]:
    """Return value, sd, unit, sigma_from and distribution of an intervention.

    A value that is set has the uncertainty of an observation, by default 30 %; a factor or an
    addition without any is exact.

    Raises
    ------
    InputError
        The value or its uncertainty cannot be read, or the unit is unknown.
    """
    if value is None:
        return {"unit": unit}
    number, unit = value_and_unit(system, value, unit, decimal, place)
    if action != "set" and sd is None and not uncertainty:
        sd = 0.0

    def own() -> str:
        return unit or ("" if action == "multiply" else unit_of(system, quantity))

    spread, origin = observed_spread(quantity, number, sd, uncertainty, {}, own, decimal, place)
    return {
        "value": number,
        "sd": spread.sd,
        "unit": unit,
        "sigma_from": origin,
        "distribution": spread.distribution,
    }
