"""Alembic's entry: runs on the connection it is handed, inside one transaction."""

from alembic import context
from sqlalchemy import Connection, text

from storage.tables import metadata

LOCK = 0x51_4D_50_4C  # any number: two processes that start at once migrate one after the other


def run() -> None:
    """Runs the migrations that are due."""
    connection: Connection = context.config.attributes["connection"]
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.configure(connection=connection, target_metadata=metadata, include_object=_ours)
        context.run_migrations()


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _against: object) -> bool:
    """The word indexes are made by hand, differently on each store."""
    return not (kind == "table" and name is not None and name.startswith("report_words"))


run()
