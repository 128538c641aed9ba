"""The metadata that all tables share, and the few column shapes that recur."""

from typing import Any

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, MetaData
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Micros = BigInteger
"""Microseconds since 1970-01-01T00:00Z."""

Degrees = Float(53)
"""A coordinate in degrees, double precision."""

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""An integer primary key; on SQLite INTEGER, which is the row id itself."""


def row_id() -> Column[int]:
    """A primary key that the store draws."""
    return Column("id", BigId, primary_key=True, autoincrement=True)


def ref(name: str, target: str, *, nullable: bool = True, index: bool = False) -> Column[Any]:
    """A reference to another table's row."""
    kind: TypeEngine[int] = BigId
    return Column(name, kind, ForeignKey(target), nullable=nullable, index=index)
