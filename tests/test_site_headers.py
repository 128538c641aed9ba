"""Every answer of the site tells browsers to make no more of it than it is."""

import gzip
from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema.root import printed
from storage.store import Store
from tests.door import TryHub
from transport import graphql_app
from transport.site import site


async def broken(request: Request) -> Response:
    raise RuntimeError("no such table: secrets in /srv/data/hub.db")


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    others = [Route("/broken", broken)]
    application = site(graphql_app(TryHub()), cast(Store, None), others, origins=["https://peta.example"])
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client


def policy(answer: httpx.Response) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", (200, 503)),
        ("GET", "/graphiql", (200, 503)),
        ("GET", "/favicon.svg", (200, 503)),
        ("GET", "/assets/none.js", (404,)),
        ("GET", "/graphql?query={hello}", (200,)),
        ("GET", "/graphql", (400,)),
        ("GET", "/graphql?query={broken}", (200,)),
        ("PUT", "/graphql", (405,)),
        ("OPTIONS", "/graphql", (204, 400)),
        ("GET", "/schema.graphql", (200,)),
        ("POST", "/schema.graphql", (405,)),
        ("GET", "/healthz", (503,)),
        ("GET", "/nowhere", (404,)),
        ("GET", "/broken", (500,)),
    ],
)
async def test_every_answer_has_them(
    browser: httpx.AsyncClient, method: str, path: str, status: tuple[int, ...]
) -> None:
    for headers in ({}, {"accept": "text/event-stream"}, {"origin": "https://peta.example"}):
        answer = await browser.request(method, path, headers=headers)
        assert answer.status_code in (*status, 200)
        told = answer.headers
        assert told["x-content-type-options"] == "nosniff"
        assert policy(answer)["default-src"] == "'none'"
        assert policy(answer)["frame-ancestors"] == "'none'"
        assert told["referrer-policy"] in ("no-referrer", "same-origin")
        assert told["cross-origin-opener-policy"] == "same-origin"
        assert told["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in told["permissions-policy"]
        assert "server" not in told and "x-powered-by" not in told


async def test_data_may_run_and_load_nothing(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/graphql", params={"query": "{ hello }"})
    assert policy(answer) == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_a_failure_outside_graphql_tells_nothing(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/broken")
    assert answer.text == "Something went wrong in the hub."


async def test_the_schema_is_compressed_as_asked(browser: httpx.AsyncClient) -> None:
    for accepts, coding in (("identity", None), ("gzip", "gzip"), ("gzip", "gzip")):
        async with browser.stream("GET", "/schema.graphql", headers={"accept-encoding": accepts}) as answer:
            body = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"].startswith("Accept-Encoding")
        assert (gzip.decompress(body) if coding else body).decode() == printed()
    assert (await browser.get("/schema.graphql", headers={"accept-encoding": "*;q=0"})).status_code == 406


async def test_no_answer_leads_to_the_host_that_a_request_names(browser: httpx.AsyncClient) -> None:
    for path in ("/graphql/", "/graphiql/", "/healthz/"):
        answer = await browser.get(path, headers={"host": "evil.example"})
        assert answer.status_code == 404
        assert "location" not in answer.headers
