"""Scenarios side by side: one scale, one legend, the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mfa.model.intervention import REFERENCE
from mfa.scenarios.names import scenario_name

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.view import View
    from mfa.sankey import SankeyImage
    from mfa.sankey.positions import Positions


def draw_scenarios(
    account: Account,
    view: View | None = None,
    *,
    scenarios: Sequence[str] | None = None,
    language: str = "vi",
    period: str | None = None,
    region: str | None = None,
    size: str | tuple[float, float] = "screen",
    width: int | None = None,
    uncertainty: str = "none",
    like: Positions | None = None,
) -> SankeyImage:
    """Draw scenarios of an account side by side, as `mfa.sankey.draw_multiples` does periods.

    Parameters
    ----------
    account
        That of the case as it is.
    scenarios
        Which ones, in this order, ``"reference"`` for the case as it is; None: it and all others.
    view, language, period, region, size, width, uncertainty, like
        As for `mfa.sankey.draw`.

    Raises
    ------
    InputError, InfeasibleError, ConvergenceError, ValueError
        There is no such scenario or it cannot be balanced; or as for `mfa.sankey.draw`.
    """
    from mfa.sankey import draw_graphs
    from mfa.sankey.view import weave

    names = [REFERENCE, *account.system.scenarios] if scenarios is None else list(scenarios)
    accounts = [account if name == REFERENCE else account.under(name) for name in names]
    graphs = [weave(one, view, language=language, period=period, region=region) for one in accounts]
    titles = [scenario_name(one, language) for one in accounts]
    # The scenario is the title of its panel; above all of them stands the case.
    if REFERENCE in names:
        plain = graphs[names.index(REFERENCE)]
    else:
        plain = weave(account, view, language=language, period=period, region=region)
    panels = [replace(graph, subtitle=plain.subtitle) for graph in graphs]
    return draw_graphs(
        list(zip(titles, panels, strict=True)), size,
        width=width, uncertainty=uncertainty, like=like,
    )  # fmt: skip
