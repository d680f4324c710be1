"""Every message has its Vietnamese, with the same placeholders; no catalogue holds dead entries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

import mfa
from mfa.errors import Place, Problem, Word

PACKAGE = Path(mfa.__file__).parent
CATALOGUES = sorted((PACKAGE / "locale" / "vi").glob("*.po"))
MARKERS = {"_", "N_", "Word"}
CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def literal(node: ast.expr) -> str | None:
    """Return the text of a string literal, implicit concatenation included."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""


def is_translator_call(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Call) and called(node.func) == "translator"


def messages_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, message) for every literal that is shown to people.

    What is marked by ``_``, ``N_`` or ``Word``, what a translator is called with at once, and the
    second argument of ``Problem(…)`` and of helpers that, like it, take a code first.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first = literal(node.args[0])
        if called(node) in MARKERS or is_translator_call(node):
            if first:
                yield node.lineno, first
        elif len(node.args) > 1:
            second = literal(node.args[1])
            coded = first and CODE.fullmatch(first) and " " in (second or "")
            if second and (called(node) == "Problem" or coded):
                yield node.lineno, second


@cache
def sources() -> dict[Path, ast.Module]:
    return {p: ast.parse(p.read_text(encoding="utf-8")) for p in sorted(PACKAGE.rglob("*.py"))}


@cache
def used() -> dict[str, str]:
    """Return message → where it first stands, over the code and the templates."""
    found: dict[str, str] = {}
    for path, tree in sources().items():
        for line, message in messages_in(tree):
            found.setdefault(message, f"{path.relative_to(PACKAGE)}:{line}")
    for path, message in template_messages():
        found.setdefault(message, str(path.relative_to(PACKAGE)))
    for message in help_messages():
        found.setdefault(message, "cli.py")
    return found


def help_messages() -> Iterator[str]:
    """Yield what ``--help`` shows: the docstrings of the commands and the help of their options."""
    from mfa.cli import cli

    for command in (cli, *cli.commands.values()):
        options = [getattr(parameter, "help", None) for parameter in command.params]
        yield from (text for text in (cleandoc(command.help or ""), *options) if text)


def template_messages() -> Iterator[tuple[Path, str]]:
    from jinja2 import Environment
    from jinja2.nodes import Call, Const, Name

    for path in sorted(PACKAGE.rglob("*.j2")):
        tree = Environment().parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(Call):
            if isinstance(call.node, Name) and call.node.name == "_" and call.args:
                assert isinstance(call.args[0], Const), f"{path.name}: _() of something not literal"
                yield path, call.args[0].value


@cache
def constants() -> frozenset[str]:
    """Return every string literal of the package: an entry must be one of them."""
    found = {
        node.value
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return frozenset({*found, *help_messages(), *(message for _, message in template_messages())})


def entries(path: Path) -> list[tuple[str, str]]:
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale="vi", abort_invalid=True)
    return [(entry.id, entry.string) for entry in catalogue if entry.id]


@cache
def vietnamese() -> dict[str, str]:
    return dict(entry for path in CATALOGUES for entry in entries(path))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_messages_are_found() -> None:
    assert len(used()) > 200
    assert "There is no {what} “{name}”. Did you mean “{near}”?" in used()


def test_every_message_is_translated() -> None:
    missing = [f"{where}: {m}" for m, where in used().items() if not vietnamese().get(m)]
    assert not missing, "\n".join(missing)


def test_translations_keep_their_placeholders() -> None:
    wrong = [m for m, text in vietnamese().items() if placeholders(m) != placeholders(text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_catalogue_holds_nothing_dead_or_double(path: Path) -> None:
    found = entries(path)
    ids = [message for message, _ in found]
    assert len(ids) == len(set(ids))
    assert [m for m in ids if m not in constants()] == []
    assert [m for m, text in found if not text.strip()] == []


def test_catalogues_agree_with_each_other() -> None:
    """A sentence in two rooms must not be translated in two ways."""
    said: dict[str, tuple[str, str]] = {}
    for path in CATALOGUES:
        for message, text in entries(path):
            before = said.setdefault(message, (text, path.name))
            assert before[0] == text, f"{message!r}: {before[1]} and {path.name} differ"


def test_catalogues_are_composed_and_really_vietnamese() -> None:
    import unicodedata

    for message, text in vietnamese().items():
        assert unicodedata.is_normalized("NFC", text), message
    same = [m for m, t in vietnamese().items() if m == t and len(re.findall(r"[a-z]{3,}", m)) > 3]
    assert not same


def test_words_inside_a_problem_are_translated() -> None:
    problem = Problem(
        "unknown-layer",
        "There is no {what} “{name}”. Add it, or correct the name.",
        {"what": Word("layer"), "name": "layer"},
        Place("Dòng", "C5"),
    )
    assert problem.text("vi") == "Dòng!C5: Không có lớp “layer”. Hãy bổ sung, hoặc sửa lại tên."
    assert problem.text("en").startswith("Dòng!C5: There is no layer “layer”.")
