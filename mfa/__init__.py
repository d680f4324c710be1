"""mfa: material-flow accounts for a city, reconciled, drawn and reported.

The names below are loaded when first used, so that ``import mfa`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "System": "mfa.model.system",
    "Account": "mfa.account",
    "Estimate": "mfa.account",
    "View": "mfa.model.view",
    "ViewGroup": "mfa.model.view",
    "Case": "mfa.case",
    "open_case": "mfa.case",
    "report_cases": "mfa.cases",
    "CaseReport": "mfa.cases",
    "compare": "mfa.comparison",
    "Comparison": "mfa.comparison",
    "read_account_table": "mfa.formats.account_read",
    "MFAError": "mfa.errors",
    "InputError": "mfa.errors",
    "UnitError": "mfa.errors",
    "InfeasibleError": "mfa.errors",
    "ConvergenceError": "mfa.errors",
    "ClusterError": "mfa.errors",
    "Problem": "mfa.errors",
    "Place": "mfa.errors",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from mfa.account import Account, Estimate
    from mfa.case import Case, open_case
    from mfa.cases import CaseReport, report_cases
    from mfa.comparison import Comparison, compare
    from mfa.errors import (
        ClusterError,
        ConvergenceError,
        InfeasibleError,
        InputError,
        MFAError,
        Place,
        Problem,
        UnitError,
    )
    from mfa.formats.account_read import read_account_table
    from mfa.model.system import System
    from mfa.model.view import View, ViewGroup


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'mfa' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
