"""Views: the rows of one view become the groups of one Sankey diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.errors import Problem
from mfa.locale import N_
from mfa.vocabulary import SECTORS, STAGES
from mfa.workbook.case_settings import split_list
from mfa.workbook.checks import Checked, unknown
from mfa.workbook.choices import canonical
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Row
from mfa.workbook.text import key_of, nearest

if TYPE_CHECKING:
    from mfa.model.system import System
    from mfa.model.view import ViewGroup

REST = "*"
_KINDS = {"ngành": "sector", "giai đoạn": "stage", "sector": "sector", "stage": "stage"}


def add_views(checked: Checked, system: System) -> None:
    """Add every view of the table; its own columns are read from its first row."""
    views: dict[str, list[Row]] = {}
    for row in checked.tables["views"]:
        if checked.text(row, "view"):
            views.setdefault(checked.text(row, "view"), []).append(row)
    for name, rows in views.items():
        _check_doubles(checked, rows)
        groups = [_group(checked, system, row) for row in rows if row.text("group")]
        first = rows[0]
        system.view(
            name,
            groups,
            name_en=checked.text(first, "view_name_en"),
            name_vi=checked.text(first, "view_name_vi"),
            layer=checked.text(first, "layer") or "goods",
            colour_by=checked.text(first, "colour_by") or "mf_code",
            place=first.at("view"),
        )


def _group(checked: Checked, system: System, row: Row) -> ViewGroup:
    from mfa.model.view import ViewGroup

    members = _members(row)
    known = []
    for member in members:
        problem = _member_problem(checked, system, member)
        if problem:
            checked.report(problem, row, "members")
        if problem is None or problem.severity == "warning":
            known.append(member)
    column, order = checked.number(row, "column"), checked.number(row, "order")
    return ViewGroup(
        row.text("group"),
        tuple(known),
        name_en=checked.text(row, "name_en"),
        name_vi=checked.text(row, "name_vi"),
        column=None if column is None else int(column),
        order=order,
        place=row.at("group"),
    )


def _members(row: Row) -> list[str]:
    """Return the members of a group, sectors and stages by their machine names.

    Either language is understood: ``ngành:Nông nghiệp`` is ``sector:agriculture``.
    """
    members = []
    for member in split_list(row.text("members")):
        kind, colon, word = (part.strip() for part in member.partition(":"))
        if colon:
            kind = _KINDS.get(key_of(kind), kind)
            word = canonical(kind, word) if kind in ("sector", "stage") else word
        members.append(f"{kind}{colon}{word}")
    return members


def _member_problem(checked: Checked, system: System, member: str) -> Problem | None:
    """Return what is wrong with one member of a group."""
    kind, colon, word = member.partition(":")
    if member == REST:
        return None
    if not colon:
        known = checked.ids("processes")
        return None if member in known else unknown("processes", member, known)
    if kind not in ("sector", "stage"):
        message = N_("“{member}” is not understood. Write sector:<sector> or stage:<stage>.")
        return error("unknown-member", message, member=member)
    used = {getattr(process, kind) for process in system.processes.values()}
    if word in used:
        return None
    near = nearest(word, sorted(used - {""}))
    if near:
        message = N_("No process has “{member}”. Did you mean “{near}”?")
        return error("unknown-member", message, member=member, near=f"{kind}:{near}")
    message = N_("No process has “{member}”; the group stays empty.")
    listed = word in (SECTORS if kind == "sector" else STAGES)
    return (warning if listed else error)("unknown-member", message, member=member)


def _check_doubles(checked: Checked, rows: list[Row]) -> None:
    """Report groups and members that stand twice in one view."""
    groups: set[str] = set()
    members: dict[str, str] = {}
    for row in rows:
        group = row.text("group")
        if group in groups:
            message = N_(
                "The group “{group}” stands twice in the view; put its members into one row."
            )
            checked.report(error("double-group", message, group=group), row, "group")
        groups.add(group)
        for member in _members(row):
            if member in members:
                message = N_("“{member}” is a member of the group “{group}” already.")
                values = {"member": member, "group": members[member]}
                checked.report(error("double-member", message, **values), row, "members")
            members.setdefault(member, group)
