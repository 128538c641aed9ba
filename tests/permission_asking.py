"""Questions made from the schema, and the three ways to ask them: HTTP, WebSocket, server-sent events."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import httpx
from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLOutputType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_list_type,
    parse,
    visit,
)
from graphql.type import get_nullable_type
from websockets import Subprotocol
from websockets.sync.client import ClientConnection, connect

from schema.root import graphql_schema
from tests.permission_world import Asker, PermissionWorld
from tests.running import RunningHub

Answer = dict[str, Any]
REQUIRED = {"Statistics.buckets": "by: STATUS, first: 3"}
"""What fields need that cannot be asked without."""


class Carrier(Protocol):
    """A way to ask."""

    def ask(self, text: str) -> Answer:
        """The whole answer to an operation."""

    def close(self) -> None:
        """Lets go of the connection."""


class Http:
    """One POST an operation."""

    def __init__(self, hub: RunningHub, asker: Asker) -> None:
        self._client = httpx.Client(base_url=hub.url, timeout=60, headers=asker.headers)

    def ask(self, text: str) -> Answer:
        """The body of the response."""
        answer: Answer = self._client.post("/graphql", json={"query": text}).json()
        return answer

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()


class Events:
    """One stream of events an operation: `next` has the answer, `complete` ends it."""

    def __init__(self, hub: RunningHub, asker: Asker) -> None:
        headers = {"Accept": "text/event-stream", **asker.headers}
        self._client = httpx.Client(base_url=hub.url, timeout=60, headers=headers)

    def ask(self, text: str) -> Answer:
        """The data of the one event `next`."""
        body = self._client.post("/graphql", json={"query": text}).text
        (answer,) = [told for kind, told in events_in(body.splitlines()) if kind == "next"]
        return answer

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()


def events_in(lines: Iterable[str]) -> Iterator[tuple[str, Answer]]:
    """Server-sent events that have data, each with its kind."""
    kind = ""
    for line in lines:
        if line.startswith("event:"):
            kind = line.removeprefix("event:").strip()
        elif line.startswith("data:") and line.removeprefix("data:").strip():
            yield kind, json.loads(line.removeprefix("data:"))


class Socket:
    """All operations on one socket, one after the other."""

    def __init__(self, hub: RunningHub, asker: Asker) -> None:
        self._closing = ExitStack()
        opening = connect(hub.socket_url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None)
        self._socket: ClientConnection = self._closing.enter_context(opening)
        self._count = 0
        self._send({"type": "connection_init", "payload": asker.init})
        assert self._receive()["type"] == "connection_ack"

    def ask(self, text: str) -> Answer:
        """The payload of `next`; of `error` its errors."""
        self._count += 1
        self._send({"type": "subscribe", "id": str(self._count), "payload": {"query": text}})
        message = self._receive()
        if message["type"] == "error":
            return {"errors": message["payload"]}
        assert message["type"] == "next", message
        assert self._receive()["type"] == "complete"
        payload: Answer = message["payload"]
        return payload

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def _receive(self) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=60))
            if message["type"] != "ping":
                return message
            self._send({"type": "pong"})

    def close(self) -> None:
        """Closes the socket."""
        self._closing.close()


CARRIERS: dict[str, type[Http] | type[Events] | type[Socket]] = {"http": Http, "socket": Socket, "events": Events}


def kind_named(name: str) -> GraphQLObjectType:
    """An object type of the served schema."""
    kind = graphql_schema().type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind


def is_thing(kind: GraphQLOutputType) -> bool:
    """Whether a type has ids of its own; what it has is then asked of it, and not on the way to it."""
    named = get_named_type(kind)
    return isinstance(named, GraphQLObjectType) and any(each.name == "Node" for each in named.interfaces)


def is_many(kind: GraphQLOutputType) -> bool:
    """Whether it is a list."""
    return is_list_type(get_nullable_type(kind))


def selection(kind: GraphQLOutputType) -> str:
    """All fields of a type; of things on the way the id alone."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        return "{ __typename id }" if hasattr(named, "fields") else ""
    if is_thing(named):
        return "{ id }"
    return all_fields(named)


def all_fields(kind: GraphQLObjectType) -> str:
    """Every field of a type, each once."""
    return "{ " + " ".join(f"{name}{given(kind, name)} {selection(f.type)}" for name, f in kind.fields.items()) + " }"


def given(kind: GraphQLObjectType, name: str) -> str:
    """The arguments that a field cannot be asked without."""
    needed = REQUIRED.get(f"{kind.name}.{name}")
    return f"({needed})" if needed else ""


def node(world: PermissionWorld, name: str, selected: str) -> str:
    """A question for one of the world's things."""
    thing = world.things[name]
    return f'node(id: "{thing.id}") {{ __typename ... on {thing.type_name} {selected} }}'


class Coordinates(Visitor):
    """Notes every field, argument and input field that a document uses."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.found: set[str] = set()

    def enter_field(self, made: Any, *_: Any) -> None:
        """A field, and the arguments that it is given."""
        kind = self._info.get_parent_type()
        if kind is None or made.name.value.startswith("__"):
            return
        self.found.add(f"{kind.name}.{made.name.value}")
        self.found.update(f"{kind.name}.{made.name.value}({each.name.value}:)" for each in made.arguments or ())

    def enter_object_field(self, made: Any, *_: Any) -> None:
        """A field of an input."""
        parent = get_named_type(self._info.get_parent_input_type())
        if isinstance(parent, GraphQLInputObjectType):
            self.found.add(f"{parent.name}.{made.name.value}")


def coordinates_of(texts: Iterable[str]) -> set[str]:
    """What these operations ask for, by schema coordinate; of a name's interface the type it was asked of."""
    found: set[str] = set()
    for text in texts:
        document: DocumentNode = parse(text)
        info = TypeInfo(graphql_schema())
        noting = Coordinates(info)
        visit(document, TypeInfoVisitor(info, noting))
        found |= noting.found
    return found


def field_of(kind: GraphQLObjectType, name: str) -> GraphQLField:
    """A field by its name."""
    return kind.fields[name]
