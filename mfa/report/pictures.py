"""The Sankeys of one account, each drawn once, however many pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.errors import InputError

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.view import View
    from mfa.sankey import SankeyImage

WIDTH = 1120.0  # px: that of the page's column, so labels keep their size
_Key = tuple[str | None, str, str, str]


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

    def draw(
        self, view: View | None, language: str, period: str, region: str
    ) -> SankeyImage | None:
        """Return the picture of a view (None: all processes); None when it shows no flow."""
        key = (view.id if view else None, language, period, region)
        if key not in self._drawn:
            self._drawn[key] = self._draw(view, language, period, region)
        return self._drawn[key]

    def _draw(
        self, view: View | None, language: str, period: str, region: str
    ) -> SankeyImage | None:
        from mfa.sankey import draw

        labels = {"period": period or None, "region": region or None}
        try:
            return draw(self.account, view, language=language, size=sankey_size(view), **labels)
        except InputError:  # nothing flows here: `check` has named all that is wrong with a view
            return None


def sankey_size(view: View | None) -> str | tuple[float, float]:
    """Return how large a view is drawn: as high as its groups need; without any, by content."""
    if view is None or not view.groups:
        return "screen"
    return WIDTH, float(min(max(380 + 26 * len(view.groups), 480), 860))
