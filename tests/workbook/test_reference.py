"""The reference of columns in the documentation follows the schema."""

from pathlib import Path

from mfa.workbook.__main__ import refresh
from mfa.workbook.reference import reference_text
from mfa.workbook.schema import SHEETS

ROOT = Path(__file__).parents[2]


def test_the_shipped_reference_is_up_to_date():
    text = (ROOT / "docs" / "workbook.md").read_text(encoding="utf-8")
    assert text == reference_text(), "run python -m mfa.workbook"


def test_every_column_has_its_line():
    text = reference_text()
    for table in SHEETS:
        section = text.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        for column in table.keys or table.columns:
            assert f"`{column.name}`" in section
            assert column.title_vi in section


def test_all_that_is_made_can_be_made_anew(tmp_path):
    for folder in ("templates", "docs"):
        (tmp_path / folder).mkdir()
    refresh(tmp_path)
    made = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*"))
    assert made == ["docs/workbook.md", "templates/workbook-en.xlsx", "templates/workbook-vi.xlsx"]
