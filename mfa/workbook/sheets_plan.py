"""The sheet of plans: Interventions, grouped into scenarios."""

from __future__ import annotations

from dataclasses import replace

from mfa.workbook.columns import (
    LAYER,
    NOTE,
    PERIOD,
    PROVENANCE,
    REGION,
    SOURCE,
    UNIT,
    Column,
    Sheet,
    key,
)

_PROVENANCE = {column.name: column for column in PROVENANCE}

# fmt: off
INTERVENTIONS = Sheet(
    "interventions", "Interventions", "Can thiệp",
    "Scenarios: one row an edit of the data. The rows of a scenario together are balanced anew and "
    "compared with the case as it is. A figure that no longer holds must be released.",
    "Kịch bản: mỗi hàng một thay đổi số liệu. Các hàng của một kịch bản được cân bằng lại cùng "
    "nhau và so với hiện trạng. Số liệu không còn đúng trong kịch bản thì phải bỏ (release).",
    (
        key("Short name of the intervention.", "Mã ngắn của can thiệp.", "i_wte", 16),
        Column("scenario", "text", "Scenario", "Kịch bản",
               "Short name of the scenario; its rows share it. Not “reference” or “all”.",
               "Mã ngắn của kịch bản; các hàng cùng kịch bản ghi như nhau. "
               "Không dùng “reference” hoặc “all”.",
               "recycling_30", required=True, width=16),
        Column("scenario_name_en", "text", "Name of the scenario (English)",
               "Tên kịch bản (tiếng Anh)",
               "Its name in reports; the first row that gives one counts.",
               "Tên trong báo cáo; lấy ở hàng đầu tiên có ghi.",
               "Sorting at home", width=28),
        Column("scenario_name_vi", "text", "Name of the scenario (Vietnamese)",
               "Tên kịch bản (tiếng Việt)",
               "Its name in Vietnamese reports.", "Tên trong báo cáo tiếng Việt.",
               "Phân loại rác tại nhà", width=28),
        Column("quantity", "quantity", "Quantity", "Đại lượng",
               "Id of a flow, stock, stock change (<stock>.change) or parameter; to release a sum, "
               "the sum as it is observed.",
               "Mã của dòng, tồn lượng, biến động tồn lượng (<mã>.change) hoặc tham số; "
               "để bỏ một tổng thì ghi đúng tổng như ở bảng Số liệu.",
               "waste_to_landfill", required=True, choices="flows", width=26),
        Column("action", "choice", "Action", "Cách thay đổi",
               "set: the value replaces all figures of the quantity; multiply, add: each of them "
               "is edited; release: they are dropped.",
               "set (đặt): giá trị thay mọi số liệu của đại lượng; multiply (nhân), add (cộng): "
               "sửa từng số liệu; release (bỏ): bỏ các số liệu.",
               "multiply", required=True, choices="action", width=14),
        Column("value", "number", "Value", "Giá trị",
               "The new value, the factor, or what is added; empty for release.",
               "Giá trị mới, hệ số nhân, hoặc số cộng thêm; để trống nếu là release (bỏ).",
               "0.7", width=14),
        replace(UNIT, help_en="Unit of the value; empty = unit of the quantity; a factor is a "
                "plain number or %.",
                help_vi="Đơn vị của giá trị; để trống = đơn vị của đại lượng; hệ số nhân là số "
                "không đơn vị hoặc %.", example="", example_vi=""),
        replace(_PROVENANCE["uncertainty"],
                help_en="Of the value, as on the sheet Observations. Empty = exact for multiply "
                "and add, 30 % for set.",
                help_vi="Của giá trị, ghi như ở bảng Số liệu. Để trống = chính xác với nhân, cộng; "
                "30 % với đặt."),
        replace(SOURCE, help_en="Id from the sheet Sources of the plan or decision, or the word "
                "assumption (then say why in the note).",
                help_vi="Mã trong bảng Nguồn của kế hoạch, quyết định; hoặc chữ assumption nếu là "
                "giả định (khi đó ghi lý do ở cột Ghi chú).", example="assumption"),
        replace(PERIOD, choices="opening"),
        REGION,
        LAYER,
        replace(_PROVENANCE["year"], title_en="Year of the plan", title_vi="Năm kế hoạch",
                help_en="The year (or years) for which the plan states the value.",
                help_vi="Năm (hoặc các năm) mà kế hoạch nêu giá trị.", example="2030"),
        replace(NOTE, help_en="Why; for release: why the figure no longer holds.",
                help_vi="Lý do; với release (bỏ): vì sao số liệu không còn đúng.",
                example="A pilot of 2024 cut mixed waste by 30 %.",
                example_vi="Thí điểm năm 2024 giảm 30 % rác hỗn hợp."),
    ),
)
# fmt: on
