"""Statements that each engine writes in its own way. An engine's dialect is imported only where that engine is the store:
PostgreSQL's brings those of all its drivers, a tenth of what a hub on SQLite takes to start."""

from typing import Any

from sqlalchemy import Connection, Table


def upserting(conn: Connection, table: Table) -> Any:
    """An `INSERT` into a table that can be told what to do `on_conflict_do_update`, of the engine of this connection."""
    if conn.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
