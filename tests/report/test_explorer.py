"""The explorer as text: complete, safe, small, the same every time. Its life: tests/browser."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import html5lib
import pytest

from mfa.account import Account
from mfa.model.system import System
from mfa.report import write_report
from mfa.report.explorer import data_block, render_explorer
from mfa.report.explorer_data import explorer_data
from tests.report.cities import SCRIPT, city


@pytest.fixture(scope="module")
def account() -> Account:
    return city().balance()


@pytest.fixture(scope="module")
def page(account: Account) -> str:
    return render_explorer(account, ("vi", "en"))


@pytest.fixture(scope="module")
def data(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_is_html_without_errors(page: str) -> None:
    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def test_names_never_become_markup(page: str, data: dict) -> None:
    assert SCRIPT not in page
    assert data["title"][1] == f"City & {SCRIPT}"
    assert data["processes"]["fields"][1] == f"Fields {SCRIPT}"


def test_data_block_stays_a_data_block() -> None:
    hostile = {"a": "</script><script>x</script>", "b": "<!-- <script>", "c": "\u2028&amp;"}
    block = data_block(hostile)
    assert not set(block) & set("<>&\u2028")
    assert json.loads(block) == hostile


def test_policy_allows_only_what_the_page_carries(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r'\s(style|on\w+)="', page.partition('id="data"')[0])


def test_nothing_is_fetched(page: str) -> None:
    assert not re.findall(r'(?:src|href)="(?!#)[^"]+"', page.partition('id="data"')[0])


def test_same_account_same_bytes(account: Account, page: str) -> None:
    assert render_explorer(account, ("vi", "en")) == page


def test_every_quantity_with_its_names_and_data(account: Account, data: dict) -> None:
    assert len(data["quantities"]) == len(account.table)
    rice = next(row for row in data["quantities"] if row[0] == "rice")
    assert rice[1] == ["Gạo ăn", "Rice eaten"]
    assert rice[11] == pytest.approx(account["rice"].value, rel=1e-5)
    (number,) = rice[-1]
    assert data["data"][number][3] == "S2"
    free = next(row for row in data["quantities"] if row[10] == "free")
    assert free[11] is None


def test_pictures_of_every_view_and_language(account: Account, data: dict) -> None:
    keys = {f"{view}|2023||{x}" for view in account.system.views for x in ("vi", "en")}
    assert set(data["pictures"]) == keys
    for picture in filter(None, data["pictures"].values()):
        assert gzip.decompress(base64.b64decode(picture)).startswith(b"<svg")
    assert data["groups"]["all"]["g"]["names"] == {"vi": "Tất cả", "en": "All"}
    assert "fields" in data["groups"]["all"]["g"]["members"]


def test_too_many_pictures_leave_the_page_small(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mfa.report.explorer_data.PICTURES", 1)
    pictures = explorer_data(account, ("vi", "en"))["pictures"]
    assert list(pictures) == ["all|2023||vi"]


def test_periods_are_kept_apart() -> None:
    data = explorer_data(city(("2022", "2023")).balance(), ("en",))
    assert data["periods"] == ["2022", "2023"]
    rows = [row for row in data["quantities"] if row[0] == "rice"]
    assert [row[7] for row in rows] == ["2022", "2023"]
    assert rows[0][-1] != rows[1][-1]
    assert next(iter(data["pictures"])).split("|")[1] == "2023"


def test_city_without_views_is_drawn_whole() -> None:
    system = System("mill", unit="t/year")
    system.layer("water", "m3/year")
    system.process("mill")
    system.flow("paddy", "import", "mill", value=5, sd=1)
    system.flow("rice", "mill", "export")
    system.flow("tap", "environment", "mill", value=3, sd=1, layer="water")
    system.flow("drain", "mill", "environment", layer="water")
    data = explorer_data(system.balance(), ("en",))
    assert [view["layer"] for view in data["views"]] == ["goods", "water"]
    assert data["pictures"]["all-goods|||en"]


def test_report_and_explorer_draw_each_picture_once(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mfa.sankey
    import mfa.sankey.view

    drawn, gathered = [], []
    draw_graph, gather = mfa.sankey.draw_graph, mfa.sankey.view.gather

    def drawing(graph: Any, *args: Any) -> Any:
        drawn.append((graph.title, graph.language))
        return draw_graph(graph, *args)

    def gathering(account: Account, view: Any, **options: Any) -> Any:
        gathered.append(view.id)
        return gather(account, view, **options)

    monkeypatch.setattr("mfa.sankey.draw_graph", drawing)
    monkeypatch.setattr("mfa.sankey.view.gather", gathering)
    write_report(account, tmp_path, formats=("html", "explorer"))
    views = account.system.views
    assert sorted(gathered) == sorted(views)
    assert sorted(drawn) == sorted((v.name(x), x) for v in views.values() for x in ("vi", "en"))


def test_links_to_the_report_only_where_there_is_one(account: Account, tmp_path: Path) -> None:
    write_report(account, tmp_path, formats=("html", "explorer"))
    both = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    assert '<a class="to-report" id="report" href="report.vi.html"' in both
    assert 'href="explorer.html#language=vi"' in (tmp_path / "report.vi.html").read_text("utf-8")
    write_report(account, tmp_path / "alone", formats=("explorer",))
    alone = (tmp_path / "alone" / "explorer.html").read_text(encoding="utf-8")
    assert "to-report" not in alone.partition("<body")[2]
    write_report(account, tmp_path / "plain", formats=("html",))
    assert "explorer.html" not in (tmp_path / "plain" / "report.vi.html").read_text("utf-8")


def test_part_of_the_report(account: Account, tmp_path: Path) -> None:
    (written,) = write_report(account, tmp_path, languages=("en",), formats=("explorer",))
    assert written.name == "explorer.html"
    text = written.read_text(encoding="utf-8")
    assert 'data-language="en"' in text
    assert 'data-language="vi"' not in text
