"""The closed lists of the field: sectors, stages, statuses… with their names for people."""

from __future__ import annotations

from mfa.locale import N_, translator

SECTORS = {
    "agriculture": N_("Agriculture and food"),
    "livestock": N_("Livestock"),
    "fisheries": N_("Fisheries and aquaculture"),
    "forestry": N_("Forestry and wood"),
    "construction": N_("Quarrying, cement and construction"),
    "textiles": N_("Textiles"),
    "beverages": N_("Beverages"),
    "industry": N_("Other industry"),
    "trade_services": N_("Trade, services and tourism"),
    "households": N_("Households"),
    "energy": N_("Energy"),
    "water": N_("Water and wastewater"),
    "waste": N_("Solid waste"),
}
STAGES = {
    "origin": N_("Origin"),
    "conversion": N_("Conversion"),
    "need": N_("Societal need"),
    "stock": N_("Net addition to stock"),
    "release": N_("Release"),
    "destination": N_("Destination"),
}
BOUNDARIES = {
    "inside": N_("Inside the boundary"),
    "import": N_("Imports"),
    "export": N_("Exports"),
    "environment": N_("Environment"),
}
STATUSES = {
    "reconciled": N_("reconciled"),
    "measured": N_("measured"),
    "determined": N_("determined"),
    "free": N_("unknown"),
    "fixed": N_("fixed"),
}
KINDS = {
    "flow": N_("flow"),
    "stock": N_("stock"),
    "stock_change": N_("stock change"),
    "parameter": N_("parameter"),
}
ROLES = {
    "domestic_extraction": N_("domestic extraction"),
    "recycling": N_("recycling"),
    "composting": N_("composting"),
    "reuse": N_("reuse"),
    "feed": N_("feed"),
    "energy_recovery": N_("energy recovery"),
    "landfill": N_("landfill"),
    "burning": N_("open burning"),
    "dumping": N_("dumping"),
}
LAYERS = {"goods": N_("Goods")}
SOURCE_TYPES = {
    "statistics": N_("official statistics"),
    "press": N_("press"),
    "norm": N_("norm or standard"),
    "science": N_("scientific publication"),
    "company": N_("company data"),
    "model": N_("model"),
    "assumption": N_("assumption"),
}

LISTS = {
    "sector": SECTORS,
    "stage": STAGES,
    "boundary": BOUNDARIES,
    "status": STATUSES,
    "kind": KINDS,
    "role": ROLES,
    "layer": LAYERS,
    "source_type": SOURCE_TYPES,
}


def label(kind: str, key: str, language: str) -> str:
    """Return the name of `key` of the list `kind`; an unlisted key (a user's own) is its own name.

    Examples
    --------
    >>> label("sector", "forestry", "en"), label("sector", "pottery", "vi")
    ('Forestry and wood', 'pottery')
    """
    message = LISTS[kind].get(key)
    return translator(language)(message) if message else key
