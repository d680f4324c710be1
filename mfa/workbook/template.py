"""Write the workbook: blank with an example row on each sheet, or filled from tables.

The same tables give the same bytes: dates are fixed and nothing depends on the machine.
"""

from __future__ import annotations

import datetime
import math
import os
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import InputError, Place
from mfa.files import replace_file
from mfa.locale import N_, translator
from mfa.workbook.choices import options
from mfa.workbook.guide import write_guide
from mfa.workbook.lists import write_lists
from mfa.workbook.problems import error
from mfa.workbook.raw import RawTables, Value
from mfa.workbook.rows import letters
from mfa.workbook.schema import SHEETS, TEMPLATE_VERSION, Column, Sheet
from mfa.workbook.style import TAB_COLOURS, Styles
from mfa.workbook.validation import add_marks, add_validation, header_comment

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

ROWS = 2_000
"""How many rows of a sheet have drop-down lists at least."""
FIRST_ROW = 3
"""Row of a sheet in which the data begin."""
LONGEST_TEXT = 32_767
LAST_COLUMN = 16_383
PRINTED_WIDTH = 180
"""How many characters of a sheet share the width of a printed page; more would be too small."""
AREA = "tbl_"
"""Before the machine name of a table: the defined name of its cells, machine names on top.

Not a table object of Excel: two header rows do not fit into it, and on a protected sheet it is said
not to grow (users report so; it was not tried, for want of an Excel).
"""
_CREATED = datetime.datetime(2025, 1, 1)
_POINT = re.compile(r"(?<![\w.,])(\d+)\.(\d+)(?![\w.,])")
_PROTECTION = {
    "objects": True,
    "scenarios": True,
    "format_cells": True,
    "format_columns": True,
    "format_rows": True,
    "insert_columns": True,
    "insert_rows": True,
    "insert_hyperlinks": True,
    "delete_columns": True,
    "delete_rows": True,
    "sort": True,
    "autofilter": True,
}
Tables = Mapping[str, Sequence[Mapping[str, Value]]]


def write_template(
    path: str | os.PathLike[str],
    language: str = "vi",
    tables: RawTables | Tables | None = None,
) -> Path:
    """Write a workbook with every sheet and column of the schema.

    Parameters
    ----------
    path
        Where to write the ``.xlsx`` file; it is replaced at once, never half.
    language
        Language of the headers, comments and lists: ``"vi"`` or ``"en"``.
    tables
        What to fill in. None: a blank template, in which each sheet shows one example row that
        readers skip.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        A text is longer than a cell can hold.
    """
    target = Path(path)
    replace_file(target, template_bytes(language, tables))
    return target


def template_bytes(language: str, given: RawTables | Tables | None = None) -> bytes:
    """Return the workbook that `write_template` writes.

    Raises
    ------
    InputError
        See there.
    """
    from xlsxwriter import Workbook

    tables = given.plain() if isinstance(given, RawTables) else dict(given or {})
    blank = given is None

    stream = BytesIO()
    with Workbook(stream, {"in_memory": True, "strings_to_urls": False}) as book:
        book.set_properties({"created": _CREATED, "title": "mfa", "author": ""})
        book.set_size(2400, 1400)
        styles = Styles(book)
        write_guide(book, styles, language)
        for sheet in SHEETS:
            rows = tables.get(sheet.name, [])
            writer = _SheetWriter(book, styles, sheet, language, _decimal(tables, language))
            if sheet.keys:
                writer.write_settings(rows)
            else:
                writer.write_table(rows, example=blank)
        write_lists(book, language, tables)
    return stream.getvalue()


def _decimal(tables: Tables, language: str) -> str:
    """Return the decimal sign the case declares, else the one usual in `language`."""
    declared = [r.get("value") for r in tables.get("case", []) if r.get("key") == "decimal"]
    return str(declared[0]) if declared and declared[0] else ("," if language == "vi" else ".")


class _SheetWriter:
    """Writes one sheet."""

    def __init__(
        self, book: Workbook, styles: Styles, sheet: Sheet, language: str, decimal: str
    ) -> None:
        self.styles = styles
        self.sheet = sheet
        self.language = language
        self.decimal = decimal
        self.book = book
        self.page: Worksheet = book.add_worksheet(sheet.title(language))
        self.page.set_tab_color(TAB_COLOURS[sheet.name])
        self.page.protect("", _PROTECTION)

    def write_table(self, rows: Sequence[Mapping[str, Value]], *, example: bool) -> None:
        """Write headers, lists and rows of a table."""
        last = max(ROWS, len(rows) + 500) + 1
        for index, column in enumerate(self.sheet.columns):
            self._header(index, column)
            add_validation(self.page, (2, index, last, index), column, self.language)
            add_marks(self.page, (2, index, last, index), self.sheet, index, self.styles)
        if example:
            self._example()
        for number, row in enumerate(rows, start=2):
            for index, column in enumerate(self.sheet.columns):
                self._cell(number, index, column, row.get(column.name), self._style(column))
            wrapped = [c for c in self.sheet.columns if self._style(c) == "wrapped"]
            self._height(number, [(_text_of(row.get(c.name)), c.width) for c in wrapped])
        width = len(self.sheet.columns)
        # Own columns on the right; and Excel deletes or sorts no row with a locked cell in it.
        self.page.set_column(width, LAST_COLUMN, None, self.styles["own"])
        self.page.autofilter(1, 0, last, width - 1)
        self.page.freeze_panes(2, 1)
        whole = f"$A$2:${letters(width)}${last + 1}"
        self.book.define_name(f"{AREA}{self.sheet.name}", f"='{self.page.get_name()}'!{whole}")
        area = f"A3:{letters(width)}{last + 1}"
        self.page.ignore_errors({"number_stored_as_text": area})
        self._print_setup()

    def write_settings(self, rows: Sequence[Mapping[str, Value]]) -> None:
        """Write the Case sheet: a row for each setting, with what belongs there beside it."""
        for index, column in enumerate(self.sheet.columns):
            self._header(index, column)
        aside = len(self.sheet.columns)
        _ = translator(self.language)
        self.page.set_column(aside, aside, 70, self.styles["help"])
        self.page.write_string(0, aside, _("What belongs here"), self.styles["optional"])
        self.page.write_blank(1, aside, None, self.styles["machine"])
        values = {str(row.get("key")): row for row in rows}
        for number, setting in enumerate(self.sheet.keys, start=2):
            self._setting(number, setting, values.pop(setting.name, {}), aside)
        for number, row in enumerate(values.values(), start=2 + len(self.sheet.keys)):
            for index, column in enumerate(self.sheet.columns):
                self._cell(number, index, column, row.get(column.name), "value")
        self.page.freeze_panes(2, 1)
        self.page.ignore_errors({"number_stored_as_text": "B3:B40"})
        self._print_setup()

    def _header(self, index: int, column: Column) -> None:
        style = "required" if column.required else "optional"
        self.page.set_column(index, index, column.width, self.styles[self._style(column)])
        self.page.write_string(0, index, column.title(self.language), self.styles[style])
        self.page.write_string(1, index, column.name, self.styles["machine"])
        comment = header_comment(column, self.language)
        size = {"width": 300, "height": 40 + 16 * (len(comment) // 44 + comment.count("\n"))}
        options = {"author": "mfa", "font_name": "Arial", "font_size": 9, "color": "#FFFDF3"}
        self.page.write_comment(0, index, comment, options | size)
        if index == 0:
            self.page.set_row(0, 34)
            self.page.set_row(1, 13)

    def _style(self, column: Column) -> str:
        if column.numeric:
            return "number"
        return "wrapped" if column.kind == "text" and column.width >= 40 else "text"

    def _example(self) -> None:
        mark = translator(self.language)("Example:")
        for index, column in enumerate(self.sheet.columns):
            text = column.example_in(self.language)
            if index == 0:
                text = f"{mark} {text}"
            if column.numeric and text:
                self.page.write_number(2, index, float(text), self.styles["example_number"])
            else:
                self.page.write_string(2, index, self._word(column, text), self.styles["example"])

    def _setting(self, number: int, setting: Column, row: Mapping[str, Value], aside: int) -> None:
        self.page.write_string(number, 0, setting.title(self.language), self.styles["label"])
        _key, value, note = self.sheet.columns
        given = row.get("value")
        if setting.name == "template":
            given = TEMPLATE_VERSION
        elif setting.name == "decimal" and given in (None, ""):
            given = self.decimal
        text = _text_of(given)
        place = Place(self.sheet.title(self.language), f"B{number + 1}")
        self._string(number, 1, self._word(setting, text), "value", place)
        noted = _text_of(row.get("note"))
        self._string(number, 2, noted, "wrapped", place)
        _ = translator(self.language)
        example = setting.example_in(self.language)
        hint = setting.help(self.language)
        if example:
            hint = f"{hint} {_('Example:')} {self._word(setting, example)}"
        self.page.write_string(number, aside, hint, self.styles["help"])
        self._height(number, [(text, value.width), (noted, note.width), (hint, 84)])
        add_validation(self.page, (number, 1, number, 1), setting, self.language)

    def _cell(self, row: int, index: int, column: Column, value: Value | None, style: str) -> None:
        if value is None or value == "":
            return
        if column.numeric and not isinstance(value, str):
            self.page.write_number(row, index, value, self.styles[style])
            return
        text = _text_of(value)
        if column.kind == "choice":
            text = self._word(column, text)
        elif column.kind == "uncertainty" and self.decimal == ",":
            text = _POINT.sub(r"\1,\2", text)
        place = Place(self.sheet.title(self.language), f"{letters(index + 1)}{row + 1}")
        self._string(row, index, text, style, place)

    def _string(self, row: int, index: int, text: str, style: str, place: Place) -> None:
        if len(text) > LONGEST_TEXT:
            message = N_("The text has {n} characters; a cell of a workbook holds {limit}.")
            values = {"n": len(text), "limit": LONGEST_TEXT}
            raise InputError([error("text-too-long", message, place, **values)])
        if text:
            self.page.write_string(row, index, text, self.styles[style])
        else:
            self.page.write_blank(row, index, None, self.styles[style])

    def _height(self, row: int, texts: Sequence[tuple[str, float]]) -> None:
        """Make room for wrapped texts: not every program does so when it opens a file."""
        lines = max(
            (sum(max(1, math.ceil(len(line) / (1.05 * width))) for line in text.split("\n"))
             for text, width in texts),
            default=1,
        )  # fmt: skip
        if lines > 1:
            self.page.set_row(row, 13.5 * min(lines, 25))

    def _word(self, column: Column, text: str) -> str:
        if column.kind != "choice":
            return text
        return options(column.choices, self.language).get(text, text)

    def _print_setup(self) -> None:
        self.page.set_landscape()
        self.page.set_paper(9)
        across = max(1, round(sum(c.width for c in self.sheet.columns) / PRINTED_WIDTH))
        self.page.fit_to_pages(across, 0)
        self.page.repeat_rows(0, 1)
        if across > 1:
            self.page.repeat_columns(0, 0)
        self.page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.page.set_footer("&L&8&A&R&8&P / &N")


def _text_of(value: Value | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return str(int(value)) if float(value).is_integer() else repr(value)
