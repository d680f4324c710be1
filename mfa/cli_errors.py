"""What the command line says when something goes wrong, and with which exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import click

from mfa.errors import ClusterError, MFAError, Problem
from mfa.locale import LANGUAGES, N_, translator

REASONS = {
    errno.ENOSPC: N_("the disk is full"),
    errno.EDQUOT: N_("your share of the disk is used up"),
    errno.EROFS: N_("the disk can only be read"),
    errno.EIO: N_("the disk or the connection to it failed"),
    errno.ENAMETOOLONG: N_("the name is too long"),
    errno.EINVAL: N_("the name or the place is not allowed"),
    errno.EMFILE: N_("too many files are open"),
    errno.EBUSY: N_("another program is using it"),
    errno.ENOTEMPTY: N_("the folder is not empty"),
    errno.ELOOP: N_("its links lead in a circle"),
}
"""Why a file cannot be read or written, by the number the system gives."""
INPUT_HAS_ERRORS = 1
WRONG_USAGE = 2
SPEAKS = "mfa.language"
"""Key of the click context under which the language of messages stands."""


def environment_language() -> str | None:
    """Return the language that LC_ALL, LC_MESSAGES or LANG asks for, if it is one of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            code = value[:2].lower()
            return code if code in LANGUAGES and value[2:3] in ("", "_", ".", "-") else None
    return None


def spoken(ctx: click.Context | None = None) -> str:
    """Return the language of messages: chosen, else of the environment, else English."""
    ctx = ctx or click.get_current_context(silent=True)
    chosen = ctx.meta.get(SPEAKS) if ctx else None
    return chosen or environment_language() or "en"


class Refusal(click.ClickException):
    """The input has errors: all of them are printed, and the exit code is 1."""

    exit_code = INPUT_HAS_ERRORS

    def __init__(
        self, problems: Sequence[Problem], language: str, *, as_json: bool = False
    ) -> None:
        self.problems, self.language, self.as_json = problems, language, as_json
        super().__init__("\n".join(problem.text(language) for problem in problems))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print errors and warnings apart; as JSON, where that was asked for, like a result."""
        from mfa.cli_text import check_record, problem_lines

        if self.as_json:
            import json

            record = check_record(self.problems, (), self.language)
            click.echo(json.dumps(record, ensure_ascii=False, indent=1), file=file)
            return
        for line in problem_lines(self.problems, self.language):
            click.echo(line, file=file, err=file is None)


class Mending(click.Command):
    """A command whose user never sees a traceback for a mistake of theirs."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what a user can mend into words and an exit code."""
        from mfa.case import CaseError

        try:
            return super().invoke(ctx)
        except CaseError as error:
            raise wrong(error.problems[0].text(spoken(ctx)), ctx) from error
        except ClusterError as error:
            raise wrong(error.text(spoken(ctx)), ctx) from error
        except MFAError as error:
            raise Refusal(
                getattr(error, "problems", ()),
                spoken(ctx),
                as_json=bool(ctx.params.get("as_json")),
            ) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            raise wrong(explain_os_error(error, spoken(ctx)), ctx) from error


def wrong(message: str, ctx: click.Context | None = None) -> click.UsageError:
    """Return the error “wrong usage” (exit code 2)."""
    return click.UsageError(message, ctx or click.get_current_context(silent=True))


def explain_os_error(error: OSError, language: str) -> str:
    """Return in words why a file could not be read or written, and what may help."""
    _ = translator(language)
    path = _path_of(error)
    match error:
        case FileNotFoundError():
            near = _neighbour(path)
            if near:
                return _("“{path}” does not exist. Did you mean “{near}”?", path=path, near=near)
            return _("“{path}” does not exist.", path=path)
        case FileExistsError():
            return _(
                "“{path}” exists already, and nothing was changed. Choose another name.", path=path
            )
        case IsADirectoryError():
            return _("“{path}” is a folder; a file is expected.", path=path)
        case NotADirectoryError():
            return _("“{path}” lies below a file; a folder is expected.", path=path)
        case PermissionError():
            return _(
                "“{path}” cannot be opened or written. Close it if it is open in another program, "
                "or choose another place.",
                path=path,
            )
    reason = REASONS.get(_code(error))
    return _(
        "“{path}” cannot be read or written: {reason}.",
        path=path,
        reason=_(reason) if reason else os.strerror(_code(error)),
    )


def _code(error: OSError) -> int:
    return error.errno or errno.EIO


def _path_of(error: OSError) -> str:
    """Return the path the user knows: a half-written file stands beside it under another name."""
    path = Path(str(error.filename2 or error.filename or ""))
    name = path.name
    if name.startswith(".") and name.endswith(".part"):
        path = path.with_name(name[1:].removesuffix(".part"))
    return str(path)


def _neighbour(path: str) -> str:
    """Return the path beside `path` whose name is nearest to it, if any is near."""
    import difflib

    folder = Path(path).parent
    if not folder.is_dir():
        return ""
    names = [item.name for item in folder.iterdir()]
    found = difflib.get_close_matches(Path(path).name, names, n=1, cutoff=0.7)
    return str(folder / found[0]) if found else ""


def use_utf8() -> None:
    """Let output be UTF-8 everywhere: a Windows console would stumble over Vietnamese."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
