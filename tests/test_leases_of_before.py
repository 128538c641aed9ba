"""Leases that a hub held on SQLite end when the next one starts: one hub alone serves the file, so nobody else has them."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from domain.time import DAY
from storage.clock import now_in_micros
from storage.store import open_store, opened
from storage.tables import leases
from storage.writing.transaction import Operation
from transport.settings.configuration import Settings
from wiring.parts import parts_of
from wiring.place import Place

NAMES = ("worker:deadlines", "source:qlue")


async def _held(store_url: str, settings: Settings, place: Place | None = None) -> list[str]:
    """Which are still held, of those that a hub took whose clock was a day ahead, once another one starts."""
    ends = now_in_micros() + DAY
    rows = [{"name": name, "holder": f"gone:{name}", "token": 1, "expires_at": ends} for name in NAMES]
    async with opened(open_store(store_url)) as store:
        await store.write(Operation(lambda tx: tx.conn.execute(insert(leases), rows).rowcount))
    held = select(leases.c.name).where(leases.c.expires_at > 0)
    async with parts_of(settings, "http://hub.test", place) as (parts, _, _):
        return await parts.store.read(lambda conn: sorted(conn.execute(held).scalars()))


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=store_url.replace("+asyncpg", ""), data_dir=tmp_path)


async def test_a_hub_ends_those_of_before_its_start(store_url: str, settings: Settings) -> None:
    """On PostgreSQL others may be at work."""
    assert await _held(store_url, settings) == ([] if settings.embedded_file else sorted(NAMES))


async def test_of_several_processes_the_first_does(sqlite_url: str, tmp_path: Path) -> None:
    place = Place(number=0, of=2, folder=tmp_path)
    assert await _held(sqlite_url, Settings(database_url=sqlite_url, data_dir=tmp_path), place) == []


async def test_one_that_comes_later_leaves_them_to_those_that_serve(sqlite_url: str, tmp_path: Path) -> None:
    place = Place(number=1, of=2, folder=tmp_path)
    settings = Settings(database_url=sqlite_url, data_dir=tmp_path)
    assert await _held(sqlite_url, settings, place) == sorted(NAMES)
