"""Data tags of the OpenSankey family: which group means the year, the place, the unit.

A value carries one tag of each group. Periods and regions are all that our tables know; a group of
another kind keeps the tag that is shown first, and the values of its other tags are left behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mfa.formats.converted import LossLog
from mfa.formats.naming import label
from mfa.locale import N_
from mfa.workbook.text import bare

_TIME = re.compile(r"\b(ann?ees?|ans?|years?|periodes?|periods?|dates?|time|mois|months?|nam|ky)\b")
_SPACE = re.compile(
    r"\b(regions?|territoires?|territor(?:y|ies)|departements?|communes?|pays|countr(?:y|ies)|"
    r"zones?|geo|cit(?:y|ies)|villes?|places?|locations?|localites?|vung|tinh|huyen|xa|phuong)\b"
)
_UNIT = re.compile(r"\b(unites?|units?|unity|don vi)\b")
_YEAR = re.compile(r"(1[89]|20|21)\d\d([-/](\d\d|\d{4}))?")


@dataclass
class TagGroup:
    """A group of data tags: key → label, in order; ``shown`` is the tag shown first."""

    key: str
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    shown: str = ""
    is_unit: bool = False


class Axes:
    """What the groups of a file mean.

    Parameters
    ----------
    groups
        The groups of data tags in their order.
    log
        Where losses go.

    Attributes
    ----------
    periods, regions
        Labels, in order; empty when there is no such group.
    first
        The first group, None when there is none.
    remarks
        What groups with one single tag say of the whole file, as ``name: tag``.

    Examples
    --------
    >>> axes = Axes([TagGroup("an", "Année", {"a": "2019-20", "b": "2023-24"})], LossLog())
    >>> axes.periods, axes.labels({"an": "b"}), axes.labels({})
    (('2019-20', '2023-24'), ('2023-24', ''), ('', ''))
    """

    def __init__(self, groups: list[TagGroup], log: LossLog) -> None:
        self.log = log
        self.first = groups[0] if groups else None
        self._period = next((g for g in groups if _is_time(g)), None)
        self._region = next((g for g in groups if g is not self._period and _is_space(g)), None)
        units = [g for g in groups if _is_unit(g) and g not in (self._period, self._region)]
        self._units = units[0] if units else None
        known = (self._period, self._region)
        self._others = [g for g in groups if g not in known and (len(g.tags) > 1 or g in units)]
        self.remarks = [
            f"{g.name}: {next(iter(g.tags.values()))}"
            for g in groups
            if g not in known and g not in self._others and g.tags
        ]
        self.periods = _labels(self._period)
        self.regions = _labels(self._region)

    @property
    def unit(self) -> str:
        """Label of the unit that the values are in."""
        group = self._units
        return group.tags[self._kept(group)] if group and group.tags else ""

    def labels(self, tags: Mapping[str, str]) -> tuple[str, str] | None:
        """Return (period, region) of a value by its tags; None when it is not carried over."""
        for group in self._others:
            tag = tags.get(group.key)
            if tag is not None and group.tags and tag != self._kept(group):
                message = N_(
                    "Values of other tags of “{group}” than “{kept}” ({n}): {items}."
                )  # fmt: skip
                kept = group.tags[self._kept(group)]
                item = group.tags.get(tag, tag)
                self.log.add("other-tags", message, item, group=group.name, kept=kept)
                return None
        return _label_of(self._period, tags), _label_of(self._region, tags)

    @staticmethod
    def _kept(group: TagGroup) -> str:
        return group.shown if group.shown in group.tags else next(iter(group.tags))


def _labels(group: TagGroup | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label(tag) for tag in group.tags.values())) if group else ()


def _label_of(group: TagGroup | None, tags: Mapping[str, str]) -> str:
    if group is None or group.key not in tags:
        return ""
    return label(group.tags.get(tags[group.key], ""))


def _is_time(group: TagGroup) -> bool:
    years = [bool(_YEAR.fullmatch(label(tag))) for tag in group.tags.values()]
    return bool(years) and (all(years) or bool(_TIME.search(bare(group.name))))


def _is_space(group: TagGroup) -> bool:
    return bool(group.tags) and bool(_SPACE.search(bare(group.name)))


def _is_unit(group: TagGroup) -> bool:
    return group.is_unit or bool(_UNIT.search(bare(group.name)))
