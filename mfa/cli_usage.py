"""Wrong usage in the language of the user: what click says in English, said again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from mfa.cli_errors import spoken
from mfa.locale import N_, translator

_PATTERNS = (
    (r"Missing argument '?(?P<name>.+?)'?\.", N_("The argument {name} is missing.")),
    (r"Missing option '?(?P<name>.+?)'?\.", N_("The option {name} is missing.")),
    (
        r"No such option:? '?(?P<name>[^' ]+?)'?\. "
        r"\(?Did you mean (?:one of: )?(?P<near>.+?)\)?\??",
        N_("There is no option {name}. Did you mean {near}?"),
    ),
    (r"No such option:? '?(?P<name>[^' ]+?)'?\.?", N_("There is no option {name}.")),
    (
        r"No such command '(?P<name>.+?)'\. \(?Did you mean (?:one of: )?(?P<near>.+?)\)?\??",
        N_("There is no command {name}. Did you mean {near}?"),
    ),
    (r"No such command '(?P<name>.+?)'\.", N_("There is no command {name}.")),
    (r"Missing command\.", N_("A command is missing.")),
    (r"Option '(?P<name>.+?)' requires an? .*argument\.", N_("The option {name} needs a value.")),
    (
        r"Option '(?P<name>.+?)' does not take a value\.",
        N_("The option {name} takes no value."),
    ),
    (
        r"Got unexpected extra arguments? \((?P<name>.+)\)",
        N_("Too many arguments: {name}. Put quotation marks around names with spaces."),
    ),
    (
        r"Invalid value for '?(?P<name>.+?)'?: '(?P<value>.*?)' is not a valid (?P<kind>.+)\.",
        N_("“{value}” is no value for {name}; a number is expected."),
    ),
    (
        r"Invalid value for '?(?P<name>.+?)'?: (?P<value>.*)",
        N_("The value of {name} cannot be used: {value}"),
    ),
)


class Usage(click.UsageError):
    """Wrong usage, told in the language of the user; exit code 2 as ever."""

    def __init__(self, error: click.UsageError, language: str) -> None:
        super().__init__(translated(error.format_message(), language), error.ctx)
        self.language = language

    def show(self, file: IO[Any] | None = None) -> None:
        """Print how the command is used, where its help is, and what was wrong."""
        _ = translator(self.language)
        if self.ctx is not None:
            click.echo(self.ctx.get_usage(), file=file, err=file is None)
            hint = _("“{command} --help” shows what it takes.", command=self.ctx.command_path)
            click.echo(f"{hint}\n", file=file, err=file is None)
        click.echo(f"{_('Error')}: {self.message}", file=file, err=file is None)


def translated(message: str, language: str) -> str:
    """Return a sentence of click in `language`; one of ours stays as it is.

    Examples
    --------
    >>> translated("Missing argument 'CASE'.", "vi")
    'Thiếu tham số CASE.'
    >>> translated("“x” is not known.", "vi")
    '“x” is not known.'
    """
    _ = translator(language)
    for pattern, sentence in _PATTERNS:
        found = re.fullmatch(pattern, message, flags=re.DOTALL)
        if found:
            names = {key: value.strip("'") for key, value in found.groupdict().items()}
            return _(sentence, **names)
    return message


@contextmanager
def told() -> Iterator[None]:
    """Turn wrong usage inside into the same in the user's language; English is click's own."""
    try:
        yield
    except Usage:
        raise
    except click.UsageError as error:
        language = spoken(error.ctx)
        if language == "en" or isinstance(error, click.exceptions.NoArgsIsHelpError):
            raise
        raise Usage(error, language) from error
