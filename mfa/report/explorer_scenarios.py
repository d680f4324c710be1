"""The scenarios of a case as the explorer holds them: only what differs from the case as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mfa.errors import ConvergenceError, InfeasibleError, InputError
from mfa.scenarios import scenario_name

if TYPE_CHECKING:
    from mfa.account import Account

_FIRST = 10  # of a quantity's row: status, and all that follows depends on the scenario
_NUMBERS = 5  # of a balance's row: before it stand its labels and unit
Page = dict[str, Any]
Read = Callable[["Account"], Page]


def scenario_pages(
    account: Account, languages: Sequence[str], page: Page, read: Read
) -> list[dict[str, Any]]:
    """Return one entry a scenario, the case as it is first; none when there are no scenarios.

    Each has ``id``, ``name`` (a list in the order of `languages`), ``quantities`` (position, then
    status and numbers), ``balances`` (position, then numbers) of what differs, and ``changed`` (ids
    of flows and stock changes that do). A scenario that cannot be balanced is left out.

    Parameters
    ----------
    page
        What the explorer holds of the case as it is. Observations, sources and units of scenarios
        that it lacks are added to it.
    read
        Gives quantities, data, sources, balances and unit words of an account, as in `page`.
    """
    found = []
    for name in account.system.scenarios:
        try:
            other = account.under(name)
        except (InputError, InfeasibleError, ConvergenceError):
            continue  # the report says why
        found.append(_entry(other, name, languages, page, read(other)))
    if not found:
        return []
    first = {"id": "", "name": [scenario_name(account, x) for x in languages]}
    return [first, *found]


def _entry(
    account: Account, name: str, languages: Sequence[str], page: Page, own: Page
) -> dict[str, Any]:
    numbers = _merge(page["data"], own["data"])
    page["sources"] |= own["sources"]
    page["labels"]["unit"] |= own["labels"]["unit"]
    quantities = []
    for position, (ours, theirs) in enumerate(
        zip(page["quantities"], own["quantities"], strict=True)
    ):
        theirs[-1] = [numbers[n] for n in theirs[-1]]
        if ours[_FIRST:] != theirs[_FIRST:]:
            quantities.append([position, *theirs[_FIRST:]])
    balances = [
        [position, *theirs[_NUMBERS:]]
        for position, (ours, theirs) in enumerate(
            zip(page["balances"], own["balances"], strict=True)
        )
        if ours != theirs
    ]
    # Status, value, σ and limits: what pictures show.
    shown = slice(_FIRST, _FIRST + 5)
    changed = [
        page["quantities"][position][0]
        for position, *_ in quantities
        if page["quantities"][position][shown] != own["quantities"][position][shown]
    ]
    return {
        "id": name,
        "name": [scenario_name(account, x) for x in languages],
        "quantities": quantities,
        "balances": balances,
        "changed": changed,
    }


def _merge(data: list[list[Any]], own: list[list[Any]]) -> list[int]:
    """Return where each row of `own` stands in `data`, adding those that do not."""
    known = {json.dumps(row): number for number, row in enumerate(data)}
    out = []
    for row in own:
        key = json.dumps(row)
        if key not in known:
            known[key] = len(data)
            data.append(row)
        out.append(known[key])
    return out
