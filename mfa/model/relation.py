"""Formula text → a small syntax tree, by our own tokenizer: nothing is ever evaluated as code.

Grammar (``name`` may hold any letters of any script, digits, ``_`` and ``.``, or stand in
backquotes or double quotes)::

    relation := sum ("=" | ">=" | "<=") sum
    sum      := term (("+" | "-") term)*
    term     := power (("*" | "/") power)*
    power    := unary ("^" unary)?
    unary    := "-" unary | atom
    atom     := number | name | name "[" label ("," label)* "]" | call | "(" sum ")"
    call     := function "(" name ("," layer)? ")" | "sqrt" "(" sum ")"
    function := "in" | "out" | "sum"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from mfa.errors import InputError, Place, Problem

FUNCTIONS = ("in", "out", "sum")
MAX_LENGTH = 4000
MAX_DEPTH = 60
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\.\d+)"
    r"|(?P<quoted>`[^`]+`|\"[^\"]+\")"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<op>>=|<=|≥|≤|\*\*|[-+−*×·/÷^()=\[\],]))"
)
_SAME = {"≥": ">=", "≤": "<=", "−": "-", "×": "*", "·": "*", "÷": "/", "**": "^"}


@dataclass(frozen=True)
class Relation:
    """What the user wrote: an equation or inequality over names, with its source."""

    id: str
    formula: str
    name_en: str = ""
    name_vi: str = ""
    period: str = ""
    region: str = ""
    source: str = ""
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True)
class Name:
    """A quantity, perhaps at the labels (period, region) in brackets."""

    id: str
    labels: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True)
class Call:
    """``in(process)``, ``out(process)`` or ``sum(material)``, perhaps of one layer."""

    function: str
    argument: str
    layer: str = ""
    position: int = 0


@dataclass(frozen=True)
class Operation:
    """``left op right`` with op one of ``+ - * / ^``."""

    op: str
    left: Node
    right: Node


Node = Number | Name | Call | Operation


@dataclass(frozen=True)
class Statement:
    """A parsed relation: ``left sense right`` with sense ``=``, ``>=`` or ``<=``."""

    left: Node
    sense: str
    right: Node


def parse_relation(text: str, place: Place | None = None) -> Statement:
    """Parse an equation or inequality.

    Raises
    ------
    InputError
        The text does not follow the grammar; the problem gives the position.

    Examples
    --------
    >>> parse_relation("husk >= 0.1 * rice").sense
    '>='
    """
    parser = _Parser(text, place)
    left = parser.sum()
    sense = parser.take("=", ">=", "<=")
    if sense is None:
        parser.fail(
            "formula-sense",
            "The formula has no “=”, “>=” or “<=” at position {position}: "
            "“{text}”. Write it as an equation, for example “husk = 0.2 * paddy”.",
        )
    right = parser.sum()
    parser.end()
    return Statement(left, sense, right)  # type: ignore[arg-type]


def parse_expression(text: str, place: Place | None = None) -> Node:
    """Parse a sum of quantities or any other expression without a relation sign.

    Raises
    ------
    InputError
        The text does not follow the grammar.

    Examples
    --------
    >>> parse_expression("a + 2 * b").op
    '+'
    """
    parser = _Parser(text, place)
    node = parser.sum()
    parser.end()
    return node


def walk(node: Node) -> Iterator[Node]:
    """Yield every node of the tree, leaves included, left to right."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, Operation):
            stack += [current.right, current.left]


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Return (kind, text, position) of every token; kind ``bad`` for what is none."""
    out, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            if text[position:].strip():
                start = position + len(text[position:]) - len(text[position:].lstrip())
                out.append(("bad", text[start : start + 12], start))
            break
        kind = str(match.lastgroup)
        token = match[kind]
        if kind == "quoted":
            kind, token = "name", token[1:-1]
        out.append((kind, _SAME.get(token, token), match.start(match.lastgroup or 0)))
        position = match.end()
    return out


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, place: Place | None) -> None:
        self.text = unicodedata.normalize("NFC", text)
        self.place = place
        if len(text) > MAX_LENGTH:
            self.text = self.text[:40] + "…"
            self.tokens, self.at = [], 0
            self.fail(
                "formula-long",
                "The formula “{text}” is longer than {limit} characters. "
                "Split it into several relations.",
                limit=MAX_LENGTH,
            )
        self.tokens = _tokens(self.text)
        self.at = 0
        self.depth = 0

    def fail(self, code: str, message: str, **values: object) -> None:
        position = self.tokens[self.at][2] + 1 if self.at < len(self.tokens) else len(self.text) + 1
        values = {"text": self.text, "position": position} | values
        raise InputError([Problem(code, message, values, self.place)])

    def take(self, *ops: str) -> str | None:
        if self.at < len(self.tokens):
            kind, token, _ = self.tokens[self.at]
            if kind == "op" and token in ops:
                self.at += 1
                return token
        return None

    def expect(self, op: str) -> None:
        if self.take(op) is None:
            self.fail(
                "formula-expected",
                "The formula “{text}” lacks “{op}” at position {position}.",
                op=op,
            )

    def end(self) -> None:
        if self.at < len(self.tokens):
            before = self.tokens[self.at - 1]
            if self.tokens[self.at][1] == "(" and before[0] == "name":
                self.fail(
                    "formula-function",
                    "There is no function “{name}” at position {position} of “{text}”; there are "
                    "in(process), out(process), sum(material) and sqrt(…).",
                    name=before[1],
                )
            self.fail(
                "formula-trailing",
                "The formula “{text}” cannot be read from position {position} on: “{rest}”.",
                rest=self.tokens[self.at][1],
            )

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(
                "formula-deep", "The formula “{text}” is nested too deeply at position {position}."
            )
        node = self.term()
        while op := self.take("+", "-"):
            node = Operation(op, node, self.term())
        self.depth -= 1
        return node

    def term(self) -> Node:
        node = self.power()
        while op := self.take("*", "/"):
            node = Operation(op, node, self.power())
        return node

    def power(self) -> Node:
        if self.take("-"):
            return Operation("*", Number(-1.0), self.power())
        if self.take("+"):
            return self.power()
        node = self.atom()
        if self.take("^"):
            sign = -1.0 if self.take("-") else 1.0
            exponent = self.atom()
            if sign < 0:
                exponent = (
                    Number(-exponent.value)
                    if isinstance(exponent, Number)
                    else Operation("*", Number(-1.0), exponent)
                )
            node = Operation("^", node, exponent)
        return node

    def name(self) -> tuple[str, int]:
        if self.at < len(self.tokens) and self.tokens[self.at][0] in ("name", "number"):
            _, token, position = self.tokens[self.at]
            self.at += 1
            return token, position
        self.fail("formula-name", "The formula “{text}” lacks a name at position {position}.")
        raise AssertionError

    def words(self) -> str:
        """Return a name that may hold spaces (``in(rice mill)``)."""
        words = [self.name()[0]]
        while self.at < len(self.tokens) and self.tokens[self.at][0] in ("name", "number"):
            words.append(self.name()[0])
        return " ".join(words)

    def atom(self) -> Node:
        if self.take("("):
            node = self.sum()
            self.expect(")")
            return node
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "number":
            self.at += 1
            return Number(float(self.tokens[self.at - 1][1]))
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
            self.fail(
                "formula-operand",
                "The formula “{text}” lacks a name or a number at position {position}.",
            )
        token, position = self.name()
        if token == "sqrt" and self.take("("):
            inner = self.sum()
            self.expect(")")
            return Operation("^", inner, Number(0.5))
        if token in FUNCTIONS and self.take("("):
            argument = self.words()
            layer = self.words() if self.take(",") else ""
            self.expect(")")
            return Call(token, argument, layer, position)
        labels: list[str] = []
        if self.take("["):
            labels.append(self.name()[0])
            while self.take(","):
                labels.append(self.name()[0])
            self.expect("]")
        return Name(token, tuple(labels), position)
