"""Check every cell by what the schema says of its column, and report all that does not fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from mfa.errors import Problem, UnitError, Word
from mfa.locale import N_
from mfa.workbook.choices import canonical, options
from mfa.workbook.lists import ALWAYS
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import RawTables, Row, Value
from mfa.workbook.schema import SHEETS, Column, Sheet
from mfa.workbook.text import Names, key_of, nearest

MOST_OF_A_KIND = 500
"""How many problems of one kind are listed; of the others only the number is told."""
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
LARGEST = 1e25
"""More than that no city has of anything, in whatever unit; its square is still a number."""
QUANTITIES = ("flows", "stocks", "parameters")
REPEATED = ("flows", "parameters")
"""Tables in which an id may stand once for each period and region."""
_NAME = re.compile(r"[^\W\d]\w*")
_DIGITS = re.compile(r"\d+(?:\s*[-–—/]\s*\d+)*")

UNKNOWN = {
    "processes": (
        "unknown-process",
        N_("There is no process “{name}”. Did you mean “{near}”?"),
        N_("There is no process “{name}”. Add it to the sheet Processes, or correct the id."),
    ),
    "materials": (
        "unknown-material",
        N_("There is no material “{name}”. Did you mean “{near}”?"),
        N_("There is no material “{name}”. Add it to the sheet Materials, or correct the id."),
    ),
    "layers": (
        "unknown-layer",
        N_("There is no layer “{name}”. Did you mean “{near}”?"),
        N_("There is no layer “{name}”. Add it to the sheet Layers, or correct the id."),
    ),
    "parameters": (
        "unknown-parameter",
        N_("There is no parameter “{name}”. Did you mean “{near}”?"),
        N_("There is no parameter “{name}”. Add it to the sheet Parameters, or correct the id."),
    ),
    "sources": (
        "unknown-source",
        N_("There is no source “{name}”. Did you mean “{near}”?"),
        N_("There is no source “{name}”. Add it to the sheet Sources, or write assumption."),
    ),
    "quantities": (
        "unknown-quantity",
        N_("There is no quantity “{name}”. Did you mean “{near}”?"),
        N_("There is no flow, stock or parameter “{name}”. Add it, or correct the id."),
    ),
    "periods": (
        "unknown-period",
        N_("There is no period “{name}”. Did you mean “{near}”?"),
        N_("There is no period “{name}”. Add it on the sheet Case, or correct it."),
    ),
    "regions": (
        "unknown-region",
        N_("There is no region “{name}”. Did you mean “{near}”?"),
        N_("There is no region “{name}”. Add it on the sheet Case, or correct it."),
    ),
}
"""Kind of name → code, what is said with a suggestion, what is said without."""


def unknown(kind: str, name: str, known: Iterable[str]) -> Problem:
    """Return the problem “there is no such …” for a name of `kind` (a key of `UNKNOWN`).

    Examples
    --------
    >>> unknown("processes", "rice mil", ["rice_mill"]).text()
    'There is no process “rice mil”. Did you mean “rice_mill”?'
    """
    code, with_hint, without = UNKNOWN[kind]
    near = nearest(name, known)
    if near:
        return error(code, with_hint, name=name, near=near)
    return error(code, without, name=name)


@dataclass
class Checked:
    """Raw tables with what is wrong in them; bad cells read as empty from here on.

    Attributes
    ----------
    tables
        The tables.
    problems
        Everything found so far.
    periods, regions
        Labels declared in the case; empty when none are.
    """

    tables: RawTables
    problems: list[Problem] = field(default_factory=list)
    periods: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    _bad: set[tuple[int, str]] = field(default_factory=set)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _ids: dict[str, dict[str, None]] = field(default_factory=dict)
    _names: dict[str, Names] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: RawTables) -> Checked:
        """Return `tables` with what was wrong in reading them, so many of a kind as are listed."""
        checked = cls(tables)
        for problem in tables.problems:
            checked._add(problem)
        return checked

    def _add(self, problem: Problem) -> None:
        kind = (problem.code, problem.severity)
        self._counts[kind] += 1
        if self._counts[kind] <= MOST_OF_A_KIND:
            self.problems.append(problem)

    def report(self, problem: Problem, row: Row, column: str) -> None:
        """Add a problem about the cell of `row` in `column`; an error makes the cell unusable."""
        if self._counts[problem.code, problem.severity] < MOST_OF_A_KIND:
            problem = replace(problem, place=row.at(column))
        self._add(problem)
        if problem.severity == "error":
            self._bad.add((id(row), column))

    def count(self, code: str) -> int:
        """Return how many errors of a kind there are, those that are not listed among them."""
        return self._counts[code, "error"]

    def enough(self, code: str) -> bool:
        """Return whether errors of a kind are many enough: then no time goes into suggestions."""
        return self._counts[code, "error"] >= MOST_OF_A_KIND

    def unknown(self, kind: str, name: str, known: Iterable[str]) -> Problem:
        """Return what `unknown` does, without a suggestion once there are enough of the kind."""
        if self.enough(UNKNOWN[kind][0]):
            return unknown(kind, name, ())
        if kind not in self._names:
            self._names[kind] = Names(known)
        near = self._names[kind].nearest(name)
        return unknown(kind, name, () if near is None else (near,))

    def left_out(self) -> list[Problem]:
        """Return a sentence for each kind of problem of which only the first ones are listed."""
        message = N_("There are {n} more like this; they are not listed.")
        last = {(p.code, p.severity): p.place for p in self.problems}
        return [
            Problem(code, message, {"n": n - MOST_OF_A_KIND}, last.get((code, severity)), severity)
            for (code, severity), n in self._counts.items()
            if n > MOST_OF_A_KIND
        ]

    def forget(self, before: int) -> None:
        """Take back all problems but the first `before`, and what was counted."""
        del self.problems[before:]
        self._counts.clear()

    def get(self, row: Row, column: str) -> Value | None:
        """Return the value of a cell, None when it is empty or bad."""
        cell = row.cells.get(column)
        if cell is None or (self._bad and (id(row), column) in self._bad):
            return None
        return cell.value

    def text(self, row: Row, column: str) -> str:
        """Return the text of a cell, empty when it is empty or bad."""
        value = self.get(row, column)
        return "" if value is None else str(value)

    def number(self, row: Row, column: str) -> float | None:
        """Return the number of a cell, None when it is empty or bad."""
        value = self.get(row, column)
        return value if isinstance(value, float) else None

    def bad(self, row: Row, column: str) -> bool:
        """Return whether something is wrong with the cell."""
        return (id(row), column) in self._bad or row.broken(column)

    def ids(self, table: str) -> Collection[str]:
        """Return the ids that stand in `table`, right or wrong as their rows may be.

        Those that always exist come first; ``"quantities"`` stands for flows, stocks with their
        changes, and parameters together.
        """
        if table not in self._ids:
            self._ids[table] = dict.fromkeys(self._typed_ids(table))
        return self._ids[table].keys()

    def know(self, table: str, ids: Iterable[str]) -> None:
        """Take `ids` for those that stand in `table`, instead of looking into its rows."""
        self._names.clear()
        self._ids[table] = dict.fromkeys(ids)

    def _typed_ids(self, table: str) -> list[str]:
        if table == "quantities":
            ids = [name for part in QUANTITIES for name in self.ids(part)]
            return [*ids, *(f"{name}.change" for name in self.ids("stocks"))]
        typed = [row.text("id") for row in self.tables[table] if row.text("id")]
        return [*ALWAYS.get(table, ()), *typed]


def check_cells(checked: Checked) -> None:
    """Check every cell of every table but the case by itself, and the ids of each table."""
    for sheet in SHEETS:
        if sheet.keys:
            continue
        columns = {column.name: column for column in sheet.columns}
        absent = _absent_columns(checked, sheet.name)
        required = [c.name for c in sheet.columns if c.required and c.name not in absent]
        fine: set[tuple[str, Value]] = set()  # a large sheet repeats the same few values
        for row in checked.tables[sheet.name]:
            for name in required:
                if name not in row.cells:
                    check_cell(checked, row, columns[name], name)
            for name, cell in row.cells.items():
                value = cell.value
                if value is not None and (name, value) in fine:
                    continue
                column = columns.get(name)
                if column and check_cell(checked, row, column, name) and value is not None:
                    fine.add((name, value))
        if sheet.columns[0].name == "id":
            _check_ids(checked, sheet)


def _absent_columns(checked: Checked, table: str) -> set[object]:
    """Return the required columns that a table lacks: they were reported once, as a whole."""
    rows = checked.tables[table]
    here = (rows[0].place.sheet, rows[0].place.file) if rows else ("", "")
    return {
        problem.values["column"]
        for problem in checked.problems
        if problem.code == "missing-column"
        and problem.place is not None
        and (problem.place.sheet, problem.place.file) == here
    }


def check_cell(checked: Checked, row: Row, column: Column, name: str) -> bool:
    """Check the cell of `row` in the column `name` by the rules of `column`; return if it fits."""
    value = row.get(name)
    if value is None:
        if column.required and not row.broken(name):
            message = N_("A value is missing in column “{column}”.")
            checked.report(error("missing-value", message, column=column.titled), row, name)
        return False
    rule = _RULES.get(column.kind)
    problem = rule(checked, column, value) if rule else None
    if problem:
        checked.report(problem, row, name)
    return problem is None


def _check_ids(checked: Checked, sheet: Sheet) -> None:
    """Report ids that stand twice; flows and parameters may repeat for periods and regions."""
    seen: dict[tuple[str, str, str], Row] = {}
    tables = QUANTITIES if sheet.name in QUANTITIES else (sheet.name,)
    others = [t for t in tables if tables.index(t) < tables.index(sheet.name)]
    earlier = {r.text("id"): r for t in others for r in checked.tables[t]}
    message = N_("The id “{id}” is taken already at {other}. Ids must be unique.")
    for row in checked.tables[sheet.name]:
        name = row.text("id")
        own = (row.text("period"), row.text("region")) if sheet.name in REPEATED else ("", "")
        key = (name, *own)
        if not name:
            continue
        first = earlier.get(name) or seen.get(key)
        if first:
            problem = error("id-duplicate", message, id=name, other=str(first.at("id")))
            checked.report(problem, row, "id")
        seen.setdefault(key, row)


def _id(checked: Checked, column: Column, value: Value) -> Problem | None:
    if _NAME.fullmatch(str(value)):
        return None
    message = N_("“{id}” cannot be an id. Use letters, digits and _ only, and begin with a letter.")
    return error("bad-id", message, id=str(value))


def _number(checked: Checked, column: Column, value: Value) -> Problem | None:
    if isinstance(value, str):
        message = N_("“{text}” stands where a number belongs.")
        return error("not-a-number", message, text=value)
    if abs(value) > LARGEST:
        message = N_("{value} is too large for any amount. Look for a slip in the number.")
        return error("number-too-large", message, value=f"{value:g}")
    return None


def _share(checked: Checked, column: Column, value: Value) -> Problem | None:
    if isinstance(value, float) and not 0 <= value <= 1:
        message = N_("{value} is not a share; a number from 0 to 1 is expected.")
        return error("share-range", message, value=f"{value:g}")
    return _number(checked, column, value)


def _score(checked: Checked, column: Column, value: Value) -> Problem | None:
    if value not in (1, 2, 3, 4):
        message = N_("{value} is not a score; 1 (best), 2, 3 or 4 (worst) is expected.")
        return error("score-range", message, value=_short(value))
    return None


def _integer(checked: Checked, column: Column, value: Value) -> Problem | None:
    if isinstance(value, float) and not value.is_integer():
        message = N_("{value} is not a whole number.")
        return error("not-whole", message, value=_short(value))
    return _number(checked, column, value)


def _short(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _unit(checked: Checked, column: Column, value: Value) -> Problem | None:
    from mfa.units import parse_unit

    settings = checked.tables.settings()
    region = settings["sao_region"].text("value") if "sao_region" in settings else ""
    try:
        known = region if region in options("sao_region", "en") else ""
        parse_unit(str(value), known, hint=not checked.enough("unknown-unit"))
    except UnitError as refusal:
        return refusal.problems[0]
    return None


def _choice(checked: Checked, column: Column, value: Value) -> Problem | None:
    text = str(value)
    words = options(column.choices, "en")
    if text in words:
        return None
    labels = [*words, *words.values(), *options(column.choices, "vi").values()]
    near = _longer(text, labels) or nearest(text, labels, 0.6 if column.closed else 0.8)
    if near and column.closed:
        message = N_("“{word}” is not in the list. Did you mean “{near}”?")
        return error("unknown-choice", message, word=text, near=near)
    if near and canonical(column.choices, near) != text:
        message = N_("“{word}” is taken as a word of your own. Did you mean “{near}”?")
        return warning("unknown-choice", message, word=text, near=near)
    if column.closed:
        message = N_("“{word}” is not in the list. One of these is expected: {words}.")
        listed = tuple(Word(label) for label in words.values())
        return error("unknown-choice", message, word=text, words=listed)
    return None


def _longer(text: str, labels: Iterable[str]) -> str | None:
    """Return the one of `labels` that begins with the words of `text`, if there is just one."""
    found = [label for label in labels if key_of(label).startswith(f"{key_of(text)} ")]
    return found[0] if len(found) == 1 else None


def _reference(checked: Checked, column: Column, value: Value) -> Problem | None:
    known = checked.ids(column.choices)
    # A list of materials is optional: without one, any name is a material.
    if str(value) in known or (column.choices == "materials" and not known):
        return None
    return checked.unknown(column.choices, str(value), known)


def _label(kind: str) -> Callable[[Checked, Column, Value], Problem | None]:
    def rule(checked: Checked, column: Column, value: Value) -> Problem | None:
        known = checked.periods if kind == "periods" else checked.regions
        if kind == "periods" and not known:
            return None
        if column.choices == "opening" and value == opening(known[0]):
            return None
        return None if str(value) in known else checked.unknown(kind, str(value), known)

    return rule


def opening(first: str) -> str:
    """Return the label of the year before the period `first`, empty when it is no year.

    A stock may be observed at the end of that year: its level when the account opens.

    Examples
    --------
    >>> opening("2023"), opening("dry season")
    ('2022', '')
    """
    return str(int(first) - 1) if first.isdecimal() else ""


def _year(checked: Checked, column: Column, value: Value) -> Problem | None:
    """Check what is written in digits; “n.d.” or “2020 target” is left as it is."""
    text = str(value)
    if not _DIGITS.fullmatch(text):
        return None
    years = [int(number) for number in re.findall(r"\d{3,}", text)]
    if not years or years != sorted(years):
        message = N_("“{text}” is not a year. Write 2023, or 2019–2021 for several years.")
        return error("not-a-year", message, text=text)
    if not EARLIEST_YEAR <= years[0] <= years[-1] <= LATEST_YEAR:
        message = N_("The year {text} is out of range; {first} to {last} is expected.")
        return error("year-range", message, text=text, first=EARLIEST_YEAR, last=LATEST_YEAR)
    return None


_RULES: dict[str, Callable[[Checked, Column, Value], Problem | None]] = {
    "id": _id,
    "number": _number,
    "share": _share,
    "score": _score,
    "integer": _integer,
    "unit": _unit,
    "choice": _choice,
    "reference": _reference,
    "period": _label("periods"),
    "region": _label("regions"),
    "year": _year,
}
