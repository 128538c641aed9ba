"""Brings a database's tables up to date with Alembic, on a connection that is open already."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

SCRIPTS = Path(__file__).parent / "migrations"


def configuration(connection: Connection) -> Config:
    """Alembic's settings for one connection; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Runs every migration that this database has not seen, in one transaction."""
    command.upgrade(configuration(connection), "head")


def _main(message: str) -> None:
    """Writes a migration that brings the last one's tables to those of storage/tables."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        upgrade(connection)
        last = ScriptDirectory.from_config(configuration(connection)).get_current_head()
        command.revision(
            configuration(connection), message=message, autogenerate=True, rev_id=f"{int(last or 0) + 1:04}"
        )


if __name__ == "__main__":
    _main(sys.argv[1])
