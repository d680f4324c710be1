"""A small case used by several tests: paddy is milled, rice is sold, husk is burned."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mfa.formats.tables import write_tables
from mfa.workbook.template import write_template

TABLES: dict[str, list[dict[str, str | float]]] = {
    "case": [
        {"key": "title_en", "value": "Two mills"},
        {"key": "title_vi", "value": "Hai nhà máy xay"},
        {"key": "periods", "value": "2023"},
        {"key": "unit", "value": "t/year"},
        {"key": "decimal", "value": ","},
        {"key": "population", "value": "population"},
    ],
    "processes": [
        {"id": "mill", "name_en": "Rice mill", "name_vi": "Nhà máy xay", "sector": "agriculture"},
        {"id": "market", "name_en": "Market", "name_vi": "Chợ", "sector": "households"},
        {"id": "boiler", "name_en": "Boiler", "name_vi": "Lò hơi", "sector": "industry"},
    ],
    "materials": [
        {"id": "paddy", "name_en": "Paddy", "name_vi": "Thóc", "mf_code": "MF.1.1.1"},
        {"id": "rice", "name_en": "Rice", "name_vi": "Gạo", "parent": "paddy"},
        {"id": "husk", "name_en": "Husk", "name_vi": "Trấu", "parent": "paddy"},
    ],
    "flows": [
        {"id": "paddy_in", "name_en": "Paddy", "name_vi": "Thóc vào", "source": "import",
         "target": "mill", "material": "paddy"},
        {"id": "rice_out", "name_en": "Rice", "name_vi": "Gạo bán", "source": "mill",
         "target": "market", "material": "rice"},
        {"id": "husk_out", "name_en": "Husk", "name_vi": "Trấu đốt", "source": "mill",
         "target": "boiler", "material": "husk", "role": "energy_recovery"},
        {"id": "eaten", "name_en": "Eaten", "name_vi": "Tiêu dùng", "source": "market",
         "target": "environment", "material": "rice"},
        {"id": "burnt", "name_en": "Burnt", "name_vi": "Khí thải", "source": "boiler",
         "target": "environment", "material": "husk"},
    ],
    "parameters": [
        {"id": "population", "name_en": "Population", "name_vi": "Dân số", "unit": "person",
         "value": 1000.0, "uncertainty": "1 %", "source": "book"},
    ],
    "observations": [
        {"id": "o_in", "quantity": "paddy_in", "value": 100.0, "unit": "t/year",
         "uncertainty": "5 %", "source": "book"},
        {"id": "o_rice", "quantity": "rice_out", "value": 66.0, "unit": "t/year",
         "uncertainty": "± 6", "source": "book"},
        {"id": "o_husk", "quantity": "husk_out", "value": 22.5, "unit": "t/year",
         "uncertainty": "3", "source": "book"},
    ],
    "sources": [{"id": "book", "title": "Yearbook", "year": "2023", "type": "statistics"}],
    "views": [
        {"view": "all", "view_name_en": "All", "view_name_vi": "Tất cả", "layer": "goods",
         "colour_by": "material", "group": "g_mill", "name_en": "Mill", "name_vi": "Xay xát",
         "members": "mill", "column": 0.0, "order": 1.0},
        {"view": "all", "group": "g_rest", "name_en": "Rest", "name_vi": "Khác", "members": "*",
         "column": 1.0, "order": 1.0},
    ],
}  # fmt: skip


def changed(table: str, row: int, **cells: str | float) -> dict[str, list[dict[str, str | float]]]:
    """Return the tables with some cells of one row replaced."""
    rows = [dict(item) for item in TABLES[table]]
    rows[row] |= cells
    return TABLES | {table: rows}


@cache
def _workbook(language: str) -> bytes:
    """Return the unchanged workbook: writing one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        return write_template(Path(folder) / "mills.xlsx", language, TABLES).read_bytes()


def workbook_case(folder: Path, tables: dict | None = None, language: str = "en") -> Path:
    """Write the case as a folder with case.toml and mills.xlsx; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if tables is None:
        (folder / "mills.xlsx").write_bytes(_workbook(language))
    else:
        write_template(folder / "mills.xlsx", language, tables)
    text = 'input = "mills.xlsx"\nlanguages = ["vi", "en"]\n'
    (folder / "case.toml").write_text(text, encoding="utf-8")
    return folder


def tables_case(folder: Path, tables: dict | None = None) -> Path:
    """Write the case as a folder of CSV tables without settings; return the folder."""
    write_tables(tables or TABLES, folder)
    return folder
