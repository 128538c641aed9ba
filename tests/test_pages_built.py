"""What `make web` leaves behind: small enough for a cheap phone, and nothing in it from elsewhere."""

import re
from pathlib import Path

import pytest

from transport.pages import DIST

WEB = DIST.parent
SCRIPT_BUDGET = 170_000
"""Bytes of compressed script on the first page (docs/decisions/web.md)."""


@pytest.fixture
def dist() -> Path:
    if not (DIST / "index.html").is_file():
        pytest.skip("web/dist is not built: run `make web`")
    return DIST


def loaded_by(page: str) -> set[str]:
    """Everything that a page's HTML loads at once."""
    return set(re.findall(r'(?:src|href)="(/[^"]+)"', page))


def test_the_start_page_keeps_its_budget_of_script(dist: Path) -> None:
    scripts = [path for path in loaded_by((dist / "index.html").read_text()) if path.endswith(".js")]
    assert scripts
    assert sum((dist / f".{path}.gz").stat().st_size for path in scripts) <= SCRIPT_BUDGET


@pytest.mark.parametrize("name", ["index.html", "graphiql.html"])
def test_pages_load_only_files_that_were_built(dist: Path, name: str) -> None:
    page = (dist / name).read_text()
    files = [path for path in loaded_by(page) if path.startswith(("/assets/", "/favicon"))]
    assert len(files) >= 3
    assert [path for path in files if not (dist / f".{path}").is_file()] == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=", page) == []


def test_style_sheets_load_nothing_from_elsewhere(dist: Path) -> None:
    addresses = [
        address
        for sheet in (dist / "assets").glob("*.css")
        for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text())
    ]
    assert addresses
    assert [a for a in addresses if not a.startswith(("/assets/", "data:image/"))] == []


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text()
