"""The command ``mfa compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfa.cli_errors import spoken, wrong
from mfa.cli_help import Command
from mfa.cli_options import (
    FileName,
    case_argument,
    json_option,
    language_option,
    open_named,
    pick,
    pick_scenarios,
)
from mfa.cli_text import say, say_json, say_written, shorten, step, table_lines
from mfa.locale import N_, translator

if TYPE_CHECKING:
    import pandas as pd

    from mfa.case import Case
    from mfa.comparison import Comparison, Side

LONGEST = 40
_VERDICTS = {
    "higher": N_("higher"),
    "lower": N_("lower"),
    "within": N_("within uncertainty"),
    "unknown": N_("cannot be told"),
    "only_a": N_("only before"),
    "only_b": N_("new"),
}


def _suffixes() -> tuple[str, ...]:
    from mfa.comparison.files import SUFFIXES

    return SUFFIXES


@click.command(cls=Command)
@case_argument
@click.argument("other", metavar="[CASE_B]", required=False)
@click.option(
    "--periods",
    metavar="P1,P2",
    help="Which period of the first case, and which of the second (or of the same).",
)
@click.option(
    "-o",
    "output",
    type=FileName(_suffixes),
    metavar="FILE",
    help="Write the table (.csv, .xlsx, .json) or a Sankey of the changes (.svg, .png, .pdf, "
    ".html).",
)
@click.option(
    "--scenarios",
    metavar="S1,S2",
    help="Two scenarios of the case; “reference” is the case as it is.",
)
@click.option("--view", metavar="VIEW", help="Id of a view (default: the first).")
@language_option("Language of messages (default: the environment's, else the case's first).")
@json_option
def compare(
    case: str,
    other: str | None,
    periods: str | None,
    output: Path | None,
    scenarios: str | None,
    view: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Say what changed between two cases, or two periods or scenarios of one.

    Each change is set against its own uncertainty: it is real, or it may be chance.
    """
    from mfa.comparison import compare as compare_accounts
    from mfa.comparison.files import comparison_record

    first = open_named(case)
    second = open_named(other) if other else None
    chosen, _ = spoken(), translator(spoken())
    pair = _pair(scenarios, first, second, periods)
    labels = None if pair else _labels(periods, first, second)
    view = view if view is None else pick(view, (second or first).system.views)
    with step(_("Balancing…")):
        a = first.balance(pair[0] if pair else None)
        b = first.balance(pair[1]) if pair else second.balance() if second else None
        comparison = compare_accounts(a, b, periods=labels)
    if output:
        _save(comparison, output, view, chosen)
    if as_json:
        say_json(comparison_record(comparison))
        return
    say(comparison_lines(comparison, chosen))
    if output:
        say_written([output])


def _pair(
    scenarios: str | None, first: Case, second: Case | None, periods: str | None
) -> tuple[str, str] | None:
    """Return the two scenarios to compare, if any are named."""
    if scenarios is None:
        return None
    _ = translator(spoken())
    if second or periods:
        raise wrong(_("--scenarios compares two scenarios of one case: leave out the rest."))
    names = pick_scenarios(scenarios, first)
    if len(names) != 2:
        raise wrong(_("--scenarios takes two scenarios, as in {example}.",
                      example="reference,recycling_30"))  # fmt: skip
    return names[0], names[1]


def _labels(periods: str | None, first: Case, second: Case | None) -> tuple[str, str] | None:
    _ = translator(spoken())
    if periods is None:
        if second is None and len(first.system.periods) < 2:
            raise wrong(_("The case has one period only. Name a second case to compare it with."))
        return None
    words = [word.strip() for word in periods.split(",")]
    if len(words) != 2:
        raise wrong(_("--periods takes two periods, as in {example}.", example="2022,2023"))
    return pick(words[0], first.system.periods), pick(words[1], (second or first).system.periods)


def _save(comparison: Comparison, path: Path, view: str | None, language: str) -> None:
    from mfa.files import replace_file
    from mfa.sankey.files import WRITERS

    if view is None or path.suffix.lower() not in WRITERS:
        comparison.save(path, language)
        return
    replace_file(path, comparison.sankey(view, language).data(path.suffix))


def comparison_lines(comparison: Comparison, language: str) -> list[str]:
    """Return the comparison as lines: indicators, what changed most surely, counts."""
    _ = translator(language)
    a, b, frame = comparison.a, comparison.b, comparison.quantities
    real = frame[frame["verdict"].isin(["higher", "lower"])]
    order = real["z"].abs().fillna(float("inf")).sort_values(ascending=False, kind="stable").index
    lines = [click.style(f"{a.title(language)} → {b.title(language)}", bold=True), ""]
    if comparison.scenarios:
        return lines + change_lines(comparison, language, LONGEST)
    if len(comparison.indicators):
        lines += [*_table(comparison, comparison.indicators, language), ""]
    return [*lines, *_real_lines(comparison, real.loc[order], language, LONGEST),
            *_count_lines(comparison, language)]  # fmt: skip


def change_lines(comparison: Comparison, language: str, most: int) -> list[str]:
    """Return what changes between two scenarios: indicators that do, the largest changes, counts.

    Changes are ordered by their share of the largest value counted in the same unit: what data both
    sides share cancels out, so that the surest changes may be quite small ones.
    """
    _ = translator(language)
    lines = []
    for indicators in (comparison.waste, comparison.indicators):
        if len(moved := indicators[indicators["difference"] != 0]):
            lines += [*_table(comparison, moved, language), ""]
    real = comparison.quantities[comparison.quantities["verdict"].isin(["higher", "lower"])]
    largest = comparison.quantities.groupby("unit")["a"].transform(lambda x: x.abs().max())
    share = real["difference"].abs() / largest[real.index]
    # Parameters move because flows do: they come last.
    order = (share - (real["kind"] == "parameter")).sort_values(ascending=False, kind="stable")
    lines += _real_lines(comparison, real.loc[order.index], language, most)
    unmoved = int((comparison.quantities["difference"] == 0).sum())
    lines += _count_lines(comparison, language)
    if unmoved:
        lines.append(_("{n} of them do not change at all.", n=unmoved))
    lines.append(
        _("Both sides rest on the same data; only what they do not share makes a change uncertain.")
    )
    return lines


def _real_lines(comparison: Comparison, real: pd.DataFrame, language: str, most: int) -> list[str]:
    if not len(real):
        return []
    _ = translator(language)
    lines = [_("Quantities that changed by more than their uncertainty:")]
    lines += _table(comparison, real.iloc[:most], language)
    if len(real) > most:
        lines.append(_("  … and {n} more; --json lists them all.", n=len(real) - most))
    return [*lines, ""]


def _count_lines(comparison: Comparison, language: str) -> list[str]:
    _ = translator(language)
    frame = comparison.quantities
    counts = frame["verdict"].value_counts()
    parts = [f"{counts[key]} {_(text)}" for key, text in _VERDICTS.items() if key in counts]
    lines = [_("Quantities: {counts}.", counts=", ".join(parts))]
    tested = int(frame["verdict"].isin(["higher", "lower", "within"]).sum())
    if tested >= 20 and not comparison.scenarios:
        lines.append(
            _("Of {n} that did not change, about {k} would be called changed by chance.",
              n=tested, k=round(tested * 0.05))
        )  # fmt: skip
    for key, side in (("only_a", comparison.a), ("only_b", comparison.b)):
        names = [_name(side, row, language)
                 for row in frame[frame["verdict"] == key].to_dict("records")]  # fmt: skip
        if names:
            more = " …" if len(names) > 12 else ""
            listed = "; ".join(names[:12]) + more
            lines.append(_("Only in {title}: {names}", title=side.title(language), names=listed))
    return lines


def _table(comparison: Comparison, frame: pd.DataFrame, language: str) -> list[str]:
    _ = translator(language)
    titles = [_("Quantity"), _("Before"), _("After"), _("Change (± 1 σ)"), "%", _("Unit"), ""]
    rows = [_cells(comparison, row, language) for row in frame.to_dict("records")]
    return table_lines(titles, rows, (0, 5, 6))


def _cells(comparison: Comparison, row: dict[str, Any], language: str) -> list[str]:
    from mfa.locale.numbers import format_estimate, format_number
    from mfa.sankey.texts import unit_text

    _ = translator(language)
    change, sd = row["difference"], row["difference_sd"]
    shown = format_estimate(change, sd, language=language) if sd > 0 else _plain(change, language)
    return [
        shorten(_name(comparison.b, row, language)),
        _value(row, "a", language),
        _value(row, "b", language),
        f"+{shown}" if change > 0 else shown,
        format_number(100 * row["relative"], 1, language),
        unit_text(row["unit"], language),
        _(_VERDICTS[row["verdict"]]),
    ]


def _value(row: dict[str, Any], side: str, language: str) -> str:
    from mfa.locale.numbers import format_value

    if row[side] == row[side]:
        return format_value(row[side], row[f"{side}_sd"], language=language)
    low, high = (_plain(row[f"{side}_{end}"], language) for end in ("lower", "upper"))
    return f"[{low}; {high}]"


def _plain(value: float, language: str) -> str:
    from mfa.locale.numbers import format_value

    return format_value(value, language=language)


def _name(side: Side, row: dict[str, Any], language: str) -> str:
    """Return the name of a quantity or indicator, with its region where there are several."""
    from mfa.comparison.indicators import indicator_name

    system, identifier = side.account.system, row["id"]
    if row["kind"] == "indicator":
        name = indicator_name(identifier, language)
    elif row["kind"] == "stock_change":
        stock = system.stocks[identifier.removesuffix(".change")]
        name = translator(language)("{stock}, change", stock=stock.name(language))
    else:
        holder = {"flow": system.flows, "stock": system.stocks}.get(row["kind"], system.parameters)
        name = holder[identifier].name(language)
    return " · ".join(x for x in (name, row["region"]) if x)
