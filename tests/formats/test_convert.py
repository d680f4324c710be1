"""Any format in, any format out: what a file is, what is said, what is refused."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from mfa.cli import cli
from mfa.convert import convert
from mfa.errors import InputError
from mfa.formats import FORMATS, detect, format_for, read_foreign, write_foreign
from mfa.formats.converted import WriteOptions
from mfa.formats.flow_list import write_flow_list
from mfa.formats.opensankey_write import write_opensankey
from mfa.formats.sankeymatic_write import write_sankeymatic
from mfa.formats.sep_write import write_sep
from tests.formats.makers import book, json_file, mills
from tests.formats.test_stan import smfa, zmfa
from tests.formats.test_statistics import TestQuestionnaire, TestResourcePanel, small
from tests.mills import tables_case, workbook_case

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one file or folder of every format that can be read."""
    folder = tmp_path_factory.mktemp("samples")
    account = mills().balance()
    options = WriteOptions("en")
    write_sankeymatic(account, folder / "a.txt", options)
    write_opensankey(account, folder / "a.json", options)
    write_sep(account.system, folder / "sep.xlsx", options)
    (folder / "irp.csv").write_text(TestResourcePanel.TEXT, encoding="utf-8")
    return {
        "workbook": workbook_case(folder / "book") / "mills.xlsx",
        "tables": tables_case(folder / "tables"),
        "sankeymatic": folder / "a.txt",
        "opensankey": folder / "a.json",
        "opensankey-workbook": folder / "sep.xlsx",
        "stan": smfa(folder / "a.smfa"),
        "eurostat": json_file(folder / "e.json", small({("DE", "MF1", "2021"): 60})),
        "ew-mfa": book(folder / "q.xlsx", dict(TestQuestionnaire.SHEETS)),
        "irp": folder / "irp.csv",
        "flow-list": write_flow_list(account, folder / "list.csv", options).paths[0],
    }


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, LANG: str = "en_GB.UTF-8") -> Result:
        for name in ("LC_ALL", "LC_MESSAGES"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LANG", LANG)
        result = CliRunner().invoke(cli, ["convert", *(str(a) for a in arguments)])
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return result

    return call


READ = [name for name, found in FORMATS.items() if found.reads]
WRITTEN = [name for name, found in FORMATS.items() if found.takes]


class TestDetecting:
    @pytest.mark.parametrize("name", READ)
    def test_by_content_whatever_the_name(
        self, samples: dict[str, Path], name: str, tmp_path: Path
    ) -> None:
        assert detect(samples[name]).name == name
        if samples[name].is_file():
            other = tmp_path / "other.bin"
            other.write_bytes(samples[name].read_bytes())
            assert detect(other).name == name

    def test_compressed(self, samples: dict[str, Path], tmp_path: Path) -> None:
        packed = tmp_path / "a.gz"
        packed.write_bytes(gzip.compress(samples["opensankey"].read_bytes()))
        assert detect(packed).name == "opensankey"
        assert detect(zmfa(tmp_path / "a.zmfa")).name == "stan"

    def test_there_is_a_sample_of_everything(self, samples: dict[str, Path]) -> None:
        assert sorted(samples) == sorted(READ)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"hello",
            b"%PDF-1.7",
            b"\x00" * 100,
            b"{}",
            b"[1]",
            b"a,b\n1,2",
            b'[{"a": [1]}]',
            b"\x1f\x8bxx",
        ],
    )
    def test_unknown_files_get_the_list(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.bin").write_bytes(content)
        with pytest.raises(InputError) as caught:
            detect(tmp_path / "a.bin")
        assert all(name in str(caught.value) for name in READ)

    def test_old_binary_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.mfa").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
        with pytest.raises(InputError, match=r"STAN 2\.6 or later"):
            detect(tmp_path / "a.mfa")

    @settings(max_examples=100, deadline=None)
    @given(content=st.binary(max_size=300))
    def test_any_bytes(self, content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = tmp_path_factory.getbasetemp() / "any.bin"
        path.write_bytes(content)
        try:
            found = detect(path)
        except InputError:
            return
        assert found.reads

    def test_names_for_writing(self) -> None:
        for name, path in (
            ("workbook", "a.XLSX"), ("tables", "a"), ("sankeymatic", "a.txt"),
            ("opensankey", "a.json"), ("flow-list", "a.csv"),
        ):  # fmt: skip
            assert format_for(path) is FORMATS[name]
        assert format_for("a.xlsm") is None

    def test_names_that_are_none(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="no reader"):
            read_foreign(tmp_path, "workbook")
        with pytest.raises(ValueError, match="no writer"):
            write_foreign(mills(), tmp_path, "stan")


class TestConverting:
    @pytest.mark.parametrize("name", READ)
    @pytest.mark.parametrize("to", WRITTEN)
    def test_everything_into_everything(
        self, samples: dict[str, Path], name: str, to: str, tmp_path: Path
    ) -> None:
        suffix = (FORMATS[to].suffixes or ("",))[0]
        done = convert(samples[name], tmp_path / f"out{suffix}", to=to)
        assert all(path.exists() for path in done.paths)
        assert [loss.text("vi") for loss in done.losses] != [""]
        if FORMATS[to].reads:
            again = convert(done.paths[0].parent if to == "tables" else done.paths[0],
                            tmp_path / "again")  # fmt: skip
            assert any(path.name == "flows.csv" for path in again.paths)

    def test_a_folder_of_a_case(self, samples: dict[str, Path], tmp_path: Path) -> None:
        folder = samples["workbook"].parent
        for source in (folder, folder / "case.toml"):
            assert convert(source, tmp_path / "a.txt", overwrite=True).language == "vi"

    def test_errors_of_the_input_stop_diagrams(self, tmp_path: Path) -> None:
        from tests.mills import changed

        case = workbook_case(tmp_path / "broken", changed("flows", 1, target="markt"))
        with pytest.raises(InputError, match="markt"):
            convert(case, tmp_path / "a.txt")
        assert not (tmp_path / "a.txt").exists()

    def test_nothing_is_overwritten_unasked(self, samples: dict[str, Path], tmp_path: Path) -> None:
        for name, to in (("a.txt", ""), ("m-stock.csv", "metabolism")):
            (tmp_path / name).write_text("mine", encoding="utf-8")
            with pytest.raises(FileExistsError):
                convert(samples["tables"], tmp_path / name.replace("-stock", ""), to=to)
            assert (tmp_path / name).read_text(encoding="utf-8") == "mine"

    @pytest.mark.parametrize(
        ("target", "to"),
        [("a.pdf", ""), ("a.txt", "opensankey"), ("a.json", "stan"), ("a", "sankeymatic"),
         ("a.csv", "tables"), ("a.txt", "nonsense")],
    )  # fmt: skip
    def test_targets_that_do_not_fit(
        self, samples: dict[str, Path], tmp_path: Path, target: str, to: str
    ) -> None:
        with pytest.raises(ValueError, match=r"no format|does not end"):
            convert(samples["tables"], tmp_path / target, to=to)

    def test_a_view_in_its_groups_and_colours(
        self, samples: dict[str, Path], tmp_path: Path
    ) -> None:
        done = convert(samples["workbook"], tmp_path / "a.txt", view="all", language="en")
        text = (tmp_path / "a.txt").read_text(encoding="utf-8")
        assert "#" in text.partition("] Mill ")[2].partition("\n")[0]
        assert "legend" in {loss.code for loss in done.losses}
        with pytest.raises(InputError, match="Did you mean “all”"):
            convert(samples["workbook"], tmp_path / "b.txt", view="al")
        with pytest.raises(ValueError, match="no views"):
            convert(samples["workbook"], tmp_path / "b.json", view="all")

    def test_a_structure_has_no_diagram(self, samples: dict[str, Path], tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="without numbers"):
            convert(samples["tables"], tmp_path / "a.txt", only_structure=True)
        done = convert(samples["sankeymatic"], tmp_path / "t", only_structure=True)
        assert "observations.csv" not in {path.name for path in done.paths}


class TestCommand:
    def test_what_was_not_carried_over(self, run: Run, samples: dict[str, Path]) -> None:
        result = run(samples["stan"], "a.xlsx")
        assert result.exit_code == 0
        lost, _, assumed = result.stdout.partition("Assumed")
        assert "Written: a.xlsx" in lost
        assert "Not carried over" in lost
        assert "FlowValue.CInput" in lost
        assert "not confirmed on a file of our own" in assumed

    def test_in_vietnamese(self, run: Run, samples: dict[str, Path]) -> None:
        result = run(samples["stan"], "a.xlsx", LANG="vi_VN.UTF-8")
        assert "Không chuyển sang được" in result.stdout
        assert "chưa được kiểm chứng trên tệp của chúng tôi" in result.stdout

    def test_the_language_of_the_case_when_nothing_else_says(
        self, run: Run, samples: dict[str, Path]
    ) -> None:
        assert "Đã ghi" in run(samples["workbook"].parent, "t", LANG="C").stdout

    def test_nothing_lost(self, run: Run, samples: dict[str, Path]) -> None:
        assert "Everything was carried over." in run(samples["tables"], "a.xlsx").stdout

    def test_for_programs(self, run: Run, samples: dict[str, Path]) -> None:
        record = json.loads(run(samples["sankeymatic"], "a", "--json").stdout)
        assert sorted(Path(p).name for p in record["written"]) == [
            "case.csv", "flows.csv", "observations.csv", "processes.csv",
        ]  # fmt: skip
        assert {item["code"] for item in record["assumed"]} >= {"no-uncertainty"}
        assert all(item["message"] for item in record["lost"] + record["assumed"])

    def test_options_reach_reader_and_writer(self, run: Run, samples: dict[str, Path]) -> None:
        assert run(samples["sankeymatic"], "a.json", "--unit", "kg").exit_code == 0
        assert '"kg/year"' in Path("a.json").read_text(encoding="utf-8")
        assert run(samples["irp"], "b", "--region", "Viet Nam").exit_code == 0
        assert run(samples["opensankey"], "c.txt", "--period", "2022").exit_code == 0

    @pytest.mark.parametrize(
        "arguments",
        [["--period", "1999"], ["--layer", "gold"], ["--region", "Atlantis"]],
    )
    def test_parts_that_do_not_exist(
        self, run: Run, samples: dict[str, Path], arguments: list[str]
    ) -> None:
        result = run(samples["opensankey"], "c.txt", *arguments)
        assert result.exit_code == 1
        assert arguments[1] in result.output

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["a.pdf"], "opensankey-workbook"),
            (["a.txt", "--to", "opensankey"], "neither"),
            (["a.txt", "--to", "opensanky"], "Did you mean “opensankey”"),
            (["a.txt", "--structure"], "--structure"),
            (["a.json", "--view", "all"], "--view"),
            (["a", "--unit", "fishes"], "fishes"),
        ],
    )
    def test_wrong_usage(
        self, run: Run, samples: dict[str, Path], arguments: list[str], words: str
    ) -> None:
        result = run(samples["sankeymatic"], *arguments)
        assert (result.exit_code, words in result.stderr) == (2, True)

    def test_unknown_input(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"%PDF")
        result = run("a.pdf", "b.xlsx")
        assert result.exit_code == 1
        assert "sankeymatic" in result.output

    def test_missing_input(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "hue.txt").touch()
        result = run("huee.txt", "b.xlsx")
        assert (result.exit_code, "hue.txt" in result.stderr) == (2, True)


HOSTILE = {
    "deep.json": lambda: b'{"nodes": ' + b"[" * 200_000,
    "wide.json": lambda: b'{"nodes": {"a": {}}, "links": [' + b"{}," * 600_000 + b"{}]}",
    "many.json": lambda: b'{"nodes": {"a": {}}, "links": [' + b"{}," * 19_000 + b"{}]}",
    "values.json": lambda: b'{"dimension": {}, "id": [], "size": [], "value": [' + b"1," * 700_000,
    "bomb.zmfa": lambda: gzip.compress(b"<MfaSystemData>" + b" " * 300_000_000, 1),
    "tags.zmfa": lambda: gzip.compress(b"<MfaSystemData>" + b"<a/>" * 15_000_000, 1),
    "bomb.json.gz": lambda: gzip.compress(b'{"nodes": "' + b"a" * 300_000_000, 1),
    "long.txt": lambda: b"A [1] B\n" + b"x [" * 3_000_000,
    "lines.txt": lambda: b"A [1] B\n" * 9_000,
    "names.txt": lambda: "".join(f"{k} [1] {k + 1}\n" for k in range(9_000)).encode(),
    "wide.csv": lambda: b"Country,Category,Flow code,Flow unit,1970" + b",2000" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_hostile_end_quickly(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())
    start = time.process_time()
    with suppress(InputError):
        read_foreign(path, detect(path).name)
    assert time.process_time() - start < 2
