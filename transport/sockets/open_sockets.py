"""All open sockets: who is let in, and how all are told that the hub stops."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket

from transport.identity.clients import Places, TooMany, address_of
from transport.operations.running import Operations
from transport.settings.door_limits import DoorSettings
from transport.sockets import messages
from transport.sockets.graphql_ws import Socket
from transport.sockets.messages import CloseCode
from transport.sockets.operation import GONE
from transport.sockets.origins import may_connect
from transport.sockets.pinging import Pings


class Sockets:
    """All open sockets: each is served until it closes, and all are told when the hub stops."""

    def __init__(self, operations: Operations, settings: DoorSettings) -> None:
        self._operations = operations
        self._settings = settings
        self._open: set[Socket] = set()
        self._pings = Pings(settings.ping_seconds)
        self._places = Places(settings.sockets_per_client)
        self._stopping: tuple[int, str] | None = None

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, websocket: WebSocket) -> None:
        """Take a socket in at its handshake, or say why not; from then on it lives by itself.

        Only a foreign page is refused in the handshake, which tells a browser nothing: whatever else is wrong is said
        by the code that the socket is closed with.
        """
        if not may_connect(websocket.headers, self._settings.origins):
            await websocket.close()
        elif messages.SUBPROTOCOL not in websocket.scope["subprotocols"]:
            await _refuse(websocket, None, CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
        elif self._stopping is not None:
            await _refuse(websocket, messages.SUBPROTOCOL, *self._stopping)
        else:
            await self._let_in(websocket)

    async def _let_in(self, websocket: WebSocket) -> None:
        address = address_of(websocket)
        try:
            self._places.take(address)
        except TooMany:
            words = f"At most {self._places.most} sockets may be open from one address"
            await _refuse(websocket, messages.SUBPROTOCOL, CloseCode.TOO_MANY, words)
            return
        try:
            await websocket.accept(messages.SUBPROTOCOL)
        except BaseException:
            self._places.give_back(address)
            raise
        socket = Socket(websocket, self._operations, self._settings, self._pings, self._gone)
        self._open.add(socket)
        socket.open()

    def _gone(self, socket: Socket) -> None:
        self._open.discard(socket)
        self._places.give_back(socket.address)

    async def close_all(self, code: int, reason: str) -> None:
        """Close every socket, those that still come too: with 1012, clients come back and resume."""
        self._stopping = (code, reason)
        await asyncio.gather(*(socket.close(code, reason) for socket in list(self._open)))


async def _refuse(websocket: WebSocket, subprotocol: str | None, code: int, reason: str) -> None:
    """Accept, only to say why not."""
    with suppress(*GONE):
        await websocket.accept(subprotocol)
        await websocket.close(code, reason)
