"""Figures that a scenario contradicts: they were believed as it is, and are pulled hard under it.

A scenario keeps every figure that it does not edit. Where one no longer holds (a plant's trial run
once the plant runs fully), it speaks against the intervention; then it must be released, or the
intervention is one that the city's data do not allow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mfa.errors import ConvergenceError, InfeasibleError, InputError, Place, Problem
from mfa.locale import N_
from mfa.model.quality import Z95

if TYPE_CHECKING:
    from mfa.account import Account

PULLED = Z95
"""Normalised adjustment beyond which an observation is named."""


@dataclass(frozen=True)
class Contradiction:
    """An observation that agrees with the others as it is, and not under the scenario.

    Attributes
    ----------
    id, quantity, period, region
        The observation and what it is of.
    value, reconciled, unit
        As given, and as the scenario's account has it.
    source, place
        Where it is from and where it stands.
    normalised, before
        How far it is pulled, in σ of its own adjustment: under the scenario, and as it is (NaN for
        an intervention, or where nothing tests it).
    suspect
        Whether the others speak against it surely, many tests considered.
    intervention
        Whether it is what the scenario sets.
    """

    id: str
    quantity: str
    period: str
    region: str
    value: float
    reconciled: float
    unit: str
    source: str
    place: str
    normalised: float
    before: float
    suspect: bool
    intervention: bool


def contradictions(account: Account, reference: Account) -> tuple[Contradiction, ...]:
    """Return what contradicts in a scenario's account but not in the reference, the worst first."""
    applied = account.system.applied
    if applied is None:
        return ()
    known = reference.observations["normalised"].to_numpy(dtype=float)
    found = []
    for number, row in enumerate(account.observations.to_dict("records")):
        origin = int(applied.row[number])
        before = float(known[origin]) if origin >= 0 else math.nan
        if row["normalised"] >= PULLED and not before >= PULLED:
            found.append(_contradiction(row, before, origin < 0))
    return tuple(sorted(found, key=lambda c: (-c.normalised, c.id)))


def _contradiction(row: dict, before: float, intervention: bool) -> Contradiction:
    texts = {name: str(row[name] or "") for name in ("period", "region", "unit", "source", "place")}
    return Contradiction(
        id=row["id"],
        quantity=row["quantity"],
        value=float(row["value"]),
        reconciled=float(row["reconciled"]),
        normalised=float(row["normalised"]),
        before=before,
        suspect=bool(row["suspect"]),
        intervention=intervention,
        **texts,
    )


def new_limits(account: Account, reference: Account) -> tuple[str, ...]:
    """Return the quantities that a limit holds back in a scenario's account only."""
    before = set(_at_limits(reference))
    return tuple(name for name in _at_limits(account) if name not in before)


def _at_limits(account: Account) -> list[str]:
    from mfa.balance.target import quantity_label

    solution, visible = account.solution, account.equations.quantities.visible
    held = solution.unfixed[solution.active != 0]
    return [quantity_label(account, int(j)) for j in held if j < visible]


def scenario_doubts(reference: Account) -> list[Problem]:
    """Return a warning for each figure that a scenario contradicts, and each that has no balance.

    The figures are named where they stand; a scenario without a balance at its first row.
    """
    problems: list[Problem] = []
    for name, scenario in reference.system.scenarios.items():
        try:
            account = reference.under(name)
        except (InputError, InfeasibleError, ConvergenceError) as error:
            problems += _without_balance(name, error, scenario.interventions[0].place)
            continue
        places = dict(
            zip(
                account.observations["id"], account.system.observations.column("place"), strict=True
            )
        )
        problems += [_warning(name, item, places[item.id])
                     for item in contradictions(account, reference)]  # fmt: skip
    return problems


def _without_balance(
    scenario: str, error: InputError | InfeasibleError | ConvergenceError, place: Place | None
) -> list[Problem]:
    """Return that a scenario has no balance, and why."""
    message = N_("The scenario “{scenario}” has no balance: its figures cannot hold together.")
    said = Problem("scenario-without-balance", message, {"scenario": scenario}, place, "warning")
    reasons = [replace(p, place=p.place or place, severity="warning") for p in error.problems]
    return [said, *reasons]


def _warning(scenario: str, item: Contradiction, place: Place | None) -> Problem:
    values = {"scenario": scenario, "quantity": item.quantity, "n": f"{item.normalised:.1f}"}
    if item.intervention:
        message = N_(
            "The scenario “{scenario}” sets “{quantity}” {n} σ away from what its other figures "
            "say. Change the intervention, or release the figures that no longer hold."
        )
    else:
        message = N_(
            "In the scenario “{scenario}” the figure of “{quantity}” is {n} σ away from what the "
            "others say. Release it there if it no longer holds, or change the intervention."
        )
    return Problem("scenario-contradiction", message, values, place, "warning")
