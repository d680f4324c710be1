"""Sankey diagrams: a view of an account, woven, laid out and drawn as SVG, PNG, PDF or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.sankey.graph import Category, SankeyGraph, SankeyLink, SankeyNode

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.view import View
    from mfa.sankey.positions import Positions

__all__ = [
    "Category",
    "SankeyGraph",
    "SankeyImage",
    "SankeyLink",
    "SankeyNode",
    "draw",
    "draw_graph",
    "draw_graphs",
    "draw_multiples",
]


@dataclass(frozen=True)
class SankeyImage:
    """A drawn diagram.

    Attributes
    ----------
    graph
        What it shows, as values; of several panels, the first.
    svg
        The picture, complete and self-contained.
    more
        What further panels show.
    pixels
        Width of the picture as PNG; None: twice as many pixels as the SVG states, sharp in print.
    """

    graph: SankeyGraph
    svg: str
    more: tuple[SankeyGraph, ...] = ()
    pixels: int | None = None

    @property
    def graphs(self) -> tuple[SankeyGraph, ...]:
        """What all panels show."""
        return (self.graph, *self.more)

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG."""
        from mfa.sankey.png import svg_to_png

        if self.pixels:
            return svg_to_png(self.svg, self.pixels)
        return svg_to_png(self.svg, zoom=2.0)

    @cached_property
    def pdf(self) -> bytes:
        """The picture as PDF: vectors and text in the shipped font, one page of its size."""
        from mfa.sankey.pdf import svg_to_pdf

        return svg_to_pdf(self.svg, self.graph.title, self.graph.language)

    @cached_property
    def html(self) -> str:
        """The picture as a web page of its own, with all its flows as a table below."""
        from mfa.sankey.page import render_page

        return render_page(self)

    def data(self, suffix: str) -> bytes:
        """Return the picture as the bytes of a file that ends in `suffix`.

        Raises
        ------
        ValueError
            No picture is written so; the message lists the suffixes that are.
        """
        from mfa.sankey.files import WRITERS

        if suffix.lower() not in WRITERS:
            known = ", ".join(WRITERS)
            raise ValueError(f"cannot write a Sankey as {suffix!r}: expected one of {known}")
        return WRITERS[suffix.lower()](self)

    def save(self, path: str | Path) -> Path:
        """Write the picture, in the format that the suffix of `path` names; return the path.

        Raises
        ------
        ValueError
            No picture is written so; the message lists the suffixes that are.
        OSError
            The file cannot be written; what was there stays.
        """
        from mfa.files import replace_file

        path = Path(path)
        replace_file(path, self.data(path.suffix))
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what a notebook shows, and what a terminal does."""
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        links = sum(len(graph.links) for graph in self.graphs)
        return f"<SankeyImage {self.graph.title!r}: {links} links>"


def draw(
    account: Account,
    view: View | None = None,
    *,
    language: str = "vi",
    period: str | None = None,
    region: str | None = None,
    size: str | tuple[float, float] = "screen",
    width: int | None = None,
    uncertainty: str = "none",
    like: Positions | None = None,
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
    size, width, uncertainty, like
        See `draw_graph`.

    Raises
    ------
    InputError, ValueError
        See `mfa.sankey.view.weave` and `mfa.sankey.layout.layout`.
    """
    from mfa.sankey.view import weave

    graph = weave(account, view, language=language, period=period, region=region)
    return draw_graph(graph, size, width=width, uncertainty=uncertainty, like=like)


def draw_graph(
    graph: SankeyGraph,
    size: str | tuple[float, float] = "screen",
    *,
    width: int | None = None,
    uncertainty: str = "none",
    like: Positions | None = None,
) -> SankeyImage:
    """Draw a graph of one's own making; see `draw`.

    Parameters
    ----------
    size
        ``"screen"``, ``"a4"``, ``"a3"`` (landscape), ``"16:9"``, (width, height) in px, or
        ``"1200x700"``.
    width
        Show the picture so many px wide, whatever it was laid out for.
    uncertainty
        ``"none"``; ``"opacity"``: links are the paler the less certain they are; ``"text"``: values
        carry their ± 1 σ.
    like
        Where nodes stand; see `mfa.sankey.positions`.

    Examples
    --------
    >>> nodes = (SankeyNode("field", "Field"), SankeyNode("mill", "Mill"))
    >>> links = (SankeyLink("rice", "field", "mill", 42.0, 3.0),)
    >>> draw_graph(SankeyGraph("Rice", nodes, links, "kt/year"))
    <SankeyImage 'Rice': 1 links>
    """
    from mfa.sankey.layout import layout
    from mfa.sankey.svg import render_svg

    drawing = layout(graph, size, uncertainty=uncertainty, like=like)
    if width:
        drawing = replace(drawing, zoom=drawing.width / _width(width))
    return SankeyImage(graph, render_svg(drawing), pixels=width)


def draw_multiples(
    account: Account,
    view: View | None = None,
    *,
    periods: Sequence[str] | None = None,
    language: str = "vi",
    region: str | None = None,
    size: str | tuple[float, float] = "screen",
    width: int | None = None,
    uncertainty: str = "none",
    like: Positions | None = None,
) -> SankeyImage:
    """Draw several periods of an account side by side: one scale, one legend, the same places.

    Parameters
    ----------
    periods
        Which ones, in this order; None: all.
    account, view, language, region, size, width, uncertainty, like
        As for `draw`.

    Raises
    ------
    InputError, ValueError
        As for `draw`; or there is no period.
    """
    from mfa.sankey.view import weave

    graphs = [
        weave(account, view, language=language, period=period, region=region)
        for period in (account.system.periods if periods is None else periods)
    ]
    labels = account.system.periods if periods is None else periods
    return draw_graphs(
        list(zip(labels, graphs, strict=True)), size,
        width=width, uncertainty=uncertainty, like=like,
    )  # fmt: skip


def draw_graphs(
    panels: Sequence[tuple[str, SankeyGraph]],
    size: str | tuple[float, float] = "screen",
    *,
    title: str | None = None,
    width: int | None = None,
    uncertainty: str = "none",
    like: Positions | None = None,
) -> SankeyImage:
    """Draw several graphs side by side: periods, scenarios, cities.

    Parameters
    ----------
    panels
        Title and graph of every panel. All have one unit and one language.
    size
        Of the whole page.
    title
        Of the page; default: that of the first graph.
    width, uncertainty, like
        As for `draw_graph`.

    Raises
    ------
    ValueError
        There are no panels, or they differ in unit or language.
    """
    from mfa.sankey.multiples import lay_out
    from mfa.sankey.svg import render_sheet

    sheet = lay_out(panels, size, title=title, uncertainty=uncertainty, like=like)
    if width:
        sheet = replace(sheet, zoom=sheet.width / _width(width))
    first, *more = (graph for _, graph in panels)
    return SankeyImage(first, render_sheet(sheet), tuple(more), width)


def _width(width: int) -> int:
    from mfa.sankey.layout import MOST

    if not 1 <= width <= MOST:
        raise ValueError(f"width is {width!r}, expected 1 to {MOST:.0f} px")
    return width
