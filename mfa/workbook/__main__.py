"""Write what is made from the schema anew: ``python -m mfa.workbook`` in the repository's root."""

from __future__ import annotations

from pathlib import Path

from mfa.locale import LANGUAGES
from mfa.workbook.reference import reference_text
from mfa.workbook.template import write_template


def refresh(root: Path) -> None:
    """Write the blank templates and the reference of columns below `root`."""
    for language in LANGUAGES:
        write_template(root / "templates" / f"workbook-{language}.xlsx", language)
    (root / "docs" / "workbook.md").write_text(reference_text(), encoding="utf-8")


if __name__ == "__main__":
    refresh(Path.cwd())
