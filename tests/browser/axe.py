"""axe-core, where it is installed: it checks pages for barriers, and is no part of this project."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.browser.chromium import Chromium

ROOT = Path(__file__).parents[2]
PLACES = (ROOT / "node_modules", ROOT / ".venv" / "node_modules")
SERIOUS = ("serious", "critical")


def find_axe() -> Path | None:
    """Return axe-core's script: ``$AXE``, else where npm puts it."""
    named = os.environ.get("AXE")
    found = [Path(named)] if named else [p / "axe-core" / "axe.min.js" for p in PLACES]
    return next((path for path in found if path.is_file()), None)


def barriers(page: Chromium, axe: Path) -> list[str]:
    """Return what hinders people on the page as it is now, one line a finding."""
    page.run(axe.read_text(encoding="utf-8") + ";0")
    text = page.run(
        "axe.run(document, {resultTypes: ['violations']}).then((r) => JSON.stringify("
        "r.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.html.slice(0, 120))])))"
    )
    return [f"{impact} {name}: {nodes}" for impact, name, nodes in json.loads(text)]
