"""The hub's own reader of the log: it hears of what other processes wrote, and stops when it is told to."""

import asyncio
from pathlib import Path

from sqlalchemy import update

from domain.areas import AreaMap
from domain.vocabulary import EventKind
from storage.events.reading import LogEntry
from storage.events.tail import LogTail
from storage.store import Store, open_store, opened
from storage.tables import log_head
from storage.writing.transaction import Operation, PendingEvent, Tx
from tests.stream_world import PATIENCE, create, world_over


def tell(tx: Tx) -> None:
    tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=1, flood_state=2))


async def test_it_stops_even_as_the_bell_rings(store: Store) -> None:
    for _ in range(20):
        tail = LogTail(store)
        await tail.start()
        await store.write(Operation(tell))
        await asyncio.wait_for(tail.stop(), PATIENCE)
    tail = LogTail(store)
    await tail.start()
    await asyncio.sleep(0.05)  # it waits for the bell now
    store.bell.ring(store.bell.seq + 1)
    await asyncio.wait_for(tail.stop(), PATIENCE)


async def test_it_hears_of_what_another_process_wrote(store_url: str) -> None:
    async with opened(open_store(store_url)) as ours, opened(open_store(store_url)) as theirs:
        tail = LogTail(ours)
        await tail.start()
        await theirs.write(Operation(tell))
        (entry,) = await asyncio.wait_for(tail.after(0, tail.epoch), PATIENCE)
        assert (entry.seq, entry.kind) == (1, "FLOOD_STATE")
        await tail.stop()


async def test_it_hears_of_a_new_epoch_without_any_event(store: Store) -> None:
    tail = LogTail(store)
    await tail.start()
    waiting = asyncio.create_task(tail.after(0, tail.epoch))
    await store.write(Operation(lambda tx: tx.conn.execute(update(log_head).values(epoch=log_head.c.epoch + 1))))
    assert await asyncio.wait_for(waiting, PATIENCE) == []
    await tail.stop()


async def test_it_gives_the_same_from_memory_and_from_the_store(
    store: Store, area_map: AreaMap, tmp_path: Path
) -> None:
    async with world_over(store, area_map, tmp_path, kept=10) as world:
        await world.write(lambda tx: [create(tx, world) for _ in range(30)])
        tail = world.tail
        found: list[LogEntry] = []
        while len(found) < 30:
            found += await asyncio.wait_for(tail.after(len(found), tail.epoch, limit=7), PATIENCE)
        assert [entry.seq for entry in found] == list(range(1, 31))
