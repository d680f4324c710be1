"""Translations: English sentences are the keys, one ``.po`` file a room and language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

LANGUAGES = ("vi", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return English sentence → sentence in `language`, merged from every room's file.

    Raises
    ------
    ValueError
        The language is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language is {language!r}, expected one of {', '.join(LANGUAGES)}")
    if language == "en":
        return {}
    from importlib.resources import files

    from babel.messages.pofile import read_po

    entries: dict[str, str] = {}
    folder = files("mfa.locale").joinpath(language)
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        if path.name.endswith(".po"):
            with path.open("rb") as stream:
                entries |= {m.id: m.string for m in read_po(stream) if m.id and m.string}
    return entries


@cache
def translator(language: str) -> Callable[..., str]:
    """Return a function ``_(message, **values)`` that translates and fills placeholders.

    A message without a translation stays English; a test sees to it that there is none.

    Examples
    --------
    >>> _ = translator("en")
    >>> _("{n} flows", n=3)
    '3 flows'
    """
    entries = catalogue(language)

    def translate(message: str, **values: object) -> str:
        sentence = entries.get(message, message)
        return sentence.format(**values) if values else sentence

    return translate


def N_(message: str) -> str:  # noqa: N802 - the name gettext gives it
    """Mark `message` for translation where it is defined far from where it is shown."""
    return message
