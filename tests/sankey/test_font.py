import unicodedata

import pytest

from mfa.sankey.font import font_path, glyph_widths, text_width, wrap

TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
VOWELS = "aăâeêioôơuưy"
LETTERS = {unicodedata.normalize("NFC", v + t) for v in VOWELS for t in TONES} | {"đ"}
SIGNS = "€₫−×≤≥→±²³₂½·…–“”‰ΔσμΣ°"


@pytest.mark.parametrize("weight", ["regular", "semibold"])
def test_the_font_has_every_vietnamese_letter_and_sign(weight):
    widths = glyph_widths(weight)
    wanted = LETTERS | {letter.upper() for letter in LETTERS} | set(SIGNS)
    wanted |= {chr(code) for code in range(0x20, 0x7F)}
    assert [c for c in sorted(wanted) if not widths.get(c)] == []


def test_widths_are_those_of_the_design():
    # Advance widths of Noto Sans Regular in thousandths of an em, as its designers publish them.
    widths = glyph_widths("regular")
    assert {c: round(1000 * widths[c]) for c in "a M0ấ−"} == {
        "a": 561, " ": 260, "M": 907, "0": 572, "ấ": 561, "−": 572,
    }  # fmt: skip
    assert len({widths[c] for c in "0123456789"}) == 1


def test_every_file_is_there_and_woff2_is_smaller():
    for weight in ("regular", "semibold"):
        sizes = [font_path(weight, suffix).stat().st_size for suffix in (".woff2", ".ttf")]
        assert 10_000 < sizes[0] < sizes[1] < 120_000
    licence = font_path().with_name("OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_an_unknown_weight_is_refused():
    with pytest.raises(ValueError, match="weights are regular, semibold"):
        font_path("black")


def test_wrapping_keeps_every_word_and_the_width():
    text = "Thu gom, vận chuyển và xử lý chất thải rắn sinh hoạt của thành phố"
    lines = wrap(text, 160, 12)
    assert " ".join(lines) == text
    assert len(lines) == 3
    assert max(text_width(line, 12) for line in lines) <= 160


def test_wrapping_does_not_cut_words_to_fill_lines_evenly():
    assert wrap("Nghiệp vụ", 120, 13) == ["Nghiệp vụ"]
    assert wrap("Nghiệp vụ", 55, 13) == ["Nghiệp", "vụ"]


def test_a_word_too_wide_is_cut_at_its_hyphens_first():
    assert wrap("Phú Sơn waste-to-energy: bunker", 95, 12, "semibold") == [
        "Phú Sơn", "waste-to-", "energy: bunker",
    ]  # fmt: skip
    assert wrap("Waste-to-energy", 200, 12) == ["Waste-to-energy"]


def test_what_does_not_fit_ends_in_an_ellipsis():
    lines = wrap("Khai thác đá, đất sét và cát sỏi làm vật liệu xây dựng thông thường", 70, 12)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(text_width(line, 12) <= 70 for line in lines)
