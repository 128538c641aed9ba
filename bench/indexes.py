"""Takes the plain indexes off the large tables while they are filled, and puts the very same ones back."""

from sqlalchemy import text

from storage.writing.transaction import Tx

_TABLES = ("reports", "photos", "events", "lapor_tickets")


def drop_indexes(tx: Tx) -> list[str]:
    """Drops all indexes that are not constraints; gives the statements that make them again."""
    names = ", ".join(f"'{table}'" for table in _TABLES)
    if tx.dialect == "postgresql":
        asked = (
            f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({names}) AND indexdef NOT LIKE '%UNIQUE%'"
        )
    else:
        asked = (
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({names})"
        )
    found = tx.conn.execute(text(asked)).all()
    for name, _ in found:
        tx.conn.execute(text(f"DROP INDEX {name}"))
    return [statement for _, statement in found]


def create_indexes(tx: Tx, statements: list[str]) -> None:
    """Makes them again."""
    for statement in statements:
        tx.conn.exec_driver_sql(statement)
