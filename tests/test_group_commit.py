"""Writes that share a commit: what each adds is written together, and what one of them cannot do undoes nothing else."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.vocabulary import EventKind
from resolvers.remembered import Remembered
from storage import tables
from storage.events.appending import broken_links
from storage.reports.creating import NewReport, create_report
from storage.reports.placing import Place
from storage.store import Store
from storage.writing.group import Done, run_group
from storage.writing.transaction import NOBODY, Operation, PendingEvent, Tx
from tests.ingesting import hub_on
from tests.test_ingest_flood import outline
from tests.writing import KEY, MONAS, told, writing_hub

HERE = Point(MONAS.latitude, MONAS.longitude)


def report(area_map: AreaMap, text: str = "Banjir") -> Operation[int]:
    return Operation(partial(_make, area_map, text))


def _make(area_map: AreaMap, text: str, tx: Tx) -> int:
    new = NewReport(text, 1, None, 1, Place(HERE))
    return create_report(tx, area_map, new, NOBODY).id


def _make_and_fail(area_map: AreaMap, tx: Tx) -> None:
    _make(area_map, "never", tx)
    raise ValueError("no")


def _look_make_and_fail(area_map: AreaMap, tx: Tx) -> None:
    assert tx.conn.execute(select(tables.reports.c.text)).scalars().all()[-1] == "before"
    _make_and_fail(area_map, tx)


def _point_at_nothing(tx: Tx) -> None:
    values = {"token_hash": b"x" * 32, "report_id": 10**9, "sealed": None, "created_at": tx.now}
    tx.add(tables.report_follow_tokens, values)


def _texts(tx: Tx) -> Sequence[str]:
    return tx.conn.execute(select(tables.reports.c.text).order_by(tables.reports.c.id)).scalars().all()


def _tell(tx: Tx) -> None:
    tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=1))


async def outcomes(store: Store, *operations: Operation[Any]) -> list[Any]:
    return await asyncio.gather(*(store.write(each) for each in operations), return_exceptions=True)


class TestTogether:
    async def test_one_that_cannot_be_written_fails_alone(self, store: Store, area_map: AreaMap) -> None:
        """What is wrong shows only when the rows of all are written: they are run again, each by itself."""
        done = await outcomes(
            store, *(report(area_map) for _ in range(5)), Operation(_point_at_nothing), report(area_map)
        )
        assert [isinstance(each, int) for each in done] == [True] * 5 + [False, True]
        made = [each for each in done if isinstance(each, int)]
        kept = await store.read(lambda conn: conn.execute(select(tables.reports.c.id)).scalars().all())
        assert sorted(kept) == sorted(made) and len(set(made)) == 6
        assert await store.read(lambda conn: list(broken_links(conn))) == []

    async def test_one_that_fails_leaves_nothing_whether_it_looked_at_the_store_or_not(
        self, store: Store, area_map: AreaMap
    ) -> None:
        await outcomes(
            store,
            report(area_map, "before"),
            Operation(partial(_make_and_fail, area_map)),
            Operation(partial(_look_make_and_fail, area_map)),
            Operation(_tell),
            report(area_map, "after"),
        )
        assert await store.write(Operation(_texts)) == ["before", "after"]
        kinds = await store.read(lambda conn: conn.execute(select(tables.events.c.kind)).scalars().all())
        assert kinds == ["CREATED", "FLOOD_STATE", "CREATED"]
        totals = await store.read(lambda conn: conn.execute(select(tables.event_personal.c.words)).scalars().all())
        assert ["never" in str(words) for words in totals] == [False] * 3

    def test_who_looks_finds_what_those_before_him_have_added(
        self, seeded_sqlite: Path, tmp_path: Path, area_map: AreaMap
    ) -> None:
        operations = [report(area_map, "one"), Operation(_texts), report(area_map, "two"), Operation(_texts)]
        done, _ = _group(seeded_sqlite, tmp_path, operations)
        assert [each.value for each in done] == [1, ["one"], 2, ["one", "two"]]

    def test_a_group_asks_the_store_hardly_more_often_than_one_alone(
        self, seeded_sqlite: Path, tmp_path: Path, area_map: AreaMap
    ) -> None:
        """Only rows that refer to others go one by one; there are no savepoints, and no reading back of what was written."""
        few, many = (
            _group(seeded_sqlite, tmp_path / str(count), [report(area_map) for _ in range(count)])[1]
            for count in (4, 64)
        )
        assert many["SAVEPOINT"] == 0 and many["SELECT"] == few["SELECT"]
        assert many["INSERT"] - 64 <= 2 * (few["INSERT"] - 4)


def _group(seeded: Path, folder: Path, operations: Sequence[Operation[Any]]) -> tuple[list[Done], Counter[str]]:
    """Runs a group on a copy; gives what became of it, and how often the store was asked for what."""
    folder.mkdir(exist_ok=True)
    path = folder / "simpul.db"
    path.write_bytes(seeded.read_bytes())
    engine = create_engine(f"sqlite:///{path}")
    asked: list[str] = []
    with engine.begin() as conn:
        driver: Any = conn.connection.driver_connection
        driver.set_trace_callback(lambda text: asked.append(text.split()[0]))
        done, _ = run_group(conn, operations)
        driver.set_trace_callback(None)
    engine.dispose()
    return done, Counter(asked)


class TestKeptInMemory:
    async def test_outlines_of_floods_are_those_of_the_last_commit(
        self, store: Store, area_map: AreaMap, tmp_path: Path
    ) -> None:
        sources = await hub_on(store, area_map, tmp_path / "photos")
        assert [await _flood_area(store, await store.write(report(area_map)))] == [None]
        around = {"west": 106.82, "south": -6.18, "east": 106.83, "north": -6.17}
        await sources.take("peta_jakarta", outline("1", geometry=_box(**around)))
        assert await _flood_area(store, await store.write(report(area_map))) is not None
        await sources.take("peta_jakarta", outline("1", geometry=_box(**(around | {"north": -6.179}))))
        assert await _flood_area(store, await store.write(report(area_map))) is None

    async def test_a_category_that_was_closed_meanwhile_takes_no_report(
        self, sqlite_store: Store, area_map: AreaMap, tmp_path: Path
    ) -> None:
        async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
            assert told((await hub.submit()).faults) == []
            await sqlite_store.write(Operation(_close_flood))
            assert told((await hub.submit()).faults) == [("INVALID", "category")]
            assert await hub.count(tables.reports) == 1

    async def test_a_retry_that_another_process_takes_is_answered_as_the_first_call_was(
        self, sqlite_store: Store, area_map: AreaMap, tmp_path: Path
    ) -> None:
        async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
            first = await hub.submit(idempotency_key=KEY)
            hub.parts.remembered = Remembered()
            again = await hub.submit(idempotency_key=KEY)
            assert again == first and await hub.count(tables.reports) == 1
            await sqlite_store.write(Operation(_close_flood))
            hub.parts.remembered = Remembered()
            assert await hub.submit(idempotency_key=KEY) == first


def _box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


async def _flood_area(store: Store, report_id: int) -> int | None:
    def read(conn: Connection) -> int | None:
        wanted = select(tables.reports.c.flood_area_id).where(tables.reports.c.id == report_id)
        return conn.execute(wanted).scalar_one()

    return await store.read(read)


def _close_flood(tx: Tx) -> None:
    tx.conn.execute(update(tables.categories).where(tables.categories.c.code == "flood").values(active=False))
