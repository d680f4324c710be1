"""Write SankeyMATIC text from a balanced account.

The format knows names, amounts and colours. Names that it would read otherwise (as an amount, a
comment, a setting) are changed until our own reader, which follows the builder's grammar, gives
them back, and the change is reported.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.files import replace_file
from mfa.formats.converted import LossLog, WriteOptions, Written
from mfa.formats.diagram import Ribbon, choose, node_names, plain_number, slice_account
from mfa.formats.sankeymatic import HEADER, Flow, parse_flow
from mfa.locale import N_, translator
from mfa.workbook.text import tidy

if TYPE_CHECKING:
    from mfa.account import Account

_BRACKETS = str.maketrans({"[": "(", "]": ")", "#": "№", "'": "’"})
_SIGNS = re.compile(r"[^\w\s()–-]")
PLAINEST = 2
Line = tuple[str, str, str]


def write_sankeymatic(
    account: Account, path: str | os.PathLike[str], options: WriteOptions | None = None
) -> Written:
    """Write the balanced flows of one layer, period and region for sankeymatic.com/build.

    Changes of stocks become flows to and from a node of their own; flows that the data do not
    settle stand without an amount, which the builder skips.

    Raises
    ------
    InputError
        There is no such layer, period or region.
    OSError
        The file cannot be written.
    """
    log = LossLog()
    text = sankeymatic_text(account, options or WriteOptions(), log)
    target = Path(path)
    replace_file(target, text.encode("utf-8"))
    return Written([target], log.losses)


def sankeymatic_text(account: Account, options: WriteOptions, log: LossLog) -> str:
    """Return the text; losses go to `log`."""
    part = slice_account(account, options, log)
    ribbons = part.at(*choose(account.system, options, log))
    lines = _as_flows(account, ribbons, options.language)
    _report(account, ribbons, lines, options.language, log)
    return whole_text(account.system.title(options.language), render(lines, log), part.unit)


def whole_text(title: str, lines: Iterable[str], unit: str, settings: Iterable[str] = ()) -> str:
    """Return the lines of flows and nodes with the headers and settings that the builder reads."""
    heading = " ".join(tidy(title).split())
    suffix = unit.replace("'", "''")
    return "\n".join(
        [
            f"{HEADER} {heading}".rstrip(),
            "// === Nodes and Flows ===",
            *lines,
            "// === Settings ===",
            f"value suffix ' {suffix}'",
            "labelvalue fullprecision n",
            *settings,
            "",
        ]
    )


def render(flows: Iterable[Line], log: LossLog, colours: Iterable[str] = ()) -> list[str]:
    """Return a line for each (source, amount, target); names are changed where they must be.

    Parameters
    ----------
    flows
        Names and amounts.
    log
        Where changed names go.
    colours
        Colour of each flow (``#rrggbb``), or none at all.

    Examples
    --------
    >>> log = LossLog()
    >>> render([("Mill [old]", "10", "Shop [5] north")], log, ["#cc0000"])
    ['Mill [old] [10] Shop (5) north #cc0000']
    >>> log.losses[0].text()
    'Names that SankeyMATIC cannot hold, written otherwise (1): Shop [5] north → Shop (5) north.'
    """
    flows = list(flows)
    tails = list(colours) or [""] * len(flows)
    names = {name: 0 for source, _, target in flows for name in (source, target)}
    written = _spelt(names)
    for _ in range(PLAINEST):
        for (source, amount, target), tail in zip(flows, tails, strict=True):
            for name in _culprits(written, source, amount, target, tail):
                names[name] = min(names[name] + 1, PLAINEST)
        written = _spelt(names)
    for name in names:
        if written[name] != name:
            message = N_("Names that SankeyMATIC cannot hold, written otherwise ({n}): {items}.")
            log.add("renamed", message, f"{name} → {written[name]}")
    return [
        _line(written[source], amount, written[target], tail)
        for (source, amount, target), tail in zip(flows, tails, strict=True)
    ]


def _line(source: str, amount: str, target: str, colour: str) -> str:
    return f"{source} [{amount}] {target} {colour}".rstrip()


def _survives(source: str, amount: str, target: str, colour: str) -> bool:
    line = _line(source, amount, target, colour).strip()
    # The builder breaks the line of a label there.
    return "\\n" not in line and parse_flow(line) == Flow(source, target, amount, colour)


def _culprits(
    written: dict[str, str], source: str, amount: str, target: str, colour: str
) -> list[str]:
    """Return which of two names must be spelt otherwise: the one that fails by itself, or both."""
    if _survives(written[source], amount, written[target], colour):
        return []
    alone = [name for name in (source,) if not _survives(written[name], "1", "X", colour)]
    alone += [name for name in (target,) if not _survives("X", "1", written[name], colour)]
    return alone or [source, target]


def _spelt(levels: dict[str, int]) -> dict[str, str]:
    """Return name → unique spelling, the plainer the higher its level."""
    out: dict[str, str] = {}
    taken: set[str] = set()
    for name, level in levels.items():
        spelling = _spelling(name, level)
        number, candidate = 2, spelling
        while candidate in taken:
            candidate, number = f"{spelling} ({number})", number + 1
        taken.add(candidate)
        out[name] = candidate
    return out


def _spelling(name: str, level: int) -> str:
    text = " ".join(tidy(name).split())
    if level >= 1:
        text = text.translate(_BRACKETS).replace("\\n", "\\ n")
    if level >= PLAINEST:
        text = " ".join(_SIGNS.sub(" ", text).split())
    return text or "–"


# ------------------------------------------------------------------------------------- flows


def _as_flows(account: Account, ribbons: list[Ribbon], language: str) -> list[Line]:
    """Return (source name, amount, target name) of flows and stock changes."""
    giving, taking = _end_names(account, ribbons, language)
    lines = []
    for ribbon in ribbons:
        source = giving.get(ribbon.source) or taking[ribbon.source]
        target = taking.get(ribbon.target) or _stock_name(account, ribbon, language)
        if not math.isnan(ribbon.value) and ribbon.value < 0:
            source, target = target, source
        if ribbon.kind == "flow" or ribbon.value:
            amount = "" if math.isnan(ribbon.value) else plain_number(abs(ribbon.value))
            lines.append((source, amount, target))
    return lines


def _end_names(
    account: Account, ribbons: list[Ribbon], language: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of processes as sources and as targets.

    What lies outside is drawn once at either side: else every flow into nature and out of it would
    close a loop.
    """
    _ = translator(language)
    system = account.system
    sources = {ribbon.source for ribbon in ribbons}
    targets = {ribbon.target for ribbon in ribbons}
    used = dict.fromkeys(n for r in ribbons for n in (r.source, r.target) if n)
    names = node_names(system, used, language)
    giving, taking = dict(names), dict(names)
    for process, name in names.items():
        outside = system.processes[process].boundary != "inside"
        if outside and process in sources and process in targets:
            giving[process] = _("{name} (input)", name=name)
            taking[process] = _("{name} (output)", name=name)
    return giving, taking


def _stock_name(account: Account, ribbon: Ribbon, language: str) -> str:
    stock = account.system.stocks[ribbon.id.removesuffix(".change")]
    return translator(language)("Stock: {name}", name=stock.name(language))


def _report(
    account: Account, ribbons: list[Ribbon], lines: list[Line], language: str, log: LossLog
) -> None:
    """Say what the text cannot hold."""
    spreads = sum(ribbon.sd > 0 for ribbon in ribbons)
    if spreads:
        log.add("spreads", N_("Standard deviations and intervals ({n})."), n=spreads)
    if account.system.observations.row_count:
        message = N_("Observations and their sources ({n}): the balanced values are written.")
        log.add("observations", message, n=account.system.observations.row_count)
    materials = {ribbon.material for ribbon in ribbons if ribbon.material}
    if materials:
        log.add("materials", N_("Materials of the flows ({n})."), n=len(materials))
    for ribbon in ribbons:
        if math.isnan(ribbon.value):
            message = N_("Flows that the data do not settle, without an amount ({n}): {items}.")
            log.add("free-flows", message, ribbon.id)
        elif ribbon.value < 0 and ribbon.kind == "flow":
            message = N_("Negative flows, turned round ({n}): {items}.")
            log.add("negative-flows", message, ribbon.id)
        elif ribbon.kind == "stock_change" and ribbon.value:
            message = N_("Changes of stocks, written as flows to and from a node “stock” ({n}).")
            log.add("stock-changes", message)
    for name in circle(lines):
        message = N_(
            "Loops: SankeyMATIC draws no flow that comes back to where it came from ({n}): {items}."
        )
        log.add("loops", message, name)


def circle(lines: Iterable[Line]) -> list[str]:
    """Return the nodes that lie on loops.

    Examples
    --------
    >>> circle([("a", "1", "b"), ("b", "1", "c"), ("c", "1", "b"), ("c", "1", "d")])
    ['b', 'c']
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = [(source, target) for source, _, target in lines]
    numbers = {name: k for k, name in enumerate(dict.fromkeys(n for pair in pairs for n in pair))}
    rows, columns = [numbers[a] for a, _ in pairs], [numbers[b] for _, b in pairs]
    size = len(numbers)
    matrix = coo_matrix(([1.0] * len(pairs), (rows, columns)), shape=(size, size))
    _, group = connected_components(matrix, directed=True, connection="strong")
    looped = {group[numbers[a]] for a, b in pairs if group[numbers[a]] == group[numbers[b]]}
    return [name for name, number in numbers.items() if group[number] in looped]
