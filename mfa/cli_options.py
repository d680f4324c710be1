"""Options and arguments of the command line, checked before anything is read or computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfa.cli_errors import SPEAKS, environment_language, spoken, wrong
from mfa.locale import LANGUAGES, translator

if TYPE_CHECKING:
    from mfa.case import Case


def _formats() -> tuple[str, ...]:
    from mfa.report import FORMATS

    return FORMATS


def _frameworks() -> tuple[str, ...]:
    from mfa.frameworks import FRAMEWORKS

    return FRAMEWORKS


def _account_suffixes() -> tuple[str, ...]:
    from mfa.formats.account import SUFFIXES

    return SUFFIXES


def _picture_suffixes() -> tuple[str, ...]:
    from mfa.sankey.files import WRITERS

    return (*WRITERS, ".txt")


def _uncertainties() -> tuple[str, ...]:
    from mfa.sankey.layout import UNCERTAINTY

    return UNCERTAINTY


class OneOf(click.ParamType):
    """A word of a list that is looked up only when the option is used.

    Parameters
    ----------
    known
        Returns the words.
    several
        Whether words may be joined by commas; the value is then a tuple.
    """

    name = "word"

    def __init__(self, known: Callable[[], tuple[str, ...]], *, several: bool = False) -> None:
        self.known, self.several = known, several

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what the help shows: ``vi|en``, or ``vi,en`` where several may be given."""
        return ("," if self.several else "|").join(self.known())

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | tuple[str, ...]:
        """Return the word, or the words in their order and each once."""
        known = self.known()
        given = [word.strip() for word in value.split(",")] if self.several else [value]
        words = [pick(word, known) for word in given if word or not self.several]
        if not words:
            raise wrong(unknown_text(value, known), ctx)
        return tuple(dict.fromkeys(words)) if self.several else words[0]


class FileName(click.ParamType):
    """A file to write, refused early when its suffix is none of the list."""

    name = "file"

    def __init__(self, suffixes: Callable[[], tuple[str, ...]]) -> None:
        self.suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        path, known = Path(value), self.suffixes()
        _ = translator(spoken(ctx))
        if path.is_dir():
            raise wrong(_("“{path}” is a folder; a file is expected.", path=path), ctx)
        if path.suffix.lower() not in known:
            message = _(
                "“{path}” does not end in one of {suffixes}.",
                path=path,
                suffixes=", ".join(known),
            )
            raise wrong(message, ctx)
        return path


class PageSize(click.ParamType):
    """A named page, or width x height in px."""

    name = "size"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what the help shows."""
        from mfa.sankey.layout import PAGES

        return "|".join([*PAGES, "WxH"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the size as given, when there is such a page."""
        from mfa.sankey.layout import LEAST, MOST, PAGES, page_size

        try:
            page_size(value)
        except ValueError:
            _ = translator(spoken(ctx))
            message = _(
                "“{size}” is no page. There are {pages}, or width x height of {least} to {most} px "
                "each, as in 1200x700.",
                size=value, pages=", ".join(PAGES), least=f"{LEAST:.0f}", most=f"{MOST:.0f}",
            )  # fmt: skip
            raise wrong(message, ctx) from None
        return str(value)


def pick(word: str, known: Iterable[str]) -> str:
    """Return `word` as it is spelt in `known`.

    Raises
    ------
    click.UsageError
        It is not one of them; the message says what was probably meant.
    """
    words = list(known)
    if word in words:
        return word
    folded = {item.casefold(): item for item in words}
    if word.casefold() in folded:
        return folded[word.casefold()]
    raise wrong(unknown_text(word, words))


def pick_scenario(word: str, case: Case) -> str:
    """Return the id of the scenario that `word` names, ``"reference"`` for the case as it is.

    Raises
    ------
    click.UsageError
        There is none; the message says what was probably meant.
    """
    from mfa.model.intervention import REFERENCE, RESERVED

    if word.strip().casefold() in (name for name in RESERVED if name != "all"):
        return REFERENCE
    return pick(word.strip(), [REFERENCE, *case.scenarios])


def pick_scenarios(words: str, case: Case) -> list[str]:
    """Return the ids of scenarios joined by commas; “all” is the case as it is and all of them."""
    from mfa.model.intervention import REFERENCE

    if words.strip().casefold() == "all":
        return [REFERENCE, *case.scenarios]
    return [pick_scenario(word, case) for word in words.split(",") if word.strip()]


def unknown_text(word: str, known: Iterable[str]) -> str:
    """Return the sentence that `word` is unknown, with the nearest and all known words."""
    import difflib

    _ = translator(spoken())
    words = [item for item in known if item]
    listed = ", ".join(words)
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        message = _("“{word}” is not known. Did you mean “{near}”? There are: {known}.",
                    word=word, near=near[0], known=listed)  # fmt: skip
    elif words:
        message = _("“{word}” is not known. There are: {known}.", word=word, known=listed)
    else:
        message = _("“{word}” is not known; this case has none.", word=word)
    return message


def _remember(ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value:
        ctx.meta[SPEAKS] = value
    return value


def language_option(help: str) -> Callable[..., Any]:
    """Return the option ``--language`` of a command whose messages it sets."""
    return click.option(
        "--language",
        type=OneOf(lambda: LANGUAGES),
        is_eager=True,
        callback=_remember,
        help=help,
    )


LANGUAGE_LIST = OneOf(lambda: LANGUAGES, several=True)
FORMAT_LIST = OneOf(_formats, several=True)
UNCERTAINTY = OneOf(_uncertainties)
FRAMEWORK = OneOf(_frameworks)
ACCOUNT_FILE = FileName(_account_suffixes)
LETTERHEAD = FileName(lambda: (".docx", ".dotx"))
PICTURE_FILE = FileName(_picture_suffixes)

case_argument = click.argument("case", metavar="CASE")
scenario_option = click.option(
    "--scenario", metavar="NAME", help="A scenario of the case (default: the case as it is)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def open_named(path: str | Path) -> Case:
    """Open a case; its language is that of messages, unless another was asked for."""
    from mfa.case import open_case

    case = open_case(path)
    meta = click.get_current_context().meta
    meta[SPEAKS] = meta.get(SPEAKS) or environment_language() or case.languages[0]
    return case
