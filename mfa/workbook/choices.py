"""The lists of words a cell may hold: machine word → name for people, both ways."""

from __future__ import annotations

from functools import cache

from mfa.locale import N_, translator
from mfa.vocabulary import LISTS
from mfa.workbook.sheets_system import CASE
from mfa.workbook.text import key_of

OWN_LISTS: dict[str, dict[str, str]] = {
    "yes_no": {"yes": N_("yes"), "no": N_("no")},
    "confidence": {
        "high": N_("high"),
        "medium": N_("medium"),
        "low": N_("low"),
    },
    "action": {
        "set": N_("set to the value"),
        "multiply": N_("multiply by the value"),
        "add": N_("add the value"),
        "release": N_("release the figures"),
    },
    "colour_by": {
        "material": N_("material"),
        "mf_code": N_("material group (EW-MFA)"),
        "sector": N_("sector"),
        "status": N_("status"),
    },
    "sao_region": {
        "north": N_("North (360 m²)"),
        "central": N_("Central (500 m²)"),
        "south": N_("South (1,000 m²)"),
    },
    "decimal": {",": N_("comma: 1.234,5"), ".": N_("point: 1,234.5")},
}


@cache
def options(name: str, language: str) -> dict[str, str]:
    """Return machine word → word in `language` for the list `name`, in the order of the list.

    Raises
    ------
    KeyError
        There is no such list.

    Examples
    --------
    >>> options("yes_no", "vi")
    {'yes': 'có', 'no': 'không'}
    """
    if name == "case_key":
        return {setting.name: setting.title(language) for setting in CASE.keys}
    words = OWN_LISTS.get(name) or LISTS[name]
    _ = translator(language)
    return {key: _(message) for key, message in words.items()}


@cache
def _lookup(name: str) -> dict[str, str]:
    found = {}
    for language in ("vi", "en"):
        found |= {key_of(label): key for key, label in options(name, language).items()}
    return found | {key_of(key): key for key in options(name, "en")}


def canonical(name: str, text: str) -> str:
    """Return the machine word of the list `name` for `text`, or `text` when it is not listed.

    Either language is understood; case, spaces and doubled accents do not matter.

    Examples
    --------
    >>> canonical("yes_no", "Không"), canonical("sector", "Lâm nghiệp và gỗ")
    ('no', 'forestry')
    >>> canonical("sector", "pottery")
    'pottery'
    """
    return _lookup(name).get(key_of(text), text)
