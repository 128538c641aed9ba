"""The GraphQL door: one path for HTTP, server-sent events and WebSocket."""

import secrets

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from transport.door import Hub
from transport.http.entity_tags import EntityTags
from transport.http.graphql_http import GraphQLOverHTTP
from transport.http.graphql_sse import EventStreams
from transport.operations.documents import PersistedDocuments
from transport.operations.levels import MakeLevel
from transport.operations.running import Operations
from transport.operations.throttle import Throttle, throttle_of
from transport.settings.door_limits import DoorSettings
from transport.sockets.messages import CloseCode
from transport.sockets.open_sockets import Sockets


class GraphQLDoor:
    """The ASGI application of the GraphQL path. Mount it as `Route(settings.path, door)` and as a WebSocket route."""

    def __init__(
        self, hub: Hub, settings: DoorSettings, documents: PersistedDocuments, tags: EntityTags, throttle: Throttle
    ) -> None:
        self.settings = settings
        self._operations = Operations(hub, documents, throttle, settings)
        self._streams = EventStreams(self._operations, settings)
        self._sockets = Sockets(self._operations, settings)
        self.http = GraphQLOverHTTP(self._operations, settings, self._streams, tags)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or one socket."""
        if scope["type"] == "websocket":
            await self._sockets.serve(WebSocket(scope, receive, send))
        else:
            await self.http(scope, receive, send)

    async def close_all(self, code: int = CloseCode.RESTART, reason: str = "The hub is stopping") -> None:
        """Tell all subscribers that the hub stops, and see mutations through. Call it before the server shuts down."""
        self._streams.close_all()
        await self._sockets.close_all(code, reason)
        await self._operations.finished()


def graphql_app(
    hub: Hub,
    settings: DoorSettings | None = None,
    *,
    documents: PersistedDocuments | None = None,
    secret: bytes | None = None,
    levels: MakeLevel | None = None,
) -> GraphQLDoor:
    """Make the door to `hub`: an ASGI application that also takes part in shutting down (`close_all`).

    `secret` keys the tags of answers: all processes of a hub share it; without one, tags hold within this process, as
    clients' allowances do unless `levels` makes others.
    """
    settings = settings or DoorSettings()
    tags, throttle = EntityTags(secret or secrets.token_bytes(32)), throttle_of(settings, levels)
    return GraphQLDoor(hub, settings, documents or PersistedDocuments(), tags, throttle)
