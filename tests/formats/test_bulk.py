"""Tables read as columns give the same system as tables read row by row."""

import numpy as np
import pandas as pd
import pytest

import mfa
from mfa.formats.bulk import read_frames, read_system
from mfa.formats.tables import read_tables, write_tables
from mfa.workbook.build import build_system
from tests.workbook.books import SMALL


def test_the_same_account_as_row_by_row(tmp_path):
    write_tables(SMALL, tmp_path)
    plain, problems = build_system(read_tables(tmp_path))
    assert not [p for p in problems if p.severity == "error"]
    one, other = plain.balance().table, read_system(tmp_path).balance().table
    names = ["input", "input_sd", "value", "sd", "lower", "upper"]
    order = ["id", "period", "region"]
    one, other = (t.sort_values(order).reset_index(drop=True) for t in (one, other))
    assert one["id"].tolist() == other["id"].tolist()
    np.testing.assert_allclose(one[names], other[names], rtol=1e-9)


def test_titles_words_and_blank_rows(tmp_path):
    text = "Mã;Từ quá trình;Đến quá trình;Vai trò;Cột riêng\nVí dụ: x;a;b;;\n"
    text += "lúa;import;export;Tái chế;9\n;;;;\n"
    (tmp_path / "Dòng.csv").write_text(text, encoding="utf-8")
    frames = read_frames(tmp_path)
    assert frames["flows"].to_dict("records") == [
        {"id": "lúa", "source": "import", "target": "export", "role": "recycling"}
    ]


def test_every_bad_number_is_reported_with_its_row(tmp_path):
    (tmp_path / "parameters.csv").write_text("id,value\na,1\nb,x\nc,1e999\nd,\n", encoding="utf-8")
    (tmp_path / "flows.csv").write_text("id,source\na,import\n", encoding="utf-8")
    with pytest.raises(mfa.InputError) as refusal:
        read_frames(tmp_path)
    found = [(p.code, str(p.place)) for p in refusal.value.problems]
    assert ("missing-column", "flows.csv:1") in found
    assert ("not-finite", "parameters.csv:4") in found
    assert [place for _, place in found if place == "parameters.csv:3"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'id,source,target\n"a,b,c\n'])
def test_what_is_no_table_says_so(tmp_path, content):
    (tmp_path / "flows.csv").write_bytes(content)
    with pytest.raises(mfa.InputError):
        read_frames(tmp_path)


def test_parquet_is_read_alike(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"id": ["a"], "source": ["import"], "target": ["export"], "upper": [5]})
    frame.to_parquet(tmp_path / "flows.parquet")
    assert read_frames(tmp_path)["flows"].to_dict("records") == [
        {"id": "a", "source": "import", "target": "export", "upper": 5.0}
    ]


def test_one_table_in_two_files(tmp_path):
    for name in ("flows", "Dòng"):
        (tmp_path / f"{name}.csv").write_text("id,source,target\n", encoding="utf-8")
    with pytest.raises(mfa.InputError, match="two files"):
        read_frames(tmp_path)
