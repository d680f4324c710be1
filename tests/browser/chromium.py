"""A small driver for Chromium over its debugging pipe: no driver program, no package."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE = 20.0  # seconds


def find_chromium() -> str | None:
    """Return the browser's path: ``$CHROMIUM``, else the first of `NAMES` that is installed."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One headless browser with one page at a time."""

    def __init__(self, path: str, folder: Path) -> None:
        self.folder = folder
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        def place_pipes() -> None:  # the browser reads from 3 and writes to 4
            source, target = os.dup(to_browser), os.dup(from_browser)
            os.dup2(source, 3)
            os.dup2(target, 4)

        self._process = subprocess.Popen(
            [path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"],
            close_fds=False, preexec_fn=place_pipes, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._rest, self._number = b"", 0
        self.session = ""
        self.events: list[dict[str, Any]] = []

    def open(self, url: str, width: int = 1280, height: int = 900) -> None:
        """Open `url` in a new page and wait until it is loaded; watch console and network."""
        self.session, self.events = "", []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.bringToFront")  # keys go to the page in front only
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.folder))
        self.resize(width, height)
        self.send("Page.navigate", url=url)
        self.wait(lambda: any(e["method"] == "Page.loadEventFired" for e in self.events))

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page another size in px."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)  # fmt: skip

    def run(self, script: str) -> Any:
        """Return the value of an expression of JavaScript; a promise is awaited."""
        result = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until an expression is true; while a page gives way to the next, it is not."""

        def holds() -> bool:
            try:
                return bool(self.run(script))
            except AssertionError:
                return False

        self.wait(holds)

    def press(self, key: str) -> None:
        """Press and release a key, such as Tab or Enter."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        text = {"text": "\r"} if key == "Enter" else {}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.send("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def screenshot(self, path: Path) -> Path:
        """Write what the page shows as PNG."""
        data = self.send("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))
        return path

    def complaints(self) -> list[str]:
        """Return errors and warnings of the console, the security policy included."""
        found = []
        for event in self.events:
            entry = event["params"].get("entry", event["params"])
            level = entry.get("level", entry.get("type"))
            if event["method"] == "Runtime.exceptionThrown" or (
                event["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled")
                and level in ("error", "warning", "assert")
            ):
                found.append(json.dumps(event["params"]))
        return found

    def requests(self) -> list[str]:
        """Return the addresses the page asked for; data inside the page itself is none."""
        urls = [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith(("data:", "blob:"))]

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self.session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self.session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self._next(end - time.monotonic())
            if answer is None:
                raise TimeoutError(method)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def wait(self, ready: Any) -> None:
        """Wait until `ready()` is true, reading events meanwhile."""
        end = time.monotonic() + PATIENCE
        while not ready():
            self._next(0.05)
            if time.monotonic() > end:
                raise TimeoutError("the page did not get ready")

    def _next(self, seconds: float) -> dict[str, Any] | None:
        """Return the next message, if one comes in time; events are kept."""
        while b"\0" not in self._rest:
            if not select.select([self._read], [], [], max(seconds, 0))[0]:
                return None
            part = os.read(self._read, 1 << 20)
            if not part:
                raise ConnectionError("the browser has ended")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._write)
        os.close(self._read)
