"""Photos are made safe in turns, client by client: whoever brings many waits for them himself."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from domain.areas import AreaMap
from resolvers.errors import RateLimited
from storage.photos.fair_turns import FairTurns, TooManyWait
from storage.store import Store
from tests.images import encoded, plain_jpeg
from tests.writing import ANONYMOUS, File, WritingHub, writing_hub

NEIGHBOUR = replace(ANONYMOUS, client="c" * 64)


def large() -> File:
    """A picture that takes a moment."""
    return File(encoded(Image.new("RGB", (1500, 1500), (9, 9, 9)), "PNG"))


async def until_wait(hub: WritingHub, photos: int) -> None:
    """Until so many of somebody's wait."""
    while hub.parts.preparer.waiting(ANONYMOUS.client) < photos:  # noqa: ASYNC110  nothing tells when one begins to wait
        await asyncio.sleep(0)


async def test_one_photo_of_a_neighbour_does_not_wait_for_all_of_a_crowds(
    sqlite_store: Store, tmp_path: Path, area_map: AreaMap
) -> None:
    async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
        await hub.submit(photos=(File(plain_jpeg()),))  # now a process for pictures runs
        crowd = [asyncio.create_task(hub.submit(photos=tuple(large() for _ in range(5)))) for _ in range(4)]
        await until_wait(hub, 1)
        assert (await hub.submit(NEIGHBOUR, photos=(File(plain_jpeg()),))).faults == ()
        assert sum(each.done() for each in crowd) <= 1
        assert all(done.report_id is not None for done in await asyncio.gather(*crowd))


async def test_what_waits_is_on_the_disk_and_not_in_memory(
    sqlite_store: Store, tmp_path: Path, area_map: AreaMap
) -> None:
    async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
        files = tuple(large() for _ in range(5))
        task = asyncio.create_task(hub.submit(photos=files))
        await until_wait(hub, 1)
        # each was read for its digest; for the second time only those that are being made safe
        assert sorted(file.reads for file in files) == [1, 1, 1, 2, 2]
        await task


async def test_of_one_client_so_many_may_wait_and_the_rest_is_told_when_to_come_again(
    sqlite_store: Store, tmp_path: Path, area_map: AreaMap
) -> None:
    async with writing_hub(sqlite_store, tmp_path, area_map, photos_waiting_per_client=8) as hub:
        crowd = []
        for waiting in (3, 8):
            crowd.append(asyncio.create_task(hub.submit(photos=tuple(large() for _ in range(5)))))
            await until_wait(hub, waiting)
        with pytest.raises(RateLimited) as refused:
            await hub.submit(photos=(File(plain_jpeg()),))
        told = {"retryAfter": 15.0, "limited": "photos_waiting_per_client", "limit": 8, "value": 9}
        assert refused.value.extensions == told
        assert (await hub.submit(NEIGHBOUR, photos=(File(plain_jpeg()),))).faults == ()
        assert (await hub.submit()).faults == ()  # without photos there is nothing to wait for
        assert all(done.report_id is not None for done in await asyncio.gather(*crowd))
        assert (await hub.submit(photos=(File(plain_jpeg()),))).faults == ()


class TestPromises:
    async def test_of_many_who_come_in_one_moment_so_many_are_taken_as_may_wait(self) -> None:
        """Each is to wait, and none of them does yet when the next one asks."""
        turns, done = FairTurns(1), 0

        async def report() -> None:
            nonlocal done
            with turns.promised("a", 5, most=10) as promise:

                async def photo() -> None:
                    async with promise.taken():
                        await asyncio.sleep(0)

                await asyncio.gather(*(photo() for _ in range(5)))
                done += 1

        outcomes = await asyncio.gather(*(report() for _ in range(6)), return_exceptions=True)
        refused = [each for each in outcomes if isinstance(each, TooManyWait)]
        assert (done, [each.owed for each in refused]) == (2, [10] * 4)
        await report()  # nothing is owed any more

    async def test_what_has_its_turn_waits_no_more(self) -> None:
        turns = FairTurns(2)
        with turns.promised("a", 2, most=2) as promise:
            async with promise.taken():
                with turns.promised("a", 1, most=2):
                    pass
            with turns.promised("b", 2, most=2):  # another's are his own
                pass

    async def test_who_leaves_is_owed_nothing(self) -> None:
        turns = FairTurns(1)

        async def leave() -> None:
            with turns.promised("a", 5, most=5) as promise:
                async with promise.taken():
                    await asyncio.Event().wait()

        for _ in range(2):
            task = asyncio.create_task(leave())
            await asyncio.sleep(0)
            with pytest.raises(TooManyWait), turns.promised("a", 2, most=5):
                pass
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        with turns.promised("a", 5, most=5):
            pass


class TestTurns:
    async def test_clients_are_called_one_after_the_other(self) -> None:
        turns, order = FairTurns(1), []

        async def work(name: str) -> None:
            async with turns.taken(name[0]):
                order.append(name)
                await asyncio.sleep(0)

        await asyncio.gather(*(work(name) for name in ("a1", "a2", "a3", "a4", "b1", "b2", "c1")))
        assert order == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]

    async def test_who_leaves_takes_nobodys_turn(self) -> None:
        turns, order = FairTurns(1), []

        async def work(name: str) -> None:
            with suppress(asyncio.CancelledError):
                async with turns.taken(name[0]):
                    order.append(name)

        async with turns.taken("a"):
            tasks = [asyncio.create_task(work(name)) for name in ("a1", "b1", "b2")]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await asyncio.sleep(0)
            assert (turns.waiting("a"), turns.waiting("b")) == (0, 2)
        tasks[1].cancel()  # it has its turn, but has not gone on
        await asyncio.gather(*tasks)
        assert order == ["b2"]
        async with turns.taken("c"):
            assert turns.waiting("c") == 0
