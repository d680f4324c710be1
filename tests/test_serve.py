"""`mfa serve`: what it shows, when it follows, who may look, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
from click.testing import CliRunner

from mfa.cli import cli
from mfa.serve import HOST, Site, follow, make_server
from tests.mills import changed, tables_case, workbook_case

BROKEN = changed("flows", 1, target="<b>markt</b>")


def get(port: int, path: str = "/", host: str | None = None) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", path, headers={"Host": host or f"localhost:{port}"})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8")
    connection.close()
    return answer.status, text


def test_page_of_a_sound_case(tmp_path: Path) -> None:
    site = Site(workbook_case(tmp_path / "c"), "en")
    site.build()
    page = site.page.decode("utf-8")
    assert 'id="data"' in page
    assert "connect-src 'self'" in page.replace("&#39;", "'")
    assert '<html lang="en">' in page
    assert not site.problems


def test_errors_in_place_of_the_page(tmp_path: Path) -> None:
    site = Site(tables_case(tmp_path / "c", BROKEN), "en")
    site.build()
    page = site.page.decode("utf-8")
    assert "flows.csv:3" in page
    assert "&lt;b&gt;markt&lt;/b&gt;" in page
    assert "<b>markt" not in page
    assert [problem.severity for problem in site.problems] == ["error"]


@pytest.mark.parametrize("make", [workbook_case, tables_case])
def test_notices_what_is_saved(tmp_path: Path, make: Callable[..., Path]) -> None:
    site = Site(make(tmp_path / "c"))
    site.build()
    assert not site.changed()
    make(tmp_path / "c", BROKEN)
    assert site.changed()
    site.build()
    assert not site.changed()
    assert (site.number, len(site.problems)) == (2, 1)


def test_a_file_being_replaced_is_waited_for(tmp_path: Path) -> None:
    folder = workbook_case(tmp_path / "c")
    site = Site(folder / "mills.xlsx")
    (folder / "case.toml").unlink()
    site.build()
    (folder / "mills.xlsx").unlink()
    assert not site.changed()


def test_follows_and_answers_this_machine_only(tmp_path: Path) -> None:
    folder = tables_case(tmp_path / "c")
    site = Site(folder, "en")
    site.build()
    server = make_server(site, 0)
    port = server.server_address[1]
    stop, made = threading.Event(), threading.Event()
    errors: list[Exception] = []
    thread = threading.Thread(
        target=follow, args=(site, server, lambda _: made.set(), errors.append, stop)
    )
    thread.start()
    try:
        assert get(port)[0] == 200
        assert get(port, "/version") == (200, "1")
        site.building = True
        assert get(port, "/version") == (200, "1+")
        site.building = False
        assert get(port, "/../pyproject.toml")[0] == 404
        assert get(port, host="evil.example:80")[0] == 403
        tables_case(folder, BROKEN)
        assert made.wait(20)
        assert get(port, "/version") == (200, "2")
        assert "flows.csv:3" in get(port)[1]
    finally:
        stop.set()
        thread.join()
    assert not errors
    with pytest.raises(OSError, match="refused"):
        get(port)


def test_a_browser_that_leaves_is_no_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server(Site(tables_case(tmp_path / "c")), 0)
    try:
        for error in (BrokenPipeError(), ValueError("real")):
            try:
                raise error
            except (OSError, ValueError):
                server.handle_error(None, ("127.0.0.1", 1))
    finally:
        server.server_close()
    told = capsys.readouterr().err
    assert "ValueError: real" in told
    assert "BrokenPipeError" not in told


def test_taken_port_and_missing_case(tmp_path: Path) -> None:
    folder = tables_case(tmp_path / "c")
    server = make_server(Site(folder), 0)
    try:
        port = str(server.server_address[1])
        words = ["serve", str(folder), "--port", port, "--no-browser", "--language", "en"]
        result = CliRunner().invoke(cli, words)
        assert (result.exit_code, "Choose another with --port" in result.stderr) == (2, True)
    finally:
        server.server_close()
    assert CliRunner().invoke(cli, ["serve", str(tmp_path / "x"), "--port", "0"]).exit_code == 2


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    folder = tables_case(tmp_path / "c")
    # Tests that are themselves run in the background of a shell inherit that Ctrl-C is ignored.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{heed}; from mfa.cli import main; main()", "serve",
               str(folder), "--port", "0", "--no-browser", "--language", "en"]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert "Two mills is at http://127.0.0.1:" in process.stdout.readline()
        assert "Ctrl-C ends" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out.strip(), err) == (0, "Ended.", "")
