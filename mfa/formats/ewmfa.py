"""Published economy-wide accounts as tables: figures by indicator, material, country and year.

Extraction, trade and processed output become flows of one process, the economy, which is not asked
to balance: statistics seldom hold all its sides. Totals that follow from their parts are left out,
since they would count as second measurements; where a part is missing, the total stands as an
observation of the sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mfa.errors import InputError, Place, Word
from mfa.formats.assemble import LONGEST_FORMULA
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.draft import Draft
from mfa.formats.files import refuse
from mfa.formats.naming import label
from mfa.locale import N_
from mfa.model.names import unknown

ECONOMY = "economy"
FLOWS = {
    "DE": ("environment", ECONOMY, "domestic_extraction"),
    "IMP": ("import", ECONOMY, ""),
    "EXP": (ECONOMY, "export", ""),
    "DPO": (ECONOMY, "environment", ""),
    "BI_IN": ("environment", ECONOMY, ""),
    "BI_OUT": (ECONOMY, "environment", ""),
}
"""Indicator → source, target and role of its flows."""
RELIABILITY = {"": 1, "p": 2, "e": 3, "s": 3, "i": 3, "f": 3, "u": 4, "d": 2}
"""Flag → score of reliability: provisional, estimated, imputed, forecast, unreliable…"""
BREAK = "b"
MOST_COUNTRIES = 8
CLOSE = 0.02
"""How far a total may be from the sum of its parts and still follow from them."""
_CODE = re.compile(r"(?:[A-Z]{1,2}[._ -]?)?(\d(?:[.\d]*\d)?)")


@dataclass(frozen=True)
class Figure:
    """One published number; ``material`` is a key of the materials, empty for the total."""

    indicator: str
    material: str
    country: str
    year: str
    value: float
    flag: str = ""
    place: Place | None = None


@dataclass
class Accounts:
    """What a file of statistics holds.

    Attributes
    ----------
    materials
        Key → (name, EW-MFA code).
    figures
        The numbers, in ``unit``.
    """

    unit: str
    source: str = ""
    materials: dict[str, tuple[str, str]] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)


def material_code(text: str) -> str:
    """Return an EW-MFA code as ``MF.1.1``, empty when `text` is none.

    Examples
    --------
    >>> material_code("MF11"), material_code("MF.3.8"), material_code("1.4"), material_code("Wood")
    ('MF.1.1', 'MF.3.8', 'MF.1.4', '')
    """
    match = _CODE.fullmatch(text.strip().upper())
    if not match:
        return ""
    digits = match[1].split(".") if "." in match[1] else list(match[1])
    return "MF." + ".".join(digits)


def accounts_tables(accounts: Accounts, name: str, options: ReadOptions, log: LossLog) -> Converted:
    """Return the tables of `accounts`.

    Raises
    ------
    InputError
        Nothing in it is a flow, it holds too many countries, or not the one asked for.
    """
    chosen = _chosen(accounts, name, options, log)
    draft = Draft(name, log)
    countries = list(dict.fromkeys(figure.country for figure in chosen if figure.country))
    years = sorted({figure.year for figure in chosen})
    draft.setting("title", accounts.source)
    draft.unit(accounts.unit, options)
    draft.setting("periods", ", ".join(years))
    if len(countries) > 1:
        draft.setting("regions", ", ".join(label(country) for country in countries))
    else:
        draft.setting("boundary_en", "".join(countries))
    draft.add("processes", id=ECONOMY, name_en="Economy", name_vi="Nền kinh tế", balance="no")
    parents, ids = _add_materials(accounts, chosen, draft)
    writer = _Writer(accounts, draft, parents, ids, several=len(countries) > 1)
    for indicator in FLOWS:
        writer.write(indicator, [figure for figure in chosen if figure.indicator == indicator])
    return draft.converted()


def _chosen(accounts: Accounts, name: str, options: ReadOptions, log: LossLog) -> list[Figure]:
    """Return the figures that are flows, of the country and year asked for."""
    figures = accounts.figures
    check_country(dict.fromkeys(f.country for f in figures), name, options)
    years = dict.fromkeys(f.year for f in figures)
    if options.period and options.period not in years:
        problem = unknown("unknown-period", Word("period"), options.period, years, None)
        raise InputError([replace(problem, place=Place(file=name))])
    if options.region:
        figures = [figure for figure in figures if figure.country == options.region]
    if options.period:
        figures = [figure for figure in figures if figure.year == options.period]
    for figure in figures:
        if figure.indicator not in FLOWS:
            message = N_("Indicators that follow from others, or are no flow ({n}): {items}.")
            log.add("derived-indicators", message, figure.indicator)
    flows = [figure for figure in figures if figure.indicator in FLOWS]
    if not flows:
        message = N_("The file holds no figure of extraction, trade or processed output: {names}.")
        refuse("no-accounts", message, name, names=", ".join(FLOWS))
    return flows


def check_country(countries: Iterable[str], name: str, options: ReadOptions) -> None:
    """Refuse a country that is not there, and files of too many when none is chosen.

    Raises
    ------
    InputError
        Either is the case.
    """
    known = list(countries)
    if options.region and options.region not in known:
        problem = unknown("unknown-region", Word("region"), options.region, known, None)
        raise InputError([replace(problem, place=Place(file=name))])
    if not options.region and len(known) > MOST_COUNTRIES:
        message = N_(
            "The file holds {n} countries. Choose one with --region, for example: {example}"
        )
        refuse("too-many-countries", message, name, n=len(known), example=known[-1])


def _add_materials(
    accounts: Accounts, figures: list[Figure], draft: Draft
) -> tuple[dict[str, str], dict[str, str]]:
    """Add the materials that occur; return key → key of the one it is part of, and key → id."""
    used = {figure.material for figure in figures if figure.material}
    keys = [key for key in accounts.materials if key in used]
    by_code = {accounts.materials[key][1]: key for key in keys if accounts.materials[key][1]}
    parents: dict[str, str] = {}
    ids: dict[str, str] = {}
    for key in sorted(keys, key=lambda k: accounts.materials[k][1].count(".")):
        name, code = accounts.materials[key]
        above = code
        while "." in above:
            above = above.rpartition(".")[0]
            if above in by_code:
                parents[key] = by_code[above]
                break
        parent = ids.get(parents.get(key, ""), "")
        ids[key] = draft.materials.new(code.replace(".", "_") or name, "material")
        draft.add("materials", id=ids[key], name=name, mf_code=code, parent=parent)
    return parents, ids


class _Writer:
    """Figures of one indicator after the other on their way into flows and observations."""

    def __init__(
        self,
        accounts: Accounts,
        draft: Draft,
        parents: Mapping[str, str],
        ids: Mapping[str, str],
        *,
        several: bool,
    ) -> None:
        self.accounts, self.draft, self.several = accounts, draft, several
        self.parents, self.ids = parents, ids

    def write(self, indicator: str, figures: list[Figure]) -> None:
        """Add the flows of an indicator and what is known of them."""
        present = list(dict.fromkeys(figure.material for figure in figures))
        children = self._children(present)
        flows = {key: self._flow(indicator, key) for key in present if key not in children}
        cells: dict[tuple[str, str], dict[str, Figure]] = {}
        for figure in figures:
            cells.setdefault((figure.country, figure.year), {})[figure.material] = figure
        rest = self._remainders(children, cells.values())
        flows |= {f"rest {key}": self._flow(indicator, key, rest=True) for key in rest}
        for found in cells.values():
            for key, figure in found.items():
                if key in flows:
                    self._observe(flows[key], figure, figure.value)
                else:
                    self._total(key, figure, found, children, flows, rest)

    def _children(self, present: list[str]) -> dict[str, list[str]]:
        """Return aggregate → its nearest parts among the materials of an indicator."""
        children: dict[str, list[str]] = {}
        known = set(present)
        for key in present:
            above = self.parents.get(key, "")
            while above and above not in known:
                above = self.parents.get(above, "")
            if key and above in known:
                children.setdefault(above, []).append(key)
        return children

    def _remainders(
        self, children: Mapping[str, list[str]], cells: Iterable[Mapping[str, Figure]]
    ) -> set[str]:
        """Return the aggregates whose parts, all known, are clearly less than the whole."""
        short = set()
        for found in cells:
            for key, parts in children.items():
                if key in found and all(part in found for part in parts):
                    gap = found[key].value - sum(found[part].value for part in parts)
                    if gap > CLOSE * abs(found[key].value):
                        short.add(key)
        return short

    def _flow(self, indicator: str, key: str, *, rest: bool = False) -> str:
        source, target, role = FLOWS[indicator]
        name, code = self.accounts.materials.get(key, ("", ""))
        tail = code.replace(".", "_") or name or "total"
        return self.draft.flow(
            source,
            target,
            id=f"{indicator}_{tail}{'_other' if rest else ''}",
            material=self.ids.get(key, ""),
            role=role,
        )

    def _leaves(
        self, key: str, children: Mapping[str, list[str]], flows: Mapping[str, str], rest: set[str]
    ) -> list[str]:
        """Return the flows that an aggregate sums up."""
        if key in flows:
            return [flows[key]]
        found = [f for part in children[key] for f in self._leaves(part, children, flows, rest)]
        return found + ([flows[f"rest {key}"]] if key in rest else [])

    def _total(
        self,
        key: str,
        figure: Figure,
        found: Mapping[str, Figure],
        children: Mapping[str, list[str]],
        flows: Mapping[str, str],
        rest: set[str],
    ) -> None:
        """Use a total for what it adds: its remainder, or its sum where a part is missing."""
        log = self.draft.log
        parts = children[key]
        title = self.accounts.materials.get(key, ("TOTAL", ""))[0]
        if not all(part in found for part in parts):
            formula = " + ".join(self._leaves(key, children, flows, rest))
            if len(formula) <= LONGEST_FORMULA:
                self._observe(formula, figure, figure.value)
            return
        gap = figure.value - sum(found[part].value for part in parts)
        if key in rest and gap >= 0:
            self._observe(flows[f"rest {key}"], figure, gap)
            message = N_("What a total holds beyond its parts became a flow of its own ({n}): "
                         "{items}.")  # fmt: skip
            log.add("remainder", message, title, assumed=True)
        elif abs(gap) > CLOSE * abs(figure.value):
            message = N_("Totals that differ from the sum of their parts ({n}): {items}.")
            log.add("totals-differ", message, title, figure.place)
        else:
            log.add("totals", N_("Totals that follow from their parts ({n})."))

    def _observe(self, quantity: str, figure: Figure, value: float) -> None:
        flag = figure.flag.casefold()
        scores = [RELIABILITY.get(letter, 1) for letter in flag] or [1]
        self.draft.observe(
            quantity,
            value,
            figure.place,
            period=figure.year,
            region=label(figure.country) if self.several else "",
            source=self.accounts.source,
            year=figure.year,
            reliability=max(scores),
            completeness=1,
            temporal=2 if BREAK in flag else 1,
            note=f"flag: {flag}" if flag else "",
        )
