"""Lists of links as JSON: the nodes and links that D3 draws, and the figures of Plotly."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from mfa.errors import Place
from mfa.formats.converted import LossLog
from mfa.formats.files import finite, parse_json, refuse
from mfa.formats.links import MOST, Links, Row
from mfa.locale import N_
from mfa.workbook.text import tidy

_NAMES = ("name", "title", "label", "id", "node")
_VALUES = ("value", "weight", "amount")


def json_links(text: str, name: str, log: LossLog) -> Links:
    """Return the links of a JSON file.

    Raises
    ------
    InputError
        It holds no nodes and links, or too many.
    """
    content = parse_json(text, name)
    figure = _figure(content)
    nodes, links = _of_plotly(figure) if figure else _of_d3(content)
    if max(len(nodes), len(links)) > MOST:
        message = N_("The file has more than {limit} nodes or links, which is not read.")
        refuse("too-many-links", message, name, limit=MOST)
    found = Links()
    ends = _Ends(nodes, links, log)
    for link in links:
        source, target = ends.of(link.get("source")), ends.of(link.get("target"))
        if not source or not target:
            message = N_("Links whose ends were left out or do not exist ({n}): {items}.")
            item = f"{_short(link.get('source'))} → {_short(link.get('target'))}"
            log.add("links-without-ends", message, item)
            continue
        material = link.get("type") if isinstance(link.get("type"), str) else ""
        if material:
            found.materials[material] = material
        label = link.get("label") if isinstance(link.get("label"), str) else ""
        value = next((v for key in _VALUES if (v := finite(link.get(key))) is not None), None)
        found.rows.append(
            Row(source, target, value, Place(file=name), material=material, name=label)
        )
    found.names = ends.names
    log.add("drawing", N_("Positions, colours and styles of the drawing."))
    return found


def _of_d3(content: Any) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return nodes and links; nodes by key become a list."""
    content = content if isinstance(content, dict) else {}
    nodes = content.get("nodes")
    if isinstance(nodes, dict):
        nodes = [{"id": k, **(v if isinstance(v, dict) else {})} for k, v in nodes.items()]
    links = content.get("links") or content.get("edges")
    return _list(nodes), [link for link in _list(links) if isinstance(link, dict)]


def _figure(content: Any) -> Mapping[str, Any] | None:
    """Return the Sankey trace of a Plotly figure, if it is one."""
    traces = content.get("data") if isinstance(content, dict) else content
    for trace in [content, *_list(traces)]:
        if isinstance(trace, dict) and all(
            isinstance(trace.get(key), dict) for key in ("node", "link")
        ):
            return trace
    return None


def _of_plotly(trace: Mapping[str, Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return nodes and links of a trace, which holds them as columns."""
    columns = [_list(trace["link"].get(key)) for key in ("source", "target", "value", "label")]
    links = [
        {"source": a, "target": b, "value": value, "label": label}
        for a, b, value, label in zip_longest(*columns)
    ]
    labels = _list(trace["node"].get("label"))
    return [{"name": label} for label in labels], links


class _Ends:
    """What the links of a file call their ends: a number, an id, a name or the node itself."""

    def __init__(self, nodes: list[Any], links: list[dict[str, Any]], log: LossLog) -> None:
        self.names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._declared = bool(nodes)
        numbers = {
            int(end)
            for link in links
            for key in ("source", "target")
            if isinstance(end := link.get(key), int | float) and float(end).is_integer()
        }
        by_id = _numbered_by_id(nodes, numbers)
        places = list(range(len(nodes)))
        if by_id and list(by_id) != places and numbers <= set(places):
            message = N_("Links are taken to name nodes by their ids, not by their order.")
            log.add("by-id", message, assumed=True)
        for position, node in enumerate(nodes):
            fields = node if isinstance(node, dict) else {"name": node}
            key = f"n{position}"
            self.names[key] = _name(fields) or f"{position}"
            for word in ("id", "name", "label"):
                if isinstance(fields.get(word), str):
                    self._keys.setdefault(fields[word], key)
            if not by_id:
                self._keys[f"#{position}"] = key
        for number, position in by_id.items():
            self._keys[f"#{number}"] = f"n{position}"

    def of(self, end: object) -> str:
        """Return the key of the node at an end, empty for none."""
        if isinstance(end, dict):
            end = next((end[word] for word in ("id", "name", "node") if word in end), None)
        if isinstance(end, bool) or end is None:
            return ""
        if isinstance(end, int | float):
            return self._keys.get(f"#{int(end)}", "") if float(end).is_integer() else ""
        text = str(end)
        if text in self._keys:
            return self._keys[text]
        if text.isascii() and text.isdecimal() and len(text) < 10 and f"#{int(text)}" in self._keys:
            return self._keys[f"#{int(text)}"]
        if self._declared or not tidy(text):
            return ""
        self._keys[text] = text
        self.names[text] = tidy(text)
        return text


def _numbered_by_id(nodes: list[Any], numbers: set[int]) -> dict[int, int]:
    """Return id → position where nodes have whole numbers as ids and links use only those."""
    for word in ("id", "node"):
        ids = [node.get(word) for node in nodes if isinstance(node, dict)]
        whole = [int(x) for x in ids if isinstance(x, int) and not isinstance(x, bool)]
        if len(whole) == len(nodes) == len(set(whole)) and numbers <= set(whole):
            return {number: position for position, number in enumerate(whole)}
    return {}


def _name(fields: Mapping[str, Any]) -> str:
    found = (fields.get(word) for word in _NAMES)
    return next((tidy(str(x)) for x in found if isinstance(x, str | int) and tidy(str(x))), "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: object) -> str:
    return str(value)[:40] if value is not None else ""
