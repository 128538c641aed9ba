"""Sweeping takes what nobody refers to and what has had its time, and nothing else."""

import os
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.report import KEYS_KEPT
from domain.time import DAY
from storage import tables
from storage.photos.bucket import BucketPhotoStore
from storage.photos.bucket_address import parse_bucket
from storage.photos.folder import FolderPhotoStore
from storage.photos.store import new_key
from storage.photos.sweeping import GRACE
from storage.reports.creating import NewPhoto, NewReport, create_report
from storage.reports.placing import Place
from storage.store import Store
from storage.writing.transaction import NOBODY, Operation, Tx
from tests.running import free_port
from worker.sweeping import EVERY_SECONDS, Sweeping
from worker.work import Work


@pytest.fixture
def work(store: Store, area_map: AreaMap, tmp_path: Path) -> Work:
    return Work(store, FolderPhotoStore(tmp_path / "photos"), lambda: area_map, {}, bytes(32))


async def put(work: Work, folder: Path, *, old: bool = True) -> str:
    """A photo file, put there before the grace ran out, or just now."""
    key = new_key()
    await work.photos.put(key, b"picture", "image/jpeg")
    if old:
        age(folder, key)
    return key


def age(folder: Path, key: str) -> None:
    at = (datetime.now(UTC) - GRACE - timedelta(minutes=1)).timestamp()
    [path] = folder.rglob(key)
    os.utime(path, (at, at))


async def report(work: Work, *photos: tuple[str, str]) -> int:
    """A report with photos of these keys, each with its thumbnail's."""

    def apply(tx: Tx) -> int:
        category = tx.conn.execute(select(tables.categories.c.id).where(tables.categories.c.code == "flood"))
        source = tx.conn.execute(select(tables.sources.c.id).where(tables.sources.c.code == "simpul"))
        taken = tuple(NewPhoto(*keys, "image/jpeg", "image/webp", 4, 3, 7, b"d") for keys in photos)
        place = Place(Point(-6.2088, 106.8501))
        new = NewReport("Banjir", category.scalar_one(), tx.now, source.scalar_one(), place, photos=taken)
        return create_report(tx, work.areas(), new, NOBODY).id

    return await work.store.write(Operation(apply))


async def rows(work: Work, table: Any) -> list[Any]:
    return await work.store.read(lambda conn: list(conn.execute(select(table)).all()))


async def keep_keys(work: Work, ages: list[int]) -> None:
    """Answers by key, each so many microseconds old."""
    now = time.time_ns() // 1000
    kept = [
        {
            "scope": "test",
            "key_hash": str(number).encode(),
            "mutation": "submitReport",
            "content_digest": b"",
            "outcome": "{}",
            "created_at": now - age,
        }
        for number, age in enumerate(ages)
    ]
    await work.store.write(Operation(lambda tx: tx.conn.execute(insert(tables.idempotency), kept)))


class TestPhotos:
    async def test_that_a_report_has_stay_and_so_do_their_thumbnails(self, work: Work, tmp_path: Path) -> None:
        folder = tmp_path / "photos"
        photo, thumbnail, nobodys = [await put(work, folder) for _ in range(3)]
        await report(work, (photo, thumbnail))
        await Sweeping(work, "here").round()
        assert {path.name for path in folder.rglob("*") if path.is_file()} == {photo, thumbnail}
        assert nobodys not in {photo, thumbnail}

    async def test_of_a_submission_under_way_stay(self, work: Work, tmp_path: Path) -> None:
        fresh = await put(work, tmp_path / "photos", old=False)
        await Sweeping(work, "here").round()
        assert await work.photos.read(fresh) == b"picture"

    async def test_that_cannot_be_reached_keep_nothing_else_from_being_cleared(
        self, store: Store, area_map: AreaMap
    ) -> None:
        away = parse_bucket(f"http://127.0.0.1:{free_port()}/foto", "key", "secret")
        with closing(BucketPhotoStore(away)) as photos:
            work = Work(store, photos, lambda: area_map, {}, bytes(32))
            await keep_keys(work, [KEYS_KEPT + DAY])
            assert await Sweeping(work, "here").round() == EVERY_SECONDS
        assert await rows(work, tables.idempotency) == []


class TestWhatHasHadItsTime:
    async def test_answers_by_key_go_after_forty_days(self, work: Work) -> None:
        await keep_keys(work, [KEYS_KEPT + DAY, KEYS_KEPT - DAY, 0])
        await Sweeping(work, "here").round()
        assert {row.key_hash for row in await rows(work, tables.idempotency)} == {b"1", b"2"}

    async def test_however_many_there_are(self, work: Work) -> None:
        await keep_keys(work, [KEYS_KEPT + DAY] * 1_001)
        await Sweeping(work, "here").round()
        assert await rows(work, tables.idempotency) == []

    async def test_facets_are_emptied_and_the_log_stays(self, work: Work) -> None:
        old, young = await report(work), await report(work)
        facets = tables.event_facets
        long_ago = update(facets).where(facets.c.report_id == old).values(at=time.time_ns() // 1000 - KEYS_KEPT - DAY)
        await work.store.write(Operation(lambda tx: tx.conn.execute(long_ago)))
        await Sweeping(work, "here").round()
        kept = {row.report_id: row.after is not None for row in await rows(work, facets)}
        assert kept == {old: False, young: True}
        assert len(await rows(work, tables.events)) == 2


async def test_one_process_sweeps(work: Work) -> None:
    assert await Sweeping(work, "here").round() == EVERY_SECONDS
    await keep_keys(work, [KEYS_KEPT + DAY])
    assert await Sweeping(work, "elsewhere").round() == EVERY_SECONDS
    assert len(await rows(work, tables.idempotency)) == 1


async def test_another_process_sweeps_once_that_one_has_stopped(work: Work) -> None:
    one = Sweeping(work, "here")
    await one.round()
    await keep_keys(work, [KEYS_KEPT + DAY])
    await one.leave()
    await Sweeping(work, "elsewhere").round()
    assert await rows(work, tables.idempotency) == []
