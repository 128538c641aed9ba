"""Ids and codes of rows that are written together: an operation may make more than one, and insert others by itself."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from domain.areas import AreaMap
from storage.store import Store
from storage.tables import persons, reports
from storage.writing import drawing
from storage.writing.drawing import Drawing
from storage.writing.transaction import Operation, Tx
from tests.stream_world import create, world_over

POSTGRESQL = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def _meet(tx: Tx, subject: str, **given: int) -> int:
    """Inserts a person at once, with a given id or one that the store draws."""
    values = {"issuer": "test", "subject": subject, "display_name": subject, "created_at": tx.now, **given}
    row_id: int = tx.conn.execute(insert(persons).returning(persons.c.id), values).scalar_one()
    return row_id


async def test_one_operation_may_make_several_reports_and_is_run_once(
    store: Store, area_map: AreaMap, tmp_path: Path
) -> None:
    runs = 0
    async with world_over(store, area_map, tmp_path) as world:

        def make(tx: Tx) -> list[int]:
            nonlocal runs
            runs += 1
            return [create(tx, world) for _ in range(3)]

        made = await world.write(make)
    assert len(set(made)) == 3
    assert runs == 1


async def test_an_id_that_was_drawn_is_not_drawn_again_once_the_operation_writes_by_itself(store: Store) -> None:
    def draw(tx: Tx) -> list[int]:
        before = [tx.draw_id(persons) for _ in range(2)]
        assert tx.conn is tx.base
        return [*before, tx.draw_id(persons)]

    assert len(set(await store.write(Operation(draw)))) == 3


async def test_who_inserts_by_himself_gets_another_id_than_those_that_are_drawn_next(store: Store) -> None:
    def meet(tx: Tx) -> list[int]:
        drawn = Drawing(tx.conn, 4)
        first = _meet(tx, "first", id=drawn.id_of(persons))
        drawn.forget()
        by_itself = [_meet(tx, "second"), _meet(tx, "third")]
        return [first, *by_itself, _meet(tx, "last", id=drawn.id_of(persons))]

    assert len(set(await store.write(Operation(meet)))) == 4


async def test_no_id_is_passed_over_for_having_been_drawn_ahead(sqlite_store: Store) -> None:
    def draw(tx: Tx) -> list[int]:
        drawn = Drawing(tx.conn, 100)
        first = drawn.id_of(persons)
        drawn.forget()
        return [first, drawn.id_of(persons)]

    first, next_one = await sqlite_store.write(Operation(draw))
    assert next_one == first + 1


def _insert_with_an_id_in_hand(tx: Tx) -> list[int]:
    in_hand = tx.draw_id(persons)
    return [_meet(tx, "by itself"), _meet(tx, "drawn", id=in_hand)]


@POSTGRESQL
async def test_postgresql_gives_nobody_an_id_that_somebody_has_in_hand(store: Store) -> None:
    assert len(set(await store.write(Operation(_insert_with_an_id_in_hand)))) == 2


@SQLITE
async def test_sqlite_refuses_it_and_nothing_is_left(store: Store) -> None:
    """So whoever writes such an operation hears of it from his first test; see Tx.draw_id."""
    with pytest.raises(IntegrityError):
        await store.write(Operation(_insert_with_an_id_in_hand))
    assert await store.read(lambda conn: conn.execute(select(persons.c.id)).all()) == []


@POSTGRESQL
async def test_the_sequence_gives_each_group_ids_of_its_own_in_their_order(store: Store) -> None:
    def draw(tx: Tx) -> list[list[int]]:
        both = [Drawing(tx.conn, 3) for _ in range(2)]
        return [[each.id_of(persons) for _ in range(4)] for each in both]

    one, other = await store.write(Operation(draw))
    assert one == sorted(one) and other == sorted(other)
    assert len({*one, *other}) == 8


async def test_a_code_that_a_report_has_is_not_given_to_another(
    store: Store, area_map: AreaMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_over(store, area_map, tmp_path) as world:
        first = await world.write(lambda tx: create(tx, world))
        (taken,) = await store.read(lambda conn: conn.execute(select(reports.c.code)).one())
        chances = iter([taken, taken, "FREE-CODE"])
        monkeypatch.setattr(drawing, "new_report_code", lambda: next(chances))
        second = await world.write(lambda tx: create(tx, world))
        rows = await store.read(lambda conn: conn.execute(select(reports.c.id, reports.c.code)).all())
    assert {(row.id, row.code) for row in rows} == {(first, taken), (second, "FREE-CODE")}
