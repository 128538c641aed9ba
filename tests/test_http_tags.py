"""Entity tags and 304: what did not change is not sent again, and nobody's token is in it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from execution import Answer
from tests.door import TryHub, client_of
from transport import DoorSettings, graphql_app

SECRET = b"s" * 32
HELLO = {"query": "{ hello }"}
GRAPHQL = "application/graphql-response+json"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(TryHub(), secret=SECRET)) as client:
        yield client


async def get(client: httpx.AsyncClient, query: str = "{ hello }", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get("/graphql", params={"query": query}, headers=named)


async def test_a_get_has_a_weak_tag_and_is_304_while_the_answer_is_the_same(client: httpx.AsyncClient) -> None:
    first = await get(client)
    tag = first.headers["etag"]
    assert tag.startswith('W/"') and first.headers["cache-control"] == "no-cache"
    again = await get(client, if_none_match=tag)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    other = await get(client, '{ hello(name: "Bogor") }', if_none_match=tag)
    assert other.status_code == 200
    assert other.headers["etag"] != tag


@pytest.mark.parametrize(
    "form", ["{tag}", '"a", {tag}', '{tag} , "b"', "*", "{strong}", ' W/"x",{strong},', '"a,b", {tag}']
)
async def test_lists_stars_and_weak_comparison(client: httpx.AsyncClient, form: str) -> None:
    tag = (await get(client)).headers["etag"]
    known = form.format(tag=tag, strong=tag.removeprefix("W/"))
    assert (await get(client, if_none_match=known)).status_code == 304


@pytest.mark.parametrize("form", ['"a"', 'W/"a", "b"', "{bare}", '"{bare}', "", '"x{bare}"'])
async def test_other_tags_are_not_it(client: httpx.AsyncClient, form: str) -> None:
    bare = (await get(client)).headers["etag"].removeprefix('W/"').removesuffix('"')
    assert (await get(client, if_none_match=form.replace("{bare}", bare))).status_code == 200


async def test_head_has_the_tag_too(client: httpx.AsyncClient) -> None:
    tag = (await get(client)).headers["etag"]
    told = await client.head("/graphql", params=HELLO)
    assert told.headers["etag"] == tag
    assert (await client.head("/graphql", params=HELLO, headers={"if-none-match": tag})).status_code == 304


async def test_all_processes_of_a_hub_give_the_same_tag_and_no_other_hub_does(client: httpx.AsyncClient) -> None:
    tag = (await get(client)).headers["etag"]
    async with client_of(graphql_app(TryHub(), secret=SECRET)) as twin:
        assert (await get(twin)).headers["etag"] == tag
    async with client_of(graphql_app(TryHub(), secret=b"t" * 32)) as stranger:
        assert (await get(stranger)).headers["etag"] != tag


async def test_the_media_types_have_tags_of_their_own_and_codings_share_one(client: httpx.AsyncClient) -> None:
    tags = [
        (await get(client, "{ reports(first: 99) { id } }", accept=JSON)).headers["etag"] for JSON in ("*/*", GRAPHQL)
    ]
    assert tags[0] != tags[1]
    packed = await get(client, "{ reports(first: 99) { id } }", accept_encoding="br")
    assert packed.headers["content-encoding"] == "br"
    assert packed.headers["etag"] == tags[0]


@pytest.mark.parametrize("header", ["authorization", "simpul-follow-token", "simpul-api-key"])
async def test_who_shows_a_token_gets_neither_tag_nor_304(client: httpx.AsyncClient, header: str) -> None:
    shown = {header: "Bearer abc" if header == "authorization" else "abc"}
    for known in ({}, {"if-none-match": "*"}):
        response = await client.get("/graphql", params=HELLO, headers={**shown, **known})
        assert response.status_code == 200
        assert "etag" not in response.headers
        assert response.headers["cache-control"] == "private, no-store"


async def test_posts_refusals_and_partial_answers_have_no_tag(client: httpx.AsyncClient) -> None:
    posted = await client.post("/graphql", json=HELLO, headers={"if-none-match": "*"})
    refused = await get(client, "{ nope }", if_none_match="*", accept=GRAPHQL)
    partial = await get(client, "{ hello mistake }", if_none_match="*")
    assert [each.status_code for each in (posted, refused, partial)] == [200, 400, 200]
    assert not any("etag" in each.headers for each in (posted, refused, partial))


async def test_what_an_answer_cost_is_not_in_its_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = TryHub()

    async def execute(*arguments: Any) -> Answer:
        return Answer({"reports": [{"id": 1}]}, None, {"a": lasting}, spent=1)

    monkeypatch.setattr(hub.engine, "execute", execute)
    query = "{ reports(first: 1) { id } }"
    settings = DoorSettings(cost_bucket=100, cost_per_second=0.001, answer_seconds=0)
    async with client_of(graphql_app(hub, settings)) as client:
        lasting = 1
        first = await get(client, query)
        assert first.json()["extensions"]["cost"]["throttle"]["available"] == 99
        assert (await get(client, query, if_none_match=first.headers["etag"])).status_code == 304
        lasting = 2
        assert (await get(client, query, if_none_match=first.headers["etag"])).status_code == 200
