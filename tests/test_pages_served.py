"""What a browser is told along with the pages: what may run, what may be kept, and what to do when nothing is built."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from transport.pages import page_routes

SCRIPT = "export const simpul = 1;\n" * 100


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Simpul</title>")
    (tmp_path / "graphiql.html").write_text("<!doctype html><title>GraphiQL</title>")
    (assets / "start-abc123.js").write_text(SCRIPT)
    (assets / "start-abc123.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "secret.txt").write_text("not for the public")
    return tmp_path


def client(dist: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=page_routes(dist)))
    return httpx.AsyncClient(transport=transport, base_url="http://hub", headers={"accept-encoding": "identity"})


def directives(answer: httpx.Response) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in pairs}


async def test_pages_run_nothing_but_our_own_files(dist: Path) -> None:
    async with client(dist) as browser:
        for path in ("/", "/graphiql"):
            answer = await browser.get(path)
            assert answer.status_code == 200
            policy = directives(answer)
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == "'self'"
            assert policy["frame-ancestors"] == "'none'"
            assert "unsafe-eval" not in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-cache"


async def test_inline_styles_are_for_graphiql_alone(dist: Path) -> None:
    async with client(dist) as browser:
        assert directives(await browser.get("/"))["style-src"] == "'self'"
        assert directives(await browser.get("/graphiql"))["style-src"] == "'self' 'unsafe-inline'"


async def test_built_files_are_kept_for_good(dist: Path) -> None:
    async with client(dist) as browser:
        answer = await browser.get("/assets/start-abc123.js")
    assert answer.text == SCRIPT
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("br, gzip", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("gzip;q=0.0, br;q=1", None),
    ],
)
async def test_the_compressed_form_goes_to_those_who_take_it(dist: Path, accepts: str, encoding: str | None) -> None:
    async with client(dist) as browser:
        answer = await browser.get("/assets/start-abc123.js", headers={"accept-encoding": accepts})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.text == SCRIPT


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing-here.js",
        "/assets/../secret.txt",
        "/assets/%2e%2e%2fsecret.txt",
        "/assets/..%2findex.html",
        "/assets/%2e%2e",
        "/assets/start-abc123.js.gz",
        f"/assets/{'a' * 300}.js",
        "/secret.txt",
    ],
)
async def test_nothing_else_can_be_had(dist: Path, path: str) -> None:
    async with client(dist) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "not for the public" not in answer.text


@pytest.mark.parametrize("path", ["/", "/graphiql"])
async def test_pages_that_were_never_built_say_what_to_do(tmp_path: Path, path: str) -> None:
    async with client(tmp_path / "dist") as browser:
        answer = await browser.get(path)
    assert answer.status_code == 503
    assert "make web" in answer.text
    assert answer.text.count("\n") == 1
    assert answer.headers["cache-control"] == "no-store"


async def test_pages_built_meanwhile_are_served_without_a_restart(tmp_path: Path) -> None:
    async with client(tmp_path) as browser:
        assert (await browser.get("/")).status_code == 503
        (tmp_path / "index.html").write_text("<!doctype html>")
        assert (await browser.get("/")).status_code == 200
