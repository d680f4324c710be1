"""The command line: exit codes, what is said in which language, what is written where."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mfa
from mfa.cli import cli
from mfa.cli_errors import environment_language, explain_os_error, use_utf8
from mfa.cli_text import table_lines
from mfa.coarse import coarse_balance
from mfa.errors import ConvergenceError, Problem
from tests.mills import TABLES, changed, tables_case, workbook_case

Run = Callable[..., Result]
LANGUAGE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in an empty folder, in English unless LANG is given."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, LANG: str = "en_GB.UTF-8") -> Result:
        for name in LANGUAGE_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LANG", LANG)
        result = CliRunner().invoke(cli, [str(a) for a in arguments])
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return result

    return call


@pytest.fixture
def mills(tmp_path: Path) -> Path:
    return workbook_case(tmp_path / "mills")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return workbook_case(tmp_path / "broken", changed("flows", 1, target="markt"))


class TestHelp:
    def test_commands_in_the_order_of_the_work(self, run: Run) -> None:
        result = run("--help")
        assert result.exit_code == 0
        listed = result.stdout.partition("Commands:\n")[2].splitlines()
        names = [line.split()[0] for line in listed]
        assert names == [
            "new",
            "check",
            "balance",
            "report",
            "sankey",
            "serve",
            "compare",
            "scenario",
            "explain",
            "convert",
            "cases",
        ]

    @pytest.mark.parametrize(
        "command", ["new", "check", "balance", "report", "sankey", "scenario", "convert"]
    )
    def test_every_option_has_help(self, run: Run, command: str) -> None:
        assert run(command, "-h").exit_code == 0
        options = [p for p in cli.commands[command].params if p.param_type_name == "option"]
        assert [p.name for p in options if not p.help] == []

    def test_in_vietnamese(self, run: Run) -> None:
        result = run("check", "--help", LANG="vi_VN.UTF-8")
        assert "Liệt kê mọi chỗ sai" in result.stdout
        assert not {"Usage:", "Options:", "Show this"} & set(result.stdout.split())
        assert "Usage: cli check [OPTIONS] CASE" in run("check", "--help").stdout
        assert "Kiểm tra" not in run("--help").stdout
        notes = " ".join(run("sankey", "--help", LANG="vi_VN.UTF-8").stdout.split())
        assert {"[bắt buộc]", "[mặc định: screen]", "[từ 1 đến 20000]"} <= set(
            re.findall(r"\[[^]]*\]", notes)
        )

    def test_version(self, run: Run) -> None:
        assert run("--version").stdout.strip() == f"mfa, version {mfa.__version__}"

    def test_help_shows_what_is_taken(self, run: Run) -> None:
        from mfa.formats.account import SUFFIXES
        from mfa.frameworks import FRAMEWORKS
        from mfa.report import FORMATS

        assert "--framework " + "|".join(FRAMEWORKS) in run("new", "--help").stdout
        shown = run("report", "--help").stdout
        assert "--format " + ",".join(FORMATS) in shown
        assert "--language vi,en" in shown
        help = next(p.help for p in cli.commands["balance"].params if p.name == "output")
        assert all(suffix in help for suffix in SUFFIXES)


class TestCheck:
    def test_clean(self, run: Run, mills: Path) -> None:
        result = run("check", "mills")
        assert result.exit_code == 0
        assert "Two mills" in result.stdout
        assert "No errors and no warnings." in result.stdout
        assert "Rice mill" in result.stdout
        assert "mills.checked.xlsx" in result.stdout
        assert (mills / "mills.checked.xlsx").exists()

    def test_errors_with_their_cells(self, run: Run, broken: Path) -> None:
        result = run("check", broken)
        assert result.exit_code == 1
        assert "Flows!E4" in result.stdout
        assert "“markt”" in result.stdout
        assert "Did you mean “market”?" in result.stdout
        assert "The data as far as they are right" in result.stdout

    def test_errors_and_warnings_apart(self, run: Run, tmp_path: Path) -> None:
        tables = changed("flows", 1, target="markt")
        tables["materials"] = [*TABLES["materials"], {"id": "bran", "name_en": "Bran"}]
        output = run("check", workbook_case(tmp_path / "c", tables)).stdout
        assert output.index("Errors\n") < output.index("markt") < output.index("Warnings\n")
        assert output.index("Warnings\n") < output.index("“bran”")
        assert "Errors: 1. Warnings: " in output

    @pytest.mark.parametrize("place", ["table", "workbook"])
    def test_tables_and_bare_workbooks(self, run: Run, tmp_path: Path, place: str) -> None:
        if place == "table":
            path = tables_case(tmp_path / "t", changed("flows", 1, target="markt"))
            result = run("check", path)
            assert "flows.csv:3" in result.stdout
        else:
            folder = workbook_case(tmp_path / "w", changed("flows", 1, target="markt"))
            (folder / "case.toml").unlink()
            result = run("check", folder / "mills.xlsx")
            assert "Flows!E4" in result.stdout
        assert result.exit_code == 1

    def test_json(self, run: Run, broken: Path) -> None:
        content = json.loads(run("check", broken, "--json").stdout)
        (problem,) = (p for p in content["problems"] if p["severity"] == "error")
        assert (problem["sheet"], problem["cell"], problem["file"]) == ("Flows", "E4", "mills.xlsx")
        assert (content["errors"], content["case"]) == (1, "broken")
        assert problem["code"]
        assert "markt" in problem["message"]

    def test_json_of_a_clean_case_holds_the_coarse_balance(self, run: Run, mills: Path) -> None:
        content = json.loads(run("check", mills, "--json").stdout)
        balance = {row["process"]: row for row in content["balance"]}
        assert balance["mill"]["gap"] == pytest.approx(100 - 66 - 22.5)
        assert (balance["mill"]["measured"], balance["mill"]["all"]) == (3, 3)
        assert (balance["market"]["out"], balance["market"]["measured"]) == (None, 1)
        assert balance["market"]["settled"] == 2

    def test_copy_that_cannot_be_written_does_not_hide_the_list(
        self, run: Run, broken: Path
    ) -> None:
        (broken / "mills.checked.xlsx").mkdir()
        (broken / "mills.checked.xlsx" / "x").touch()
        result = run("check", broken)
        assert result.exit_code == 1
        assert "Flows!E4" in result.stdout
        assert "mills.checked.xlsx" in result.stderr
        assert "annotated copy" not in result.stdout


class TestUsageInVietnamese:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("check",), "Thiếu tham số CASE."),
            (("check", "x", "y"), "Thừa tham số: y."),
            (("balance", "x", "--jsn"), "Không có tùy chọn --jsn. Có phải ý bạn là --json?"),
            (("balance", "x", "--nope"), "Không có tùy chọn --nope."),
            (("sankey", "x"), "Thiếu tùy chọn -o."),
            (("check", "x", "--language"), "Tùy chọn --language cần một giá trị."),
            (("check", "x", "--json=3"), "Tùy chọn --json không nhận giá trị."),
            (("nosuch",), "Không có lệnh nosuch."),
            (("chek",), "Không có lệnh chek. Có phải ý bạn là check?"),
        ],
    )
    def test_no_word_of_english_is_left(
        self, run: Run, arguments: tuple[str, ...], sentence: str
    ) -> None:
        result = run(*arguments, LANG="vi_VN.UTF-8")
        assert result.exit_code == 2
        assert f"Lỗi: {sentence}" in result.stderr
        assert not {"Error", "Try", "Missing", "No such", "help."} & set(result.stderr.split())

    def test_a_full_disk_says_so(self) -> None:
        import errno

        error = OSError(errno.ENOSPC, "No space left on device", "x.xlsx")
        assert explain_os_error(error, "vi").endswith("đĩa đã đầy.")


class TestLanguages:
    @pytest.mark.parametrize(
        ("lang", "option", "word"),
        [
            ("vi_VN.UTF-8", None, "Không có lỗi"),
            ("en_US.UTF-8", None, "No errors"),
            ("vi_VN.UTF-8", "en", "No errors"),
            ("en_US.UTF-8", "vi", "Không có lỗi"),
            ("C.UTF-8", None, "Không có lỗi"),  # the case's first language
            ("fr_FR.UTF-8", None, "Không có lỗi"),
        ],
    )
    def test_option_then_environment_then_case(
        self, run: Run, mills: Path, lang: str, option: str | None, word: str
    ) -> None:
        chosen = ["--language", option] if option else []
        assert word in run("check", mills, *chosen, LANG=lang).stdout

    def test_without_a_case_english_speaks(self, run: Run) -> None:
        assert "does not exist" in run("check", "absent", LANG="C").stderr
        assert "Không có “absent”" in run("check", "absent", LANG="vi_VN").stderr
        assert "Không có “absent”" in run("check", "absent", "--language", "vi").stderr

    @pytest.mark.parametrize(
        ("value", "language"),
        [
            ("vi", "vi"),
            ("vi_VN.UTF-8", "vi"),
            ("en_GB", "en"),
            ("C", None),
            ("vie", None),
            ("", None),
        ],
    )
    def test_environment(
        self, monkeypatch: pytest.MonkeyPatch, value: str, language: str | None
    ) -> None:
        for name in LANGUAGE_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LANG", value)
        assert environment_language() == language
        monkeypatch.setenv("LC_ALL", "vi_VN")
        assert environment_language() == "vi"

    def test_unknown_language(self, run: Run, mills: Path) -> None:
        result = run("check", mills, "--language", "fr")
        assert result.exit_code == 2
        assert "“fr” is not known. There are: vi, en." in result.stderr


class TestBalance:
    def test_summary(self, run: Run, mills: Path) -> None:
        result = run("balance", mills)
        assert result.exit_code == 0
        for part in ("3 reconciled", "χ² = ", "1 degrees of freedom", "Largest adjustments:",
                     "Observations!C5"):  # fmt: skip
            assert part in result.stdout

    def test_vietnamese_numbers(self, run: Run, mills: Path) -> None:
        assert "χ² = 3,0, 1 bậc tự do" in run("balance", mills, LANG="vi").stdout

    @pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".nc", ".json"])
    def test_writes(self, run: Run, mills: Path, tmp_path: Path, suffix: str) -> None:
        result = run("balance", mills, "-o", f"new/account{suffix}")
        assert result.exit_code == 0
        assert f"account{suffix}" in result.stdout
        assert (tmp_path / "new" / f"account{suffix}").stat().st_size > 100

    @pytest.mark.parametrize(("command", "more"), [("balance", ()), ("explain", ("rice",))])
    def test_json_of_a_broken_case_lists_the_problems(
        self, run: Run, broken: Path, command: str, more: tuple[str, ...]
    ) -> None:
        result = run(command, broken, *more, "--json")
        content = json.loads(result.stdout)
        assert result.exit_code == 1
        severities = [problem["severity"] for problem in content["problems"]]
        assert content["errors"] == severities.count("error") > 0

    def test_json(self, run: Run, mills: Path) -> None:
        content = json.loads(run("balance", mills, "--json").stdout)
        assert content["status"]["reconciled"] == 3
        assert set(content["stamp"]["inputs"]) == {"mills.xlsx"}

    def test_errors_are_printed_and_nothing_is_written(
        self, run: Run, broken: Path, tmp_path: Path
    ) -> None:
        result = run("balance", broken, "-o", "account.csv")
        assert result.exit_code == 1
        assert "Flows!E4" in result.stderr
        assert not (tmp_path / "account.csv").exists()

    def test_contradiction_names_the_rows(self, run: Run, tmp_path: Path) -> None:
        rows = [row | {"uncertainty": "0"} for row in TABLES["observations"]]
        result = run("balance", workbook_case(tmp_path / "c", TABLES | {"observations": rows}))
        assert result.exit_code == 1
        assert "cannot all hold together" in result.stderr
        assert "Observations!" in result.stderr

    def test_no_convergence_is_told_too(
        self, run: Run, mills: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: mfa.System) -> None:
            raise ConvergenceError([Problem("no-convergence", "No solution.", {})])

        monkeypatch.setattr(mfa.System, "balance", fail)
        result = run("balance", mills)
        assert (result.exit_code, "No solution." in result.stderr) == (1, True)


class TestReport:
    def test_languages_and_formats(self, run: Run, mills: Path, tmp_path: Path) -> None:
        result = run("report", mills, "-o", "out", "--language", "en", "--format", "html")
        assert result.exit_code == 0
        assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.en.html"]
        assert "Written: out" in result.stdout

    def test_default_folder(self, run: Run, mills: Path, tmp_path: Path) -> None:
        assert run("report", mills, "--format", "xlsx").exit_code == 0
        assert (tmp_path / "reports" / "mills" / "report.xlsx").exists()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--format", "htm"], "“htm” is not known. Did you mean “html”?"),
            (["--format", "html,odt"], "“odt” is not known."),
            (["--format", ","], "is not known"),
            (["--language", "vi,xx"], "“xx” is not known."),
        ],
    )
    def test_wrong_words(self, run: Run, mills: Path, options: list[str], said: str) -> None:
        result = run("report", mills, *options)
        assert result.exit_code == 2
        assert said in result.stderr


class TestSankey:
    @pytest.mark.parametrize(
        ("suffix", "start"),
        [
            (".svg", b"<svg"),
            (".png", b"\x89PNG"),
            (".pdf", b"%PDF-"),
            (".html", b"<!DOCTYPE html>"),
        ],
    )
    def test_writes(self, run: Run, mills: Path, tmp_path: Path, suffix: str, start: bytes) -> None:
        result = run("sankey", mills, "-o", f"pictures/all{suffix}")
        assert result.exit_code == 0
        data = (tmp_path / "pictures" / f"all{suffix}").read_bytes()
        assert start in data[:200]

    def test_text_for_sankeymatic_says_what_it_cannot_hold(
        self, run: Run, mills: Path, tmp_path: Path
    ) -> None:
        result = run("sankey", mills, "-o", "pictures/all.txt", "--view", "all")
        assert result.exit_code == 0
        assert "Not carried over" in result.stdout
        text = (tmp_path / "pictures" / "all.txt").read_text(encoding="utf-8")
        same = run("convert", mills, "same.txt", "--view", "all", "--language", "en")
        assert same.exit_code == 0
        assert text == (tmp_path / "same.txt").read_text(encoding="utf-8")
        assert "] " in text

    def test_language_and_period(self, run: Run, mills: Path, tmp_path: Path) -> None:
        options = ["--view", "all", "--language", "vi", "--period", "2023"]
        assert run("sankey", mills, "-o", "x.svg", *options).exit_code == 0
        assert "Xay xát" in (tmp_path / "x.svg").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--view", "al"], "“al” is not known. Did you mean “all”? There are: all."),
            (["--period", "2032"], "“2032” is not known. Did you mean “2023”?"),
            (["--region", "Huế"], "“Huế” is not known; this case has none."),
            (
                ["--size", "a9"],
                "“a9” is no page. There are screen, a4, a3, 16:9, or width x height",
            ),
            (["--size", "100x900"], "“100x900” is no page."),
            (["--width", "0"], "--width"),
            (["--uncertainty", "txt"], "“txt” is not known. Did you mean “text”?"),
            (["--periods", "all", "--period", "2023"], "Give either --period or --periods."),
            (["--periods", "2023,2032"], "“2032” is not known."),
            (["--like", "absent.svg"], "absent.svg"),
        ],
    )
    def test_wrong_words(self, run: Run, mills: Path, options: list[str], said: str) -> None:
        result = run("sankey", mills, "-o", "x.svg", *options)
        assert result.exit_code == 2
        assert said in result.stderr

    def test_page_and_width(self, run: Run, mills: Path, tmp_path: Path) -> None:
        options = ["--size", "16:9", "--width", "640", "--uncertainty", "text"]
        assert run("sankey", mills, "-o", "x.svg", *options).exit_code == 0
        svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
        assert 'width="640" height="360"' in svg
        assert " ± " in svg

    def test_places_of_an_earlier_picture(self, run: Run, mills: Path, tmp_path: Path) -> None:
        assert run("sankey", mills, "-o", "x.html").exit_code == 0
        assert run("sankey", mills, "-o", "y.svg", "--like", "x.html").exit_code == 0
        assert run("sankey", mills, "-o", "z.svg").exit_code == 0
        assert (tmp_path / "y.svg").read_bytes() == (tmp_path / "z.svg").read_bytes()
        (tmp_path / "w.svg").write_text("<svg/>", encoding="utf-8")
        result = run("sankey", mills, "-o", "y.svg", "--like", "w.svg")
        assert result.exit_code == 1
        assert "“w.svg” is no Sankey diagram written by mfa" in result.stderr

    @pytest.mark.parametrize(("periods", "panels"), [("all", 2), ("2023,2022", 2), ("2022", 0)])
    def test_several_periods(self, run: Run, tmp_path: Path, periods: str, panels: int) -> None:
        years = changed("case", 2, value="2022, 2023")
        years["observations"] = [
            row | {"id": f"{row['id']}_{period}", "period": period}
            for row in TABLES["observations"]
            for period in ("2022", "2023")
        ]
        folder = workbook_case(tmp_path / "years", years)
        assert run("sankey", folder, "-o", "x.svg", "--periods", periods).exit_code == 0
        svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
        assert svg.count('class="mfa-panel"') == panels
        titles = re.findall(r"<title>(202\d)</title>", svg)
        assert titles == {"all": ["2022", "2023"], "2022": []}.get(periods, periods.split(","))

    def test_a_view_that_shows_nothing_is_an_error_of_the_input(
        self, run: Run, tmp_path: Path
    ) -> None:
        views = [TABLES["views"][0] | {"layer": "water"}]
        layers = [{"id": "water", "unit": "m3/year"}]
        folder = workbook_case(tmp_path / "c", TABLES | {"views": views, "layers": layers})
        assert run("sankey", folder, "-o", "x.svg").exit_code == 1


class TestNew:
    def test_blank_and_then_check(self, run: Run, tmp_path: Path) -> None:
        result = run("new", "huế", "--language", "en")
        assert result.exit_code == 0
        assert {p.name for p in (tmp_path / "huế").iterdir()} == {"case.toml", "huế.xlsx"}
        assert "mfa check huế" in result.stdout
        result = run("check", "huế")
        assert (result.exit_code, "The case is empty" in result.stdout) == (1, True)

    def test_framework(self, run: Run) -> None:
        assert run("new", "c", "--framework", "hue").exit_code == 0
        content = json.loads(run("check", "c", "--json").stdout)
        assert (content["errors"], len(content["balance"]) > 20) == (0, True)

    def test_language_of_the_environment(self, run: Run, tmp_path: Path) -> None:
        for lang, first in (("en_GB", "en"), ("vi_VN", "vi"), ("C", "vi")):
            run("new", lang, LANG=lang)
            text = (tmp_path / lang / "case.toml").read_text(encoding="utf-8")
            assert f'languages = ["{first}", ' in text

    def test_refuses_to_overwrite(self, run: Run, mills: Path) -> None:
        before = (mills / "mills.xlsx").read_bytes()
        result = run("new", mills)
        assert result.exit_code == 2
        assert "exists already" in result.stderr
        assert (mills / "mills.xlsx").read_bytes() == before

    def test_unknown_framework(self, run: Run, tmp_path: Path) -> None:
        result = run("new", "c", "--framework", "hui")
        assert result.exit_code == 2
        assert "Did you mean “hue”?" in result.stderr
        assert not (tmp_path / "c").exists()


class TestConvert:
    def test_there_and_back(self, run: Run, mills: Path, tmp_path: Path) -> None:
        assert run("convert", mills, "tables").exit_code == 0
        assert run("convert", "tables", "back.xlsx", "--language", "vi").exit_code == 0
        assert run("convert", "back.xlsx", "again").exit_code == 0
        for file in (tmp_path / "tables").iterdir():
            assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()

    def test_overwriting_must_be_asked_for(self, run: Run, mills: Path) -> None:
        assert run("convert", mills, "t").exit_code == 0
        assert run("convert", mills, "t").exit_code == 2
        assert run("convert", mills, "t", "--force").exit_code == 0

    def test_structure(self, run: Run, mills: Path, tmp_path: Path) -> None:
        done = run("convert", mills, "t", "--structure", "--json")
        assert [loss["code"] for loss in json.loads(done.stdout)["lost"]] == ["structure-only"]
        assert not (tmp_path / "t" / "observations.csv").exists()

    def test_other_suffix(self, run: Run, mills: Path) -> None:
        result = run("convert", mills, "a.ods")
        assert result.exit_code == 2
        assert "neither a workbook (.xlsx) nor a folder" in result.stderr


class TestCases:
    def test_lists(self, run: Run, mills: Path) -> None:
        result = run("cases")
        assert result.exit_code == 0
        assert "mills.xlsx" in result.stdout
        assert json.loads(run("cases", "--json").stdout) == [
            {"id": "mills", "folder": "mills", "input": "mills.xlsx", "languages": ["vi", "en"]}
        ]

    def test_none(self, run: Run) -> None:
        assert "There is no case below “.”" in run("cases").stdout

    def test_no_folder(self, run: Run) -> None:
        assert run("cases", "absent").exit_code == 2


class TestMistakes:
    """Whatever a user does wrong ends in words and exit code 2, never in a traceback."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ["check"],
            ["chekc", "mills"],
            ["check", "mills", "more"],
            ["check", "--jsn", "mills"],
            ["sankey", "mills"],
            ["balance", "mills", "-o"],
        ],
    )
    def test_usage(self, run: Run, mills: Path, arguments: list[str]) -> None:
        assert run(*arguments).exit_code == 2

    @pytest.mark.parametrize("command", ["check", "balance", "report"])
    def test_missing_case(self, run: Run, mills: Path, command: str) -> None:
        result = run(command, "mill")
        assert result.exit_code == 2
        assert "“mill” does not exist. Did you mean “mills”?" in result.stderr

    def test_a_file_that_is_no_case(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").touch()
        result = run("check", "a.pdf")
        assert (result.exit_code, "is no case" in result.stderr) == (2, True)

    def test_a_folder_that_is_no_case(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        result = run("check", "empty")
        assert (result.exit_code, "“mfa new” makes one" in result.stderr) == (2, True)

    def test_a_file_that_is_no_workbook(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "a.xlsx").write_bytes(b"%PDF-1.7")
        result = run("check", "a.xlsx")
        assert (result.exit_code, "a.xlsx" in result.stdout) == (1, True)

    def test_broken_settings(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "case.toml").write_text("input: x", encoding="utf-8")
        result = run("check", ".")
        assert (result.exit_code, "case.toml:1" in result.stderr) == (1, True)

    @pytest.mark.parametrize("output", ["account.doc", "account", "account."])
    def test_bad_suffix_is_refused_before_any_work(self, run: Run, output: str) -> None:
        result = run("balance", "absent", "-o", output)
        assert (result.exit_code, "does not end in one of .xlsx" in result.stderr) == (2, True)

    def test_a_folder_instead_of_a_file(self, run: Run, mills: Path, tmp_path: Path) -> None:
        (tmp_path / "a.csv").mkdir()
        result = run("balance", mills, "-o", "a.csv")
        assert (result.exit_code, "is a folder" in result.stderr) == (2, True)

    def test_a_folder_below_a_file(self, run: Run, mills: Path, tmp_path: Path) -> None:
        (tmp_path / "taken").touch()
        for arguments in (
            ["report", mills, "-o", "taken"],
            ["report", mills, "-o", "taken/deep"],
            ["balance", mills, "-o", "taken/a.csv"],
            ["sankey", mills, "-o", "taken/a.svg"],
            ["convert", mills, "taken/a.xlsx"],
            ["new", "taken/c"],
        ):
            result = run(*arguments)
            assert (result.exit_code, "taken" in result.stderr) == (2, True), arguments

    @pytest.mark.parametrize("arguments", [["balance", "-o", "a.csv"], ["sankey", "-o", "a.svg"]])
    def test_a_locked_file(
        self, run: Run, mills: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def locked(self: Path, *_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", str(self))

        for name in ("write_bytes", "write_text", "replace"):
            monkeypatch.setattr(Path, name, locked)
        result = run(arguments[0], mills, *arguments[1:])
        assert result.exit_code == 2
        assert "cannot be opened or written" in result.stderr
        assert ".part" not in result.stderr

    def test_every_kind_of_system_error_has_words(self) -> None:
        for error in (FileNotFoundError(2, "", "/no/such/x"), FileExistsError(17, "", "x"),
                      IsADirectoryError(21, "", "x"), NotADirectoryError(20, "", "x"),
                      PermissionError(13, "", ".x.part"), OSError(28, "", "x")):  # fmt: skip
            assert "x” " in explain_os_error(error, "en")
            assert explain_os_error(error, "vi") != explain_os_error(error, "en")
        assert "the disk is full" in explain_os_error(OSError(28, "", "x"), "en")


class TestPieces:
    def test_table(self) -> None:
        assert table_lines(["a", "n"], [["x", "1"], ["long", "22"]]) == [
            "  a      n",
            "  ────  ──",
            "  x      1",
            "  long  22",
        ]

    def test_stock_changes_count_where_they_belong(self) -> None:
        s = mfa.System("store", periods=[2023])
        s.process("store")
        s.flow("i", "import", "store", value=10, sd=1)
        s.flow("o", "store", "export")
        s.stock("silo", "store")
        s.observe("silo.change", 2, sd=1)
        (row,) = coarse_balance(s.balance())
        assert (row["in"], row["out"], row["stock_change"], row["gap"]) == (10, None, 2, 8)
        assert (row["measured"], row["settled"], row["all"]) == (2, 3, 3)

    def test_output_is_utf8(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import io

        stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
        monkeypatch.setattr(sys, "stdout", stream)
        use_utf8()
        print("Huế", file=stream, flush=True)
        assert stream.buffer.getvalue().decode("utf-8").strip() == "Huế"


class TestProcess:
    """As it is really called."""

    def call(self, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
        program = Path(sys.executable).with_name("mfa")
        command = [str(program)] if program.exists() else [
            sys.executable, "-c", "from mfa.cli import main; main()"]  # fmt: skip
        cleared = {k: v for k, v in os.environ.items() if k not in LANGUAGE_VARIABLES}
        return subprocess.run(
            [*command, *arguments], cwd=cwd, capture_output=True, check=False,
            env=cleared | {"PYTHONIOENCODING": "ascii"} | environment,
        )  # fmt: skip

    def test_vietnamese_through_a_pipe(self, tmp_path: Path) -> None:
        workbook_case(tmp_path / "mills")
        done = self.call("check", "mills", cwd=tmp_path, LANG="vi_VN.UTF-8")
        assert done.returncode == 0
        text = done.stdout.decode("utf-8")
        assert "Không có lỗi, không có cảnh báo." in text
        assert "\x1b" not in text
        assert done.stderr == b""

    def test_exit_codes(self, tmp_path: Path) -> None:
        workbook_case(tmp_path / "broken", changed("flows", 1, target="markt"))
        assert self.call("balance", "broken", cwd=tmp_path).returncode == 1
        assert self.call("balance", "absent", cwd=tmp_path).returncode == 2
        assert b"Traceback" not in self.call("balance", "absent", cwd=tmp_path).stderr
