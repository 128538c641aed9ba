"""A process and its parent: it hears which of its neighbours are away, and that the parent is no more, and tells that it turns."""

import asyncio
import os
import signal
from collections.abc import Callable

from wiring.children import Tether


class Ear:
    """Listens on the running loop. A parent that was killed cannot tell anybody to stop: its end of the pipe is closed then,
    and the process ends as if it had been told to."""

    def __init__(self, tether: Tether) -> None:
        self._tether = tether
        self._away: frozenset[str] = frozenset()
        self._attending: Callable[[frozenset[str]], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(tether.parent, self._hear)
        if tether.every:
            self._beat()

    def attend(self, attending: Callable[[frozenset[str]], None]) -> None:
        """Has somebody told who is away, now and whenever that changes."""
        self._attending = attending
        attending(self._away)

    def _beat(self) -> None:
        self._tether.beat()
        self._loop.call_later(self._tether.every, self._beat)

    def _hear(self) -> None:
        heard = self._tether.heard()
        if heard is None:
            self._loop.remove_reader(self._tether.parent)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        self._away = heard
        if self._attending is not None:
            self._attending(heard)
