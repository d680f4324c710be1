"""The Case sheet: settings one a row, read and checked before everything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mfa.errors import Problem
from mfa.locale import N_
from mfa.workbook.checks import Checked, check_cell
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Row
from mfa.workbook.schema import sheet
from mfa.workbook.text import nearest

if TYPE_CHECKING:
    from mfa.model.system import System

INFO = (
    "title_en",
    "title_vi",
    "boundary_en",
    "boundary_vi",
    "description_en",
    "description_vi",
    "sao_region",
    "population",
    "grdp",
    "author",
    "version",
)
"""Settings that go into `System.info` as they are."""
Regions = dict[str, tuple[str, ...]] | tuple[str, ...]


def system_of_case(checked: Checked) -> System:
    """Check the case table and return the empty system it describes."""
    from mfa.model.system import System

    rows = _rows(checked)
    periods = _periods(checked, rows.get("periods"))
    regions = _regions(checked, rows.get("regions"))
    info = {key: checked.text(rows[key], "value") for key in INFO if key in rows}
    unit = checked.text(rows["unit"], "value") if "unit" in rows else ""
    return System(
        unit=unit or "t/year",
        periods=periods,
        regions=regions,
        info={key: text for key, text in info.items() if text},
    )


def _rows(checked: Checked) -> dict[str, Row]:
    """Return the rows by key, with every value checked as its setting wants it."""
    rows: dict[str, Row] = {}
    table = sheet("case")
    settings = {setting.name: setting for setting in table.keys}
    for row in checked.tables["case"]:
        key = row.text("key")
        if not key:
            check_cell(checked, row, table.column("key"), "key")
        elif key in rows:
            message = N_("The setting “{key}” stands twice; remove one of the rows.")
            checked.report(error("double-setting", message, key=key), row, "key")
        elif key not in settings:
            checked.report(_unknown_setting(key), row, "key")
        else:
            rows[key] = row
            check_cell(checked, row, settings[key], "value")
    return rows


def _unknown_setting(key: str) -> Problem:
    table = sheet("case")
    near = nearest(key, [t for s in table.keys for t in (s.name, s.title_vi, s.title_en)])
    if near:
        message = N_("The setting “{key}” is not known. Did you mean “{near}”?")
        return warning("unknown-setting", message, key=key, near=near)
    message = N_("The setting “{key}” is not known and is not read.")
    return warning("unknown-setting", message, key=key)


def split_list(text: str) -> list[str]:
    """Return the items of a list with commas, trimmed, without empty ones.

    Examples
    --------
    >>> split_list("2022, 2023,")
    ['2022', '2023']
    """
    return [item.strip() for item in text.split(",") if item.strip()]


def split_periods(text: str) -> list[str]:
    """Return the periods of a list with commas, semicolons or line breaks between them.

    Examples
    --------
    >>> split_periods("2022; 2023")
    ['2022', '2023']
    """
    return split_list(text.replace(";", ",").replace("\n", ","))


def _periods(checked: Checked, row: Row | None) -> tuple[str, ...]:
    labels = split_periods(checked.text(row, "value")) if row else []
    double = sorted({label for label in labels if labels.count(label) > 1})
    if row and double:
        message = N_("The label “{label}” stands twice.")
        checked.report(error("double-label", message, label=double[0]), row, "value")
    checked.periods = tuple(dict.fromkeys(labels))
    return checked.periods


def _regions(checked: Checked, row: Row | None) -> Regions:
    """Read ``A, B`` (regions side by side) or ``Hue: A, B; …`` (parents and children)."""
    text = checked.text(row, "value") if row else ""
    groups = [group.strip() for group in re.split(r"[;\n]", text) if group.strip()]
    with_parent = [group for group in groups if ":" in group]
    if row and with_parent and len(with_parent) < len(groups):
        message = N_(
            "“{text}” mixes regions with and without a parent. Write “parent: child, child”, with "
            "semicolons between parents."
        )
        checked.report(error("regions-unreadable", message, text=text), row, "value")
        return ()
    if not with_parent:
        checked.regions = tuple(dict.fromkeys(r for group in groups for r in split_list(group)))
        return checked.regions
    tree = {
        parent.strip(): tuple(split_list(children))
        for parent, _, children in (group.partition(":") for group in groups)
    }
    names = [*tree, *(child for children in tree.values() for child in children)]
    checked.regions = tuple(dict.fromkeys(names))
    return tree
