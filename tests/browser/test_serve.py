"""`mfa serve` in Chromium: the open page turns into the list of errors when a table is saved."""

from __future__ import annotations

import threading
from pathlib import Path

from mfa.serve import Site, follow, make_server
from tests.browser.chromium import Chromium
from tests.mills import changed, tables_case


def test_open_page_follows(chromium: Chromium, tmp_path: Path) -> None:
    folder = tables_case(tmp_path / "c")
    site = Site(folder, "en")
    site.build()
    server = make_server(site, 0)
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    stop = threading.Event()
    thread = threading.Thread(
        target=follow, args=(site, server, lambda _: None, lambda _: None, stop)
    )
    thread.start()
    try:
        chromium.open(address)
        chromium.until("document.querySelector('#picture svg') !== null")
        chromium.until("shown !== null")
        tables_case(folder, changed("flows", 1, target="markt"))
        chromium.until("document.body.textContent.includes('flows.csv:3')")
        assert chromium.complaints() == []
        assert all(url.startswith(address) for url in chromium.requests())
        chromium.open("about:blank")
    finally:
        stop.set()
        thread.join()
