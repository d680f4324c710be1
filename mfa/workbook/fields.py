"""What the builders share: common fields of a row, and errors of the model put at their cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mfa.errors import InputError
from mfa.locale import N_
from mfa.workbook.checks import Checked
from mfa.workbook.problems import error, warning
from mfa.workbook.raw import Row

ASSUMPTION = "assumption"
_INTERVAL = re.compile(r"\[\s*([^;|\]]+)[;|]\s*([^;|\]]+)\]")
SCORES = ("reliability", "completeness", "temporal", "spatial", "other")
_FIGURE = re.compile(r"[^\W\d_]+\d+[a-z]?")


@contextmanager
def reported(checked: Checked, row: Row, column: str) -> Iterator[None]:
    """Report whatever the model refuses at the cell of `row` in `column`, and go on."""
    try:
        yield
    except InputError as refusal:
        for problem in refusal.problems:
            checked.report(problem, row, column)


def names_of(checked: Checked, row: Row, place: str = "id") -> dict[str, Any]:
    """Return the fields that most records share: both names, the note and the place."""
    texts = {name: checked.text(row, name) for name in ("name_en", "name_vi", "note")}
    return {**texts, "place": row.at(place)}


def limits(checked: Checked, row: Row, lowest: float | None) -> dict[str, float | None]:
    """Return the limits of a row, `lowest` where no lower one is given, after checking them."""
    lower, upper = checked.number(row, "lower"), checked.number(row, "upper")
    lower = lowest if lower is None else lower
    if lower is not None and upper is not None and lower > upper:
        message = N_("The lower limit {lower} is above the upper limit {upper}.")
        values = {"lower": f"{lower:g}", "upper": f"{upper:g}"}
        checked.report(error("limits-crossed", message, **values), row, "upper")
        upper = None
    return {"lower": lower, "upper": upper}


def provenance(checked: Checked, row: Row) -> dict[str, Any]:
    """Return source, scope, year, note and data-quality scores of a value, after checking them."""
    _check_source(checked, row)
    texts = {
        name: checked.text(row, name) for name in ("source", "figure", "year", "scope", "note")
    }
    scores = {name: checked.number(row, name) for name in SCORES}
    whole = {name: None if score is None else int(score) for name, score in scores.items()}
    return {**texts, **whole, "place": row.at("value")}


def check_interval(checked: Checked, row: Row, value: float) -> None:
    """Warn of a value outside its own interval, and of a zero that would count as exact.

    An interval with a unit of its own is left to the model, which converts it.
    """
    text = checked.text(row, "uncertainty")
    if value == 0 and (text.endswith("%") or text.startswith("*/")):
        message = N_(
            "The value is 0 and its uncertainty is relative, so it counts as exactly zero. If it "
            "is not, give an absolute uncertainty, such as 5."
        )
        checked.report(warning("exact-zero", message), row, "uncertainty")
    stated = _INTERVAL.fullmatch(text)
    if stated is None:
        return
    try:
        lower, upper = (float(text) for text in stated.groups())
    except ValueError:
        return
    if lower <= upper and not lower <= value <= upper:
        message = N_(
            "The value {value} lies outside its own interval from {lower} to {upper}. Correct one "
            "of them."
        )
        values = {"value": f"{value:g}", "lower": f"{lower:g}", "upper": f"{upper:g}"}
        problem = warning("outside-interval", message, **values)
        checked.report(problem, row, "uncertainty")


def _check_source(checked: Checked, row: Row) -> None:
    """Warn of a missing source, reason or quality, and of a figure that is not listed."""
    source, figure = checked.text(row, "source"), checked.text(row, "figure")
    exact = checked.text(row, "uncertainty") == "0"
    if not source and not exact and not checked.bad(row, "source"):
        message = N_(
            "The value has no source. Name one of the sheet Sources, or write assumption and say "
            "why in the note."
        )
        checked.report(warning("missing-source", message), row, "source")
    if source == ASSUMPTION and not checked.text(row, "note"):
        message = N_("The value is an assumption; say in the note what it rests on.")
        checked.report(warning("assumption-without-note", message), row, "note")
    known = checked.ids("sources")
    numbered = any(_FIGURE.fullmatch(name) for name in known)
    if numbered and _FIGURE.fullmatch(figure) and figure not in known:
        message = N_("The figure “{figure}” is not among the ids of the sheet Sources.")
        checked.report(warning("unknown-figure", message, figure=figure), row, "figure")
    if not {"uncertainty", *SCORES} & row.cells.keys():
        message = N_(
            "Neither an uncertainty nor data-quality scores are given; 30 % of the value is taken."
        )
        checked.report(warning("no-quality", message), row, "uncertainty")
