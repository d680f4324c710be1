"""The command ``mfa scenario``: what each scenario does, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mfa.cli_errors import spoken
from mfa.cli_help import Command
from mfa.cli_options import (
    case_argument,
    json_option,
    language_option,
    open_named,
    pick_scenario,
)
from mfa.cli_text import say, say_json, shorten, step, table_lines
from mfa.errors import ConvergenceError, InfeasibleError, InputError
from mfa.locale import N_, translator
from mfa.model.intervention import REFERENCE

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.case import Case
    from mfa.model.intervention import Intervention, Scenario
    from mfa.model.system import System

LISTED, ALONE = 12, 40
"""How many changes are shown of each scenario, and of one that is asked for alone."""
SHOWN = 8
_ACTIONS = {
    "set": N_("set to"),
    "multiply": N_("multiply by"),
    "add": N_("add"),
    "release": N_("release"),
}


@click.command(cls=Command)
@case_argument
@click.argument("name", metavar="[NAME]", required=False)
@language_option("Language of messages (default: the environment's, else the case's first).")
@json_option
def scenario(case: str, name: str | None, language: str | None, as_json: bool) -> None:
    """List the scenarios of a case and what each changes.

    A scenario is a set of interventions (sheet Interventions); the same system is balanced with
    the edited data and compared with the case as it is.
    """
    opened = open_named(case)
    _ = translator(spoken())
    known = opened.scenarios
    chosen = list(known) if name is None else [pick_scenario(name, opened)]
    chosen = [item for item in chosen if item != REFERENCE]
    with step(_("Balancing…")):
        reference = opened.balance()
        accounts = {item: _balanced(opened, item) for item in chosen}
    if as_json:
        say_json([_record(known[item], accounts[item], reference) for item in chosen])
        return
    if not chosen:
        say([_("The case has no scenario. Write interventions on the sheet Interventions.")])
        return
    lines: list[str] = []
    for item in chosen:
        most = LISTED if name is None else ALONE
        lines += [*_lines(known[item], accounts[item], reference, most), ""]
    say(lines[:-1])


def _balanced(case: Case, name: str) -> Account | Exception:
    try:
        return case.balance(name)
    except (InputError, InfeasibleError, ConvergenceError) as error:
        return error


def _lines(
    scenario: Scenario, account: Account | Exception, reference: Account, most: int
) -> list[str]:
    language = spoken()
    _ = translator(language)
    lines = [click.style(f"{scenario.name(language)} ({scenario.id})", bold=True)]
    rows = [_cells(item, reference.system, language) for item in scenario.interventions]
    titles = [_("Quantity"), _("Intervention"), _("Value"), _("Unit"), _("Source")]
    lines += [*table_lines(titles, rows, (0, 1, 3, 4)), ""]
    if isinstance(account, Exception):
        problems = getattr(account, "problems", ())
        return [*lines, _("It has no balance: its figures cannot hold together."),
                *(f"  {problem.text(language)}" for problem in problems)]  # fmt: skip
    return [*lines, *_changes(account, reference, most), *_doubts(account, reference)]


def _cells(item: Intervention, system: System, language: str) -> list[str]:
    from mfa.locale.numbers import format_value
    from mfa.sankey.texts import unit_text

    _ = translator(language)
    labels = ", ".join(x for x in (item.period, item.region) if x)
    name = shorten(quantity_name(system, item.quantity, language))
    value = ""
    if item.value is not None:
        value = _as_given(item.value, language)
        value += f" ± {format_value(item.sd, language=language)}" if item.sd else ""
    unit = item.unit
    if unit is None and item.action in ("set", "add"):
        unit = system._unit_of(item.quantity)
    return [
        f"{name} [{labels}]" if labels else name,
        _(_ACTIONS[item.action]),
        value,
        unit_text(unit or "", language),
        item.source,
    ]


def _as_given(value: float, language: str) -> str:
    from mfa.locale.numbers import format_number
    from mfa.report.tables import given_decimals

    return format_number(value, given_decimals(value), language)


def quantity_name(system: System, identifier: str, language: str) -> str:
    """Return the name of a flow, stock, stock change or parameter; a formula as it is."""
    base = identifier.removesuffix(".change")
    if base != identifier and base in system.stocks:
        return translator(language)("{stock}, change", stock=system.stocks[base].name(language))
    for table in (system.flows, system.stocks, system.parameters):
        if identifier in table:
            return table[identifier].name(language)
    return identifier


def _changes(account: Account, reference: Account, most: int) -> list[str]:
    from mfa.cli_compare import change_lines
    from mfa.comparison import compare

    return change_lines(compare(reference, account), spoken(), most)


def _doubts(account: Account, reference: Account) -> list[str]:
    """Return what the scenario contradicts, and what it pushes to a limit."""
    from mfa.locale.numbers import format_number
    from mfa.scenarios import contradictions, new_limits

    language = spoken()
    _ = translator(language)
    lines = []
    found = contradictions(account, reference)
    if found:
        lines += ["", _("Figures that contradict this scenario, but not the case as it is: release "
                        "them, or change the intervention.")]  # fmt: skip
    for item in found[:SHOWN]:
        n = format_number(item.normalised, 1, language)
        parts = (f"  {item.quantity} ({item.id})", item.source, f"{n} σ", item.place)
        lines.append(" · ".join(part for part in parts if part))
    if len(found) > SHOWN:
        lines.append(_("  … and {n} more; --json lists them all.", n=len(found) - SHOWN))
    limits = new_limits(account, reference)
    if limits:
        shown = ", ".join(limits[:SHOWN]) + (" …" if len(limits) > SHOWN else "")
        lines += ["", _("Held at their limits in this scenario: {names}", names=shown)]
    return lines


def _record(scenario: Scenario, account: Account | Exception, reference: Account) -> dict[str, Any]:
    """Return a scenario for programs: interventions, changes, contradictions, limits."""
    from dataclasses import asdict

    from mfa.comparison import compare
    from mfa.formats.account import plain, records
    from mfa.scenarios import contradictions, new_limits

    head: dict[str, Any] = {
        "id": scenario.id,
        "name": {"en": scenario.name("en"), "vi": scenario.name("vi")},
        "interventions": [
            asdict(item) | {"place": str(item.place or "")} for item in scenario.interventions
        ],
    }
    if isinstance(account, Exception):
        problems = getattr(account, "problems", ())
        return head | {"balanced": False, "reasons": [p.text(spoken()) for p in problems]}
    comparison = compare(reference, account)
    changed = comparison.quantities[comparison.quantities["difference"] != 0]
    body = {
        "balanced": True,
        "chi2": account.test.chi2,
        "dof": account.test.dof,
        "p_value": account.test.p_value,
        "indicators": records(comparison.indicators),
        "waste": records(comparison.waste),
        "changes": records(changed),
        "contradictions": [plain(asdict(item)) for item in contradictions(account, reference)],
        "limits": list(new_limits(account, reference)),
    }
    return dict(plain(head | body))
