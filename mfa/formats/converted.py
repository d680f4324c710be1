"""What comes out of a bridge to another tool: tables or files, and what was not carried over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import InputError, Place, Problem
from mfa.workbook.raw import RawTables

if TYPE_CHECKING:
    from mfa.model.system import System

SHOWN = 3
"""How many of the things concerned a loss names; the others are counted."""


@dataclass(frozen=True)
class Loss:
    """Something that a bridge did not carry over, or had to assume.

    Attributes
    ----------
    code
        Short stable name in kebab case.
    message
        English sentence with ``{named}`` placeholders: the key of the translation catalogue.
    values
        What fills the placeholders.
    place
        Where the first of the things concerned stands, if it stands somewhere.
    assumed
        Whether nothing was lost, but something was taken for granted that the file does not say.
    """

    code: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    place: Place | None = None
    assumed: bool = False

    def text(self, language: str = "en") -> str:
        """Return the sentence in `language`, led by its place.

        Examples
        --------
        >>> Loss("colours", "Colours ({n}).", {"n": 3}, Place(file="a.txt", row=4)).text()
        'a.txt:4: Colours (3).'
        """
        return Problem(self.code, self.message, self.values, self.place).text(language)

    def sentence(self, language: str = "en") -> str:
        """Return the sentence in `language`, without its place."""
        return Problem(self.code, self.message, self.values).sentence(language)


class LossLog:
    """Collects losses and sums up those of one kind.

    Examples
    --------
    >>> log = LossLog()
    >>> for name in ("mill", "market"):
    ...     log.add("colours", "Colours ({n}): {items}.", name)
    >>> [loss.text() for loss in log.losses]
    ['Colours (2): mill, market.']
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, tuple[object, ...]], _Kind] = {}

    def add(
        self,
        code: str,
        message: str,
        item: object = "",
        place: Place | None = None,
        *,
        n: int = 1,
        assumed: bool = False,
        **values: object,
    ) -> None:
        """Note one loss (or `n` alike); `message` may use ``{n}`` and ``{items}``.

        Losses with the same code, message and values are counted together; a place is kept when it
        says more than the file.
        """
        key = (code, message, tuple(sorted((k, str(v)) for k, v in values.items())))
        exact = place is not None and (place.row is not None or bool(place.cell))
        place = place if exact else None
        kind = self._found.setdefault(key, _Kind(values, place, assumed))
        kind.n += n
        text = str(item)
        if text and text not in kind.items:
            kind.distinct += 1
            if len(kind.items) < SHOWN:
                kind.items.append(text)

    @property
    def losses(self) -> list[Loss]:
        """What was noted, in the order of its first appearance, losses before assumptions."""
        found = [kind.loss(code, message) for (code, message, _), kind in self._found.items()]
        return sorted(found, key=lambda loss: loss.assumed)


@dataclass
class _Kind:
    """Losses of one kind so far."""

    values: Mapping[str, object]
    place: Place | None
    assumed: bool
    n: int = 0
    distinct: int = 0
    items: list[str] = field(default_factory=list)

    def loss(self, code: str, message: str) -> Loss:
        shown = ", ".join(_short(item) for item in self.items)
        more = ", …" if self.distinct > len(self.items) else ""
        values = {"n": self.n, "items": shown + more} | dict(self.values)
        return Loss(code, message, values, self.place, self.assumed)


def _short(text: str, longest: int = 48) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


@dataclass(frozen=True)
class Converted:
    """A file of another tool as the tables of a case.

    Attributes
    ----------
    tables
        The tables; every value knows where it stood in the file.
    losses
        What is not in the tables although it was in the file, and what was assumed.
    """

    tables: RawTables
    losses: list[Loss]

    def system(self) -> System:
        """Build the system.

        Raises
        ------
        InputError
            The file has errors: all of them at once, each with its place.
        """
        from mfa.workbook.build import build_system

        system, problems = build_system(self.tables)
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            raise InputError(errors)
        return system


@dataclass(frozen=True)
class Written:
    """Files written for another tool.

    Attributes
    ----------
    paths
        The files.
    losses
        What is not in them.
    """

    paths: list[Path]
    losses: list[Loss]


@dataclass(frozen=True)
class ReadOptions:
    """What a reader may be told.

    Attributes
    ----------
    unit
        Unit of the numbers of a file that names none; empty: tonnes per year.
    region, period
        Which country and year of a file of statistics are read; empty: all of them.
    """

    unit: str = ""
    region: str = ""
    period: str = ""


@dataclass(frozen=True)
class WriteOptions:
    """What a writer may be told.

    Attributes
    ----------
    language
        Language of the names.
    layer, period, region
        Which part is written where the format holds only one; empty: goods, the last period, the
        first region.
    """

    language: str = "vi"
    layer: str = ""
    period: str = ""
    region: str = ""
