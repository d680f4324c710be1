"""The command ``mfa serve``."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from mfa.cli_errors import SPEAKS, environment_language, explain_os_error, spoken, wrong
from mfa.cli_help import Command
from mfa.cli_options import case_argument, language_option
from mfa.locale import translator

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

    from mfa.serve import Site

PORT = 8123


@click.command(cls=Command)
@case_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=PORT,
    show_default=True,
    help="Port of the page on this machine; 0 takes a free one.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@language_option("Language of messages (default: the environment's, else the case's first).")
def serve(case: str, port: int, no_browser: bool, language: str | None) -> None:
    """Show a case in the browser, and follow the workbook as it is saved.

    While the input has errors, the page lists them. Only this machine sees it; Ctrl-C ends it.
    """
    from mfa.case import open_case
    from mfa.serve import Site, make_server

    chosen = language or environment_language() or open_case(case).languages[0]
    click.get_current_context().meta[SPEAKS] = chosen
    _ = translator(chosen)
    site = Site(case, chosen)
    try:
        server = make_server(site, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise wrong(_("Port {port} is taken. Choose another with --port.", port=port)) from error
    try:
        site.build()
    except BaseException:
        server.server_close()
        raise
    try:
        _run(site, server, no_browser)
    except KeyboardInterrupt:  # before the server was up
        server.server_close()
    click.echo(_("Ended."))


def _run(site: Site, server: ThreadingHTTPServer, no_browser: bool) -> None:
    """Say where the page is, open it, and follow the files."""
    import webbrowser

    from mfa.serve import follow

    _ = translator(spoken())
    address = f"http://{server.server_address[0]}:{server.server_address[1]}/"
    click.echo(_("{title} is at {address}", title=site.title, address=address))
    click.echo(_("Save the workbook, and the page follows. Ctrl-C ends."))
    _tell_errors(site)
    if not no_browser:
        webbrowser.open(address)

    def tell(seconds: float) -> None:
        click.echo(_("New page after {seconds} s.", seconds=f"{seconds:.1f}"))
        _tell_errors(site)

    follow(site, server, tell, _fail)


def _tell_errors(site: Site) -> None:
    from mfa.cli_text import problem_lines

    if site.problems:
        click.echo("\n".join(problem_lines(site.problems, spoken())))


def _fail(error: Exception) -> None:
    if isinstance(error, OSError):
        click.echo(explain_os_error(error, spoken()), err=True)
    else:
        for problem in getattr(error, "problems", ()):
            click.echo(problem.text(spoken()), err=True)
