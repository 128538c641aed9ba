"""Faults that a demo server can be told to have, at run time: by its `faults` object or by `POST /_control`.

The server itself goes on running and keeps its memory, so a fault ends when it is switched off. Everything is done at
the edge of the connection, below the framework, because most of these are things that no framework would do.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(StrEnum):
    """What can be wrong with a server."""

    NONE = "none"
    STOPPED = "stopped"
    """The connection is reset before anything is answered."""
    HANG = "hang"
    """The connection is taken and nothing is ever answered."""
    ERROR = "500"
    DATABASE = "database"
    """The server is there, its database is not; what that looks like differs from system to system."""
    HTML = "html"
    """A page for people, with 200: a proxy's, or a maintenance notice."""
    HALF = "half"
    """The head and the first half of the true body, then the connection is dropped."""
    HUGE = "huge"
    """A body of 200 MB, as fast as the reader takes it."""
    SLOW = "slow"
    """The true answer in dribbles over `seconds`."""
    ANSWER_LOST = "answer_lost"
    """The request is carried out in full, and the connection dropped instead of answering."""


HUGE_BYTES = 200 * 1024 * 1024
_PAGE = (
    "<!DOCTYPE html><html lang='id'><head><title>Pemeliharaan</title></head>"
    "<body><h1>Situs sedang dalam pemeliharaan</h1></body></html>"
)


@dataclass
class Faults:
    """The switch of one server: which fault it has now, how slow "slow" is, and how many requests it has seen."""

    current: Fault = Fault.NONE
    seconds: float = 5.0
    requests: int = 0

    def __post_init__(self) -> None:
        self._changed = asyncio.Event()
        self._asked = asyncio.Event()

    def set(self, fault: Fault | str, seconds: float | None = None) -> None:
        """Switch to this fault. Requests that hang in the one before are dropped. Raises ValueError if unknown."""
        self.current = Fault(fault)
        self.seconds = self.seconds if seconds is None else seconds
        self._changed.set()
        self._changed = asyncio.Event()

    def clear(self) -> None:
        """Be well again."""
        self.set(Fault.NONE)

    def count(self) -> None:
        """Count a request, whatever becomes of it."""
        self.requests += 1
        self._asked.set()
        self._asked = asyncio.Event()

    async def until_requests(self, number: int) -> None:
        """Wait until so many requests have come in all: a test knows then that its request hangs."""
        while self.requests < number:
            await self._asked.wait()

    def until_changed(self) -> Coroutine[Any, Any, Any]:
        """To be awaited: the next move of the switch, counted from this call."""
        return self._changed.wait()

    async def changed_within(self, seconds: float) -> bool:
        """Wait so long, or less when the switch is moved; says whether it was."""
        try:
            await asyncio.wait_for(self.until_changed(), seconds)
        except TimeoutError:
            return False
        return True


class DemoServer(Starlette):
    """A Starlette application with a switch for faults, and `/_control` to move it over HTTP.

    `broken` is how this system answers when it fails, `without_database` when only its database does.
    """

    def __init__(self, *args: Any, broken: Response, without_database: Response | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faults = Faults()
        self._broken = broken
        self._without_database = without_database or broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the fault of the moment has it, and truly when there is none."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif scope["path"] == "/_control":
            await (await _control(Request(scope, receive), self.faults))(scope, receive, send)
        else:
            self.faults.count()
            await self._faulty(scope, receive, send)

    async def _faulty(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner: ASGIApp = super().__call__
        match self.faults.current:
            case Fault.NONE:
                await inner(scope, receive, send)
            case Fault.STOPPED:
                drop(send)
            case Fault.HANG:
                await _hang(receive, self.faults)
                drop(send)
            case Fault.ERROR:
                await self._broken(scope, receive, send)
            case Fault.DATABASE:
                await self._without_database(scope, receive, send)
            case Fault.HTML:
                await Response(_PAGE, media_type="text/html")(scope, receive, send)
            case Fault.HUGE:
                await _huge(send, self.faults)
            case Fault.ANSWER_LOST:
                await _answered(inner, scope, receive)
                drop(send)
            case Fault.HALF:
                await _half(await _answered(inner, scope, receive), send)
                drop(send)
            case Fault.SLOW:
                await _dribble(await _answered(inner, scope, receive), send, self.faults)


async def _control(request: Request, faults: Faults) -> Response:
    if request.method == "GET":
        return _told(faults)
    try:
        asked = await request.json()
        faults.set(asked["fault"], asked.get("seconds"))
    except (ValueError, KeyError, TypeError, AttributeError):
        known = [fault.value for fault in Fault]
        return JSONResponse({"error": 'send {"fault": ..., "seconds": ...}', "faults": known}, 400)
    return _told(faults)


def _told(faults: Faults) -> Response:
    return JSONResponse({"fault": faults.current, "seconds": faults.seconds, "requests": faults.requests})


def drop(send: Send) -> None:
    """Cut the connection at once (the peer sees a reset, or an early end).

    ASGI has no word for this, so it goes through uvicorn's own object behind `send`. Under another server the
    request ends without an answer instead, which that server turns into a 500 of its own.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


async def _hang(receive: Receive, faults: Faults) -> None:
    """Wait until the client gives up or the fault is over."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    waiting = {asyncio.ensure_future(gone()), asyncio.ensure_future(faults.until_changed())}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _answered(inner: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    """Let the application answer, and keep what it says instead of sending it."""
    said: list[Message] = []

    async def keep(message: Message) -> None:
        said.append(message)

    await inner(scope, receive, keep)
    return said


def _body(said: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in said if message["type"] == "http.response.body")


async def _half(said: list[Message], send: Send) -> None:
    """The head as it is, Content-Length of the whole included, and half of the body."""
    body = _body(said)
    await send(said[0])
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    # Give the bytes a turn of the loop to leave before the connection is cut.
    await asyncio.sleep(0.02)


async def _dribble(said: list[Message], send: Send, faults: Faults) -> None:
    body, pieces = _body(said), 10
    pause, step = faults.seconds / (pieces + 1), max(1, -(-len(body) // pieces))
    if await faults.changed_within(pause):
        return drop(send)
    await send(said[0])
    for start in range(0, len(body), step):
        if await faults.changed_within(pause):
            return drop(send)
        await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
    return await send({"type": "http.response.body", "body": b""})


async def _huge(send: Send, faults: Faults) -> None:
    """JSON that never comes to the point; no Content-Length, so nobody can refuse it unread."""
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"statusCode":200,"result":"', "more_body": True})
    chunk = b"banjir " * 9362
    for _ in range(HUGE_BYTES // len(chunk) + 1):
        if faults.current is not Fault.HUGE:
            return drop(send)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(0)
    return await send({"type": "http.response.body", "body": b'"}'})
