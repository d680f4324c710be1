"""Which processes a view puts into which node, what kind of node that is, and its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mfa.errors import InputError, Problem
from mfa.locale import translator
from mfa.vocabulary import BOUNDARIES, SECTORS, STAGES, label

if TYPE_CHECKING:
    from mfa.model.quantity import Process
    from mfa.model.system import System
    from mfa.model.view import View, ViewGroup

ELSEWHERE = "elsewhere"
_FIELDS = {"sector": SECTORS, "stage": STAGES}
_OUTSIDE = {"import", "export", "environment"}


def resolve_groups(system: System, view: View) -> dict[str, str]:
    """Return process → node of the view.

    A process named by its id belongs to that group whatever sector or stage other groups take;
    ``*`` takes the inside processes nobody names. What no group holds belongs to the node
    ``"elsewhere"`` when inside, to a node of its own when outside. Without groups every process is
    its own node.

    Raises
    ------
    InputError
        A member is unknown, or two groups claim a process with equal right.
    """
    processes = {process.id: process for process in system.processes.rows()}
    if not view.groups:
        return {identifier: identifier for identifier in processes}
    problems: list[Problem] = []
    held: dict[str, str] = {}
    for kindred in (False, True):
        claimed: dict[str, str] = {}
        for group, member in _claims(view, kindred):
            found = _members(member, processes)
            if found is None:
                problems.append(_unknown(view, group, member, system))
            for identifier in found or ():
                if identifier in held:
                    continue
                if claimed.setdefault(identifier, group.id) != group.id:
                    problems.append(_twice(view, group, identifier, claimed[identifier]))
        held |= claimed
    if problems:
        raise InputError(problems)
    rest = next((group.id for group in view.groups if "*" in group.members), ELSEWHERE)
    return {
        identifier: held.get(identifier, rest if process.boundary == "inside" else identifier)
        for identifier, process in processes.items()
    }


def _claims(view: View, kindred: bool) -> Iterator[tuple[ViewGroup, str]]:
    """Yield the members that name a process, or those that name a kind (sector or stage)."""
    for group in view.groups:
        for member in group.members:
            if member != "*" and (":" in member) == kindred:
                yield group, member


def _members(member: str, processes: dict[str, Process]) -> list[str] | None:
    """Return the processes a member names, None when it names nothing that could exist.

    Sectors and stages hold inside processes only; one of the vocabulary may be empty.
    """
    field, colon, value = (part.strip() for part in member.partition(":"))
    if not colon:
        return [member] if member in processes else None
    if field not in _FIELDS:
        return None
    found = [
        identifier
        for identifier, process in processes.items()
        if getattr(process, field) == value and process.boundary == "inside"
    ]
    return found if found or value in _FIELDS[field] else None


def _unknown(view: View, group: ViewGroup, member: str, system: System) -> Problem:
    from mfa.model.names import suggest

    near = suggest(member, [*system.processes, *(f"sector:{s}" for s in SECTORS)])
    values = {"view": view.id, "group": group.id, "member": member, "near": near}
    if near:
        return Problem(
            "unknown-view-member",
            "Group “{group}” of the view “{view}” names “{member}”, which is no process, sector "
            "or stage of this case; did you mean “{near}”?",
            values,
            group.place,
        )
    return Problem(
        "unknown-view-member",
        "Group “{group}” of the view “{view}” names “{member}”, which is no process, sector or "
        "stage of this case. Write process ids, sector:…, stage:… or *.",
        values,
        group.place,
    )


def _twice(view: View, group: ViewGroup, process: str, other: str) -> Problem:
    return Problem(
        "view-process-twice",
        "In the view “{view}” the process “{process}” stands in the groups “{first}” and "
        "“{second}”; it may stand in one.",
        {"view": view.id, "process": process, "first": other, "second": group.id},
        group.place,
    )


def node_kinds(system: System, groups: dict[str, str]) -> dict[str, str]:
    """Return node → kind: that of its processes when all lie on the same side outside."""
    found: dict[str, set[str]] = {}
    for process in system.processes.rows():
        found.setdefault(groups[process.id], set()).add(process.boundary)
    kinds = {
        node: next(iter(sides)) if len(sides) == 1 and sides <= _OUTSIDE else "process"
        for node, sides in found.items()
    }
    if ELSEWHERE in kinds:
        kinds[ELSEWHERE] = "elsewhere"
    return kinds


def node_title(
    system: System, group: ViewGroup | None, members: list[str], node: str, language: str
) -> str:
    """Return the name of a node: its own, else its only process's, sector's or stage's."""
    if group is not None and group.name(language) != group.id:
        return group.name(language)
    if group is not None and len(group.members) == 1:
        field, _colon, value = group.members[0].partition(":")
        if value in _FIELDS.get(field, ()):
            return label(field, value, language)
    if len(members) == 1 and node != ELSEWHERE:
        process = system.processes[members[0]]
        if process.name(language) == process.id and process.id in BOUNDARIES:
            return label("boundary", process.id, language)
        return process.name(language)
    if node == ELSEWHERE:
        _ = translator(language)
        return _("Other processes")
    return node
