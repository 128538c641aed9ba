"""The made-up city that measurements are taken on is one that the hub could have become by itself."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, func, select

from bench.dataset import fill
from domain.time import jakarta_day
from storage.events.appending import broken_links, read_head
from storage.rollups.rebuilding import rebuild_rollups
from storage.store import open_store, opened
from storage.tables import events, metadata, photos, reports
from storage.writing.transaction import Operation, Tx

REPORTS = 400


def _rows(conn: Connection, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in conn.execute(select(table)))


def _counts(conn: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every roll-up there is, without counts that are zero."""
    found = [table for name, table in metadata.tables.items() if name.startswith("rollup_")]
    return {table.name: [row for row in _rows(conn, table) if row[-1]] for table in found}


@pytest.fixture
async def filled(tmp_path: Path):
    async with opened(open_store(f"sqlite:///{tmp_path}/city.db")) as store:
        await fill(store, REPORTS)
        yield store


async def test_a_store_that_was_filled_is_sound(filled):
    head = await filled.read(read_head)
    assert head.seq > REPORTS  # what was told, and what came of most of it
    assert await filled.read(lambda conn: list(broken_links(conn))) == []
    counted = await filled.read(_counts)

    def rebuild(tx: Tx) -> None:
        rebuild_rollups(tx.conn)

    await filled.write(Operation(rebuild))
    assert counted == await filled.read(_counts)
    last = select(events.c.report_id, func.max(events.c.at)).group_by(events.c.report_id)
    moved = {row[0]: row[1] for row in await filled.read(lambda conn: conn.execute(last).all())}
    told = await filled.read(lambda conn: conn.execute(select(reports.c.id, reports.c.updated_at)).all())
    assert dict(map(tuple, told)) == moved


async def test_the_same_seed_tells_the_same_reports(filled, tmp_path: Path):
    async with opened(open_store(f"sqlite:///{tmp_path}/twin.db")) as twin:
        await fill(twin, REPORTS)
        for table in (reports, photos):
            assert await filled.read(_rows, table) == await twin.read(_rows, table)


async def test_the_city_is_skewed_as_cities_are(filled):
    rows = (await filled.read(lambda conn: conn.execute(select(reports)).all())) or []
    assert len({row.public_area_id for row in rows}) > 60
    assert 0.2 < sum(row.photo_count > 0 for row in rows) / REPORTS < 0.4
    assert any(row.visibility == "CONFIDENTIAL" for row in rows) and any(row.fuzzed for row in rows)
    assert len({jakarta_day(row.reported_at) for row in rows}) > 150
