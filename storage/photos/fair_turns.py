"""Turns at something that only so many can use at once, dealt out by client and not by who came first.

Somebody who brings a hundred photos waits for them himself: whoever brings one has his turn after one of those.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class TooManyWait(Exception):
    """To this client `owed` turns are owed already, and more than may be with what it asks for now."""

    def __init__(self, owed: int) -> None:
        super().__init__(f"{owed} turns are owed already")
        self.owed = owed


class FairTurns:
    """`at_once` turns; those who wait are called client by client, and each client's own in the order they came."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        # The client that is next comes first.
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._owed: Counter[str] = Counter()

    def waiting(self, client: str) -> int:
        """How many of this client's wait."""
        return len(self._waiting.get(client, ()))

    @contextmanager
    def promised(self, client: str, turns: int, most: int) -> Iterator["Promise"]:
        """Promise so many turns for the length of a block. Raises TooManyWait where more than `most` were then owed.

        They count from now until each has come, and not only from when it is waited for: of many who ask in one moment
        none slips past.
        """
        if turns and self._owed[client] + turns > most:
            raise TooManyWait(self._owed[client])
        promise = Promise(self, client, turns)
        self._owed[client] += turns
        try:
            yield promise
        finally:
            self._settle(client, promise.left)
            promise.left = 0

    def _settle(self, client: str, turns: int) -> None:
        self._owed[client] -= turns
        if not self._owed[client]:
            del self._owed[client]

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


class Promise:
    """Turns that a client was promised, `left` of which have not come yet."""

    def __init__(self, turns: FairTurns, client: str, left: int) -> None:
        self._turns, self._client, self.left = turns, client, left

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Take one of them for the length of a block."""
        async with self._turns.taken(self._client):
            if self.left:  # else the promise has ended, and with it what was owed
                self.left -= 1
                self._turns._settle(self._client, 1)
            yield
