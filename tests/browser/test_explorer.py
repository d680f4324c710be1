"""The explorer in Chromium: by mouse, by keyboard, on a phone, from a file, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

import mfa
from mfa.report.explorer import render_explorer
from tests.browser.chromium import Chromium
from tests.report.cities import city

CHOSEN = "document.querySelector('#panel-title').textContent"


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    page = render_explorer(city(("2022", "2023")).balance(), ("vi", "en"))
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture
def page(chromium: Chromium, file: Path) -> Chromium:
    chromium.open(file.as_uri())
    chromium.until("document.querySelector('#picture svg') !== null")
    return chromium


def choose(page: Chromium, name: str, value: str) -> None:
    page.run(
        f"(() => {{ const s = document.getElementById('{name}'); s.value = '{value}';"
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


@pytest.mark.parametrize("width", [390, 1440])
def test_fits_and_is_silent(page: Chromium, file: Path, width: int) -> None:
    page.resize(width)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.complaints() == []
    assert page.requests() == [file.as_uri()]


def test_names_are_text(page: Chromium) -> None:
    page.run("document.querySelector('[data-language=en]').click()")
    assert page.run("document.querySelector('#title').textContent").endswith("</script>")
    assert page.run("document.querySelectorAll('h1 script, td script, #panel script').length") == 0
    assert page.complaints() == []


def test_language(page: Chromium) -> None:
    assert page.run("document.documentElement.lang") == "vi"
    page.run("document.querySelector('[data-language=en]').click()")
    page.until("document.querySelector('#picture svg')?.getAttribute('lang') === 'en'")
    assert page.run("document.querySelector('#table-title').textContent") == "Quantities"


def test_keyboard_reaches_a_node_and_what_it_is_made_of(page: Chromium) -> None:
    for _ in range(40):
        page.press("Tab")
        if page.run("document.activeElement.classList.contains('mfa-node')"):
            break
    name = page.run("document.activeElement.getAttribute('aria-label')")
    assert name
    page.press("Enter")
    assert page.run("document.activeElement.id") == "panel-title"
    assert page.run(f"{name!r}.startsWith({CHOSEN})")
    assert page.run("document.querySelectorAll('#panel-body h3').length") >= 2
    page.press("Escape")
    assert page.run("document.querySelectorAll('#panel-body h3').length") == 0


def test_process_shows_balance_sources_and_doubts(page: Chromium) -> None:
    page.run("document.querySelector('[data-language=en]').click()")
    page.run("choose('process:lorries')")
    text = page.run("document.querySelector('#panel-body').innerText")
    assert "Balance" in text
    assert "Sources" in text
    assert "=HYPERLINK" in text
    assert page.run("document.querySelectorAll('#panel a[href^=javascript]').length") == 0


def test_table_is_sorted_filtered_and_searched_without_accents(page: Chromium) -> None:
    rows = "document.querySelectorAll('#quantities tbody tr').length"
    everything = page.run(rows)
    page.run("(() => { const f = document.getElementById('find'); f.value = 'gao ban';"
             "f.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert page.run(rows) == 1
    page.run("(() => { const f = document.getElementById('find'); f.value = '';"
             "f.dispatchEvent(new Event('input')); })()")  # fmt: skip
    choose(page, "kind", "parameter")
    assert page.run(rows) == 3
    choose(page, "kind", "")
    assert page.run(rows) > everything
    choose(page, "kind", "flow")
    choose(page, "status", "free")
    assert 0 < page.run(rows) < everything
    choose(page, "status", "")
    page.run("document.querySelector('[data-sort=quantity]').click()")
    assert page.run("document.querySelector('th[aria-sort=ascending]').textContent") == "Đại lượng"
    names = page.run("[...document.querySelectorAll('#quantities tbody th')].map(x => x.innerText)")
    assert page.run(f"{names!r}.every((x, i, a) => !i || a[i-1].localeCompare(x, 'vi') <= 0)")


def test_period_and_layer_are_remembered_in_the_address(page: Chromium) -> None:
    choose(page, "period", "2022")
    choose(page, "layer", "water")
    assert page.run("document.getElementById('view').value") == "w"
    address = page.run("location.hash")
    assert "period=2022" in address
    assert "layer=water" in address
    assert "2022" in page.run("fileName()")


def test_another_address_of_the_page_is_followed(page: Chromium) -> None:
    page.run("choose('process:mill')")
    page.run("location.hash = 'language=en&view=w'")
    page.until("document.querySelector('#picture svg')?.getAttribute('lang') === 'en'")
    assert page.run("document.getElementById('view').value") == "w"
    assert page.run("state.chosen") == ""
    page.run("location.hash = 'quantities'")  # a place in the page, no choice
    page.run("new Promise((done) => setTimeout(done, 50))")
    assert page.run("document.getElementById('view').value") == "w"


def test_sums_have_no_more_digits_than_their_parts(page: Chromium) -> None:
    assert page.run("spreadOf([{sd: 30, unit: 't'}, {sd: 40, unit: 't'}], 't')") == 50
    assert page.run("spreadOf([{sd: 30, unit: 'kg'}], 't')") == 0
    assert page.run("number(12345, decimals(12345, 5000))") == "12.000"


@pytest.mark.parametrize(
    ("button", "suffix", "start"),
    [("svg", "svg", b"<svg"), ("png", "png", b"\x89PNG"), ("csv", "csv", b"\xef\xbb\xbfname,id")],
)
def test_downloads(page: Chromium, downloads: Path, button: str, suffix: str, start: bytes) -> None:
    for old in downloads.glob(f"*.{suffix}"):
        old.unlink()
    page.run(f"document.getElementById('save-{button}').click()")
    page.wait(lambda: any(p.stat().st_size for p in downloads.glob(f"*.{suffix}")))
    (found,) = downloads.glob(f"*.{suffix}")
    assert found.read_bytes().startswith(start)
    assert b"\n=HYPER" not in found.read_bytes()
    assert page.complaints() == []


def test_everything_one_can_use_has_a_name(page: Chromium) -> None:
    nameless = page.run(
        "[...document.querySelectorAll('button,select,input,a,[tabindex=\"0\"]')].filter(x =>"
        "!(x.labels && x.labels.length) && !x.textContent.trim() && !x.getAttribute('aria-label')"
        "&& !x.getAttribute('aria-labelledby')).map(x => x.outerHTML)"
    )
    assert nameless == []


@pytest.fixture
def scenarios(chromium: Chromium, tmp_path: Path) -> Chromium:
    """Open the explorer of a case with a scenario that halves what a flow was measured at."""
    system = mfa.System("mill", unit="t/year")
    system.process("mill", name_en="Mill")
    system.flow("rice", "import", "mill", value=100, sd=5)
    system.flow("flour", "mill", "export", name_en="Flour")
    names = {"scenario_name_en": "Frugal", "scenario_name_vi": "Tiết kiệm"}
    system.intervene("frugal", "rice", "multiply", 0.5, source="plan", **names)
    page = tmp_path / "explorer.html"
    page.write_text(render_explorer(system.balance(), ("en", "vi")), encoding="utf-8")
    chromium.open(page.as_uri())
    return chromium


def test_a_switch_leads_from_the_case_as_it_is_to_a_scenario(scenarios: Chromium) -> None:
    page = scenarios
    page.until("document.querySelector('#picture svg') !== null")
    cells = "[...document.querySelectorAll('#quantities tbody tr')].map((r) => r.textContent)"
    options = "[...document.getElementById('scenario').options].map((o) => o.text)"
    assert page.run(options) == ["As it is", "Frugal"]
    assert all("100" in row for row in page.run(cells))
    choose(page, "scenario", "frugal")
    page.until("document.querySelector('#picture svg')?.textContent.includes('Frugal')")
    assert all("50" in row and "100" in row for row in page.run(cells))  # beside it: as it is
    assert "scenario=frugal" in page.run("location.hash")
    choose(page, "scenario", "")
    assert all("50.0" not in row for row in page.run(cells))


def test_without_scenarios_there_is_no_switch(page: Chromium) -> None:
    assert page.run("document.getElementById('scenario').closest('label').hidden")
