"""Drop-down lists, limits and messages of the cells, and the comments on the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.locale import translator
from mfa.workbook.choices import options
from mfa.workbook.rows import letters
from mfa.workbook.schema import Column, Sheet, sheet
from mfa.workbook.style import Styles

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

Area = tuple[int, int, int, int]
_LONGEST_TITLE, _LONGEST_MESSAGE = 32, 255


def add_validation(page: Worksheet, area: Area, column: Column, language: str) -> None:
    """Give the cells of `area` (first row and column, last row and column) what `column` wants.

    A closed list refuses other words; lists of ids and of suggestions only offer.
    """
    _ = translator(language)
    rule: dict[str, object] = {
        "input_title": _cut(column.title(language), _LONGEST_TITLE),
        "input_message": _cut(column.help(language), _LONGEST_MESSAGE),
        "error_title": _("This does not fit"),
        "show_error": False,
    }
    page.data_validation(*area, rule | _limits(column, language))


def _limits(column: Column, language: str) -> dict[str, object]:
    _ = translator(language)
    if column.kind == "choice":
        return {
            "validate": "list",
            "source": f"=dd_{column.choices}",
            "show_error": column.closed,
            "error_message": _("Choose one of the words of the list."),
        }
    if column.kind in ("reference", "quantity"):
        return {"validate": "list", "source": f"=dd_{column.choices}"}
    if column.kind == "unit":
        return {"validate": "list", "source": "=dd_unit"}
    if column.kind == "score":
        message = _("Write a whole number from 1 (best) to 4 (worst).")
        return _between("integer", 1, 4, message)
    if column.kind == "share":
        return _between("decimal", 0, 1, _("Write a number from 0 to 1."))
    return {"validate": "any"}


def _between(kind: str, low: float, high: float, message: str) -> dict[str, object]:
    return {
        "validate": kind,
        "criteria": "between",
        "minimum": low,
        "maximum": high,
        "show_error": True,
        "error_message": message,
    }


def add_marks(page: Worksheet, area: Area, table: Sheet, index: int, styles: Styles) -> None:
    """Colour cells of the column `index` that are missing in a row begun, and ids that stand twice.

    Rows that may repeat an id for another period or region are told apart by them.
    """
    column, (first, _, last, _) = table.columns[index], area
    row, letter = first + 1, letters(index + 1)
    if column.required:
        whole = f"$A{row}:${letters(len(table.columns))}{row}"
        formula = f'=AND(${letter}{row}="",COUNTA({whole})>0)'
        rule = {"type": "formula", "criteria": formula, "format": styles["missing"]}
        page.conditional_format(*area, rule)
    if column.name == "id":
        keys = [i for i, c in enumerate(table.columns) if c.name in ("id", "period", "region")]
        pairs = ",".join(
            f'${k}${row}:${k}${last + 1},${k}{row}&""' for k in (letters(i + 1) for i in keys)
        )
        formula = f'=AND(${letter}{row}<>"",COUNTIFS({pairs})>1)'
        rule = {"type": "formula", "criteria": formula, "format": styles["double"]}
        page.conditional_format(*area, rule)


def header_comment(column: Column, language: str) -> str:
    """Return what the comment on the header of `column` says: what belongs here, and an example."""
    _ = translator(language)
    lines = [column.help(language)]
    if column.required:
        lines.append(_("Required."))
    words = allowed(column, language)
    if words:
        lines.append(_("One of: {words}.", words="; ".join(words)))
    if column.kind == "reference":
        lines.append(_("From the sheet “{sheet}”.", sheet=sheet(column.choices).title(language)))
    example = column.example_in(language)
    if example:
        shown = options(column.choices, language).get(example, example) if words else example
        if column.numeric and language == "vi":
            shown = shown.replace(".", ",")
        lines.append(_("Example: {example}", example=shown))
    return "\n".join(lines)


def allowed(column: Column, language: str) -> list[str]:
    """Return the words a choice column offers in `language`; none for other columns."""
    if column.kind != "choice" or column.choices == "case_key":
        return []
    return list(options(column.choices, language).values())


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
