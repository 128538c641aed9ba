"""When a writer is given its next group: once the loop brings no more writes, so that few commits serve many.

A writer that took each write as it came would have groups of one whenever it shares a processor with the loop: it is woken
by the first of many that are on their way, and a commit of one costs several times what its share in one of fifty does.
Where nothing else is on its way the wait is some empty turns of the loop: microseconds.
"""

import asyncio
from collections.abc import Callable

from storage.writing.waiting import SMALLEST_GROUP, Waiting

MOST_SECONDS = 0.02
"""After so long a group is handed over although turns bring more."""

QUIET_TURNS = 3
"""So many turns of the loop without a write, and no more are on their way: a request takes as many from its bytes to here."""


class Gathering:
    """Sees on the loop what comes to wait; `wake` has the writer take it. One group at a time is with the writer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, waiting: Waiting, wake: Callable[[], None]) -> None:
        self._loop = loop
        self._waiting = waiting
        self._wake = wake
        self._with_writer = False
        self._looking = False
        self._until = 0.0
        self._seen = 0
        self._quiet = 0

    def more(self) -> None:
        """Something came to wait."""
        if not (self._looking or self._with_writer):
            self._looking = True
            self._until = self._loop.time() + MOST_SECONDS
            self._seen = self._quiet = 0
            self._look()

    def done(self) -> None:
        """The writer has told what became of its group."""
        self._with_writer = False
        if len(self._waiting):
            self.more()

    def _look(self) -> None:
        """Each turn of the loop, until the group is together."""
        waiting = len(self._waiting)
        self._quiet = 0 if waiting > self._seen else self._quiet + 1
        self._seen = waiting
        if self._quiet < QUIET_TURNS and waiting < SMALLEST_GROUP and self._loop.time() < self._until:
            self._loop.call_soon(self._look)
        else:
            self._looking, self._with_writer = False, True
            self._wake()
