"""Support for a report: once a supporter, told by events that do not move the report's `updatedAt`."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from domain.areas import AreaMap
from domain.vocabulary import EventKind
from storage.reports.changing import change
from storage.statements.prepared import many, prepared
from storage.tables import report_supports, reports
from storage.writing.transaction import Actor, Tx


def add_support(tx: Tx, area_map: AreaMap, report_id: int, supporter: str, actor: Actor) -> bool:
    """Adds a supporter (`person:<id>`, or `key:<digest>` for somebody anonymous); False if it supports it already."""
    tx.require(f"report:{report_id}")
    if _supports(tx, report_id, supporter):
        return False
    values = {"report_id": report_id, "supporter": supporter, "created_at": tx.now}
    tx.conn.execute(insert(report_supports), values)
    _count(tx, area_map, report_id, EventKind.SUPPORTED, 1, actor)
    return True


def drop_support(tx: Tx, area_map: AreaMap, report_id: int, supporter: str, actor: Actor) -> bool:
    """Takes a supporter away; False if it does not support it."""
    tx.require(f"report:{report_id}")
    if not _supports(tx, report_id, supporter):
        return False
    mine = (report_supports.c.report_id == report_id) & (report_supports.c.supporter == supporter)
    tx.conn.execute(delete(report_supports).where(mine))
    _count(tx, area_map, report_id, EventKind.UNSUPPORTED, -1, actor)
    return True


def _supports(tx: Tx, report_id: int, supporter: str) -> bool:
    return bool(supported_by(tx.conn, [report_id], [supporter]))


def _count(tx: Tx, area_map: AreaMap, report_id: int, kind: EventKind, more: int, actor: Actor) -> None:
    counted = tx.conn.execute(select(reports.c.support_count).where(reports.c.id == report_id)).scalar_one()
    values = {"support_count": counted + more}
    change(tx, area_map, report_id, kind, actor=actor, values=values, moves_updated_at=False)


def supported_by(conn: Connection, report_ids: Collection[int], supporters: Sequence[str]) -> frozenset[int]:
    """Which of these reports one of these supporters (`report_supports.supporter`) supports."""
    asked = {"reports": set(report_ids), "supporters": supporters}
    return frozenset(row[0] for row in prepared(conn, "supported by", _supported).rows(conn, asked))


def _supported() -> Select[Any]:
    of_these, by_these = (
        report_supports.c.report_id.in_(many("reports")),
        report_supports.c.supporter.in_(many("supporters")),
    )
    return select(report_supports.c.report_id).where(of_these, by_these)
