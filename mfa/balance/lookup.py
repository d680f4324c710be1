"""Which quantity a name with labels of period and region means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mfa.balance.quantities import Quantities
    from mfa.model.system import System


def index_of(q: Quantities, system: System, name: str, labels: tuple[str, ...] = ()) -> int:
    """Return the index of the one quantity that a name with labels means.

    Parameters
    ----------
    labels
        Periods and regions, in any order; the opening label for a stock's first level.

    Raises
    ------
    KeyError
        There is no such quantity or label, or several quantities fit; the choices are listed.
    """
    if name not in q.slots:
        from mfa.model.names import suggest

        near = suggest(name, q.slots)
        raise KeyError(f"no quantity {name!r}" + (f"; did you mean {near!r}?" if near else ""))
    cells = q.cells(name)
    for label in labels:
        if label in system.periods:
            cells = cells[system.periods.index(label)][None, :]
        elif label in system.regions:
            cells = cells[:, system.regions.index(label)][:, None]
        elif label == opening_label(system) and (name, 0) in q.opening:
            return q.opening[name, 0]
        else:
            raise KeyError(f"{label!r} is no period and no region")
    found = np.unique(cells[cells >= 0])
    if len(found) != 1:
        raise KeyError(
            f"{name!r} has {len(found)} values; say which period or region: "
            f"{', '.join(x for x in [*system.periods, *system.regions] if x)}"
        )
    return int(found[0])


def opening_label(system: System) -> str:
    """Return the name of the time before the first period: the year before, or ``opening``."""
    first = system.periods[0]
    return str(int(first) - 1) if first.isdigit() else "opening"
