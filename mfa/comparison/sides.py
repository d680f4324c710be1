"""Which account and period stand on either side of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa.comparison.shared import share_data
from mfa.errors import InputError, Problem
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.account import Account


@dataclass(frozen=True)
class Side:
    """One period of an account."""

    account: Account
    period: str
    reference: bool = False
    """Whether it is the case as it is, beside one of its scenarios."""

    def title(self, language: str) -> str:
        """Return the title of the system, with the period unless the title names it."""
        title = self.account.system.title(language)
        if self.reference:
            title = " – ".join(x for x in (title, translator(language)("as it is")) if x)
        return title if self.period in title else " ".join(x for x in (title, self.period) if x)


def choose_sides(
    a: Account, b: Account | None, periods: tuple[str, str] | None
) -> tuple[Side, Side]:
    """Return both sides; see `mfa.comparison.compare` for defaults and errors."""
    other = a if b is None else b
    labels = periods or _default_periods(a, other)
    for account, label in zip((a, other), labels, strict=True):
        if label not in account.system.periods:
            raise _unknown_period(label, account)
    if a is other and labels[0] == labels[1]:
        raise _same(labels[0])
    scenarios = share_data(a, other)
    first, second = (
        Side(account, label, scenarios and not account.scenario)
        for account, label in zip((a, other), labels, strict=True)
    )
    return first, second


def region_pairs(a: Side, b: Side) -> list[tuple[str, str]]:
    """Return which regions to compare: those with the same name, else the first of each."""
    ours, theirs = a.account.system.regions, b.account.system.regions
    common = [(region, region) for region in ours if region in theirs]
    return common or [(ours[0], theirs[0])]


def _default_periods(a: Account, b: Account) -> tuple[str, str]:
    ours, theirs = a.system.periods, b.system.periods
    if a is b:
        return ours[0], ours[-1]
    common = [label for label in ours if label in theirs]
    return (common[-1], common[-1]) if common else (ours[-1], theirs[-1])


def _unknown_period(label: str, account: Account) -> InputError:
    known = ", ".join(period for period in account.system.periods if period)
    return InputError(
        [
            Problem(
                "unknown-period-compare",
                "“{title}” has no period “{period}”. It has: {known}.",
                {"title": account.system.title("en"), "period": label, "known": known or "–"},
            )
        ]
    )


def _same(label: str) -> InputError:
    return InputError(
        [
            Problem(
                "compare-with-itself",
                "Both sides are the same period “{period}” of the same case: there is nothing to "
                "compare. Name another case, or two periods.",
                {"period": label},
            )
        ]
    )
