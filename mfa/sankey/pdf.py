"""SVG as PDF, set by typst with the shipped font: vectors, and text that can be searched."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from mfa.sankey.font import FAMILY, font_path

CREATED = datetime(2000, 1, 1, tzinfo=UTC)
"""Written into every file, so that the same picture has the same bytes."""
_POINTS = 0.75  # of 1/72 inch in a px
_SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"')
_TEMPLATE = """
#let picture = json(bytes(sys.inputs.picture))
#let size = (width: picture.width * 1pt, height: picture.height * 1pt)
#set document(title: picture.title, date: none)
#set text(lang: picture.language, font: picture.font)
#set page(margin: 0pt, ..size)
#image(bytes(picture.svg), format: "svg", alt: picture.title, ..size)
"""


def svg_to_pdf(svg: str, title: str, language: str) -> bytes:
    """Return an SVG written here as a PDF of one page; a px is 1/96 inch.

    Raises
    ------
    ValueError
        The SVG states no size or cannot be read; the message is typst's.
    """
    import typst

    size = _SIZE.search(svg)
    if not size:
        raise ValueError("the SVG states no width and height")
    picture = {
        "svg": svg,
        "title": title,
        "language": language,
        "font": FAMILY,
        "width": _POINTS * float(size[1]),
        "height": _POINTS * float(size[2]),
    }
    try:
        return typst.compile(
            _TEMPLATE.encode("utf-8"),
            format="pdf",
            font_paths=[str(font_path().parent)],
            ignore_system_fonts=True,
            sys_inputs={"picture": json.dumps(picture, ensure_ascii=False)},
            timestamp=CREATED,
        )
    except RuntimeError as error:
        raise ValueError(str(error)) from None
