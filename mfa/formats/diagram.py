"""One layer of an account as diagram tools want it: nodes with unique names, and their flows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Word
from mfa.formats.converted import LossLog, WriteOptions
from mfa.locale import N_
from mfa.model.names import unknown
from mfa.model.quantity import OUTSIDE
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System


@dataclass(frozen=True)
class Ribbon:
    """One flow, or the change of a stock, in one period and region; values in the layer's unit.

    ``value`` and ``sd`` are NaN where the data settle nothing; ``kind`` is ``flow`` or
    ``stock_change`` (then ``target`` is empty and ``value`` the increase).
    """

    id: str
    kind: str
    source: str
    target: str
    material: str
    period: str
    region: str
    input: float
    input_sd: float
    value: float
    sd: float
    lower: float
    upper: float
    status: str


@dataclass(frozen=True)
class Slice:
    """The flows and stock changes of one layer, in one unit."""

    layer: str
    unit: str
    ribbons: tuple[Ribbon, ...]

    def at(self, period: str, region: str) -> list[Ribbon]:
        """Return those of one period and region."""
        return [r for r in self.ribbons if (r.period, r.region) == (period, region)]


def slice_account(account: Account, options: WriteOptions, log: LossLog) -> Slice:
    """Return the layer of `account` that `options` ask for, and report the others as lost.

    Raises
    ------
    InputError
        There is no such layer.
    """
    table = account.table
    flows = table[table["kind"].isin(["flow", "stock_change"])]
    layer = _choose_layer(account.system, options, flows)
    _report_left_out(account, table, layer, log)
    unit = account.system.layer_unit(layer)
    rows = flows[flows["layer"] == layer].to_dict("records")
    return Slice(layer, unit, tuple(_ribbon(row, unit) for row in rows))


def _choose_layer(system: System, options: WriteOptions, flows: Any) -> str:
    if options.layer:
        if options.layer not in system.layers:
            problem = unknown("unknown-layer", Word("layer"), options.layer, system.layers, None)
            raise InputError([problem])
        return options.layer
    filled = list(dict.fromkeys(flows["layer"]))
    return "goods" if "goods" in filled or not filled else filled[0]


def _report_left_out(account: Account, table: Any, layer: str, log: LossLog) -> None:
    others = table[(table["kind"] == "flow") & (table["layer"] != layer)]
    for name, count in others["layer"].value_counts(sort=False).items():
        message = N_("Flows of other layers ({n}): {items}.")
        log.add("other-layers", message, name, n=int(count))
    parameters = int((table["kind"] == "parameter").sum())
    if parameters:
        log.add("parameters", N_("Parameters ({n})."), n=parameters)
    relations = account.system.relations.row_count
    if relations:
        log.add("relations", N_("Relations ({n})."), n=relations)
    if (table["kind"] == "stock").any():
        levels = int((table["kind"] == "stock").sum())
        log.add("stock-levels", N_("Levels of stocks ({n})."), n=levels)


def choose(system: System, options: WriteOptions, log: LossLog) -> tuple[str, str]:
    """Return the one period and region that are written, and report the others as lost.

    Raises
    ------
    InputError
        There is no such period or region.
    """
    period = _one(options.period, system.periods, system.periods[-1], "unknown-period",
                  Word("period"))  # fmt: skip
    region = _one(options.region, system.regions, system.regions[0], "unknown-region",
                  Word("region"))  # fmt: skip
    for name in system.periods:
        if name != period:
            log.add("other-periods", N_("Other periods ({n}): {items}."), name)
    for name in system.regions:
        if name != region:
            log.add("other-regions", N_("Other regions ({n}): {items}."), name)
    return period, region


def _one(wanted: str, known: tuple[str, ...], default: str, code: str, what: Word) -> str:
    if wanted and wanted not in known:
        raise InputError([unknown(code, what, wanted, known, None)])
    return wanted or default


def _ribbon(row: Mapping[str, Any], unit: str) -> Ribbon:
    from mfa.units import convert

    factor = float(convert(1.0, row["unit"], unit)) if row["unit"] != unit else 1.0
    numbers = ("input", "input_sd", "value", "sd", "lower", "upper")
    texts = ("id", "kind", "source", "target", "material", "period", "region", "status")
    return Ribbon(
        **{name: str(row[name]) for name in texts},
        **{name: float(row[name]) * factor for name in numbers},
    )


def node_names(
    system: System, ids: Iterable[str], language: str, key: Callable[[str], str] = str
) -> dict[str, str]:
    """Return process id → its name, made unique; `key` gives what must differ.

    The three outside processes get a name where the case gives them none.
    """
    outside = {name: label("boundary", name, language).capitalize() for name in OUTSIDE}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for identifier in ids:
        name = system.processes[identifier].name(language)
        name = outside.get(identifier, name) if name == identifier else name
        if key(name) in taken:
            name = f"{name} ({identifier})"
        taken.add(key(name))
        names[identifier] = name
    return names


def plain_number(value: float, digits: int = 12) -> str:
    """Return `value` without an exponent, to `digits` significant digits.

    Examples
    --------
    >>> plain_number(1234567.8), plain_number(2.5e-7), plain_number(3.0), plain_number(1e20)
    ('1234567.8', '0.00000025', '3', '100000000000000000000')
    """
    if not value:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(decimals, 300)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
