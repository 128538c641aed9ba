"""GraphQL over WebSocket: the subprotocol graphql-transport-ws, and no other.

A client that does not read costs bounded memory: the server makes `send` wait while its buffer is full (see
transport/server/uvicorn_options.py), each operation asks for its next answer only after the last one was sent, and while
the reader of messages waits to reply, nothing more is read. A socket that is quiet has no task at all: what comes on it
begins one (and where what was shown may end, two wait for that).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from execution import RequestRefused
from transport.door import BadRequest
from transport.http.request import Parameters, parameters_of
from transport.identity.clients import address_of
from transport.identity.session import Session
from transport.operations.running import Operations
from transport.operations.runs import Run
from transport.server.bounded_websocket import FRAMES, BoundedWebSocket
from transport.settings.door_limits import DoorSettings
from transport.sockets import messages
from transport.sockets.introduction import Introduced, introduced
from transport.sockets.messages import CloseCode, Message, ProtocolError
from transport.sockets.operation import GONE, SocketOperation
from transport.sockets.pinging import Pings

_CLOSING_SECONDS = 2.0
"""How long a full socket may hold up the frame that closes it."""


class Socket:
    """One client's socket and the operations that run on it. Implements transport.sockets.operation.Line."""

    __slots__ = (
        "__weakref__",
        "_address",
        "_client",
        "_closed",
        "_ended",
        "_gone",
        "_handshake",
        "_idling",
        "_init_timer",
        "_line",
        "_operations",
        "_pings",
        "_reading",
        "_running",
        "_settings",
        "_tasks",
        "_writing",
    )

    def __init__(
        self,
        websocket: WebSocket,
        operations: Operations,
        settings: DoorSettings,
        pings: Pings,
        gone: Callable[["Socket"], None],
    ) -> None:
        self._handshake: WebSocket | None = websocket
        self._line: BoundedWebSocket = websocket.scope["extensions"][FRAMES]
        self._operations = operations
        self._settings = settings
        self._pings = pings
        self._gone = gone
        self._writing = asyncio.Lock()
        self._closed = self._ended = False
        self._address = address_of(websocket)
        self._client: Introduced | None = None
        self._running: dict[str, SocketOperation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._init_timer: asyncio.TimerHandle | None = None
        self._idling: asyncio.TimerHandle | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def address(self) -> str | None:
        """Where it comes from."""
        return self._address

    def open(self) -> None:
        """Begin to take messages, until the socket closes; `gone` is called then."""
        closing = partial(self.close, CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")
        loop = asyncio.get_running_loop()
        self._init_timer = loop.call_later(self._settings.init_seconds, self.start, closing)
        self._line.keep()
        self._line.queue.told = self._arrived
        self._line.passes_over = messages.is_pong
        self._arrived()

    async def close(self, code: int, reason: str) -> None:
        """End all operations and close the socket; one that does not read is left after two seconds."""
        if self._closed:
            return
        self._let_go()
        with suppress(TimeoutError, *GONE):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._line.send({"type": "websocket.close", "code": code, "reason": messages.fitting(reason)})
        self._end()

    def _let_go(self) -> None:
        """End all operations: nothing more is sent."""
        self._closed = True
        self._no_longer_idle()
        self._pings.leave(self.ping)
        if self._init_timer is not None:
            self._init_timer.cancel()
        running, self._running = self._running, {}
        for operation in running.values():
            operation.leave()

    def _end(self) -> None:
        """Nothing comes any more."""
        if self._ended:
            return
        self._ended = True
        self._let_go()
        self._line.queue.told = None
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        self._line.finish()
        self._gone(self)

    # Reading

    def _arrived(self) -> None:
        if not self._closed and self._reading is None and not self._line.queue.empty():
            self._reading = self.start(self._read)

    async def _read(self) -> None:
        try:
            while not (
                self._closed or self._line.queue.empty()
            ):  # what comes while it is being closed is not done any more
                await self._take(messages.read(await self._receive()))
        except ProtocolError as error:
            await self.close(error.code, error.reason)
        except GONE:
            self._end()
        finally:
            self._reading = None

    async def _receive(self) -> str | None:
        message: Any = await self._line.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text: str | None = message.get("text")
        return text

    async def _take(self, message: Message) -> None:
        try:
            if message.type == "connection_init":
                await self._init(message)
            elif message.type == "subscribe":
                await self._subscribe(message)
            elif message.type == "complete":
                self._complete(message.id)
            elif message.type == "ping":
                await self.send(lambda: messages.pong(message.payload))
        except (ProtocolError, *GONE):
            raise
        except BadRequest as error:
            if error.status == 401:
                raise ProtocolError(CloseCode.FORBIDDEN, str(error)) from error
            raise ProtocolError(CloseCode.BAD_REQUEST, str(error)) from error
        except Exception as error:
            self._operations.hub.engine.refusal(error)  # logs it
            raise ProtocolError(CloseCode.INTERNAL_ERROR, "Internal server error") from error

    async def _init(self, message: Message) -> None:
        if self._handshake is None:
            raise ProtocolError(CloseCode.TOO_MANY, "Too many initialisation requests")
        handshake, self._handshake = self._handshake, None
        if self._init_timer is not None:
            self._init_timer.cancel()
            self._init_timer = None
        hub, warning = self._operations.hub, self._settings.expiry_warning_seconds
        self._client = await introduced(handshake, message.payload or {}, hub, warning)
        self._line.forget_handshake()
        await self.send(messages.connection_ack)
        self._pings.enter(self.ping)
        self._idle()
        session = self._client.session
        if session.may_end:
            self.start(partial(self._warn, session))
            self.start(partial(self._close_when_ended, session))

    async def _subscribe(self, message: Message) -> None:
        client = self._client
        if client is None:
            raise ProtocolError(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._running:
            raise ProtocolError(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        parameters = parameters_of(message.payload)
        over = self._over_a_limit(message)
        if over is not None:
            refused = self.refusal(over)
            await self.send(lambda: messages.error(message.id, refused.errors))
            return
        self._no_longer_idle()
        begin = partial(self._begin, parameters, client)
        self._running[message.id] = SocketOperation(self, message.id, message.size, begin)

    def _over_a_limit(self, message: Message) -> BadRequest | None:
        """Say that one more operation is too many, or too much: what they came in is kept while they run."""
        most, together = self._settings.operations_per_socket, self._settings.body_bytes
        if len(self._running) >= most:
            words = f"At most {most} operations may run on one socket."
            return BadRequest(words, limited="operations_per_socket", limit=most, value=len(self._running) + 1)
        size = sum(each.size for each in self._running.values()) + message.size
        if size > together:
            words = f"The operations of a socket have at most {together} bytes."
            return BadRequest(words, limited="body_bytes", limit=together, value=size)
        return None

    def _begin(self, parameters: Parameters, client: Introduced) -> Run:
        prepared = self._operations.prepare(parameters, client.viewer, self._address)
        return self._operations.run(prepared, client.viewer, client.info(prepared))

    def _complete(self, id_: str) -> None:
        """The client wants no more of it: the id is free again at once, and nothing more is sent under it."""
        operation = self._running.get(id_)
        if operation is not None:
            self.forget(operation)
            operation.leave()

    # What operations ask of their socket

    def forget(self, operation: SocketOperation) -> None:
        """See transport.sockets.operation.Line. One whose id another has by now is passed over."""
        if self._running.get(operation.id) is operation:
            del self._running[operation.id]
            if not self._running:
                self._idle()

    def refusal(self, error: Exception) -> RequestRefused:
        """See transport.sockets.operation.Line."""
        return self._operations.hub.engine.refusal(error)

    def offer(self, frame: bytes) -> bool:
        """See transport.sockets.operation.Line. While a message waits to be written none may overtake it."""
        return not self._closed and not self._writing.locked() and self._line.offer_frame(frame)

    async def send(self, message: Callable[[], bytes]) -> None:
        """See transport.sockets.operation.Line."""
        async with self._writing:
            await self._line.drained()
            if self._closed:
                raise WebSocketDisconnect(1006)
            self._line.write_frame(messages.framed(message()))

    def start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """See transport.sockets.operation.Line."""
        task = asyncio.create_task(_until_gone(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Pings and timers

    def ping(self) -> None:
        """Tell the client how far it was served; one that is full is passed over this time."""
        self.offer(messages.framed(self._ping_message()))

    def _ping_message(self) -> bytes:
        return messages.ping(self._positions(), self._client.session.warning() if self._client else None)

    def _positions(self) -> dict[str, str]:
        positions = {id_: operation.progress() for id_, operation in self._running.items()}
        return {id_: position for id_, position in positions.items() if position is not None}

    async def _warn(self, session: Session) -> None:
        await session.warned()
        await self.send(self._ping_message)

    async def _close_when_ended(self, session: Session) -> None:
        await self.close(CloseCode.FORBIDDEN, await session.ended())

    def _idle(self) -> None:
        """Nothing runs: the socket stays a while, and is closed if nothing comes."""
        self._no_longer_idle()
        if not self._closed:
            closing = partial(self.close, CloseCode.NORMAL, "Idle: subscribe, or close the socket")
            self._idling = asyncio.get_running_loop().call_later(self._settings.idle_seconds, self.start, closing)

    def _no_longer_idle(self) -> None:
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None


async def _until_gone(work: Callable[[], Awaitable[None]]) -> None:
    with suppress(*GONE):
        await work()
