"""The command `mfa explain`: where a value comes from, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mfa.cli_errors import spoken, wrong
from mfa.cli_help import Command
from mfa.cli_options import (
    case_argument,
    json_option,
    language_option,
    open_named,
    pick,
    pick_scenario,
    scenario_option,
)
from mfa.cli_text import say_json, step
from mfa.errors import InputError
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.balance.explanation import Explanation


@click.command(cls=Command)
@case_argument
@click.argument("quantity", metavar="QUANTITY")
@click.option("--period", metavar="PERIOD", help="Which period, where there are several.")
@click.option("--region", metavar="REGION", help="Which region, where there are several.")
@scenario_option
@language_option("Language of the words (default: the environment's, else the case's first).")
@json_option
def explain(
    case: str,
    quantity: str,
    period: str | None,
    region: str | None,
    scenario: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Explain in words where the value of a quantity comes from.

    QUANTITY is the id of a flow, stock or parameter; “silo.change” is what a stock gains.
    """
    opened = open_named(case)
    system = opened.system
    labels = [
        pick(word, known)
        for word, known in ((period, system.periods), (region, system.regions))
        if word is not None
    ]
    chosen = scenario if scenario is None else pick_scenario(scenario, opened)
    with step(translator(spoken())("Balancing…")):
        account = opened.balance(chosen)
    try:
        explanation = account.explain((quantity, *labels) if labels else quantity, spoken())
    except InputError as error:
        raise wrong(error.problems[0].text(spoken())) from error
    if as_json:
        say_json(_record(explanation))
    else:
        click.echo(explanation.text)


def _record(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation for programs."""
    from mfa.formats.account import records

    sections = [{"title": s.title, "lines": list(s.lines)} for s in explanation.sections]
    return {
        "id": explanation.id,
        "title": explanation.title,
        "sections": sections,
        "formula": explanation.formula,
        "shares": records(explanation.shares),
    }
