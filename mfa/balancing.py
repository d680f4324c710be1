"""From a system to its account: equations, reconciliation, refusal of what cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa.account import Account
from mfa.balance.assemble import assemble
from mfa.balance.equations import Equations
from mfa.balance.reconcile import reconcile
from mfa.model.system import System

if TYPE_CHECKING:
    from mfa.balance.division import Division
    from mfa.cluster import Where


def balance(
    system: System, *, robust: str | None = None, client: Where = None, **unknown: Any
) -> Account:
    """Reconcile `system` and return its account; options as in `System.balance`.

    Raises
    ------
    InputError, InfeasibleError, ConvergenceError, ClusterError
        See `System.balance`.
    """
    from mfa.balance.robust import refuse_unknown_options

    refuse_unknown_options(robust, unknown)
    equations = assemble(system)
    if client is None:
        return _balanced(system, equations, robust, None)
    from mfa.balance.division import divide
    from mfa.cluster import Crew, connected

    with connected(client) as found:
        return _balanced(system, equations, robust, divide(equations, Crew(found)))


def _balanced(
    system: System, equations: Equations, robust: str | None, division: Division | None
) -> Account:
    from mfa.balance.infeasible import refuse_if_impossible, without_value

    try:
        solution = reconcile(equations, robust=robust is not None, division=division)
    except ArithmeticError:
        raise without_value(system, equations) from None
    refuse_if_impossible(system, equations, solution)
    return Account(system, equations, solution, division)
