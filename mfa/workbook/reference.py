"""The reference of sheets and columns in ``docs/workbook.md``, made from the schema."""

from __future__ import annotations

from mfa.workbook.choices import options
from mfa.workbook.lists import ALWAYS
from mfa.workbook.schema import SHEETS, TEMPLATE_VERSION, Column, Sheet, sheet
from mfa.workbook.shared import MAX_CELLS

_INTRODUCTION = f"""\
# Workbook and tables

<!-- Made from mfa/workbook/schema.py by “python -m mfa.workbook”; a test keeps it up to date. -->

A case is filled in as one workbook, or as a folder of CSV files with the same tables. Both hold
the same columns and are read alike. This is template version {TEMPLATE_VERSION}.

## How it is read

- Row 1 of a sheet has the headers, row 2 (small, grey) the machine names, data stand from row 3
  on. A sheet or column is known by its machine name or its title in either language, in any
  order; rows above the headers do no harm. Sheets and columns of your own are left alone.
- An empty cell means “not known”, never zero.
- A row whose first cell begins with “Example:” or “Ví dụ:” is an example and is not read.
- Numbers may be typed as numbers or as text. Text is read with the decimal sign that the Case
  sheet declares: with a comma, `1.234,5` is 1234.5. Without a declaration, a text that can be read
  in two ways (`1.234`) is an error. Formulas have a decimal point; with a declared comma, `0,2` is
  read too.
- Of a spreadsheet formula the stored result is read; nothing is evaluated. Error cells, dates
  where a number belongs, infinite numbers and formulas without a result are errors with their
  cell.
- Words of a list may be written as machine word or in either language.
- Text is compared composed (NFC), without invisible characters; Ð is read as Đ. Suggestions (“did
  you mean”) ignore accents.
- A workbook is opened only if it is an unencrypted .xlsx or .xlsm of a sane unpacked size without
  DOCTYPE; a sheet may have about {MAX_CELLS:,} filled cells. Larger tables belong in CSV.
- CSV files are UTF-8 with a header row and a decimal point; semicolons or tabs between cells and
  UTF-16 with a byte-order mark are understood. Their names are those of the tables: `flows.csv`.

## Sheets

In the tables below, names of required columns are bold.
"""


def reference_text() -> str:
    """Return the text of ``docs/workbook.md``."""
    pieces = [_INTRODUCTION, _overview(), *(_section(table) for table in SHEETS), _lists()]
    return "\n".join(pieces)


def _overview() -> str:
    lines = ["| table | English | Tiếng Việt | what for |", "|---|---|---|---|"]
    lines += [
        f"| [{t.name}](#{t.name}) | {t.title_en} | {t.title_vi} | {_cell(t.help_en)} |"
        for t in SHEETS
    ]
    return "\n".join(lines) + "\n"


def _section(table: Sheet) -> str:
    columns = table.keys or table.columns
    first = "setting" if table.keys else "column"
    text = f"## {table.name}\n\n{table.help_en}\n\n*{table.title_vi}*: {table.help_vi}\n"
    if table.keys:
        names = ", ".join(f"`{column.name}`" for column in table.columns)
        text += f"\nIts columns are {names}; the settings are rows:\n"
    if table.name in ALWAYS:
        text += (
            f"\nExisting without being typed: {', '.join(f'`{i}`' for i in ALWAYS[table.name])}.\n"
        )
    head = f"\n| {first} | English | Tiếng Việt | holds | what belongs there | example |\n"
    return text + head + "|---|---|---|---|---|---|\n" + "".join(_line(c) for c in columns)


def _line(column: Column) -> str:
    name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
    example = f"`{column.example}`" if column.example else ""
    cells = (name, column.title_en, column.title_vi, _kind(column), column.help_en, example)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |\n"


def _kind(column: Column) -> str:
    if column.kind == "reference":
        return f"id of {sheet(column.choices).title_en}"
    if column.kind == "choice":
        if column.choices == "case_key":
            return "a setting"
        other = "" if column.closed else ", or your own"
        return f"word of [{column.choices}](#lists){other}"
    return {"key": "id", "share": "number 0–1", "score": "1, 2, 3, 4"}.get(column.kind, column.kind)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*/", "\\*/")


def _lists() -> str:
    names = dict.fromkeys(
        column.choices
        for table in SHEETS
        for column in (*table.columns, *table.keys)
        if column.kind == "choice" and column.choices != "case_key"
    )
    lines = ["## Lists", ""]
    lines += ["| list | word | English | Tiếng Việt |", "|---|---|---|---|"]
    for name in names:
        vietnamese = options(name, "vi")
        lines += [
            f"| {name} | `{word}` | {label} | {vietnamese[word]} |"
            for word, label in options(name, "en").items()
        ]
    return "\n".join(lines) + "\n"
