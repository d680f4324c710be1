"""New cases: an empty workbook, or one that already holds the structure of a worked case."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from mfa.files import replace_files
from mfa.locale import LANGUAGES
from mfa.settings import SETTINGS
from mfa.workbook.raw import RawTables, Value

FRAMEWORKS = ("blank", "hue", "eco-park")
"""What a new case may start from: nothing, or the structure of Hue or of an eco-industrial park."""

_KEPT = {
    "case": ("key", "value"),
    "processes": ("id", "name_en", "name_vi", "sector", "stage", "boundary", "balance"),
    "layers": ("id", "name_en", "name_vi", "unit"),
    "materials": ("id", "name_en", "name_vi", "parent", "mf_code"),
    "flows": ("id", "name_en", "name_vi", "source", "target", "material", "layer", "unit", "role"),
    "stocks": ("id", "name_en", "name_vi", "process", "material", "layer", "unit"),
    "views": (
        "view", "view_name_en", "view_name_vi", "layer", "colour_by", "group", "name_en",
        "name_vi", "members", "column", "order",
    ),
}  # fmt: skip
_KEPT_SETTINGS = ("unit",)
_SETTINGS_TEXT = """\
# Settings of the case; the workbook holds the data.
input = {workbook}
languages = {languages}
"""


def structure(
    tables: RawTables | Mapping[str, Sequence[Mapping[str, Value]]],
) -> dict[str, list[dict[str, Value]]]:
    """Return the structure of a case without any number or source of it.

    Processes, layers, materials, flows, stocks and views stay, with their names; values,
    uncertainties, limits, properties of materials, notes and everything about the city go.

    Examples
    --------
    >>> structure({"flows": [{"id": "rice", "source": "a", "target": "b", "upper": 5.0}],
    ...            "observations": [{"id": "o", "quantity": "rice", "value": 3.0}]})
    {'flows': [{'id': 'rice', 'source': 'a', 'target': 'b'}]}
    """
    plain = tables.plain() if isinstance(tables, RawTables) else tables
    kept = {
        name: [{key: row[key] for key in columns if key in row} for row in plain.get(name, [])]
        for name, columns in _KEPT.items()
    }
    kept["case"] = [row for row in kept["case"] if row.get("key") in _KEPT_SETTINGS]
    return {name: rows for name, rows in kept.items() if rows}


def framework_tables(name: str) -> dict[str, list[dict[str, Value]]]:
    """Return the tables of a shipped framework.

    Raises
    ------
    ValueError
        There is none of that name, or it is the blank one, which has no tables.
    """
    if name not in FRAMEWORKS[1:]:
        raise ValueError(f"framework is {name!r}, expected one of {', '.join(FRAMEWORKS[1:])}")
    from mfa.formats.tables import read_tables

    with as_file(files("mfa").joinpath("data", "frameworks", name)) as folder:
        return read_tables(folder).plain()


def create_case(
    folder: str | os.PathLike[str], framework: str = "blank", language: str = "vi"
) -> list[Path]:
    """Create a case folder: ``case.toml`` and a workbook to fill in.

    Parameters
    ----------
    folder
        A folder that does not exist yet, or is empty. The workbook takes its name.
    framework
        One of `FRAMEWORKS`.
    language
        Language of the workbook, and first language of the report.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    FileExistsError
        There is a file of that name, or the folder holds something.
    ValueError
        The framework or the language is unknown.
    """
    from mfa.workbook.template import template_bytes

    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    tables = None if framework == "blank" else framework_tables(framework)
    name = f"{path.resolve().name}.xlsx"
    languages = list(dict.fromkeys([language, *LANGUAGES]))
    text = _SETTINGS_TEXT.format(
        workbook=json.dumps(name, ensure_ascii=False), languages=json.dumps(languages)
    )
    contents = {path / SETTINGS: text.encode("utf-8")}
    contents[path / name] = template_bytes(language, tables)
    replace_files(contents)
    return list(contents)
