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
from mfa.workbook.rows import letters
from mfa.workbook.schema import find_sheet, sheet
from mfa.workbook.xlsx import column_number

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
    found = _merged(_bad_ids(problems))
    for kind in UNKNOWN:
        named = [p for p in _named(kind, found) if p.cause is None]
        if not named:
            continue
        total = checked.count(UNKNOWN[kind][0])
        root = _root(checked, kind, found, named, max(total, len(named)))
        found = _grouped(found, named) if root is None else _below(found, named, root)
    return _to_the_root(found)


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
    if kind in ("periods", "regions"):
        root = _undeclared(checked, kind, named, n)
        return None if root is None else (None, root, every)
    for table in _TABLES.get(kind, (kind,)):
        rows = checked.tables[table]
        if not rows:
            if n == 1 or (kind == "quantities" and table != "flows"):
                continue
            old = _unread(table, problems)
            return old, _absent(checked, table, old, named, n), every
        lost = _without_id(rows, problems)
        strange = [p for p in named if "near" not in p.values] or list(named)
        if lost:
            return lost[0], _lost(lost, strange), strange
    return None


def _undeclared(checked: Checked, kind: str, named: Sequence[Problem], n: int) -> Problem | None:
    """Return the problem of the sheet Case that its labels are none of those in use.

    None when some are: then the others are slips where they stand.
    """
    labels = checked.periods if kind == "periods" else checked.regions
    if labels:
        return None if _in_use(checked, kind, labels) else _misread(checked, kind, named, n)
    message = N_(
        "No regions stand here, but {n} cells name some. Write them with commas ({names}); if "
        "they are parts of a whole, put its name and a colon before them."
    )
    place = checked.tables.blank.get(kind) or _place_of_sheet(checked, "case")
    return error("no-regions", message, place, n=n, names=_names(named))


def _in_use(checked: Checked, kind: str, labels: Sequence[str]) -> bool:
    column = kind.removesuffix("s")
    tables = checked.tables.values()
    return any(row.text(column) in labels for rows in tables for row in rows)


def _misread(checked: Checked, kind: str, named: Sequence[Problem], n: int) -> Problem | None:
    """Return the problem that a list of labels was not written as one."""
    row = checked.tables.settings().get(kind)
    if row is None or n == 1:
        return None
    message = N_(
        "“{text}” is taken as {labels}, but {n} cells name {names}. Write the names here as the "
        "cells have them, with commas between."
    )
    labels = checked.periods if kind == "periods" else checked.regions
    values = {"text": row.text("value"), "labels": labels, "n": n, "names": _names(named)}
    return error(f"other-{kind}", message, row.at("value"), **values)


def _bad_ids(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems with those that name an id wrongly spelt where it stands below that."""
    wrong = {p.values["id"]: p.place for p in problems if p.code == "bad-id"}
    codes = {code for code, *_ in UNKNOWN.values()}
    return [
        replace(p, cause=wrong[p.values["near"]])
        if p.code in codes and p.values.get("near") in wrong
        else p
        for p in problems
    ]


def _merged(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems with the cells that are empty because they were merged below that."""
    covered: dict[str, Problem] = {}
    for problem in problems:
        if problem.code == "merged-cells" and problem.place is not None:
            first, _, last = str(problem.values["area"]).partition(":")
            for cell in _cells(first, last or first):
                covered[f"{problem.place.sheet}!{cell}"] = problem
    below = {
        str(p.place): covered[str(p.place)]
        for p in problems
        if p.code == "missing-value" and str(p.place) in covered
    }
    causes = {id(cause) for cause in below.values()}
    return [
        replace(p, severity="error")
        if id(p) in causes
        else replace(p, cause=below[str(p.place)].place)
        if p.code == "missing-value" and str(p.place) in below
        else p
        for p in problems
    ]


def _cells(first: str, last: str) -> list[str]:
    """Return the cells of an area, a thousand of them at most."""
    (left, top), (right, bottom) = _split(first), _split(last)
    return (
        [
            f"{letters(column)}{row}"
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        ][:1000]
        if (bottom - top) * (right - left) < 1_000_000
        else []
    )


def _split(cell: str) -> tuple[int, int]:
    name = cell.rstrip("0123456789")
    return column_number(name), int(cell[len(name) :] or 0)


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


def _to_the_root(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems, each below the one with which it all began."""
    roots = {str(p.place) for p in problems if p.cause is None}
    above = {str(p.place): p.cause for p in problems if p.cause and str(p.place) not in roots}
    found = []
    for problem in problems:
        cause, seen = problem.cause, set[str]()
        while str(cause) in above and str(cause) not in seen:
            seen.add(str(cause))
            cause = above[str(cause)]
        found.append(problem if cause is problem.cause else replace(problem, cause=cause))
    return found


def _names(named: Sequence[Problem]) -> str:
    names = list(dict.fromkeys(str(p.values["name"]) for p in named))
    return ", ".join(names[:SHOWN]) + ("…" if len(names) > SHOWN else "")


def _place_of_sheet(checked: Checked, table: str) -> Place:
    rows = checked.tables[table]
    if rows:
        return Place(rows[0].place.sheet, "", rows[0].place.file)
    return Place(file=checked.tables.source)
