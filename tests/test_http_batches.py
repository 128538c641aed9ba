"""Several operations in one request, where the operator allows it: in order, each with its own answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.door import TryHub, client_of
from tests.test_transport_multipart import PREFLIGHT, body_of, mapping, send
from transport import DoorSettings, graphql_app

GRAPHQL = "application/graphql-response+json"
UPLOAD = "mutation ($file: Upload!) { upload(file: $file) }"


@pytest.fixture
def hub() -> TryHub:
    return TryHub()


@pytest.fixture
async def client(hub: TryHub) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(hub, DoorSettings(batch_operations=3))) as client:
        yield client


async def ask(client: httpx.AsyncClient, batch: Any, accept: str = GRAPHQL, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=batch, headers={"accept": accept, **headers})


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json", f"text/event-stream, {GRAPHQL};q=0.5"])
async def test_answers_come_in_order_each_for_itself(hub: TryHub, client: httpx.AsyncClient, accept: str) -> None:
    hub.go_on.set()
    batch = [{"query": "mutation { slowly }"}, {"query": "{ nope }"}, {"query": "{ hello }"}]
    response = await ask(client, batch, accept)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(accept.split(", ")[-1].split(";")[0])
    first, second, third = response.json()
    assert first["data"] == {"slowly": "done"}
    assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED" and "data" not in second
    assert third["data"] == {"hello": "Halo, Jakarta!"}
    assert response.headers["cache-control"] == "no-store"


async def test_one_runs_after_the_other(hub: TryHub, client: httpx.AsyncClient) -> None:
    hub.go_on.set()
    await ask(client, [{"query": "mutation A { slowly }"}, {"query": "{ hello }"}, {"query": "mutation B { slowly }"}])
    assert [info.kind for info in hub.infos] == ["mutation", "query", "mutation"]
    assert hub.done == ["slowly", "slowly"]
    assert len(hub.credentials) == 1


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"query": "subscription { count(to: 1) }"}, "BAD_USER_INPUT"),
        ({"invalid": "request"}, "BAD_USER_INPUT"),
        ({"query": "{ hello }", "variables": [1]}, "BAD_USER_INPUT"),
        ({"documentId": "sha256:0"}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"query": "{ brokenHard }"}, "INTERNAL"),
    ],
)
async def test_what_is_wrong_with_one_is_told_of_that_one(client: httpx.AsyncClient, request_: Any, code: str) -> None:
    response = await ask(client, [request_, {"query": "{ hello }"}])
    assert response.status_code == 200
    wrong, right = response.json()
    assert wrong["errors"][0]["extensions"]["code"] == code
    assert right["data"] == {"hello": "Halo, Jakarta!"}


@pytest.mark.parametrize("batch", [[], ["x"], [{"query": "{ hello }"}, None], [[{"query": "{ hello }"}]]])
async def test_what_is_no_list_of_requests_is_400(client: httpx.AsyncClient, batch: Any) -> None:
    response = await ask(client, batch)
    assert response.status_code == 400
    assert isinstance(response.json(), dict)


async def test_too_many_are_refused_with_limit_and_value(hub: TryHub, client: httpx.AsyncClient) -> None:
    response = await ask(client, [{"query": "{ hello }"}] * 4)
    assert response.status_code == 400
    told = {"code": "BAD_USER_INPUT", "limited": "batch_operations", "limit": 3, "value": 4}
    assert response.json()["errors"][0]["extensions"] == told
    assert hub.infos == []


async def test_a_bad_token_refuses_the_whole(hub: TryHub, client: httpx.AsyncClient) -> None:
    response = await ask(client, [{"query": "{ hello }"}], authorization="Bearer bad")
    assert response.status_code == 401
    assert hub.infos == []


async def test_who_takes_only_events_gets_no_batch(client: httpx.AsyncClient) -> None:
    assert (await ask(client, [{"query": "{ hello }"}], "text/event-stream")).status_code == 406


class TestWithFiles:
    async def test_a_path_begins_with_the_number_of_the_operation(self, client: httpx.AsyncClient) -> None:
        batch = [{"query": UPLOAD, "variables": {"file": None}}, {"query": UPLOAD, "variables": {"file": None}}]
        paths = {"a": ["1.variables.file"], "b": ["0.variables.file"]}
        parts = [("operations", None, json.dumps(batch).encode()), mapping(paths)]
        response = await send(client, body_of([*parts, ("a", "a.jpg", b"aaa"), ("b", "b.jpg", b"b")]))
        told = [each["data"]["upload"] for each in response.json()]
        assert told == ["b.jpg image/jpeg 1 b", "a.jpg image/jpeg 3 aaa"]

    @pytest.mark.parametrize(
        "path", ["variables.file", "2.variables.file", "0.file", "-1.variables.file", "0", "0.variables"]
    )
    async def test_a_path_to_nowhere_is_422(self, client: httpx.AsyncClient, path: str) -> None:
        batch = [{"query": UPLOAD, "variables": {"file": None}}, {"query": "{ hello }"}]
        parts = [("operations", None, json.dumps(batch).encode()), mapping({"a": [path]}), ("a", "a.jpg", b"aaa")]
        assert (await send(client, body_of(parts))).status_code == 422

    async def test_unless_allowed_there_are_none(self) -> None:
        batch = [{"query": UPLOAD, "variables": {"file": None}}]
        parts = [("operations", None, json.dumps(batch).encode()), mapping({"a": ["0.variables.file"]})]
        async with client_of(graphql_app(TryHub())) as client:
            response = await send(client, body_of([*parts, ("a", "a.jpg", b"x")]), PREFLIGHT)
        assert response.status_code == 400
        assert "batches are not taken" in response.json()["errors"][0]["message"]
