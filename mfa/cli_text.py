"""What the command line prints: problems, tables, summaries; and what it shows while it works."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfa.cli_errors import spoken
from mfa.errors import Problem
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System

LONGEST_NAME = 40
LONGEST_TABLE = 120
UNMOVED = 1e-4  # χ²
ADJUSTMENTS = 10
CELLS = 6
PARTS = ("in", "out", "stock_change")


def say(lines: Iterable[str]) -> None:
    """Print lines."""
    click.echo("\n".join(lines))


def say_json(content: Any) -> None:
    """Print a record for programs."""
    import json

    click.echo(json.dumps(content, ensure_ascii=False, indent=1))


def say_written(paths: Iterable[Path]) -> None:
    """Print the names of the files that were written."""
    _ = translator(spoken())
    for path in paths:
        click.echo(_("Written: {path}", path=path))


@contextmanager
def step(message: str) -> Iterator[None]:
    """Show `message` while something takes time, on a terminal only."""
    shown = sys.stderr.isatty()
    if shown:
        click.echo(message, nl=False, err=True)
    try:
        yield
    finally:
        if shown:
            click.echo("\r\033[K", nl=False, err=True)


@contextmanager
def counting(message: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show `message` with the numbers of done and of all, on a terminal only; yield what counts.

    Parameters
    ----------
    message
        Translated already, with ``{done}`` and ``{all}``.
    """
    shown = sys.stderr.isatty()

    def show(done: int, all_: int) -> None:
        if shown:
            click.echo("\r\033[K" + message.format(done=done, all=all_), nl=False, err=True)

    show(0, total)
    try:
        yield show
    finally:
        if shown:
            click.echo("\r\033[K", nl=False, err=True)


def problem_lines(problems: Sequence[Problem], language: str) -> list[str]:
    """Return the problems as lines, errors before warnings, and the sum of both.

    Of problems that only follow from another, its line is followed by their cells.
    """
    _ = translator(language)
    roots, following = by_cause(problems)
    errors = [p for p in roots if p.severity == "error"]
    warnings = [p for p in roots if p.severity != "error"]
    width = min(max((len(_place(p)) for p in roots), default=0), 36)
    lines = []
    for title, colour, found in ((_("Errors"), "red", errors), (_("Warnings"), "yellow", warnings)):
        if found:
            lines.append(click.style(title, fg=colour, bold=True))
            for problem in found:
                lines.append(f"  {_place(problem):{width}}  {problem.sentence(language)}".rstrip())
                if cells := following.pop(str(problem.place), []):
                    lines.append(f"  {'':{width}}  {_also(cells, _)}")
            lines.append("")
    if not problems:
        return [_("No errors and no warnings.")]
    counts = {"errors": len(errors), "warnings": len(warnings)}
    return [*lines, _("Errors: {errors}. Warnings: {warnings}.", **counts)]


def by_cause(problems: Sequence[Problem]) -> tuple[list[Problem], dict[str, list[Problem]]]:
    """Return the problems that stand by themselves, and place → those that follow from it."""
    following: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.cause is not None:
            following.setdefault(str(problem.cause), []).append(problem)
    return [p for p in problems if p.cause is None], following


def _also(problems: Sequence[Problem], _: Any) -> str:
    places = list(dict.fromkeys(map(_place, problems)))
    shown, more = ", ".join(places[:CELLS]), len(places) - CELLS
    listed = _("{names} and {n} more", names=shown, n=more) if more > 0 else shown
    return _("↳ also, because of it: {places}", places=listed)


def _place(problem: Problem) -> str:
    return str(problem.place) if problem.place else "–"


def problem_record(problem: Problem, language: str) -> dict[str, Any]:
    """Return a problem for machines: code, severity, place, sentence and its values."""
    place = problem.place
    return {
        "code": problem.code,
        "severity": problem.severity,
        "place": str(place) if place else "",
        "sheet": place.sheet if place else "",
        "cell": place.cell if place else "",
        "file": place.file if place else "",
        "row": place.row if place else None,
        "cause": str(problem.cause or ""),
        "message": problem.sentence(language),
        "values": {key: _scalar(value) for key, value in problem.values.items()},
    }


def check_record(
    problems: Sequence[Problem], balances: Sequence[dict[str, Any]], language: str
) -> dict[str, Any]:
    """Return what ``mfa check`` found, for machines."""
    roots = by_cause(problems)[0]
    errors = sum(problem.severity == "error" for problem in roots)
    return {
        "errors": errors,
        "warnings": len(roots) - errors,
        "consequences": len(problems) - len(roots),
        "problems": [problem_record(problem, language) for problem in problems],
        "balance": list(balances),
    }


def _scalar(value: object) -> object:
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)


def table_lines(
    titles: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,)
) -> list[str]:
    """Return a table as lines: columns numbered in `left` flush left, the others flush right."""
    body = [list(titles), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in body) for k in range(len(titles))]

    def line(cells: Sequence[str]) -> str:
        parts = [
            f"{cell:<{width}}" if k in left else f"{cell:>{width}}"
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return ("  " + "  ".join(parts)).rstrip()

    return [line(body[0]), "  " + "  ".join("─" * width for width in widths), *map(line, body[1:])]


def coarse_lines(rows: Sequence[dict[str, Any]], system: System, language: str) -> list[str]:
    """Return the coarse balance of a case (`mfa.case.Case.coarse`), a line a process and layer."""
    _ = translator(language)
    titles = [
        _("Process"), _("In"), _("Out"), _("Stock change"), _("Gap"), _("Unit"), _("Measured"),
        _("Settled"),
    ]  # fmt: skip
    lines = [
        [
            shorten(
                " · ".join(
                    [system.processes[r["process"]].name(language), *_labels(r, system, language)]
                )
            ),
            *(_amount(r[k], language) for k in (*PARTS, "gap")),
            r["unit"],
            f"{r['measured']}/{r['all']}",
            "–" if r["settled"] is None else f"{r['settled']}/{r['all']}",
        ]
        for r in rows[:LONGEST_TABLE]
    ]
    more = len(rows) - len(lines)
    note = [_("  … and {n} more; --json lists them all.", n=more)] if more else []
    heading = _("The data as given, before balancing (gap = in − out − stock change):")
    if any(row["settled"] is None for row in rows):
        heading = _("The data as far as they are right (gap = in − out − stock change):")
    return [heading, *table_lines(titles, lines, (0, 5)), *note]


def _amount(value: float | None, language: str) -> str:
    from mfa.locale.numbers import format_value

    return "–" if value is None else format_value(value, language=language)


def _labels(row: dict[str, Any], system: System, language: str) -> list[str]:
    """Return what tells this balance from others of the process."""
    layer = row["layer"]
    labels = [] if layer == "goods" else [system.layers[layer].name(language)]
    labels += [row["period"]] if len(system.periods) > 1 else []
    return labels + ([row["region"]] if len(system.regions) > 1 else [])


def shorten(text: str, length: int = LONGEST_NAME) -> str:
    """Return `text`, cut with “…” when it is longer than `length`."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def account_lines(account: Account, language: str) -> list[str]:
    """Return the result in short: fit, counts by status, largest adjustments."""
    from mfa.cli_verdict import verdict_lines
    from mfa.locale.numbers import format_number
    from mfa.vocabulary import STATUSES, label

    _ = translator(language)
    counts = account.table["status"].value_counts()
    shown = [
        f"{format_number(counts[s], 0, language)} {label('status', s, language)}"
        for s in STATUSES
        if s in counts
    ]
    lines = [_("Quantities: {counts}.", counts=", ".join(shown)), _fit(account, language)]
    rows = largest_adjustments(account)
    if rows:
        lines += ["", _("Largest adjustments:"), *_adjustment_table(rows, language)]
    found = verdict_lines(account, language)
    return [*lines, "", *found] if found else lines


def _fit(account: Account, language: str) -> str:
    from mfa.locale.numbers import format_number, format_p

    _ = translator(language)
    test = account.test
    if not test.dof:
        if account.solution.active.any() and test.chi2 > UNMOVED:
            return _(
                "No observation can be checked against another, but some do not fit within the "
                "limits of other quantities and were moved until they do."
            )
        return _("No observation can be checked against another.")
    values = {
        "chi2": format_number(test.chi2, 1, language),
        "dof": test.dof,
        "p": format_p(test.p_value, language),
    }
    if test.p_value >= 0.05:
        return _("χ² = {chi2}, {dof} degrees of freedom, p {p}: the data agree.", **values)
    return _(
        "χ² = {chi2}, {dof} degrees of freedom, p {p}: the data contradict each other.", **values
    )


def largest_adjustments(account: Account, n: int = ADJUSTMENTS) -> list[dict[str, Any]]:
    """Return the observations that were moved most, in σ of their own, largest first."""
    frame = account.observations
    moved = frame[frame["adjustment"].abs() > 1e-6]
    order = moved["adjustment"].abs().sort_values(ascending=False, kind="stable").index[:n]
    return moved.loc[order].to_dict("records")


def _observed(row: dict[str, Any]) -> str:
    """Return what an observation tells: a quantity, or of ``value × factor`` its rate."""
    quantity, factor = row["quantity"], row.get("factor")
    if not isinstance(factor, str) or not factor:
        return shorten(quantity)
    half = LONGEST_NAME // 2 - 2
    if any(sign in quantity for sign in "+-"):
        quantity = f"({shorten(quantity, half)})"
    if any(sign in factor for sign in "+-*/ "):
        factor = f"({shorten(factor, half)})"
    return f"{shorten(quantity, half + 2)} ÷ {shorten(factor, half + 2)}"


def _adjustment_table(rows: list[dict[str, Any]], language: str) -> list[str]:
    from mfa.locale.numbers import format_estimate, format_number, format_value

    _ = translator(language)
    titles = [_("Quantity"), _("Given (± 1 σ)"), _("Balanced"), _("Unit"), "σ", _("Place")]
    cells = [
        [
            _observed(row),
            format_estimate(row["value"], row["sd"], language=language),
            format_value(row["reconciled"], row["sd"], language=language),
            row["unit"],
            format_number(row["adjustment"], 1, language),
            row["place"],
        ]
        for row in rows
    ]
    return table_lines(titles, cells, (0, 3, 5))
