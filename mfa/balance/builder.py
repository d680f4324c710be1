"""Rows under construction: the indices behind names, and the terms that a formula adds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfa.balance.equations import DEFINITION, Rows, TermBlock
from mfa.balance.quantities import Quantities
from mfa.balance.terms import Affine, Term, lower
from mfa.errors import Problem
from mfa.model.names import flows_of
from mfa.model.relation import Call, Name, Node, Relation, walk
from mfa.model.system import System


class Builder:
    """The rows, nonlinear terms and problems that come together while a system is assembled.

    Attributes
    ----------
    q
        The quantities; auxiliary ones are added on the way.
    rows, terms, bulk
        Linear rows, nonlinear terms by row, and the block of all transfer coefficients.
    problems
        What is wrong, each with its place.
    factored
        Row of an observation given as value × factor → (quantity, row of the equations).
    """

    def __init__(self, system: System, quantities: Quantities) -> None:
        self.system, self.q = system, quantities
        self.rows = Rows()
        self.terms: list[tuple[int, Term]] = []
        self.problems: list[Problem] = []
        self.factored: dict[int, tuple[int, int]] = {}
        self.bulk: TermBlock | None = None

    def instances(self, node: Node, period: str, region: str) -> list[tuple[int, int]]:
        """Return the (period, region) cells in which a relation holds; one if it is constant."""
        system = self.system
        periods = (
            [system.periods.index(period)]
            if period in system.periods and period
            else range(len(system.periods))
        )
        regions = (
            [system.regions.index(region)]
            if region in system.regions and region
            else range(len(system.regions))
        )
        cells, seen = [], set()
        for p in periods:
            for r in regions:
                try:
                    key = tuple(
                        tuple(sorted(self.resolver(p, r)(item)))
                        for item in walk(node)
                        if isinstance(item, Name | Call)
                    )
                except LookupError:
                    continue
                if key not in seen:
                    seen.add(key)
                    cells.append((p, r))
        return cells

    def resolver(self, period: int, region: int) -> Callable[[Name | Call], dict[int, float]]:
        """Return the function that turns a name or call into quantities of one cell."""
        q, system = self.q, self.system

        def at(identifier: str, labels: tuple[str, ...] = ()) -> int:
            p, r = period, region
            for label in labels:
                if label in system.periods:
                    p = system.periods.index(label)
                else:
                    r = system.regions.index(label)
            index = int(q.cells(identifier)[p, r])
            if index < 0:
                raise LookupError(identifier)
            return index

        def resolve(item: Name | Call) -> dict[int, float]:
            if isinstance(item, Name):
                return {at(item.id, item.labels): 1.0}
            found = [int(q.cells(name)[period, region]) for name in flows_of(system, item)]
            present = {index: 1.0 for index in found if index >= 0}
            if not present:
                raise LookupError(item.argument)
            return present

        return resolve

    def row(
        self, node: Node, period: int, region: int, kind: int, ref: int, origin: Relation
    ) -> int | None:
        """Add one row for ``node = 0``; return its number, None if constants divide by zero."""
        try:
            affine, terms = lower(node, self.resolver(period, region), self.auxiliary)
        except (ZeroDivisionError, OverflowError):
            self.problems.append(
                Problem(
                    "formula-undefined",
                    "The constants of “{formula}” have no value (division by zero or overflow).",
                    {"formula": origin.formula},
                    origin.place,
                )
            )
            return None
        return self.add(affine, terms, kind, ref)

    def add(self, affine: Affine, terms: list[Term], kind: int, ref: int) -> int:
        """Add one row for ``affine + terms = 0`` and return its number."""
        columns = list(affine.coefficients)
        row = self.rows.add(
            [0] * len(columns),
            columns,
            list(affine.coefficients.values()),
            1,
            kind,
            [ref],
            [-affine.constant],
        )
        self.terms += [(row, term) for term in terms]
        return row

    def extend(self, row: int, column: int, value: float) -> None:
        """Add one more coefficient to a row."""
        self.rows.i.append(np.array([row]))
        self.rows.j.append(np.array([column]))
        self.rows.v.append(np.array([value]))

    def auxiliary(self, affine: Affine) -> int:
        """Add a hidden quantity equal to a linear expression and return its index."""
        index = self.q.auxiliary("sum")
        self.add(affine.plus(Affine({index: -1.0})), [], DEFINITION, index)
        return index

    def blocks(self) -> list[TermBlock]:
        """Return the nonlinear terms, one block a shape."""
        groups: dict[tuple[str, int, int], list[tuple[int, Term]]] = {}
        for row, term in self.terms:
            key = (term.shape, len(term.quantities), len(term.constants))
            groups.setdefault(key, []).append((row, term))
        bulk = [] if self.bulk is None else [self.bulk]
        return bulk + [
            TermBlock(
                shape,
                np.array([row for row, _ in members]),
                np.array([term.coefficient for _, term in members]),
                np.array([term.quantities for _, term in members], dtype=np.int64),
                np.array([term.constants for _, term in members]).reshape(len(members), constants),
            )
            for (shape, _, constants), members in groups.items()
        ]
