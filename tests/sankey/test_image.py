import struct
import zlib

import pytest

from mfa.sankey import draw_graph
from mfa.sankey.png import svg_to_png
from tests.sankey.cities import hue_like


@pytest.fixture(scope="module")
def image():
    return draw_graph(hue_like())


def pixels(png):
    """Rows of RGBA pixels of an 8-bit PNG without interlacing."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        (length,), name = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        data += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw, rows, before = zlib.decompress(data), [], bytearray(4 * width)
    for y in range(height):
        line = raw[y * (4 * width + 1) : (y + 1) * (4 * width + 1)]
        row = bytearray(line[1:])
        for i in range(len(row)):
            left, up = (row[i - 4] if i >= 4 else 0), before[i]
            corner = before[i - 4] if i >= 4 else 0
            row[i] = (row[i] + _predict(line[0], left, up, corner)) & 255
        rows.append(row)
        before = row
    return rows


def _predict(kind, left, up, corner):
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda v: abs(guess - v))
    return (0, left, up, (left + up) // 2)[kind]


def ink(text, weight=400):
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30" font-family="Noto Sans">'
        f'<text x="4" y="22" font-size="20" font-weight="{weight}">{text}</text></svg>'
    )
    return tuple(bytes(row) for row in pixels(svg_to_png(svg)))


def test_text_is_drawn_with_the_shipped_font():
    assert ink("") != ink("ế") != ink("ể")
    assert ink("→") != ink("≤") != ink("₫")
    assert ink("Huế") != ink("Huế", 600)
    missing = ink("\u0e01")
    assert all(ink(sign) != missing for sign in "ữậ−→≤≥₂")


def test_svg_and_png_are_saved_by_suffix(image, tmp_path):
    assert image.save(tmp_path / "x.svg").read_text(encoding="utf-8") == image.svg
    png = image.save(str(tmp_path / "x.PNG")).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", png[16:20])[0] == 2800


def test_another_suffix_is_refused(image, tmp_path):
    with pytest.raises(ValueError, match=r"'.gif': expected one of .svg, .png, .pdf, .html"):
        image.save(tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


def test_notebooks_show_the_svg(image):
    assert image._repr_svg_() == image.svg


def test_png_takes_a_width():
    assert struct.unpack(">I", svg_to_png(draw_graph(hue_like()).svg, 700)[16:20])[0] == 700


def test_broken_svg_is_refused():
    with pytest.raises(ValueError, match=r".+"):
        svg_to_png("<svg")
