"""Tags and hierarchies of an OpenSankey file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mfa.formats.tags import TagGroup

PRIMARY = "Primaire"


def tag_groups(content: Mapping[str, Any]) -> list[TagGroup]:
    """Return the groups of data tags of a file."""
    groups = content.get("dataTags")
    if not isinstance(groups, dict):
        return []
    found = [_group(str(key), group) for key, group in groups.items() if isinstance(group, dict)]
    return [group for group in found if group.tags]


def _group(key: str, group: Mapping[str, Any]) -> TagGroup:
    tags = group.get("tags")
    items = tags.items() if isinstance(tags, dict) else ()
    labels = {str(k): str(_field(tag, "name") or k) for k, tag in items}
    shown = next((str(k) for k, tag in items if _field(tag, "selected") is True), "")
    return TagGroup(key, str(group.get("name") or key), labels, shown, group.get("is_unit") is True)


def _field(tag: object, name: str) -> object:
    return tag.get(name) if isinstance(tag, dict) else None


def flow_sources(content: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that gives the source of a value by its flow tags.

    Many files keep sources as a group of flow tags named “Source”.
    """
    groups = content.get("fluxTags")
    items = groups.items() if isinstance(groups, dict) else ()
    found = [_group(str(key), group) for key, group in items if isinstance(group, dict)]
    group = next((g for g in found if g.name.casefold() in ("source", "sources")), None)

    def source(leaf: Mapping[str, Any]) -> str:
        tags = leaf.get("tags")
        chosen = tags.get(group.key) if group and isinstance(tags, dict) else None
        names = [group.tags.get(str(t), str(t)) for t in chosen] if isinstance(chosen, list) else []
        return "; ".join(names) if group else ""

    return source


def alternatives(nodes: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, str], set[str]]:
    """Return node → the node it is part of, and the nodes of second breakdowns.

    A node may be split up twice, by colour and by origin; parts of both would count everything
    twice, so that only the first breakdown of a node is kept.
    """
    parents: dict[str, str] = {}
    kept: dict[str, str] = {}
    dropped: set[str] = set()
    for key, node in nodes.items():
        found = _dimensions(node, nodes)
        for dimension, parent in found:
            if kept.setdefault(parent, dimension) == dimension and parent != key:
                parents.setdefault(key, parent)
        if found and key not in parents:
            dropped.add(key)
    while more := {k for k, parent in parents.items() if parent in dropped and k not in dropped}:
        dropped |= more
    return {k: parent for k, parent in parents.items() if k not in dropped}, dropped


def _dimensions(
    node: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Return (dimension, parent) of a node for parents that exist."""
    dimensions = node.get("dimensions")
    if not isinstance(dimensions, dict):
        return []
    found = []
    for name, dimension in dimensions.items():
        only_real = name != PRIMARY or len(dimensions) == 1
        if only_real and isinstance(dimension, dict) and not dimension.get("antitag"):
            parent = dimension.get("parent_name")
            if isinstance(parent, str) and parent in nodes:
                found.append((str(name), parent))
    return found
