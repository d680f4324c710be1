"""What a picture can be written as: the suffix of a file, and who makes its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfa.sankey import SankeyImage

WRITERS: dict[str, Callable[[SankeyImage], bytes]] = {
    ".svg": lambda image: image.svg.encode("utf-8"),
    ".png": lambda image: image.png,
    ".pdf": lambda image: image.pdf,
    ".html": lambda image: image.html.encode("utf-8"),
}
"""Suffix → the bytes of a picture. The same picture gives the same bytes."""
