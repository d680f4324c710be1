"""Parquet tables: a whole case of them, and files made to do harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mfa.case import open_case
from mfa.convert import convert
from mfa.errors import InputError
from mfa.formats.parquet import read_parquet
from tests.mills import tables_case

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def written(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_a_case_of_parquet_files_is_the_case(tmp_path: Path) -> None:
    import pandas as pd

    source = tables_case(tmp_path / "csv")
    folder = tmp_path / "parquet"
    folder.mkdir()
    for file in source.glob("*.csv"):
        frame = pd.read_csv(file)
        # An index is where many keep the id: it is a column like any other.
        frame.set_index(frame.columns[0]).to_parquet(folder / f"{file.stem}.parquet")
    case, before = open_case(folder), open_case(source)
    assert not [p for p in case.problems if p.severity == "error"]
    assert list(case.system.views) == list(before.system.views) != []
    assert case.balance().table.equals(before.balance().table)
    convert(folder, tmp_path / "again")
    assert open_case(tmp_path / "again").balance().table.equals(before.balance().table)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": [["a"]], "source": ["import"]}, "“id” holds list"),
        ({"id": [{"a": 1}]}, "“id” holds struct"),
        ({"id": [b"\x00\xff"]}, "“id” holds binary"),
        ({"id": ["x"] * 12_100_000, "source": [None]}, "more than"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, columns: Any, said: str) -> None:
    if len(columns["id"]) > 1:  # 24 million cells in a few kilobytes
        text = pa.DictionaryArray.from_arrays(pa.array([0] * len(columns["id"]), "int8"), ["x"])
        columns = {"id": text, "source": text}
    path = written(tmp_path / "flows.parquet", columns)
    with pytest.raises(InputError, match=said):
        read_parquet(path, lambda _: True)


def test_one_long_text_a_million_times_is_held_once(tmp_path: Path) -> None:
    text = pa.array(["y" * 1_000_000] * 3 + ["z"])
    path = written(tmp_path / "flows.parquet", {"id": text, "rest": [[1]] * 4})
    frame = read_parquet(path, lambda name: name == "id")
    assert frame["id"].iloc[0] is frame["id"].iloc[2]


def test_unpacking_too_much_is_refused(tmp_path: Path) -> None:
    zeros = pa.array([float(k) for k in range(2)] * 500_000)
    path = written(tmp_path / "a.parquet", {f"c{k}": zeros for k in range(60)},
                   compression="zstd", use_dictionary=False)  # fmt: skip
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="unpack to more than 400 MB"):
        read_parquet(path, lambda _: True)


@pytest.mark.parametrize("cut", [0, 3, 40, -9, -1])
def test_damaged_files(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "flows.parquet", {"id": ["a", "b"], "source": ["x", None]})
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    with pytest.raises(InputError, match=r"flows.parquet: The Parquet file is damaged"):
        read_parquet(path, lambda _: True)
