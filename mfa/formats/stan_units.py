"""Units of STAN: an amount (``kg``) and a time (``a``) are two rows of one table.

A flow names the unit of its amount and that of its time apart, and every flow may name others. Both
have a factor to their SI unit, which helps where the code itself is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mfa.errors import UnitError
from mfa.formats.files import finite
from mfa.formats.stan_tables import Record

if TYPE_CHECKING:
    from mfa.units import Unit

EVERY_LAYER = "-1"
YEAR = "year"
Scaled = tuple[float, str]
"""How many of a unit that is known, and that unit."""


class StanUnits:
    """The units of a file.

    Parameters
    ----------
    units
        Rows of the table ``Unit``.
    defaults
        Rows of the table ``DefaultUnit``.
    """

    def __init__(self, units: Iterable[Record], defaults: Iterable[Record]) -> None:
        self._units: Mapping[str, Record] = {key_of(row.get("UnitID")): row for row in units}
        self._defaults = list(defaults)

    def code(self, key: str) -> str:
        """Return the code of a unit as the file has it."""
        return str(self._units.get(key, {}).get("UnitCode") or "").strip()

    def of(self, row: Record, kind: str, layer: str) -> Scaled | None:
        """Return the unit in which `row` enters a value; None when it is not known.

        Parameters
        ----------
        row
            A row of ``FlowValue`` or ``Stock``.
        kind
            ``MF`` (flow) or ``DT`` (change of a stock), which are amounts in a time, or ``SV``
            (level of a stock), which is an amount.
        layer
            Its layer, whose default time counts where the row names none.
        """
        amount = self._known(self.amount_key(row, kind))
        if amount is None or kind == "SV":
            return amount
        return self._per_time(amount, _time_key(row, kind) or self._default_time(layer))

    def amount_key(self, row: Record, kind: str) -> str:
        """Return the key of the unit of an amount."""
        return key_of(row.get(f"{kind}NumUnitID")) or key_of(row.get(f"{kind}UnitID"))

    def of_layer(self, layer: str, values: Iterable[Record]) -> str:
        """Return the unit in which STAN shows the flows of a layer, else that of its first value.

        Parameters
        ----------
        layer
            Key of the layer.
        values
            Rows of ``FlowValue``.
        """
        own = [row for row in values if key_of(row.get("FlowLayerID")) == layer]
        entered = [unit for row in own if (unit := self.of(row, "MF", layer))]
        dimensions = {_unit(text).dimension for _, text in entered}
        for row in self._defaults_of(layer):
            unit = self._of_default(row)
            # The defaults of a layer are also those of concentrations and densities.
            if unit and (not dimensions or _unit(unit).dimension in dimensions):
                return unit
        return next((text for scale, text in entered if scale == 1), "")

    def _defaults_of(self, layer: str) -> list[Record]:
        own = [row for row in self._defaults if key_of(row.get("FlowLayerID")) == layer]
        shared = ("", EVERY_LAYER)
        return own + [r for r in self._defaults if key_of(r.get("FlowLayerID")) in shared]

    def _of_default(self, row: Record) -> str:
        """Return the unit of a default when it is a rate whose code is known."""
        amount = self._known(key_of(row.get("NumUnitID")))
        unit = amount and self._per_time(amount, key_of(row.get("DenomUnitID")))
        return unit[1] if unit and unit[0] == 1 else ""

    def _default_time(self, layer: str) -> str:
        for row in self._defaults_of(layer):
            key = key_of(row.get("DenomUnitID"))
            if self._is_time(key):
                return key
        return ""

    def _per_time(self, amount: Scaled, time: str) -> Scaled | None:
        """Return an amount in a time; a year where no time is named."""
        scale, text = amount
        if _unit(text).dimension.get("time", 0) < 0:
            return amount
        if not time:
            return scale, f"{text}/{YEAR}"
        divisor = self._known(time) if self._is_time(time) else None
        return (scale / divisor[0], f"{text}/{divisor[1]}") if divisor else None

    def _is_time(self, key: str) -> bool:
        known = self._known(key)
        return known is not None and dict(_unit(known[1]).dimension) == {"time": 1}

    def _known(self, key: str) -> Scaled | None:
        """Return a unit by its code, else by its factor to the SI unit."""
        row = self._units.get(key, {})
        if _parses(self.code(key)):
            return 1.0, self.code(key)
        factor, si = finite(row.get("Factor")), self.code(key_of(row.get("SiUnitID")))
        return (factor, si) if factor and factor > 0 and _parses(si) else None


def key_of(value: object) -> str:
    """Return an id as text: whole numbers without a point, empty for nothing.

    Examples
    --------
    >>> key_of(3.0), key_of("x "), key_of(None)
    ('3', 'x', '')
    """
    number = finite(value)
    if number is not None and number.is_integer():
        return str(int(number))
    return str(value).strip() if value is not None else ""


def _time_key(row: Record, kind: str) -> str:
    """Return the key of the unit of time of a value, from a column such as ``MFDenomUnitID``."""
    for column, value in row.items():
        low = column.casefold()
        if low.startswith(f"{kind.casefold()}denom") and low.endswith("unitid"):
            return key_of(value)
    return ""


def _unit(text: str) -> Unit:
    from mfa.units import parse_unit

    return parse_unit(text)


def _parses(text: str) -> bool:
    try:
        return bool(text) and bool(_unit(text))
    except UnitError:
        return False
