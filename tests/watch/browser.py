"""A real browser without a window: Debian's chromium, driven by its own protocol."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
)
PATIENCE = 60.0  # seconds that a browser may take to start, or a page to show what it should
# Text as a reader sees it, that inside Bokeh's shadow roots too.
TEXT = """(() => {
  const skip = new Set(["STYLE", "SCRIPT"]);
  const walk = node => node.nodeType === 3 ? node.textContent : skip.has(node.tagName) ? "" :
    [...(node.shadowRoot ? node.shadowRoot.childNodes : []), ...node.childNodes].map(walk).join(" ");
  return walk(document.body).replace(/\\s+/g, " ");
})()"""


class Browser:
    """One page."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: WebSocketClientConnection) -> None:
        self.loop, self.connection, self.sent = loop, connection, 0

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.loop.run_until_complete(self._ask(method, parameters))

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.sent += 1
        await self.connection.write_message(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while True:
            message = await asyncio.wait_for(self.connection.read_message(), PATIENCE)
            assert message is not None, "the browser is gone"
            told = json.loads(message)
            if told.get("id") == self.sent:
                return told["result"]

    def open(self, url: str) -> None:
        self.ask("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript."""
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def text(self) -> str:
        return self.run(TEXT) or ""

    def wait_for(self, found: Callable[[str], Any]) -> str:
        """The page's text, once it is as it should be."""
        until = time.monotonic() + PATIENCE
        while not found(text := self.text()):
            assert time.monotonic() < until, f"the page does not come to show it: {text!r}"
            time.sleep(0.2)
        return text

    def screenshot(self, path: Path) -> None:
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))


@contextmanager
def browser(width: int = 1240, height: int = 900) -> Iterator[Browser]:
    """A browser with one empty page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, env={**os.environ, "HOME": folder}, **quiet)
        loop = asyncio.new_event_loop()
        try:
            connection = loop.run_until_complete(_connected(Path(folder) / "DevToolsActivePort"))
            yield Browser(loop, connection)
            connection.close()
        finally:
            process.terminate()
            process.wait(PATIENCE)
            loop.close()


async def _connected(port_file: Path) -> WebSocketClientConnection:
    until = time.monotonic() + PATIENCE
    while not port_file.exists() or not port_file.read_text():
        assert time.monotonic() < until, "the browser does not start"
        await asyncio.sleep(0.1)
    port = port_file.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
        page = next(one for one in json.load(answer) if one["type"] == "page")
    return await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=2**26)
