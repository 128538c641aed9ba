"""Lists of reports, and looking one up: what a viewer may see of them.

`columns` are those of a SeenReport that are asked for (None: all); the rows then have these and the id, and no others.
"""

from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, not_, select, union_all

from domain.visibility import Visibility
from storage.reference import area_tree
from storage.reports.lists.ordering import ReportOrder, key_columns, order_of
from storage.reports.lists.walking import Walk, way_beside, way_to_page
from storage.reports.question import Question
from storage.reports.seen import (
    DUPLICATE_OF,
    blurred,
    place,
    seen_columns,
    viewer_shape,
    viewer_values,
    visible_reports,
)
from storage.rows import Page, SeenReport
from storage.statements.keyset import NEXT, PAGE, PREVIOUS, ListOf, Order, Span, Way, page_of, pages_of
from storage.statements.lean import columns_of, maker_of
from storage.statements.prepared import many, one, prepared
from storage.tables import report_links, reports, sources


def list_reports(
    conn: Connection, question: Question, by: ReportOrder, span: Span, columns: Set[str] | None = None
) -> Page[SeenReport]:
    """One page of the reports that match."""
    rows = _matching(conn, question, by, columns)
    return page_of(conn, replace(rows, ways=_ways(conn, rows, question, by, span)), span)


def _ways(
    conn: Connection, matching: ListOf[SeenReport], question: Question, by: ReportOrder, span: Span
) -> dict[str, Way]:
    """The ways to a page, and to what lies beside it."""

    def way(walk: Walk) -> Way:
        def build() -> tuple[Select[Any], Order]:
            rows, order = matching.build()
            bounded = question.where(conn.dialect.name, since=walk.since, until=walk.until)
            return walk.hinted(select(*rows.selected_columns).select_from(reports).where(bounded)), order

        return Way(build, walk.shape, walk.stretches)

    walks = {PAGE: way_to_page(question, by, span)}
    for side, key in ((PREVIOUS, span.after), (NEXT, span.before)):
        if key is not None and (walk := way_beside(question, by, span, side)) is not None:
            walks[side] = walk
    return {part: way(walk) for part, walk in walks.items() if walk.index is not None}


def list_reports_of_areas(
    conn: Connection,
    question: Question,
    by: ReportOrder,
    span: Span,
    area_ids: Sequence[int],
    columns: Set[str] | None = None,
) -> dict[int, Page[SeenReport]]:
    """The same page of the reports within each of these areas."""
    tree = area_tree(area_ids)
    lies = place(question.visibility, mine=question.wanted.own).area_id
    matching = _matching(conn, question, by, columns)

    def within() -> tuple[Select[Any], Order]:
        rows, order = matching.build()
        return rows.join(tree, tree.c.area_id == lies), order

    return pages_of(conn, ListOf(within, matching.make, matching.columns), span, lambda: tree.c.root_id, area_ids)


def list_duplicates(
    conn: Connection, question: Question, span: Span, report_ids: Sequence[int], columns: Set[str] | None = None
) -> dict[int, Page[SeenReport]]:
    """The same page, the newest first, of the reports that were merged into each of these."""
    matching = _matching(conn, question, ReportOrder.NEWEST, columns, "duplicates")
    return pages_of(conn, matching, span, lambda: DUPLICATE_OF, report_ids)


def list_reports_of_flood_areas(
    conn: Connection, question: Question, span: Span, area_ids: Sequence[int], columns: Set[str] | None = None
) -> dict[int, Page[SeenReport]]:
    """The same page, the newest first, of the reports that lie in each of these flood areas."""
    matching = _matching(conn, question, ReportOrder.NEWEST, columns, "in flood areas")
    return pages_of(conn, matching, span, lambda: place(question.visibility).flood_area_id, area_ids)


def _matching(
    conn: Connection, question: Question, by: ReportOrder, wanted_columns: Set[str] | None, what: str = "reports"
) -> ListOf[SeenReport]:
    dialect = conn.dialect.name
    columns = columns_of(SeenReport, wanted_columns, "id")

    def build() -> tuple[Select[Any], Order]:
        visibility, wanted = question.visibility, question.wanted
        shown = seen_columns(visibility, own=wanted.own, columns=columns)
        rows = select(*shown).select_from(reports).where(question.where(dialect))
        return rows, order_of(by, visibility, mine=wanted.own, origin=wanted.near.point if wanted.near else None)

    return ListOf(
        build,
        _maker(columns),
        len(columns),
        shape=(what, question.shape, by, columns),
        values=question.values(dialect),
        key_places=_key_places(by, columns),
    )


@lru_cache(1_000)
def _key_places(by: ReportOrder, columns: tuple[str, ...]) -> tuple[int, ...] | None:
    """Where the columns hold the key of the order; None where it has to be read as well."""
    names = key_columns(by)
    return tuple(map(columns.index, names)) if names is not None and set(names) <= set(columns) else None


def _maker(columns: tuple[str, ...]) -> Callable[[Any], SeenReport]:
    """Lean rows keep their key behind their columns; whole ones are what they are wherever they were read."""
    if columns == SeenReport._fields:
        whole = len(columns)
        return lambda row: SeenReport._make(row[:whole])
    return maker_of(SeenReport, columns)


def reports_by_id(
    conn: Connection, visibility: Visibility, ids: Collection[int], columns: Set[str] | None = None
) -> dict[int, SeenReport]:
    """Reports by row id, a person's own hidden ones included; what the viewer may not see is not there."""
    if len(ids) > 1:
        found = _look_up(conn, visibility, "ids", lambda: reports.c.id.in_(many("ids")), {"ids": ids}, columns)
    else:  # none is looked for as well, by the same statement: it must not be seen that there is nothing
        found = _look_up(
            conn, visibility, "id", lambda: reports.c.id == one("id"), {"id": next(iter(ids), None)}, columns
        )
    return {row.id: row for row in found}


def report_by_code(
    conn: Connection, visibility: Visibility, code: str, columns: Set[str] | None = None
) -> SeenReport | None:
    """The report with this tracking code."""
    found = _look_up(conn, visibility, "code", lambda: reports.c.code == one("code"), {"code": code}, columns)
    return next(iter(found), None)


def report_by_source_ref(
    conn: Connection, visibility: Visibility, source: str, ref: str, columns: Set[str] | None = None
) -> SeenReport | None:
    """The report that a source gave this id, itself or as another name of one that came from elsewhere.

    Where the viewer sees a fuzzed place there is none: that it has this id would tell where it lies.
    """
    asked = {"source": source, "ref": ref}
    return next(iter(_look_up(conn, visibility, "source ref", lambda: _named(visibility), asked, columns)), None)


def _named(visibility: Visibility) -> ColumnElement[bool]:
    of_source = select(sources.c.id).where(sources.c.code == one("source"))
    named = union_all(
        select(reports.c.id).where(reports.c.source_id.in_(of_source), reports.c.source_ref == one("ref")),
        select(report_links.c.report_id).where(
            report_links.c.source_id.in_(of_source), report_links.c.source_ref == one("ref")
        ),
    )
    return and_(reports.c.id.in_(named), not_(blurred(visibility, own=True)))


def _look_up(
    conn: Connection,
    visibility: Visibility,
    by: str,
    condition: Callable[[], ColumnElement[bool]],
    values: dict[str, Any],
    asked: Set[str] | None,
) -> list[SeenReport]:
    columns = columns_of(SeenReport, asked, "id")

    def build() -> Select[Any]:
        shown = select(*seen_columns(visibility, own=True, columns=columns)).select_from(reports)
        return shown.where(visible_reports(visibility, own=True), condition()).order_by(reports.c.id)

    statement = prepared(conn, ("report by", by, viewer_shape(visibility), columns), build)
    return list(map(maker_of(SeenReport, columns), statement.rows(conn, {**viewer_values(visibility), **values})))
