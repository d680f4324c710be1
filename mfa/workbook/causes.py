"""Which problems only follow from another: one lost id is one mistake, however many cells name it.

Nothing is dropped: what follows keeps its cell and its sentence, and knows the place of its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mfa.errors import Place, Problem
from mfa.locale import N_
from mfa.workbook.checks import QUANTITIES, UNKNOWN, Checked
from mfa.workbook.problems import error
from mfa.workbook.raw import Row
from mfa.workbook.schema import find_sheet, sheet

_TABLES = {"quantities": QUANTITIES, "periods": (), "regions": ()}
_UNREAD = ("unknown-table", "no-header", "not-utf-8", "not-text", "csv-unreadable")
"""Problems for which a whole sheet was not read."""
SHOWN = 5
"""How many names a sentence lists."""


def with_causes(checked: Checked, problems: Sequence[Problem]) -> list[Problem]:
    """Return `problems` in their order, those that follow from another with the place of that one.

    A cause that no problem names yet (regions that are not declared, a sheet that is not there) is
    added in front. Alike are taken: the names that a sheet lacks because it was not read, or has a
    row without an id; and the same unknown name, which is one slip in many cells.
    """
    found = list(problems)
    for kind in UNKNOWN:
        named = _named(kind, found)
        if not named:
            continue
        total = checked.count(UNKNOWN[kind][0])
        root = _root(checked, kind, found, named, max(total, len(named)))
        found = _grouped(found, named) if root is None else _below(found, named, root)
    return found


def _named(kind: str, problems: Sequence[Problem]) -> list[Problem]:
    """Return the errors that say that a name of `kind` is not known, in their order."""
    code = UNKNOWN[kind][0]
    return [p for p in problems if p.code == code and p.severity == "error" and "name" in p.values]


def _root(
    checked: Checked, kind: str, problems: Sequence[Problem], named: Sequence[Problem], n: int
) -> tuple[Problem | None, Problem, list[Problem]] | None:
    """Return the problem that causes others: as it stands so far, as it is to be told, and those.

    None when every name stands for itself. `n` cells are concerned, more than are listed perhaps.
    """
    uncounted = [p for p in problems if p.code == UNKNOWN[kind][0] and "name" not in p.values]
    every = [*named, *uncounted]
    if kind == "regions":
        return None if checked.regions else (None, _undeclared(checked, named, n), every)
    for table in _TABLES.get(kind, (kind,)):
        rows = checked.tables[table]
        if not rows:
            if kind == "quantities" and table != "flows":
                continue
            old = _unread(table, problems)
            return old, _absent(checked, table, old, named, n), every
        lost = _without_id(rows, problems)
        strange = [p for p in named if "near" not in p.values] or list(named)
        if lost:
            return lost[0], _lost(lost, strange), strange
    return None


def _undeclared(checked: Checked, named: Sequence[Problem], n: int) -> Problem:
    """Return the problem that regions are used which the sheet Case does not declare."""
    message = N_(
        "No regions stand here, but {n} cells name some. Write them with commas ({names}); if "
        "they are parts of a whole, put its name and a colon before them."
    )
    place = checked.tables.blank.get("regions") or _place_of_sheet(checked, "case")
    return error("no-regions", message, place, n=n, names=_names(named))


def _unread(table: str, problems: Sequence[Problem]) -> Problem | None:
    """Return the problem that explains why `table` has no rows, if one was found."""
    for problem in problems:
        titles = [problem.values.get("meant"), problem.place and problem.place.sheet]
        titles += [problem.place.file.rpartition(".")[0]] if problem.place else []
        if problem.code in _UNREAD and any(_means(str(t), table) for t in titles if t):
            return problem
    return None


def _means(title: str, table: str) -> bool:
    meant = find_sheet(title)
    return meant is not None and meant.name == table


def _absent(
    checked: Checked, table: str, old: Problem | None, named: Sequence[Problem], n: int
) -> Problem:
    """Return the problem that a whole sheet is missing or empty; `old` says why, if known."""
    if old is not None:
        return replace(old, severity="error")
    title = sheet(table).title(checked.tables.language)
    message = N_(
        "The sheet “{sheet}” is missing or has no rows, but {n} cells name rows of it: {names}."
    )
    place = Place(file=checked.tables.source)
    values = {"sheet": title, "n": n, "names": _names(named)}
    return error("missing-table", message, place, **values)


def _without_id(rows: Sequence[Row], problems: Sequence[Problem]) -> list[Problem]:
    """Return the errors at cells of `rows` in which an id should stand and none does."""
    empty = {str(row.at("id")) for row in rows if row.get("id") is None}
    here = (rows[0].place.sheet, rows[0].place.file)
    return [
        p
        for p in problems
        if p.place is not None
        and p.severity == "error"
        and (
            str(p.place) in empty
            or (p.values.get("column") == "id" and (p.place.sheet, p.place.file) == here)
        )
    ]


def _lost(lost: Sequence[Problem], strange: Sequence[Problem]) -> Problem:
    """Return the first of the problems `lost`; the id that is missing is named where it is clear.

    It is clear when one row has none and one name leads nowhere.
    """
    names = {p.values["name"] for p in strange}
    if len(lost) > 1 or len(names) > 1 or lost[0].code != "missing-value":
        return lost[0]
    message = N_(
        "The id of this row is missing. {n} cells name “{name}”, which stands nowhere: was that "
        "it? Then write it here."
    )
    values = {**lost[0].values, "n": len(strange), "name": names.pop()}
    return replace(lost[0], message=message, values=values)


def _below(
    problems: Sequence[Problem],
    named: Sequence[Problem],
    root: tuple[Problem | None, Problem, list[Problem]],
) -> list[Problem]:
    """Return the problems with those that `root` causes below it; the others of `named` grouped."""
    old, new, following = root
    below = {id(p) for p in following}
    found = [
        new if p is old else replace(p, cause=new.place) if id(p) in below else p for p in problems
    ]
    rest = [p for p in named if id(p) not in below]
    return _grouped(found if old is not None else [new, *found], rest)


def _grouped(problems: Sequence[Problem], named: Sequence[Problem]) -> list[Problem]:
    """Return the problems, every further cell with the same unknown name below the first one."""
    first: dict[object, Problem] = {}
    causes = {}
    for problem in named:
        head = first.setdefault(problem.values["name"], problem)
        if head is not problem and head.place is not None:
            causes[id(problem)] = head.place
    return [replace(p, cause=causes[id(p)]) if id(p) in causes else p for p in problems]


def _names(named: Sequence[Problem]) -> str:
    names = list(dict.fromkeys(str(p.values["name"]) for p in named))
    return ", ".join(names[:SHOWN]) + ("…" if len(names) > SHOWN else "")


def _place_of_sheet(checked: Checked, table: str) -> Place:
    rows = checked.tables[table]
    if rows:
        return Place(rows[0].place.sheet, "", rows[0].place.file)
    return Place(file=checked.tables.source)
