"""Connections to one SQLite database, all set alike: WAL, foreign keys, what is kept in memory, how durable a commit is."""

import sqlite3
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

CACHED_STATEMENTS = 512
"""How many statements a connection keeps prepared: about 5 KB each."""


def sqlite_engine(
    path: str,
    *,
    begin: str | None,
    kind: type[sqlite3.Connection] = sqlite3.Connection,
    synchronous: str = "FULL",
    checkpoint_pages: int = 1_000,
) -> Engine:
    """An engine whose transactions begin with the statement `begin`: BEGIN IMMEDIATE to write. None: whoever uses its
    connections, of the class `kind`, begins and ends transactions on the driver's connection himself.

    `synchronous` FULL: what is committed survives a power cut; NORMAL: only a crash. `checkpoint_pages`: what the log in
    front of the file may have before a commit brings it into the file.
    """
    told = {"check_same_thread": False, "timeout": 30, "cached_statements": CACHED_STATEMENTS, "factory": kind}
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args=told)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            f"wal_autocheckpoint={checkpoint_pages}",
            "foreign_keys=ON",
            "cache_size=-32768",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    if begin is not None:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))

    return engine
