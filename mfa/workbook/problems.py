"""Two short ways to say what is wrong: an error, or a warning."""

from __future__ import annotations

from mfa.errors import Place, Problem


def error(code: str, message: str, place: Place | None = None, **values: object) -> Problem:
    """Return a problem with which one cannot go on.

    `message` is marked with ``N_`` where it is written, so that it finds its translation.

    Examples
    --------
    >>> error("empty-file", "The file is empty.", Place(file="a.xlsx")).severity
    'error'
    """
    return Problem(code, message, values, place)


def warning(code: str, message: str, place: Place | None = None, **values: object) -> Problem:
    """Return a problem with which one can go on, but should look.

    Examples
    --------
    >>> warning("hidden-sheet", "“{title}” is hidden.", Place("Flows"), title="Flows").severity
    'warning'
    """
    return Problem(code, message, values, place, "warning")
