"""What is told to the person at the keyboard: problems with their place, and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mfa.locale import translator


@dataclass(frozen=True, slots=True)
class Place:
    """Where a datum came from: a file, a sheet and a cell, or a named row of a table."""

    sheet: str = ""
    cell: str = ""
    file: str = ""
    row: int | None = None

    def __str__(self) -> str:
        """Return ``Sheet!C5``, the sheet alone, or the file where there is no sheet.

        Examples
        --------
        >>> str(Place("Flows", "C5")), str(Place(file="flows.csv", row=7))
        ('Flows!C5', 'flows.csv:7')
        """
        if self.sheet and self.cell:
            return f"{self.sheet}!{self.cell}"
        name = self.sheet or self.file
        return f"{name}:{self.row}" if self.row is not None else name


class Word(str):
    """A word of this package inside a sentence, translated with it (“process”, “layer”)."""

    __slots__ = ()


class Titled(str):
    """A machine name that sentences show with the title people know it by.

    Parameters
    ----------
    name
        The machine name.
    titles
        Language → title.
    """

    def __new__(cls, name: str, titles: Mapping[str, str] | None = None) -> Titled:
        """Return the name with its titles."""
        made = super().__new__(cls, name)
        made.titles = dict(titles or {})
        return made

    titles: dict[str, str]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong or doubtful in the input.

    Attributes
    ----------
    code
        Short stable name in kebab case, for tests and for machine-readable output.
    message
        English sentence with ``{named}`` placeholders: the key of the translation catalogue.
        It says what is wrong, what was expected and what to do.
    values
        What fills the placeholders; a `Word` among them, or each of a tuple, is translated too, a
        `Titled` name shown with its title.
    place
        Where it stands, if it stands somewhere.
    severity
        ``"error"`` (cannot go on) or ``"warning"``.
    cause
        Where the problem stands from which this one only follows: mend that, and this is gone.
    """

    code: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    place: Place | None = None
    severity: str = "error"
    cause: Place | None = None

    def text(self, language: str = "en") -> str:
        """Return the sentence in `language`, led by its place.

        Examples
        --------
        >>> Problem("unknown-unit", "Unit “{unit}” is not known.", {"unit": "kilo"},
        ...         Place("Flows", "C5")).text()
        'Flows!C5: Unit “kilo” is not known.'
        """
        where = str(self.place) if self.place else ""
        sentence = self.sentence(language)
        return f"{where}: {sentence}" if where else sentence

    def sentence(self, language: str = "en") -> str:
        """Return the sentence in `language`, without its place."""
        _ = translator(language)
        said = {key: _said(value, language) for key, value in self.values.items()}
        return _(self.message, **said)


def _said(value: object, language: str) -> object:
    """Return a value as a sentence shows it: words translated, several with semicolons between."""
    if isinstance(value, Word):
        return translator(language)(value)
    if isinstance(value, Titled) and language in value.titles:
        return f"{value.titles[language]} ({value})"
    if isinstance(value, tuple):
        return "; ".join(str(_said(item, language)) for item in value)
    return value


class MFAError(Exception):
    """Base of every error this package raises on purpose."""


class _ProblemError(MFAError):
    """An error made of problems."""

    def __init__(self, problems: Iterable[Problem], language: str = "en") -> None:
        self.problems = tuple(problems)
        self.language = language
        super().__init__(self.text(language))

    def __reduce__(self) -> tuple[type[_ProblemError], tuple[tuple[Problem, ...], str]]:
        """Pickle by the problems: errors travel home from other processes."""
        return type(self), (self.problems, self.language)

    def text(self, language: str) -> str:
        """Return all problems, one a line, in `language`."""
        return "\n".join(problem.text(language) for problem in self.problems)


class InputError(_ProblemError, ValueError):
    """The input has errors; ``problems`` holds all of them, each with its place."""


class UnitError(_ProblemError, ValueError):
    """A unit is unknown or has the wrong dimension."""


class InfeasibleError(_ProblemError, ValueError):
    """Observations, constants, bounds and relations cannot all hold; ``problems`` names them."""


class ConvergenceError(_ProblemError, RuntimeError):
    """The nonlinear iteration found no solution; ``problems`` names the worst relations."""


class ClusterError(_ProblemError, RuntimeError):
    """A Dask cluster cannot be reached, or cannot do the work; ``problems`` says what may help."""


def has_errors(problems: Sequence[Problem]) -> bool:
    """Return whether one of the problems is an error, not just a doubt."""
    return any(problem.severity == "error" for problem in problems)
