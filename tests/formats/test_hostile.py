"""Files made to do harm, one line each: refused at their place, or read for what they say."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from mfa.convert import convert
from mfa.errors import InputError
from mfa.formats import read_foreign
from tests.formats.makers import rows

LINKS = '{"nodes": [{"name": "a"}, {"name": "b"}], "links": [{"source": 0, "target": 1, %s}]}'
TABLE = "id,source,target\n"
YEARS = ",".join(str(1000 + k) for k in range(400))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("deep.json", '{"nodes":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ("list.json", '[{"a": [1]}, {"b": [2]}]', "no format"),
        ("huge.json", LINKS.replace('"target": 1', '"target": 1e400') % '"value": 1', "no flow"),
        ("cut.json", (LINKS % '"value": 1')[:-2], "no valid JSON from line 1"),
        ("irp.csv", f"Country,Category,Flow code,Flow unit,{YEARS}\nX,Wood,DE,t,1", "300 years"),
        ("nul.csv", "source,target,value\na,b,1\n\x00", "no format"),
        ("late.csv", "source,target,value\n" + "a,b,1\n" * 20_000 + "a,\x00", "late.csv:20002: "),
        ("quote.csv", 'source,target,value\na,b,1\n"' + "x\n" * 80_000, "CSV from line"),
        ("cells.csv", "source,target,value" + ",x" * 100_000, "no columns for"),
        ("tail.txt", gzip.compress(b"A [1] B\n", mtime=0) + b"rest", "damaged"),
        ("prose.txt", "See [1]\n" + "x" * 3_000 + " [1] y", "no format"),
        ("t/flows.csv", TABLE + "x,import,\x00", "flows.csv:2: The file is not text"),
        ("t/flows.csv", "id,source,target," + ",".join("x" * 250_000), "flows.csv:1: A row"),
    ],
)
def test_refused(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    started = time.process_time()
    with pytest.raises(InputError, match=said):
        convert(path.parent if "/" in name else path, tmp_path / "out")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ('"value": NaN', None),
        ('"value": -Infinity', None),
        ('"value": ' + "9" * 4_000_000, None),
        ('"value": 1, "value": 2', 2.0),
        ('"value": "1e1"', 10.0),
        ('"value": true', None),
        ('"value": [1]', None),
    ],
)
def test_numbers_that_are_none(tmp_path: Path, value: str, read: float | None) -> None:
    (tmp_path / "a.json").write_text(LINKS % value)
    found = read_foreign(tmp_path / "a.json", "flow-list")
    assert [row["value"] for row in rows(found, "observations")] == ([read] if read else [])


def test_names_of_half_characters_and_markup(tmp_path: Path) -> None:
    names = ["\ud800=1+1", "<script>alert(1)</script>"]
    links = [{"source": 0, "target": 1, "value": 1}]
    content = {"nodes": [{"name": name} for name in names], "links": links}
    (tmp_path / "a.json").write_text(json.dumps(content))
    convert(tmp_path / "a.json", tmp_path / "out")
    written = (tmp_path / "out" / "processes.csv").read_text(encoding="utf-8")
    assert "'=1+1" in written


@pytest.mark.parametrize(
    "inside", [b"<" + b"a" * 12_000_000 + b"/>", b"<!--" + b"< > " * 3_000_000 + b"-->"]
)
def test_a_tag_of_millions_of_characters(tmp_path: Path, inside: bytes) -> None:
    """The parser began the tag anew with every block of 16 kB: more than a minute."""
    path = tmp_path / "a.zmfa"
    path.write_bytes(gzip.compress(b"<MfaSystemData>" + inside + b"</MfaSystemData>", 1))
    started = time.process_time()
    with pytest.raises(InputError, match=r"tables of processes|no file of STAN"):
        read_foreign(path, "stan")
    assert time.process_time() - started < 2


def test_a_broken_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("A [1] B")

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", broken)
    with pytest.raises(OSError, match=r"a\.txt"):
        read_foreign(path, "sankeymatic")
