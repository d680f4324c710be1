"""Names of sheets and columns in the workbooks of SankeyExcelParser, OpenSankey and MFAProblem.

Sheets and headers are matched without regard to case and accents, in French and English, as those
tools do; several generations of them are covered.
"""

from __future__ import annotations

import re
from functools import cache

from mfa.workbook.text import bare

LONGEST = 120
OLD_SHEETS = frozenset({"ter1", "other_constraints"})
"""Sheets that only the workbooks of MFAProblem (2020) have."""

SHEETS = {
    "index": r"index",
    "tags": r"e?tiquettes?|tags?",
    "nodes": r"noeuds.*|nodes?|nodes? list",
    "products": r"(dim[ _])?produits.*|(dim[ _])?products?",
    "sectors": r"(dim[ _])?secteurs.*|(dim[ _])?sectors?",
    "exchanges": r"echanges?( territoires?)?|exchanges?",
    "flows": r"liste des flux|flux list|flow list",
    "matrix_values": r"table entrees?[ -]?sorties?( avec)? donnees?|"
    r"input[_ -]?output table( with)? datas?|input_output_data",
    "matrix": r"table entrees?[ -]?sorties?|input[_ -]?output ?(table)?",
    "supply_use": r"table emplois?[ -]?ressources?|supply[- ]?use table|"
    r"structure( des flux)?|ter.*",
    "data": r"valeurs?( de flux)?|values?|donnees?|data|donn|flux data|flux|flows?",
    "limits": r"min[ _]max",
    "constraints": r"contraintes?|constraints?|other_constraints",
    "ratios": r"ratio[ _]flux|flux ratios?|flow ratios?",
    "stock_ratios": r"ratio[ _]stock[ _]flux|stock[ _]flux[ _]ratios?",
    "chaining": r"stock chaining|chainage( des)? stocks?",
    "stocks": r"stocks?",
    "results": r"resultats?|results?|result.*|analyses?.*|.* analysis|simulations?",
    "conversions": r"conversions?|convert",
    "parameters": r"param(etre)?s?",
}
"""Kind of sheet → pattern of its name (lower case, without accents)."""

_ENDS = {
    "origin": r"origine?|from",
    "target": r"destination|target|to",
}
_TAIL = {
    "source": r"sources?",
    "hypothesis": r"hypotheses?|hypothesis",
}
COLUMNS: dict[str, dict[str, str]] = {
    "tags": {
        "name": r"(tag)?s?.*name|nom.*(etiquette)?s?",
        "type": r"(tag)?s?.*type|type.*(etiquette)?s?",
        "tags": r"tags?|etiquettes?",
    },
    "nodes": {
        "level": r"niveaux?.*|agg?reg?gations?[ -]*levels?|levels?|hierarchie",
        "node": r"n(oe|œ)uds?|nodes?|produits?|products?|secteurs?|sectors?|echanges?|exchanges?|"
        r"liste des .*|elements?|noms?",
        "balance": r"equilibre.*|input[- ]?output balance|bilan matieres?.*|"
        r"contraintes? de conservation.*|constraints?|mat_?balance|material balance.*",
        "definition": r"definitions?",
    },
    "data": _ENDS
    | {
        "value": r"valeur( \(.*\))?|value( \(.*\))?|quantite|valeur de reference",
        "quantity": r"quantite naturelle|quantity|natural quantity",
        "unit": r"unite naturelle|unit|unity",
        "factor": r"facteur( de conversion)?|factor|conversion factor",
        "uncertainty": r"incertitude.*|(relative )?uncertainty.*",
        "lower": r"min(imum)?",
        "upper": r"max(imum)?",
        "period": r"periode|period",
        "region": r"region",
    }
    | _TAIL,
    "limits": _ENDS
    | {
        "lower": r"min(imum)?( en quantite de reference)?",
        "upper": r"max(imum)?( en quantite de reference)?",
        "lower_quantity": r"minimum en quantite naturelle|minimu[mn] in quantity",
        "upper_quantity": r"maximum en quantite naturelle|maximu[mn] in quantity",
        "factor": r"facteur( de conversion)?|factor",
        "period": r"periode|period",
        "region": r"region",
    }
    | _TAIL,
    "constraints": _ENDS
    | {
        "id": r"id|identifiant",
        "equal": r".*\(?eq ?= ?0\)?",
        "at_most": r".*\(?(in)?eq ?<= ?0\)?",
        "at_least": r".*\(?(in)?eq ?>= ?0\)?",
        "name": r"traductions?|translation",
        "period": r"periode|period",
        "region": r"region",
    }
    | _TAIL,
    "ratios": _ENDS
    | {
        "coefficient": r"coef(ficient)?s?",
        "lower": r"min(imum)?",
        "upper": r"max(imum)?",
        "origin_reference": r"origine? ref(erence)?|ref(erence)? origine?",
        "target_reference": r"(destination|target) ref(erence)?|ref(erence)? (destination|target)",
        "stock": r"stock|n(oe|œ)ud|node",
        "name": r"traductions?|translation",
    },
    "stocks": {
        "node": r"n(oe|œ)uds?|nodes?|stock",
        "initial": r"stock initial|initial stock",
        "change": r"variation (de|du) stock|stock variation|variation",
        "uncertainty": r"incertitude.*|(relative )?uncertainty.*",
        "lower": r"min(imum)?",
        "upper": r"max(imum)?",
    },
}
COLUMNS["flows"] = COLUMNS["data"]
COLUMNS["stock_ratios"] = COLUMNS["ratios"]
for _kind in ("products", "sectors", "exchanges"):
    COLUMNS[_kind] = COLUMNS["nodes"]


def sheet_kind(title: str) -> str:
    """Return what kind of sheet `title` names, empty for none.

    Examples
    --------
    >>> sheet_kind("Étiquettes"), sheet_kind("Valeurs de flux"), sheet_kind("Notes")
    ('tags', 'data', '')
    """
    return _match(title, SHEETS)


def column_kind(sheet: str, title: str) -> str:
    """Return what column of a sheet of kind `sheet` a header names, empty for none.

    Examples
    --------
    >>> column_kind("data", "Incertitude relative"), column_kind("limits", "Minimun in quantity")
    ('uncertainty', 'lower_quantity')
    """
    return _match(title, COLUMNS.get(sheet, {}))


def _match(title: str, patterns: dict[str, str]) -> str:
    text = bare(title).lstrip("* ")
    if len(text) > LONGEST:
        return ""
    return next((kind for kind, pattern in patterns.items() if _full(pattern, text)), "")


def _full(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
