"""A process that stands still within a group of writes, or loses its connection, keeps nobody else from writing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import await_only

from domain.places import Point
from storage.errors import OutcomeUnknown
from storage.postgres.store import PostgresStore
from storage.store import opened
from storage.tables import flood_areas, persons, sources
from storage.writing.facts_kept import note_changed_outlines
from storage.writing.transaction import Operation, Tx
from tests.conftest import seeded_postgres
from tests.postgres import copy_database, drop_database, run_sql

STILL_SECONDS = 0.1
LOCK = frozenset({"report:1"})
HERE, THERE, ELSEWHERE = Point(-6.22, 106.85), Point(-6.12, 106.75), Point(-6.17, 106.80)


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a new, seeded database."""
    url = copy_database(seeded_postgres())
    yield url
    drop_database(url)


@pytest.fixture
async def two(url: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two stores on one database, as two processes have them."""
    one, other = (PostgresStore(url, still_seconds=STILL_SECONDS) for _ in range(2))
    async with opened(one), opened(other):
        yield one, other


def person(name: str) -> dict[str, Any]:
    return {"issuer": "test", "subject": name, "created_at": 0}


async def names(store: PostgresStore) -> list[str]:
    mine = select(persons.c.subject).where(persons.c.issuer == "test").order_by(persons.c.subject)
    return await store.read(lambda conn: list(conn.execute(mine).scalars()))


class Still:
    """A write that stands still after its first words, the first time it is run, until it is let go."""

    def __init__(self) -> None:
        self.stands, self.goes = asyncio.Event(), asyncio.Event()

    def __call__(self, tx: Tx) -> None:
        tx.conn.execute(insert(persons), person("one"))
        if not self.stands.is_set():
            self.stands.set()
            await_only(self.goes.wait())
        tx.conn.execute(insert(persons), person("one, again"))


def write(name: str) -> Callable[[Tx], Any]:
    return lambda tx: tx.conn.execute(insert(persons), person(name)).rowcount


async def test_who_stands_still_within_a_group_is_ended_and_writes_once_it_goes_on(
    two: tuple[PostgresStore, PostgresStore],
) -> None:
    one, other = two
    still = Still()
    stopped = asyncio.create_task(one.write(Operation(still, LOCK)))
    await still.stands.wait()
    async with asyncio.timeout(10):
        await other.write(Operation(write("other"), LOCK))
    assert await names(other) == ["other"], "nothing of the group that was ended is there"
    still.goes.set()
    async with asyncio.timeout(10):
        await stopped
    assert await names(other) == ["one", "one, again", "other"]


async def test_a_group_whose_connection_was_lost_before_the_commit_is_written_on_another(
    two: tuple[PostgresStore, PostgresStore],
) -> None:
    lost: list[int] = []

    def lose(tx: Tx) -> None:
        tx.conn.execute(insert(persons), person("lost"))
        if not lost:
            lost.append(tx.conn.execute(text("SELECT pg_backend_pid()")).scalar_one())
            run_sql(f"SELECT pg_terminate_backend({lost[0]}, 5000)")

    await asyncio.gather(two[0].write(Operation(lose)), two[0].write(Operation(write("beside"))))
    assert await names(two[1]) == ["beside", "lost"]


def flooded(at: Point) -> Callable[[Tx], None]:
    """Has the one flood area lie around a point, and asks for it, as a report of the same group does."""
    west, east, south, north = at.longitude - 0.01, at.longitude + 0.01, at.latitude - 0.01, at.latitude + 0.01
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = {"geometry": json.dumps({"type": "Polygon", "coordinates": [ring]})}
    box = {"west": west, "east": east, "south": south, "north": north}

    def apply(tx: Tx) -> None:
        source = tx.conn.execute(select(sources.c.id).order_by(sources.c.id)).scalars().first()
        tx.conn.execute(flood_areas.delete())
        tx.conn.execute(insert(flood_areas), _needed(source) | shape | box)
        note_changed_outlines(tx.conn)
        tx.facts.outlines(tx.base)

    return apply


def _needed(source: int | None) -> dict[str, Any]:
    """What a flood area must have besides its shape."""
    needed = [c for c in flood_areas.columns if not c.nullable and not c.primary_key and c.default is None]
    return {c.name: c.type.python_type() for c in needed} | {"source_id": source}


async def lies(store: PostgresStore, at: Point) -> bool:
    """Whether a report that is submitted at this point lies in a flood."""
    return await store.write(Operation(lambda tx: tx.facts.outlines(tx.base).at(at) is not None))


async def test_outlines_that_were_lost_at_the_commit_are_not_those_of_another_process(
    two: tuple[PostgresStore, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    await one.write(Operation(flooded(HERE)))
    commit = AsyncConnection.commit

    async def lost(self: AsyncConnection) -> None:
        process = await self.run_sync(_process)
        run_sql(f"SELECT pg_terminate_backend({process}, 5000)")
        await commit(self)

    with monkeypatch.context() as patched:
        patched.setattr(AsyncConnection, "commit", lost)
        with pytest.raises(OutcomeUnknown):
            await one.write(Operation(flooded(THERE)))
    await other.write(Operation(flooded(ELSEWHERE)))
    assert [await lies(one, at) for at in (HERE, THERE, ELSEWHERE)] == [False, False, True]


def _process(conn: Connection) -> int:
    return int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())
