"""SVG as PNG, drawn with the shipped font: the same pixels on every machine."""

from __future__ import annotations

from mfa.sankey.font import FAMILY, font_path

__all__ = ["font_path", "svg_to_png"]


def svg_to_png(svg: str, width: int | None = None, *, zoom: float | None = None) -> bytes:
    """Return `svg` as PNG, `width` px wide, or `zoom` times as wide as the SVG states.

    Raises
    ------
    ValueError
        The SVG cannot be read.
    """
    import resvg_py

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            width=width,
            zoom=zoom,
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[str(font_path("regular")), str(font_path("semibold"))],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
        )
    )
