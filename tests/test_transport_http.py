"""GraphQL over HTTP as a client meets it: media types, status codes, refusals."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.door import TryHub, client_of
from transport import DoorSettings, graphql_app

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture
def hub() -> TryHub:
    return TryHub()


@pytest.fixture
async def client(hub: TryHub) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(hub, DoorSettings(body_bytes=10_000))) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, accept: str | None = GRAPHQL, **more: Any) -> httpx.Response:
    headers = {"accept": accept} if accept is not None else {}
    return await client.post("/graphql", json={"query": query, **more}, headers=headers)


class TestAnswering:
    async def test_a_post_is_answered(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, "{ hello }")
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
        assert response.json() == {"data": {"hello": "Halo, Jakarta!"}}
