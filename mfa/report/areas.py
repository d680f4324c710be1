"""Areas for which data are published, in the reader's language.

The column ``scope`` of an input holds one text, mostly in English. Those that are known are
translated; any other stands as it is.
"""

from __future__ import annotations

from mfa.locale import N_, translator

AREAS = (
    N_("global"),
    N_("global (EU average)"),
    N_("Asia"),
    N_("Europe"),
    N_("Indonesia"),
    N_("Indonesia (6 houses)"),
    N_("Viet Nam"),
    N_("national"),
    N_("national (Viet Nam)"),
    N_("national (Viet Nam, one plant)"),
    N_("national (48 plants)"),
    N_("national (Northern Viet Nam)"),
    N_("national (Central Viet Nam)"),
    N_("national (Central and Southern Viet Nam)"),
    N_("national (Red River Delta)"),
    N_("national (Mekong Delta)"),
    N_("national (Hanoi)"),
    N_("national (Hanoi province survey)"),
    N_("national (Hai Phong)"),
    N_("national (Phu Tho)"),
    N_("Hanoi (proxy)"),
    N_("Hue"),
    N_("Thua Thien Hue province"),
    N_("Hue City (since 2025, the former province)"),
    N_("Hue city (old boundary, before 2021)"),
    N_("Hue city (2021–2024, 265.99 km²)"),
    N_("Hue city (until 2024)"),
    N_("Hue city (62 households)"),
    N_("Phu Son waste-to-energy plant, Hue"),
    N_("An Dong WWTP, Hue city south bank"),
    N_("Tam Giang lagoon, Hue"),
    N_("Phong Dien district, Hue"),
    N_("Phu Bai brewery, Hue"),
    N_("Chan May port, Hue"),
    N_("Luks (Kim Dinh) plant, Hue"),
    N_("Dong Lam plant, Hue"),
    N_("Long Tho plant, Hue"),
)
_KNOWN = frozenset(AREAS)


def area(scope: str, language: str) -> str:
    """Return the name of an area in `language` (``"en"`` or ``"vi"``).

    Examples
    --------
    >>> area("national (Viet Nam)", "vi"), area("Da Nang", "vi")
    ('cả nước (Việt Nam)', 'Da Nang')
    """
    return translator(language)(scope) if scope in _KNOWN else scope
