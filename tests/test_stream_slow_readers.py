"""Readers that do not read: each event reaches them once when they go on, and meanwhile they hold next to nothing."""

import asyncio
import gc
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.vocabulary import EventKind
from resolvers import streams
from resolvers.streams import LogSource
from storage.events.facets import read_facets
from storage.events.reading import LogEntry
from storage.events.tail import PAGE
from storage.store import Store
from storage.writing.transaction import PendingEvent, Tx
from tests.stream_world import PATIENCE, World, close_all, create, hide, take, world_over

EVENTS = 10_000
AT_ONCE = 250
KEPT = 500
READERS = 10


async def write_many(world: World, report: int, count: int) -> None:
    """So many supports of one report, many in a transaction: what they do to the row is no matter here."""

    def apply(tx: Tx) -> None:
        facts = read_facets(tx.conn, report)
        for _ in range(AT_ONCE):
            tx.emit(PendingEvent(EventKind.SUPPORTED, report_id=report, before=facts, after=facts))

    for _ in range(count // AT_ONCE):
        await world.write(apply, report)


async def open_reader(world: World) -> LogSource:
    async with world.reading() as ctx:
        return await streams.report_events(ctx, filter=None)


async def heard(world: World, seq: int) -> None:
    """Returns once the hub's reader of the log has come this far."""
    await asyncio.wait_for(world.tail.after(seq - 1, world.tail.epoch), PATIENCE)


def entries_held() -> int:
    gc.collect()
    return sum(isinstance(each, LogEntry) for each in gc.get_objects())


@pytest.mark.slow
class TestAStoppedReader:
    async def test_gets_each_of_ten_thousand_events_once(self, store: Store, area_map: AreaMap, tmp_path: Path) -> None:
        async with world_over(store, area_map, tmp_path, kept=KEPT) as world:
            report = await world.write(lambda tx: create(tx, world))
            source = await open_reader(world)
            await write_many(world, report, 1_000)
            first = await take(source, 7)  # so it holds a page when it stops
            await write_many(world, report, EVENTS)
            rest = await take(source, 1_000 - 7 + EVENTS)
            assert [told.value.seq for told in first + rest] == list(range(2, 2 + 1_000 + EVENTS))
            await source.aclose()

    async def test_is_told_nothing_of_what_was_hidden_meanwhile(
        self, store: Store, area_map: AreaMap, tmp_path: Path
    ) -> None:
        """Also of the page that it holds, and when so much came since that nobody remembers the hiding."""
        async with world_over(store, area_map, tmp_path, kept=20) as world:
            report, other = await world.write(lambda tx: (create(tx, world), create(tx, world)))
            source = await open_reader(world)
            await write_many(world, report, AT_ONCE)
            assert len(await take(source, 3)) == 3
            await world.write(lambda tx: hide(tx, world, report), report)
            await write_many(world, other, AT_ONCE * 2)
            await heard(world, 2 + 3 * AT_ONCE + 1)
            told = [(each.value.report_id, each.value.tombstone) for each in await take(source, 1 + 2 * AT_ONCE)]
            assert told == [(report, True)] + [(other, False)] * (2 * AT_ONCE)
            await source.aclose()


@pytest.mark.slow
class TestAReaderThatNeverReads:
    async def test_holds_at_most_a_page(self, store: Store, area_map: AreaMap, tmp_path: Path) -> None:
        async with world_over(store, area_map, tmp_path, kept=KEPT) as world:
            report = await world.write(lambda tx: create(tx, world))
            before = entries_held()
            never = [await open_reader(world) for _ in range(READERS)]
            once = [await open_reader(world) for _ in range(READERS)]
            await write_many(world, report, 1_000)
            for source in once:
                await take(source, 1)
            many = 2 * (KEPT + READERS * PAGE)
            await write_many(world, report, many)
            await heard(world, 1 + 1_000 + many)
            in_memory = entries_held() - before
            assert in_memory <= KEPT + READERS * PAGE
            await close_all(once)
            assert entries_held() - before <= KEPT, "those that never read hold nothing"
            await close_all(never)
