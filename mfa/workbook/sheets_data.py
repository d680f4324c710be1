"""The sheets that hold knowledge: Parameters, Observations, Relations, Sources; and Views."""

from __future__ import annotations

from dataclasses import replace

from mfa.workbook.columns import (
    LAYER,
    LOWER,
    NOTE,
    PERIOD,
    PROVENANCE,
    REASON,
    REGION,
    SOURCE,
    UNIT,
    UPPER,
    Column,
    Sheet,
    identifier,
    key,
    names,
)

# fmt: off
PARAMETERS = Sheet(
    "parameters", "Parameters", "Tham số",
    "Any other number with a unit: population, waste per person, straw per grain, shares.",
    "Mọi con số khác có đơn vị: dân số, rác bình quân đầu người, tỷ lệ rơm trên thóc…",
    (
        identifier("Short name of the parameter.", "Mã ngắn của tham số.", "waste_per_person"),
        *names("Household waste per person", "Rác sinh hoạt bình quân đầu người"),
        replace(UNIT, help_en="Unit such as person, kg/person/day, %; empty = plain number.",
                help_vi="Đơn vị, ví dụ người, kg/người/ngày, %; để trống = số không đơn vị.",
                example="kg/person/day", example_vi="kg/người/ngày", width=16),
        Column("value", "number", "Value", "Giá trị",
               "The number, in the unit of the row; empty = unknown, to be found by relations.",
               "Con số theo đơn vị của hàng này; để trống = chưa biết, được tìm từ các quan hệ.",
               "0.65", width=14),
        *PROVENANCE,
        LOWER,
        UPPER,
        PERIOD,
        REGION,
        REASON,
    ),
)

OBSERVATIONS = Sheet(
    "observations", "Observations", "Số liệu",
    "Reported values of flows, stocks and their sums. One quantity may have several.",
    "Giá trị được công bố của dòng, tồn lượng hoặc tổng của chúng. "
    "Một đại lượng có thể có nhiều số liệu.",
    (
        key("Short name of the observation.", "Mã ngắn của số liệu.", "o_rice_2023", 16),
        Column("quantity", "quantity", "Quantity", "Đại lượng",
               "Id of a flow, stock, stock change (<stock>.change) or parameter, "
               "or a formula such as a + b.",
               "Mã của dòng, tồn lượng, biến động tồn lượng (<mã>.change) hoặc tham số, "
               "hoặc công thức như a + b.",
               "rice_to_market", required=True, choices="flows", width=26),
        Column("value", "number", "Value", "Giá trị",
               "The number, in the unit of the row.", "Con số theo đơn vị của hàng này.",
               "41500", required=True, width=14),
        replace(UNIT, help_en="Unit of the value; empty = unit of the quantity.",
                help_vi="Đơn vị của giá trị; để trống = đơn vị của đại lượng."),
        Column("factor", "formula", "Times factor", "Nhân với",
               "Formula of parameters by which the value is multiplied: value 286 g/person/day "
               "times population.",
               "Công thức gồm các tham số để nhân với giá trị, ví dụ 286 g/người/ngày "
               "nhân với population.",
               width=20),
        *PROVENANCE,
        replace(PERIOD, example="2023", choices="opening",
                help_en="One of the periods of the Case sheet; may be empty when there is one. "
                "The level of a stock may be given for the year before: its opening level.",
                help_vi="Một trong các kỳ ghi ở bảng Thông tin chung; chỉ có một kỳ thì có thể để "
                "trống. Tồn lượng có thể ghi cho năm liền trước: mức đầu kỳ."),
        replace(REGION,
                help_en="One of the regions of the Case sheet; may be empty when there is one.",
                help_vi="Một trong các vùng ghi ở bảng Thông tin chung; chỉ có một vùng thì để "
                "trống."),
        LAYER,
        REASON,
    ),
)

RELATIONS = Sheet(
    "relations", "Relations", "Quan hệ",
    "Formulas that tie quantities together. Mass balances need not be written.",
    "Công thức liên hệ các đại lượng. Không cần ghi các phương trình cân bằng khối lượng.",
    (
        key("Short name of the relation.", "Mã ngắn của quan hệ.", "r_husk", 16),
        Column("formula", "formula", "Formula", "Công thức",
               "Names, numbers, + - * / ^, parentheses, in(process), out(process), sum(material), "
               "name[label] for a period, region or layer; one of = >= <=.",
               "Mã, số, + - * / ^, dấu ngoặc, in(quá trình), out(quá trình), sum(vật liệu), "
               "mã[nhãn] cho kỳ, vùng hoặc lớp; một trong các dấu = >= <=.",
               "husk = 0.2 * in(rice_mill)", required=True, width=48),
        *names("Husk per paddy", "Trấu trên thóc"),
        PERIOD,
        REGION,
        replace(SOURCE, example=""),
        REASON,
    ),
)

SOURCES = Sheet(
    "sources", "Sources", "Nguồn",
    "Where numbers come from; one row a publication, or a published figure.",
    "Con số lấy từ đâu; mỗi hàng một tài liệu, hoặc một con số được công bố.",
    (
        key("Short name of the source.", "Mã ngắn của nguồn.", "yearbook_2023"),
        Column("title", "text", "Title", "Tên tài liệu",
               "Title, with table and page when it is a book.",
               "Tên tài liệu, kèm số bảng, số trang nếu là sách.",
               "Statistical yearbook 2023", "Niên giám thống kê 2023", required=True, width=44),
        Column("publisher", "text", "Publisher", "Nơi công bố",
               "Office, journal, newspaper, company.", "Cơ quan, tạp chí, báo, doanh nghiệp.",
               "Statistics office", "Cục Thống kê", width=26),
        Column("year", "year", "Year", "Năm",
               "Year of publication.", "Năm công bố.", "2024", width=9),
        Column("url", "text", "Link", "Đường dẫn",
               "Web address.", "Địa chỉ trang web.", width=34),
        Column("quote", "text", "Quote", "Trích dẫn",
               "The words of the source, as printed.", "Nguyên văn trong tài liệu.", width=44),
        Column("scope", "text", "Scope", "Phạm vi",
               "Where and for what it holds.", "Đúng cho nơi nào, cho việc gì.", width=22),
        Column("type", "choice", "Kind of source", "Loại nguồn",
               "Choose from the list.", "Chọn trong danh sách.",
               "statistics", choices="source_type", width=20),
        Column("confidence", "choice", "Confidence", "Mức tin cậy",
               "high, medium or low.", "cao, trung bình hoặc thấp.",
               "high", choices="confidence", width=13),
        NOTE,
    ),
)

VIEWS = Sheet(
    "views", "Views", "Góc nhìn",
    "Sankey diagrams: one row a group of processes. Columns about the whole view are read from "
    "its first row.",
    "Sơ đồ Sankey: mỗi hàng một nhóm quá trình. Các cột về cả góc nhìn được đọc ở hàng đầu tiên.",
    (
        Column("view", "text", "View", "Góc nhìn",
               "Short name of the view; the rows of one view share it.",
               "Mã ngắn của góc nhìn; các hàng cùng góc nhìn ghi như nhau.",
               "overview", required=True, width=16),
        Column("view_name_en", "text", "Name of the view (English)", "Tên góc nhìn (tiếng Anh)",
               "Title of the picture.", "Tên của hình.", "Material flows of the city", width=28),
        Column("view_name_vi", "text", "Name of the view (Vietnamese)",
               "Tên góc nhìn (tiếng Việt)",
               "Title of the picture.", "Tên của hình.", "Dòng vật liệu của thành phố", width=28),
        replace(LAYER, help_en="What is drawn; empty = goods.",
                help_vi="Vẽ lớp nào; để trống = goods (hàng hóa)."),
        Column("colour_by", "choice", "Colour by", "Tô màu theo",
               "What the colours mean; empty = material group.",
               "Ý nghĩa của màu; để trống = nhóm vật liệu.",
               "mf_code", choices="colour_by", width=18),
        Column("group", "text", "Group", "Nhóm",
               "Short name of the node.", "Mã ngắn của ô trên sơ đồ.",
               "farms", required=True, width=16),
        *names("Farms", "Nông trại"),
        Column("members", "members", "Members", "Thành viên",
               "Process ids with commas, sector:<sector>, stage:<stage>, or * for all the rest.",
               "Mã các quá trình cách nhau bằng dấu phẩy, sector:<ngành>, stage:<giai đoạn>, "
               "hoặc * cho tất cả phần còn lại.",
               "sector:agriculture", required=True, width=34),
        Column("column", "integer", "Column", "Cột",
               "Position from left to right: 1, 2, 3…", "Vị trí từ trái sang phải: 1, 2, 3…",
               "1", width=9),
        Column("order", "integer", "Order", "Thứ tự",
               "Position from top to bottom.", "Vị trí từ trên xuống dưới.", "1", width=9),
    ),
)
# fmt: on
