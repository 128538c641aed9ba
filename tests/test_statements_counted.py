"""A page asks the store a fixed number of statements, however many reports are on it, all in one snapshot."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select

from domain.areas import AreaMap
from domain.places import Point
from domain.time import SECOND
from execution import Engine as Executor
from resolvers.context import HubParts, context_for
from resolvers.viewer import ANONYMOUS
from schema.root import graphql_schema
from storage.postgres.store import PostgresStore
from storage.reports.creating import NewPhoto, NewReport, create_report
from storage.reports.placing import Place
from storage.store import Store
from storage.tables import categories, flood_areas, lapor_tickets, persons, sources
from storage.writing.transaction import NOBODY, Operation, Tx
from tests.stream_world import world_over

PAGE = """
query ($first: Int!) {
  reports(first: $first) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      code text status
      area { name parent { name } } category { name agency { name } } agency { name } source { name }
      photos { url } reporter { displayName } floodArea { name state } laporTicket { trackingId status }
      viewerHasSupported comments(first: 2) { nodes { text } } timeline(first: 2) { nodes { kind } }
    }
  }
  logCursor
}
"""


@pytest.fixture
async def parts(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[HubParts]:
    await store.write(Operation(lambda tx: fill(tx, area_map, 120)))
    await store.reference.filled()
    async with world_over(store, area_map, tmp_path) as world:
        yield world.parts


def fill(tx: Tx, area_map: AreaMap, count: int) -> None:
    """Reports with all that a page shows: photo, reporter, flood area, ticket."""
    category_ids = list(tx.conn.execute(select(categories.c.id).where(categories.c.sensitive.is_(False))).scalars())
    source = tx.conn.execute(select(sources.c.id)).scalar_one()
    outline = '{"type":"Polygon","coordinates":[[[106.8,-6.3],[106.9,-6.3],[106.9,-6.1],[106.8,-6.1],[106.8,-6.3]]]}'
    box = {"west": 106.8, "south": -6.3, "east": 106.9, "north": -6.1}
    area = {
        "source_id": source,
        "source_ref": "1",
        "name": "RW 01",
        "geometry": outline,
        "state": 2,
        "observed_at": tx.now,
    }
    tx.conn.execute(insert(flood_areas), {**area, **box})
    person = {"issuer": "test", "subject": "one", "display_name": "Budi", "created_at": tx.now}
    person_id = tx.conn.execute(insert(persons).returning(persons.c.id), person).scalar_one()
    photo = NewPhoto("f" * 22, "t" * 22, "image/jpeg", "image/jpeg", 10, 10, 100, b"d")
    for n in range(count):
        new = NewReport(
            f"Laporan {n}",
            category_ids[n % len(category_ids)],
            tx.now - n * SECOND,
            source,
            Place(Point(-6.12 - n * 0.001, 106.82 + n * 0.0005)),
            reporter_id=person_id,
            photos=(photo,),
        )
        report_id = create_report(tx, area_map, new, NOBODY).id
        ticket = {"source_id": source, "tracking_id": f"T{n}", "observed_at": tx.now, "report_id": report_id}
        tx.conn.execute(insert(lapor_tickets), {**ticket, "confidential": False, "held": False})


@contextmanager
def statements_of(store: Store) -> Iterator[dict[int, list[str]]]:
    """Every statement that is sent while the block lasts, by connection: the store's own polling has one of its own."""
    engine: Any = store.readers.engine if isinstance(store, PostgresStore) else store._engine  # type: ignore[attr-defined]
    sync: Engine = getattr(engine, "sync_engine", engine)
    sent: dict[int, list[str]] = defaultdict(list)

    def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent[id(connection)].append(statement)

    event.listen(sync, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(sync, "before_cursor_execute", note)


async def ask(parts: HubParts, first: int) -> tuple[dict[str, Any], list[str]]:
    engine = Executor(graphql_schema())
    with statements_of(parts.store) as sent:
        async with context_for(parts, ANONYMOUS) as context:
            answer = await engine.execute(engine.prepare(PAGE, None, {"first": first}), context)
    assert answer.errors is None, answer.errors
    assert answer.data is not None
    return answer.data, max(sent.values(), key=len)


async def test_a_page_of_a_hundred_asks_as_often_as_a_page_of_ten(parts: HubParts) -> None:
    ten, of_ten = await ask(parts, 10)
    hundred, of_hundred = await ask(parts, 100)
    assert (len(ten["reports"]["nodes"]), len(hundred["reports"]["nodes"])) == (10, 100)
    assert all(node["photos"] and node["laporTicket"] and node["area"] for node in hundred["reports"]["nodes"])
    assert any(node["floodArea"] for node in hundred["reports"]["nodes"])
    assert len(of_hundred) == len(of_ten), "\n\n".join(of_hundred)
    assert len(of_hundred) <= 24, "\n\n".join(of_hundred)


async def test_all_of_a_page_is_one_snapshot(parts: HubParts, area_map: AreaMap) -> None:
    async with context_for(parts, ANONYMOUS) as context:
        engine = Executor(graphql_schema())
        count = engine.prepare("{ reports { totalCount } }")
        before = await engine.execute(count, context)
        await parts.store.write(Operation(lambda tx: fill_one(tx, area_map)))
        assert (await engine.execute(count, context)).data == before.data
    async with context_for(parts, ANONYMOUS) as context:
        assert (await engine.execute(count, context)).data != before.data


def fill_one(tx: Tx, area_map: AreaMap) -> None:
    category = tx.conn.execute(select(categories.c.id).limit(1)).scalar_one()
    source = tx.conn.execute(select(sources.c.id).where(sources.c.kind == "HUB")).scalar_one()
    create_report(tx, area_map, NewReport("Satu lagi", category, tx.now, source, Place(Point(-6.2, 106.83))), NOBODY)
