"""From a grid of cells to rows of a table: find the headers, then read what stands below them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from mfa.errors import Place, Problem
from mfa.locale import N_
from mfa.workbook.cells import Found, interpret
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Cell, Row
from mfa.workbook.schema import Column, Sheet, find_column
from mfa.workbook.text import bare, nearest

HEADER_DEPTH = 12
"""How many rows from the top the headers may stand."""
ALIKE = 0.75
"""How alike an unknown title must be to a known one to be taken for a slip."""
FAR_COLUMN = 500
FAR_GAP = 5_000
FAR = N_(
    "A filled cell stands far away from the table and was not read. Delete it, or move it up to "
    "the table."
)
RESULT = "result_"
"""How the names of columns begin that a balance wrote; they are no input."""
EXAMPLE_MARKS = ("example:", "vi du:")
"""A row whose first cell begins so (accents aside) is an example and is skipped."""

Grid = Mapping[int, Mapping[int, Found]]
"""Row number → column number → cell, both counted from 1; filled cells only."""


@dataclass(frozen=True)
class Where:
    """What is needed to say where a cell stands: a sheet of a workbook, or a CSV file."""

    file: str
    sheet: str = ""

    def cell(self, row: int, column: int) -> Place:
        """Return the place of a cell."""
        if not self.sheet:
            return Place(file=self.file, row=row)
        return Place(self.sheet, f"{letters(column)}{row}", self.file, row)


@dataclass
class _Header:
    """Columns found: machine name → column number, and the first row below the headers."""

    columns: dict[str, int] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)
    row: int = 1
    first: int = 2
    positions: list[tuple[Column, int]] = field(default_factory=list)


@cache
def letters(column: int) -> str:
    """Return the letters of a column counted from 1.

    Examples
    --------
    >>> letters(1), letters(27), letters(16384)
    ('A', 'AA', 'XFD')
    """
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def read_rows(
    table: Sheet, grid: Grid, where: Where, decimal: str | None
) -> tuple[list[Row], list[Problem]]:
    """Return the rows of `table` found in `grid`, and what is wrong with the grid."""
    if not grid:
        return [], []
    header = _find_header(table, grid)
    if header is None:
        message = N_(
            "No header row was found in “{sheet}”. The first rows must hold the column names, such "
            "as {names}."
        )
        names = ", ".join(c.name for c in table.columns[:4])
        place = where.cell(min(grid), 1)
        title = where.sheet or where.file
        return [], [error("no-header", message, place, sheet=title, names=names)]
    problems = _header_problems(table, grid, header, where)
    layout = {name: letters(number) for name, number in header.columns.items()}
    rows, last = [], header.first
    for number in sorted(n for n in grid if n >= header.first):
        row, found = _read_row(table, grid[number], header, where, number, decimal)
        if not row.cells:
            continue
        if _is_example(table, row):
            problems += _example_problems(table, row)
            continue
        if number - last > FAR_GAP:
            here = where.cell(number, header.columns[next(iter(row.cells))])
            problems.append(error("far-cell", FAR, here))
            break
        last = number
        rows.append(replace(row, layout=layout if where.sheet else {}, header=header.row))
        problems += found
    return rows, problems


def _find_header(table: Sheet, grid: Grid) -> _Header | None:
    """Find the row of titles and the row of machine names below it, one of them at least."""
    lowest = min(grid) + HEADER_DEPTH
    top = sorted(n for n in grid if n <= lowest)
    hits = {n: _titles(table, grid[n]) for n in top}
    best = max((len(set(h.values())) for h in hits.values()), default=0)
    wanted = best // 2 + 1
    rows = [n for n in top if len(set(hits[n].values())) >= wanted]
    if not rows:
        return None
    first = rows[0]
    last = first + 1 if first + 1 in rows and _agree(hits[first], hits[first + 1]) else first
    header = _Header(row=first, first=last + 1)
    by_number = hits[first] | hits[last]
    for number in sorted(by_number, key=lambda n: (n not in hits[last], n)):
        header.columns.setdefault(by_number[number], number)
    header.positions = [
        (column, header.columns[column.name])
        for column in table.columns
        if column.name in header.columns
    ]
    results = {
        number
        for n in (first, first + 1)
        for number, cell in grid.get(n, {}).items()
        if isinstance(cell.value, str) and cell.value.startswith(RESULT)
    }
    for number, found in sorted(grid[first].items()):
        if (
            number not in by_number
            and number not in results
            and number <= FAR_COLUMN
            and isinstance(found.value, str)
            and found.value.strip()
        ):
            header.unknown[number] = found.value.strip()
    return header


def _agree(titles: Mapping[int, str], names: Mapping[int, str]) -> bool:
    """Return whether two rows name the same columns: a data row may hold such words by chance."""
    both = [number for number in names if number in titles]
    return 2 * sum(titles[number] == names[number] for number in both) >= len(both)


def _titles(table: Sheet, cells: Mapping[int, Found]) -> dict[int, str]:
    """Return column number → machine name for the titles that are known."""
    found = {}
    for number, cell in cells.items():
        text = cell.value if number <= FAR_COLUMN else None
        column = find_column(table, text) if isinstance(text, str) else None
        if column:
            found[number] = column.name
    return found


def _header_problems(table: Sheet, grid: Grid, header: _Header, where: Where) -> list[Problem]:
    problems = []
    for column in table.columns:
        if column.required and column.name not in header.columns:
            message = N_("The column “{column}” is missing. Add it, or start from a new template.")
            place = where.cell(header.row, 1)
            problems.append(error("missing-column", message, place, column=column.titled))
    problems += _double_columns(table, grid, header, where)
    problems += _unknown_columns(table, header, where)
    far = [(r, c) for r, cells in grid.items() for c in cells if c > FAR_COLUMN]
    if far:
        problems.append(warning("far-cell", FAR, where.cell(*min(far))))
    return problems


def _double_columns(table: Sheet, grid: Grid, header: _Header, where: Where) -> list[Problem]:
    """Report columns of one name beyond the first; which one counts must not be guessed."""
    titles = _titles(table, grid[header.row]) | _titles(table, grid.get(header.first - 1, {}))
    message = N_("The column “{column}” stands twice; rename or remove one of them.")
    named = {column.name: column.titled for column in table.columns}
    return [
        error("double-column", message, where.cell(header.row, number), column=named[name])
        for number, name in sorted(titles.items())
        if header.columns[name] != number
    ]


def _unknown_columns(table: Sheet, header: _Header, where: Where) -> list[Problem]:
    """Report columns whose title is nearly that of an absent one; others are the user's own."""
    absent = [c for c in table.columns if c.name not in header.columns]
    titles = [t for c in absent for t in (c.title_en, c.title_vi, c.name)]
    problems = []
    for number, title in header.unknown.items():
        meant = nearest(title, titles, ALIKE)
        if meant:
            message = N_(
                "The column “{title}” is not known and is not read. Did you mean “{meant}”?"
            )
            place = where.cell(header.row, number)
            problems.append(warning("unknown-column", message, place, title=title, meant=meant))
    return problems


def _read_row(
    table: Sheet,
    found: Mapping[int, Found],
    header: _Header,
    where: Where,
    number: int,
    decimal: str | None,
) -> tuple[Row, list[Problem]]:
    cells: dict[str, Cell] = {}
    problems = []
    for column, position in header.positions:
        cell = found.get(position)
        if cell is None:
            continue
        place = where.cell(number, position)
        meant = _meant(table, column, cells) if table.keys else column
        value, problem = interpret(cell, meant, decimal)
        if problem:
            problems.append(replace(problem, place=place))
        if value != "":
            cells[column.name] = Cell(value, place)
    _spread_percent(cells, found, header)
    return Row(cells, where.cell(number, 1)), problems


def _meant(table: Sheet, column: Column, cells: Mapping[str, Cell]) -> Column:
    """Return the column, or for a value of the Case sheet the setting that its key names."""
    if column.name == "value" and "key" in cells:
        for setting in table.keys:
            if setting.name == cells["key"].value:
                return setting
    return column


def _spread_percent(cells: dict[str, Cell], found: Mapping[int, Found], header: _Header) -> None:
    """Turn 0.38 shown as 38 % into 38 where the unit says per cent."""
    if "unit" not in cells or str(cells["unit"].value).strip() != "%":
        return
    for name in ("value", "lower", "upper"):
        cell = cells.get(name)
        if cell and found[header.columns[name]].percent and isinstance(cell.value, float):
            cells[name] = Cell(float(f"{cell.value * 100:.15g}"), cell.place)


def _is_example(table: Sheet, row: Row) -> bool:
    first = row.cells.get(table.columns[0].name)
    if first is None or not isinstance(first.value, str):
        return False
    return bare(first.value).startswith(EXAMPLE_MARKS)


def _example_problems(table: Sheet, row: Row) -> list[Problem]:
    """Warn when somebody typed into the example row, which is not read."""
    for column in table.columns[1:]:
        shown = {
            interpret(Found(column.example_in(language)), column, ".")[0]
            for language in ("en", "vi")
        }
        if column.name in row.cells and row.get(column.name) not in shown:
            message = N_(
                "This row is marked as an example and is not read, though it was changed. If it "
                "counts, write an id of your own into its first cell."
            )
            return [warning("example-changed", message, row.at(table.columns[0].name))]
    return []
