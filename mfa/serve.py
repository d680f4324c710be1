"""A case as a page on this machine, which follows the workbook: save it, and the page is new.

Only this machine can see the page: the server listens on 127.0.0.1 and answers to no other name.
While the input has errors, the page lists them instead.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import MFAError, Problem
from mfa.settings import SETTINGS

if TYPE_CHECKING:
    from mfa.case import Case

HOST = "127.0.0.1"
PAUSE = 0.4  # seconds between two looks at the files
Stamp = tuple[tuple[str, int, int], ...]


class Site:
    """What the server shows: the page of a case as its files are now.

    Parameters
    ----------
    path
        The case, as for `mfa.case.open_case`.
    language
        Language of the list of errors, and the first of the page; default: the case's own.

    Attributes
    ----------
    page
        The page, UTF-8.
    number
        Counts the builds.
    building
        Whether a newer page is being made.
    problems
        The errors the page lists; empty when it shows the account.
    """

    def __init__(self, path: str | Path, language: str | None = None) -> None:
        self.path, self.language = Path(path), language
        self.page, self.number, self.building = b"", 0, False
        self.problems: list[Problem] = []
        self.title = ""
        self._seen: Stamp = ()
        self._file: Path | None = None

    def build(self) -> None:
        """Read the case and make the page anew.

        Raises
        ------
        OSError, MFAError
            There is no case (any more) at the path.
        """
        from mfa.case import open_case

        seen = self.stamp()
        case = open_case(self.path)
        self._file = case.input
        language = self.language or case.languages[0]
        self.problems = [p for p in _problems(case) if p.severity == "error"]
        self.title = case.system.title(language) or case.id
        if self.problems:
            text = _list_page(self.title, self.problems, language)
        else:
            text = _explorer(case, language)
        # Files that the first build made known count from now on.
        self._seen = seen if len(seen) == len(self.stamp()) else self.stamp()
        self.page, self.number = text.encode("utf-8"), self.number + 1

    def stamp(self) -> Stamp:
        """Return name, time and size of every file the case is read from."""
        found = []
        for path in sorted(self._files()):
            try:
                state = path.stat()
            except OSError:  # just being replaced
                continue
            found.append((str(path), state.st_mtime_ns, state.st_size))
        return tuple(found)

    def changed(self) -> bool:
        """Return whether a file is another than when the page was made, and is there in full."""
        now = self.stamp()
        return bool(now) and now != self._seen

    def _files(self) -> set[Path]:
        folder = self.path if self.path.is_dir() else self.path.parent
        files = {folder / SETTINGS}
        for place in (self.path, self._file):
            if place and place.is_dir():
                files |= set(place.glob("*.csv"))
            elif place:
                files.add(place)
        return files


def _problems(case: Case) -> Sequence[Problem]:
    try:
        return case.check()
    except MFAError as error:
        return list(getattr(error, "problems", ()))


def _explorer(case: Case, language: str) -> str:
    from mfa.report.explorer import render_explorer

    languages = [language, *(x for x in case.languages if x != language)]
    return render_explorer(case.balance(), languages, extra=_live())


def _list_page(title: str, problems: Sequence[Problem], language: str) -> str:
    from mfa.report.explorer import render_problems

    return render_problems(title, problems, language, extra=_live())


def _live() -> str:
    from mfa.report.html import _file

    return _file("live.js")


def make_server(site: Site, port: int) -> ThreadingHTTPServer:
    """Return a server of `site` on this machine; port 0 takes a free one.

    Raises
    ------
    OSError
        The port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self._local():
                self._answer(403, b"", "text/plain")
            elif self.path.partition("?")[0] == "/":
                self._answer(200, site.page, "text/html; charset=utf-8")
            elif self.path == "/version":
                mark = "+" if site.building else ""
                self._answer(200, f"{site.number}{mark}".encode(), "text/plain")
            elif self.path == "/favicon.ico":
                self._answer(204, b"", "text/plain")
            else:
                self._answer(404, b"", "text/plain")

        def _local(self) -> bool:
            """Return whether the page was asked for by a name of this machine, not a stranger's."""
            name = self.headers.get("Host", "").rpartition(":")[0]
            return name in (HOST, "localhost")

        def _answer(self, code: int, body: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what matters is said when the page is made."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Let a browser leave before it has its answer; tell of anything else."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    return Server((HOST, port), Handler)


def follow(
    site: Site,
    server: ThreadingHTTPServer,
    tell: Callable[[float], None],
    fail: Callable[[Exception], None],
    stop: threading.Event | None = None,
) -> None:
    """Serve until interrupted (or `stop` is set), making the page anew when a file changes.

    Parameters
    ----------
    tell
        Called with the seconds it took after every new page.
    fail
        Called when the case could not be read at all; the old page stays.
    """
    stop = stop or threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1},
                              daemon=True)  # fmt: skip
    thread.start()
    try:
        while not stop.wait(PAUSE):
            if site.changed() and _settled(site, stop):
                _rebuild(site, tell, fail)
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _settled(site: Site, stop: threading.Event) -> bool:
    """Wait a moment and return whether nothing is being written any more."""
    before = site.stamp()
    stop.wait(PAUSE / 2)
    return site.stamp() == before


def _rebuild(site: Site, tell: Callable[[float], None], fail: Callable[[Exception], None]) -> None:
    begin = time.perf_counter()
    site.building = True
    try:
        site.build()
    except (OSError, MFAError) as error:
        site._seen, site.building = site.stamp(), False
        fail(error)
    else:
        site.building = False
        tell(time.perf_counter() - begin)
