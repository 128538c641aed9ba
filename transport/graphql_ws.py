"""GraphQL over WebSocket: the subprotocol graphql-transport-ws, and no other.

A client that does not read costs bounded memory: the server makes `send` wait while its buffer is full (see serving.py),
each operation asks for its next answer only after the last one was sent, and while the reader of messages waits to reply,
nothing more is read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import ParamSpec

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from transport import messages
from transport.door import BadRequest, Credentials, RequestInfo, Viewer
from transport.introduction import introduce
from transport.messages import CloseCode, Message, ProtocolError
from transport.request import Parameters, parameters_of
from transport.running import Operations, Run
from transport.session import Session
from transport.settings import DoorSettings

P = ParamSpec("P")

GONE = (WebSocketDisconnect, WebSocketDisconnected)
_CLOSING_SECONDS = 2.0
"""How long a full socket may hold up the frame that closes it."""


class Socket:
    """One client's socket and the operations that run on it."""

    def __init__(self, websocket: WebSocket, operations: Operations, settings: DoorSettings) -> None:
        self._websocket = websocket
        self._operations = operations
        self._settings = settings
        self._writing = asyncio.Lock()
        self._closed = False
        self._init_received = False
        self._viewer: Viewer | None = None
        self._credentials = Credentials()
        self._language: str | None = None
        self._runs: dict[str, Run] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sizes: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: Session | None = None
        self._waiting_for_init: asyncio.Task[None] | None = None
        self._idling: asyncio.TimerHandle | None = None
        self._reading: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Read messages until the socket closes; then end what still runs."""
        self._waiting_for_init = self._start(self._close_without_init)
        self._reading = self._start(self._read)
        try:
            await asyncio.wait((self._reading,))
        finally:
            self._closed = True
            self._no_longer_idle()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def close(self, code: int, reason: str) -> None:
        """End all operations and close the socket; one that does not read is left after two seconds."""
        if self._closed:
            return
        self._closed = True
        for task in list(self._running.values()):
            task.cancel()
        with suppress(TimeoutError, *GONE):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._websocket.close(code, messages.fitting(reason))
        if self._reading is not None and self._reading is not asyncio.current_task():
            self._reading.cancel()

    # Reading

    async def _read(self) -> None:
        try:
            while True:
                await self._take(messages.read(await self._receive()))
        except ProtocolError as error:
            await self.close(error.code, error.reason)
        except GONE:
            return

    async def _receive(self) -> str | None:
        message = await self._websocket.receive()
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
                await self._send(lambda: messages.pong(message.payload))
        except (ProtocolError, *GONE):
            raise
        except BadRequest as error:
            if error.status == 401:
                raise ProtocolError(CloseCode.FORBIDDEN, "Forbidden") from error
            raise ProtocolError(CloseCode.BAD_REQUEST, str(error)) from error
        except Exception as error:
            self._operations.hub.engine.refusal(error)  # logs it
            raise ProtocolError(CloseCode.INTERNAL_ERROR, "Internal server error") from error

    async def _init(self, message: Message) -> None:
        if self._init_received:
            raise ProtocolError(CloseCode.TOO_MANY, "Too many initialisation requests")
        self._init_received = True
        if self._waiting_for_init is not None:
            self._waiting_for_init.cancel()
        self._credentials, self._language = introduce(self._websocket, message.payload or {})
        self._viewer = await self._identify()
        self._session = Session(
            self._operations.hub,
            self._viewer,
            shown=self._credentials.shown,
            warning_seconds=self._settings.expiry_warning_seconds,
        )
        await self._send(messages.connection_ack)
        self._start(self._ping)
        self._idle()
        if self._session.may_end:
            self._start(self._warn, self._session)
            self._start(self._close_when_ended, self._session)

    async def _identify(self) -> Viewer:
        try:
            return await self._operations.hub.identify(self._credentials)
        except Exception as error:
            refused = self._operations.hub.engine.refusal(error)
            if refused.code == "INTERNAL":
                raise ProtocolError(CloseCode.INTERNAL_ERROR, "Internal server error") from error
            if "retryAfter" in refused.errors[0].get("extensions", {}):
                raise ProtocolError(CloseCode.TRY_AGAIN_LATER, refused.errors[0]["message"]) from error
            raise ProtocolError(CloseCode.FORBIDDEN, "Forbidden") from error

    async def _subscribe(self, message: Message) -> None:
        if self._viewer is None:
            raise ProtocolError(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._running:
            raise ProtocolError(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        parameters = parameters_of(message.payload)
        over = self._over_a_limit(message)
        if over is not None:
            refused = self._operations.hub.engine.refusal(over)
            await self._send(lambda: messages.error(message.id, refused.errors))
            return
        self._no_longer_idle()
        self._sizes[message.id] = message.size
        self._running[message.id] = self._start(self._operate, message.id, parameters, self._viewer)

    def _over_a_limit(self, message: Message) -> BadRequest | None:
        """Say that one more operation is too many, or too much: what they came in is kept while they run."""
        most, together = self._settings.operations_per_socket, self._settings.body_bytes
        if len(self._running) >= most:
            words = f"At most {most} operations may run on one socket."
            return BadRequest(words, limited="operations_per_socket", limit=most, value=len(self._running) + 1)
        size = sum(self._sizes.values()) + message.size
        if size > together:
            words = f"The operations of a socket have at most {together} bytes."
            return BadRequest(words, limited="body_bytes", limit=together, value=size)
        return None

    def _complete(self, id_: str) -> None:
        """The client wants no more of it: the id is free again at once, and nothing more is sent under it."""
        task = self._forget(id_)
        if task is not None:
            task.cancel()

    def _forget(self, id_: str) -> asyncio.Task[None] | None:
        self._runs.pop(id_, None)
        self._sizes.pop(id_, None)
        task = self._running.pop(id_, None)
        if not self._running:
            self._idle()
        return task

    # Operations

    async def _operate(self, id_: str, parameters: Parameters, viewer: Viewer) -> None:
        try:
            await self._send_answers(id_, parameters, viewer)
            ending = messages.complete(id_)
        except GONE:
            raise
        except Exception as error:  # noqa: BLE001  the edge of an operation: whatever it is, its client is told
            ending = messages.error(id_, self._operations.hub.engine.refusal(error).errors)
        try:
            await self._send(lambda: ending)
        finally:
            if self._running.get(id_) is asyncio.current_task():
                self._forget(id_)

    async def _send_answers(self, id_: str, parameters: Parameters, viewer: Viewer) -> None:
        prepared = self._operations.prepare(parameters, viewer, self._credentials.client_address)
        info = RequestInfo(
            kind=prepared.kind,
            way="websocket",
            accept_language=self._language,
            client_address=self._credentials.client_address,
            follow_tokens=self._credentials.follow_tokens,
            headers=self._websocket.headers,
            private=self._credentials.shown,
        )
        run = self._runs[id_] = self._operations.run(prepared, viewer, info)
        async with aclosing(run.answers()) as answers:
            async for answer in answers:
                await self._send(partial(messages.next_, id_, answer.payload()))
                # A source that always has more, and a socket that takes it, let others have a turn.
                await asyncio.sleep(0)

    # Writing

    async def _send(self, text: Callable[[], str]) -> None:
        """Write one message, made when its turn comes; wait while the socket is full."""
        async with self._writing:
            if self._closed:
                raise WebSocketDisconnect(1006)
            await self._websocket.send({"type": "websocket.send", "text": text()})

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._settings.ping_seconds)
            await self._send(self._ping_message)

    def _ping_message(self) -> str:
        return messages.ping(self._positions(), self._session.warning() if self._session else None)

    def _positions(self) -> dict[str, str]:
        positions = {id_: run.progress() for id_, run in self._runs.items()}
        return {id_: position for id_, position in positions.items() if position is not None}

    # Timers

    async def _close_without_init(self) -> None:
        await asyncio.sleep(self._settings.init_seconds)
        await self.close(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")

    async def _warn(self, session: Session) -> None:
        await session.warned()
        await self._send(self._ping_message)

    async def _close_when_ended(self, session: Session) -> None:
        await self.close(CloseCode.FORBIDDEN, await session.ended())

    def _idle(self) -> None:
        """Nothing runs: the socket stays a while, and is closed if nothing comes."""
        self._no_longer_idle()
        if not self._closed:
            seconds, words = self._settings.idle_seconds, "Idle: subscribe, or close the socket"
            closing = partial(self._start, self.close, CloseCode.NORMAL, words)
            self._idling = asyncio.get_running_loop().call_later(seconds, closing)

    def _no_longer_idle(self) -> None:
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None

    def _start(self, work: Callable[P, Awaitable[None]], *arguments: P.args, **more: P.kwargs) -> asyncio.Task[None]:
        task = asyncio.create_task(_until_gone(work, *arguments, **more))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _until_gone(work: Callable[P, Awaitable[None]], *arguments: P.args, **more: P.kwargs) -> None:
    with suppress(*GONE):
        await work(*arguments, **more)
