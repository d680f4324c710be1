"""A scenario's system: the same processes, flows and relations, with edited observations.

Only data are edited. What balances and relations then make of them is the engine's business, so a
scenario's account is mass-balanced, traced and tested like any other.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mfa.errors import InputError, Word
from mfa.model.edit_check import find_problems
from mfa.model.intervention import Intervention, Scenario
from mfa.model.names import unknown
from mfa.model.observation import Observation
from mfa.model.table import Table

if TYPE_CHECKING:
    from mfa.model.system import System

_FULL = 1.0 - 1e-12  # a correlation no larger, so that rounding makes none impossible


@dataclass(frozen=True)
class Applied:
    """Which scenario a system is under, and what its observations share with the reference.

    Attributes
    ----------
    scenario
        The scenario.
    base
        The system as it is, without the scenario.
    row
        Of each observation: its row in the base, −1 for a new one; (k,).
    ratio
        Of each observation: the correlation of its error with that of its row in the base, with
        the sign of a negative factor; (k,).
    """

    scenario: Scenario
    base: System
    row: np.ndarray
    ratio: np.ndarray


def edited(system: System, scenario: str) -> System:
    """Return `system` under one of its scenarios; it is itself left as it is.

    Raises
    ------
    InputError
        There is no such scenario, or interventions of it cannot be carried out (all of them).
    """
    base = system.applied.base if system.applied else system
    if scenario not in base.scenarios:
        known = base.scenarios
        raise InputError([unknown("unknown-scenario", Word("scenario"), scenario, known, None)])
    chosen = base.scenarios[scenario]
    problems = [
        replace(problem, place=item.place)
        for item in chosen.interventions
        for _, problem in find_problems(base, item)
        if problem.severity == "error"
    ]
    if problems:
        raise InputError(problems)
    rows = _Rows(base)
    for item in chosen.interventions:
        rows.apply(item)
    return rows.system(chosen)


class _Rows:
    """The observations while they are edited."""

    def __init__(self, system: System) -> None:
        table = system.observations
        self.base = system
        self.columns = {name: table.column(name).copy() for name in table.names}
        count = table.row_count
        self.row, self.ratio = np.arange(count), np.ones(count)
        self.covariance = _covariances(system, self.columns)

    def apply(self, item: Intervention) -> None:
        """Carry out one intervention."""
        found = np.flatnonzero(matching(self.columns, item))
        if item.action == "multiply":
            self._scale(found, item)
        elif item.action == "add":
            self._shift(found, item)
        else:
            self._drop(found)
            if item.action == "set":
                self._set(item)

    def _scale(self, found: np.ndarray, item: Intervention) -> None:
        """Multiply values by ``v ± s``: σ'² = (v σ)² + (value s)², the second part in common."""
        v, s = _plain_number(item)
        value = self.columns["value"][found].astype(float)
        self._edit(found, v, value * s, value * v)
        self._remark(found, f"× {v:g}", item)

    def _shift(self, found: np.ndarray, item: Intervention) -> None:
        """Add ``v ± s``, in each observation's own unit."""
        from mfa.units import convert

        assert item.value is not None
        own = self.base._unit_of(item.quantity)
        units = [unit if unit is not None else own for unit in self.columns["unit"][found]]
        given = own if item.unit is None else item.unit
        per = np.array([float(convert(1.0, given, unit)) if unit != given else 1.0
                        for unit in units])  # fmt: skip
        value = self.columns["value"][found].astype(float)
        self._edit(found, 1.0, per * item.sd, value + per * item.value)
        self.columns["distribution"][found] = "normal"
        self.columns["uncertainty"][found] = ""
        self._remark(found, f"+ {item.value:g} {given}".strip(), item)

    def _edit(self, found: np.ndarray, v: float, common: np.ndarray, value: np.ndarray) -> None:
        """Give rows new values: the error of each is multiplied by `v`, `common` is added to it."""
        before = self.columns["sd"][found].astype(float)
        after = np.hypot(v * before, common)
        self._correlate(found, v, common)
        with np.errstate(all="ignore"):
            kept = np.where(after > 0, v * before / after, 1.0)
        self.ratio[found] *= kept
        self.columns["value"][found], self.columns["sd"][found] = value, after
        if common.any():
            self.columns["distribution"][found] = "normal"
            self.columns["uncertainty"][found] = ""

    def _correlate(self, found: np.ndarray, v: float, common: np.ndarray) -> None:
        """Bring covariances up to date: rows that one uncertain number edits hang together."""
        inside = {int(i): float(c) for i, c in zip(found, common, strict=True)}
        for pair in self.covariance:
            self.covariance[pair] *= v ** sum(i in inside for i in pair)
        if not common.any():
            return
        for i, ours in inside.items():
            for j, theirs in inside.items():
                if i < j:
                    self.covariance[i, j] = self.covariance.get((i, j), 0.0) + ours * theirs

    def _drop(self, found: np.ndarray) -> None:
        kept = np.setdiff1d(np.arange(len(self.row)), found)
        place = {int(old): new for new, old in enumerate(kept)}
        self.columns = {name: column[kept] for name, column in self.columns.items()}
        self.row, self.ratio = self.row[kept], self.ratio[kept]
        self.covariance = {
            (place[i], place[j]): value
            for (i, j), value in self.covariance.items()
            if i in place and j in place
        }

    def _set(self, item: Intervention) -> None:
        assert item.value is not None
        for period in periods_of(self.base, item):
            record = Observation(
                self._free_id(item, period),
                item.quantity,
                item.value,
                item.sd,
                item.unit,
                uncertainty=item.uncertainty,
                sigma_from=item.sigma_from,
                distribution=item.distribution,
                source=item.source,
                year=item.year,
                period=period,
                region=item.region,
                note=item.note,
                place=item.place,
            )
            for name, column in self.columns.items():
                longer = np.empty(len(column) + 1, dtype=object)
                longer[:-1], longer[-1] = column, getattr(record, name)
                self.columns[name] = longer
            self.row, self.ratio = np.append(self.row, -1), np.append(self.ratio, 0.0)

    def _free_id(self, item: Intervention, period: str) -> str:
        name = item.id if period == item.period else f"{item.id} {period}"
        taken = set(self.columns["id"].tolist())
        while name in taken:
            name = f"{item.scenario}.{name}"
        return name

    def _remark(self, found: np.ndarray, text: str, item: Intervention) -> None:
        """Say in the notes what was done, by which intervention and after which source."""
        by = ", ".join(part for part in (item.id, item.source) if part)
        for row in found:
            note = self.columns["note"][row]
            self.columns["note"][row] = " ".join(x for x in (note, f"[{text} ({by})]") if x)

    def system(self, scenario: Scenario) -> System:
        """Return the base with the edited observations."""
        out = copy.copy(self.base)
        out.observations = Table(Observation)
        out.observations.extend(self.columns)
        out.correlations = self._correlations()
        out.info = _titled(self.base, scenario)
        out._counts = Counter(self.base._counts)
        out._named_periods = dict(self.base._named_periods)
        out.applied = Applied(scenario, self.base, self.row, self.ratio)
        return out

    def _correlations(self) -> list[tuple[str, str, float]]:
        ids, sd = self.columns["id"], self.columns["sd"].astype(float)
        return [
            (ids[i], ids[j], float(np.clip(value / (sd[i] * sd[j]), -_FULL, _FULL)))
            for (i, j), value in self.covariance.items()
            if sd[i] > 0 and sd[j] > 0 and value
        ]


def matching(columns: dict[str, np.ndarray], item: Intervention) -> np.ndarray:
    """Return which observations an intervention acts on, as a mask.

    Parameters
    ----------
    columns
        Those of the table of observations.
    """
    names = columns["quantity"]
    bare = item.quantity.strip().strip('"`')
    out = (names == bare) | (names == f'"{bare}"') | (names == f"`{bare}`")
    if not out.any():
        text = _squeezed(item.quantity)
        out = np.array([_squeezed(name) == text for name in names], dtype=bool)
    for label in ("period", "region"):
        wanted = getattr(item, label)
        if wanted:
            out &= (columns[label] == wanted) | (columns[label] == "")
    return np.asarray(out, dtype=bool)


def periods_of(system: System, item: Intervention) -> tuple[str, ...]:
    """Return the labels of the observations that a ``set`` puts down: one for each period."""
    bare = item.quantity.strip().strip('"`')
    if item.period or len(system.periods) == 1:
        return (item.period,)
    table = system.flows if bare in system.flows else system.parameters
    if bare in table:
        own = table.column("period")[table.column("id") == bare].tolist()
        if table is system.parameters or any(own):
            return tuple(dict.fromkeys(own))
    return tuple(system.periods)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\"`]+", "", text)


def _plain_number(item: Intervention) -> tuple[float, float]:
    """Return a factor and its σ as plain numbers, whatever its unit (80 % is 0.8)."""
    from mfa.units import parse_unit

    assert item.value is not None
    scale = parse_unit(item.unit).factor if item.unit else 1.0
    return item.value * scale, item.sd * scale


def _covariances(system: System, columns: dict[str, np.ndarray]) -> dict[tuple[int, int], float]:
    """Return the stated covariances of observations by their rows, in their own units."""
    ids, names, sd = columns["id"], columns["quantity"], columns["sd"]
    out: dict[tuple[int, int], float] = {}
    for first, second, rho in system.correlations:
        left = np.flatnonzero((ids == first) | (names == first)).tolist()
        right = np.flatnonzero((ids == second) | (names == second)).tolist()
        for i, j in ((min(i, j), max(i, j)) for i in left for j in right if i != j):
            out[i, j] = rho * float(sd[i]) * float(sd[j])
    return out


def _titled(system: System, scenario: Scenario) -> dict[str, str]:
    """Return the metadata with the scenario's name behind the title."""
    titles = {
        f"title_{x}": " – ".join(part for part in (system.title(x), scenario.name(x)) if part)
        for x in ("en", "vi")
    }
    return system.info | titles
