"""Files are replaced whole or not at all: full disk, locked, read-only, killed in the midst."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mfa.cli import cli
from mfa.files import replace_file, replace_files
from tests.mills import changed, workbook_case

WRITERS = {
    "balance csv": (["balance", "-o", "out/a.csv"], ["a.csv"]),
    "balance xlsx": (["balance", "-o", "out/a.xlsx"], ["a.xlsx"]),
    "balance json": (["balance", "-o", "out/a.json"], ["a.json"]),
    "balance nc": (["balance", "-o", "out/a.nc"], ["a.nc"]),
    "sankey": (["sankey", "-o", "out/a.svg"], ["a.svg"]),
    "report": (["report", "-o", "out"], ["report.vi.html", "report.xlsx", "report.en.pdf"]),
    "tables": (["convert", "out", "--force"], ["flows.csv", "processes.csv"]),
    "workbook": (["convert", "out/a.xlsx", "--force"], ["a.xlsx"]),
    "SankeyMATIC": (["convert", "out/a.txt", "--force"], ["a.txt"]),
    "OpenSankey": (["convert", "out/a.json", "--force"], ["a.json"]),
    "flow list": (["convert", "out/a.csv", "--force"], ["a.csv"]),
}


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file but small ones be written by half; such an error tells no name."""
    whole = Path.write_bytes

    def by_half(self: Path, data: bytes) -> int:
        if len(data) < 150:
            return whole(self, data)
        whole(self, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", by_half)


def _old_files(folder: Path, names: list[str]) -> None:
    folder.mkdir()
    for name in names:
        (folder / name).write_text("id,source,target\nold,import,export\n", encoding="utf-8")


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("language", "words"), [("vi", "đĩa đã đầy"), ("en", "the disk is full")])
def test_a_full_disk_leaves_what_was_there(
    writer: str,
    language: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    arguments, names = WRITERS[writer]
    case = workbook_case(tmp_path / "mills")
    _old_files(tmp_path / "out", names)
    before = _contents(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    request.getfixturevalue("full_disk")
    command = [arguments[0], str(case), *arguments[1:], "--language", language]
    env = {"LC_ALL": f"{language}_XX.UTF-8"}
    result = CliRunner().invoke(cli, command, env=env)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "out" in result.stderr
    assert ".part" not in result.stderr
    assert _contents(tmp_path / "out") == before


def test_a_full_disk_under_the_marked_copy_and_a_new_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    case = workbook_case(tmp_path / "broken", changed("flows", 1, target="markt"))
    before = _contents(case)
    monkeypatch.setattr(Path, "write_bytes", _refuse)
    for command in (["check", str(case)], ["new", "city"]):
        result = CliRunner().invoke(cli, command, env={"LC_ALL": "en_GB.UTF-8"})
        assert "the disk is full" in result.stderr
    assert _contents(case) == before
    assert not list(tmp_path.rglob("*.part"))
    assert not list((tmp_path / "city").iterdir())


def _refuse(self: Path, data: bytes) -> int:
    self.touch()
    raise OSError(errno.ENOSPC, "No space left on device")


def test_none_of_several_is_replaced_before_all_are_written(
    tmp_path: Path, full_disk: None
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("old", encoding="utf-8")
    with pytest.raises(OSError, match="No space") as refusal:
        replace_files({first: b"new", second: b"x" * 200})
    assert refusal.value.filename == str(second)
    assert _contents(tmp_path) == {"a": b"old"}


def test_a_file_held_open_by_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: Path, target: Path) -> Path:
        raise PermissionError(errno.EACCES, "Access is denied", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", locked)
    path = tmp_path / "a.xlsx"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(PermissionError) as refusal:
        replace_file(path, b"new")
    assert refusal.value.filename == str(path)
    assert _contents(tmp_path) == {"a.xlsx": b"old"}


def test_a_file_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    path = tmp_path / "a.csv"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(PermissionError):
        replace_file(path, b"new")
    assert _contents(tmp_path) == {"a.csv": b"old"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has other modes and links")
def test_a_link_stays_a_link_and_a_mode_a_mode(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = tmp_path / "real" / "a.csv"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_name_as_long_as_a_disk_takes(tmp_path: Path) -> None:
    path = tmp_path / ("ả" * 83 + ".csv")
    replace_file(path, b"new")
    assert _contents(tmp_path) == {path.name: b"new"}


def test_killed_in_the_midst(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from mfa.files import replace_file\n"
        "real = Path.write_bytes\n"
        "def slow(self, data):\n"
        "    real(self, data[:1000]); print('half', flush=True); sys.stdin.read()\n"
        "Path.write_bytes = slow\n"
        "replace_file(Path(sys.argv[1]), b'x' * 2000)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"half"
        process.kill()
    assert path.read_text(encoding="utf-8") == "old"
    replace_file(path, b"new")
    assert _contents(tmp_path) == {"a.json": b"new"}
