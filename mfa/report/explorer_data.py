"""What the explorer holds: the account, its sources and its pictures, as plain JSON values."""

from __future__ import annotations

import base64
import gzip
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mfa.locale import N_, translator
from mfa.locale.unit_words import unit_words
from mfa.report.explorer_scenarios import scenario_pages
from mfa.report.pictures import Pictures, whole_view
from mfa.report.rows import clean_numbers, read_data
from mfa.vocabulary import BOUNDARIES, KINDS, STATUSES, label

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.view import View
    from mfa.sankey import SankeyImage

_Node = dict[str, Any]
PICTURES = 1_100_000
"""Bytes that all pictures of a page may take: the page stays below 2 MB."""
WORDS = {
    "skip": N_("Skip to the tables"),
    "language": N_("Language"),
    "layer": N_("Layer"),
    "view": N_("View"),
    "period": N_("Period"),
    "region": N_("Region"),
    "scenario": N_("Scenario"),
    "asItIs": N_("As it is"),
    "diagram": N_("Diagram"),
    "details": N_("Details"),
    "choose": N_("Choose a process in the diagram, by mouse or by Tab and Enter, or a row below."),
    "missing": N_("To keep the page small, it holds no such picture. The tables are complete."),
    "nothing": N_("There is nothing to draw in this view."),
    "svg": N_("Picture (SVG)"),
    "png": N_("Picture (PNG)"),
    "csv": N_("Table (CSV)"),
    "print": N_("Print"),
    "find": N_("Find"),
    "findHint": N_("name, material, process or source"),
    "status": N_("Status"),
    "all": N_("all"),
    "quantities": N_("Quantities"),
    "shown": N_("{n} of {all} shown"),
    "quantity": N_("Quantity"),
    "kind": N_("Kind"),
    "from": N_("From"),
    "to": N_("To"),
    "material": N_("Material"),
    "value": N_("Value"),
    "interval": N_("95 % interval"),
    "unit": N_("Unit"),
    "given": N_("Given"),
    "adjustment": N_("Adjustment (σ)"),
    "balance": N_("Balance"),
    "in": N_("In"),
    "out": N_("Out"),
    "change": N_("Stock change"),
    "difference": N_("Difference"),
    "inflows": N_("Enters"),
    "outflows": N_("Leaves"),
    "stocks": N_("Stocks"),
    "members": N_("Processes of this group"),
    "uncertain": N_("What is uncertain"),
    "free": N_("The data leave only an interval:"),
    "wide": N_("σ above 30 % of the value:"),
    "certain": N_("Every value here is known within 30 % (1 σ)."),
    "sources": N_("Sources"),
    "noSources": N_("Nothing here was measured: all values follow from others."),
    "assumption": N_("Assumption"),
    "suspect": N_("all other data speak against this value"),
    "unlimited": N_("no upper limit"),
    "close": N_("Close"),
    "report": N_("Report"),
    "inReport": N_("In the report"),
}  # fmt: skip


def explorer_data(
    account: Account, languages: Sequence[str], pictures: Pictures | None = None
) -> dict[str, Any]:
    """Return everything the page shows; names are lists in the order of `languages`.

    `pictures` are those which a report of the same account has drawn already.
    """
    system = account.system
    read = partial(_numbers, languages=languages)
    page = read(account)
    scenarios = scenario_pages(account, languages, page, read)
    packed, groups = _pictures(pictures or Pictures(account), languages, scenarios)
    return page | {
        "languages": list(languages),
        "words": {key: [translator(x)(text) for x in languages] for key, text in WORDS.items()},
        "title": [system.title(x) for x in languages],
        "boundary": [system.boundary(x) for x in languages],
        "periods": list(system.periods),
        "regions": list(system.regions),
        "layers": {y.id: [_layer_name(y, x) for x in languages] for y in system.layers.values()},
        "views": [
            {"id": v.id, "layer": v.layer, "name": [v.name(x) or v.id for x in languages]}
            for v in _views(account)
        ],
        "groups": groups,
        "processes": {
            p.id: [_process_name(p, x) for x in languages] for p in system.processes.values()
        },
        "materials": {m.id: [m.name(x) for x in languages] for m in system.materials.values()},
        "scenarios": scenarios,
        "pictures": packed,
    }


def _numbers(account: Account, languages: Sequence[str]) -> dict[str, Any]:
    """Return what depends on the scenario: quantities, observations, sources, balances, units."""
    data = read_data(account)
    used = dict.fromkeys(datum.source for datum in data)
    sources = account.system.sources
    return {
        "labels": _labels(account, languages),
        "quantities": _quantities(account, languages, data),
        "data": [_datum(datum) for datum in data],
        "sources": {s: _source(account, s) for s in used if s in sources},
        "balances": [
            [_plain(row[name]) for name in _BALANCE] for row in account.residuals.to_dict("records")
        ],
    }


_BALANCE = ("process", "layer", "period", "region", "unit", "in", "out", "stock_change",
            "difference")  # fmt: skip
_ESTIMATE = ("value", "sd", "lower", "upper")
_QUANTITY = ("kind", "source", "target", "material", "layer", "period", "region", "unit", "status",
             "value", "sd", "lower", "upper", "input", "input_sd", "adjustment")  # fmt: skip


def _labels(account: Account, languages: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Return the words of the account's own lists: statuses, kinds, units."""
    units = dict.fromkeys([*account.table["unit"], *account.observations["unit"]])
    return {
        "status": {key: [label("status", key, x) for x in languages] for key in STATUSES},
        "kind": {key: [label("kind", key, x) for x in languages] for key in KINDS},
        "unit": {unit: [unit_words(unit, x) for x in languages] for unit in units},
    }


def _layer_name(layer: Any, language: str) -> str:
    named = layer.name(language)
    return label("layer", layer.id, language) if named == layer.id else named


def _process_name(process: Any, language: str) -> str:
    named = process.name(language)
    return label("boundary", process.id, language) if process.id in BOUNDARIES else named


def _quantities(account: Account, languages: Sequence[str], data: Any) -> list[list[Any]]:
    """Return id, names, the columns `_QUANTITY`, and the numbers of its observations."""
    at: dict[tuple[str, str, str], list[int]] = {}
    for number, datum in enumerate(data):
        for identifier in datum.quantities:
            at.setdefault((identifier, datum.period, datum.region), []).append(number)
    only = len(account.system.periods) == len(account.system.regions) == 1
    out = []
    for row in account.table.to_dict("records"):
        keys = dict.fromkeys(
            [(row["id"], p, r) for p in (row["period"], "") for r in (row["region"], "")]
        )
        found = sorted({n for key in keys for n in at.get(key, ())})
        if only and not found:
            found = sorted({n for key, ns in at.items() if key[0] == row["id"] for n in ns})
        names = [_name(account, row, language) for language in languages]
        row |= zip(_ESTIMATE, clean_numbers(row, 0.0), strict=True)
        row["adjustment"] = _sigmas(row["adjustment"])
        out.append([row["id"], names, *(_plain(row[name]) for name in _QUANTITY), found])
    return out


def _name(account: Account, row: dict[str, Any], language: str) -> str:
    system, identifier = account.system, row["id"]
    if row["kind"] == "stock_change":
        stock = system.stocks[identifier.removesuffix(".change")]
        return translator(language)("{stock}, change", stock=stock.name(language))
    holder = {"flow": system.flows, "stock": system.stocks}.get(row["kind"], system.parameters)
    return holder[identifier].name(language)


def _datum(datum: Any) -> list[Any]:
    return [
        _plain(datum.value), _plain(datum.sd), datum.unit, datum.source, datum.year, datum.scope,
        datum.note, datum.place, _plain(_sigmas(datum.adjustment)), datum.suspect, datum.figure,
    ]  # fmt: skip


def _source(account: Account, identifier: str) -> list[str]:
    source = account.system.sources[identifier]
    return [str(getattr(source, name) or "")
            for name in ("title", "publisher", "year", "url", "quote")]  # fmt: skip


def _sigmas(adjustment: float) -> float:
    """Return an adjustment in σ without what rounding leaves of none."""
    return 0.0 if abs(adjustment) < 1e-6 else adjustment


def _plain(value: Any) -> Any:
    """Return a number with six significant digits, None for NaN, a word for infinity."""
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return float(f"{value:.6g}") if math.isfinite(value) else "inf"


# ---------------------------------------------------------------------------------------- pictures


def _views(account: Account) -> list[View]:
    """Return the views of the case; without any, one of every process for each layer with flows."""
    system = account.system
    if system.views:
        return list(system.views.values())
    flows = account.table[account.table["kind"] == "flow"]
    return [whole_view(system, layer) for layer in dict.fromkeys(flows["layer"])]


def _pictures(
    drawer: Pictures, languages: Sequence[str], scenarios: Sequence[dict[str, Any]] = ()
) -> tuple[dict[str, str | None], dict[str, dict[str, _Node]]]:
    """Return ``view|period|region|language`` → picture, and view → node → processes and names.

    The key of a scenario's picture ends in ``|scenario``; where a view shows nothing that a
    scenario changes, the scenario names it under ``same`` instead.

    Pictures are compressed (gzip, base64). One that a view leaves empty is None; one that would
    make the page too large is absent. The main period and region come first.
    """
    pictures: dict[str, str | None] = {}
    groups: dict[str, dict[str, _Node]] = {}
    room = PICTURES
    for view, period, region, language in _combinations(drawer.account, languages):
        if room <= 0:
            break
        key = "|".join((view.id, period, region, language))
        image = drawer.draw(view, language, period, region)
        pictures[key] = None
        if image:
            pictures[key] = _packed(image.svg)
            room -= len(pictures[key] or "")
            for node in image.graph.nodes:
                found = groups.setdefault(view.id, {}).setdefault(
                    node.id, {"members": list(node.members), "names": {}}
                )
                found["names"][language] = node.title
    for entry in scenarios[1:]:
        room = _scenario_pictures(drawer, languages, entry, pictures, room)
    return pictures, groups


def _scenario_pictures(
    drawer: Pictures,
    languages: Sequence[str],
    entry: dict[str, Any],
    pictures: dict[str, str | None],
    room: int,
) -> int:
    """Add the pictures of a scenario in which something changes; return the room left."""
    changed, account = set(entry.pop("changed")), drawer.account
    own = Pictures(account.under(entry["id"]))
    same = set()
    for view, period, region, language in _combinations(account, languages):
        key = "|".join((view.id, period, region, language))
        if key not in pictures:
            break
        before = drawer.draw(view, language, period, region)
        if before and not _shows(account, before, changed):
            same.add(key)
        elif room > 0:
            image = own.draw(view, language, period, region)
            pictures[f"{key}|{entry['id']}"] = _packed(image.svg) if image else None
            room -= len(pictures[f"{key}|{entry['id']}"] or "")
    entry["same"] = sorted(same)
    return room


def _shows(account: Account, image: SankeyImage, changed: set[str]) -> bool:
    """Return whether a picture shows one of the quantities."""
    flows = {name for link in image.graph.links for name in link.flows}
    members = {name for node in image.graph.nodes for name in node.members}
    stocks = {f"{s.id}.change" for s in account.system.stocks.values() if s.process in members}
    return bool(changed & (flows | stocks))


def _packed(svg: str) -> str:
    return base64.b64encode(gzip.compress(svg.encode("utf-8"), 9, mtime=0)).decode("ascii")


def _combinations(
    account: Account, languages: Sequence[str]
) -> Iterator[tuple[View, str, str, str]]:
    system = account.system
    for region in system.regions:
        for period in reversed(system.periods):
            for view in _views(account):
                for language in languages:
                    yield view, period, region, language
