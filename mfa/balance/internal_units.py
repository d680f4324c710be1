"""The units the engine computes in, and what they are in the user's."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mfa.model.column import Coded
from mfa.units import Unit, parse_unit


@dataclass
class InternalUnits:
    """The coherent units the engine computes in: those of the layers, so that a bare number fits.

    A case in ``kt/year`` counts mass in kt; ``husk >= 5`` then means 5 kt/year. ``scales`` gives,
    for each base dimension, how many base units (t, m, year, GJ…) one internal unit is.
    """

    scales: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: list[str]) -> InternalUnits:
        """Choose the scale of each leading dimension from the first unit text that has it."""
        units = cls()
        for text in texts:
            unit = parse_unit(text)
            for name, power in dict(unit.dimension).items():
                if name != "time" and name not in units.scales:
                    units.scales[name] = unit.factor ** (1.0 / power)
                    break
        return units

    def factor(self, unit: Unit | None) -> float:
        """Return how many internal units one `unit` is (1 for a bare number)."""
        if unit is None:
            return 1.0
        scale = 1.0
        for name, power in dict(unit.dimension).items():
            scale *= self.scales.get(name, 1.0) ** power
        return unit.factor / scale


def unit_factors(units: Coded, internal: InternalUnits) -> np.ndarray:
    """Return the internal units per display unit, one parse for each distinct text."""
    used = units.present()
    values = [
        1.0 if not there or not text or text != text else internal.factor(parse_unit(text))
        for there, text in zip(used, units.values, strict=True)
    ]
    return np.array(values, dtype=float)[units.codes] if len(units) else np.zeros(0)
