"""The two word indexes of reports: the staff's with addresses, everybody's without."""

from sqlalchemy import Connection, text

from domain.words import field_tokens
from storage.word_index import fts5_document, tsvector_literal

STAFF_INDEX, PUBLIC_INDEX = "report_words_staff", "report_words_public"

_WRITE = {
    "sqlite": "INSERT INTO {name} (rowid, doc) VALUES (:id, :doc)",
    "postgresql": "INSERT INTO {name} (rowid, doc) VALUES (:id, CAST(:doc AS tsvector))",
}


def index_words(conn: Connection, report_id: int, *, title: str | None, body: str, address: str | None) -> None:
    """Puts a new report's words into both indexes."""
    _write(conn, STAFF_INDEX, report_id, [title, body, address])
    _write(conn, PUBLIC_INDEX, report_id, [title, body])


def reindex_words(conn: Connection, report_id: int, *, title: str | None, body: str, address: str | None) -> None:
    """Replaces a report's words after an edit."""
    unindex_words(conn, report_id)
    index_words(conn, report_id, title=title, body=body, address=address)


def unindex_words(conn: Connection, report_id: int) -> None:
    """Takes a report's words out of both indexes."""
    for name in (STAFF_INDEX, PUBLIC_INDEX):
        conn.execute(text(f"DELETE FROM {name} WHERE rowid = :id"), {"id": report_id})


def _write(conn: Connection, name: str, report_id: int, fields: list[str | None]) -> None:
    words = field_tokens(*fields)
    dialect = conn.dialect.name
    document = tsvector_literal(words) if dialect == "postgresql" else fts5_document(words)
    conn.execute(text(_WRITE[dialect].format(name=name)), {"id": report_id, "doc": document})
