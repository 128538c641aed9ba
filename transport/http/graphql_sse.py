"""Operations over server-sent events: graphql-sse's distinct connections mode, one response an operation.

Each answer is an event `next`, whose `id:` is the cursor where the log can be resumed; the end is an event `complete`.
While nothing happens a comment keeps the connection alive, and a lone `id:` tells how far the log was searched: browsers
send it back as Last-Event-ID, the graphql-sse client ignores it (of events it allows only the two).
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from execution import Prepared, RequestRefused
from transport.door import BadRequest, RequestInfo, Viewer
from transport.http.answers import EVENT_STREAM, VARY, encode
from transport.http.events_waiting import EventsWaiting
from transport.identity.clients import Places
from transport.identity.session import Session
from transport.operations.channels import next_event
from transport.operations.running import Operations
from transport.operations.runs import Run
from transport.operations.told import body_of
from transport.safe_headers import SAFE
from transport.settings.door_limits import DoorSettings

COMPLETE = b"event: complete\ndata:\n\n"
KEEP_ALIVE = b":\n\n"
_CLOSING_SECONDS = 2.0
"""How long a client that does not read may hold up the end of its stream."""


class EventStreams:
    """Makes the responses of event streams, and breaks off those that are open when the hub stops."""

    def __init__(self, operations: Operations, settings: DoorSettings) -> None:
        self._operations = operations
        self._settings = settings
        self._open: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.places = Places(settings.streams_per_client)

    def refusing(self, refused: RequestRefused, *, private: bool) -> Response:
        """Answer an operation that will not run: its errors are the only event."""
        return Response(_refusal_event(refused) + COMPLETE, headers=_headers(private))

    def running(self, prepared: Prepared, viewer: Viewer, info: RequestInfo) -> "EventStream":
        """Answer an operation with the events of its run. Raises BadRequest: too many streams, or the hub stops."""
        if self._stopping:
            raise BadRequest("The hub is stopping.", status=503, code="OVERLOADED", retryAfter=1)
        if not self.places.free(info.client_address):
            raise _too_many(self.places.most)
        session = Session(
            self._operations.hub, viewer, shown=info.private, warning_seconds=self._settings.expiry_warning_seconds
        )
        return EventStream(self, self._operations.run(prepared, viewer, info), info, session)

    @property
    def ping_seconds(self) -> float:
        """How often a stream tells its position."""
        return self._settings.ping_seconds

    def refusal(self, error: Exception) -> RequestRefused:
        """Say what the client may know of what ended a stream."""
        return self._operations.hub.engine.refusal(error)

    def close_all(self) -> None:
        """Break off all open streams without `complete`, so that clients come back and resume."""
        self._stopping = True
        for writer in self._open:
            writer.cancel()

    def entered(self, writer: asyncio.Task[None]) -> None:
        """Keep the task that writes a stream until it is done."""
        self._open.add(writer)
        writer.add_done_callback(self._open.discard)


class EventStream(Response):
    """The response that runs one operation while it is being read."""

    def __init__(self, streams: EventStreams, run: Run, info: RequestInfo, session: Session) -> None:
        super().__init__(headers=_headers(info.private))
        del self.headers["content-length"]
        self._streams = streams
        self._run = run
        self._address = info.client_address
        self._session = session
        self._writing = asyncio.Lock()
        self._waiting: EventsWaiting | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write events until the operation ends, the client leaves, its credentials hold no longer or the hub stops."""
        with self._streams.places.taken(self._address):
            writer = asyncio.create_task(self._write(send))
            self._streams.entered(writer)
            leaver = asyncio.create_task(_client_left(receive))
            others = {leaver}
            if self._session.may_end:
                others.add(asyncio.create_task(self._until_ended()))
            try:
                await asyncio.wait((writer, *others), return_when=asyncio.FIRST_COMPLETED)
                left = leaver.done()
            finally:
                for task in (writer, *others):
                    task.cancel()
                await asyncio.wait((writer, *others))
        if not writer.cancelled():
            await writer
        elif not left:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_ended(self) -> None:
        await self._session.ended()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await self._say(send, KEEP_ALIVE)
        besides = [asyncio.create_task(self._ping(send))]
        if self._session.may_end:
            besides.append(asyncio.create_task(self._warn(send)))
        try:
            await self._write_answers(send)
        except Exception as error:  # noqa: BLE001  the edge of an operation: whatever it is, its client is told
            await self._say(send, _refusal_event(self._streams.refusal(error)))
        finally:
            self._run.leave()
            for task in besides:
                task.cancel()
        await send({"type": "http.response.body", "body": COMPLETE, "more_body": False})

    async def _write_answers(self, send: Send) -> None:
        """Write what is asked for, then what is handed over, until that is too much; and so on."""
        while True:
            waiting = EventsWaiting()
            async with aclosing(self._run.answers(waiting)) as answers:
                async for answer in answers:
                    await self._say(send, next_event((answer.extensions or {}).get("cursor"), body_of(answer)))
                    await asyncio.sleep(0)  # a source that always has more lets others have a turn
            if not self._run.following:
                return
            self._waiting = waiting
            while await waiting.come():
                await self._send(send, waiting.first)
                waiting.written()

    async def _ping(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._streams.ping_seconds)
            await self._send(send, self._position)

    def _position(self) -> bytes:
        """How far all was written: while something waits to be, no more is said than that the stream is alive."""
        waits = self._waiting is not None and not self._waiting.empty
        progress = None if waits else self._run.progress()
        return KEEP_ALIVE if progress is None else b"id: " + progress.encode() + b"\n\n"

    async def _warn(self, send: Send) -> None:
        """Tell in a comment, which clients skip that do not look for it, that the token runs out."""
        await self._session.warned()
        await self._send(send, lambda: b": sessionExpiresInSeconds %d\n\n" % (self._session.warning() or 0))

    async def _say(self, send: Send, event: bytes) -> None:
        await self._send(send, lambda: event)

    async def _send(self, send: Send, event: Callable[[], bytes]) -> None:
        """Write one event whole, made when its turn comes; the server waits here while the client does not read."""
        async with self._writing:
            await send({"type": "http.response.body", "body": event(), "more_body": True})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_many(most: int) -> BadRequest:
    words = f"At most {most} event streams may be open from one address."
    return BadRequest(
        words,
        status=429,
        code="RATE_LIMITED",
        limited="streams_per_client",
        limit=most,
        value=most + 1,
        retryAfter=30,
    )


def _refusal_event(refused: RequestRefused) -> bytes:
    return b"event: next\ndata: " + encode({"errors": refused.errors}) + b"\n\n"


def _headers(private: bool) -> dict[str, str]:
    cache = "private, no-store" if private else "no-store"
    return {
        "content-type": f"{EVENT_STREAM}; charset=utf-8",
        "cache-control": f"{cache}, no-transform",
        "vary": VARY,
        "x-accel-buffering": "no",
        **SAFE,
    }
