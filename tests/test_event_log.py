"""The event log on both stores: numbered in the order of commits without holes, chained, told to waiting readers."""

import asyncio
import itertools

from sqlalchemy import delete, select, update

from domain.vocabulary import EventKind
from storage.events.appending import broken_links, read_head
from storage.store import Store, open_store, opened
from storage.tables import event_personal, events
from storage.writing.transaction import Operation, PendingEvent, Tx


def tell(note: str | None = None) -> Operation[None]:
    def apply(tx: Tx) -> None:
        tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=1, flood_state=2, note=note))

    return Operation(apply, frozenset({"flood:1"}))


class TestNumbers:
    async def test_have_no_holes_even_where_operations_fail(self, store: Store) -> None:
        def fail(tx: Tx) -> None:
            tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=1))
            raise ValueError("no")

        operations = [tell() if n % 3 else Operation(fail) for n in range(60)]
        outcomes = await asyncio.gather(*(store.write(each) for each in operations), return_exceptions=True)
        assert sum(isinstance(outcome, ValueError) for outcome in outcomes) == 20
        seqs = await store.read(lambda conn: conn.execute(select(events.c.seq).order_by(events.c.seq)).scalars().all())
        assert seqs == list(range(1, 41))

    async def test_rise_with_a_clock_that_never_stands_still(self, store: Store) -> None:
        await asyncio.gather(*(store.write(tell()) for _ in range(40)))
        times = await store.read(lambda conn: conn.execute(select(events.c.at).order_by(events.c.seq)).scalars().all())
        assert all(a < b for a, b in itertools.pairwise(times))

    async def test_wake_who_waits(self, store: Store) -> None:
        waiting = asyncio.create_task(store.bell.wait_beyond(0))
        await store.write(tell())
        assert await waiting == 1

    async def test_of_another_process_are_noticed_without_a_bell(self, store_url: str) -> None:
        async with opened(open_store(store_url)) as reader, opened(open_store(store_url)) as writer:
            waiting = asyncio.create_task(reader.bell.wait_beyond(0))
            await writer.write(tell())
            assert await asyncio.wait_for(waiting, 10) == 1


class TestChain:
    async def test_verifies(self, store: Store) -> None:
        await asyncio.gather(*(store.write(tell(f"note {n}")) for n in range(30)))
        assert await store.read(lambda conn: list(broken_links(conn, batch=7))) == []
        assert (await store.read(read_head)).seq == 30

    async def test_tells_where_something_was_changed(self, store: Store) -> None:
        for n in range(5):
            await store.write(tell(f"note {n}"))

        def tamper(tx: Tx) -> None:
            tx.conn.execute(update(events).where(events.c.seq == 2).values(flood_state=4))
            tx.conn.execute(update(event_personal).where(event_personal.c.seq == 4).values(note="another"))

        await store.write(Operation(tamper))
        assert await store.read(lambda conn: list(broken_links(conn))) == [2, 4]

    async def test_still_verifies_once_a_person_was_erased(self, store: Store) -> None:
        for n in range(5):
            await store.write(tell(f"note {n}"))
        await store.write(
            Operation(lambda tx: tx.conn.execute(delete(event_personal).where(event_personal.c.seq == 3)))
        )
        assert await store.read(lambda conn: list(broken_links(conn))) == []
