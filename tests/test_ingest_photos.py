"""Photos that sources tell of: fetched later, shown once they are here and safe, given up when they are none."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.areas import AreaMap
from domain.time import MINUTE
from storage import tables
from storage.store import Store
from tests.images import SECRET, jpeg
from tests.ingesting import Hub, hub_on, report

URL = "https://example.test/banjir.jpg"


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Hub]:
    hub = await hub_on(store, area_map, tmp_path / "photos")
    yield hub
    await hub.preparer.close()


async def only_photo(hub: Hub) -> Any:
    (row,) = await hub.rows(tables.photos)
    return row


async def test_it_appears_with_an_event_once_its_bytes_are_here(hub: Hub) -> None:
    await hub.take("qlue", report(photo_urls=(URL,)))
    (wanted,) = await hub.sink.wanted_photos("qlue", 10)
    assert (wanted.url, wanted.source, wanted.attempts) == (URL, "qlue", 0)
    assert await hub.sink.wanted_photos("peta_jakarta", 10) == []
    await hub.sink.photo_arrived(wanted, jpeg())
    row = await only_photo(hub)
    assert (row.state, (await hub.only_report()).photo_count) == ("READY", 1)
    assert SECRET.encode() not in await hub.photos.read(row.file_key)
    assert await hub.photos.size(row.thumbnail_key) > 0
    assert await hub.events() == ["CREATED", "PHOTO_ADDED"]
    assert await hub.sink.wanted_photos("qlue", 10) == []


async def test_the_same_bytes_again_add_nothing(hub: Hub) -> None:
    await hub.take("qlue", report(photo_urls=(URL,)))
    (wanted,) = await hub.sink.wanted_photos("qlue", 10)
    for _ in range(2):
        await hub.sink.photo_arrived(wanted, jpeg())
    assert (await hub.only_report()).photo_count == 1


async def test_one_that_is_none_is_broken_for_good(hub: Hub) -> None:
    await hub.take("qlue", report(photo_urls=(URL,)))
    (wanted,) = await hub.sink.wanted_photos("qlue", 10)
    await hub.sink.photo_arrived(wanted, b"<html>no picture</html>")
    assert ((await only_photo(hub)).state, await hub.sink.wanted_photos("qlue", 10)) == ("BROKEN", [])
    assert await hub.events() == ["CREATED"]


async def test_one_that_failed_waits_longer_each_time_and_is_given_up_at_last(hub: Hub) -> None:
    await hub.take("qlue", report(photo_urls=(URL,)))
    (wanted,) = await hub.sink.wanted_photos("qlue", 10)
    waits = []
    for _ in range(3):
        await hub.sink.photo_failed(wanted, final=False)
        waits.append(round(((await only_photo(hub)).next_attempt_at - time.time_ns() // 1000) / MINUTE))
    assert waits == [1, 2, 4] and await hub.sink.wanted_photos("qlue", 10) == []
    await hub.execute(update(tables.photos).values(next_attempt_at=1))
    (again,) = await hub.sink.wanted_photos("qlue", 10)
    assert again.attempts == 3
    await hub.sink.photo_failed(again, final=True)
    assert (await only_photo(hub)).state == "BROKEN"


async def test_a_folder_that_cannot_be_written_is_no_fault_of_the_photo(hub: Hub, tmp_path: Path) -> None:
    await hub.take("qlue", report(photo_urls=(URL,)))
    (wanted,) = await hub.sink.wanted_photos("qlue", 10)
    (tmp_path / "photos").write_text("a file where the folder should be")
    await hub.sink.photo_arrived(wanted, jpeg())
    row = await only_photo(hub)
    assert (row.state, row.attempts) == ("WANTED", 1)


async def test_an_edit_that_tells_of_another_photo_wants_that_as_well(hub: Hub) -> None:
    await hub.take("qlue", report(photo_urls=(URL,)))
    accepted = await hub.take("qlue", report(photo_urls=(URL, URL + "?2")))
    assert accepted.updated == 1
    assert {row.source_url for row in await hub.rows(tables.photos)} == {URL, URL + "?2"}
