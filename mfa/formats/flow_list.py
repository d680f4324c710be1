"""Write the balanced flows as a plain list: a row a flow, layer, period and region, as CSV.

For e!Sankey's Live Link, R, pivot tables: every row says what it is, in which unit, how certain,
and from which sources. The file begins with a byte-order mark, so that Excel reads Vietnamese
rightly.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfa.files import replace_file
from mfa.formats.converted import LossLog, WriteOptions, Written
from mfa.formats.diagram import plain_number
from mfa.locale import N_

if TYPE_CHECKING:
    from mfa.account import Account

COLUMNS = (
    "flow", "name", "from", "from_name", "to", "to_name", "material", "material_name", "layer",
    "period", "region", "value", "lower", "upper", "sd", "unit", "status", "source",
)  # fmt: skip
_LIVE = ("=", "+", "-", "@", "\t", "\r")


def write_flow_list(
    account: Account, path: str | os.PathLike[str], options: WriteOptions | None = None
) -> Written:
    """Write all flows of all layers; lower and upper are the limits of the 95 % interval.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    options = options or WriteOptions()
    log = LossLog()
    rows = flow_rows(account, options.language, log)
    target = Path(path)
    replace_file(target, csv_bytes(COLUMNS, rows, log))
    return Written([target], log.losses)


def flow_rows(account: Account, language: str, log: LossLog) -> list[list[str]]:
    """Return the rows as text; losses go to `log`."""
    system = account.system
    table = account.table
    sources = _sources(account)
    processes = {name: p.name(language) for name, p in system.processes.items()}
    materials = {name: m.name(language) for name, m in system.materials.items()}
    names = {name: flow.name(language) for name, flow in system.flows.items()}
    flows = table[table["kind"] == "flow"].to_dict("records")
    rows = [
        [
            row["id"],
            names[row["id"]],
            row["source"],
            processes[row["source"]],
            row["target"],
            processes[row["target"]],
            row["material"],
            materials.get(row["material"], ""),
            row["layer"],
            row["period"],
            row["region"],
            *(number(row[key]) for key in ("value", "lower", "upper", "sd")),
            row["unit"],
            row["status"],
            "; ".join(sources.get((row["id"], row["period"], row["region"]), ())),
        ]
        for row in flows
    ]
    _report(account, table, log)
    return rows


def number(value: float) -> str:
    """Return a number with a decimal point, empty for NaN and for no limit."""
    return plain_number(value) if math.isfinite(value) else ""


def _sources(account: Account) -> dict[tuple[str, str, str], dict[str, None]]:
    """Return (flow, period, region) → titles of the sources of what was observed of it."""
    system = account.system
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for row in system.observations.rows():
        title = system.sources[row.source].title if row.source in system.sources else row.source
        if title and row.quantity in system.flows:
            for period in (row.period,) if row.period else system.periods:
                for region in (row.region,) if row.region else system.regions:
                    found.setdefault((row.quantity, period, region), {})[title] = None
    return found


def _report(account: Account, table: Any, log: LossLog) -> None:
    counts = table["kind"].value_counts()
    for kind, message in (
        ("stock", N_("Levels of stocks ({n}).")),
        ("stock_change", N_("Changes of stocks ({n}).")),
        ("parameter", N_("Parameters ({n}).")),
    ):
        if counts.get(kind, 0):
            log.add(f"no-{kind}", message, n=int(counts[kind]))
    if account.system.relations.row_count:
        log.add("relations", N_("Relations ({n})."), n=account.system.relations.row_count)
    rows = account.system.observations.row_count
    if rows:
        message = N_("Observations as they were given, and their quality ({n}).")
        log.add("observations", message, n=rows)


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]], log: LossLog) -> bytes:
    r"""Return a CSV file with a byte-order mark; nothing in it is a formula for a spreadsheet.

    A text that a spreadsheet would evaluate gets an apostrophe in front, and that is reported.

    Examples
    --------
    >>> csv_bytes(["name"], [["=1+1"]], LossLog()).decode("utf-8-sig")
    "name\n'=1+1\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_safe(cell, log) for cell in row])
    return stream.getvalue().encode("utf-8-sig")


def _safe(text: str, log: LossLog) -> str:
    if text.startswith(_LIVE) and not _is_number(text):
        message = N_("Texts that begin like a formula, led by an apostrophe ({n}): {items}.")
        log.add("formula-like", message, text)
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
