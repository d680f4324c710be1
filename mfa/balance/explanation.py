"""An explanation: titled lists of sentences, as plain text or Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Section:
    """A titled list of sentences; `code` for formulas."""

    title: str
    lines: tuple[str, ...]
    code: bool = False


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where one value of an account comes from.

    Attributes
    ----------
    id, language
        The quantity (``husk``, ``husk[2023]``) and the language of the sentences.
    title, sections
        What `text` is made of.
    formula
        For a quantity that follows from others: ``husk = rice_in - rice_out``, in the language of
        relations. Further lines give the intermediate quantities. None where there is none, or it
        is too long to explain anything.
    shares
        The observations behind the value and their shares of its variance (`Account.shares`).
    """

    id: str
    language: str
    title: str
    sections: tuple[Section, ...]
    formula: str | None
    shares: pd.DataFrame

    @property
    def text(self) -> str:
        """Return the explanation as plain text."""
        parts = [self.title]
        for section in self.sections:
            lines = "\n".join(f"  {line}" for line in section.lines)
            parts.append(f"{section.title}\n{lines}" if section.title else lines)
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        parts = [f"### {_escaped(self.title)}"]
        for section in self.sections:
            lines = (
                ["```", *section.lines, "```"]
                if section.code
                else [f"- {_escaped(line)}" for line in section.lines]
            )
            title = [f"**{_escaped(section.title)}**", ""] if section.title else []
            parts.append("\n".join([*title, *lines]))
        return "\n\n".join(parts)


def _escaped(text: str) -> str:
    """Return text whose signs mean nothing in Markdown."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", text)
