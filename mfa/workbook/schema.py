"""The one definition of sheets and columns: template, reader, messages, CSV and docs follow it."""

from __future__ import annotations

from functools import cache

from mfa.workbook.columns import Column, Sheet
from mfa.workbook.sheets_data import OBSERVATIONS, PARAMETERS, RELATIONS, SOURCES, VIEWS
from mfa.workbook.sheets_plan import INTERVENTIONS
from mfa.workbook.sheets_system import CASE, FLOWS, LAYERS, MATERIALS, PROCESSES, STOCKS
from mfa.workbook.text import key_of

__all__ = ["SHEETS", "TEMPLATE_VERSION", "Column", "Sheet", "find_column", "find_sheet", "sheet"]

TEMPLATE_VERSION = "1"
"""Version of the sheets and columns, written into every workbook."""

SHEETS: tuple[Sheet, ...] = (
    CASE,
    PROCESSES,
    LAYERS,
    MATERIALS,
    FLOWS,
    STOCKS,
    PARAMETERS,
    OBSERVATIONS,
    RELATIONS,
    INTERVENTIONS,
    SOURCES,
    VIEWS,
)
"""Every sheet in the order of the workbook."""


def sheet(name: str) -> Sheet:
    """Return the sheet with the machine name `name`.

    Raises
    ------
    KeyError
        There is none.

    Examples
    --------
    >>> sheet("flows").title("vi")
    'Dòng'
    """
    return _by_name()[name]


def find_sheet(title: str) -> Sheet | None:
    """Return the sheet that `title` names, in either language or by machine name.

    Examples
    --------
    >>> find_sheet(" vật  liệu").name, find_sheet("FLOWS").name, find_sheet("Notes")
    ('materials', 'flows', None)
    """
    return _by_title().get(key_of(title))


def find_column(table: Sheet, title: str) -> Column | None:
    """Return the column of `table` that `title` names, by machine name or in either language.

    Examples
    --------
    >>> find_column(sheet("flows"), "Đến quá trình").name
    'target'
    """
    return _titles(table.name).get(key_of(title))


@cache
def _by_name() -> dict[str, Sheet]:
    return {table.name: table for table in SHEETS}


@cache
def _by_title() -> dict[str, Sheet]:
    return {
        key_of(title): table
        for table in SHEETS
        for title in (table.title_vi, table.title_en, table.name)
    }


@cache
def _titles(name: str) -> dict[str, Column]:
    columns = sheet(name).columns
    found = {key_of(c.title_vi): c for c in columns} | {key_of(c.title_en): c for c in columns}
    return found | {c.name: c for c in columns}
