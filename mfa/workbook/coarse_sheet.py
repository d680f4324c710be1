"""A sheet of the annotated copy: what enters and leaves each process by the data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mfa.locale import LANGUAGES, N_, translator
from mfa.workbook.check_sheet import append_sheet
from mfa.workbook.parts import Parts
from mfa.workbook.result_columns import MARK, number_code
from mfa.workbook.result_sheets import Style, sheet_page, sheet_row
from mfa.workbook.xlsx import Book, SheetInfo

TITLE = N_("Data as given")
_TITLES = {
    "process": N_("Process"), "layer": N_("Layer"), "period": N_("Period"),
    "region": N_("Region"), "in": N_("In"), "out": N_("Out"), "stock_change": N_("Stock change"),
    "gap": N_("Gap"), "unit": N_("Unit"),
    "measured": N_("Flows with a figure"), "all": N_("Flows in all"),
    "share": N_("Share with a figure"),
}  # fmt: skip
_FIRST = f"{MARK}coarse_process"
Balance = Mapping[str, object]


def is_coarse_sheet(book: Book, info: SheetInfo) -> bool:
    """Return whether a sheet is the one that an earlier check wrote."""
    if not any(info.name.startswith(translator(language)(TITLE)) for language in LANGUAGES):
        return False
    first = book.cells(info).cells.get(2, {}).get(1)
    return first is not None and first.value == _FIRST


def add_coarse_sheet(
    parts: Parts,
    workbook: str,
    balances: Sequence[Balance],
    style: Style,
    language: str,
    earlier: SheetInfo | None = None,
) -> None:
    """Put the sheet behind the others, or write it anew where an `earlier` check put it.

    Parameters
    ----------
    balances
        Rows of `mfa.coarse.coarse_balance` with names in `language`.
    style
        Name of a style → its number, as for the result sheets.
    """
    content = _sheet(balances, style, language).encode()
    if earlier is not None:
        parts[earlier.part] = content
        return
    append_sheet(parts, workbook, content, translator(language)(TITLE))


def _sheet(balances: Sequence[Balance], style: Style, language: str) -> str:
    _ = translator(language)
    machine = [_FIRST, *(f"{MARK}{name}" for name in list(_TITLES)[1:])]
    rows = [
        sheet_row(1, [(style("head"), _(title)) for title in _TITLES.values()]),
        sheet_row(2, [(style("machine"), name) for name in machine]),
    ]
    for number, balance in enumerate(balances, start=3):
        whole = {**balance, "share": float(f"{_share(balance):.4g}")}
        rows.append(sheet_row(number, [_cell(name, whole[name], style) for name in _TITLES]))
    return sheet_page(rows, len(_TITLES), len(balances) + 2)


def _share(balance: Balance) -> float:
    known, count = balance["measured"], balance["all"]
    return known / count if isinstance(known, int) and isinstance(count, int) and count else 0.0


def _cell(name: str, value: object, style: Style) -> tuple[int, str | float]:
    if not isinstance(value, int | float):
        return style("text"), str(value or "")
    code = "0 %" if name == "share" else "0" if isinstance(value, int) else number_code(value)
    return style(f"plain {code}"), float(value)
