"""Many rows of a table in one statement, as the driver's own text: made from the table, so that it cannot drift from it.

On PostgreSQL a statement is one way there and back, whatever the number of its rows. On SQLite it is one step outside the
interpreter's lock; row by row, each would have to wait until whoever is busy lets go of the lock. Only where rows refer to
others they go row by row: a statement of many that may break a reference keeps a copy of each page that it touches, which
takes longer (measured on `reports`: 50 µs a row instead of 35). Failures are the driver's own: sqlite3.Error, asyncpg's.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import make_url
from sqlalchemy.util import await_only

from storage.statements.prepared import begin_on_driver
from storage.tables import metadata

Row = dict[str, Any]

_MOST_ROWS = 64
_MOST_VALUES = 8_000
"""Of one statement on SQLite, which allows 32,766."""

_ORDER = {table.name: place for place, table in enumerate(metadata.sorted_tables)}
_LAST = len(_ORDER)  # what is no table of ours to make (the word indexes) refers to nothing


def insert_rows(
    conn: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    adding_up: str | None = None,
) -> None:
    """Inserts rows that have a value for each of these columns.

    `adding_up`: a column whose number is added to that of the row that has the key already. Keys are given once.
    """
    if not rows:
        return
    driver: Any = conn.connection.driver_connection
    if conn.dialect.name == "postgresql":
        begin_on_driver(conn, driver)
        arrays = map(list, zip(*rows, strict=True))
        await_only(driver.execute(_of_arrays(table, columns, adding_up), *arrays))
        return
    if table.foreign_keys:
        driver.executemany(_of_rows(table, columns, 1, adding_up), rows).close()
        return
    done = 0
    for size in _sizes(len(rows), len(columns)):
        values = [value for row in rows[done : done + size] for value in row]
        driver.execute(_of_rows(table, columns, size, adding_up), values).close()
        done += size


def insert_all(conn: Connection, rows: Sequence[tuple[Table, Row]]) -> None:
    """Inserts rows of several tables, those first that others refer to."""
    alike: dict[tuple[str, ...], tuple[Table, list[Sequence[Any]]]] = {}
    for table, row in rows:
        alike.setdefault((table.name, *row), (table, []))[1].append(tuple(row.values()))
    for (_, *columns), (table, several) in sorted(alike.items(), key=lambda each: _ORDER.get(each[0][0], _LAST)):
        insert_rows(conn, table, tuple(columns), several)


def find_rows(
    conn: Connection, table: Table, columns: tuple[str, ...], key: tuple[str, ...], asked: Sequence[Sequence[Any]]
) -> list[Sequence[Any]]:
    """Those columns of the rows that have one of the asked keys."""
    driver: Any = conn.connection.driver_connection
    if conn.dialect.name == "postgresql":
        begin_on_driver(conn, driver)
        arrays = map(list, zip(*asked, strict=True))
        return list(await_only(driver.fetch(_joined_to_arrays(table, columns, key), *arrays))) if asked else []
    found: list[Sequence[Any]] = []
    done = 0
    for size in _sizes(len(asked), len(key)):
        values = [value for each in asked[done : done + size] for value in each]
        found += driver.execute(_joined_to_rows(table, columns, key, size), values).fetchall()
        done += size
    return found


@lru_cache(maxsize=64)
def _joined_to_rows(table: Table, columns: tuple[str, ...], key: tuple[str, ...], size: int) -> str:
    asked = f"(VALUES {', '.join([_row(len(key))] * size)}) AS asked"
    names = [f"column{n}" for n in range(1, len(key) + 1)]  # as SQLite calls them
    return f"{_joined(table, columns, asked, key, names)}"


@lru_cache(maxsize=64)
def _joined_to_arrays(table: Table, columns: tuple[str, ...], key: tuple[str, ...]) -> str:
    names = [f"c{n}" for n in range(len(key))]
    asked = f"unnest({', '.join(_arrays(_kinds(table, key)))}) AS asked({', '.join(names)})"
    return _joined(table, columns, asked, key, names)


def _joined(table: Table, columns: tuple[str, ...], asked: str, key: tuple[str, ...], names: list[str]) -> str:
    wanted = ", ".join(f"{table.name}.{_quoted(column)}" for column in columns)
    same = " AND ".join(f"{table.name}.{_quoted(column)} = asked.{n}" for column, n in zip(key, names, strict=True))
    return f"SELECT {wanted} FROM {asked} JOIN {table.name} ON {same}"


def _sizes(count: int, columns: int) -> list[int]:
    """How many rows each statement has: powers of two, so that there are few texts."""
    most = _MOST_ROWS
    while most * columns > _MOST_VALUES and most > 1:
        most //= 2
    whole, left = divmod(count, most)
    return [most] * whole + [1 << bit for bit in reversed(range(most.bit_length())) if left >> bit & 1]


@lru_cache(maxsize=512)
def _of_rows(table: Table, columns: tuple[str, ...], size: int, adding_up: str | None) -> str:
    rows = ", ".join([_row(len(columns))] * size)
    return f"{_into(table, columns)} VALUES {rows}{_or_add(table, columns, adding_up)}"


@lru_cache(maxsize=512)
def _of_arrays(table: Table, columns: tuple[str, ...], adding_up: str | None) -> str:
    kinds = _kinds(table, columns)
    names = [f"c{n}" for n in range(len(columns))]
    values = ", ".join(f"{name}::{kind}" for name, kind in zip(names, kinds, strict=True))
    given = f"SELECT {values} FROM unnest({', '.join(_arrays(kinds))}) AS given({', '.join(names)})"
    return f"{_into(table, columns)} {given}{_or_add(table, columns, adding_up)}"


def _kinds(table: Table, columns: tuple[str, ...]) -> list[str]:
    """PostgreSQL's types of columns."""
    dialect = make_url("postgresql+asyncpg://").get_dialect()()  # loaded here, where there is PostgreSQL
    return [str(table.c[name].type.compile(dialect)) for name in columns]


def _arrays(kinds: list[str]) -> list[str]:
    """The parameters that hold a column each. asyncpg knows no arrays of tsvector: those travel as text."""
    return [f"${n}::{'text' if kind == 'TSVECTOR' else kind}[]" for n, kind in enumerate(kinds, start=1)]


def _row(count: int) -> str:
    return f"({', '.join('?' * count)})"


def _into(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(map(_quoted, columns))})"


def _or_add(table: Table, columns: tuple[str, ...], adding_up: str | None) -> str:
    if adding_up is None:
        return ""
    key = ", ".join(_quoted(name) for name in columns if name != adding_up)
    total = _quoted(adding_up)
    return f" ON CONFLICT ({key}) DO UPDATE SET {total} = {table.name}.{total} + excluded.{total}"


def _quoted(name: str) -> str:
    return f'"{name}"'
