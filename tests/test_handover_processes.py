"""Six processes write to one PostgreSQL, in locks that overlap in every order: no deadlock, no hole, nothing miscounted."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text

from domain.areas import AreaMap
from storage.events.appending import broken_links, read_head
from storage.events.facets import read_facets
from storage.rollups.keeping import keys_of
from storage.store import open_store, opened
from storage.tables import events, reports, rollup_area, rollup_cell, rollup_day
from tests import postgres
from tests.conftest import seeded_postgres
from tests.starting import run
from tests.stream_world import create, world_over

PROCESSES = 6
WRITES = 180
REPORTS = 8
SECONDS = 300.0
"""With locks taken as they come it would take far longer: each deadlock costs a second."""


async def _run_writer(address: str, seed: int, report_ids: list[int]) -> dict[str, Any]:
    words = ["-m", "tests.lock_order_writer", address, str(seed), str(WRITES), *map(str, report_ids)]
    done = await asyncio.to_thread(run, words, os.environ, SECONDS)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def _counted_anew(conn: Connection) -> Counter[Any]:
    counted: Counter[Any] = Counter()
    for report in conn.execute(select(reports.c.id)).scalars():
        facets = read_facets(conn, report)
        assert facets is not None
        for table, key, count in keys_of(facets):
            counted[table.name, key] += count
    return Counter({key: count for key, count in counted.items() if count})


def _rolled_up(conn: Connection) -> Counter[Any]:
    kept: Counter[Any] = Counter()
    for table in (rollup_area, rollup_day, rollup_cell):
        for *key, total in conn.execute(
            select(*(column for column in table.columns if column.name != "total"), table.c.total)
        ):
            if total:
                kept[table.name, tuple(key)] = total
    return kept


@pytest.fixture
def address() -> str:
    return postgres.copy_database(seeded_postgres())


@pytest.mark.slow(seconds=60)
async def test_the_order_of_locks_holds_under_six_writing_processes(
    address: str, area_map: AreaMap, tmp_path: Path
) -> None:
    async with opened(open_store(address)) as store:
        async with world_over(store, area_map, tmp_path) as world:
            report_ids = await world.write(lambda tx: [create(tx, world) for _ in range(REPORTS)])
        outcomes = await asyncio.gather(*(_run_writer(address, seed, report_ids) for seed in range(PROCESSES)))
        assert [outcome["wrong"] for outcome in outcomes] == [{}] * PROCESSES
        assert [outcome["written"] for outcome in outcomes] == [WRITES] * PROCESSES

        deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert await store.read(lambda conn: conn.execute(deadlocks).scalar_one()) == 0
        head = await store.read(read_head)
        lowest, highest, count = await store.read(
            lambda conn: conn.execute(select(func.min(events.c.seq), func.max(events.c.seq), func.count())).one()
        )
        assert (lowest, highest, count) == (1, head.seq, head.seq), "numbers without holes"
        assert await store.read(lambda conn: list(broken_links(conn))) == []
        times = await store.read(lambda conn: conn.execute(select(events.c.at).order_by(events.c.seq)).scalars().all())
        assert list(times) == sorted(set(times))
        assert await store.read(_rolled_up) == await store.read(_counted_anew)
