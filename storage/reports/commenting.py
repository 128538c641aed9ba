"""Comments on reports: written with their event, read by who may see the report; hidden ones by staff alone."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select, true

from domain.areas import AreaMap
from domain.visibility import Visibility
from domain.vocabulary import EventKind, Role
from storage.reports.changing import change
from storage.reports.seen import visible_reports
from storage.rows import CommentRow, Page
from storage.statements.keyset import Order, Span, read_pages
from storage.tables import comments, reports
from storage.writing.transaction import Actor, Tx

_COLUMNS = [comments.c[name] for name in CommentRow.__dataclass_fields__]
_OLDEST_FIRST = Order(comments.c.id)


def add_comment(tx: Tx, area_map: AreaMap, report_id: int, text: str, actor: Actor, *, official: bool) -> int:
    """Writes a comment and its event; gives its row. `official`: the city speaks."""
    tx.require(f"report:{report_id}")
    values = {
        "report_id": report_id,
        "text": text,
        "official": official,
        "hidden": False,
        "by_reporter": actor.is_reporter,
        "author_role": actor.role or Role.ANONYMOUS,
        "author_agency_id": actor.agency_id,
        "author_person_id": actor.person_id,
        "created_at": tx.now,
    }
    comment_id: int = tx.conn.execute(insert(comments).returning(comments.c.id), values).scalar_one()
    change(tx, area_map, report_id, EventKind.COMMENTED, actor=actor, comment_id=comment_id)
    return comment_id


def _shown(visibility: Visibility) -> ColumnElement[bool]:
    return true() if visibility.staff else comments.c.hidden.is_(False)


def _seen(visibility: Visibility, *columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*(columns or _COLUMNS))
        .select_from(comments)
        .join(reports, reports.c.id == comments.c.report_id)
        .where(visible_reports(visibility, own=True), _shown(visibility))
    )


def _row(row: Any) -> CommentRow:
    return CommentRow(*row)


def comments_of_reports(
    conn: Connection, visibility: Visibility, report_ids: Sequence[int], span: Span
) -> dict[int, Page[CommentRow]]:
    """The same part of each report's comments, the oldest first."""
    return read_pages(conn, _seen(visibility), _OLDEST_FIRST, span, _row, comments.c.report_id, report_ids)


def count_comments(conn: Connection, visibility: Visibility, report_ids: Sequence[int]) -> dict[int, int]:
    """How many comments each of these reports has."""
    counted = _seen(visibility, comments.c.report_id, func.count().label("total"))
    rows = conn.execute(counted.where(comments.c.report_id.in_(set(report_ids))).group_by(comments.c.report_id))
    return {row.report_id: row.total for row in rows}


def comments_by_id(conn: Connection, visibility: Visibility, ids: Collection[int]) -> dict[int, CommentRow]:
    """Comments by row id; what the viewer may not see is not there."""
    rows = conn.execute(_seen(visibility).where(comments.c.id.in_(sorted(set(ids)))))
    return {row.id: CommentRow(*row) for row in rows}


def anonymous_among(conn: Connection, report_ids: Collection[int]) -> frozenset[int]:
    """Which of these reports hide the person who told them."""
    asked = select(reports.c.id).where(reports.c.id.in_(sorted(set(report_ids))), reports.c.anonymous.is_(True))
    return frozenset(conn.execute(asked).scalars())
