"""Brings a database's tables up to date with Alembic, on a connection that is open already."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

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
