"""Searching reports by their words, in the index that this viewer may search: the staff's has addresses, the public one none."""

from sqlalchemy import Cast, ColumnElement, cast, column, literal, select, table

from domain.search_query import SearchQuery
from domain.visibility import Visibility
from storage.reports.seen import uses_true_places
from storage.reports.words import PUBLIC_INDEX, STAFF_INDEX
from storage.tables import reports
from storage.word_index import fts5_match, tsquery_literal

_INDEXES = {name: table(name, column("rowid"), column("doc")) for name in (STAFF_INDEX, PUBLIC_INDEX)}


def has_words(query: SearchQuery, visibility: Visibility, dialect: str, *, mine: bool = False) -> ColumnElement[bool]:
    """Reports whose words match, in the index that goes with the place this viewer sees."""
    index = _INDEXES[STAFF_INDEX if uses_true_places(visibility, mine=mine) else PUBLIC_INDEX]
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import (
            TSQUERY,  # only where it is the store: it brings every driver's dialect
        )

        asked: Cast[object] = cast(literal(tsquery_literal(query)), TSQUERY)
        found = index.c.doc.op("@@", is_comparison=True)(asked)
    else:
        found = index.c.doc.op("MATCH", is_comparison=True)(fts5_match(query))
    return reports.c.id.in_(select(index.c.rowid).where(found))
