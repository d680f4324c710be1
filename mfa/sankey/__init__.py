"""Sankey diagrams: a view of an account, woven, laid out and drawn as SVG or PNG."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.sankey.graph import Category, SankeyGraph, SankeyLink, SankeyNode

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.view import View

__all__ = [
    "Category",
    "SankeyGraph",
    "SankeyImage",
    "SankeyLink",
    "SankeyNode",
    "draw",
    "draw_graph",
]


@dataclass(frozen=True)
class SankeyImage:
    """A drawn diagram.

    Attributes
    ----------
    graph
        What it shows, as values.
    svg
        The picture, complete and self-contained.
    """

    graph: SankeyGraph
    svg: str

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, twice as many pixels as the SVG states: sharp in print."""
        from mfa.sankey.png import svg_to_png

        return svg_to_png(self.svg, zoom=2.0)

    def save(self, path: str | Path) -> Path:
        """Write the picture as ``.svg`` or ``.png``, by the suffix of `path`; return the path.

        Raises
        ------
        ValueError
            The suffix is another one.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".svg":
            path.write_text(self.svg, encoding="utf-8", newline="\n")
        elif suffix == ".png":
            path.write_bytes(self.png)
        else:
            raise ValueError(f"cannot write a Sankey as {path.name!r}: expected .svg or .png")
        return path

    def _repr_svg_(self) -> str:
        return self.svg


def draw(
    account: Account,
    view: View | None = None,
    *,
    language: str = "vi",
    period: str | None = None,
    region: str | None = None,
    size: str | tuple[float, float] = "screen",
    show_uncertainty: bool = False,
) -> SankeyImage:
    """Draw an account.

    Parameters
    ----------
    account
        A balanced account.
    view
        Which processes are grouped, and what colours mean; None: every process its own node.
    language
        ``"vi"`` or ``"en"``.
    period, region
        Default: the last period, the first region.
    size
        ``"screen"``, ``"a4"``, ``"a3"`` (landscape) or (width, height) in px.
    show_uncertainty
        Draw links the paler the less certain they are.

    Raises
    ------
    InputError, ValueError
        See `mfa.sankey.view.weave` and `mfa.sankey.layout.layout`.
    """
    from mfa.sankey.view import weave

    graph = weave(account, view, language=language, period=period, region=region)
    return draw_graph(graph, size, show_uncertainty=show_uncertainty)


def draw_graph(
    graph: SankeyGraph,
    size: str | tuple[float, float] = "screen",
    *,
    show_uncertainty: bool = False,
) -> SankeyImage:
    """Draw a graph of one's own making; see `draw`.

    Examples
    --------
    >>> nodes = (SankeyNode("field", "Field"), SankeyNode("mill", "Mill"))
    >>> links = (SankeyLink("rice", "field", "mill", 42.0, 3.0),)
    >>> draw_graph(SankeyGraph("Rice", nodes, links, "kt/year")).svg[:4]
    '<svg'
    """
    from mfa.sankey.layout import layout
    from mfa.sankey.svg import render_svg

    drawing = layout(graph, size, show_uncertainty=show_uncertainty)
    return SankeyImage(graph, render_svg(drawing))
