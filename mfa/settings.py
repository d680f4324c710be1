"""The settings of a case: its ``case.toml``."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mfa.errors import InputError, Place, Problem
from mfa.locale import LANGUAGES

SETTINGS = "case.toml"
KEYS = ("input", "languages")


@dataclass(frozen=True)
class Settings:
    """What ``case.toml`` says.

    Attributes
    ----------
    input
        The workbook, or the folder of tables.
    languages
        Languages of the report; the first is the case's own.
    problems
        Doubts about the file, such as a misspelt key.
    """

    input: Path
    languages: tuple[str, ...] = LANGUAGES
    problems: tuple[Problem, ...] = ()


def read_settings(folder: Path) -> Settings:
    """Read ``case.toml`` in `folder`.

    Raises
    ------
    InputError
        It is no TOML, names no input or one that does not exist, or an unknown language.
    """
    place = Place(file=SETTINGS)
    try:
        content = tomllib.loads((folder / SETTINGS).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise InputError([_not_toml(str(cause))]) from cause
    source, languages = content.get("input"), content.get("languages", list(LANGUAGES))
    problems = []
    if not isinstance(source, str) or not source:
        problems.append(
            Problem(
                "settings-input",
                "The setting “input” is missing. It names the workbook, or the folder of tables, "
                "for example: {example}",
                {"example": 'input = "hue.xlsx"'},
                place,
            )
        )
    elif not (folder / source).exists():
        problems.append(
            Problem(
                "settings-input-missing",
                "The setting “input” names “{name}”, which does not exist.",
                {"name": source},
                place,
            )
        )
    if not isinstance(languages, list) or not languages or not set(languages) <= set(LANGUAGES):
        problems.append(
            Problem(
                "settings-languages",
                "The setting “languages” must be a list of languages, for example: {example}",
                {"example": 'languages = ["vi", "en"]'},
                place,
            )
        )
    if problems:
        raise InputError(problems)
    return Settings(folder / str(source), tuple(dict.fromkeys(languages)), _unknown_keys(content))


def _not_toml(reason: str) -> Problem:
    line = re.search(r"line (\d+)", reason)
    return Problem(
        "settings-unreadable",
        "The file cannot be read as TOML. A setting looks like this: {example}",
        {"example": 'input = "hue.xlsx"'},
        Place(file=SETTINGS, row=int(line[1]) if line else None),
    )


def _unknown_keys(content: dict[str, Any]) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            "settings-unknown",
            "The setting “{key}” is not known and is not read.",
            {"key": key},
            Place(file=SETTINGS),
            "warning",
        )
        for key in content
        if key not in KEYS
    )


def find_cases(folder: str | os.PathLike[str] = ".") -> list[dict[str, Any]]:
    """Return the cases below `folder`, by path: ``id``, ``folder``, ``input``, ``languages``.

    Hidden folders and virtual environments are not searched. A case whose settings cannot be read
    has an empty input.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    top = Path(folder)
    if not top.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(top))
    found = []
    for place, folders, names in os.walk(top):
        here = Path(place)
        folders[:] = sorted(f for f in folders if not _skipped(here / f))
        if SETTINGS in names:
            found.append(_described(here))
    return found


def _skipped(folder: Path) -> bool:
    return folder.name.startswith((".", "__")) or (folder / "pyvenv.cfg").is_file()


def _described(folder: Path) -> dict[str, Any]:
    try:
        settings = read_settings(folder)
        source, languages = settings.input.name, list(settings.languages)
    except InputError:
        source, languages = "", []
    return {
        "id": folder.resolve().name,
        "folder": folder.as_posix(),
        "input": source,
        "languages": languages,
    }
