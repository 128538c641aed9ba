"""All open sockets: who is let in, and how all are told that the hub stops."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket

from transport import messages
from transport.clients import Places, TooMany, address_of
from transport.graphql_ws import Socket
from transport.messages import CloseCode
from transport.origins import may_connect
from transport.pinging import Pings
from transport.running import Operations
from transport.settings import DoorSettings
from transport.socket_operation import GONE


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
        """Serve one socket from its handshake to its end.

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
            await self._serve_in_its_place(websocket)

    async def _serve_in_its_place(self, websocket: WebSocket) -> None:
        try:
            with self._places.taken(address_of(websocket)):
                await websocket.accept(messages.SUBPROTOCOL)
                socket = Socket(websocket, self._operations, self._settings, self._pings)
                self._open.add(socket)
                try:
                    await socket.serve()
                finally:
                    self._open.discard(socket)
        except TooMany:
            words = f"At most {self._places.most} sockets may be open from one address"
            await _refuse(websocket, messages.SUBPROTOCOL, CloseCode.TOO_MANY, words)

    async def close_all(self, code: int, reason: str) -> None:
        """Close every socket, those that still come too: with 1012, clients come back and resume."""
        self._stopping = (code, reason)
        await asyncio.gather(*(socket.close(code, reason) for socket in list(self._open)))


async def _refuse(websocket: WebSocket, subprotocol: str | None, code: int, reason: str) -> None:
    """Accept, only to say why not."""
    with suppress(*GONE):
        await websocket.accept(subprotocol)
        await websocket.close(code, reason)
