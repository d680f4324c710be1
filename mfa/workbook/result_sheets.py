"""The sheets behind the inputs: the account, the balances and the tests, as tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa.locale import LANGUAGES, N_, translator
from mfa.workbook.fill import Content
from mfa.workbook.notes import MAIN
from mfa.workbook.result_columns import MARK, TITLES, number_code
from mfa.workbook.rows import letters
from mfa.workbook.splice import xml_text

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account
    from mfa.workbook.xlsx import Book, SheetInfo

_QUANTITIES = {
    "id": N_("Quantity"), "kind": N_("Kind of quantity"), "source": N_("From"),
    "target": N_("To"), "material": N_("Material"), "layer": N_("Layer"), "period": N_("Period"),
    "region": N_("Region"), "input": N_("Given"), "input_sd": N_("Given: 1 σ"), **TITLES,
}  # fmt: skip
_BALANCES = {
    "process": N_("Process"), "layer": N_("Layer"), "period": N_("Period"),
    "region": N_("Region"), "unit": N_("Unit of the result"), "in": N_("In"), "out": N_("Out"),
    "stock_change": N_("Stock change"), "difference": N_("Difference"),
    "in_before": N_("In, as given"), "out_before": N_("Out, as given"),
    "stock_change_before": N_("Stock change, as given"),
    "difference_before": N_("Difference, as given"),
    "complete_before": N_("All of it given"),
}  # fmt: skip
_TESTS = {
    "id": N_("Observation"), "quantity": N_("Quantity"), "period": N_("Period"),
    "region": N_("Region"), "value": N_("Given"), "sd": N_("Given: 1 σ"),
    "unit": N_("Unit of the result"), "sigma_from": N_("σ from"),
    "reconciled": N_("Balanced value"), "adjustment": N_("Adjustment in σ"),
    "normalised": N_("Adjustment in its own σ"), "testable": N_("Can be tested"),
    "suspect": N_("Suspect"), "source": N_("Source"), "place": N_("Place"),
}  # fmt: skip
HEADINGS = {
    "chi2": N_("χ²"),
    "dof": N_("Degrees of freedom"),
    "p_value": N_("p-value"),
    "critical": N_("Suspect from (in its own σ)"),
}
Style = Callable[[str], int]
"""Name of a style (head, machine, text, or “plain ” and a number format) → its number."""


@dataclass(frozen=True)
class ResultSheet:
    """One result sheet.

    Attributes
    ----------
    name
        Its machine name.
    title
        Its title (English, the key of the translation).
    columns
        Column of the frame → header.
    """

    name: str
    title: str
    columns: dict[str, str]

    @property
    def first(self) -> str:
        """What stands in its cell A2, by which it is known again."""
        return f"{MARK}{self.name}_{next(iter(self.columns))}"

    def names(self) -> list[str]:
        """Return the machine names of its columns."""
        return [self.first, *(f"{MARK}{name}" for name in list(self.columns)[1:])]

    def frame(self, account: Account) -> pd.DataFrame:
        """Return the table it shows."""
        frames = {"account": "table", "balances": "residuals", "tests": "observations"}
        return getattr(account, frames[self.name])

    def xml(self, account: Account, style: Style, language: str) -> str:
        """Return the sheet."""
        _ = translator(language)
        frame = self.frame(account)
        top = [(style("head"), _(title)) for title in self.columns.values()]
        machine = [(style("machine"), name) for name in self.names()]
        if self.name == "tests":
            top += [(style("head"), _(title)) for title in HEADINGS.values()]
            machine += [(style("machine"), f"{MARK}{name}") for name in HEADINGS]
        rows = [sheet_row(1, top), sheet_row(2, machine)]
        columns = [frame[name].tolist() for name in self.columns]
        for number, cells in enumerate(zip(*columns, strict=True), start=3):
            line = [(style(_style(cell)), _plain(cell)) for cell in cells]
            if self.name == "tests" and number == 3:
                found = [float(getattr(account.test, name)) for name in HEADINGS]
                line += [(style(_style(value)), value) for value in found]
            rows.append(sheet_row(number, line))
        return sheet_page(rows, len(top), len(frame) + 2)


SHEETS = (
    ResultSheet("account", N_("Account"), _QUANTITIES),
    ResultSheet("balances", N_("Balances"), _BALANCES),
    ResultSheet("tests", N_("Reconciliation tests"), _TESTS),
)
"""The result sheets in the order in which they stand behind the inputs."""


def result_sheet_of(book: Book, info: SheetInfo) -> ResultSheet | None:
    """Return which result sheet of an earlier balance a sheet is, None when it is none."""
    titles = {translator(language)(sheet.title) for sheet in SHEETS for language in LANGUAGES}
    if not any(info.name.startswith(title) for title in titles):
        return None
    first = book.cells(info).cells.get(2, {}).get(1)
    found = [sheet for sheet in SHEETS if first is not None and first.value == sheet.first]
    return found[0] if found else None


def _style(value: Any) -> str:
    if isinstance(value, str | bool) or value is None:
        return "text"
    return f"plain {number_code(value, digits=4)}"


def _plain(value: Any) -> str | float:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else float("nan") if value is None else float(value)


def sheet_row(number: int, cells: list[tuple[int, str | float]]) -> str:
    """Return row `number` of a sheet from (style, value) of its cells."""
    inner = b"".join(
        Content(value, style).xml(f"{letters(column)}{number}")
        for column, (style, value) in enumerate(cells, start=1)
    )
    return f'<row r="{number}">{inner.decode()}</row>'


def sheet_page(rows: list[str], width: int, last: int) -> str:
    """Return a sheet of `rows` with two frozen header rows and a filter to the row `last`."""
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{24 if n == 1 else 19}" customWidth="1"/>'
        for n in range(1, width + 1)
    )
    area = xml_text(f"A2:{letters(width)}{last}")
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<worksheet xmlns="{MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView workbookViewId="0" showGridLines="0">'
        '<pane xSplit="1" ySplit="2" topLeftCell="B3" activePane="bottomRight" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{widths}</cols><sheetData>{''.join(rows)}</sheetData>"
        f'<autoFilter ref="{area}"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )
