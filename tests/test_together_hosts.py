"""Stores side by side on one SQLite file: one of them writes for all, the others take over from it, and all hear at once."""

import asyncio
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from storage.errors import OutcomeUnknown
from storage.leases import end_leases, lease_lock, take_lease
from storage.store import open_store, opened
from storage.together.crossing import Crossing
from storage.together.frames import Frames, Kind, framed
from storage.together.neighbours import Beside
from storage.together.seat import SOCKET_FILE
from storage.writing.transaction import Operation
from tests import postgres
from tests.conftest import seeded_postgres
from tests.side_by_side import Side, add_event, hosting_process


@asynccontextmanager
async def sides(url: str, many: int) -> AsyncIterator[list[Side]]:
    async with AsyncExitStack() as stack:
        made = [Side(url, first=not number) for number in range(many)]
        for each in made:
            await stack.enter_async_context(opened(each.store))
        yield made


async def test_one_hosts_and_writes_for_all_in_one_order(sqlite_url: str) -> None:
    async with sides(sqlite_url, 3) as all_sides:
        assert [each.hosts for each in all_sides] == [True, False, False]
        counts = await asyncio.gather(*(side.tell() for _ in range(20) for side in all_sides))
        assert sorted(counts) == list(range(60))


async def test_all_hear_at_once_what_one_has_written(sqlite_url: str) -> None:
    async with sides(sqlite_url, 3) as all_sides:
        for writer in all_sides:
            seq = max(each.store.bell.seq for each in all_sides)
            heard = [asyncio.ensure_future(each.store.bell.wait_beyond(seq)) for each in all_sides]
            await writer.tell()
            async with asyncio.timeout(10):
                assert await asyncio.gather(*heard) == [seq + 1] * 3


@pytest.fixture
def postgres_url() -> str:
    return postgres.copy_database(seeded_postgres())


async def test_on_postgresql_each_writes_and_all_hear_at_once(postgres_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        stores = []
        for number in range(3):
            crossing = Crossing()
            crossing.complete.set()
            store = open_store(postgres_url, Beside(tmp_path, crossing, of=3, first=not number))
            store.POLL_SECONDS = 3_600.0
            stores.append(await stack.enter_async_context(opened(store)))
        for writer in stores:
            seq = max(each.bell.seq for each in stores)
            heard = [asyncio.ensure_future(each.bell.wait_beyond(seq)) for each in stores]
            await writer.write(Operation(add_event, frozenset({"flood:1"})))
            async with asyncio.timeout(20):
                assert await asyncio.gather(*heard) == [seq + 1] * 3


async def test_writes_under_way_when_the_host_stops_are_all_done_once(sqlite_url: str) -> None:
    host, guest = Side(sqlite_url, first=True), Side(sqlite_url)
    await host.store.open()
    async with opened(guest.store):
        writing = [asyncio.ensure_future(guest.tell()) for _ in range(200)]
        await asyncio.sleep(0)  # they are on their way
        closing = asyncio.ensure_future(host.store.close())
        while not closing.done():
            writing.append(asyncio.ensure_future(guest.tell()))
            await asyncio.sleep(0.001)
        assert sorted(await asyncio.gather(*writing)) == list(range(len(writing)))
        assert guest.hosts


async def test_what_a_host_that_died_had_not_answered_is_unknown(sqlite_url: str) -> None:
    """And what comes afterwards is written by whoever takes its place."""
    with hosting_process(sqlite_url) as host:
        guest = Side(sqlite_url)
        async with opened(guest.store):
            before = await guest.tell()
            host.send_signal(signal.SIGSTOP)  # it reads nothing more
            asked = asyncio.ensure_future(guest.tell())
            await asyncio.sleep(0)
            host.kill()
            with pytest.raises(OutcomeUnknown):
                await asked
            assert await guest.tell() == before + 1
            assert guest.hosts


async def test_what_is_written_in_the_moment_that_the_host_dies_waits_for_the_next(sqlite_url: str) -> None:
    """Whoever hears first that the host is gone asks again before anybody else has heard."""
    loop = asyncio.get_running_loop()
    asked, asked_again = loop.create_future(), loop.create_future()
    with hosting_process(sqlite_url) as host:
        guest = Side(sqlite_url)
        async with opened(guest.store):
            neighbours = guest.store.neighbours
            assert neighbours is not None
            asked.add_done_callback(lambda _: neighbours.submit((Operation(add_event), asked_again)))
            host.send_signal(signal.SIGSTOP)
            neighbours.submit((Operation(add_event), asked))
            await asyncio.sleep(0)
            host.kill()
            async with asyncio.timeout(20):
                assert await asked_again == 0
            assert isinstance(asked.exception(), OutcomeUnknown)


async def test_one_that_has_just_started_leaves_the_seat_to_those_that_are_ready(sqlite_url: str) -> None:
    host, ready, new = Side(sqlite_url, first=True), Side(sqlite_url), Side(sqlite_url, ready=False)
    await host.store.open()
    async with opened(ready.store), opened(new.store):
        await host.store.close()
        await new.tell()
        assert (ready.hosts, new.hosts) == (True, False)


async def test_the_leases_of_one_that_died_are_free_at_once(sqlite_url: str) -> None:
    async with sides(sqlite_url, 2) as (one, other):
        assert await one.take("source:qlue") is not None
        taking = partial(take_lease, name="source:qlue", holder="another", seconds=60.0)
        again = Operation(taking, frozenset({lease_lock("source:qlue")}))
        assert await other.store.write(again) is None
        await other.store.write(Operation(partial(end_leases, holders="h")))
        taken = await other.store.write(again)
        assert taken is not None and taken.token == 2


async def test_only_this_user_may_come_to_the_socket(sqlite_url: str, tmp_path: Path) -> None:
    async with sides(sqlite_url, 1):
        mode = (tmp_path / SOCKET_FILE).stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


async def test_frames_are_found_however_the_bytes_are_cut() -> None:
    class Listening(Frames):
        def __init__(self) -> None:
            super().__init__()
            self.frames: list[tuple[Kind, int, bytes]] = []

        def came(self, kind: Kind, number: int, body: bytes) -> None:
            self.frames.append((kind, number, body))

    told = [(Kind.WRITE, 1, b"a" * 100), (Kind.RANG, 2**40, b""), (Kind.DONE, 1, b"b")]
    data = b"".join(framed(*each) for each in told)
    for size in (1, 3, 12, 13, 14, 1_000):
        listening = Listening()
        for start in range(0, len(data), size):
            listening.data_received(data[start : start + size])
        assert listening.frames == told
