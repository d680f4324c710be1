"""Data goes one way: a room imports only rooms above it; importing `mfa` costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mfa

PACKAGE = Path(mfa.__file__).parent
HEAVY = (
    "pandas", "xarray", "sympy", "typst", "docx", "pint", "scipy", "numpy", "openpyxl",
    "xlsxwriter", "floweaver", "networkx", "jinja2", "babel", "resvg_py", "click", "numba",
    "dask", "distributed",
)  # fmt: skip

BASE = {"", "errors", "files", "locale", "vocabulary", "units", "unit_list", "unit_text"}
BASE |= {"number_text", "threads", "cluster"}
ACCOUNT = {
    "account",
    "balancing",
    "combination",
    "ensemble",
    "export",
    "result",
    "quantity_table",
    "balance_table",
    "observation_table",
    "verdict",
}
ALLOWED = {
    **dict.fromkeys(BASE, BASE),
    "model": BASE,
    "balance": BASE | {"model"},
    **dict.fromkeys(ACCOUNT, BASE | ACCOUNT | {"model", "balance"}),
    "workbook": BASE | {"model"},
    "formats": BASE | {"model", "workbook"},
    "indicators": BASE | ACCOUNT | {"model", "balance"},
    "sankey": BASE | ACCOUNT | {"model", "balance"},
    "report": BASE
    | ACCOUNT
    | {"model", "balance", "indicators", "sankey", "comparison", "scenarios"},
    "scenarios": BASE | ACCOUNT | {"model", "balance", "sankey"},
    "comparison": BASE | ACCOUNT | {"model", "balance", "indicators", "sankey", "formats"},
    "settings": BASE,
    "frameworks": BASE | {"settings", "workbook", "formats"},
    "convert": BASE | {"case", "frameworks", "workbook", "formats", "model", "sankey"},
}
"""Room → rooms it may import; ``""`` is the package itself, for its version."""
SHORTCUTS = {
    ("mfa.model.system", "balancing"),
    ("mfa.account", "sankey"),
    ("mfa.account", "formats"),
}
"""These lead downwards on purpose (`System.balance`, `Account.to_csv`): users call them."""
BOTTOM = {
    "case",
    "case_path",
    "cases",
    "__main__",
    "cli",
    "coarse",
    "cli_compare",
    "cli_convert",
    "cli_errors",
    "cli_explain",
    "cli_help",
    "cli_options",
    "cli_sankey",
    "cli_scenario",
    "cli_report",
    "cli_serve",
    "cli_text",
    "cli_verdict",
    "cli_usage",
    "serve",
}


def modules() -> Iterator[tuple[str, str, ast.Module]]:
    """Yield (module, room, tree) of every module but those at the bottom, which tie the rooms."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        room = "" if parts == ("__init__",) else parts[0]
        if room not in BOTTOM and room:
            yield (
                ".".join(("mfa", *parts)).removesuffix(".__init__"),
                room,
                ast.parse(path.read_text(encoding="utf-8")),
            )


def rooms_imported(tree: ast.AST) -> Iterator[str]:
    """Yield the rooms that a module names in imports at run time, inside functions too."""
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            names = [str(node.module)]
            if node.module == "mfa":
                names = [f"mfa.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            head, _, rest = name.partition(".")
            if head == "mfa":
                yield rest.partition(".")[0]


def test_rooms_import_only_rooms_above_them() -> None:
    wrong = [
        f"{module} imports mfa.{target}"
        for module, room, tree in modules()
        for target in rooms_imported(tree)
        if target != room
        and target not in ALLOWED.get(room, set())
        and (module, target) not in SHORTCUTS
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_is_known() -> None:
    rooms = {room for _, room, _ in modules()}
    assert rooms - {"data"} <= set(ALLOWED), "say in ALLOWED what the new room may import"


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return done.stdout


@pytest.mark.parametrize("module", ["mfa", "mfa.errors", "mfa.locale", "mfa.vocabulary"])
def test_importing_costs_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_command_line_imports_nothing_heavy_but_click() -> None:
    code = f"import mfa.cli, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code).strip() == "['click']"


def test_every_public_name_is_there() -> None:
    code = "import mfa; print(all(getattr(mfa, name) for name in mfa.__all__))"
    assert run(code).strip() == "True"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Sytem'"):
        _ = mfa.Sytem
