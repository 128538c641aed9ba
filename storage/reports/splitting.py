"""Takes merged reports apart again. Only reports of equal visibility are merged, so hiding one splits it first."""

from sqlalchemy import select

from domain.areas import AreaMap
from domain.vocabulary import EventKind, ReportStatus
from storage.reports.changing import change
from storage.tables import reports
from storage.writing.transaction import Actor, Tx


def split_all(tx: Tx, area_map: AreaMap, report_id: int, actor: Actor) -> None:
    """Takes a report from the one it was merged into, and from it all that were merged into it. Raises NeedsLocks."""
    main = tx.conn.execute(select(reports.c.duplicate_of_id).where(reports.c.id == report_id)).scalar_one()
    merged = tx.conn.execute(select(reports.c.id).where(reports.c.duplicate_of_id == report_id).order_by(reports.c.id))
    pairs = [(duplicate, report_id) for duplicate in merged.scalars().all()]
    if main is not None:
        pairs.append((report_id, main))
    tx.require(*(f"report:{each}" for pair in pairs for each in pair))
    for duplicate, of in pairs:
        _split(tx, area_map, duplicate, of, actor)


def _split(tx: Tx, area_map: AreaMap, duplicate: int, main: int, actor: Actor) -> None:
    """Both are told of it; what was closed as a duplicate has to be looked at again."""
    status = tx.conn.execute(select(reports.c.status).where(reports.c.id == duplicate)).scalar_one()
    values: dict[str, ReportStatus | None] = {"duplicate_of_id": None}
    if status == ReportStatus.DUPLICATE:
        values["status"] = ReportStatus.VERIFIED
    change(tx, area_map, duplicate, EventKind.SPLIT, actor=actor, values=values, other_report_id=main)
    change(tx, area_map, main, EventKind.SPLIT, actor=actor, other_report_id=duplicate)
