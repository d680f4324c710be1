"""Equations of an account as sentences: “what enters the mill (…) equals what leaves it (…)”."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mfa.balance.classify import FREE
from mfa.balance.derivation import is_known
from mfa.balance.equations import BALANCE, CARRY, DEFINITION, PARENT, RELATION, TRANSFER
from mfa.balance.quantities import CHANGE, FLOW
from mfa.balance.words import Words
from mfa.locale.numbers import format_number, format_value, significant_decimals
from mfa.model.relation import Name, parse_relation
from mfa.units import parse_unit
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.account import Account

MOST_ITEMS = 8  # quantities named in one sentence; the rest are summed up
EQUATION_DIGITS = 4  # of the largest number of a balance, so that a reader sees that it closes
_SENSES = {"=": "=", ">=": "≥", "<=": "≤"}


class Sentences(Words):
    """Sentences about the equations of one account in one language."""

    def __init__(self, account: Account, language: str) -> None:
        super().__init__(account, language)
        self.e, self.known = account.equations, is_known(account)
        self.observed = np.isin(np.arange(self.q.count), self.e.observations.index)

    def rows_of(self, index: int) -> list[int]:
        """Return the rows in which a quantity takes part, also through a hidden sum."""
        rows: dict[int, None] = {}
        queue, seen = [index], {index}
        while queue:
            for row in self._direct_rows(queue.pop(0)):
                hidden = int(self.e.row_ref[row])
                if self.e.row_kind[row] == DEFINITION and not self.observed[hidden]:
                    if hidden not in seen:
                        seen.add(hidden)
                        queue.append(hidden)
                else:
                    rows[row] = None
        return list(rows)

    def _direct_rows(self, index: int) -> list[int]:
        A = self.e.A
        entries = np.flatnonzero(A.indices == index)
        rows = set((np.searchsorted(A.indptr, entries, side="right") - 1).tolist())
        for block in self.e.blocks:
            rows |= set(block.rows[(block.quantities == index).any(axis=1)].tolist())
        return sorted(rows)

    def columns_of(self, row: int) -> list[int]:
        """Return the quantities of a row; those of a hidden sum in its place."""
        columns: dict[int, None] = {}
        for index in self._direct_columns(row):
            hidden = index >= self.q.visible and not self.observed[index]
            own = self.e.row_kind[row] == DEFINITION and self.e.row_ref[row] == index
            if not hidden:
                columns[index] = None
            elif not own:
                columns |= dict.fromkeys(self._summed(index))
        return list(columns)

    def _direct_columns(self, row: int) -> list[int]:
        A = self.e.A
        columns = dict.fromkeys(A.indices[A.indptr[row] : A.indptr[row + 1]].tolist())
        for block in self.e.blocks:
            columns |= dict.fromkeys(block.quantities[block.rows == row].ravel().tolist())
        return list(columns)

    def _summed(self, hidden: int) -> list[int]:
        """Return what a hidden sum adds up; nothing for a slack."""
        found = np.flatnonzero((self.e.row_kind == DEFINITION) & (self.e.row_ref == hidden))
        return self.columns_of(int(found[0])) if len(found) else []

    def counts(self, row: int) -> tuple[int, int]:
        """Return how many quantities of a row are reported or constant, and how many are not."""
        known = self.known[self.columns_of(row)]
        return int(known.sum()), int((~known).sum())

    def equation(self, row: int) -> str:
        """Return an equation as a sentence, with the number of knowns and unknowns."""
        kind, ref = int(self.e.row_kind[row]), int(self.e.row_ref[row])
        known, unknown = self.counts(row)
        _ = self._
        if kind == BALANCE:
            unit = self.system.layer_unit(list(self.system.layers)[self.e.balances[ref][1]])
            tail = _(
                "In {unit}; reported (known): {known}, not reported (unknown): {unknown}.",
                unit=self.unit(unit),
                known=known,
                unknown=unknown,
            )
            return f"{self._balance(row, ref, unit)} {tail}"
        sentence = {
            RELATION: self._relation,
            TRANSFER: self._transfer,
            CARRY: self._carry,
            PARENT: self._parent,
            DEFINITION: self._reported,
        }[kind](row, ref)
        tail = _(
            "Reported (known): {known}, not reported (unknown): {unknown}.",
            known=known,
            unknown=unknown,
        )
        return f"{sentence} {tail}"

    def _balance(self, row: int, ref: int, unit: str) -> str:
        number, layer, period, region = self.e.balances[ref].tolist()
        identifier, layers = list(self.system.processes)[number], list(self.system.layers)
        factor = self.q.internal.factor(parse_unit(unit))
        A = self.e.A
        entries = range(A.indptr[row], A.indptr[row + 1])
        columns, signs = A.indices, A.data
        stays = [int(columns[k]) for k in entries if self.q.kinds[columns[k]] == CHANGE]
        enters = [int(columns[k]) for k in entries if signs[k] > 0]
        leaves = [int(columns[k]) for k in entries if signs[k] < 0 and columns[k] not in stays]
        free = self.account.classification.status == FREE
        sizes = [abs(float(self.x[j])) / factor for j in enters + leaves + stays if not free[j]]
        decimals = significant_decimals(max(sizes, default=0.0), digits=EQUATION_DIGITS)
        parts = {
            "process": self.process(identifier),
            "inputs": self._items(enters, factor, identifier, decimals),
            "outputs": self._items(leaves, factor, identifier, decimals),
            "stays": self._items(stays, factor, identifier, decimals),
        }
        labels = [self.system.periods[period], self.system.regions[region]]
        if layers[layer] != "goods":
            labels.append(self.system.layers[layers[layer]].name(self.language))
        lead = ", ".join(text for text in labels if text)
        sentence = self._sentence(bool(enters), bool(leaves), bool(stays), parts)
        return f"{lead}: {sentence}" if lead else sentence

    def _sentence(self, enters: bool, leaves: bool, stays: bool, parts: dict[str, str]) -> str:
        _ = self._
        if enters and leaves and stays:
            return _(
                "What enters “{process}” ({inputs}) equals what leaves it ({outputs}) plus "
                "what stays ({stays}).",
                **parts,
            )
        if enters and leaves:
            return _(
                "What enters “{process}” ({inputs}) equals what leaves it ({outputs}).", **parts
            )
        if enters and stays:
            return _("What enters “{process}” ({inputs}) stays there ({stays}).", **parts)
        if leaves and stays:
            return _(
                "What leaves “{process}” ({outputs}) is taken from its stock ({stays}).", **parts
            )
        if enters:
            return _("Nothing leaves “{process}”, hence nothing can enter it ({inputs}).", **parts)
        return _("Nothing enters “{process}”, hence nothing can leave it ({outputs}).", **parts)

    def _items(self, columns: list[int], factor: float, process: str, decimals: int) -> str:
        """Return “name value; …”, the largest first, the smallest summed up, the unknown last."""
        free = self.account.classification.status == FREE
        order = sorted(columns, key=lambda j: (free[j], 0 if free[j] else -abs(self.x[j]), j))
        shown, rest = order[:MOST_ITEMS], order[MOST_ITEMS:]
        if len(rest) == 1:
            shown, rest = order, []
        parts = [
            f"{self.flow(self.q.ids[j], process) if self.q.kinds[j] == FLOW else self.name(j)} "
            + (self.number(j) if free[j] else self._shown(float(self.x[j]) / factor, decimals))
            for j in shown
        ]
        if rest:
            total = (
                label("status", "free", self.language)
                if free[rest].any()
                else self._shown(float(self.x[rest].sum()) / factor, decimals)
            )
            parts.append(self._("{n} more, together {value}", n=len(rest), value=total))
        return "; ".join(parts)

    def _shown(self, value: float, decimals: int) -> str:
        """Return a value with the decimals of its equation, two digits where it is small."""
        value = self._clean(value, 0.0)
        own = significant_decimals(value, digits=2) if value else decimals
        return format_number(value, max(decimals, own), self.language)

    # --------------------------------------------------------------------------- other rows

    def _relation(self, row: int, ref: int) -> str:
        record = self.system.relations.row(ref)
        statement = parse_relation(record.formula)
        period, region = self._cell(row)
        left, right = (
            self._formula(side, period, region) for side in (statement.left, statement.right)
        )
        first, second = (
            (record.name_vi, record.name_en)
            if self.language == "vi"
            else (record.name_en, record.name_vi)
        )
        title = first or second or self._("Relation {id}", id=record.id)
        return f"{title}: {left} {_SENSES[statement.sense]} {right}."

    def _cell(self, row: int) -> tuple[int, int]:
        """Return the period and region for which a row holds."""
        columns = np.array([j for j in self.columns_of(row) if j < self.q.visible], dtype=int)
        period = self.q.periods[columns].max(initial=0)
        region = self.q.regions[columns].max(initial=0)
        return max(int(period), 0), max(int(region), 0)

    def _transfer(self, row: int, ref: int) -> str:
        record = self.system.transfers.row(ref)
        period, region = self._cell(row)
        flow, share = (
            self._at(Name(name), period, region) for name in (record.flow, record.parameter)
        )
        source = self.system.flows[record.flow].source
        return self._(
            "“{flow}” ({value}) is the share “{parameter}” ({share}) of all that enters "
            "“{process}”.",
            flow=self.name(flow),
            value=self.amount(flow),
            parameter=self.name(share),
            share=self.amount(share),
            process=self.process(source),
        )

    def _carry(self, row: int, ref: int) -> str:
        A = self.e.A
        columns = A.indices[A.indptr[row] : A.indptr[row + 1]].tolist()
        change = next(j for j in columns if self.q.kinds[j] == CHANGE)
        before = next(j for j in columns if j not in (ref, change))
        return self._(
            "“{stock}” ({value}) is what it was before ({before}) plus what was added ({change}).",
            stock=self.name(ref),
            value=self.amount(ref),
            before=self.amount(before),
            change=self.amount(change),
        )

    def _parent(self, row: int, ref: int) -> str:
        parts = [j for j in self.columns_of(row) if j != ref]
        return self._(
            "“{quantity}” ({value}) is the sum of its parts: {parts}.",
            quantity=self.name(ref),
            value=self.amount(ref),
            parts="; ".join(f"{self.name(j)} {self.number(j)}" for j in parts),
        )

    def _reported(self, row: int, ref: int) -> str:
        """Return the sentence on an observation of a sum, or of ``value × factor``."""
        record = self.system.observations[self.q.aux_ids[ref - self.q.visible]]
        if record.factor:
            given = format_value(record.value, record.sd, language=self.language)
            return self._(
                "{quantity} was reported as {rate} × {factor}.",
                quantity=self.formula(record.quantity, record.period, record.region),
                rate=self._with_unit(ref, given),
                factor=self.formula(record.factor, record.period, record.region),
            )
        return self._(
            "The sum {quantity} was reported; it is {value}.",
            quantity=self.formula(record.quantity, record.period, record.region),
            value=self.amount(ref),
        )
