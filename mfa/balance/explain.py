"""Where a value comes from, in words: figures, relations, formula, shares of its variance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.balance.classify import DETERMINED, FIXED, FREE, MEASURED, RECONCILED
from mfa.balance.contribution import share_table
from mfa.balance.derivation import derive
from mfa.balance.explanation import Explanation, Section
from mfa.balance.free_groups import settling_group
from mfa.balance.sentences import Sentences
from mfa.balance.target import Key, find_target, quantity_label
from mfa.errors import InputError, Problem
from mfa.locale import N_
from mfa.locale.numbers import format_estimate, format_number, format_value

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.balance.solve_symbolic import Formula

MOST_SHARES = 8
LEAST_SHARE = 0.005
TELLING = 1e-2  # weight of all others, in that of a quantity's own figures, worth telling
NOTHING = 5e-4  # a share that would be written 0.0 %
MOST_EQUATIONS = 12
MOST_NAMES = 12
UNMOVED = 0.005  # σ
STATUS = {
    RECONCILED: N_(
        "Reported, and checked by other figures: the value is the compromise that suits all "
        "uncertainties best."
    ),
    MEASURED: N_("Reported, and checked by nothing else: the figure stands as it was given."),
    DETERMINED: N_("Not reported: it follows from other figures through the relations."),
    FREE: N_("Not reported, and the relations leave more than one value possible."),
    FIXED: N_("A constant, given without uncertainty."),
}
HELD = N_(
    "Reported, and checked by no other figure; but it does not fit within the limits of other "
    "quantities and was moved until it does."
)


def explain(account: Account, quantity: Key, language: str = "vi") -> Explanation:
    """Explain one quantity of an account.

    Parameters
    ----------
    quantity
        ``"husk"``, or with labels ``("husk", "2023")`` or ``"husk[2023]"``.
    language
        ``"vi"`` or ``"en"``.

    Raises
    ------
    InputError
        There is no such quantity, it has several values, or it is a formula.
    ValueError
        There are no words in that language.
    """
    target = find_target(account, quantity)
    if target.index is None:
        raise InputError(
            [
                Problem(
                    "explain-formula",
                    "“{formula}” is a formula; only a single quantity can be explained.",
                    {"formula": target.text},
                )
            ]
        )
    writer = _Writer(account, language, target.index)
    return Explanation(
        quantity_label(account, target.index),
        language,
        writer.title(),
        tuple(writer.sections()),
        writer.formula_text(),
        writer.shares,
    )


class _Writer:
    """Writes the sections of one explanation."""

    def __init__(self, account: Account, language: str, index: int) -> None:
        self.account, self.index, self.language = account, index, language
        self.words = Sentences(account, language)
        self._ = self.words._
        self.status = int(account.classification.status[index])
        self.label = quantity_label(account, index)
        q = account.equations.quantities
        self.factor, self.unit = float(q.factor[index]), self.words.unit(q.unit[index])
        self.shares = share_table(account, self._key())
        self.formula = self._solved()

    def _key(self) -> Key:
        q = self.account.equations.quantities
        inner = self.label.removeprefix(q.ids[self.index])
        return (q.ids[self.index], *(t for t in inner.strip("[]").split(", ") if t))

    def title(self) -> str:
        """Return the name, with the id where it differs."""
        name = self.words.name(self.index)
        return name if name == self.label else f"{name} ({self.label})"

    def sections(self) -> Iterator[Section]:
        """Yield the sections that have something to say."""
        _ = self._
        yield Section("", (self._headline(), _(self._standing())))
        parts = (
            (_("Formula"), self._formula_lines(), True),
            (_("What its terms are"), self._terms(), False),
            (_("Figures reported for it"), self._figures(), False),
            (_("Relations it takes part in"), self._equations(), False),
            (_("What its uncertainty comes from"), self._share_lines(), False),
            (_("What would settle it"), self._settling(), False),
        )
        for title, lines, code in parts:
            if lines:
                yield Section(title, tuple(lines), code)

    # -------------------------------------------------------------------------------- value

    def _standing(self) -> str:
        """Return what the status means; an unchecked figure may still be moved by a limit."""
        rows = self.account._observed_rows.get(self.index, [])
        shifts = self.account.observations["adjustment"].iloc[rows].abs()
        limited = self.account.solution.active.any() and bool((shifts >= UNMOVED).any())
        return HELD if self.status == MEASURED and limited else STATUS[self.status]

    def _headline(self) -> str:
        _, x, sd = self._, self.account.solution.x[self.index], self.account._sd[self.index]
        name = self.words.name(self.index)
        if self.status == FREE:
            return self._range(name)
        value, sd = float(x) / self.factor, float(sd) / self.factor
        if not sd > 0:
            return self._end(_("“{name}” is {value}", name=name, value=self._number(value)))
        row = self.account.table.iloc[self.index]
        estimate = self._estimate(value, sd)
        return _(
            "“{name}” is {value} (1 σ); with 95 % probability between {lower} and {upper}.",
            name=name,
            value=estimate,
            lower=format_value(float(row["lower"]), sd, language=self.language),
            upper=format_value(float(row["upper"]), sd, language=self.language),
        )

    def _range(self, name: str) -> str:
        _, account = self._, self.account
        low, high = (account._feasible.ranges(np.array([self.index]))[0] / self.factor).tolist()
        texts = {"name": name, "lower": self._number(low), "upper": self._number(high)}
        if np.isfinite(low) and np.isfinite(high):
            return _("“{name}” is unknown; the data leave {lower} to {upper}.", **texts)
        if np.isfinite(low):
            return _("“{name}” is unknown: at least {lower}, with no upper limit.", **texts)
        if np.isfinite(high):
            return _("“{name}” is unknown: at most {upper}, with no lower limit.", **texts)
        return _("“{name}” is unknown; nothing limits it.", **texts)

    def _number(self, value: float) -> str:
        value = 0.0 if abs(value) < 1e-9 else value
        return self._with_unit(format_value(value, language=self.language))

    def _estimate(self, value: float, sd: float) -> str:
        return self._with_unit(format_estimate(value, sd, language=self.language))

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.unit}".strip()

    @staticmethod
    def _end(text: str) -> str:
        return f"{text}."

    # ------------------------------------------------------------------------------ formula

    def _solved(self) -> Formula | None:
        if self.status != DETERMINED:
            return None
        from mfa.balance.solve_symbolic import solve_for

        blocks = derive(self.account, self.index)
        return solve_for(self.account, blocks, self.index) if blocks else None

    def formula_text(self) -> str | None:
        """Return the lines of the formula, None when there is none."""
        return "\n".join(self._formula_lines()) or None

    def _formula_lines(self) -> list[str]:
        if self.formula is None:
            return []
        from mfa.balance.formula_text import written

        lines = []
        for index, expression in ((self.index, self.formula.expression), *self.formula.where):
            names = {s.name: self._symbol(s.name) for s in expression.free_symbols}
            lines.append(f"{quantity_label(self.account, index)} = {written(expression, names)}")
        return lines

    def _symbol(self, name: str) -> str:
        return quantity_label(self.account, int(name[1:]))

    def _terms(self) -> list[str]:
        """Return name and value of each quantity in the formula that is reported."""
        if self.formula is None:
            return []
        from mfa.balance.solve_symbolic import index_of

        lines = (self.formula.expression, *(e for _, e in self.formula.where))
        inner = {index for index, _ in self.formula.where}
        used = sorted({index_of(s) for e in lines for s in e.free_symbols} - inner)
        limit = MOST_NAMES + (len(used) == MOST_NAMES + 1)
        shown = [
            f"{quantity_label(self.account, j)}: {self._meaning(j)} = {self.words.estimate(j)}"
            for j in used[:limit]
        ]
        return shown + ([self._("… and {n} more", n=len(used) - limit)] if used[limit:] else [])

    def _meaning(self, index: int) -> str:
        q = self.account.equations.quantities
        if index < q.visible:
            return self.words.name(index)
        record = self.account.system.observations[q.aux_ids[index - q.visible]]
        observed = self.words.formula(record.quantity, record.period, record.region)
        return self._("figure reported for {quantity}", quantity=observed)

    # ------------------------------------------------------------------------------ figures

    def _figures(self) -> list[str]:
        lines = [
            self._figure(row)
            for row in self.account.observations.iloc[
                self.account._observed_rows.get(self.index, [])
            ].to_dict("records")
        ]
        alone = self._without_own()
        return lines + ([alone] if alone else [])

    def _figure(self, row: dict[str, Any]) -> str:
        _, unit = self._, self.words.unit(row["unit"])
        value, sd, shift = float(row["value"]), float(row["sd"]), float(row["adjustment"])
        number = (
            format_estimate(value, sd, language=self.language)
            if sd > 0
            else format_value(value, language=self.language, digits=6)
        )
        given = f"{number} {unit}".strip()
        if row["factor"]:
            given += f" × {self.words.formula(row['factor'], row['period'], row['region'])}"
        text = f"{self._source(row['source'])}: {given}"
        if sd > 0 and abs(shift) >= UNMOVED:
            moved = _(
                "moved by {shift} σ to {value}",
                shift=format_number(shift, 2, self.language),
                value=format_value(float(row["reconciled"]), sd, language=self.language),
            )
            text += f"; {moved}"
        elif sd > 0:
            text += f"; {_('not moved')}"
        for flag, words in (
            (row["sigma_from"] == "scores", _("σ from the data-quality scores")),
            (row["sigma_from"] == "default", _("σ by default, as none is given")),
            (bool(row["suspect"]), _("further off than chance explains")),
        ):
            text += f"; {words}" if flag else ""
        return text + "."

    def _source(self, identifier: str) -> str:
        system, _ = self.account.system, self._
        if identifier == "assumption":
            return _("Assumption")
        if not identifier:
            return _("Source not stated")
        title = system.sources[identifier].title if identifier in system.sources else ""
        return f"{title} [{identifier}]" if title else identifier

    def _without_own(self) -> str | None:
        """Return what all other data say about a checked quantity."""
        solution = self.account.solution
        if self.status != RECONCILED or solution.active.any():
            return None
        W, index = solution.data.W.tocsr(), self.index
        own = W.indices[W.indptr[index] : W.indptr[index + 1]]
        weight = float(W[index, index])
        if not weight or not np.array_equal(own, [index]):
            return None
        variance = float(self.account._sd[index]) ** 2
        rest = 1 / variance - weight if variance > 0 else 0.0
        if rest <= TELLING * weight:
            return None
        other = solution.x[index] / variance - solution.data.gradient0[index]
        estimate = self._estimate(float(other / rest / self.factor), rest**-0.5 / self.factor)
        return self._("Without these, all other figures would give {value}.", value=estimate)

    # ---------------------------------------------------------------------------- relations

    def _equations(self) -> list[str]:
        rows = self.words.rows_of(self.index)
        lines = [self.words.equation(row) for row in rows[:MOST_EQUATIONS]]
        if len(rows) > MOST_EQUATIONS:
            lines.append(self._("… and {n} more", n=len(rows) - MOST_EQUATIONS))
        return lines

    # ------------------------------------------------------------------------------- shares

    def _share_lines(self) -> list[str]:
        records = self.shares.to_dict("records")
        if len(records) < 2 and self.status != DETERMINED:
            return []
        shown = [row for row in records if abs(row["share"]) >= LEAST_SHARE][:MOST_SHARES]
        rest = records[len(shown) :]
        if len(rest) == 1:
            shown, rest = records, []
        lines = [
            self._(
                "{share} from {value} for {quantity} ({source})",
                share=self._percent(row["share"]),
                value=self._reported(row),
                quantity=self._observed(row),
                source=self._source(row["source"]),
            )
            for row in shown
        ]
        remainder = sum(row["share"] for row in rest)
        if abs(remainder) >= NOTHING:
            share = self._percent(remainder)
            lines.append(self._("{share} from {n} others", share=share, n=len(rest)))
        return lines

    def _reported(self, row: dict[str, Any]) -> str:
        value, sd = float(row["value"]), float(row["sd"])
        text = format_estimate(value, sd, language=self.language)
        return f"{text} {self.words.unit(row['unit'])}".strip()

    def _observed(self, row: dict[str, Any]) -> str:
        return self.words.formula(row["quantity"], row["period"], row["region"])

    def _percent(self, share: float) -> str:
        decimals = 0 if abs(share) >= 0.0995 else 1
        return f"{format_number(100 * share, decimals, self.language)} %"

    # ----------------------------------------------------------------------------- settling

    def _settling(self) -> list[str]:
        if self.status != FREE:
            return []
        _, words = self._, self.words
        members = settling_group(self.account, self.index)
        if len(members) == 1:
            return [_("Only a figure for itself, or one more relation, would settle it.")]
        names = [words.name(j) for j in members[:MOST_NAMES]]
        if len(members) > MOST_NAMES:
            names.append(_("… and {n} more", n=len(members) - MOST_NAMES))
        return [
            _(
                "One figure for any of these would settle all of them: {names}.",
                names="; ".join(names),
            )
        ]
