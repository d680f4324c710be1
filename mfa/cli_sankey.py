"""The command ``mfa sankey``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfa.cli_convert import say_view
from mfa.cli_errors import spoken, wrong
from mfa.cli_help import Command
from mfa.cli_options import (
    PICTURE_FILE,
    UNCERTAINTY,
    PageSize,
    case_argument,
    language_option,
    open_named,
    pick,
    pick_scenario,
    pick_scenarios,
    scenario_option,
)
from mfa.cli_text import say_written, step
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.case import Case
    from mfa.sankey import SankeyImage


@click.command(cls=Command)
@case_argument
@click.option("--view", metavar="VIEW", help="Id of a view (default: the first).")
@click.option("-o", "output", type=PICTURE_FILE, required=True, metavar="FILE",
              help="The picture to write: .svg, .png, .pdf, .html, or .txt for "
                   "SankeyMATIC.")  # fmt: skip
@click.option("--period", metavar="PERIOD", help="Which period (default: the last).")
@click.option("--periods", metavar="P1,P2|all",
              help="Several periods side by side, on one scale and with one legend.")  # fmt: skip
@scenario_option
@click.option("--scenarios", metavar="S1,S2|all",
              help="Several scenarios side by side; “reference” is the case as it is.")  # fmt: skip
@click.option("--region", metavar="REGION", help="Which region (default: the first).")
@click.option("--size", type=PageSize(), default="screen", show_default=True,
              help="The page: screen, a4, a3, 16:9, or width x height in px.")  # fmt: skip
@click.option("--width", type=click.IntRange(1, 20_000), metavar="PX",
              help="Width of the finished picture in px, whatever its page.")  # fmt: skip
@click.option("--uncertainty", type=UNCERTAINTY, default="none", show_default=True,
              help="Show it by paler flows (opacity) or as ± 1 σ (text).")  # fmt: skip
@click.option("--like", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              metavar="FILE",
              help="Keep every node where this earlier picture (.svg, .html) has it.")  # fmt: skip
@language_option("Language of the picture (default: the environment's, else the case's first).")
def sankey(
    case: str,
    view: str | None,
    output: Path,
    period: str | None,
    periods: str | None,
    scenario: str | None,
    scenarios: str | None,
    region: str | None,
    size: str,
    width: int | None,
    uncertainty: str,
    like: Path | None,
    language: str | None,
) -> None:
    """Draw a Sankey diagram of one view.

    Nodes find their own places; the columns “column” and “order” of the sheet Views overrule them.
    """
    from mfa.files import replace_file
    from mfa.sankey.positions import load_positions

    _ = translator(spoken())
    if period and periods:
        raise wrong(_("Give either --period or --periods."))
    if scenarios and (scenario or periods):
        raise wrong(_("Give --scenarios without --scenario and --periods."))
    opened = open_named(case)
    options: dict[str, Any] = {
        "region": region if region is None else pick(region, opened.system.regions),
        "size": size,
        "width": width,
        "uncertainty": uncertainty,
        "like": load_positions(like) if like else None,
    }
    view = view if view is None else pick(view, opened.system.views)
    labels = _labels(opened, period, periods)
    if output.suffix.lower() == ".txt":
        given = {
            "periods": periods,
            "scenario": scenario,
            "scenarios": scenarios,
            "width": width,
            "like": like,
        }
        plain = {"size": "screen", "uncertainty": "none"}
        given |= {k: options[k] for k, default in plain.items() if options[k] != default}
        _refuse_layout(given)
        say_view(opened, output, view, period and str(labels), options["region"])
        return
    with step(_("Drawing…")):
        if scenarios:
            names = pick_scenarios(scenarios, opened)
            period = labels if isinstance(labels, str) else None
            picture = opened.multiples(view, spoken(), scenarios=names, period=period, **options)
        else:
            under = scenario if scenario is None else pick_scenario(scenario, opened)
            picture = _draw(opened, view, labels, options | {"scenario": under})
        replace_file(output, picture.data(output.suffix))
    say_written([output])


def _refuse_layout(given: dict[str, Any]) -> None:
    """Refuse options that mean nothing where another program lays out the picture."""
    _ = translator(spoken())
    for option, value in given.items():
        if value is not None:
            raise wrong(_("SankeyMATIC lays out by itself: leave out --{option}.", option=option))


def _labels(case: Case, period: str | None, periods: str | None) -> str | list[str] | None:
    """Return the one period to draw, or the list of several."""
    known = case.system.periods
    if periods is None:
        return period if period is None else pick(period, known)
    if periods.strip().casefold() == "all":
        return list(known)
    return [pick(word.strip(), known) for word in periods.split(",") if word.strip()]


def _draw(
    case: Case, view: str | None, labels: str | list[str] | None, options: dict[str, Any]
) -> SankeyImage:
    if isinstance(labels, list) and len(labels) > 1:
        return case.multiples(view, spoken(), periods=labels, **options)
    period = labels[0] if isinstance(labels, list) and labels else labels
    return case.sankey(view, spoken(), period=period or None, **options)
