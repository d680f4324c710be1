"""The first sheet: what the workbook is for and how it is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.locale import N_, translator
from mfa.workbook.schema import SHEETS, TEMPLATE_VERSION
from mfa.workbook.style import Styles

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

TITLE = N_("Read me")
STEPS = (
    N_("Fill in the sheet Case, then Processes and Flows: what goes from where to where."),
    N_("Write every number you find into Observations or Parameters, with unit and source, as it "
       "was printed. Two sources for one number are two rows."),
    N_("Leave unknown what you do not know: an empty cell means “not known”, never zero."),
    N_("Run “mfa check” on the file: a copy is written beside it in which every doubtful cell is "
       "marked and explained."),
    N_("Plans and what-if questions go onto the sheet Interventions: one row an edit of the data, "
       "grouped into scenarios. Leave it empty if there are none."),
    N_("Rows may be sorted, filtered, added and deleted; own sheets and own columns on the right "
       "are left alone. Do not change the small grey names in row 2."),
    N_("The yellow example rows are not read. Overwrite them, the id included, or leave them."),
)  # fmt: skip
UNCERTAINTIES = (
    ("5", N_("one standard deviation (1 σ), in the unit of the value")),
    ("10 %", N_("one standard deviation, relative to the value")),
    ("± 5", N_("half of the 95 % interval, in the unit of the value")),
    ("± 10 %", N_("half of the 95 % interval, relative to the value")),
    ("*/ 1{d}5", N_("95 % factor: between value / 1.5 and value × 1.5")),
    ("[90; 110]", N_("anywhere between two limits")),
    ("0", N_("exact, a constant")),
    ("", N_("taken from the data-quality scores; without scores, 30 % of the value")),
)
FORMULAS = (
    ("husk = 0.2 * in(rice_mill)", N_("a share of all that enters a process")),
    ("straw = straw_per_paddy * paddy", N_("a parameter times a flow")),
    ("compost <= 0.3 * out(market)", N_("an upper limit; >= gives a lower one")),
    ("sum(rice) >= 1000", N_("all flows of a material, and of the materials below it")),
    ("rice[2023] = 1.1 * rice[2022]", N_("one period, region or layer of a quantity")),
)


def write_guide(book: Workbook, styles: Styles, language: str) -> None:
    """Add the guide as the first sheet of `book`."""
    _ = translator(language)
    page = book.add_worksheet(_(TITLE))
    page.hide_gridlines(2)
    page.set_column(0, 0, 3)
    page.set_column(1, 1, 34)
    page.set_column(2, 2, 96)
    page.set_paper(9)
    page.fit_to_pages(1, 1)
    page.protect("", {"format_columns": True, "format_rows": True})
    writer = _Guide(page, styles)
    writer.title(_("Material-flow account of a city"))
    version = _("Template version {version}", version=TEMPLATE_VERSION)
    writer.line("help", version)
    writer.heading(_("How to fill in this workbook"))
    for number, step in enumerate(STEPS, start=1):
        writer.step(number, _(step))
    writer.heading(_("Colours"))
    writer.sample("required", _("dark header"), _("the column must be filled in"))
    writer.sample("optional", _("light header"), _("the column may stay empty"))
    writer.sample("example", _("yellow row"), _("an example; not read"))
    writer.sample("missing_sample", _("light orange cell"), _("required, and still missing"))
    writer.sample("double_sample", _("dark orange cell"), _("an id that stands twice"))
    writer.sample("computed", _("blue header"), _("a result that mfa has written; not read"))
    writer.heading(_("Sheets"))
    for sheet in SHEETS:
        writer.link(sheet.title(language), sheet.help(language))
    writer.heading(_("How to write an uncertainty"))
    mark = "," if language == "vi" else "."
    for text, meaning in UNCERTAINTIES:
        if text:
            writer.pair(text.format(d=mark), _(meaning), "code")
        else:
            writer.pair(_("(empty)"), _(meaning))
    writer.heading(_("How to write a relation (always with a decimal point)"))
    for text, meaning in FORMULAS:
        writer.pair(text, _(meaning), "code")


class _Guide:
    """Writes downwards."""

    def __init__(self, page: Worksheet, styles: Styles) -> None:
        self.page = page
        self.styles = styles
        self.row = 0

    def title(self, text: str) -> None:
        self.page.set_row(self.row, 30)
        self.line("title", text)

    def line(self, style: str, text: str) -> None:
        self.page.write_string(self.row, 1, text, self.styles[style])
        self.row += 1

    def heading(self, text: str) -> None:
        self.row += 1
        self.page.set_row(self.row, 20)
        self.line("heading", text)

    def step(self, number: int, text: str) -> None:
        self.page.write_string(self.row, 0, f"{number}.", self.styles["body"])
        self.page.merge_range(self.row, 1, self.row, 2, text, self.styles["body"])
        self._height(text, 135)

    def pair(self, left: str, right: str, style: str = "body") -> None:
        self.page.write_string(self.row, 1, left, self.styles[style])
        self._right(right)

    def sample(self, style: str, left: str, right: str) -> None:
        self.page.write_string(self.row, 1, left, self.styles[style])
        self._right(right)

    def link(self, title: str, right: str) -> None:
        target = f"internal:'{title}'!A1"
        self.page.write_url(self.row, 1, target, self.styles["link"], title)
        self._right(right)

    def _right(self, text: str) -> None:
        self.page.write_string(self.row, 2, text, self.styles["body"])
        self._height(text, 100)

    def _height(self, text: str, line: int) -> None:
        self.page.set_row(self.row, 15 * (1 + len(text) // line))
        self.row += 1
