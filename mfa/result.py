"""What an account answers with: estimates and single quantities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A value with 1 σ, its 95 % interval, unit and status; NaN when the data do not settle it."""

    value: float
    sd: float
    lower: float
    upper: float
    unit: str
    status: str

    @property
    def known(self) -> bool:
        """Whether the data settle the value."""
        return self.status != "free"


@dataclass(frozen=True)
class QuantityResult:
    """One quantity of the account, in its display unit."""

    id: str
    kind: str
    layer: str
    period: str
    region: str
    input: float
    input_sd: float
    value: float
    sd: float
    lower: float
    upper: float
    unit: str
    status: str
    adjustment: float
    observations: list[dict[str, Any]]
