"""Statements that are kept: what they are given takes its place, lists of any length, the same values on both engines."""

from typing import Any

import pytest
from sqlalchemy import Connection, Select, event, insert, literal, select, update

from storage.postgres.store import PostgresStore
from storage.statements import prepared as module
from storage.statements.prepared import Prepared, many, one, prepared
from storage.store import Store
from storage.tables import categories, persons, reports
from storage.writing.transaction import Operation, Tx


@pytest.fixture
async def people(store: Store) -> Store:
    """A store with five people, 1 to 5."""
    await store.write(Operation(_add_people))
    return store


def _add_people(tx: Tx) -> None:
    for n in range(1, 6):
        row = {"id": n, "issuer": "test", "subject": str(n), "display_name": f"Warga {n}", "created_at": 0}
        tx.conn.execute(insert(persons), row)


def _named() -> Select[Any]:
    return select(persons.c.id).where(persons.c.id.in_(many("ids")), persons.c.issuer == "test").order_by(persons.c.id)


def found(conn: Connection, ids: list[int]) -> list[int]:
    return [row[0] for row in prepared(conn, "test: people", _named).rows(conn, {"ids": ids})]


async def test_lists_of_any_length_find_what_they_name(people: Store) -> None:
    async with people.snapshot() as snapshot:
        for ids in ([], [2], [4, 1], [1, 3, 5], [5, 4, 3, 2, 1], [7], [2, 2, 2]):
            assert await snapshot.run(found, ids) == sorted({n for n in ids if n <= 5})


async def test_a_list_can_be_of_what_is_left_out(people: Store) -> None:
    def others(conn: Connection, ids: list[int]) -> list[int]:
        def build() -> Select[Any]:
            return select(persons.c.id).where(~persons.c.id.in_(many("ids")), persons.c.issuer == "test")

        return sorted(row[0] for row in prepared(conn, "test: others", build).rows(conn, {"ids": ids}))

    assert await people.read(others, [2]) == [1, 3, 4, 5]
    assert await people.read(others, [1, 2, 5]) == [3, 4]


async def test_there_are_few_texts_for_lists_of_many_lengths(people: Store) -> None:
    heard: set[str] = set()

    def ask(conn: Connection) -> None:
        def hear(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            heard.add(statement)

        event.listen(conn, "before_cursor_execute", hear)
        try:
            for size in range(1, 33):
                found(conn, list(range(size)))
        finally:
            event.remove(conn, "before_cursor_execute", hear)

    await people.read(ask)
    assert len(heard) == (1 if isinstance(people, PostgresStore) else 6)  # an array, or lists of 1, 2, 4, 8, 16 and 32


async def test_what_is_true_is_true_on_both_engines(store: Store) -> None:
    def ask(conn: Connection) -> list[Any]:
        statement = prepared(
            conn,
            "test: sensitive",
            lambda: select(categories.c.sensitive, categories.c.sensitive.is_(None), (categories.c.id == one("id"))),
        )
        return [tuple(row) for row in statement.rows(conn, {"id": 1})]

    rows = await store.read(ask)
    assert {kind for row in rows for kind in map(type, row)} == {bool}
    assert {row[0] for row in rows} == {True, False}
    assert sum(row[2] for row in rows) == 1


async def test_a_value_that_was_built_in_is_replaced_by_what_is_given(people: Store) -> None:
    def ask(conn: Connection, subject: str) -> list[int]:
        def build() -> Select[Any]:
            return select(persons.c.id).where(persons.c.subject == one("subject"), persons.c.issuer == "test")

        return [row[0] for row in prepared(conn, "test: by subject", build).rows(conn, {"subject": subject})]

    assert [await people.read(ask, str(n)) for n in (1, 2, 1)] == [[1], [2], [1]]


async def test_changes_tell_how_many_rows_they_changed(people: Store) -> None:
    def rename(tx: Tx) -> int:
        by_ids = update(persons).where(persons.c.id.in_(many("ids"))).values(display_name=one("name"))
        return prepared(tx.conn, "test: rename", lambda: by_ids).run(tx.conn, {"ids": [1, 2, 9], "name": "Budi"})

    def add(tx: Tx) -> None:
        rows = [{"id": n, "issuer": "test", "subject": str(n), "display_name": None, "created_at": 0} for n in (6, 7)]
        prepared(tx.conn, "test: add", lambda: insert(persons).values({n: one(n) for n in rows[0]})).run_all(
            tx.conn, rows
        )

    assert await people.write(Operation(rename)) == 2
    await people.write(Operation(add))
    assert await people.read(found, list(range(1, 9))) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_list_that_is_part_of_the_statement_is_found_without_being_given(store: Store) -> None:
    def ask(conn: Connection) -> list[str]:
        statement = prepared(
            conn,
            "test: of two codes",
            lambda: select(categories.c.code).where(categories.c.code.in_(["flood", "other"])),
        )
        return sorted(row[0] for row in statement.rows(conn))

    assert await store.read(ask) == ["flood", "other"]


async def test_only_so_many_are_kept(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    monkeypatch.setattr(module, "_kept", {})

    def ask(conn: Connection) -> None:
        for n in range(10):
            prepared(conn, ("test", n), lambda: select(persons.c.id)).rows(conn)

    await sqlite_store.read(ask)
    assert [key for _, key in module._kept] == [("test", 7), ("test", 8), ("test", 9)]


async def test_what_is_asked_for_again_and_again_stays(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for ever new columns does not push out what everybody asks for."""
    monkeypatch.setattr(module, "MOST", 10)
    monkeypatch.setattr(module, "_kept", {})
    built: list[int] = []

    def asked(conn: Connection, number: int) -> None:
        def build() -> Select[Any]:
            built.append(number)
            return select(literal(number))

        prepared(conn, ("test", number), build).rows(conn)

    for number in range(1, 200):
        await sqlite_store.read(asked, number)
        await sqlite_store.read(asked, 0)
    assert built.count(0) == 1
    assert len(module._kept) == 10


async def test_only_so_many_texts_of_a_statement_are_kept(sqlite_store: Store) -> None:
    """There is one for each size of each list, and clients choose the sizes."""
    statement = select(reports.c.id).where(reports.c.id.in_(many("ids")), reports.c.area_id.in_(many("areas")))

    def asked(conn: Connection) -> Prepared:
        found = prepared(conn, "two lists", lambda: statement)
        for ids in range(10):
            for areas in range(10):
                found.rows(conn, {"ids": list(range(1 << ids)), "areas": list(range(1 << areas))})
        return found

    assert len((await sqlite_store.read(asked))._texts) <= 64
