"""What scenarios are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.errors import InputError, Word
from mfa.locale import translator
from mfa.model.intervention import REFERENCE, RESERVED
from mfa.model.names import unknown

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.system import System


def chosen_scenario(system: System, word: str) -> str:
    """Return the id of the scenario that `word` names, ``"reference"`` for the case as it is.

    Raises
    ------
    InputError
        There is no such scenario.
    """
    folded = {name.casefold(): name for name in system.scenarios}
    if word.casefold() in (x for x in RESERVED if x != "all"):
        return REFERENCE
    if word.casefold() in folded:
        return folded[word.casefold()]
    known = [REFERENCE, *system.scenarios]
    raise InputError([unknown("unknown-scenario", Word("scenario"), word, known, None)])


def scenario_name(account: Account, language: str) -> str:
    """Return the name of the scenario of an account; “As it is” for the reference."""
    applied = account.system.applied
    return applied.scenario.name(language) if applied else translator(language)("As it is")
