"""A small hub to knock at: a schema made for the door's tests, and ways to serve it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import uvicorn
from graphql import GraphQLSchema, build_schema
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from execution import Delivery, Engine, load
from transport import Credentials, DoorSettings, GraphQLDoor, RequestInfo, graphql_app
from transport.door import Account, News
from transport.server.uvicorn_options import uvicorn_options

SDL = """
scalar Upload
scalar Odd
input Photos { photos: [Upload!]!, caption: String }
type Report { id: Int! area: Area! parent: Report }
type Area { name: String! parent: Area }
type Query {
  hello(name: String = "Jakarta"): String!
  reports(first: Int!): [Report!]!
  seen: String!
  mistake: String
  broken: String
  brokenHard: String!
  slow: String
  odd: Odd
}
type Mutation {
  upload(file: Upload!): String!
  submit(input: Photos!): [String!]!
  slowly: String!
}
type Subscription {
  count(to: Int!, after: String): Int!
  flood(size: Int!): String!
  quiet(cursor: String): Int!
  expired: Int!
  breaks: Int!
}
"""


class Mistake(Exception):
    """The shape of a client's mistake, as the layers below raise it."""

    def __init__(self, message: str, code: str, **extensions: Any) -> None:
        super().__init__(message)
        self.code = code
        self.extensions = extensions


@dataclass
class Who:
    name: str
    expires_at: datetime | None = None


@dataclass
class Context:
    viewer: Who
    request: RequestInfo
    hub: "TryHub"
    loaders: dict[Any, Any] = field(default_factory=dict)


class Numbers:
    """A source of numbered deliveries, each with its number as the cursor, that tells how far it was read."""

    def __init__(self, start: int, end: int | None, size: int | None = None) -> None:
        self.handed_out = start
        self.asked = start
        self.end = end
        self.size = size
        self.closed = asyncio.Event()

    def __aiter__(self) -> "Numbers":
        return self

    async def __anext__(self) -> Delivery:
        self.asked = self.handed_out
        if self.end is not None and self.handed_out >= self.end:
            raise StopAsyncIteration
        self.handed_out += 1
        value = self.handed_out if self.size is None else f"{self.handed_out:08}" + "x" * self.size
        return Delivery(value, f"c{self.handed_out}")

    def progress(self) -> str | None:
        return f"c{self.asked}" if self.asked else None

    async def aclose(self) -> None:
        self.closed.set()


class Quiet(Numbers):
    """Nothing ever happens here, but the log moves on."""

    def __init__(self, cursor: str | None) -> None:
        super().__init__(0, None)
        self.cursor = cursor

    async def __anext__(self) -> Delivery:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    def progress(self) -> str | None:
        return self.cursor


class Breaking(Numbers):
    """Two deliveries, then the cursor is too old."""

    async def __anext__(self) -> Delivery:
        if self.handed_out == 2:
            raise Mistake("List again.", "CURSOR_EXPIRED")
        return await super().__anext__()


class TryHub:
    """A hub of nothing but the door's concerns."""

    def __init__(self) -> None:
        self.engine = Engine(try_schema())
        self.news = News()
        self.sources: list[Numbers] = []
        self.infos: list[RequestInfo] = []
        self.credentials: list[Credentials] = []
        self.expires_at: datetime | None = None
        self.revoked = asyncio.Event()
        self.slow_entered = asyncio.Event()
        self.slow_cancelled = asyncio.Event()
        self.go_on = asyncio.Event()
        self.done: list[str] = []

    async def identify(self, credentials: Credentials) -> Who:
        self.credentials.append(credentials)
        if credentials.bearer == "bad":
            raise Mistake("The token is not valid.", "UNAUTHENTICATED")
        if credentials.bearer == "busy":
            raise Mistake("Come back.", "RATE_LIMITED", retryAfter=2.5)
        if credentials.bearer == "boom":
            raise RuntimeError("select secret from tokens")
        return Who(credentials.bearer or "nobody", self.expires_at)

    async def until_revoked(self, viewer: Any) -> str:
        await self.revoked.wait()
        return "This token was revoked."

    def account_of(self, viewer: Any) -> Account:
        return Account() if viewer.name == "nobody" else Account(viewer.name, trusted=viewer.name == "staff")

    def anybody_like(self, viewer: Any) -> Who:
        return Who("anybody")

    def sharing(self, viewer: Any, request: RequestInfo, *, personal: bool) -> Hashable:
        return (viewer.name if personal else None, request.accept_language)

    @asynccontextmanager
    async def operation(self, viewer: Any, request: RequestInfo) -> AsyncIterator[Context]:
        self.infos.append(request)
        yield Context(viewer, request, self)


async def areas_of(reports: list[dict[str, Any]], context: Context) -> list[dict[str, Any]]:
    return [{"name": f"area of {report['id']}"} for report in reports]


def try_schema() -> GraphQLSchema:
    schema = build_schema(SDL)
    query, mutation, subscription = schema.query_type, schema.mutation_type, schema.subscription_type
    assert query and mutation and subscription
    query.fields["hello"].resolve = lambda _, info, name: f"Halo, {name}!"
    query.fields["reports"].resolve = lambda _, info, first: [{"id": number} for number in range(first)]
    query.fields["seen"].resolve = lambda _, info: f"{info.context.viewer.name} {info.context.request.accept_language}"
    query.fields["mistake"].resolve = _mistake
    query.fields["broken"].resolve = query.fields["brokenHard"].resolve = _broken
    query.fields["slow"].resolve = _slow
    query.fields["odd"].resolve = lambda _, info: object()
    mutation.fields["upload"].resolve = _upload
    mutation.fields["submit"].resolve = _submit
    mutation.fields["slowly"].resolve = _slowly
    report = schema.type_map["Report"]
    report.fields["area"].resolve = lambda row, info: load(info.context, areas_of, row)  # type: ignore[attr-defined]
    subscription.fields["count"].subscribe = _source(lambda to, after=None: Numbers(int((after or "c0")[1:]), to))
    subscription.fields["flood"].subscribe = _source(lambda size: Numbers(0, None, size))
    subscription.fields["quiet"].subscribe = _source(lambda cursor=None: Quiet(cursor))
    subscription.fields["breaks"].subscribe = _source(lambda: Breaking(0, None))
    subscription.fields["expired"].subscribe = _expired
    return schema


def _source(make: Any) -> Any:
    async def subscribe(_: Any, info: Any, **arguments: Any) -> Numbers:
        source: Numbers = make(**arguments)
        info.context.hub.sources.append(source)
        return source

    return subscribe


async def _expired(_: Any, info: Any) -> Numbers:
    raise Mistake("List again.", "CURSOR_EXPIRED")


def _mistake(_: Any, info: Any) -> str:
    raise Mistake("Too soon.", "RATE_LIMITED", retryAfter=3)


def _broken(_: Any, info: Any) -> str:
    raise RuntimeError("no such table: secrets in /srv/data/hub.db")


async def _slow(_: Any, info: Any) -> str:
    hub = info.context.hub
    hub.slow_entered.set()
    try:
        await asyncio.Event().wait()
    finally:
        hub.slow_cancelled.set()
    return "never"


async def _slowly(_: Any, info: Any) -> str:
    hub = info.context.hub
    hub.slow_entered.set()
    await hub.go_on.wait()
    hub.done.append("slowly")
    return "done"


async def _describe(upload: Any) -> str:
    content = await upload.read()
    return f"{upload.filename} {upload.content_type} {len(content)} {content[:5].decode()}"


async def _upload(_: Any, info: Any, file: Any) -> str:
    return await _describe(file)


async def _submit(_: Any, info: Any, input: dict[str, Any]) -> list[str]:
    return [await _describe(photo) for photo in input["photos"]]


def client_of(door: GraphQLDoor) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=door), base_url="http://hub")


class Stage:
    """One server for many tests: each has a hub and a door of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.renew()

    def renew(self, settings: DoorSettings | None = None) -> "Stage":
        self.hub = TryHub()
        self.door = graphql_app(self.hub, settings)
        return self

    def renew_settings(self, settings: DoorSettings) -> None:
        """Another door to the same hub."""
        self.door = graphql_app(self.hub, settings)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.door(scope, receive, send)


class ReadyServer(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def served(
    settings: DoorSettings | None = None, *, taken: socket.socket | None = None, **options: Any
) -> AsyncIterator[Stage]:
    """Serve the small hub with uvicorn on a free port, or on one that is taken, on this event loop."""
    stage = Stage(0).renew(settings)
    every = {**uvicorn_options(settings), "log_config": None, "lifespan": "off", "port": 0, **options}
    server = ReadyServer(uvicorn.Config(stage, **every))
    serving = asyncio.create_task(server._serve(None if taken is None else [taken]))
    await server.listening.wait()
    stage.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield stage
    finally:
        await stage.door.close_all()
        server.should_exit = True
        await serving


class SocketClient:
    """A client of graphql-transport-ws that sends what it is told, right or wrong."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, type_: str, id_: str | None = None, payload: Any = None) -> None:
        message = {"type": type_, "id": id_, "payload": payload}
        await self.connection.send(json.dumps({name: value for name, value in message.items() if value is not None}))

    async def init(self, payload: Any = None) -> None:
        await self.send("connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, id_: str, query: str, **more: Any) -> None:
        await self.send("subscribe", id_, {"query": query, **more})

    async def receive(self) -> Any:
        async with asyncio.timeout(10):
            return json.loads(await self.connection.recv())

    async def close_code(self) -> tuple[int, str]:
        """Read until the hub closes the socket; return how it says so."""
        async with asyncio.timeout(10):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        closed = self.connection.protocol
        assert closed.close_code is not None
        return closed.close_code, closed.close_reason or ""


@asynccontextmanager
async def socket_to(stage: Stage, subprotocols: list[str] | None = None, **more: Any) -> AsyncIterator[SocketClient]:
    offered = [Subprotocol(name) for name in subprotocols or ["graphql-transport-ws"]]
    async with connect(stage.ws, subprotocols=offered, proxy=None, **more) as connection:
        yield SocketClient(connection)
