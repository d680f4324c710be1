"""The command line: thin commands, each of which is one call of the API.

Exit codes: 0 done, 1 the input has errors (all of them are printed), 2 wrong usage. Heavy libraries
are imported inside the commands, so that ``mfa --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

import mfa
from mfa.cli_compare import compare
from mfa.cli_convert import convert
from mfa.cli_errors import (
    INPUT_HAS_ERRORS,
    SPEAKS,
    explain_os_error,
    spoken,
    use_utf8,
)
from mfa.cli_explain import explain
from mfa.cli_help import Group
from mfa.cli_options import (
    ACCOUNT_FILE,
    FRAMEWORK,
    case_argument,
    json_option,
    language_option,
    open_named,
    pick_scenario,
    scenario_option,
)
from mfa.cli_report import report
from mfa.cli_sankey import sankey
from mfa.cli_scenario import scenario as scenario_command
from mfa.cli_serve import serve
from mfa.cli_text import (
    account_lines,
    check_record,
    coarse_lines,
    problem_lines,
    say,
    say_json,
    say_written,
    step,
    table_lines,
)
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.case import Case
    from mfa.errors import Problem

MESSAGES = "Language of messages (default: the environment's, else the case's first)."


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mfa.__version__, prog_name="mfa", help="Show the version and exit.")
def cli() -> None:
    """Material-flow accounts for a city: check, balance, draw and report.

    CASE is a folder with case.toml, a workbook (.xlsx), or a folder of CSV tables.
    """


def main() -> None:
    """Run the command line (the console script ``mfa``)."""
    use_utf8()
    cli(prog_name="mfa")


@cli.command()
@click.argument("path", metavar="PATH")
@click.option(
    "--framework",
    type=FRAMEWORK,
    default="blank",
    show_default=True,
    help="Start empty, or with the processes, materials, flows and views of Hue or of an "
    "eco-industrial park.",
)
@language_option("Language of the workbook (default: the environment's, else vi).")
def new(path: str, framework: str, language: str | None) -> None:
    """Make a case folder with a workbook to fill in."""
    from mfa.cli_errors import environment_language
    from mfa.frameworks import create_case

    chosen = language or environment_language() or "vi"
    click.get_current_context().meta[SPEAKS] = chosen
    say_written(create_case(path, framework, chosen))
    _ = translator(chosen)
    click.echo(_("Fill in the workbook, then run: {command}", command=f"mfa check {path}"))


@cli.command()
@case_argument
@language_option(MESSAGES)
@json_option
def check(case: str, language: str | None, as_json: bool) -> None:
    """List everything wrong or doubtful, with sheet and cell.

    Beside a workbook, a copy is written in which every doubtful cell is marked and explained.
    """
    from mfa.errors import has_errors

    opened = open_named(case)
    chosen = spoken()
    _ = translator(chosen)
    with step(_("Checking…")):
        problems = opened.check()
        copy = _annotate(opened, problems)
    failed = has_errors(problems)
    balances = opened.coarse(problems)
    if as_json:
        head = {"case": opened.id, "annotated": str(copy) if copy else None}
        say_json(head | check_record(problems, balances, chosen))
    else:
        title = opened.system.title(chosen) or opened.id
        lines = [click.style(f"{title} ({opened.input})", bold=True), ""]
        lines += [*coarse_lines(balances, opened.system, chosen), ""] if balances else []
        say(lines + problem_lines(problems, chosen))
        if copy:
            click.echo(_("The annotated copy: {path}", path=copy))
    if failed:
        click.get_current_context().exit(INPUT_HAS_ERRORS)


def _annotate(case: Case, problems: Sequence[Problem]) -> Path | None:
    """Write the annotated copy; where that fails (it is open in Excel), the list still counts."""
    try:
        return case.annotate(problems, spoken())
    except OSError as error:
        click.echo(explain_os_error(error, spoken()), err=True)
        return None


@cli.command()
@case_argument
@click.option("-o", "output", type=ACCOUNT_FILE, metavar="FILE",
              help="Write the account: .xlsx, .csv, .nc, .parquet or .json.")  # fmt: skip
@scenario_option
@language_option(MESSAGES)
@json_option
def balance(
    case: str, output: Path | None, scenario: str | None, language: str | None, as_json: bool
) -> None:
    """Reconcile the data and print how well they fit."""
    from mfa.cli_verdict import verdict
    from mfa.formats.account import plain, summary

    opened = open_named(case)
    chosen = spoken()
    _ = translator(chosen)
    under = scenario if scenario is None else pick_scenario(scenario, opened)
    with step(_("Balancing…")):
        account = opened.balance(under)
        table = account.table
    if output:
        opened.write_account(output, under)
    if as_json:
        content = {
            "case": opened.id,
            "scenario": account.scenario,
            "quantities": len(table),
        } | summary(account)
        say_json(plain(content | verdict(account)))
        return
    title = account.system.title(chosen) or opened.id
    say([click.style(title, bold=True), "", *account_lines(account, chosen)])
    if output:
        say_written([output])


cli.add_command(report)
cli.add_command(sankey)
cli.add_command(serve)
cli.add_command(compare)
cli.add_command(scenario_command)
cli.add_command(explain)
cli.add_command(convert)


@cli.command()
@click.argument("folder", metavar="[FOLDER]", default=".")
@json_option
def cases(folder: str, as_json: bool) -> None:
    """List the cases below the current folder, or below FOLDER."""
    from mfa.settings import find_cases

    found = find_cases(folder)
    if as_json:
        say_json(found)
        return
    _ = translator(spoken())
    if not found:
        click.echo(_("There is no case below “{folder}”. “mfa new” makes one.", folder=folder))
        return
    titles = [_("Case"), _("Folder"), _("Input"), _("Languages")]
    rows = [[c["id"], c["folder"], c["input"], ", ".join(c["languages"])] for c in found]
    say(table_lines(titles, rows, left=(0, 1, 2, 3)))
