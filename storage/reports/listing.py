"""Lists of reports, and looking one up: what a viewer may see of them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, not_, select, union_all

from domain.visibility import Visibility
from storage.keyset import Span, read_page, read_pages
from storage.reference import area_tree
from storage.reports.filtering import ResolvedFilter
from storage.reports.ordering import ReportOrder, order_of
from storage.reports.seen import blurred, place, seen_columns, seen_report, visible_reports
from storage.rows import Page, SeenReport
from storage.tables import report_links, reports, sources


def list_reports(
    conn: Connection, visibility: Visibility, wanted: ResolvedFilter, by: ReportOrder, span: Span, now: int
) -> Page[SeenReport]:
    """One page of the reports that match."""
    return read_page(conn, _matching(conn, visibility, wanted, now), _order(visibility, wanted, by), span, seen_report)


def list_reports_of_areas(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    by: ReportOrder,
    span: Span,
    now: int,
    area_ids: Sequence[int],
) -> dict[int, Page[SeenReport]]:
    """The same page of the reports within each of these areas."""
    tree = area_tree(area_ids)
    within = _matching(conn, visibility, wanted, now).join(
        tree, tree.c.area_id == place(visibility, mine=wanted.own).area_id
    )
    return read_pages(conn, within, _order(visibility, wanted, by), span, seen_report, tree.c.root_id, area_ids)


def list_reports_of_parents(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    span: Span,
    now: int,
    parent: ColumnElement[Any],
    parents: Sequence[int],
) -> dict[int, Page[SeenReport]]:
    """The same page, the newest first, of the reports that name each of these rows in the column `parent`."""
    matching = _matching(conn, visibility, wanted, now)
    return read_pages(
        conn, matching, _order(visibility, wanted, ReportOrder.NEWEST), span, seen_report, parent, parents
    )


def _matching(conn: Connection, visibility: Visibility, wanted: ResolvedFilter, now: int) -> Select[Any]:
    condition = wanted.where(visibility, conn.dialect.name, now)
    return select(*seen_columns(visibility, own=wanted.own)).select_from(reports).where(condition)


def _order(visibility: Visibility, wanted: ResolvedFilter, by: ReportOrder) -> Any:
    return order_of(by, visibility, mine=wanted.own, origin=wanted.near.point if wanted.near else None)


def reports_by_id(conn: Connection, visibility: Visibility, ids: Collection[int]) -> dict[int, SeenReport]:
    """Reports by row id, a person's own hidden ones included; what the viewer may not see is not there."""
    return {row.id: row for row in _look_up(conn, visibility, reports.c.id.in_(sorted(set(ids))))}


def report_by_code(conn: Connection, visibility: Visibility, code: str) -> SeenReport | None:
    """The report with this tracking code."""
    return next(iter(_look_up(conn, visibility, reports.c.code == code)), None)


def report_by_source_ref(conn: Connection, visibility: Visibility, source: str, ref: str) -> SeenReport | None:
    """The report that a source gave this id, itself or as another name of one that came from elsewhere.

    Where the viewer sees a fuzzed place there is none: that it has this id would tell where it lies.
    """
    of_source = select(sources.c.id).where(sources.c.code == source)
    named = union_all(
        select(reports.c.id).where(reports.c.source_id.in_(of_source), reports.c.source_ref == ref),
        select(report_links.c.report_id).where(
            report_links.c.source_id.in_(of_source), report_links.c.source_ref == ref
        ),
    )
    shown = and_(reports.c.id.in_(named), not_(blurred(visibility, own=True)))
    return next(iter(_look_up(conn, visibility, shown)), None)


def _look_up(conn: Connection, visibility: Visibility, condition: ColumnElement[bool]) -> list[SeenReport]:
    statement = (
        select(*seen_columns(visibility, own=True))
        .select_from(reports)
        .where(visible_reports(visibility, own=True), condition)
        .order_by(reports.c.id)
    )
    return [seen_report(row) for row in conn.execute(statement)]
