"""Report and explorer side by side in Chromium: every case, both languages, both widths."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from mfa.model.system import System
from mfa.report import write_report
from tests.browser.axe import barriers, find_axe
from tests.browser.chromium import Chromium
from tests.report.cities import bare, city, crowd, town

CASES: dict[str, Callable[[], System]] = {
    "city": lambda: city(("2022", "2023")),
    "town": town,
    "bare": bare,
    "crowd": crowd,
}
PAGES = [
    (name, page)
    for name in CASES
    for page in ("report.vi.html", "report.en.html", "explorer.html", "explorer.html#language=en")
]
WIDTHS = (390, 1440)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that writes the pages of a case once and returns their folder."""
    folder, made = tmp_path_factory.mktemp("pages"), set()

    def write(name: str) -> Path:
        if name not in made:
            write_report(CASES[name]().balance(), folder / name, formats=("html", "explorer"))
            made.add(name)
        return folder / name

    return write


def go(chromium: Chromium, folder: Path, page: str, width: int = 1440) -> str:
    """Open a page of a case and return its address without what stands after ``#``."""
    name, _, fragment = page.partition("#")
    address = (folder / name).as_uri()
    chromium.open(f"{address}#{fragment}" if fragment else address, width)
    if name == "explorer.html":
        chromium.until("document.querySelector('#picture svg, #picture p') !== null")
    return address


def colours(png: bytes) -> int:
    """Return how many different bytes the pixels of a PNG hold: a blank page has one or two."""
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return len(set(zlib.decompress(data)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("name", "page"), PAGES)
def test_fits_shows_something_and_is_silent(
    chromium: Chromium, site: Callable, tmp_path: Path, name: str, page: str, width: int
) -> None:
    address = go(chromium, site(name), page, width)
    assert chromium.run("document.documentElement.scrollWidth") <= width
    assert colours(chromium.screenshot(tmp_path / "page.png").read_bytes()) > 30
    assert chromium.complaints() == []
    assert [url.partition("#")[0] for url in chromium.requests()] == [address]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("name", "page"), [p for p in PAGES if p[0] in ("city", "town")])
def test_without_barriers(
    chromium: Chromium, site: Callable, name: str, page: str, width: int
) -> None:
    axe = find_axe()
    if axe is None:
        pytest.skip("no axe-core here: barriers were not looked for (npm install axe-core, or AXE)")
    go(chromium, site(name), page, width)
    assert barriers(chromium, axe) == []


def test_opened_panel_is_without_barriers(chromium: Chromium, site: Callable) -> None:
    axe = find_axe()
    if axe is None:
        pytest.skip("no axe-core here: barriers were not looked for (npm install axe-core, or AXE)")
    go(chromium, site("city"), "explorer.html#language=en&chosen=process:lorries")
    chromium.until("document.querySelectorAll('#panel h3').length > 2")
    assert barriers(chromium, axe) == []


def test_axe_finds_what_is_wrong(chromium: Chromium, site: Callable) -> None:
    axe = find_axe()
    if axe is None:
        pytest.skip("no axe-core here: barriers were not looked for (npm install axe-core, or AXE)")
    go(chromium, site("town"), "report.en.html")
    chromium.run(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button>')"
    )
    assert any("button-name" in line for line in barriers(chromium, axe))


def test_report_and_explorer_lead_to_each_other(chromium: Chromium, site: Callable) -> None:
    folder = site("city")
    go(chromium, folder, "report.en.html")
    chromium.run("document.querySelector('#sankey-waste .explore').click()")
    chromium.until("location.pathname.endsWith('explorer.html') && state.view === 'waste'")
    assert chromium.run("document.documentElement.lang") == "en"
    chromium.run("choose('quantity:rice')")
    chromium.run("document.querySelector('#panel-body a[href^=\"report.en\"]').click()")
    chromium.until("location.pathname.endsWith('report.en.html')")
    chromium.until("document.querySelector(':target')?.id === 'q-rice'")
    go(chromium, folder, "explorer.html")
    assert chromium.run("document.querySelector('#report').getAttribute('href')") == (
        "report.vi.html"
    )


def test_report_by_keyboard(chromium: Chromium, site: Callable) -> None:
    go(chromium, site("city"), "report.en.html")
    chromium.press("Tab")
    assert chromium.run("document.activeElement.className") == "skip"
    assert chromium.run("document.activeElement.getBoundingClientRect().left") >= 0
    chromium.press("Enter")
    assert chromium.run("location.hash") == "#summary"
    chromium.press("Tab")
    assert chromium.run("document.activeElement.closest('#summary') !== null")
    outline = chromium.run("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    chromium.run("document.querySelector('#all-flows .filter input').focus()")
    rows = "[...document.querySelectorAll('#all-flows tbody tr')].filter((r) => !r.hidden).length"
    everything = chromium.run(rows)
    chromium.send("Input.insertText", text="harvest")
    assert 0 < chromium.run(rows) < everything


def test_contents_follow_the_reader(chromium: Chromium, site: Callable) -> None:
    go(chromium, site("crowd"), "report.vi.html")
    chromium.run("document.documentElement.style.scrollBehavior = 'auto'")
    chromium.run(
        'document.querySelector(\'.toc a[href*="Ngành"], .toc a[href*="sector-"]\').click()'
    )
    chromium.until("document.querySelector('.toc a.now')?.hash.startsWith('#sector-')")
    assert chromium.complaints() == []


def test_names_are_text_in_the_report(chromium: Chromium, site: Callable) -> None:
    go(chromium, site("city"), "report.en.html")
    assert chromium.run("document.querySelector('h1').textContent").endswith("</script>")
    assert chromium.run("document.scripts.length") == 1
    assert chromium.run("document.querySelectorAll('a[href^=javascript]').length") == 0
