"""Answers that several get: of queries that are asked at the same time, and of what nobody in particular asks again.

Queries that ask the same, for viewers who are answered the same, share one execution; so do its errors. Whoever leaves
takes nothing from the others. What nobody in particular was told (no token, no cursor shown) may be told again for a
moment. That ends at once when something is hidden, and for a client who changed something nothing counts that was read
before. Each client is charged as if it had been alone.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from execution import Answer
from transport.door import News
from transport.operations.told import Told

Execute = Callable[[], Awaitable[Answer]]

KEPT = 2_000
KEPT_BYTES = 64_000_000
"""At most so many answers are kept, and so much memory for them."""
_HELD = 8
"""How many times its JSON an answer holds: Python's objects (a page of 50 reports 3.4 times, small objects more), the JSON
itself, that with its errors, and what they are compressed to."""


@dataclass(frozen=True, slots=True)
class _Kept:
    told: Told
    at: float
    size: int


class SharedAnswers:
    """The executions under way that may be joined, and the answers that may be given again for `seconds`."""

    def __init__(
        self,
        news: News,
        seconds: float,
        *,
        joining: bool = True,
        count: int = KEPT,
        size: int = KEPT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.joining = joining
        self.keeping = seconds > 0
        self._news, self._seconds, self._clock = news, seconds, clock
        self._count, self._most = count, size
        self._under_way: dict[Hashable, _Execution] = {}
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._size = 0
        self._acts = self._hiding_acts = 0
        self._hidden = (0, 0)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """How much memory the answers that are kept hold, about, in bytes."""
        return self._size

    def acted(self, *, harmless: bool) -> float:
        """A mutation ended in this process, and nobody was told yet. Return when: older answers are nothing for its client."""
        self._acts += 1
        self._hiding_acts += not harmless
        return self._clock()

    def kept(self, key: Hashable, *, since: float) -> Told | None:
        """Return what was told lately, unless its reading began before `since` or something may have been hidden."""
        self._heed_hiding()
        self._forget_until(self._clock() - self._seconds)
        found = self._kept.get(key)
        return None if found is None or found.at < since else found.told

    async def execute(self, key: Hashable, execute: Execute, *, keep: bool) -> Told:
        """Execute, or join who does. Nobody joins what began before a commit that this process has heard of."""
        if not self.joining:
            return await self._execute(key, execute, keep=keep)
        whole = (key, self._news.commits(), self._acts)
        while (under_way := self._under_way.get(whole)) is not None:
            told = await under_way.told()
            if told is not None:
                return told
        mine = self._under_way[whole] = _Execution()
        ended: Told | Exception | None = None
        try:
            ended = await self._execute(key, execute, keep=keep)
            return ended
        except Exception as error:
            ended = error
            raise
        finally:
            del self._under_way[whole]
            mine.end(ended)

    async def _execute(self, key: Hashable, execute: Execute, *, keep: bool) -> Told:
        if not keep:
            return Told(await execute())
        began, hidden = self._clock(), self._heed_hiding()
        told = Told(await execute())
        if not told.answer.errors and self._heed_hiding() == hidden:
            self._keep(key, told, began)
        return told

    def _heed_hiding(self) -> tuple[int, int]:
        hidden = (self._news.hidden(), self._hiding_acts)
        if hidden != self._hidden:
            self._hidden = hidden
            self._kept.clear()
            self._size = 0
        return hidden

    def _keep(self, key: Hashable, told: Told, at: float) -> None:
        """All live equally long, so those that came first go first."""
        size = _HELD * len(told.front)
        if size > self._most:
            return
        self._forget(key)
        self._kept[key] = _Kept(told, at, size)
        self._size += size
        self._forget_until(self._clock() - self._seconds)
        while len(self._kept) > self._count or self._size > self._most:
            self._forget(next(iter(self._kept)))

    def _forget_until(self, end: float) -> None:
        while self._kept:
            oldest, kept = next(iter(self._kept.items()))
            if kept.at > end:
                return
            self._forget(oldest)

    def _forget(self, key: Hashable) -> None:
        forgotten = self._kept.pop(key, None)
        if forgotten is not None:
            self._size -= forgotten.size


class _Execution:
    """One that is under way; whoever joins waits for it."""

    __slots__ = ("_joined",)

    def __init__(self) -> None:
        self._joined: asyncio.Future[Told | None] | None = None

    async def told(self) -> Told | None:
        """Wait for what is told; None where who executes it left. Raises what it raises."""
        if self._joined is None:
            self._joined = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._joined)

    def end(self, ended: Told | Exception | None) -> None:
        """Tell those who joined how it ended."""
        if self._joined is None:
            return
        if isinstance(ended, Exception):
            self._joined.set_exception(ended)
            self._joined.exception()  # asked for, so that it does not count as missed where they have all left
        else:
            self._joined.set_result(ended)
