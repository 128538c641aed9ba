"""A guest among a hub's processes: hands its writes to the host and waits for what becomes of them."""

import asyncio
from collections.abc import Callable
from typing import Any

from storage.errors import OutcomeUnknown
from storage.together.crossing import CannotCross, Crossing
from storage.together.frames import Frames, Kind
from storage.writing.waiting import Job


class Guest(Frames):
    """This process's end of its connection to the host. `ring` is told how far the log is; `gone` is done when it ends."""

    def __init__(self, crossing: Crossing, ring: Callable[[int], None]) -> None:
        super().__init__()
        self._crossing = crossing
        self._ring = ring
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.welcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the host has let this process in, or never will."""
        self.leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when nothing more can be handed over: the host stops, or is gone."""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def takes(self) -> bool:
        """Whether anything can still be handed over."""
        return not self.leaving.done()

    def submit(self, job: Job) -> None:
        """Hands a write over, while it `takes` any. One that cannot cross fails at once."""
        operation, future = job
        try:
            body = self._crossing.pack(operation)
        except CannotCross as error:
            future.set_exception(error)
            return
        self._number += 1
        self._waiting[self._number] = future
        self.send(Kind.WRITE, self._number, body)

    def ring(self, seq: int) -> None:
        """Tells the others that the log has reached `seq`."""
        self.send(Kind.RANG, seq)

    def came(self, kind: Kind, number: int, body: bytes) -> None:
        """See Frames."""
        if kind is Kind.WELCOME:
            self.welcome.set_result(None)
        elif kind is Kind.RANG:
            self._ring(number)
        elif kind is Kind.LEAVING:
            self._leave()
            self.send(Kind.LEFT)
        elif kind in (Kind.DONE, Kind.FAILED):
            self._settle(kind, self._waiting.pop(number), body)

    def _settle(self, kind: Kind, future: "asyncio.Future[Any]", body: bytes) -> None:
        if future.done():  # whoever waited has left
            return
        try:
            outcome = self._crossing.unpack(body)
        except CannotCross as fault:
            future.set_exception(OutcomeUnknown(str(fault)))
            return
        if kind is Kind.DONE:
            future.set_result(outcome)
        else:
            future.set_exception(outcome)

    def lost(self) -> None:
        """The host died, or stopped. What it had not answered may have been committed, or not."""
        self._leave()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(OutcomeUnknown("the process that writes ended before it answered"))
        self._waiting.clear()
        self.gone.set_result(None)

    def _leave(self) -> None:
        for each in (self.welcome, self.leaving):
            if not each.done():
                each.set_result(None)
