"""The host among a hub's processes: takes in what the others hand over, and tells all of them how far the log is."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from storage.errors import OutcomeUnknown, Overloaded
from storage.together.crossing import CannotCross, Crossing
from storage.together.frames import Frames, Kind
from storage.together.seat import Seat, of_this_user
from storage.writing.waiting import Job

log = logging.getLogger("simpul.together")

_LEAVING_SECONDS = 5.0
"""Until those that were told to hand over their last have done so: milliseconds, unless one hangs, which keeps nobody."""


class Host:
    """Serves this hub's other processes. `submit` takes a write, `ring` hears from a guest how far the log is."""

    def __init__(self, crossing: Crossing, submit: Callable[[Job], None], ring: Callable[[int], None]) -> None:
        self.crossing = crossing
        self.submit = submit
        self._ring = ring
        self.guests: set[_Guest] = set()
        self._server: asyncio.Server | None = None

    async def open(self, seat: Seat) -> None:
        """Lets the others in. Raises StoreUnavailable."""
        listening = seat.listen()
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Guest(self), sock=listening)

    async def close(self) -> None:
        """Sees through what was handed over, then lets the others go: nothing that came is left without an answer."""
        if self._server is not None:
            self._server.close()
        for guest in list(self.guests):
            guest.send(Kind.LEAVING)
        if self.guests:
            await asyncio.wait([guest.left for guest in self.guests], timeout=_LEAVING_SECONDS)
        while writing := {future for guest in self.guests for future in guest.writing}:
            await asyncio.wait(writing)
            await asyncio.sleep(0)  # who waits for the same futures answers by them
        for guest in list(self.guests):
            guest.close()

    def ring(self, seq: int, but: "_Guest | None" = None) -> None:
        """Tells the others that the log has reached `seq`."""
        for guest in self.guests:
            if guest is not but:
                guest.send(Kind.RANG, seq)

    def rung(self, guest: "_Guest", seq: int) -> None:
        """A guest has written by itself, and tells how far the log is."""
        self._ring(seq)
        self.ring(seq, guest)


class _Guest(Frames):
    """One of the other processes, as the host sees it."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.writing: set[asyncio.Future[Any]] = set()
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nobody but this user is let in."""
        super().connection_made(transport)
        if of_this_user(transport.get_extra_info("socket")):
            self._host.guests.add(self)
            self.send(Kind.WELCOME)
        else:
            log.error("somebody else's process came to this hub's socket")
            transport.close()

    def came(self, kind: Kind, number: int, body: bytes) -> None:
        """See Frames."""
        if self not in self._host.guests:
            return
        if kind is Kind.WRITE:
            self._write(number, body)
        elif kind is Kind.RANG:
            self._host.rung(self, number)
        elif kind is Kind.LEFT and not self.left.done():
            self.left.set_result(None)

    def _write(self, number: int, body: bytes) -> None:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(partial(self._answer, number))
        self.writing.add(future)
        try:
            self._host.submit((self._host.crossing.unpack(body), future))
        except (CannotCross, Overloaded) as error:
            future.set_exception(error)

    def _answer(self, number: int, future: "asyncio.Future[Any]") -> None:
        self.writing.discard(future)
        error, crossing = future.exception(), self._host.crossing
        if error is not None:
            self.send(Kind.FAILED, number, crossing.pack_error(error))
            return
        try:
            self.send(Kind.DONE, number, crossing.pack(future.result()))
        except CannotCross as fault:
            log.exception("the result of a write cannot be told")
            self.send(Kind.FAILED, number, crossing.pack_error(OutcomeUnknown(str(fault))))

    def lost(self) -> None:
        """What it handed over is written all the same; nobody waits for the answers any more."""
        self._host.guests.discard(self)
        if not self.left.done():
            self.left.set_result(None)
