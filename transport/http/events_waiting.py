"""Server-sent events that were handed over and wait for the task that writes them. Implements transport.operations.channels.Outlet."""

import asyncio
from collections import deque

from execution import RequestRefused
from transport.operations.channels import SharedAnswer

MOST_WAITING = 16
"""Answers; a reader that has more waiting reads on for itself."""


class EventsWaiting:
    """What a channel hands to one event stream."""

    def __init__(self) -> None:
        self._events: deque[SharedAnswer] = deque()
        self._come: asyncio.Event = asyncio.Event()
        self._refused: RequestRefused | None = None
        self._behind = False

    @property
    def empty(self) -> bool:
        """Whether all was written."""
        return not self._events

    async def come(self) -> bool:
        """Wait for an event; False where none will come any more, for the reader is to read on for itself.

        Raises RequestRefused when the subscription has broken off. What was handed over before comes first.
        """
        while not self._events:
            if self._refused is not None:
                raise self._refused
            if self._behind:
                return False
            self._come.clear()
            await self._come.wait()
        return True

    def first(self) -> bytes:
        """The event that is to be written."""
        return self._events[0].event()

    def written(self) -> None:
        """Let go of it."""
        self._events.popleft()

    def hand(self, answer: SharedAnswer) -> bool:
        """See transport.operations.channels.Outlet."""
        if len(self._events) >= MOST_WAITING:
            return False
        self._events.append(answer)
        self._come.set()
        return True

    def behind(self) -> None:
        """See transport.operations.channels.Outlet."""
        self._behind = True
        self._come.set()

    def ended(self, refused: RequestRefused) -> None:
        """See transport.operations.channels.Outlet."""
        self._refused = refused
        self._come.set()
