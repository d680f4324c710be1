"""Read the JSON files of OpenSankey, new and old, plain or compressed.

A node or a link is read for what it says of the material flows; the drawing stays behind. Values
may hang in a tree of data tags (year, territory, unit…), whose meaning `mfa.formats.tags` finds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mfa.errors import Place
from mfa.formats.assemble import assemble
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.draft import Draft, percent_text, rate_unit
from mfa.formats.files import finite, parse_json, read_text, refuse
from mfa.formats.network import Datum, Holding, Limit, Link, Network, Node
from mfa.formats.opensankey_tags import alternatives, flow_sources, tag_groups
from mfa.formats.tags import Axes
from mfa.locale import N_
from mfa.workbook.checks import opening
from mfa.workbook.text import tidy

DEFAULT_SIGMA = 10.0
"""Per cent of the value that the tools of this family take where no uncertainty is given."""
DEEPEST_TREE = 12
MOST = 20_000
"""How many nodes, and how many links, a diagram may have."""
KINDS = {"echange": "exchange", "produit": "product", "secteur": "sector",
         "product": "product", "sector": "sector", "exchange": "exchange"}  # fmt: skip
DEFAULT_TAKEN = N_(
    "Values without an uncertainty ({n}): {percent} % is taken for each, as that tool does."
)
NOT_ONE = N_("The file holds no nodes and links of OpenSankey.")
_DRAWING = ("views", "labels", "legend", "icon_catalog", "background_image")
_RULES = ("ratio_flux_constraints", "ratio_stock_flux_constraints", "stock_chaining_constraints")
Tags = dict[str, str]


def read_opensankey(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read a diagram of OpenSankey.

    Parameters
    ----------
    path
        A JSON file, perhaps compressed with gzip.
    options
        Unit of the numbers, unless the file names one.

    Returns
    -------
    Converted
        Nodes as processes, links as flows, collected values as observations. Results of an earlier
        reconciliation are left behind, unless there is nothing else.

    Raises
    ------
    InputError
        The file is no JSON, too large, or holds no nodes and links.
    """
    name = Path(path).name
    content = parse_json(read_text(path), name)
    return _Reader(_diagram(content, name), name, options or ReadOptions()).read()


def _diagram(content: Any, name: str) -> dict[str, Any]:
    """Return the diagram of a file, of several sheets the one that was shown."""
    if isinstance(content, dict) and not content.get("nodes"):
        sheets = _mapping(content.get("sheets"))
        entries = _mapping(sheets.get("entries"))
        current = _mapping(entries.get(str(sheets.get("current"))))
        content = current.get("json", content)
    known = isinstance(content, dict)
    sizes = [_count(content.get(key)) if known else 0 for key in ("nodes", "links")]
    if not all(sizes):
        refuse("not-opensankey", NOT_ONE, name)
    if max(sizes) > MOST:
        message = N_("The file has more than {limit} nodes or links, which is not read.")
        refuse("too-many-links", message, name, limit=MOST)
    return content


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class _Reader:
    """One diagram on its way into tables."""

    def __init__(self, content: dict[str, Any], name: str, options: ReadOptions) -> None:
        self.content, self.options = content, options
        self.log = LossLog()
        self.place = Place(file=name)
        self.draft = Draft(name, self.log)
        self.axes = Axes(tag_groups(content), self.log)
        self.sources = flow_sources(content)
        self.network = Network()
        self.by_name: dict[str, str] = {}
        self.factor = 1.0
        self.results = 0

    def read(self) -> Converted:
        """Return the tables."""
        links = [link for _, link in _items(self.content["links"])]
        self.draft.setting("description_en", "; ".join(self.axes.remarks))
        self._read_unit(links)
        self._read_nodes()
        for results in (False, True):
            self.network.links.clear()
            for link in links:
                self._read_link(link, results)
            if any(link.data or link.limits for link in self.network.links):
                if self.results and not results:
                    message = N_("Results of an earlier reconciliation ({n}).")
                    self.log.add("results", message, n=self.results)
                break
        if not self.network.links:
            refuse("not-opensankey", NOT_ONE, self.place.file)
        self._report()
        assemble(self.network, self.draft, self.axes.periods, self.axes.regions)
        return self.draft.converted()

    # ------------------------------------------------------------------------------------ unit

    def _read_unit(self, links: list[dict[str, Any]]) -> None:
        """Find the unit: a group of units among the tags, or what is printed behind the values."""
        text = self.axes.unit
        if not text:
            styles = [_mapping(self.content.get(key)) for key in ("style_link", "style")]
            shown = [_mapping(link.get("local")) for link in links[:100]]
            shown += [_mapping(style) for group in styles for style in group.values()]
            text, factor = next(filter(None, map(_printed_unit, shown)), ("", None))
            if factor and rate_unit(text) and not self.options.unit:
                self.factor = factor
        self.draft.unit(text, self.options)

    # ----------------------------------------------------------------------------------- nodes

    def _read_nodes(self) -> None:
        items = dict(_items(self.content["nodes"]))
        parents, dropped = alternatives(items)
        for key, node in items.items():
            if key in dropped:
                message = N_("Nodes of a second breakdown of the same aggregate ({n}): {items}.")
                self.log.add("second-breakdown", message, _name(node, key), self.place)
                continue
            balance = False if node.get("has_material_balance") is False else None
            self.network.nodes[key] = Node(
                _name(node, key), self.place, parents.get(key, ""), _kind(node), balance
            )
            if node.get("name"):
                self.by_name.setdefault(str(node["name"]), key)
            self._read_stock(key, node)

    def _read_stock(self, key: str, node: Mapping[str, Any]) -> None:
        holding = Holding(key, self.place)
        for tags, leaf in _leaves(_mapping(node.get("stock_values"))):
            labels = self.axes.labels(tags)
            if labels is None:
                continue
            level, change = finite(leaf.get("initial_stock")), finite(leaf.get("stock_variation"))
            before = self._period_before(labels[0])
            if level is not None and before:
                holding.levels.append(self._datum(level, leaf, (before, labels[1])))
            elif level is not None:
                message = N_("Initial stocks without a year to place them in ({n}): {items}.")
                self.log.add("initial-stock", message, _name(node, key), self.place)
            if change is not None:
                holding.changes.append(self._datum(change, leaf, labels))
        if holding.levels or holding.changes or node.get("has_stock") is True:
            self.network.stocks.append(holding)

    def _period_before(self, period: str) -> str:
        """Return the period at whose end the initial stock of `period` is held."""
        periods = self.axes.periods
        position = periods.index(period) if period in periods else 0
        if position:
            return periods[position - 1]
        return opening(periods[0]) if periods else ""

    # ----------------------------------------------------------------------------------- links

    def _read_link(self, link: Mapping[str, Any], results: bool) -> None:
        """Read the values of a link: those collected, or the results where there are no others."""
        source, target = self._end(link, "source"), self._end(link, "target")
        if source not in self.network.nodes or target not in self.network.nodes:
            if not results:
                message = N_("Links whose ends were left out or do not exist ({n}): {items}.")
                item = f"{source} → {target}"
                self.log.add("links-without-ends", message, item, self.place)
            return
        flow = Link(source, target, self.place)
        self.network.links.append(flow)
        for tags, leaf in _leaves(_values(link, self.axes)):
            labels = self.axes.labels(tags)
            if labels is None:
                continue
            if results:
                value = finite(leaf.get("result_value"))
                if value is not None:
                    message = N_("The file holds results only; they are taken as data ({n}).")
                    self.log.add("results-as-data", message, assumed=True)
                    flow.data.append(self._datum(value, leaf, labels))
            else:
                self._read_leaf(flow, leaf, labels)

    def _read_leaf(self, flow: Link, leaf: Mapping[str, Any], labels: tuple[str, str]) -> None:
        value = finite(leaf.get("data_value"))
        option = leaf.get("value_option", "value")
        if value is not None and option not in ("value", "intervals"):
            message = N_("Values that are shares of another flow ({n}): {items}.")
            self.log.add("shares", message, self._title(flow), self.place)
        elif value is not None:
            flow.data.append(self._datum(value, leaf, labels))
        elif finite(leaf.get("result_value")) is not None:
            self.results += 1
        lower, upper = finite(leaf.get("data_min")), finite(leaf.get("data_max"))
        if lower is not None or upper is not None:
            low = None if lower is None else lower / self.factor
            high = None if upper is None else upper / self.factor
            flow.limits.append(Limit(low, high, *labels, self.place))
        if finite(leaf.get("data_value_target")) is not None:
            message = N_("Second values of flows, at their target ({n}): {items}.")
            self.log.add("target-values", message, self._title(flow), self.place)

    def _end(self, link: Mapping[str, Any], which: str) -> str:
        """Return the node at an end of a link; the oldest files give its name instead of its id."""
        key = link.get(f"id{which.capitalize()}")
        return self.by_name.get(str(link.get(f"{which}_name", "")), "") if key is None else str(key)

    def _title(self, flow: Link) -> str:
        nodes = self.network.nodes
        return f"{nodes[flow.source].name} → {nodes[flow.target].name}"

    def _datum(self, value: float, leaf: Mapping[str, Any], labels: tuple[str, str]) -> Datum:
        percent = finite(leaf.get("data_uncertainty"))
        if percent is None:
            self.log.add("default-sigma", DEFAULT_TAKEN, assumed=True, percent=f"{DEFAULT_SIGMA:g}")
        note = " ".join(str(leaf[key]) for key in ("data_hypothesis", "data_url") if leaf.get(key))
        return Datum(
            value / self.factor,
            percent_text(DEFAULT_SIGMA if percent is None else percent),
            period=labels[0],
            region=labels[1],
            source=tidy(str(leaf.get("data_source") or self.sources(leaf))),
            note=tidy(note),
            place=self.place,
        )

    # ---------------------------------------------------------------------------------- losses

    def _report(self) -> None:
        """Say what stays behind: the drawing, tags and rules."""
        log = self.log
        log.add("drawing", N_("Positions, colours and styles of the drawing."))
        for key in _DRAWING:
            if self.content.get(key):
                log.add("drawing-parts", N_("Parts of the drawing ({n}): {items}."), key)
        for group in ("nodeTags", "fluxTags"):
            for key, tags in _items(self.content.get(group)):
                name = str(_mapping(tags).get("name", key))
                if name.casefold() not in ("type de noeud", "node type", "source", "sources"):
                    log.add("tags", N_("Groups of tags of nodes and flows ({n}): {items}."), name)
        for key in _RULES:
            rules = self.content.get(key)
            if rules:
                count = len(rules) if isinstance(rules, list | dict) else 1
                log.add("rules", N_("Rules between flows and stocks ({n}): {items}."), key, n=count)


# ------------------------------------------------------------------------------------- pieces


def _printed_unit(style: Mapping[str, Any]) -> tuple[str, float | None] | None:
    """Return the unit printed behind values and its factor; files before 1.0 name it shorter."""
    for key in ("value_label_unit", "label_unit"):
        text = str(style.get(key) or "").strip()
        if text:
            return text, finite(style.get(f"{key}_factor"))
    return None


def _count(group: object) -> int:
    """Return how many `_items` there are, without making them."""
    values = group.values() if isinstance(group, dict) else group
    return sum(isinstance(item, dict) for item in values) if isinstance(group, dict | list) else 0


def _items(group: object) -> list[tuple[str, dict[str, Any]]]:
    """Return key → item of a mapping, or of a list as old files have it."""
    if isinstance(group, dict):
        return [(str(key), item) for key, item in group.items() if isinstance(item, dict)]
    if isinstance(group, list):
        found = [item for item in group if isinstance(item, dict)]
        return [(str(item.get("idNode", item.get("id", k))), item) for k, item in enumerate(found)]
    return []


def _name(node: Mapping[str, Any], key: str) -> str:
    # A line break in a label is written as a break or as the two characters \n.
    name = tidy(str(node.get("name") or key)).replace("\\n", " ")
    return " ".join(name.split()) or key


def _kind(node: Mapping[str, Any]) -> str:
    """Return what kind of node the tags say: product, sector or exchange."""
    tags = _mapping(node.get("tags"))
    words = [*_texts(tags.get("type de noeud")), *_texts(tags.get("Type de noeud"))]
    words.append(str(node.get("type", "")))
    return next((KINDS[word] for word in words if word in KINDS), "")


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _values(link: Mapping[str, Any], axes: Axes) -> dict[str, Any]:
    """Return the tree of values; old files have a list of numbers, one a tag of the first group."""
    value = link.get("value")
    if isinstance(value, dict):
        return value
    collected = link.get("data_value")
    numbers = collected if isinstance(collected, list) else value
    key = "data_value" if isinstance(collected, list) else "result_value"
    if not isinstance(numbers, list) or not numbers:
        return {}
    group = axes.first
    if group and len(group.tags) == len(numbers):
        leaves = {tag: {key: number} for tag, number in zip(group.tags, numbers, strict=True)}
        return {"datatag_group": group.key, **leaves}
    return {key: numbers[0]}


def _leaves(value: Mapping[str, Any]) -> Iterator[tuple[Tags, dict[str, Any]]]:
    """Yield (tags, leaf) for every leaf of a tree of data tags."""
    stack: list[tuple[Tags, Mapping[str, Any]]] = [({}, value)]
    while stack:
        tags, branch = stack.pop()
        group = branch.get("datatag_group")
        if group is None:
            yield tags, _modern(branch)
        elif len(tags) < DEEPEST_TREE:
            below = [
                (tags | {str(group): str(tag)}, inner)
                for tag, inner in branch.items()
                if isinstance(inner, dict)
            ]
            stack += reversed(below)


def _modern(leaf: Mapping[str, Any]) -> dict[str, Any]:
    """Return a leaf with the keys of today: files before 0.9 kept data in an “extension”."""
    if "value" not in leaf:
        return dict(leaf)
    extension = _mapping(leaf.get("extension"))
    renamed = {"result_value": leaf["value"], "data_value": extension.get("data_value")}
    return {key: item for key, item in (dict(leaf) | renamed).items() if item is not None}
