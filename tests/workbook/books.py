"""A small case, and ways to spoil it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mfa.workbook.template import write_template

SMALL = {
    "case": [
        {"key": "title_en", "value": "Rice in Hue"},
        {"key": "title_vi", "value": "Lúa gạo ở Huế"},
        {"key": "periods", "value": "2023"},
        {"key": "unit", "value": "t/year"},
        {"key": "decimal", "value": ","},
        {"key": "population", "value": "population", "note": "Cả thành phố"},
    ],
    "processes": [
        {"id": "fields", "name_en": "Fields", "name_vi": "Đồng ruộng", "sector": "agriculture",
         "stage": "origin", "boundary": "inside"},
        {"id": "mill", "name_en": "Mill", "name_vi": "Nhà máy xay xát", "sector": "agriculture"},
        {"id": "people", "name_vi": "Hộ gia đình", "sector": "pottery", "balance": "no"},
    ],
    "layers": [{"id": "water", "name_vi": "Nước", "unit": "m3/year"}],
    "materials": [
        {"id": "rice", "name_vi": "Gạo", "mf_code": "MF.1.1.1", "moisture": 0.14},
        {"id": "husk", "parent": "rice"},
    ],
    "flows": [
        {"id": "harvest", "source": "environment", "target": "fields", "material": "rice"},
        {"id": "paddy", "source": "fields", "target": "mill", "material": "rice", "upper": 1e6},
        {"id": "eaten", "source": "mill", "target": "people", "material": "rice",
         "unit": "kt/year", "role": "reuse"},
        {"id": "husk_out", "source": "mill", "target": "export", "material": "husk",
         "period": "2023", "note": "Trấu\nbán ra ngoài"},
    ],
    "stocks": [{"id": "silo", "process": "mill", "material": "rice", "unit": "t"}],
    "parameters": [
        {"id": "population", "unit": "person", "value": 1166547.0, "uncertainty": "0",
         "source": "yearbook", "year": "2023"},
        {"id": "husk_share", "unit": "%", "value": 20.5, "uncertainty": "± 1.5",
         "source": "assumption", "note": "Kinh nghiệm", "lower": 0.0, "upper": 100.0},
        {"id": "rice_per_person", "unit": "kg/person/year"},
    ],
    "observations": [
        {"id": "o1", "quantity": "harvest", "value": 334747.0, "unit": "t/year",
         "uncertainty": "10 %", "source": "yearbook", "figure": "H015", "year": "2023",
         "reliability": 1.0, "spatial": 2.0, "period": "2023"},
        {"id": "o2", "quantity": "eaten", "value": 286.0, "unit": "g/person/day",
         "factor": "population", "source": "yearbook", "reliability": 2.0},
        {"id": "o3", "quantity": "eaten + husk_out", "value": 0.3, "unit": "Mt/year",
         "uncertainty": "[0.2; 0.4]", "source": "yearbook"},
        {"id": "o4", "quantity": "silo.change", "value": -5.0, "unit": "t/year",
         "uncertainty": "5", "source": "yearbook"},
    ],
    "relations": [
        {"id": "r1", "formula": "husk_out = 0.01 * husk_share * in(mill)", "name_en": "Husk"},
        {"id": "r2", "formula": "eaten >= 0.5 * paddy"},
    ],
    "sources": [
        {"id": "yearbook", "title": "Niên giám thống kê 2023", "year": "2024",
         "type": "statistics", "confidence": "high", "url": "https://example.org/?a=1&b=2"},
        {"id": "H015", "title": "=SUM(A1)", "quote": "“334.747 tấn” <thóc> & lúa"},
    ],
    "views": [
        {"view": "overview", "view_name_vi": "Tổng quan", "layer": "goods", "colour_by": "sector",
         "group": "farm", "name_vi": "Nông nghiệp", "members": "sector:agriculture",
         "column": 1.0, "order": 1.0},
        {"view": "overview", "group": "rest", "members": "*", "column": 2.0, "order": 1.0},
    ],
}  # fmt: skip


def write_small(path: Path, language: str = "vi") -> Path:
    """Write the small case as a workbook."""
    return write_template(path, language, SMALL)


def edited(path: Path, cells: dict[str, object], language: str = "vi") -> Path:
    """Write the small case with cells such as ``"Dòng!D4"`` set to other values."""
    from openpyxl import load_workbook

    write_small(path, language)
    book = load_workbook(path)
    for place, value in cells.items():
        sheet, cell = place.split("!")
        book[sheet][cell] = value
        if isinstance(value, str):
            book[sheet][cell].data_type = "s"
    book.save(path)
    return path


def by_key(rows: list[dict]) -> list[dict]:
    """Return the settings of a case in an order of their own."""
    return sorted(rows, key=lambda row: str(row["key"]))


TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def raw_book(path: Path, sheet: str, name: str = "Flows", **parts: str | bytes) -> Path:
    """Write a workbook of one sheet from its XML, with further or other parts."""
    relation = '<Relationship Id="rId1" Type="{}/{}" Target="{}"/>'
    content = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="xml" '
        'ContentType="application/xml"/><Default Extension="rels" ContentType="application/'
        'vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEETML}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEETML}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">'
        f"{relation.format(OFFICE, 'officeDocument', 'xl/workbook.xml')}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
        f"{relation.format(OFFICE, 'worksheet', 'worksheets/sheet1.xml')}</Relationships>",
        "xl/worksheets/sheet1.xml": sheet,
    } | parts
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in content.items():
            archive.writestr(part, data)
    return path


def sheet_xml(rows: str) -> str:
    """Return the XML of a sheet that holds `rows`."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def text_row(number: int, *texts: str) -> str:
    """Return the XML of a row of texts from column A on."""
    cells = "".join(
        f'<c r="{"ABCDEFGH"[k]}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for k, text in enumerate(texts)
    )
    return f'<row r="{number}">{cells}</row>'


HEADER = text_row(1, "id", "source", "target", "material")
