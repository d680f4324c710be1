"""Anderson's acceleration of many fixed-point iterations side by side (Walker & Ni 2011)."""

from __future__ import annotations

import numpy as np

MEMORY = 8


class Anderson:
    """Mixes the last few steps of ``t ← g(t)`` so that the remaining step is least.

    Each column is an iteration of its own; they only share the arrays. What is remembered is kept
    in single precision, in units of `scale`: it only has to point the way.

    Parameters
    ----------
    scale
        Sizes that make the entries of a step comparable, (rows,).
    """

    def __init__(self, scale: np.ndarray) -> None:
        self.scale = scale[:, None]
        self.steps: list[np.ndarray] = []
        self.moves: list[np.ndarray] = []
        self.gram = np.zeros((0, 0, 0))
        self.last: tuple[np.ndarray, np.ndarray] | None = None

    def next(self, t: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Return where to go from t when the plain iteration goes to g; (rows × columns)."""
        step = (g - t) / self.scale
        if self.last is not None:
            self._remember(step - self.last[0], (g - self.last[1]) / self.scale)
        self.last = (step, g)
        if not self.steps:
            return g
        with np.errstate(all="ignore"):
            small = step.astype(np.float32)
        right = np.stack([_dot(old, small) for old in self.steps], axis=1)
        size = np.trace(self.gram, axis1=1, axis2=2)[:, None, None]
        with np.errstate(all="ignore"):
            tiny = (1e-14 * size + 1e-300) * np.eye(len(self.steps))
        with np.errstate(all="ignore"):
            share = np.linalg.solve(self.gram + tiny, right[:, :, None])[:, :, 0]
            back = np.zeros_like(small)
            for move, part in zip(self.moves, share.T.astype(np.float32), strict=True):
                back += move * part
            mixed = g - back * self.scale
        fine = np.isfinite(mixed).all(axis=0)
        if not fine.all():
            mixed[:, ~fine] = g[:, ~fine]
        return mixed

    def _remember(self, step: np.ndarray, move: np.ndarray) -> None:
        """Take up one more change of step, forgetting the oldest."""
        if len(self.steps) == MEMORY:
            self.steps.pop(0)
            self.moves.pop(0)
            self.gram = self.gram[:, 1:, 1:]
        with np.errstate(all="ignore"):
            self.steps.append(step.astype(np.float32))
            self.moves.append(move.astype(np.float32))
        count = len(self.steps)
        gram = np.zeros((step.shape[1], count, count))
        gram[:, :-1, :-1] = self.gram if count > 1 else 0.0
        for k, old in enumerate(self.steps):
            gram[:, -1, k] = gram[:, k, -1] = _dot(old, self.steps[-1])
        self.gram = gram

    def keep(self, columns: np.ndarray) -> None:
        """Go on with some of the columns only."""
        self.steps = [step[:, columns] for step in self.steps]
        self.moves = [move[:, columns] for move in self.moves]
        self.gram = self.gram[columns]
        if self.last is not None:
            self.last = (self.last[0][:, columns], self.last[1][:, columns])


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the inner product of each pair of columns."""
    return np.einsum("rc,rc->c", a, b).astype(float)
