"""Read transactions of SQLite, which snapshots have shares in.

To begin and end one takes as long as to find a report by its id. So snapshots that begin in the same turn of the event
loop share one: nobody of them can know of anything that was committed after it began. For whatever tells of a commit (an
acknowledgement, the next request of somebody who got one) is scheduled after it, and the loop runs in the order of
scheduling what it has to run; the end of the turn, which is scheduled with the transaction's beginning, goes before.
"""

import asyncio

from storage.sqlite.free import FreeReaders, Kept
from storage.store import Turn


class ReadTransaction:
    """One transaction on a connection that is kept. `turn`: that of whoever reads on it; `shares`: who may still."""

    __slots__ = ("kept", "past", "shares", "turn")

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.turn = Turn()
        self.shares = 0
        self.past = False


class ReadTransactions:
    """Begins and ends them."""

    def __init__(self) -> None:
        self.free = FreeReaders()
        self._present: ReadTransaction | None = None

    def at_once(self) -> ReadTransaction | None:
        """The one of this turn of the loop, unless somebody has a long read on it; else a new one where a connection is
        free; else None. Who takes it counts himself in its shares, and gives it back."""
        present = self._present
        if present is not None and not present.turn.taken:
            return present
        kept = self.free.take_at_once()
        return None if kept is None else self._begin(kept)

    async def in_turn(self) -> ReadTransaction:
        """A new one, once a connection is free."""
        return self._begin(await self.free.take())

    def _begin(self, kept: Kept) -> ReadTransaction:
        """What it sees is settled by its first read."""
        try:
            if kept.reader.in_transaction:  # one that could not be ended
                kept.reader.rollback()
            kept.reader.execute("BEGIN")
        except BaseException:
            self.free.give_back(kept)
            raise
        begun = self._present = ReadTransaction(kept)
        asyncio.get_running_loop().call_soon(self._end_of_turn, begun)
        return begun

    def _end_of_turn(self, transaction: ReadTransaction) -> None:
        if self._present is transaction:
            self._present = None
        transaction.past = True
        if not transaction.shares:
            self._end(transaction)

    def give_back(self, transaction: ReadTransaction) -> None:
        """One share less; the last one, when the turn is past, ends it."""
        transaction.shares -= 1
        if transaction.past and not transaction.shares:
            self._end(transaction)

    def _end(self, transaction: ReadTransaction) -> None:
        try:
            transaction.kept.roll_back()
        finally:
            self.free.give_back(transaction.kept)
