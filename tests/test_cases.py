"""Several cases are reported each by itself, and named so that none overwrites another."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import mfa
from mfa.cases import find_all, folders_of
from mfa.cli import cli
from mfa.errors import InputError
from tests.mills import changed, tables_case, workbook_case


@pytest.fixture
def cities(tmp_path, monkeypatch):
    """Two cases below a folder at different depths, and one beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    workbook_case(Path("cities/east"))
    workbook_case(Path("cities/north/hue"))
    workbook_case(Path("hue"))
    return tmp_path


def report(*arguments):
    return CliRunner().invoke(cli, ["report", *arguments, "--format", "xlsx", "--language", "en"])


def test_cases_below_a_folder_keep_their_place(cities):
    folders = folders_of(["cities", "hue"], Path("out"))
    assert {k.as_posix(): v.as_posix() for k, v in folders.items()} == {
        "cities/east": "out/east",
        "cities/north/hue": "out/north/hue",
        "hue": "out/hue",
    }


def test_a_workbook_and_a_folder_of_tables_are_cases_themselves(cities):
    tables_case(Path("bare"))
    given = ["bare", "hue/mills.xlsx", "nowhere", "cities/east/case.toml"]
    assert find_all(given) == [(Path(name), None) for name in given]


def test_a_case_asked_for_twice_is_reported_once(cities):
    assert len(find_all(["hue", "hue", "cities", "cities"])) == 3


def test_two_cases_never_share_a_folder(cities):
    with pytest.raises(InputError, match="would both be reported into “hue”"):
        mfa.report_cases(["hue", "cities/north/hue"])
    result = report("hue", "cities/north/hue")
    assert (result.exit_code, "Rename one of them" in result.stderr) == (1, True)
    assert not Path("reports").exists()


def test_many_are_reported_as_each_alone(cities):
    done = []
    reports = mfa.report_cases(
        "cities", formats=["xlsx"], progress=lambda k, n: done.append((k, n))
    )
    assert done == [(1, 2), (2, 2)]
    assert [item.error for item in reports] == [None, None]
    alone = mfa.open_case("cities/north/hue").report("alone", formats=["xlsx"])
    written = Path("reports/north/hue/report.xlsx")
    assert reports[1].written == (written,)
    assert written.read_bytes() == alone[0].read_bytes()


def test_the_errors_of_one_do_not_stop_the_others(cities):
    workbook_case(Path("cities/bad"), changed("flows", 1, target="markt"))
    Path("cities/odd").mkdir()
    Path("cities/odd/case.toml").write_text("input: x", encoding="utf-8")
    result = report("cities", "nowhere", "-o", "out")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"Written: {Path('out/east/report.xlsx')}",
        f"Written: {Path('out/north/hue/report.xlsx')}",
        "2 of 5 cases reported.",
    ]
    for said in ("There is no process “markt”", "case.toml:1", "“nowhere” does not exist"):
        assert said in result.stderr
    assert not Path("out/bad").exists()


def test_an_unexpected_failure_is_one_cases_own(cities, monkeypatch):
    original = mfa.Case.report

    def fail(self, *arguments):
        if self.id == "east":
            raise ZeroDivisionError("by east")
        return original(self, *arguments)

    monkeypatch.setattr(mfa.Case, "report", fail)
    result = report("cities")
    assert (result.exit_code, "ZeroDivisionError: by east" in result.stderr) == (1, True)
    assert Path("reports/north/hue/report.xlsx").exists()


def test_one_case_goes_into_the_folder_that_is_named(cities):
    assert report("hue", "-o", "out").exit_code == 0
    assert [path.name for path in Path("out").iterdir()] == ["report.xlsx"]


@pytest.mark.parametrize("options", [{"languages": ["xx"]}, {"formats": ["odt"]}])
def test_wrong_words_are_refused_before_any_work(cities, options):
    with pytest.raises(ValueError, match="expected one of"):
        mfa.report_cases("cities", **options)
    assert not Path("reports").exists()
