"""Photos are made safe in turns, client by client: whoever brings many waits for them himself."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from domain.areas import AreaMap
from resolvers.errors import RateLimited
from storage.photos.fair_turns import FairTurns
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
        crowd = [asyncio.create_task(hub.submit(photos=tuple(large() for _ in range(5)))) for _ in range(2)]
        await until_wait(hub, 8)
        with pytest.raises(RateLimited) as refused:
            await hub.submit(photos=(File(plain_jpeg()),))
        told = {"retryAfter": 15.0, "limited": "photos_waiting_per_client", "limit": 8, "value": 9}
        assert refused.value.extensions == told
        assert (await hub.submit(NEIGHBOUR, photos=(File(plain_jpeg()),))).faults == ()
        assert (await hub.submit()).faults == ()  # without photos there is nothing to wait for
        assert all(done.report_id is not None for done in await asyncio.gather(*crowd))
        assert (await hub.submit(photos=(File(plain_jpeg()),))).faults == ()


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
