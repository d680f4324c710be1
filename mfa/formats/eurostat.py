"""Read Eurostat's economy-wide accounts as JSON-stat (``env_ac_mfa`` and its relatives).

Files of version 2.0 hold one dataset, or a collection of them; those of version 1 hold datasets by
name, with the order and the sizes of the dimensions among the dimensions.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.ewmfa import Accounts, Figure, accounts_tables, material_code
from mfa.formats.files import finite, parse_json, read_text, refuse
from mfa.locale import N_

UNITS = {"THS_T": "kt/year", "T": "t/year", "MIO_T": "Mt/year"}
"""Code of a unit of mass → our unit; others (per head, indices) are left behind."""
DATASETS = {"ENV_AC_MFADPO": "DPO"}
"""Dataset without a dimension of indicators → the indicator it holds."""
MATERIAL = ("material", "mf", "prod_mf")
INDICATOR = ("indic_env", "indic_mfa", "flow")


def read_eurostat(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read a JSON-stat dataset of material flows.

    Parameters
    ----------
    path
        A JSON file as the Eurostat web service gives it, perhaps compressed.
    options
        Country (label or code) and year to read; empty: all.

    Returns
    -------
    Converted
        Extraction, imports, exports and outputs as flows of the economy; flags as scores of
        reliability and in the note.

    Raises
    ------
    InputError
        The file is no JSON-stat, holds no flow of materials, or too many countries.
    """
    name = Path(path).name
    found = list(_datasets(parse_json(read_text(path), name)))
    if not found:
        refuse("not-jsonstat", N_("The file is no dataset of JSON-stat."), name)
    log, content = LossLog(), found[0]
    for other in found[1:]:
        message = N_("Further datasets of the file ({n}): {items}.")
        log.add("other-datasets", message, str(other.get("label") or ""))
    accounts = _accounts(content, name, log)
    return accounts_tables(accounts, name, options or ReadOptions(), log)


def is_jsonstat(content: object) -> bool:
    """Return whether a JSON value looks like a JSON-stat dataset.

    Examples
    --------
    >>> is_jsonstat({"class": "dataset", "id": ["geo"], "size": [1], "dimension": {}, "value": {}})
    True
    """
    if not isinstance(content, dict) or not isinstance(content.get("dimension"), dict):
        return False
    return isinstance(content.get("id"), list) and isinstance(content.get("size"), list)


def _datasets(content: object) -> Iterator[dict[str, Any]]:
    """Yield the datasets of a file in the form of version 2.0."""
    if not isinstance(content, dict):
        return
    link = content.get("link")
    items = link.get("item") if isinstance(link, dict) else None
    for found in [content, *content.values(), *(items if isinstance(items, list) else [])]:
        if is_jsonstat(found):
            yield found
        elif isinstance(found, dict) and isinstance(found.get("dimension"), dict):
            order = {key: found["dimension"].get(key) for key in ("id", "size")}
            if is_jsonstat(found | order):
                yield found | order


class _Dimension:
    """One dimension: codes by position and their labels."""

    def __init__(self, content: object) -> None:
        category = content.get("category") if isinstance(content, dict) else None
        category = category if isinstance(category, dict) else {}
        index = category.get("index")
        labels = category.get("label")
        self.labels = labels if isinstance(labels, dict) else {}
        if isinstance(index, dict):
            positions = {code: finite(at) for code, at in index.items()}
            self.codes = sorted(positions, key=lambda code: positions[code] or 0)
        else:
            self.codes = [str(code) for code in (index if isinstance(index, list) else self.labels)]

    def label(self, code: str) -> str:
        """Return the label of a code."""
        return str(self.labels.get(code) or code)


def _accounts(content: Mapping[str, Any], name: str, log: LossLog) -> Accounts:
    ids = [str(key) for key in content["id"]]
    dimensions = [_Dimension(content["dimension"].get(key)) for key in ids]
    sizes = [int(finite(size) or 0) for size in content["size"]]
    if len(sizes) != len(ids) or any(
        size != len(d.codes) for size, d in zip(sizes, dimensions, strict=True)
    ):
        message = N_("The sizes of the dimensions do not agree with their categories.")
        refuse("jsonstat-sizes", message, name)
    by_name = dict(zip(ids, dimensions, strict=True))
    unit = _unit(by_name.get("unit"), name)
    accounts = Accounts(UNITS[unit], str(content.get("label") or "Eurostat"))
    material = next((key for key in MATERIAL if key in by_name), "")
    indicator = next((key for key in INDICATOR if key in by_name), "")
    fixed = _fixed_indicator(content)
    if not material or not (indicator or fixed):
        message = N_("The dataset has no dimensions of materials and of indicators.")
        refuse("jsonstat-dimensions", message, name)
    for codes, value, flag in _cells(content, ids, dimensions, sizes):
        if codes.get("unit", unit) != unit:
            log.add("other-units", N_("Values in other units ({n}): {items}."), codes["unit"])
            continue
        figure = Figure(
            codes[indicator] if indicator else fixed,
            _material(accounts, by_name[material], codes[material]),
            by_name["geo"].label(codes["geo"]) if "geo" in codes else "",
            codes.get("time", ""),
            value,
            flag,
        )
        accounts.figures.append(figure)
    return accounts


def _fixed_indicator(content: Mapping[str, Any]) -> str:
    extension = content.get("extension")
    dataset = extension.get("id") if isinstance(extension, dict) else None
    return DATASETS.get(str(dataset).upper(), "")


def _unit(dimension: _Dimension | None, name: str) -> str:
    """Return the code of the unit of mass that is read."""
    codes = dimension.codes if dimension else ["THS_T"]
    found = next((code for code in codes if code in UNITS), "")
    if not found:
        message = N_("None of the units of the dataset is a mass: {units}.")
        refuse("jsonstat-unit", message, name, units=", ".join(codes[:10]))
    return found


def _material(accounts: Accounts, dimension: _Dimension, code: str) -> str:
    """Return the key of a material, empty for the total of all."""
    if code.upper() in ("TOTAL", "TOTAL_MF", "MF"):
        return ""
    accounts.materials.setdefault(code, (dimension.label(code), material_code(code)))
    return code


def _cells(
    content: Mapping[str, Any], ids: list[str], dimensions: list[_Dimension], sizes: list[int]
) -> Iterator[tuple[dict[str, str], float, str]]:
    """Yield (dimension → code, value, flag) of every filled cell, row-major."""
    values, status = content.get("value"), content.get("status")
    total = math.prod(sizes)
    for position, item in _positions(values):
        value = finite(item)
        if value is None or not 0 <= position < total:
            continue
        codes, rest = {}, position
        for key, dimension, size in reversed(list(zip(ids, dimensions, sizes, strict=True))):
            rest, at = divmod(rest, size)
            codes[key] = dimension.codes[at]
        yield codes, value, _flag(status, position)


def _positions(values: object) -> Iterator[tuple[int, object]]:
    if isinstance(values, list):
        yield from enumerate(values)
    elif isinstance(values, dict):
        for key, item in values.items():
            if str(key).isdecimal() and len(str(key)) < 18:
                yield int(key), item


def _flag(status: object, position: int) -> str:
    """Return the flag of a cell: one for all, a list, or a mapping of positions."""
    if isinstance(status, dict) and isinstance(status.get("value"), list):
        status = status["value"]  # as the service gave it in its first version
    if isinstance(status, str):
        return status
    if isinstance(status, list):
        return str(status[position] or "") if position < len(status) else ""
    return str(status.get(str(position)) or "") if isinstance(status, dict) else ""
