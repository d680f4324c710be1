"""Help in the language of the user: commands keep English texts, and are shown translated."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import click

from mfa.cli_errors import Mending, spoken
from mfa.cli_usage import told
from mfa.locale import N_, translator

HEADINGS = (N_("Options"), N_("Commands"))
SHOW_HELP = N_("Show this message and exit.")


class Formatter(click.HelpFormatter):
    """Writes headings in the language of the user."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        _ = translator(spoken())
        super().write_usage(prog, args, prefix or f"{_('Usage:')} ")

    def section(self, name: str) -> AbstractContextManager[None]:
        """Start a section."""
        return super().section(translator(spoken())(name))


class Context(click.Context):
    """The context of every command of ours."""

    formatter_class = Formatter


class Helpful(click.Command):
    """A command whose help is translated when it is shown."""

    context_class = Context

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of a translated twin of the command."""
        twin = _translated(self, ctx, translator(spoken(ctx)))
        super(Helpful, twin).format_help(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option ``--help`` with its own help translated."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = translator(spoken(ctx))(SHOW_HELP)
        return option


class Command(Mending, Helpful):
    """A command of ours: its help is translated, its user sees no traceback."""


class Group(Helpful, click.Group):
    """The commands in the order of the work, not of the alphabet."""

    command_class = Command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line; wrong usage is told in the language of the user."""
        with told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for; wrong usage is told as above."""
        with told():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of definition."""
        return list(self.commands)


class _Told(click.Option):
    """An option whose help says all there is to say: click adds nothing in English."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Return nothing more to show."""
        return {}


def _translated(command: click.Command, ctx: click.Context, _: Callable[..., str]) -> Any:
    """Return a copy of `command` with every text in another language; `command` stays as it is."""
    twin = copy.copy(command)
    twin.help = _(inspect.cleandoc(command.help or ""))
    twin.params = [_parameter(parameter, ctx, _) for parameter in command.params]
    if isinstance(command, click.Group) and isinstance(twin, click.Group):
        commands = command.commands.items()
        twin.commands = {name: _translated(sub, ctx, _) for name, sub in commands}
    return twin


def _parameter(
    parameter: click.Parameter, ctx: click.Context, _: Callable[..., str]
) -> click.Parameter:
    twin = copy.copy(parameter)
    if isinstance(twin, click.Option) and twin.help:
        notes = list(_notes(twin, ctx, _))
        twin.help = _(twin.help) + (f" [{'; '.join(notes)}]" if notes else "")
        twin.__class__ = _Told
    return twin


def _notes(option: click.Option, ctx: click.Context, _: Callable[..., str]) -> Iterator[str]:
    """Yield what click knows of an option beyond its help: default, limits, whether it must be."""
    extra = option.get_help_extra(ctx)
    if "default" in extra:
        yield _("default: {value}", value=extra["default"])
    if isinstance(option.type, click.IntRange):
        yield _("from {low} to {high}", low=option.type.min, high=option.type.max)
    if "required" in extra:
        yield _("required")
