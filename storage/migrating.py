"""Brings a database's tables up to date with Alembic, on a connection that is open already.

A database that is up to date is seen to be so by one statement: Alembic, and what it brings with it, is loaded only where
there is something to do.
"""

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnClause, Connection, column, create_engine, inspect, select, table

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
_REVISION: ColumnClause[str] = column("version_num")
_APPLIED = table("alembic_version", _REVISION)
"""Where Alembic keeps which migration it ran last."""


@cache
def newest() -> str:
    """The last migration there is: their files are numbered, and each follows the one before."""
    return max(file.name.partition("_")[0] for file in (SCRIPTS / "versions").glob("[0-9]*.py"))


def is_begun(connection: Connection) -> bool:
    """Whether the database has seen any migration."""
    return inspect(connection).has_table(_APPLIED.name)


def is_up_to_date(connection: Connection) -> bool:
    """Whether the database has seen every migration."""
    return is_begun(connection) and connection.execute(select(_REVISION).select_from(_APPLIED)).scalar() == newest()


def upgrade(connection: Connection) -> None:
    """Runs every migration that this database has not seen, in one transaction."""
    up_to_date = is_up_to_date(connection)
    connection.rollback()  # what was read began a transaction; the migrations are to have one of their own
    if not up_to_date:
        from alembic import command

        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> "Config":
    """Alembic's settings for one connection; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _main(message: str) -> None:
    """Writes a migration that brings the last one's tables to those of storage/tables."""
    from alembic import command

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        upgrade(connection)
        number = f"{int(newest()) + 1:04}"
        command.revision(configuration(connection), message=message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    _main(sys.argv[1])
