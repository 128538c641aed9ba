"""Tells readers in this process that the log has grown. It only wakes; the log itself is the truth."""

import asyncio


class Bell:
    """Holds how far the log is known to be, and wakes who waits for more."""

    def __init__(self) -> None:
        self._seq = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def seq(self) -> int:
        """The highest number heard of."""
        return self._seq

    def ring(self, seq: int) -> None:
        """The log has reached `seq`. Called on the event loop."""
        if seq <= self._seq:
            return
        self._seq = seq
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait_beyond(self, seq: int) -> int:
        """Returns once the log is known to be beyond `seq`, with how far."""
        while self._seq <= seq:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
        return self._seq
