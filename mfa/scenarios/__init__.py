"""Scenarios: the accounts of a case under named sets of interventions, beside the case as it is.

What an intervention does to the data is said in `mfa.model.editing`; here is what comes of it:
which figures then contradict, and all scenarios drawn on one scale.
"""

from __future__ import annotations

from mfa.scenarios.contradiction import Contradiction, contradictions, new_limits, scenario_doubts
from mfa.scenarios.names import chosen_scenario, scenario_name
from mfa.scenarios.picture import draw_scenarios

__all__ = [
    "Contradiction",
    "chosen_scenario",
    "contradictions",
    "draw_scenarios",
    "new_limits",
    "scenario_doubts",
    "scenario_name",
]
