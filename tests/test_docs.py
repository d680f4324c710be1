"""What the documents say is true: their Python and commands run, their links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner

import mfa
from mfa.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VIETNAMESE = sorted((ROOT / "docs" / "vi").glob("*.md"))
PAPERS = [
    *PAGES,
    *VIETNAMESE,
    *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md")),
    *sorted((ROOT / "cases").glob("*/README.md")),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return (language, text) of every fenced block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder that holds a copy of the Hue case."""
    shutil.copytree(
        ROOT / "cases" / "hue", tmp_path / "cases" / "hue", ignore=shutil.ignore_patterns("~$*")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    return tmp_path


def python_blocks(page: Path) -> Iterator[tuple[str, str | None]]:
    """Yield every Python block with the output that the page shows right after it, if any."""
    text = page.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(text))
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block[1] == "python":
            shown = after is not None and after[1] == "text"
            close = shown and not text[block.end() : after.start()].strip()
            yield block[2], after[2] if close else None


WITH_PYTHON = [page for page in PAGES if any(language == "python" for language, _ in blocks(page))]
WITH_COMMANDS = [
    page for page in [*PAGES, *VIETNAMESE] if any(kind == "console" for kind, _ in blocks(page))
]


@pytest.mark.parametrize("page", named(WITH_PYTHON))
def test_python_runs_and_prints_what_is_shown(page: Path, workplace: Path) -> None:
    names: dict[str, object] = {}
    for code, shown in python_blocks(page):
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), names)
        if shown is not None:
            assert printed.getvalue() == shown


@pytest.mark.parametrize("page", named(WITH_COMMANDS))
def test_commands_run(page: Path, workplace: Path) -> None:
    lines = [line for kind, text in blocks(page) if kind == "console" for line in text.splitlines()]
    commands = [line.removeprefix("$ mfa ") for line in lines if line.startswith("$ mfa ")]
    assert len(commands) == len(lines), "a console block holds commands of mfa only"
    for command in commands:
        result = CliRunner().invoke(cli, shlex.split(command))
        assert result.exit_code == 0, f"{command}\n{result.output}"


@pytest.mark.parametrize("page", named(PAPERS))
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    inside = [link for link in links if not link.startswith(("http://", "https://", "mailto:"))]
    assert [link for link in inside if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", named([page for page in PAGES if page.name != "README.md"]))
def test_every_page_is_reached_from_the_readme(page: Path) -> None:
    assert f"(docs/{page.name})" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", named(VIETNAMESE))
def test_every_vietnamese_page_has_its_english_twin(page: Path) -> None:
    twin = page.parent.parent / page.name
    assert f"(vi/{page.name})" in twin.read_text(encoding="utf-8")
    assert f"(../{page.name})" in page.read_text(encoding="utf-8")


def test_toml_in_the_pages_is_toml() -> None:
    for page in PAGES:
        for kind, text in blocks(page):
            if kind == "toml":
                assert tomllib.loads(text)


def test_readme_lists_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `mfa (\w+)", text, re.MULTILINE) == list(cli.commands)


def setup_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [body.strip() for kind, body in BLOCK.findall(text) if kind == "sh"]


def test_readme_has_two_commands_and_the_check_runs_the_second() -> None:
    first, second = setup_commands()
    assert first.endswith("mfa report cases/hue")
    assert second.endswith("-m pytest")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert second in script.splitlines()
    assert "set -euo pipefail" in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_metadata_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(mfa.__version__)}$", citation, re.MULTILINE)
    assert re.search(r"^cff-version: 1\.2\.0$", citation, re.MULTILINE)
    assert re.search(rf"^license: {project['license']}$", citation, re.MULTILINE)
    assert f"## [{mfa.__version__}]" in changelog or "## [Unreleased]" in changelog
    assert project["scripts"] == {"mfa": "mfa.cli:main"}
