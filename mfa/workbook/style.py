"""How the workbook looks: one font, few colours, named once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

FONT = "Arial"
REQUIRED = "#0B5D5E"
OPTIONAL = "#D8E8E6"
EXAMPLE = "#FFF8E1"
COMPUTED = "#E4E9F5"
MISSING = "#FCE4D6"
DOUBLE = "#F8CBAD"
MACHINE = "#F2F2F2"
GREY = "#6B6B6B"
INK = "#1F2A2A"
LINE = "#BFCFCD"
TAB_COLOURS = {
    "case": REQUIRED,
    "processes": "#3C8D7E",
    "layers": "#3C8D7E",
    "materials": "#3C8D7E",
    "flows": "#3C8D7E",
    "stocks": "#3C8D7E",
    "parameters": "#C98A1B",
    "observations": "#C98A1B",
    "relations": "#C98A1B",
    "interventions": "#B4553F",
    "sources": "#7A6A8F",
    "views": "#7A6A8F",
}

_BASE = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "top"}
_HEADER = _BASE | {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1,
                   "border_color": LINE, "locked": False, "indent": 1}  # fmt: skip
_STYLES: dict[str, dict[str, object]] = {
    "text": _BASE | {"num_format": "@", "locked": False, "indent": 1},
    "wrapped": _BASE | {"num_format": "@", "locked": False, "text_wrap": True,
                        "indent": 1},
    "number": _BASE | {"locked": False},
    "own": _BASE | {"locked": False},
    "required": _HEADER | {"bg_color": REQUIRED, "font_color": "#FFFFFF"},
    "optional": _HEADER | {"bg_color": OPTIONAL},
    "machine": _BASE | {"font_size": 8, "font_color": GREY, "bg_color": MACHINE, "bottom": 1,
                        "bottom_color": LINE, "valign": "vcenter", "indent": 1},
    "example": _BASE | {"italic": True, "font_color": GREY, "bg_color": EXAMPLE,
                        "num_format": "@", "locked": False, "indent": 1},
    "example_number": _BASE | {"italic": True, "font_color": GREY, "bg_color": EXAMPLE,
                               "locked": False},
    "computed": _HEADER | {"bg_color": COMPUTED},
    "missing": {"bg_color": MISSING},
    "double": {"bg_color": DOUBLE},
    "missing_sample": _BASE | {"bg_color": MISSING},
    "double_sample": _BASE | {"bg_color": DOUBLE},
    "label": _BASE | {"bold": True, "bg_color": OPTIONAL, "text_wrap": True, "border": 1,
                      "border_color": LINE, "indent": 1},
    "value": _BASE | {"num_format": "@", "text_wrap": True, "locked": False, "border": 1,
                      "border_color": LINE, "indent": 1},
    "help": _BASE | {"italic": True, "font_color": GREY, "font_size": 9, "text_wrap": True},
    "title": _BASE | {"bold": True, "font_size": 18, "font_color": REQUIRED},
    "heading": _BASE | {"bold": True, "font_size": 12, "font_color": REQUIRED},
    "body": _BASE | {"text_wrap": True},
    "link": _BASE | {"font_color": REQUIRED, "underline": 1, "bold": True},
    "code": _BASE | {"font_name": "Courier New", "num_format": "@"},
}  # fmt: skip


class Styles:
    """The formats of one workbook by name, made once each.

    Examples
    --------
    >>> from io import BytesIO
    >>> from xlsxwriter import Workbook
    >>> with Workbook(BytesIO()) as book:
    ...     Styles(book)["text"].font_name
    'Arial'
    """

    def __init__(self, book: Workbook) -> None:
        self._formats = {name: book.add_format(style) for name, style in _STYLES.items()}

    def __getitem__(self, name: str) -> Format:
        return self._formats[name]
