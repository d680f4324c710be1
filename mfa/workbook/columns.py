"""What a sheet and a column are, and the columns that several sheets share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mfa.errors import Titled

NUMBER_KINDS = frozenset({"number", "share", "score", "integer"})
"""Kinds of column whose cells hold a number; every other kind holds text."""


@dataclass(frozen=True)
class Column:
    """One column of a sheet (or one row of the Case sheet).

    Attributes
    ----------
    name
        Machine name: row 2 of the sheet, header of the CSV file.
    kind
        ``id`` (unique name that formulas may use), ``key`` (unique name), ``text``,
        ``number``, ``share`` (number from 0 to 1), ``score`` (number from 1 to 4), ``integer``,
        ``unit``, ``choice`` (one word of the list `choices`), ``reference`` (an id of the sheet
        `choices`), ``quantity`` (an id of a quantity, or a formula), ``formula``,
        ``uncertainty``, ``year``, ``period``, ``region``, ``members`` (of a node group).
    title_en, title_vi
        Header in row 1.
    help_en, help_vi
        What belongs here: the comment on the header and the message beside a chosen cell.
    example, example_vi
        What the example row shows; `example` serves both languages when `example_vi` is empty.
    required
        Whether a row is wrong without it.
    choices
        Name of a list of `mfa.workbook.choices`, or of the sheet whose ids are meant.
    closed
        For ``choice``: whether a word outside the list is an error.
    width
        Width of the column in characters.
    """

    name: str
    kind: str
    title_en: str
    title_vi: str
    help_en: str
    help_vi: str
    example: str = ""
    example_vi: str = ""
    required: bool = False
    choices: str = ""
    closed: bool = True
    width: int = 14

    @property
    def numeric(self) -> bool:
        """Whether the cells hold a number."""
        return self.kind in NUMBER_KINDS

    @property
    def titled(self) -> Titled:
        """The machine name, for messages that show it with the header."""
        return Titled(self.name, {"en": self.title_en, "vi": self.title_vi})

    def title(self, language: str) -> str:
        """Return the header in `language`."""
        return self.title_vi if language == "vi" else self.title_en

    def help(self, language: str) -> str:
        """Return what belongs here, in `language`."""
        return self.help_vi if language == "vi" else self.help_en

    def example_in(self, language: str) -> str:
        """Return the example in `language`."""
        return (self.example_vi if language == "vi" else "") or self.example


@dataclass(frozen=True)
class Sheet:
    """One sheet of the workbook, one table, one CSV file.

    Attributes
    ----------
    name
        Machine name of the table; the CSV file is ``<name>.csv``.
    title_en, title_vi
        Name of the sheet.
    help_en, help_vi
        What the sheet is for.
    columns
        Its columns in the order in which they are written.
    keys
        For the Case sheet, whose rows are settings: what may stand in the column ``key``.
    """

    name: str
    title_en: str
    title_vi: str
    help_en: str
    help_vi: str
    columns: tuple[Column, ...]
    keys: tuple[Column, ...] = ()

    def title(self, language: str) -> str:
        """Return the name of the sheet in `language`."""
        return self.title_vi if language == "vi" else self.title_en

    def help(self, language: str) -> str:
        """Return what the sheet is for, in `language`."""
        return self.help_vi if language == "vi" else self.help_en

    def column(self, name: str) -> Column:
        """Return the column with the machine name `name`.

        Raises
        ------
        KeyError
            There is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def identifier(help_en: str, help_vi: str, example: str, width: int = 20) -> Column:
    """Return the column ``id`` of things that formulas and other sheets name."""
    rule_en = "Letters, digits and _, no spaces; unique. Other sheets refer to it."
    rule_vi = "Chữ cái, chữ số và dấu _, không có dấu cách; không trùng. Các bảng khác gọi mã này."
    return Column(
        "id", "id", "Id", "Mã", f"{help_en} {rule_en}", f"{help_vi} {rule_vi}", example,
        required=True, width=width,
    )  # fmt: skip


def key(help_en: str, help_vi: str, example: str, width: int = 20) -> Column:
    """Return the column ``id`` of things that no formula names; any short text will do."""
    return Column(
        "id", "key", "Id", "Mã", f"{help_en} Unique.", f"{help_vi} Không trùng.", example,
        required=True, width=width,
    )  # fmt: skip


def names(example_en: str, example_vi: str) -> tuple[Column, Column]:
    """Return the columns ``name_en`` and ``name_vi``."""
    return (
        Column(
            "name_en", "text", "Name (English)", "Tên (tiếng Anh)",
            "Name in the English report and pictures.",
            "Tên trong báo cáo và hình vẽ tiếng Anh.",
            example_en, width=28,
        ),
        Column(
            "name_vi", "text", "Name (Vietnamese)", "Tên (tiếng Việt)",
            "Name in the Vietnamese report and pictures.",
            "Tên trong báo cáo và hình vẽ tiếng Việt.",
            example_vi, width=28,
        ),
    )  # fmt: skip


NOTE = Column(
    "note", "text", "Note", "Ghi chú",
    "Anything a reader should know.",
    "Điều người đọc cần biết.",
    width=40,
)  # fmt: skip
REASON = replace(
    NOTE,
    help_en="Anything a reader should know. With source “assumption”: the reasoning.",
    help_vi="Điều người đọc cần biết. Nếu nguồn là “assumption” (giả định): ghi rõ lập luận.",
)
PERIOD = Column(
    "period", "period", "Period", "Kỳ",
    "One of the periods of the Case sheet; empty = every period.",
    "Một trong các kỳ ghi ở bảng Thông tin chung; để trống = mọi kỳ.",
    width=10,
)  # fmt: skip
REGION = Column(
    "region", "region", "Region", "Vùng",
    "One of the regions of the Case sheet; empty = every region (or the only one).",
    "Một trong các vùng ghi ở bảng Thông tin chung; để trống = mọi vùng (hoặc vùng duy nhất).",
    width=12,
)  # fmt: skip
MATERIAL = Column(
    "material", "reference", "Material", "Vật liệu",
    "Id from the sheet Materials.",
    "Mã trong bảng Vật liệu.",
    "rice", choices="materials", width=18,
)  # fmt: skip
LAYER = Column(
    "layer", "reference", "Layer", "Lớp",
    "Id from the sheet Layers; empty = goods (mass as is).",
    "Mã trong bảng Lớp; để trống = goods (khối lượng hàng hóa).",
    choices="layers", width=12,
)  # fmt: skip
UNIT = Column(
    "unit", "unit", "Unit", "Đơn vị",
    "Unit such as t/year, m3/day, kg/person/year, %, tấn/năm.",
    "Đơn vị, ví dụ tấn/năm, m3/ngày, kg/người/năm, %, t/year.",
    "t/year", "tấn/năm", width=14,
)  # fmt: skip
LOWER = Column(
    "lower", "number", "Lower limit", "Giới hạn dưới",
    "The value cannot be below this, in the unit of the row; empty = 0 for flows and stocks.",
    "Giá trị không thể thấp hơn số này, theo đơn vị của hàng; để trống = 0 với dòng, tồn lượng.",
    width=12,
)  # fmt: skip
UPPER = Column(
    "upper", "number", "Upper limit", "Giới hạn trên",
    "The value cannot be above this, in the unit of the row; empty = no limit.",
    "Giá trị không thể cao hơn số này, theo đơn vị của hàng này; để trống = không giới hạn.",
    width=12,
)  # fmt: skip
SOURCE = Column(
    "source", "reference", "Source", "Nguồn",
    "Id from the sheet Sources, or the word assumption (then say why in the note).",
    "Mã trong bảng Nguồn, hoặc chữ assumption nếu là giả định (khi đó ghi lý do ở cột Ghi chú).",
    "yearbook_2023", choices="sources", width=18,
)  # fmt: skip


def _score(name: str, title: tuple[str, str], best: tuple[str, str], example: str = "") -> Column:
    return Column(
        name, "score", f"{title[0]} (1–4)", f"{title[1]} (1–4)",
        f"Data quality, 1 best – 4 worst: {best[0]}.",
        f"Chất lượng số liệu, 1 tốt nhất – 4 kém nhất: {best[1]}.",
        example, width=13,
    )  # fmt: skip


PROVENANCE: tuple[Column, ...] = (
    Column(
        "uncertainty", "uncertainty", "Uncertainty", "Độ bất định",
        "5 or 5 kt/year = one standard deviation; 10 % = relative; ± 10 % = 95 % half-width; "
        "*/ 1.5 = 95 % factor; [90; 110] = interval; 0 = exact. "
        "Empty = from the data-quality scores.",
        "5 hoặc 5 kt/năm = một độ lệch chuẩn; 10 % = tương đối; ± 10 % = nửa khoảng 95 %; "
        "*/ 1,5 = hệ số 95 %; [90; 110] = khoảng; 0 = chính xác. "
        "Để trống = suy ra từ điểm chất lượng số liệu.",
        "10 %", width=15,
    ),
    SOURCE,
    Column(
        "figure", "text", "Figure in the source", "Vị trí trong nguồn",
        "Which figure of the source: its id in the sheet Sources, or table and page.",
        "Số liệu nào của nguồn: mã trong bảng Nguồn, hoặc số bảng và số trang.",
        width=14,
    ),
    Column(
        "year", "year", "Year of the data", "Năm số liệu",
        "The year (or years, 2019–2021) the number stands for.",
        "Năm (hoặc các năm, 2019–2021) mà con số phản ánh.",
        "2023", width=11,
    ),
    Column(
        "scope", "text", "Scope", "Phạm vi",
        "Where the number holds: the city, the country, another city…",
        "Con số đúng cho nơi nào: thành phố, cả nước, thành phố khác…",
        "Hue city", "TP Huế", width=18,
    ),
    _score("reliability", ("Reliability", "Độ tin cậy"),
           ("1 documented and measured, 4 unknown how",
            "1 có tài liệu, đo đạc; 4 không rõ cách làm"),
           "2"),
    _score("completeness", ("Completeness", "Độ đầy đủ"),
           ("1 all relevant flows, 4 fragmentary", "1 đủ các dòng liên quan; 4 rời rạc"), "1"),
    _score("temporal", ("Time", "Thời gian"),
           ("1 same year, 2 under 5 years apart, 3 under 10, 4 more",
            "1 cùng năm; 2 lệch dưới 5 năm; 3 dưới 10 năm; 4 hơn nữa"), "1"),
    _score("spatial", ("Place", "Không gian"),
           ("1 the city itself, 2 similar, 3 broader region, 4 very different",
            "1 chính thành phố; 2 nơi tương tự; 3 vùng rộng hơn; 4 rất khác"), "1"),
    _score("other", ("Technology", "Công nghệ"),
           ("1 exactly this product or process, 4 weakly related",
            "1 đúng sản phẩm, quá trình này; 4 ít liên quan")),
)  # fmt: skip
"""Uncertainty, source and data-quality scores: shared by parameters and observations."""
