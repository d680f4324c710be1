"""Two accounts, or two periods of one, side by side: what changed, and is it more than chance.

A difference counts as real when it exceeds 1.96 of its own standard deviations. Two cases are
taken to be independent, so that σ² of the difference is the sum of both σ². Within one account the
two values share data, and σ of the difference comes from their covariance; so do two scenarios of
one case (`mfa.comparison.shared`): what they share cancels out of the difference. Of things that
did not change at all, about one in twenty exceeds the limit by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfa.comparison.shared import share_data
from mfa.comparison.sides import Side, choose_sides

if TYPE_CHECKING:
    import pandas as pd

    from mfa.account import Account
    from mfa.model.view import View
    from mfa.sankey import SankeyImage

__all__ = ["COLUMNS", "VERDICTS", "Comparison", "Side", "compare"]

VERDICTS = ("higher", "lower", "within", "unknown", "only_a", "only_b")
COLUMNS = (
    "kind", "id", "layer", "region", "unit",
    "a", "a_sd", "a_lower", "a_upper", "a_status",
    "b", "b_sd", "b_lower", "b_upper", "b_status",
    "difference", "difference_sd", "relative", "z", "verdict",
)  # fmt: skip


def compare(
    a: Account, b: Account | None = None, *, periods: tuple[str, str] | None = None
) -> Comparison:
    """Compare two accounts (of two cases, or of two scenarios of one), or two periods of one.

    Parameters
    ----------
    a, b
        The accounts; `b` absent: two periods of `a`.
    periods
        Which period of `a` and which of `b`. Default: for two accounts the last period that both
        have, else the last of each; for one account its first and its last.

    Raises
    ------
    InputError
        A period is unknown, or the two sides are the same.

    Examples
    --------
    >>> import mfa
    >>> def mills(rice):
    ...     s = mfa.System("mills", unit="t/year")
    ...     s.process("mill")
    ...     s.flow("paddy", "import", "mill", value=rice, sd=3)
    ...     s.flow("rice", "mill", "export")
    ...     return s.balance()
    >>> changes = compare(mills(100), mills(120))
    >>> changes.quantities[["id", "difference", "difference_sd", "verdict"]].round(2)
          id  difference  difference_sd verdict
    0  paddy        20.0           4.24  higher
    1   rice        20.0           4.24  higher
    """
    return Comparison(*choose_sides(a, b, periods))


@dataclass(frozen=True)
class Comparison:
    """What changed from side `a` to side `b`."""

    a: Side
    b: Side

    @cached_property
    def quantities(self) -> pd.DataFrame:
        """One row a quantity, with `COLUMNS`; values of `b` are in the unit of `a`.

        ``difference`` is b − a, ``relative`` its share of `a`, ``z`` the difference in its own σ.
        ``verdict`` is one of `VERDICTS`: ``unknown`` where data leave one side open and the two
        intervals overlap, or where the two are counted in units that do not compare.
        """
        from mfa.comparison.changes import quantity_changes

        return quantity_changes(self.a, self.b)

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """The same columns for the economy-wide indicators: totals, per person, by GRDP."""
        from mfa.comparison.indicators import indicator_changes

        return indicator_changes(self.a, self.b)

    @cached_property
    def waste(self) -> pd.DataFrame:
        """The same columns for the shares in which waste goes to its destinations, in %."""
        from mfa.comparison.waste import waste_changes

        return waste_changes(self.a, self.b)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Indicators and quantities in one table."""
        import pandas as pd

        parts = [part for part in (self.indicators, self.quantities) if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else self.quantities

    @property
    def independent(self) -> bool:
        """Whether the two sides rest on different data; else their covariance is allowed for."""
        return self.a.account is not self.b.account and not self.scenarios

    @property
    def scenarios(self) -> bool:
        """Whether the two sides are scenarios of one case, or one of them the case as it is."""
        return share_data(self.a.account, self.b.account)

    def sankey(
        self, view: str | View | None = None, language: str = "vi", **options: Any
    ) -> SankeyImage:
        """Return a Sankey with the widths of `b`, coloured by what changed since `a`.

        Parameters
        ----------
        view
            A view or its id, as in the system of `b`; None: every process its own node.
        **options
            ``region``, ``size``, ``width`` and ``like``, as for `mfa.sankey.draw`.
        """
        from mfa.comparison.picture import draw_changes

        chosen = self.b.account.system.views[view] if isinstance(view, str) else view
        return draw_changes(self, chosen, language, **options)

    def save(self, path: str | Path, language: str = "vi") -> Path:
        """Write the table (``.csv .xlsx .json``) or a Sankey (``.svg .png .pdf .html``).

        Raises
        ------
        InputError
            The suffix is another one.
        """
        from mfa.comparison.files import write_comparison

        return write_comparison(self, Path(path), language)
