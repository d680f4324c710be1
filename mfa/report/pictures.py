"""The Sankeys of one account, each drawn once, however many pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.errors import InputError

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System
    from mfa.model.view import View
    from mfa.sankey import SankeyImage
    from mfa.sankey.view import Gathered

WIDTH = 1120.0  # px: that of the page's column, so labels keep their size
MANY = 30  # nodes
_Key = tuple[str, str, str, str]


class Pictures:
    """Draws the views of an account and keeps what it has drawn.

    Parameters
    ----------
    account
        The balanced account.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self._drawn: dict[_Key, SankeyImage | None] = {}
        self._gathered: dict[tuple[str, ...], Gathered] = {}

    def draw(self, view: View, language: str, period: str, region: str) -> SankeyImage | None:
        """Return the picture of a view; None when it shows no flow."""
        key = (view.id, language, period, region)
        if key not in self._drawn:
            self._drawn[key] = self._draw(view, language, period, region)
        return self._drawn[key]

    def flows(self, view: View, period: str, region: str) -> tuple[str, ...]:
        """Return the ids of the flows that a view shows; none where it cannot be drawn."""
        try:
            links = self._gather(view, period, region).links
        except InputError:
            return ()
        return tuple(name for link, _ in links for name in link.flows)

    def _draw(self, view: View, language: str, period: str, region: str) -> SankeyImage | None:
        from mfa.sankey import draw_graph

        size = sankey_size(view, len(self.account.system.processes))
        try:
            graph = self._gather(view, period, region).named(language)
        except InputError:  # nothing flows here: `check` has named all that is wrong with a view
            return None
        return draw_graph(graph, size)

    def _gather(self, view: View, period: str, region: str) -> Gathered:
        """Return what a view shows, in whatever language: only its names differ."""
        from mfa.sankey.view import gather

        key = (view.id, period, region)
        if key not in self._gathered:
            # Without a view of its own, the title of the picture is that of the city.
            chosen = view if view.groups or view.layer != "goods" else None
            labels = {"period": period or None, "region": region or None}
            self._gathered[key] = gather(self.account, chosen, **labels)
        return self._gathered[key]


def whole_view(system: System, layer: str) -> View:
    """Return a view of a layer, every process its own node, for cases without views."""
    from mfa.model.view import View

    if layer == "goods":
        names = {x: system.title(x) for x in ("en", "vi")}
    else:
        found = system.layers[layer]
        names = {x: found.name(x) for x in ("en", "vi")}
    return View(f"all-{layer}", (), names["en"], names["vi"], layer, "material")


def sankey_size(view: View, processes: int) -> str | tuple[float, float]:
    """Return how large a view is drawn: as high as its nodes need, many of them by content."""
    nodes = len(view.groups) or processes
    if nodes > MANY:
        return "screen"
    return WIDTH, float(min(max(380 + 26 * nodes, 480), 860))
