"""A small linear complementarity problem with two bounds, solved exactly by principal pivoting."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

PATIENCE = 10
LIMIT = 5_000


@dataclass
class Exchange:
    """Which of the wrong states change: all while their number falls, else only the last.

    That cannot cycle (Júdice & Pires 1994, Computers & Operations Research 21, 587–596).

    Attributes
    ----------
    fewest
        Of wrong states so far.
    patience
        Rounds in which all change although their number does not fall.
    """

    fewest: int
    patience: int
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.patience

    def of(self, wrong: np.ndarray) -> np.ndarray:
        """Return those of the wrong states, in ascending order, that change in this round."""
        if len(wrong) < self.fewest:
            self.fewest, self.left = len(wrong), self.patience
        elif self.left:
            self.left -= 1
        else:
            return wrong[-1:]
        return wrong


def complementary(
    M: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    forced: np.ndarray,
    state: np.ndarray,
    slack: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray] | None:
    """Find positions within bounds and the forces that the bounds put on them.

    A position inside its bounds feels no force; at the lower bound (state −1) the force is at
    least 0, at the upper one (+1) at most 0.

    Parameters
    ----------
    M
        How outcomes answer to causes, k × k, all principal minors positive. The cause is the force
        and the outcome the position where `forced`, the other way round elsewhere.
    x, y
        Positions and forces to start from, (k,).
    low, high
        Bounds, (k,).
    state
        States to begin with, (k,).
    slack
        How far a position may lie beyond a bound, and how wrong a force may be.

    Returns
    -------
    state, causes
        The states and the changes of the causes; None when rounding has eaten a minor, or the
        pivoting does not end.

    Notes
    -----
    `Exchange` says which of the wrong states change in a round.
    """
    state, exchange = state.copy(), Exchange(len(x) + 1, PATIENCE)
    for _ in range(LIMIT):
        end = np.where(state < 0, low, high)
        goal = np.where(state == 0, -y, end - x)
        sought = forced == (state != 0)
        change = np.where(sought, 0.0, goal)
        at = np.flatnonzero(sought)
        if len(at):
            rest = goal[at] - M[at] @ change
            try:
                change[at] = np.linalg.solve(M[np.ix_(at, at)], rest)
            except np.linalg.LinAlgError:
                return None
        outcome = M @ change
        here = x + np.where(forced, outcome, change)
        force = y + np.where(forced, change, outcome)
        below, above = here < low - slack[0], here > high + slack[0]
        away = ((state < 0) & (force < -slack[1])) | ((state > 0) & (force > slack[1]))
        wrong = np.flatnonzero(((state == 0) & (below | above)) | away)
        if not len(wrong):
            return state, change
        wrong = exchange.of(wrong)
        state[wrong] = np.where(state[wrong] != 0, 0, np.where(above[wrong], 1, -1))
    return None
