"""Several processes on one store: who holds a lease writes, who lost it is refused, and nothing is imported twice."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from domain.areas import AreaMap
from domain.records import Batch, SetAside
from domain.sink import Health, LeaseLost, new_holder
from domain.vocabulary import SourceState
from storage import tables
from storage.events.appending import broken_links
from storage.leases import end_leases, lease_lock
from storage.store import Store, open_store, opened
from storage.writing.transaction import Operation
from tests import postgres
from tests.conftest import seeded_postgres
from tests.ingesting import NOW, Hub, hub_on, report


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


@pytest.fixture
async def two_processes(area_map: AreaMap, tmp_path: Path) -> AsyncIterator[tuple[Hub, Hub]]:
    """Two hubs with stores of their own on one PostgreSQL database."""
    url = postgres.copy_database(seeded_postgres())
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened(open_store(url))) for _ in range(2)]
        one, other = [await hub_on(each, area_map, tmp_path / "photos") for each in stores]
        yield one, other


async def end_lease(hub: Hub, name: str) -> None:
    """As if the time it was taken for had passed."""
    await hub.execute(update(tables.leases).where(tables.leases.c.name == name).values(expires_at=1))


class TestLease:
    async def test_it_is_one_holders_at_a_time_and_his_to_prolong(self, hub: Hub) -> None:
        first = await hub.sink.acquire("source:qlue", "a", 60)
        assert first is not None
        assert await hub.sink.acquire("source:qlue", "b", 60) is None
        again = await hub.sink.acquire("source:qlue", "a", 600)
        assert again is not None and again.token == first.token and again.expires_at > first.expires_at

    async def test_its_token_grows_with_each_holder_and_never_falls(self, hub: Hub) -> None:
        tokens = []
        for holder in "abab":
            lease = await hub.sink.acquire("source:qlue", holder, 60)
            assert lease is not None
            tokens.append(lease.token)
            await hub.sink.release(lease)
        assert tokens == sorted(set(tokens))

    async def test_those_of_a_place_whose_processes_died_end_whichever_of_its_starts_took_them(self, hub: Hub) -> None:
        """One that died at its start did not come to end the leases of the one before it."""
        holders = ("hub_7:1:1", "hub_7:1:2", "hub_7:11:1", "hub_7:0:1", "hubs7:1:1")
        for holder in holders:
            assert await hub.sink.acquire(f"source:{holder}", holder, 60) is not None
        locks = frozenset(lease_lock(f"source:{holder}") for holder in holders)
        await hub.store.write(Operation(partial(end_leases, holders="hub_7:1:"), locks))
        taken_over = [holder for holder in holders if await hub.sink.acquire(f"source:{holder}", "hub_7:1:3", 60)]
        assert taken_over == ["hub_7:1:1", "hub_7:1:2"]

    async def test_one_that_ended_is_new_even_for_its_holder(self, hub: Hub) -> None:
        first = await hub.sink.acquire("source:qlue", "a", 60)
        await end_lease(hub, "source:qlue")
        second = await hub.sink.acquire("source:qlue", "a", 60)
        assert first is not None and second is not None and second.token > first.token

    async def test_who_lost_it_writes_nothing(self, hub: Hub) -> None:
        old = await hub.sink.acquire("source:qlue", "a", 60)
        assert old is not None
        await end_lease(hub, "source:qlue")
        with pytest.raises(LeaseLost):
            await hub.sink.accept(Batch("qlue", [report()], checkpoint={"last": 1}), old)
        assert await hub.sink.acquire("source:qlue", "b", 60) is not None
        with pytest.raises(LeaseLost):
            await hub.sink.accept(Batch("qlue", [report()], checkpoint={"last": 1}), old)
        with pytest.raises(LeaseLost):
            await hub.sink.health(Health("qlue", SourceState.UP, NOW, True), old)
        with pytest.raises(LeaseLost):
            await hub.sink.release(old)
        assert await hub.reports() == [] and await hub.sink.checkpoint("qlue") is None

    async def test_a_writer_keeps_it_from_being_taken_until_it_is_done(self, two_processes: tuple[Hub, Hub]) -> None:
        one, other = two_processes
        lease = await one.sink.acquire("source:qlue", "one", 60)
        assert lease is not None
        batch = Batch("qlue", [report(str(n)) for n in range(100)])
        writing = asyncio.create_task(one.sink.accept(batch, lease))
        releasing = asyncio.create_task(other.sink.release(lease))
        written = (await asyncio.gather(writing, return_exceptions=True))[0]
        await releasing
        count = len(await one.reports())
        assert count == (0 if isinstance(written, LeaseLost) else 100)


class TestTwoProcesses:
    async def test_the_same_push_twice_at_once_is_one_report(self, two_processes: tuple[Hub, Hub]) -> None:
        one, other = two_processes
        for n in range(10):
            taken = await asyncio.gather(*(hub.take("qlue", report(str(n))) for hub in (one, other, one, other)))
            assert sum(accepted.created for accepted in taken) == 1
        assert len(await one.reports()) == 10

    async def test_one_report_that_comes_by_two_sources_at_once_is_one(self, two_processes: tuple[Hub, Hub]) -> None:
        one, other = two_processes
        streets = ["Otista", "Matraman", "Jatinegara", "Cawang", "Bidara Cina"]
        for n, street in enumerate(streets):
            text = f"Banjir di Jalan {street} nomor {n}1"
            await asyncio.gather(
                one.take("qlue", report(f"q{n}", text=text)),
                other.take("peta_jakarta", report(f"p{n}", text=text, channel="qlue", flood_depth_cm=20 + n)),
            )
        rows = await one.reports()
        assert len(rows) == len(streets) == len(await one.rows(tables.report_links))
        assert sorted(row.flood_depth_cm for row in rows) == [20, 21, 22, 23, 24]

    async def test_overlapping_batches_in_any_order_make_each_report_once(self, two_processes: tuple[Hub, Hub]) -> None:
        one, other = two_processes
        numbers = [str(n) for n in range(60)]
        await asyncio.gather(
            one.take("qlue", *(report(n, text=f"satu {n}") for n in numbers[:40]), checkpoint={"by": 1}),
            other.take("qlue", *(report(n, text=f"dua {n}") for n in reversed(numbers[20:])), checkpoint={"by": 2}),
            one.aside("qlue", SetAside("1", "broken", "{}")),
            other.aside("qlue", SetAside("1", "broken", "{}")),
        )
        assert sorted(row.source_ref for row in await one.reports()) == sorted(numbers)
        (source,) = await one.rows(tables.sources, tables.sources.c.code == "qlue")
        assert source.set_aside_count == 1
        assert await one.store.read(lambda conn: list(broken_links(conn))) == []
        seqs = await one.store.read(lambda conn: list(conn.execute(select(tables.events.c.seq)).scalars()))
        assert sorted(seqs) == list(range(1, len(seqs) + 1))


def test_the_name_of_a_holder_fits_whatever_the_machine_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL would refuse a longer one than its column has room for."""
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 64)
    room = getattr(tables.leases.c.holder.type, "length", 0)
    assert len(f"{new_holder()}:63:{10**6}") <= room
