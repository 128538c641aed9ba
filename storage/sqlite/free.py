"""The connections that SQLite is read on while nobody reads on them.

The first that is free is lent: reads that do not leave the event loop are then all on the one that has the most of the
file in memory.
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import cast

from sqlalchemy import Connection

from storage.errors import StoreUnavailable
from storage.in_turn import InTurn
from storage.sqlite.reader import Reader


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection as SQLAlchemy has it, and the driver's own; `place` is its place among those that are kept."""

    place: int
    connection: Connection
    reader: Reader

    @classmethod
    def of(cls, place: int, connection: Connection) -> "Kept":
        """A connection of an engine that makes readers."""
        return cls(place, connection, cast(Reader, connection.connection.driver_connection))

    def roll_back(self) -> None:
        """Ends its transaction, and what SQLAlchemy took for one."""
        try:
            if self.connection.in_transaction():
                self.connection.rollback()
        finally:
            self.reader.rollback()


class FreeReaders:
    """Whoever finds none waits, first come, first served."""

    def __init__(self) -> None:
        self._free: list[tuple[int, Kept]] = []  # by their places
        self._waiting = InTurn[Kept]()
        self._closed = False

    def take_at_once(self) -> Kept | None:
        """One that is free; None where one would have to wait."""
        return heappop(self._free)[1] if self._free else None

    async def take(self) -> Kept:
        """One that is free, in one's turn. Raises StoreUnavailable once none will be any more."""
        if self._free:
            return heappop(self._free)[1]
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await self._waiting.wait(self.give_back)

    def give_back(self, kept: Kept) -> None:
        """One whose snapshot is over."""
        if self._waiting.hand(kept):
            return
        if self._closed:
            kept.connection.close()
        else:
            heappush(self._free, (kept.place, kept))

    def close(self) -> list[Kept]:
        """Those that are free, for the caller to close; those that are lent are closed when they are given back."""
        self._closed = True
        free, self._free = self._free, []
        return [kept for _, kept in free]
