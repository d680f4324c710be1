"""The voice of a report: facts in, sentences out, in one language and its way with numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from string import Formatter
from typing import TYPE_CHECKING

from mfa.indicators.sums import Total
from mfa.locale import translator
from mfa.locale.numbers import (
    format_estimate,
    format_number,
    format_p,
    format_value,
    significant_decimals,
)
from mfa.locale.unit_words import unit_words
from mfa.report.document import Rich, Strong
from mfa.report.facts import Datum, Facts, Item
from mfa.report.tables import Badge, Num, Range, Ref, given_decimals
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.account import Estimate

SPACE = "\u00a0"
NAMED = 12  # names in a sentence; the rest is counted
_NAME = re.compile(r"[`\"]?(?P<name>[^\W\d][\w.]*)[`\"]?")


class Writer:
    """What the chapters need to write: the facts, the language, and how things are called in it.

    Attributes
    ----------
    facts
        The numbers.
    language
        Language of everything returned.
    tr
        Translator of messages; chapters bind it to ``_``.
    """

    def __init__(self, facts: Facts, language: str) -> None:
        self.facts, self.language = facts, language
        self.tr = translator(language)

    # ------------------------------------------------------------------------------- sentences

    def say(self, sentence: str, **values: str | Ref | Strong | Rich) -> Rich:
        """Return the translated `sentence` with its placeholders filled by text and links."""
        parts: list[str | Ref | Strong] = []
        for literal, name, _, _ in Formatter().parse(sentence):
            if literal:
                parts.append(literal)
            if name:
                value = values[name]
                parts.extend(value if isinstance(value, tuple) else (value,))
        return tuple(parts)

    def sentence(self, sentence: str, **values: str | Ref | Strong | Rich) -> Rich:
        """Return what `say` returns, with a capital at its start."""
        first, *rest = self.say(sentence, **values)
        if isinstance(first, str):
            return (_capital(first), *rest)
        return (replace(first, text=_capital(first.text)), *rest)

    def join(self, items: Sequence[str | Ref | Strong]) -> Rich:
        """Return ``a, b and c``."""
        _ = self.tr
        if len(items) < 2:
            return tuple(items)
        glue = [", "] * (len(items) - 2) + [f" {_('and')} "]
        pairs = zip(items[:-1], glue, strict=True)
        return (*(part for pair in pairs for part in pair), items[-1])

    def listed(self, items: Sequence[str | Ref | Strong]) -> Rich:
        """Return ``a; b; c``, for names, which may hold commas themselves."""
        parts: list[str | Ref | Strong] = []
        for item in items:
            parts += ["; "] if parts else []
            parts.append(item)
        return tuple(parts)

    def shortened(self, items: Sequence[str | Ref | Strong]) -> Rich:
        """Return a list of at most `NAMED` items and how many more there are."""
        if len(items) <= NAMED + 1:
            return self.listed(items)
        return self.listed([*items[:NAMED], self.tr("{n} more", n=len(items) - NAMED)])

    def count(self, number: int, one: str, many: str) -> str:
        """Return the number with the translated noun in the right form."""
        return f"{format_number(number, 0, self.language)}{SPACE}{one if number == 1 else many}"

    # --------------------------------------------------------------------------------- numbers

    def number(self, value: float, decimals: int | None = None, sd: float | None = None) -> str:
        """Return a number; digits follow `sd`, or three significant ones."""
        if decimals is None:
            return format_value(value, sd, language=self.language)
        return format_number(value, decimals, self.language)

    def unit(self, unit: str) -> str:
        """Return a unit in words."""
        return unit_words(unit, self.language)

    def amount(self, value: float, sd: float | None, unit: str) -> str:
        """Return ``value ± σ unit``, rounded as the tables do; without σ the value alone."""
        name = self.unit(unit)
        tail = f"{SPACE}{name}" if name else ""
        if sd is None or not math.isfinite(sd) or sd == 0:
            return self.number(value) + tail
        return format_estimate(value, sd, language=self.language).replace(" ", SPACE) + tail

    def estimate(self, estimate: Estimate) -> str:
        """Return an estimate for a sentence."""
        return self.amount(estimate.value, estimate.sd, estimate.unit)

    def total(self, total: Total) -> str:
        """Return a sum for a sentence; with unknown parts, as an interval or a lower limit."""
        _ = self.tr
        if total.complete:
            return self.estimate(total.estimate)
        unit = self.unit(total.unit)
        if math.isfinite(total.lower) and math.isfinite(total.upper):
            span = total.upper - total.lower  # rounded like the intervals of tables
            low, high = (
                self.number(end, significant_decimals(end, span))
                for end in (total.lower, total.upper)
            )
            return _("between {low} and {high}", low=low, high=f"{high}{SPACE}{unit}")
        if total.estimate is None or not total.floor:
            return _("an unknown amount")
        value = self.number(total.estimate.value, None, total.estimate.sd)
        return _("at least {value}", value=f"{value}{SPACE}{unit}")

    def rounded(self, item: Item, *, unit: bool = True) -> str:
        """Return a quantity for a sentence that names several: rounded as σ allows, no σ."""
        value = self.number(item.amount, None, item.amount_sd)
        name = self.unit(self.facts.units.get(item.layer, item.unit))
        return f"{value}{SPACE}{name}" if unit else value

    def percent(self, share: float) -> str:
        """Return a share as a percentage with two significant digits."""
        return f"{format_value(100 * share, language=self.language, digits=2)}{SPACE}%"

    def p_value(self, p: float) -> str:
        """Return what follows “p”: “= 0.042”, or “< 0.001” for what is less."""
        return format_p(p, self.language)

    # ----------------------------------------------------------------------------------- cells

    def value_cell(self, item: Item, *, common: bool = False) -> Num:
        """Return a quantity's value, in its own unit or in the common one of its layer."""
        _ = self.tr
        value, sd = (item.amount, item.amount_sd) if common else (item.value, item.sd)
        exact = given_decimals(value, 6) if sd == 0 and math.isfinite(value) else None
        return Num(value, sd, exact, missing=_("unknown"))

    @staticmethod
    def reported_cell(datum: Datum) -> Num:
        """Return an observation's value with all the digits it was reported with."""
        return Num(datum.value, decimals=given_decimals(datum.value))

    def range_cell(self, item: Item, *, common: bool = False) -> Range:
        """Return a quantity's 95 % interval; for unknown ones, what is possible."""
        if common:
            ends, sd = (item.amount_lower, item.amount_upper), item.amount_sd
        else:
            ends, sd = (item.lower, item.upper), item.sd
        return Range(*ends, sd if math.isfinite(sd) else None)

    def total_cell(self, total: Total) -> Num:
        """Return a sum; with unknown parts, the known rest where it is a lower limit."""
        _ = self.tr
        if total.estimate is None or not (total.complete or total.floor):
            missing = _("unknown") if total.weights else "–"
            return Num(math.nan, missing=missing)
        prefix = "" if total.complete else "≥ "
        return Num(total.estimate.value, total.estimate.sd, prefix=prefix)

    def sd_cell(self, total: Total) -> Num:
        """Return 1 σ of a sum, of its known rest where parts are unknown."""
        shown = total.estimate is not None and (total.complete or total.floor)
        sd = total.estimate.sd if shown else math.nan
        return Num(sd, sd or None)

    def status(self, status: str) -> Badge:
        """Return a status as a badge."""
        return Badge(f"status-{status}", label("status", status, self.language))

    # ----------------------------------------------------------------------------------- names

    def name(self, identifier: str) -> str:
        """Return the name of a flow, stock, stock change or parameter (else the id itself)."""
        _, system = self.tr, self.facts.system
        for table in (system.flows, system.parameters, system.stocks):
            if identifier in table:
                return table[identifier].name(self.language)
        base = identifier.removesuffix(".change")
        if base != identifier and base in system.stocks:
            return _("{stock}: change", stock=system.stocks[base].name(self.language))
        return identifier

    def ref(self, identifier: str) -> str | Ref:
        """Return the name of a quantity as a link to its row in the annex."""
        if self.facts.item(identifier) is None:
            return self.name(identifier)
        return Ref(self.name(identifier), f"#{quantity_anchor(identifier)}")

    def refs(self, identifiers: Sequence[str]) -> tuple[str | Ref, ...]:
        """Return links to several quantities."""
        return self.listed([self.ref(identifier) for identifier in identifiers])

    def process(self, identifier: str) -> str:
        """Return the name of a process; the outside ends by their common names."""
        process = self.facts.system.processes[identifier]
        if not (process.name_en or process.name_vi) and process.boundary != "inside":
            return label("boundary", process.boundary, self.language)
        return process.name(self.language)

    def sector(self, key: str) -> str:
        """Return the name of a sector."""
        _ = self.tr
        return label("sector", key, self.language) if key else _("No sector")

    def material(self, identifier: str) -> str:
        """Return the name of a material, "" for none."""
        materials = self.facts.system.materials
        return materials[identifier].name(self.language) if identifier in materials else identifier

    def layer(self, identifier: str) -> str:
        """Return the name of a layer."""
        layer = self.facts.system.layers[identifier]
        if layer.name_en or layer.name_vi:
            return layer.name(self.language)
        return label("layer", identifier, self.language)

    def path(self, item: Item) -> str:
        """Return ``from → to``."""
        return f"{self.process(item.source)} → {self.process(item.target)}"

    def formula(self, text: str, *, names: bool) -> Rich:
        """Return a formula whose quantities are links, by their `names` or as the ids they are."""
        parts: list[str | Ref] = []
        end = 0
        for found in _NAME.finditer(text):
            identifier = found["name"]
            if self.facts.item(identifier) is None:
                continue
            shown = self.name(identifier) if names else found[0]
            parts += [text[end : found.start()]] if found.start() > end else []
            parts.append(Ref(shown, f"#{quantity_anchor(identifier)}"))
            end = found.end()
        return (*parts, *([text[end:]] if end < len(text) else []))

    def observed(self, datum: Datum) -> Rich:
        """Return what an observation is about: the name of a quantity, or a formula of names."""
        if datum.quantities == (datum.quantity,):
            return (self.ref(datum.quantity),)
        return self.formula(datum.quantity, names=True)

    def source(self, datum: Datum) -> str | Ref:
        """Return where an observation comes from, as a link to the list of sources."""
        _ = self.tr
        if datum.assumed:
            return Ref(_("assumption"), f"#{datum_anchor(datum.id, assumed=True)}")
        if datum.source in self.facts.system.sources:
            return Ref(datum.source, f"#{source_anchor(datum.source)}")
        return datum.source


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def slug(identifier: str) -> str:
    """Return an id without characters that an anchor or a selector cannot hold, still unique.

    Examples
    --------
    >>> slug("Ngành gỗ")
    'Ngành.20.gỗ'
    """
    return "".join(c if c.isalnum() or c in "_-" else f".{ord(c):x}." for c in identifier)


def quantity_anchor(identifier: str) -> str:
    """Return the anchor of a quantity's row in the annex.

    Examples
    --------
    >>> quantity_anchor("silo.change")
    'q-silo.2e.change'
    """
    return f"q-{slug(identifier)}"


def datum_anchor(identifier: str, *, assumed: bool = False) -> str:
    """Return the anchor of an observation, or of its reasoning in the list of assumptions."""
    return f"{'a' if assumed else 'o'}-{slug(identifier)}"


def source_anchor(identifier: str) -> str:
    """Return the anchor of a source in the references."""
    return f"s-{slug(identifier)}"
