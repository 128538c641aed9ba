"""Answers in fewer bytes: which coding a client gets by what it says, and that it is what it says."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import brotli
import httpx
import pytest
import zstandard

from tests.door import TryHub, client_of
from transport import graphql_app
from transport.http.compression import compress

MANY = {"query": "{ reports(first: 200) { id area { name } } }"}
FEW = {"query": "{ hello }"}
DECODERS = {
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    None: bytes,
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(TryHub())) as client:
        yield client


async def ask(client: httpx.AsyncClient, asked: dict[str, str], accepts: str | None) -> tuple[httpx.Response, bytes]:
    """The answer and its body as it came, before anything decodes it."""
    headers = {} if accepts is None else {"accept-encoding": accepts}
    request = client.build_request("POST", "/graphql", json=asked, headers=headers)
    if accepts is None:
        del request.headers["accept-encoding"]
    response = await client.send(request, stream=True)
    return response, b"".join([piece async for piece in response.aiter_raw()])


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("zstd", "zstd"),
        ("br", "br"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("zstd;q=0.1, br;q=0.9, gzip;q=0.5", "br"),
        ("gzip;q=0.5, identity;q=0.9", None),
        ("gzip;q=0.5, identity;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("zstd;q=0, *", "br"),
        ("deflate, compress", None),
        ("gzip;q=1.5", None),
        ("gzip, *;q=0", "gzip"),
        ("*;q=0, identity", None),
    ],
)
async def test_the_best_that_the_client_takes(
    client: httpx.AsyncClient, accepts: str | None, coding: str | None
) -> None:
    plain = (await ask(client, MANY, "identity"))[1]
    response, body = await ask(client, MANY, accepts)
    assert response.status_code == 200
    assert response.headers.get("content-encoding") == coding
    assert json.loads(DECODERS[coding](body))["data"] == json.loads(plain)["data"]
    assert int(response.headers["content-length"]) == len(body)
    assert "Accept-Encoding" in response.headers["vary"]
    assert coding is None or len(body) * 3 < len(plain)


async def test_a_small_answer_is_left_as_it_is_where_that_is_taken(client: httpx.AsyncClient) -> None:
    response, body = await ask(client, FEW, "br")
    assert "content-encoding" not in response.headers
    assert body.startswith(b'{"data":{"hello":"Halo, Jakarta!"}')
    response, body = await ask(client, FEW, "gzip, identity;q=0")
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b'{"data":{"hello":"Halo, Jakarta!"}')


@pytest.mark.parametrize("accepts", ["identity;q=0", "*;q=0", "deflate, identity;q=0", "gzip;q=0, *;q=0"])
async def test_where_nothing_will_do_it_is_406_before_anything_ran(accepts: str) -> None:
    hub = TryHub()
    hub.go_on.set()
    async with client_of(graphql_app(hub)) as client:
        response, body = await ask(client, {"query": "mutation { slowly }"}, accepts)
    assert response.status_code == 406
    assert b"zstd, br, gzip" in body
    assert hub.done == []


async def test_a_long_refusal_is_compressed_too(client: httpx.AsyncClient) -> None:
    response, body = await ask(client, {"query": "{" + " ".join(f"f{number}" for number in range(30)) + "}"}, "gzip")
    assert response.headers["content-encoding"] == "gzip"
    assert b"GRAPHQL_VALIDATION_FAILED" in gzip.decompress(body)


async def test_event_streams_are_never_compressed(client: httpx.AsyncClient) -> None:
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip, br, zstd"}
    async with client.stream("POST", "/graphql", json=MANY, headers=headers) as response:
        body = b"".join([piece async for piece in response.aiter_raw()])
    assert "content-encoding" not in response.headers
    assert b"event: next" in body
    headers["accept-encoding"] = "gzip, identity;q=0"
    assert (await client.post("/graphql", json=MANY, headers=headers)).status_code == 406


async def test_gzip_tells_no_time_so_that_equal_answers_are_equal_bytes() -> None:
    body = await compress(b"x" * 2_000, "gzip")
    assert body[4:8] == bytes(4)
    assert gzip.decompress(body) == b"x" * 2_000


async def test_a_large_answer_is_compressed_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    beside = asyncio.to_thread

    async def noted(function: object, *arguments: object) -> object:
        sizes.append(len(arguments[0]))  # type: ignore[arg-type]
        return await beside(function, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "to_thread", noted)
    async with client_of(graphql_app(TryHub())) as client:
        await ask(client, MANY, "br")
        assert sizes == []
        large, _ = await ask(client, {"query": "{ reports(first: 2000) { id area { name } } }"}, "br")
    assert large.headers["content-encoding"] == "br"
    assert [size > 32_000 for size in sizes] == [True]
