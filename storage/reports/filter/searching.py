"""Searching reports by their words, in the index that this viewer may search: the staff's has addresses, the public one none."""

from sqlalchemy import ColumnElement, Text, bindparam, cast, column, select, table

from domain.search_query import SearchQuery
from domain.visibility import Visibility
from storage.reports.filter.word_index import fts5_match, tsquery_literal
from storage.reports.filter.words import PUBLIC_INDEX, STAFF_INDEX
from storage.reports.seen import uses_true_places
from storage.tables import reports

_INDEXES = {name: table(name, column("rowid"), column("doc")) for name in (STAFF_INDEX, PUBLIC_INDEX)}


def has_words(query: SearchQuery, visibility: Visibility, dialect: str, *, mine: bool = False) -> ColumnElement[bool]:
    """Reports whose words match, in the index that goes with the place this viewer sees."""
    index = _INDEXES[STAFF_INDEX if uses_true_places(visibility, mine=mine) else PUBLIC_INDEX]
    words = bindparam("words", search_text(query, dialect), Text())
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import TSQUERY

        found = index.c.doc.op("@@", is_comparison=True)(cast(words, TSQUERY))
    else:
        found = index.c.doc.op("MATCH", is_comparison=True)(words)
    return reports.c.id.in_(select(index.c.rowid).where(found))


def search_text(query: SearchQuery, dialect: str) -> str:
    """The query as the store reads it: the value that is named `words`."""
    return tsquery_literal(query) if dialect == "postgresql" else fts5_match(query)
