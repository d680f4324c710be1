"""Names of a system: where they lead, and the nearest one when they lead nowhere."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mfa.errors import Place, Problem, Word
from mfa.model.relation import Call, Name, Node, walk

if TYPE_CHECKING:
    from mfa.model.system import System


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the known name nearest to `name`, blind to accents and case ("" when none is near).

    Examples
    --------
    >>> suggest("mil", ["mill", "market"]), suggest("Phu Son", ["Phú Sơn"])
    ('mill', 'Phú Sơn')
    """
    folded = {_fold(item): item for item in known}
    match = difflib.get_close_matches(_fold(name), list(folded), n=1, cutoff=0.6)
    return folded[match[0]] if match else ""


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def unknown(code: str, what: Word, name: str, known: Iterable[str], place: Place | None) -> Problem:
    """Return the problem “no such …”, with the nearest known name when there is one."""
    near = suggest(name, known)
    if near:
        return Problem(
            code,
            "There is no {what} “{name}”. Did you mean “{near}”?",
            {"what": what, "name": name, "near": near},
            place,
        )
    return Problem(
        code,
        "There is no {what} “{name}”. Add it, or correct the name.",
        {"what": what, "name": name},
        place,
    )


def quantity_names(system: System) -> set[str]:
    """Return every name a formula may use."""
    return {
        *system.flows,
        *system.stocks,
        *system.parameters,
        *(f"{name}.change" for name in system.stocks),
    }


def names_in(system: System, node: Node, names: set[str], place: Place | None) -> list[Problem]:
    """Return a problem for every name of an expression that leads nowhere."""
    problems = []
    for item in walk(node):
        if isinstance(item, Name) and item.id not in names:
            problems.append(unknown("unknown-quantity", Word("quantity"), item.id, names, place))
        elif isinstance(item, Name):
            labels = {*system.periods, *system.regions}
            problems += [
                unknown("unknown-label", Word("period or region"), label, labels, place)
                for label in item.labels
                if label not in labels
            ]
        elif isinstance(item, Call):
            kind, known = (
                (Word("material"), system.materials)
                if item.function == "sum"
                else (Word("process"), system.processes)
            )
            if item.argument not in known:
                problems.append(unknown(f"unknown-{kind}", kind, item.argument, known, place))
            elif item.layer and item.layer not in system.layers:
                problems.append(
                    unknown("unknown-layer", Word("layer"), item.layer, system.layers, place)
                )
            elif not flows_of(system, item):
                problems.append(
                    Problem(
                        "empty-sum",
                        "“{function}({name})” has no flow.",
                        {"function": item.function, "name": item.argument},
                        place,
                    )
                )
    return problems


def flows_of(system: System, call: Call) -> list[str]:
    """Return the flows that ``in(p)``, ``out(p)`` or ``sum(material)`` adds up, in one layer.

    Without a layer it is goods, or the only layer in which there are such flows.
    """
    flows = system.flows
    if call.function == "sum":
        from mfa.model.quantity import descendants

        family = descendants(system.materials, call.argument)
        mask = [name in family for name in flows.column("material")]
    else:
        mask = flows.column("target" if call.function == "in" else "source") == call.argument
    ids, layers = flows.column("id")[mask], flows.column("layer")[mask]
    layer = call.layer or ("goods" if "goods" in layers else (layers[0] if len(layers) else ""))
    return list(dict.fromkeys(ids[layers == layer].tolist()))
