"""Reported values and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from mfa.errors import Place


@dataclass(frozen=True)
class Source:
    """A document, press article, norm or model from which figures are taken."""

    id: str
    title: str = ""
    publisher: str = ""
    year: str = ""
    url: str = ""
    quote: str = ""
    scope: str = ""
    type: str = ""
    confidence: str = ""
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Observation:
    """One reported value of a quantity, of a sum of quantities, or of ``value × factor``.

    ``sd`` is 1 σ in ``unit``; ``sigma_from`` says whether it was given, derived from the
    data-quality scores, or the documented default. An ``sd`` of 0 makes the value exact.
    """

    id: str
    quantity: str
    value: float
    sd: float
    unit: str | None = None
    factor: str = ""
    uncertainty: str = ""
    sigma_from: str = "given"
    distribution: str = "normal"
    source: str = ""
    figure: str = ""
    year: str = ""
    scope: str = ""
    reliability: int | None = None
    completeness: int | None = None
    temporal: int | None = None
    spatial: int | None = None
    other: int | None = None
    period: str = ""
    region: str = ""
    note: str = ""
    place: Place | None = None
