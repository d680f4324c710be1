"""Opening a case by folder, workbook or tables; what it then knows and writes."""

from __future__ import annotations

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xarray as xr

import mfa
from mfa.case import CaseError, open_case
from mfa.convert import convert_case
from mfa.formats.account import SUFFIXES, replace_file, write_account
from mfa.formats.tables import read_tables
from mfa.frameworks import FRAMEWORKS, create_case, framework_tables, structure
from mfa.settings import find_cases, read_settings
from mfa.workbook.read import read_workbook
from tests.mills import TABLES, changed, tables_case, workbook_case

ROOT = Path(__file__).parent.parent
HUE = ROOT / "cases" / "hue"


@pytest.fixture(scope="module")
def mills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workbook_case(tmp_path_factory.mktemp("case") / "mills")


@pytest.fixture(scope="module")
def account(mills: Path) -> mfa.Account:
    return open_case(mills).balance()


def codes(error: mfa.InputError) -> list[str]:
    return [problem.code for problem in error.problems]


class TestOpening:
    def test_folder_workbook_and_settings_file_are_one_case(self, mills: Path) -> None:
        for path in (mills, mills / "mills.xlsx", mills / "case.toml", str(mills)):
            case = open_case(path)
            assert (case.id, case.languages) == ("mills", ("vi", "en"))
            assert case.input == mills / "mills.xlsx"

    def test_bare_workbook_takes_its_name(self, mills: Path, tmp_path: Path) -> None:
        bare = tmp_path / "Huế 2023.xlsx"
        bare.write_bytes((mills / "mills.xlsx").read_bytes())
        case = open_case(bare)
        assert (case.id, case.folder) == ("Huế 2023", tmp_path)
        assert list(case.system.flows) == [row["id"] for row in TABLES["flows"]]

    def test_workbook_beside_settings_that_name_another(self, tmp_path: Path) -> None:
        folder = workbook_case(tmp_path / "c")
        other = folder / "draft.xlsx"
        other.write_bytes((folder / "mills.xlsx").read_bytes())
        assert open_case(other).id == "draft"

    def test_tables_folder_is_named_after_its_parent(self, tmp_path: Path) -> None:
        assert open_case(tables_case(tmp_path / "city" / "tables")).id == "city"
        assert open_case(tables_case(tmp_path / "town")).id == "town"

    def test_settings_may_name_tables(self, tmp_path: Path) -> None:
        tables_case(tmp_path / "tables")
        (tmp_path / "case.toml").write_text('input = "tables"', encoding="utf-8")
        case = open_case(tmp_path)
        assert (case.is_workbook, case.languages) == (False, ("vi", "en"))
        assert not case.problems

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            open_case(tmp_path / "absent")

    @pytest.mark.parametrize(
        ("name", "code"), [("a.pdf", "no-case"), ("", "no-case-folder"), ("x.xlsx", "no-settings")]
    )
    def test_no_case(self, tmp_path: Path, name: str, code: str) -> None:
        path = tmp_path / name
        if name:
            path.write_bytes(b"x")
        with pytest.raises(CaseError) as caught:
            open_case(path if name == "a.pdf" else tmp_path)
        assert codes(caught.value) == [code]

    def test_case_and_tables_stay_unread_until_asked(self, tmp_path: Path) -> None:
        (tmp_path / "broken.xlsx").write_bytes(b"not a workbook")
        case = open_case(tmp_path / "broken.xlsx")
        assert [p.severity for p in case.problems] == ["error"]


class TestSettings:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("input = ", "settings-unreadable"),
            ('languages = ["vi"]', "settings-input"),
            ("input = 3", "settings-input"),
            ('input = "absent.xlsx"', "settings-input-missing"),
            ('input = "x.xlsx"\nlanguages = ["fr"]', "settings-languages"),
            ('input = "x.xlsx"\nlanguages = "vi"', "settings-languages"),
            ('input = "x.xlsx"\nlanguages = []', "settings-languages"),
        ],
    )
    def test_wrong(self, tmp_path: Path, text: str, code: str) -> None:
        (tmp_path / "x.xlsx").touch()
        (tmp_path / "case.toml").write_text(text, encoding="utf-8")
        with pytest.raises(mfa.InputError) as caught:
            read_settings(tmp_path)
        assert codes(caught.value) == [code]
        assert str(caught.value.problems[0].place).startswith("case.toml")

    def test_line_of_a_syntax_error(self, tmp_path: Path) -> None:
        (tmp_path / "case.toml").write_text('languages = ["vi"]\ninput : "x"', encoding="utf-8")
        with pytest.raises(mfa.InputError) as caught:
            read_settings(tmp_path)
        assert str(caught.value.problems[0].place) == "case.toml:2"

    def test_notepad_writes_a_byte_order_mark(self, tmp_path: Path) -> None:
        (tmp_path / "x.xlsx").touch()
        (tmp_path / "case.toml").write_text('input = "x.xlsx"', encoding="utf-8-sig")
        assert read_settings(tmp_path).input.name == "x.xlsx"

    def test_unknown_key_is_a_doubt(self, tmp_path: Path) -> None:
        folder = workbook_case(tmp_path)
        with (folder / "case.toml").open("a", encoding="utf-8") as stream:
            stream.write('language = "vi"\n')
        assert [(p.code, p.severity) for p in open_case(folder).problems] == [
            ("settings-unknown", "warning")
        ]

    def test_find_cases(self, tmp_path: Path) -> None:
        workbook_case(tmp_path / "b" / "mills")
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "case.toml").write_text("input =", encoding="utf-8")
        for hidden in (".git", "env"):
            workbook_case(tmp_path / hidden / "lib")
        (tmp_path / "env" / "pyvenv.cfg").touch()
        found = find_cases(tmp_path)
        assert [(c["id"], c["input"]) for c in found] == [("a", ""), ("mills", "mills.xlsx")]
        with pytest.raises(FileNotFoundError):
            find_cases(tmp_path / "absent")


class TestChecking:
    def test_clean(self, mills: Path) -> None:
        assert open_case(mills).check() == []

    def test_error_with_its_cell_stops_the_balance(self, tmp_path: Path) -> None:
        case = open_case(workbook_case(tmp_path, changed("flows", 1, target="markt")))
        problems = case.check()
        assert {str(p.place) for p in problems if p.severity == "error"} == {"Flows!E4"}
        with pytest.raises(mfa.InputError, match="markt") as caught:
            case.balance()
        assert {p.severity for p in caught.value.problems} == {"error"}

    def test_suspect_is_a_warning_at_its_cell(self, tmp_path: Path) -> None:
        case = open_case(workbook_case(tmp_path, changed("observations", 1, value=660.0)))
        suspects = [p for p in case.check() if p.code == "suspect-observation"]
        assert "Observations!C4" in {str(p.place) for p in suspects}
        assert all(p.severity == "warning" for p in suspects)

    def test_contradiction_is_an_error(self, tmp_path: Path) -> None:
        rows = [row | {"uncertainty": "0"} for row in TABLES["observations"]]
        case = open_case(workbook_case(tmp_path, TABLES | {"observations": rows}))
        problems = case.check()
        assert "infeasible" in {p.code for p in problems}
        assert all(p.severity == "error" for p in problems)
        with pytest.raises(mfa.InfeasibleError):
            case.balance()

    def test_blank_case_says_so(self, tmp_path: Path) -> None:
        create_case(tmp_path / "new")
        assert [p.code for p in open_case(tmp_path / "new").check()] == ["empty-case"]

    def test_annotated_copy_stands_beside_and_reads_the_same(self, tmp_path: Path) -> None:
        case = open_case(workbook_case(tmp_path, changed("flows", 1, target="markt")))
        copy = case.annotate(case.check(), "vi")
        assert copy == tmp_path / "mills.checked.xlsx"
        assert read_workbook(copy).plain() == case.tables.plain()
        comment = openpyxl.load_workbook(copy)["Flows"]["E4"].comment
        assert comment is not None
        assert "markt" in comment.text

    def test_checking_the_copy_again_makes_no_second_one(self, tmp_path: Path) -> None:
        case = open_case(workbook_case(tmp_path))
        copy = case.annotate([])
        assert copy is not None
        assert open_case(copy).annotate([]) == copy

    def test_no_copy_of_tables_or_of_what_is_no_workbook(self, tmp_path: Path) -> None:
        assert open_case(tables_case(tmp_path / "t")).annotate([]) is None
        (tmp_path / "x.xlsx").write_bytes(b"no")
        assert open_case(tmp_path / "x.xlsx").annotate([]) is None


class TestBalancing:
    def test_workbook_and_tables_give_one_account(self, mills: Path, tmp_path: Path) -> None:
        one = open_case(mills).balance().table
        other = open_case(tables_case(tmp_path)).balance().table
        pd.testing.assert_frame_equal(one, other)

    def test_account_knows_its_inputs(self, mills: Path, account: mfa.Account) -> None:
        digest = hashlib.sha256((mills / "mills.xlsx").read_bytes()).hexdigest()
        assert account.inputs == {"mills.xlsx": digest}
        assert account.stamp["inputs"] == account.inputs

    def test_tables_are_hashed_each(self, tmp_path: Path) -> None:
        folder = tables_case(tmp_path)
        inputs = open_case(folder).balance().inputs
        assert set(inputs) == {f"{name}.csv" for name in TABLES}

    def test_balanced_once(self, mills: Path) -> None:
        case = open_case(mills)
        assert case.balance() is case.balance()


class TestWriting:
    def test_every_format(self, account: mfa.Account, tmp_path: Path) -> None:
        for suffix in set(SUFFIXES) - {".parquet"}:
            path = write_account(account, tmp_path / "new" / f"account{suffix}")
            before = path.read_bytes()
            write_account(account, path)
            assert path.read_bytes() == before, suffix
        assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
            f"account{suffix}" for suffix in sorted(set(SUFFIXES) - {".parquet"})
        ]

    def test_csv_is_the_table(self, account: mfa.Account, tmp_path: Path) -> None:
        path = write_account(account, tmp_path / "a.csv")
        read = pd.read_csv(path, keep_default_na=False, na_values={"value": [""]})
        assert list(read.columns) == list(account.table.columns)
        assert read["value"].tolist() == pytest.approx(account.table["value"].tolist())

    def test_netcdf_is_the_dataset(self, account: mfa.Account, tmp_path: Path) -> None:
        with xr.open_dataset(write_account(account, tmp_path / "a.nc")) as read:
            xr.testing.assert_allclose(read.load(), account.dataset)
            assert read.attrs["title"] == "Two mills"

    def test_json_holds_everything_and_no_nan(self, account: mfa.Account, tmp_path: Path) -> None:
        text = write_account(account, tmp_path / "a.json").read_text(encoding="utf-8")
        content = json.loads(text, parse_constant=pytest.fail)
        assert len(content["quantities"]) == len(account.table)
        assert len(content["observations"]) == len(account.observations)
        assert content["stamp"]["inputs"] == account.inputs
        assert content["degrees_of_freedom"] == account.test.dof

    def test_xlsx_has_a_sheet_each(self, account: mfa.Account, tmp_path: Path) -> None:
        book = openpyxl.load_workbook(write_account(account, tmp_path / "a.xlsx"))
        assert book.sheetnames == ["summary", "quantities", "observations", "balances"]
        header = [cell.value for cell in book["quantities"][1]]
        assert header == list(account.table.columns)
        value = book["quantities"].cell(2, header.index("value") + 1).value
        assert value == pytest.approx(account.table["value"].iloc[0])

    def test_parquet_or_a_clear_refusal(self, account: mfa.Account, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        if find_spec("pyarrow"):
            read = pd.read_parquet(write_account(account, path))
            assert read["id"].tolist() == account.table["id"].tolist()
        else:
            with pytest.raises(mfa.InputError, match=r"city-mfa\[parquet\]"):
                write_account(account, path)

    def test_unknown_suffix(self, account: mfa.Account, tmp_path: Path) -> None:
        with pytest.raises(mfa.InputError, match=r"\.xlsx, \.csv, \.nc, \.parquet, \.json"):
            write_account(account, tmp_path / "a.docx")
        assert not list(tmp_path.iterdir())

    def test_a_failed_write_leaves_the_old_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.csv"
        path.write_text("old", encoding="utf-8")

        def locked(self: Path, target: Path) -> Path:
            raise PermissionError(13, "locked", str(self), None, str(target))

        monkeypatch.setattr(Path, "replace", locked)
        with pytest.raises(PermissionError):
            replace_file(path, b"new")
        assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
        assert path.read_text(encoding="utf-8") == "old"


class TestReportAndSankey:
    def test_report_files(self, mills: Path, tmp_path: Path) -> None:
        written = open_case(mills).report(tmp_path / "out", languages=["vi"])
        assert [path.name for path in written] == [
            "report.vi.html", "explorer.html", "report.vi.docx", "report.vi.pdf", "report.xlsx"
        ]  # fmt: skip
        assert all(path.stat().st_size > 1000 for path in written)

    def test_default_folder(
        self, mills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        written = open_case(mills).report(formats=["xlsx"])
        assert [path.as_posix() for path in written] == ["reports/mills/report.xlsx"]

    def test_first_view_is_the_default(self, mills: Path) -> None:
        case = open_case(mills)
        assert "Xay xát" in case.sankey().svg
        assert case.sankey("all", "en").svg == case.sankey(None, "en").svg
        with pytest.raises(KeyError):
            case.sankey("absent")


class TestConverting:
    def test_there_and_back_loses_nothing(self, mills: Path, tmp_path: Path) -> None:
        case = open_case(mills)
        convert_case(case, tmp_path / "tables")
        tables = open_case(tmp_path / "tables")
        assert tables.tables.plain() == case.tables.plain()
        for language in ("vi", "en"):
            back = tmp_path / f"{language}.xlsx"
            convert_case(tables, back, language=language)
            assert read_workbook(back).plain() == case.tables.plain()
            assert read_workbook(back).language == language

    def test_nothing_is_overwritten_unasked(self, mills: Path, tmp_path: Path) -> None:
        case = open_case(mills)
        for target in (tmp_path / "t", tmp_path / "a.xlsx"):
            convert_case(case, target)
            with pytest.raises(FileExistsError):
                convert_case(case, target)
            assert convert_case(case, target, overwrite=True)

    def test_tables_that_are_empty_now_do_not_stay_behind(
        self, mills: Path, tmp_path: Path
    ) -> None:
        convert_case(open_case(mills), tmp_path / "t")
        (tmp_path / "t" / "notes.csv").write_text("mine", encoding="utf-8")
        convert_case(open_case(mills), tmp_path / "t", overwrite=True, only_structure=True)
        names = {p.name for p in (tmp_path / "t").iterdir()}
        assert names == {"case.csv", "processes.csv", "materials.csv", "flows.csv", "views.csv",
                         "notes.csv"}  # fmt: skip

    def test_unreadable_input_writes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "x.xlsx").write_bytes(b"no")
        with pytest.raises(mfa.InputError):
            convert_case(open_case(tmp_path / "x.xlsx"), tmp_path / "t")
        assert not (tmp_path / "t").exists()

    def test_other_suffix(self, mills: Path, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="neither a workbook"):
            convert_case(open_case(mills), tmp_path / "a.ods")


class TestFrameworks:
    def test_structure_keeps_no_number(self) -> None:
        kept = structure(TABLES)
        assert {row["id"] for row in kept["flows"]} == {row["id"] for row in TABLES["flows"]}
        numbers = {
            (table, key)
            for table, rows in kept.items()
            for row in rows
            for key, value in row.items()
            if isinstance(value, float)
        }
        assert numbers == {("views", "column"), ("views", "order")}
        assert not {"parameters", "observations", "relations", "sources"} & set(kept)

    @pytest.mark.parametrize("language", ["vi", "en"])
    @pytest.mark.parametrize("name", FRAMEWORKS)
    def test_new_case_opens(self, tmp_path: Path, name: str, language: str) -> None:
        written = create_case(tmp_path / "Đà Nẵng", name, language)
        assert [p.name for p in written] == ["case.toml", "Đà Nẵng.xlsx"]
        case = open_case(tmp_path / "Đà Nẵng")
        assert case.languages[0] == language
        assert case.tables.language == language
        assert bool(len(case.system.flows)) == (name != "blank")
        assert name == "blank" or case.problems == []

    def test_new_case_balances_before_any_number_is_known(self, tmp_path: Path) -> None:
        create_case(tmp_path / "c", "hue")
        assert set(open_case(tmp_path / "c").balance().table["status"]) == {"free"}

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").touch()
        with pytest.raises(FileExistsError):
            create_case(tmp_path)
        with pytest.raises(FileExistsError):
            create_case(tmp_path / "mine.txt")
        create_case(tmp_path / "empty")
        with pytest.raises(FileExistsError):
            create_case(tmp_path / "empty")

    def test_unknown(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="expected one of hue"):
            framework_tables("paris")
        with pytest.raises(ValueError, match="expected one of hue"):
            create_case(tmp_path / "c", "paris")
        assert not (tmp_path / "c").exists()

    def test_shipped_framework_is_that_of_the_hue_case(self) -> None:
        """After a change of the Hue case: mfa convert cases/hue <folder> --structure --force."""
        assert framework_tables("hue") == structure(read_tables(HUE / "tables"))
