"""Turns at something that only so many can use at once, dealt out by client and not by who came first.

Somebody who brings a hundred photos waits for them himself: whoever brings one has his turn after one of those.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairTurns:
    """`at_once` turns; those who wait are called client by client, and each client's own in the order they came."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        # The client that is next comes first.
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def waiting(self, client: str) -> int:
        """How many of this client's wait."""
        return len(self._waiting.get(client, ()))

    @asynccontextmanager
    async def taken(self, client: str) -> AsyncIterator[None]:
        """Take a turn for the length of a block."""
        await self._take(client)
        try:
            yield
        finally:
            self._call()

    async def _take(self, client: str) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._call()  # it had come just then: the next one has it
            elif turn in (mine := self._waiting.get(client, deque())):
                mine.remove(turn)
                if not mine:
                    del self._waiting[client]
            raise

    def _call(self) -> None:
        """Give a turn that is free now to the client who has waited longest since its last."""
        while self._waiting:
            client, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[client] = turns
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1
