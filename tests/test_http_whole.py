"""A request that is answered in one piece is answered as one that is answered with ASGI's messages."""

import gc
import json
from typing import Any

import httpx
import pytest

from tests.door import TryHub, served
from tests.raw_client import raw_client
from transport import DoorSettings, GraphQLDoor, graphql_app
from transport.server.whole_http import WholeRequest

SETTINGS = DoorSettings(answer_seconds=0)
SECRET = b"s" * 32
MANY = "{ reports(first: 200) { id area { name } } }"
CASES: list[tuple[str, dict[str, Any]]] = [
    ("POST", {"json": {"query": "{ hello }"}}),
    ("POST", {"json": {"query": MANY}, "headers": {"accept-encoding": "br"}}),
    ("POST", {"json": {"query": "{ mistake }"}, "headers": {"accept": "application/graphql-response+json"}}),
    ("POST", {"json": {"query": "{ nothing }"}, "headers": {"accept": "application/graphql-response+json"}}),
    ("POST", {"json": {"query": "{ hello }"}, "headers": {"authorization": "Bearer sari"}}),
    ("POST", {"json": {"query": "{ hello }"}, "headers": {"authorization": "Basic sari"}}),
    ("POST", {"json": {"query": "mutation { slowly }"}}),
    ("POST", {"content": b"{", "headers": {"content-type": "application/json"}}),
    ("POST", {"content": b"{}", "headers": {"content-type": "text/plain"}}),
    ("POST", {"content": b"{}", "headers": {"content-type": "application/json", "content-encoding": "gzip"}}),
    ("POST", {"content": b" " * 1_000_001, "headers": {"content-type": "application/json; charset=UTF8"}}),
    ("GET", {"params": {"query": "{ hello }"}}),
    ("GET", {"params": {"query": "{ hello }"}, "headers": {"if-none-match": "*"}}),
    ("HEAD", {"params": {"query": MANY}}),
    ("GET", {"params": {"query": "mutation { slowly }"}}),
    ("PUT", {"content": b"{}"}),
    ("OPTIONS", {}),
]


class WithMessages:
    """The same application, reached as through something between that has to see its answers."""

    def __init__(self, app: GraphQLDoor) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.pop("extensions", None)
        await self._app(scope, receive, send)


def hub() -> TryHub:
    made = TryHub()
    made.go_on.set()
    return made


def told(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "server")}
    body = json.loads(answer.content) if answer.content else None
    if isinstance(body, dict):  # what is left of the allowance fills up with time
        body.get("extensions", {}).get("cost", {}).pop("throttle", None)
    headers.pop("content-length", None)
    return answer.status_code, headers, body


@pytest.mark.parametrize(("method", "asked"), CASES)
async def test_status_headers_and_body_are_the_same(method: str, asked: dict[str, Any]) -> None:
    async with served(SETTINGS) as stage, httpx.AsyncClient() as client:
        whole = graphql_app(hub(), SETTINGS, secret=SECRET)
        stage.door = whole
        in_one_piece = told(await client.request(method, stage.http, **asked))
        stage.door = WithMessages(graphql_app(hub(), SETTINGS, secret=SECRET))  # type: ignore[assignment]
        with_messages = told(await client.request(method, stage.http, **asked))
        stage.door = whole
    assert in_one_piece == with_messages


async def test_a_connection_goes_on_after_each() -> None:
    one = httpx.Limits(max_connections=1)
    async with served(SETTINGS) as stage, httpx.AsyncClient(limits=one) as client:
        for number in range(3):
            answer = await client.post(stage.http, json={"query": f'{{ hello(name: "{number}") }}'})
            assert answer.json()["data"]["hello"] == f"Halo, {number}!"
            assert (await client.head(stage.http, params={"query": "{ hello }"})).content == b""


async def test_who_asks_for_the_end_of_the_connection_gets_it_after_the_answer() -> None:
    body = b'{"query": "{ hello }"}'
    async with served(SETTINGS) as stage, raw_client(stage.port) as client:
        await client.request("POST /graphql HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json", body)
        answer = await client.rest()
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert json.loads(rest)["data"] == {"hello": "Halo, Jakarta!"}


async def test_a_request_that_is_answered_leaves_nothing_to_the_collector() -> None:
    """Each of its passes holds up everybody."""
    async with served(SETTINGS) as stage, httpx.AsyncClient() as client:
        gc.collect()
        gc.disable()
        try:
            for number in range(20):
                asked = {"query": "query($of: String!) { hello(name: $of) }", "variables": {"of": str(number)}}
                assert (await client.post(stage.http, json=asked)).json()["data"]
            left = [each for each in gc.get_objects() if isinstance(each, WholeRequest)]
        finally:
            gc.enable()
    assert len(left) < 5, left  # those of the last one
