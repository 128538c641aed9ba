"""`kill -9` at each step between upload and acknowledgement leaves the whole report or nothing, and no file for good."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.areas import AreaMap
from storage import tables
from storage.events.appending import broken_links
from storage.photos.sweeping import sweep
from storage.store import open_store, opened
from tests.images import jpeg, plain_jpeg
from tests.killed_submission import STEPS
from tests.starting import run
from tests.writing import KEY, File, WritingHub, nothing_left, writing_hub

CHECKOUT = Path(__file__).resolve().parents[1]


async def submit_and_die(url: str, folder: Path, step: str) -> str:
    """What the process printed; it must have been killed, unless `step` is none."""
    words = ["-m", "tests.killed_submission", url, str(folder), step]
    done = await asyncio.to_thread(run, words, os.environ)
    assert done.returncode == (-signal.SIGKILL if step in STEPS else 0), done.stderr
    return done.stdout.strip()


async def sweep_as_if_hours_later(hub: WritingHub) -> int:
    async def referenced(_keys: object) -> set[str]:
        return {row[name] for row in await hub.rows(tables.photos) for name in ("file_key", "thumbnail_key")}

    return await sweep(hub.parts.photos, referenced, datetime.now(UTC) + timedelta(seconds=5))


async def require_whole(hub: WritingHub) -> None:
    """One report with everything that belongs to it, and nothing else."""
    (row,) = await hub.rows(tables.reports)
    photos = await hub.rows(tables.photos)
    assert len(photos) == row["photo_count"] == 2
    for photo in photos:
        assert len(await hub.parts.photos.read(photo["file_key"])) == photo["byte_size"]
        assert await hub.parts.photos.size(photo["thumbnail_key"]) > 0
    assert await hub.kinds(row["id"]) == ["CREATED"]
    assert await hub.count(tables.report_follow_tokens) == await hub.count(tables.idempotency) == 1
    assert await hub.parts.store.read(lambda conn: list(broken_links(conn))) == []


@pytest.mark.parametrize("step", STEPS)
async def test_killed(store_url: str, area_map: AreaMap, tmp_path: Path, step: str) -> None:
    assert await submit_and_die(store_url, tmp_path, step) == ""
    async with opened(open_store(store_url)) as store, writing_hub(store, tmp_path, area_map) as hub:
        if step == "committed":
            await require_whole(hub)
        else:
            assert await store.read(nothing_left)
        await sweep_as_if_hours_later(hub)
        assert len(hub.files()) == (4 if step == "committed" else 0)
        again = await hub.submit(idempotency_key=KEY, photos=(File(plain_jpeg()), File(jpeg())))
        assert again.follow_token is not None
        await require_whole(hub)
        assert len(hub.files()) == 4


async def test_not_killed_it_is_acknowledged(sqlite_url: str, area_map: AreaMap, tmp_path: Path) -> None:
    assert await submit_and_die(sqlite_url, tmp_path, "none") == "acknowledged"
    async with opened(open_store(sqlite_url)) as store, writing_hub(store, tmp_path, area_map) as hub:
        await require_whole(hub)
        await sweep_as_if_hours_later(hub)
        assert len(hub.files()) == 4
