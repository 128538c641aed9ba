"""Stores side by side on one SQLite file, as processes of one hub have them; run as a module, one that hosts.

    python -m tests.side_by_side DATABASE_URL

Says `hosting` once it does.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from domain.sink import Lease
from domain.vocabulary import EventKind
from storage.leases import lease_lock, take_lease
from storage.sqlite.store import SqliteStore
from storage.tables import events
from storage.together.crossing import OURS, Crossing
from storage.together.neighbours import Beside
from storage.writing.transaction import Operation, PendingEvent, Tx
from tests.starting import Started, start


class Side:
    """One of several stores on a file, as one process has it."""

    def __init__(self, url: str, *, first: bool = False, ready: bool = True) -> None:
        path = url.partition("///")[2]
        self.crossing = Crossing({*OURS, "tests"})
        self.store = SqliteStore(path, Beside(Path(path).parent, self.crossing, first=first))
        self.store.POLL_SECONDS = 3_600.0  # what is heard is heard by the bell
        if ready:
            self.crossing.complete.set()

    @property
    def hosts(self) -> bool:
        assert self.store.neighbours is not None
        return self.store.neighbours.hosting

    async def tell(self) -> int:
        """Adds an entry to the log; gives how many it had before."""
        return await self.store.write(Operation(add_event, frozenset({"flood:1"})))

    async def take(self, name: str) -> Lease | None:
        taking = partial(take_lease, name=name, holder="h", seconds=60.0)
        return await self.store.write(Operation(taking, frozenset({lease_lock(name)})))


def add_event(tx: Tx) -> int:
    count: int = tx.conn.execute(select(func.count()).select_from(events)).scalar_one() + len(tx.events)
    tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=1, flood_state=2))
    return count


async def _host(url: str) -> None:
    side = Side(url, first=True)
    await side.store.open()
    print("hosting", flush=True)
    await asyncio.Event().wait()


@contextmanager
def hosting_process(url: str) -> Iterator[Started]:
    """A process that hosts the others on a file; ended with the block if it was not before."""
    with start(["-m", "tests.side_by_side", url], os.environ) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"hosting\n"
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_host(sys.argv[1]))
