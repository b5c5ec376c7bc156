"""A Chromium without a window, by the WebDriver protocol of its chromedriver.

In: an empty folder for its profile.  Out: a `Browser` that loads files and is asked about them; nothing
outside of this machine is asked for anything.  Every command has a time limit, which ends the test.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_LIMIT: Final = 120.0  # seconds a command: the machine may be busy


def executables() -> tuple[str, str] | None:
    """The browser and its driver; None where one of them is not installed."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    driver = shutil.which("chromedriver")
    return None if browser is None or driver is None else (browser, driver)


class Browser:
    """A session."""

    def __init__(self, base: str) -> None:
        self._base = base

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """One command of the protocol."""
        data = None if body is None else json.dumps(body).encode("utf-8")
        headers = {"Content-Type": "application/json"}
        request = Request(self._base + path, data=data, method=method, headers=headers)  # noqa: S310 - ours
        with urlopen(request, timeout=_LIMIT) as response:  # noqa: S310
            return json.load(response)["value"]

    def load(self, page: Path, fragment: str = "") -> None:
        """The page, from its file."""
        self.call("POST", "/url", {"url": page.as_uri() + fragment})

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - JSON
        """What a script returns, which is not the page's own."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def resize(self, width: int, height: int) -> None:
        metrics: dict[str, object] = {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": False,
        }
        self.command("Emulation.setDeviceMetricsOverride", metrics)

    def command(self, name: str, parameters: dict[str, object]) -> Any:  # noqa: ANN401 - JSON
        """A command of the browser's own protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def logged(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since the last time: `browser`, the console, or `performance`, all events."""
        found: list[dict[str, Any]] = self.call("POST", "/se/log", {"type": kind})
        return found

    def requests(self, page: Path) -> list[str]:
        """What the page has asked for since the last time, itself included, without what it holds itself.
        What the browser loads for its own purposes, at its start, is none of it."""
        events = [json.loads(entry["message"])["message"] for entry in self.logged("performance")]
        asked = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
        urls = [p["request"]["url"] for p in asked if p["documentURL"].partition("#")[0] == page.as_uri()]
        return [url for url in urls if not url.startswith("data:")]


@contextmanager
def started(profile: Path, *, scripts: bool = True) -> Iterator[Browser]:
    """A browser of its own, which is ended with all that it has started."""
    found = executables()
    if found is None:
        raise FileNotFoundError("there is no Chromium here")
    browser, driver = found
    port = _free_port()
    process = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    session: Browser | None = None
    try:
        server = Browser(f"http://127.0.0.1:{port}")
        _wait_for(server)
        value = server.call("POST", "/session", _capabilities(browser, profile, scripts=scripts))
        session = Browser(f"http://127.0.0.1:{port}/session/{value['sessionId']}")
        yield session
    finally:
        if session is not None:
            session.call("DELETE", "")
        process.terminate()
        process.wait(timeout=_LIMIT)


def _capabilities(browser: str, profile: Path, *, scripts: bool) -> dict[str, object]:
    preferences = {} if scripts else {"profile.managed_default_content_settings.javascript": 2}
    options = {"binary": browser, "args": [*_FLAGS, f"--user-data-dir={profile}"], "prefs": preferences}
    logs = {"browser": "ALL", "performance": "ALL"}
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
    return {"capabilities": {"alwaysMatch": wanted}}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(server: Browser) -> None:
    end = time.monotonic() + _LIMIT
    while True:
        try:
            if server.call("GET", "/status")["ready"]:
                return
        except (URLError, ConnectionError):
            pass
        if time.monotonic() > end:
            raise TimeoutError("the driver of the browser does not answer")
        time.sleep(0.1)
