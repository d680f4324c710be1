"""What the tests say of the data, as lines on the screen and as numbers for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.account import Account

LISTED = 8
SIGNIFICANCE = 0.05


def verdict_lines(account: Account, language: str) -> list[str]:
    """Return what is suspect, what could stand for it, what would settle it, what is unchecked."""
    _ = translator(language)
    test, found = account.test, verdict(account)
    lines = []
    if test.suspects:
        lines.append(_("All other data speak against: {names}", names=_listed(test.suspects, _)))
    for group in found["alike"]:
        names = _listed(group, _)
        lines.append(
            _("These cannot be told apart, any of them may be wrong: {names}", names=names)
        )
    if found["restoring"]:
        names = _listed(found["restoring"], _)
        lines.append(_("The data would agree without any single one of: {names}", names=names))
    for processes in found["nodes"]:
        names = [account.system.processes[p].name(language) for p in processes]
        lines.append(_("The data alone do not add up at: {names}", names=_listed(names, _)))
    if held := held_at_limits(account):
        lines.append(
            _(
                "Held at their limits, beyond which the figures would push them: {names}",
                names=_listed(held, _),
            )
        )
    if test.untestable:
        lines.append(
            _(
                "{n} of {all} observations cannot be tested: no other datum checks them.",
                n=len(test.untestable),
                all=len(account.observations),
            )
        )
    return lines


def verdict(account: Account) -> dict[str, Any]:
    """Return the findings of `Account.test` for programs.

    Keys: ``suspects``, ``untestable``, ``restoring`` (ids); ``alike`` (lists of ids that cannot be
    told apart from a suspect), ``nodes`` (lists of processes where the data alone do not add up).
    The last three are empty while the data agree.
    """
    test = account.test
    out: dict[str, Any] = {"suspects": list(test.suspects), "untestable": list(test.untestable)}
    out |= {"alike": [], "restoring": [], "nodes": []}
    if not test.suspects and not test.p_value < SIGNIFICANCE:
        return out
    suspects = set(test.suspects)
    out["alike"] = [group for group in test.groups if suspects & set(group)]
    out["restoring"] = test.restoring["id"].tolist()
    out["nodes"] = test.nodal.loc[test.nodal["suspect"], "processes"].tolist()
    return out


def held_at_limits(account: Account) -> list[str]:
    """Return the quantities that a limit holds back, as a formula names them."""
    from mfa.balance.target import quantity_label

    solution, visible = account.solution, account.equations.quantities.visible
    held = solution.unfixed[solution.active != 0]
    return [quantity_label(account, int(j)) for j in held if j < visible]


def _listed(names: list[str], _: Any) -> str:
    shown = ", ".join(names[:LISTED])
    more = len(names) - LISTED
    return shown if more <= 0 else _("{names} and {n} more", names=shown, n=more)
