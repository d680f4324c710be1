"""Reads the facts of a report off an account."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mfa.indicators.ew_mfa import ew_account
from mfa.indicators.sums import Reader, Total, formula
from mfa.indicators.waste import destination_flows, waste_vectors
from mfa.report.changes import period_changes
from mfa.report.facts import (
    Balance,
    Driver,
    Facts,
    Item,
    LayerFacts,
    NextDatum,
    Node,
    Relief,
    TestFacts,
)
from mfa.report.gaps import find_gaps
from mfa.report.pictures import Pictures
from mfa.report.quality import count_quality, group_quality
from mfa.report.rows import number, read_balances, read_data, read_items
from mfa.report.scenarios import scenario_facts
from mfa.report.sectors import match_views, sector_facts

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.verdict import TestResult

SUGGESTED = 8  # further observations listed
LARGE = 1e5  # t/year: above, a report counts in kt/year


def collect(account: Account, case_id: str = "") -> Facts:
    """Return the facts of the last period and of the whole city (the first region).

    Raises
    ------
    UnitError
        Flows of one layer cannot be brought to one unit.
    """
    system = account.system
    period, region = system.periods[-1], system.regions[0]
    units = layer_units(account)
    data = read_data(account)
    items = read_items(account, units, data)
    balances = read_balances(account, units, period, region)
    views = match_views(system)
    pictures = Pictures(account)
    here = [i for i in items if i.period in ("", period) and i.region in ("", region)]
    reader = Reader(account, period, region, units["goods"])
    history = tuple(
        ew_account(account, period=label, region=region, unit=units["goods"])
        for label in system.periods
    )
    return Facts(
        account=account,
        system=system,
        case_id=case_id,
        period=period,
        region=region,
        units=units,
        items=items,
        data=data,
        economy=history[-1],
        history=history,
        waste=waste_vectors(account, period=period, region=region, unit=units["goods"]),
        residues=tuple(destination_flows(system)[1]),
        sectors=sector_facts(system, reader, here, balances, views.sectors),
        layers=_layers(account, here, balances, units, views.layers),
        balances=balances,
        gaps=find_gaps(system, here),
        next_overall=_next_data(account, None, period, region),
        next_consumption=_next_data(account, history[-1].total("dmc"), period, region),
        drivers=_drivers(account, history[-1].total("dmc"), period, region),
        test=_test(account),
        quality=count_quality(system, data, period),
        quality_by_group=group_quality(system, data),
        changes=period_changes(account, units, region),
        scenarios=scenario_facts(account, units, period, region, pictures),
        overall_view=views.overall,
        other_views=views.other,
        stamp=dict(account.stamp),
        pictures=pictures,
    )


def layer_units(account: Account) -> dict[str, str]:
    """Return the unit in which the report counts each layer.

    Goods are counted in kt/year when a flow exceeds `LARGE` t/year, else in t/year; other layers,
    and goods that are no mass, in the layer's own unit, or millions of it.
    """
    from mfa.errors import UnitError
    from mfa.units import convert

    system = account.system
    units = {layer: system.layer_unit(layer) for layer in system.layers}
    largest = {layer: _largest(account, layer, unit) for layer, unit in units.items()}
    try:
        tonnes = float(convert(largest["goods"], units["goods"], "t/year"))
    except UnitError:
        goods = _millions(units["goods"], largest["goods"])
    else:
        goods = "kt/year" if tonnes >= LARGE else "t/year"
    return {layer: _millions(unit, largest[layer]) for layer, unit in units.items()} | {
        "goods": goods
    }


def _largest(account: Account, layer: str, unit: str) -> float:
    """Return the largest known flow of a layer, in `unit`; 0 without any."""
    from mfa.units import convert

    table = account.table
    flows = table[(table["kind"] == "flow") & (table["layer"] == layer)]
    values = (
        float(convert(v, u, unit)) for v, u in zip(flows["value"], flows["unit"], strict=True)
    )
    return max((value for value in values if math.isfinite(value)), default=0.0)


def _millions(unit: str, largest: float) -> str:
    """Return the unit, or millions of it where its numbers would get long."""
    return f"million {unit}" if largest >= 1e6 and unit[:1].isalpha() else unit


def _layers(
    account: Account,
    here: Iterable[Item],
    balances: Iterable[Balance],
    units: Mapping[str, str],
    views: Mapping[str, str],
) -> tuple[LayerFacts, ...]:
    system, here, found = account.system, list(here), []
    for layer in system.layers:
        flows = [i for i in here if i.kind == "flow" and i.layer == layer]
        if layer == "goods" or not flows:
            continue
        reader = Reader(account, here[0].period, here[0].region, units[layer])
        entering = {i.id: 1.0 for i in flows if system.processes[i.source].boundary != "inside"}
        found.append(
            LayerFacts(
                layer,
                units[layer],
                tuple(sorted(flows, key=_by_size)),
                tuple(b for b in balances if b.layer == layer),
                reader.total("supply", layer, entering),
                views.get(layer),
            )
        )
    return tuple(found)


def _by_size(item: Item) -> tuple[float, str]:
    """Sort key: known ones first, the largest first, then by id."""
    return (-item.amount if item.known else math.inf, item.id)


def _next_data(
    account: Account, target: Total | None, period: str, region: str
) -> tuple[NextDatum, ...]:
    """Return the further observations that narrow a sum most (None: the account as a whole)."""
    from mfa.balance.next_data import next_data
    from mfa.model.relation import MAX_LENGTH

    text = formula(target.weights) if target else None
    if target and not (text and len(text) <= MAX_LENGTH):
        return ()
    frame = next_data(account, SUGGESTED, text, period=period, region=region)
    unit = frame.attrs["unit"]
    return tuple(
        NextDatum(
            row["id"],
            number(row["before"]),
            number(row["after"]),
            unit,
            tuple(row["settles"].split(", ")) if row["settles"] else (),
        )
        for row in frame.to_dict("records")
    )


def _drivers(account: Account, target: Total, period: str, region: str) -> tuple[Driver, ...]:
    """Return the observations which the variance of a sum comes from, the largest share first."""
    from mfa.model.relation import MAX_LENGTH

    text = formula(target.weights) if target.complete else None
    if not (text and len(text) <= MAX_LENGTH):
        return ()
    frame = account.shares(text, period=period, region=region)
    rows = zip(frame["observation"], frame["share"], strict=True)
    return tuple(Driver(str(name), float(share)) for name, share in rows)


def _test(account: Account) -> TestFacts:
    test = account.test
    return TestFacts(
        float(test.chi2),
        int(test.dof),
        number(test.p_value),
        tuple(test.suspects),
        tuple(test.untestable),
        tuple(tuple(group) for group in test.groups),
        tuple(Relief(row.id, float(row.p_value)) for row in test.restoring.itertuples()),
        _nodes(test),
    )


def _nodes(test: TestResult) -> tuple[Node, ...]:
    """Return the nodes whose data do not add up, the worst first."""
    frame = test.nodal
    frame = frame[frame["suspect"]].sort_values("normalised", ascending=False, kind="stable")
    return tuple(
        Node(
            tuple(row.processes),
            row.layer,
            row.period,
            row.region,
            row.unit,
            float(row.difference),
            float(row.sd),
            float(row.normalised),
        )
        for row in frame.itertuples()
    )
