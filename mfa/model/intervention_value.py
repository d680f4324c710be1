"""The number of an intervention: value, σ and unit from what somebody wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa.model.observing import observed_spread, observed_value

if TYPE_CHECKING:
    from mfa.errors import Place
    from mfa.model.system import System


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
    number, unit = observed_value(value, unit, decimal, place)
    if unit:
        unit = system.unit_text(unit)
        system._unit(unit, place)
    if action != "set" and sd is None and not uncertainty:
        sd = 0.0

    def own() -> str:
        return unit or ("" if action == "multiply" else system._unit_of(quantity))

    spread, origin = observed_spread(quantity, number, sd, uncertainty, {}, own, decimal, place)
    return {
        "value": number,
        "sd": spread.sd,
        "unit": unit,
        "sigma_from": origin,
        "distribution": spread.distribution,
    }
