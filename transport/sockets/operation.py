"""One operation on a socket, from `subscribe` to its end.

A subscription that has caught up has no task: what comes is handed to it, and it is written at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from starlette.websockets import WebSocketDisconnect, WebSocketDisconnected
from uvicorn.protocols.utils import ClientDisconnected

from execution import RequestRefused
from transport.operations.channels import SharedAnswer
from transport.operations.runs import Run
from transport.operations.told import body_of
from transport.sockets import messages

GONE = (WebSocketDisconnect, WebSocketDisconnected, ClientDisconnected)
"""What writing to a socket raises once nobody is there."""


class Line(Protocol):
    """The socket, as its operations see it."""

    def offer(self, frame: bytes) -> bool:
        """Write a frame if that can be done now; tell whether it was."""

    async def send(self, message: Callable[[], bytes]) -> None:
        """Write a message, made when its turn comes; wait while the socket is full."""

    def start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Have something done while the socket is open."""

    def refusal(self, error: Exception) -> RequestRefused:
        """Say what a client may know of an error."""

    def forget(self, operation: "SocketOperation") -> None:
        """Let go of an operation that has ended."""


class SocketOperation:
    """Implements transport.operations.channels.Outlet. `size` is what its message had of characters."""

    __slots__ = ("_begin", "_ending", "_line", "_run", "_task", "id", "size")

    def __init__(self, line: Line, id_: str, size: int, begin: Callable[[], Run]) -> None:
        self._line, self.id, self.size = line, id_, size
        self._begin: Callable[[], Run] | None = begin
        self._run: Run | None = None
        self._ending: bytes | None = None
        self._task: asyncio.Task[None] | None = line.start(self._work)

    def leave(self) -> None:
        """End it: nothing more is sent."""
        if self._task is not None:
            self._task.cancel()
        if self._run is not None:
            self._run.leave()

    def progress(self) -> str | None:
        """Return the position up to which all that there was has been written."""
        return None if self._run is None else self._run.progress()

    async def _work(self) -> None:
        """Send answers until there are no more, or until what comes is handed over."""
        try:
            if self._begin is not None:
                begin, self._begin = self._begin, None
                self._run = begin()
            assert self._run is not None
            await self._send_answers(self._run)
            if self._run.following:
                self._task = None
                return
            self._ending = messages.complete(self.id)
        except GONE:
            raise
        except Exception as error:  # noqa: BLE001  the edge of an operation: whatever it is, its client is told
            self._ending = messages.error(self.id, self._line.refusal(error).errors)
        await self._end()

    async def _send_answers(self, run: Run) -> None:
        async with aclosing(run.answers(self)) as answers:
            async for answer in answers:
                await self._say(messages.next_with(self.id, body_of(answer)))
                # A source that always has more, and a socket that takes it, let others have a turn.
                await asyncio.sleep(0)

    async def _end(self) -> None:
        ending = self._ending
        assert ending is not None
        try:
            await self._say(ending)
        finally:
            self._line.forget(self)

    async def _say(self, message: bytes) -> None:
        await self._line.send(lambda: message)

    # Following

    def hand(self, answer: SharedAnswer) -> bool:
        """See transport.operations.channels.Outlet."""
        return self._line.offer(answer.frame(self.id))

    def behind(self) -> None:
        """See transport.operations.channels.Outlet."""
        self._task = self._line.start(self._work)

    def ended(self, refused: RequestRefused) -> None:
        """See transport.operations.channels.Outlet."""
        self._ending = messages.error(self.id, refused.errors)
        self._task = self._line.start(self._end)
