"""Read SankeyMATIC text: one flow a line, ``Source [amount] Target #colour``.

The grammar is that of the builder at sankeymatic.com/build: settings and moves are looked for
first, then comments, nodes and flows; names may hold anything, and the last ``[amount]`` of a line
that leaves a target counts.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from mfa.errors import Place
from mfa.formats.assemble import assemble
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.draft import Draft
from mfa.formats.files import finite, read_text, refuse
from mfa.formats.network import Datum, Link, Network, Node
from mfa.locale import N_

LONGEST_LINE = 2_000
MOST_LINES = 10_000
HEADER = "// SankeyMATIC diagram inputs -"
_AMOUNT = re.compile(r"\[([0-9\s.+-]*|\*|\?)\]")
_COLOUR = re.compile(r"#([a-f0-9]{3,6})?(\.[0-9]{1,4})?", re.IGNORECASE)
_NODE = re.compile(r":(.+) #([a-f0-9]{0,6})?(\.[0-9]{1,4})?\s*(>>|<<)*\s*(>>|<<)*", re.IGNORECASE)
_STRICT = re.compile(r"node\s+([^ .]+)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\.([a-z]+)\s+(.+)", re.IGNORECASE)
_MOVE = re.compile(r"move (.+) (-?[0-9](?:.[0-9]+)?), (-?[0-9](?:.[0-9]+)?)")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_VALUE = re.compile(r"#?[A-Za-z0-9_.-]+")


_AROUND = ("prefix", "suffix")
_CURRENCIES = {"$": "USD", "US$": "USD", "USD": "USD", "₫": "VND", "đ": "VND", "VND": "VND"}


@dataclass(frozen=True)
class Flow:
    """A flow line; ``amount`` is a number, ``*`` (the rest of the source), ``?`` or empty."""

    source: str
    target: str
    amount: str
    colour: str = ""

    @property
    def value(self) -> float | None:
        """The amount as a number; None when it is none."""
        return finite(self.amount) if self.amount not in ("", "*", "?") else None


@dataclass
class Diagram:
    """What a text says, before it becomes tables."""

    flows: list[tuple[Flow, int]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    title: str = ""
    colours: int = 0
    moves: int = 0
    comments: int = 0
    unread: list[tuple[str, int]] = field(default_factory=list)
    bad_amounts: list[tuple[str, int]] = field(default_factory=list)

    @property
    def unit(self) -> str:
        """What stands around printed numbers: a currency in front, an amount behind."""
        before, behind = (self.settings.get(f"value_{key}", "").strip() for key in _AROUND)
        if not before:
            return behind
        return _CURRENCIES.get(before, "") if not behind else ""

    @property
    def printed(self) -> str:
        """The same as it is printed."""
        return " … ".join(filter(None, (self.settings.get(f"value_{k}", "").strip()
                                        for k in _AROUND)))  # fmt: skip


def read_sankeymatic(path: str | os.PathLike[str], options: ReadOptions | None = None) -> Converted:
    """Read a file of the SankeyMATIC builder.

    Parameters
    ----------
    path
        The text file.
    options
        Unit of the numbers, unless the file names one as ``value suffix``.

    Returns
    -------
    Converted
        Every node a process, every line a flow; ``*`` and ``?`` are unknowns that balancing finds.

    Raises
    ------
    InputError
        The file is no text, too large, or holds no flow.
    """
    name = Path(path).name
    diagram = parse_sankeymatic(read_text(path), name)
    if not diagram.flows:
        message = N_("No line of the file is a flow such as “Source [10] Target”.")
        refuse("no-flow", message, name)
    return _tables(diagram, name, options or ReadOptions())


def parse_sankeymatic(text: str, name: str = "") -> Diagram:
    """Return what `text` says.

    Raises
    ------
    InputError
        It has too many lines.

    Examples
    --------
    >>> [flow for flow, _ in parse_sankeymatic("A [1 200.5] B #c00.5").flows]
    [Flow(source='A', target='B', amount='1200.5', colour='#c00.5')]
    """
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        message = N_("The file has more than {limit} lines, which is not read.")
        refuse("too-many-lines", message, name, limit=MOST_LINES)
    diagram, current, group = Diagram(), "", ""
    for row, raw in enumerate(lines, start=1):
        line = raw.strip().strip("\u200b\ufeff").strip()
        if not line or len(line) > LONGEST_LINE:
            if line:
                diagram.unread.append((line, row))
            continue
        setting = _setting(line)
        if _MOVE.fullmatch(line):
            diagram.moves += 1
        elif setting:
            group = _take_setting(diagram, *setting, group)
        elif line.startswith(("//", "'")):
            _take_comment(diagram, line)
        else:
            current = _take_line(diagram, line, row, current)
    return diagram


def has_flow(text: str) -> bool:
    r"""Return whether a text has a line that says a flow; it is read no further than that.

    Examples
    --------
    >>> has_flow("// a comment\nFarm [10] Market\n"), has_flow("size w 600")
    (True, False)
    """
    lines = islice(io.StringIO(text), MOST_LINES)
    return any(len(line) <= LONGEST_LINE and parse_flow(line.strip()) for line in lines)


def parse_flow(line: str) -> Flow | None:
    """Return the flow that a line says, None when it says something else.

    Examples
    --------
    >>> parse_flow("Team #1 [5] Shop [old] [3] Home")
    Flow(source='Team #1 [5] Shop [old]', target='Home', amount='3', colour='')
    >>> parse_flow("size w 600") is None
    True
    """
    if _MOVE.fullmatch(line) or _setting(line) or line.startswith(("//", "'")):
        return None
    return None if _NODE.fullmatch(line) else _flow(line)


def _flow(line: str) -> Flow | None:
    """Return the flow whose amount stands last in `line` and leaves a source and a target."""
    found = None
    for match in _AMOUNT.finditer(line):
        if match.start() > 0 and line[match.end() :].strip():
            found = match
    if found is None:
        return None
    target, colour = _without_colour(line[found.end() :].strip())
    return Flow(line[: found.start()].strip(), target, "".join(found[1].split()), colour)


def _without_colour(target: str) -> tuple[str, str]:
    """Split “Name #c00.5” into name and colour; “Team #1” is a name."""
    parts = target.rsplit(maxsplit=1)
    if len(parts) == 2 and len(parts[1]) > 1 and _COLOUR.fullmatch(parts[1]):
        return parts[0], parts[1]
    return target, ""


def _setting(line: str) -> tuple[str, str] | None:
    """Return (name, value) of a line such as ``size w 600`` or ``value suffix ' t'``."""
    head, _, value = line.rpartition(" ")
    if _VALUE.fullmatch(value) and (words := _words(head)):
        return None if words == "node" else (words, value)
    start = line.find(" '")
    if (
        start > 0
        and line.endswith("'")
        and len(line) > start + 2
        and (words := _words(line[:start]))
    ):
        return None if words == "node" else (words, line[start + 2 : -1].replace("''", "'"))
    return None


def _words(head: str) -> str:
    """Return one or two plain words joined by ``_``, empty for anything else."""
    words = head.split()
    plain = 1 <= len(words) <= 2 and all(_WORD.fullmatch(word) for word in words)
    return "_".join(words) if plain else ""


def _take_setting(diagram: Diagram, name: str, value: str, group: str) -> str:
    """Keep a setting under its full name; one word alone belongs to the group of the last one."""
    full = name if "_" in name or not group else f"{group}_{name}"
    diagram.settings[full] = value
    return full.split("_")[0]


def _take_comment(diagram: Diagram, line: str) -> None:
    title = line.removeprefix(HEADER).strip() if line.startswith(HEADER) else ""
    if title and not title.startswith(("Saved:", "http")):
        diagram.title = title
    elif not line.startswith(("// ===", "// https://sankeymatic.com", HEADER)):
        diagram.comments += 1


def _take_line(diagram: Diagram, line: str, row: int, current: str) -> str:
    """Take a node, a flow or an attribute; return the node that attributes below belong to."""
    node = _NODE.fullmatch(line)
    if node:
        diagram.colours += bool(node[2] or node[3])
        return node[1].strip()
    strict = _STRICT.fullmatch(line)
    if strict:
        return strict[1]
    flow = _flow(line)
    if flow:
        _take_flow(diagram, flow, line, row)
        return ""
    attribute = _ATTRIBUTE.fullmatch(line)
    if attribute and current and attribute[1].lower() == "label":
        diagram.labels[current] = attribute[2]
    elif _means_amount(line):
        diagram.bad_amounts.append((line, row))
    else:
        diagram.unread.append((line, row))
    return current


def _means_amount(line: str) -> bool:
    """Return whether a line has brackets with a digit in them between two ends."""
    start, end = line.find("["), line.rfind("]")
    return 0 < start < end < len(line) - 1 and any(c.isdigit() for c in line[start:end])


def _take_flow(diagram: Diagram, flow: Flow, line: str, row: int) -> None:
    known = flow.amount in ("", "*", "?")
    if not known and (flow.value is None or flow.value < 0):
        diagram.bad_amounts.append((line, row))
        return
    diagram.colours += bool(flow.colour)
    diagram.flows.append((flow, row))


# -------------------------------------------------------------------------------- into tables


def _tables(diagram: Diagram, name: str, options: ReadOptions) -> Converted:
    log = LossLog()
    draft = Draft(name, log)
    draft.setting("title", diagram.title)
    draft.unit(diagram.unit or diagram.printed, options)
    network = Network()
    for flow, row in diagram.flows:
        place = Place(file=name, row=row)
        link = Link(flow.source, flow.target, place)
        for key in (flow.source, flow.target):
            network.nodes.setdefault(key, Node(_label(diagram, key), place))
        if flow.value is not None:
            link.data.append(Datum(flow.value, place=place))
        network.links.append(link)
    _report(diagram, log, name)
    assemble(network, draft)
    return draft.converted()


def _label(diagram: Diagram, key: str) -> str:
    r"""Return what is printed at a node, in one line: the builder breaks lines at ``\n``."""
    return " ".join(diagram.labels.get(key, key).replace("\\n", " ").split()) or key


def _report(diagram: Diagram, log: LossLog, name: str) -> None:
    """Say what is in the text but not in the tables."""
    for line, row in diagram.unread:
        message = N_("Lines that are no flow, node or setting ({n}): {items}.")
        log.add("unread-lines", message, line, Place(file=name, row=row))
    if diagram.colours:
        log.add("colours", N_("Colours of flows and nodes ({n})."), n=diagram.colours)
    if diagram.moves:
        log.add("positions", N_("Positions of nodes ({n})."), n=diagram.moves)
    for line, row in diagram.bad_amounts:
        message = N_(
            "Flows whose amount is no number of digits and a decimal point, or is negative ({n}): "
            "{items}."
        )
        log.add("bad-amounts", message, line, Place(file=name, row=row))
    taken = {"value_prefix", "value_suffix", "labelvalue_fullprecision"}
    settings = len(diagram.settings.keys() - taken)
    if settings:
        log.add("settings", N_("Settings of the drawing ({n})."), n=settings)
    if diagram.comments:
        log.add("comments", N_("Comments ({n})."), n=diagram.comments)
    values = [flow for flow, _ in diagram.flows if flow.value is not None]
    if values:
        log.add("no-uncertainty", NO_UNCERTAINTY, n=len(values), assumed=True)
    for flow, _ in diagram.flows:
        if flow.amount == "":
            message = N_("Flows without an amount are taken as unknown ({n}): {items}.")
            log.add("empty-amount", message, f"{flow.source} → {flow.target}", assumed=True)


NO_UNCERTAINTY = N_(
    "Values without an uncertainty ({n}): 30 % is taken for each until you state a better one."
)
