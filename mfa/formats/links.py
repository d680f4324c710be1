"""Read plain lists of links: a table with a row a flow, or the JSON that web diagrams draw from.

Such lists come out of spreadsheets, floweaver, D3 and Plotly, and `mfa` writes one itself. They
share one idea, two ends and a value, and no format: columns are found by their titles, and what
none of them says (unit, uncertainty, boundary) is assumed aloud.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mfa.errors import Place
from mfa.formats.assemble import assemble
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.draft import Draft, rate_unit
from mfa.formats.files import read_text, refuse
from mfa.formats.network import Datum, Link, Network, Node
from mfa.formats.sankeymatic import NO_UNCERTAINTY
from mfa.locale import N_
from mfa.workbook.cells import number_text

MOST = 20_000
"""How many flows a list may have."""


@dataclass(frozen=True)
class Row:
    """One row of a list: what stands at both ends, how much, and what else is said of it."""

    source: str
    target: str
    value: float | None
    place: Place
    material: str = ""
    name: str = ""
    unit: str = ""
    sigma: float | None = None
    period: str = ""
    region: str = ""
    origin: str = ""


@dataclass
class Links:
    """All rows of a list, and the names of nodes and materials that have a key besides."""

    rows: list[Row] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    materials: dict[str, str] = field(default_factory=dict)
    title: str = ""


def read_links(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read a list of flows.

    Parameters
    ----------
    path
        A CSV table with columns for source, target and value, or a JSON file with nodes and links.
    options
        Unit of the numbers, unless a column names one.

    Returns
    -------
    Converted
        Every end a process, every link a flow of its own; rows of the same link in several periods
        or regions are values of one flow.

    Raises
    ------
    InputError
        The file is neither, too large, or holds no link.
    """
    from mfa.formats.link_json import json_links
    from mfa.formats.link_table import table_links

    name, log = Path(path).name, LossLog()
    text = read_text(path)
    read: Callable[[str, str, LossLog], Links]
    read = json_links if text.lstrip().startswith(("{", "[")) else table_links
    found = read(text, name, log)
    if not found.rows:
        refuse("no-links", N_("The file holds no flow with a source and a target."), name)
    return _Reader(found, name, log, options or ReadOptions()).read()


class _Reader:
    """One list on its way into tables."""

    def __init__(self, found: Links, name: str, log: LossLog, options: ReadOptions) -> None:
        self.found, self.name, self.log, self.options = found, name, log, options
        self.draft = Draft(name, log)
        self.network = Network(materials=found.materials)

    def read(self) -> Converted:
        """Return the tables."""
        rows = self.found.rows
        self.draft.setting("title", self.found.title)
        self.unit = self.draft.unit(next((r.unit for r in rows if r.unit), ""), self.options)
        for key in dict.fromkeys(end for row in rows for end in (row.source, row.target)):
            self.network.nodes[key] = Node(self._name(key), rows[0].place)
        for row, link in zip(rows, self._links(rows), strict=True):
            self._add_value(link, row)
        if missing := sum(row.value is not None and row.sigma is None for row in rows):
            self.log.add("no-uncertainty", NO_UNCERTAINTY, n=missing, assumed=True)
        assemble(self.network, self.draft, _labels(rows, "period"), _labels(rows, "region"))
        return self.draft.converted()

    def _links(self, rows: list[Row]) -> list[Link]:
        """Return the link of every row: what stands twice in one period is two flows."""
        links: dict[tuple[object, ...], Link] = {}
        seen: dict[tuple[object, ...], int] = {}
        found = []
        for row in rows:
            ends = (row.source, row.target, row.material, row.name)
            cell = (*ends, row.period, row.region)
            seen[cell] = seen.get(cell, 0) + 1
            key = (*ends, seen[cell])
            if key not in links:
                links[key] = Link(*ends[:2], row.place, name=row.name, material=row.material)
                self.network.links.append(links[key])
            found.append(links[key])
        if len(links) > MOST:
            message = N_("The file has more than {limit} nodes or links, which is not read.")
            refuse("too-many-links", message, self.name, limit=MOST)
        return found

    def _add_value(self, link: Link, row: Row) -> None:
        if row.value is None:
            message = N_("Flows without an amount are taken as unknown ({n}): {items}.")
            item = f"{self._name(row.source)} → {self._name(row.target)}"
            self.log.add("empty-amount", message, item, row.place, assumed=True)
            return
        unit = rate_unit(row.unit) if row.unit and not self.options.unit else ""
        if row.unit and not self.options.unit and not _alike(unit, self.unit):
            message = N_("Values in other units ({n}): {items}.")
            self.log.add("other-units", message, row.unit, row.place)
            return
        link.data.append(
            Datum(
                row.value,
                "" if row.sigma is None else number_text(row.sigma),
                unit="" if unit == self.unit else unit,
                period=row.period,
                region=row.region,
                source=row.origin,
                place=row.place,
            )
        )

    def _name(self, key: str) -> str:
        return self.found.names.get(key, key)


def _labels(rows: list[Row], which: str) -> list[str]:
    """Return the periods (in their order) or regions (as they come) that rows name."""
    found = [label for label in dict.fromkeys(getattr(row, which) for row in rows) if label]
    return sorted(found) if which == "period" else found


def _alike(unit: str, wanted: str) -> bool:
    from mfa.units import parse_unit

    return bool(unit) and parse_unit(unit).dimension == parse_unit(wanted).dimension
