"""The two word indexes of reports: the staff's with addresses, everybody's without."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, Text, delete, insert
from sqlalchemy.types import UserDefinedType

from domain.words import field_tokens, joined, tokens
from storage.reports.filter.word_index import fts5_document, tsvector_literal
from storage.tables.base import BigId
from storage.writing.transaction import Tx

STAFF_INDEX, PUBLIC_INDEX = "report_words_staff", "report_words_public"


class _TsVector(UserDefinedType[str]):
    """PostgreSQL's type; its own dialect, which knows it, is not imported where the store is another."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TSVECTOR"


def _index(name: str) -> Table:
    """An index as a table, though no migration makes it from this."""
    document = Column("doc", Text().with_variant(_TsVector(), "postgresql"))
    return Table(name, MetaData(), Column("rowid", BigId, primary_key=True), document)


_STAFF, _PUBLIC = _index(STAFF_INDEX), _index(PUBLIC_INDEX)

Tokens = tuple[list[str], list[str], list[str]]
"""The words of a report's title, text and address."""


def words_of(title: str | None, body: str, address: str | None) -> Tokens:
    """The words of what was told."""
    return tokens(title or ""), tokens(body), tokens(address or "")


def index_words(tx: Tx, report_id: int, words: Tokens) -> None:
    """Puts a new report's words into both indexes."""
    title, body, address = words
    write = _document(tx.dialect)
    tx.add(_STAFF, {"rowid": report_id, "doc": write(joined(title, body, address))})
    tx.add(_PUBLIC, {"rowid": report_id, "doc": write(joined(title, body))})


def _document(dialect: str) -> Callable[[Sequence[str]], str]:
    return tsvector_literal if dialect == "postgresql" else fts5_document


def reindex_words(conn: Connection, report_id: int, *, title: str | None, body: str, address: str | None) -> None:
    """Replaces a report's words after an edit."""
    unindex_words(conn, report_id)
    _write(conn, _STAFF, report_id, [title, body, address])
    _write(conn, _PUBLIC, report_id, [title, body])


def unindex_words(conn: Connection, report_id: int) -> None:
    """Takes a report's words out of both indexes."""
    for index in (_STAFF, _PUBLIC):
        conn.execute(delete(index).where(index.c.rowid == report_id))


def _write(conn: Connection, index: Table, report_id: int, fields: list[str | None]) -> None:
    document = _document(conn.dialect.name)(field_tokens(*fields))
    conn.execute(insert(index), {"rowid": report_id, "doc": document})
