"""What strangers' files may do: be huge, be bombs, be nested, be nonsense."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from mfa.errors import InputError
from mfa.formats import files
from mfa.formats.converted import Loss, LossLog
from mfa.formats.files import decode, finite, parse_json, read_bytes, read_text, unpack
from mfa.formats.naming import Ids, identifier, label


def refusal(call: object, *arguments: object) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].place
    assert caught.value.text("vi") != caught.value.text("en")
    return caught.value.problems[0].code


class TestSizes:
    def test_a_file_over_the_limit(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"x" * 1001)
        assert refusal(read_bytes, tmp_path / "a", 1000) == "file-too-large"
        assert read_bytes(tmp_path / "a", 1001) == b"x" * 1001

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        assert refusal(read_bytes, tmp_path / "a") == "empty-file"

    def test_a_bomb_is_stopped_while_unpacking(self) -> None:
        bomb = gzip.compress(b"\0" * 300_000_000)
        start = time.perf_counter()
        assert refusal(unpack, bomb, "a.gz", 1_000_000) == "unpacks-too-large"
        assert time.perf_counter() - start < 2

    @pytest.mark.parametrize("cut", [3, 20, -1])
    def test_a_cut_archive(self, cut: int) -> None:
        data = gzip.compress(b"hello" * 100)[:cut]
        assert refusal(unpack, data, "a.gz") == "damaged-gzip"

    def test_what_is_not_packed_passes(self) -> None:
        assert unpack(b"plain", "a") == b"plain"


class TestText:
    def test_byte_order_marks(self) -> None:
        assert decode("Huế".encode("utf-8-sig"), "a") == "Huế"
        assert decode("Huế".encode("utf-16"), "a") == "Huế"

    def test_line_ends(self) -> None:
        assert decode(b"a\r\nb\rc", "a") == "a\nb\nc"

    def test_other_encodings_are_refused_with_the_line(self) -> None:
        with pytest.raises(InputError, match="line 2"):
            decode("ok\nĐà".encode("cp1258"), "a")

    def test_zeros(self) -> None:
        assert refusal(decode, b"a\0b", "a") == "not-text"

    def test_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a").write_text("x" * 50)
        assert refusal(read_text, tmp_path / "a", 49) == "file-too-large"


class TestJson:
    @pytest.mark.parametrize("depth", [5_000, 400_000])
    def test_deep(self, depth: int) -> None:
        assert refusal(parse_json, "[" * depth + "]" * depth, "a") == "json-too-deep"

    def test_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "MAX_MARKS", 100)
        assert refusal(parse_json, "[" + "1," * 200 + "1]", "a") == "json-too-large"

    def test_broken_with_its_line(self) -> None:
        with pytest.raises(InputError) as caught:
            parse_json('{"a": 1,\n "b": }', "a.json")
        assert caught.value.problems[0].place.row == 2

    def test_numbers_that_are_none(self) -> None:
        content = parse_json('{"a": NaN, "b": Infinity, "c": 1e999, "d": ' + "9" * 9000 + "}", "a")
        assert [finite(content[key]) for key in "abcd"] == [None, None, None, None]


class TestNames:
    def test_ids_do_not_clash_with_numbered_ones(self) -> None:
        ids = Ids()
        assert [ids.new(text) for text in ("a_2", "a", "a", "a")] == ["a_2", "a", "a_3", "a_4"]

    def test_many_alike_are_quick(self) -> None:
        ids = Ids()
        start = time.process_time()
        assert len({ids.new("same") for _ in range(50_000)}) == 50_000
        assert time.process_time() - start < 1

    @pytest.mark.parametrize("text", ["", "…", "123", "=1+1", "a" * 500, "\u200b", "é", "ไทย"])
    def test_an_id_is_always_valid(self, text: str) -> None:
        from mfa.workbook.checks import _NAME

        assert _NAME.fullmatch(identifier(text, "p"))

    def test_labels_may_stand_in_lists(self) -> None:
        assert label("a: b, c; d[1]") == "a b c d 1"


class TestLosses:
    def test_the_same_are_counted(self) -> None:
        log = LossLog()
        for name in ("a", "b", "a", "c", "d"):
            log.add("x", "Things ({n}): {items}.", name)
        assert [item.text() for item in log.losses] == ["Things (5): a, b, c, …."]

    def test_losses_before_assumptions(self) -> None:
        log = LossLog()
        log.add("x", "Assumed.", assumed=True)
        log.add("y", "Lost.")
        assert [item.code for item in log.losses] == ["y", "x"]

    def test_other_values_make_another_loss(self) -> None:
        log = LossLog()
        log.add("x", "{group} ({n}).", group="a")
        log.add("x", "{group} ({n}).", group="b")
        assert [item.text() for item in log.losses] == ["a (1).", "b (1)."]

    def test_braces_in_names_do_no_harm(self) -> None:
        log = LossLog()
        log.add("x", "Things ({n}): {items}.", "{0.__class__}")
        assert log.losses == [
            Loss("x", "Things ({n}): {items}.", {"n": 1, "items": "{0.__class__}"})
        ]
        assert log.losses[0].text() == "Things (1): {0.__class__}."
