"""Adds photos to a report that is there, each with its event."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from domain.areas import AreaMap
from domain.vocabulary import EventKind, PhotoPhase, PhotoState
from storage.reports.changing import change
from storage.reports.creating import NewPhoto, add_photo
from storage.tables import photos, reports
from storage.writing.transaction import Actor, Tx


def photo_count(conn: Connection, report_id: int, phase: PhotoPhase) -> int:
    """How many photos of a phase a report has whose bytes are here, hidden ones included."""
    counted = select(func.count()).where(
        photos.c.report_id == report_id, photos.c.phase == phase, photos.c.state == PhotoState.READY
    )
    return conn.execute(counted).scalar_one()


def add_photos_to(
    tx: Tx, area_map: AreaMap, report_id: int, new: Sequence[NewPhoto], phase: PhotoPhase, actor: Actor
) -> list[int]:
    """Writes rows of photos whose files are kept already; gives their ids in the same order."""
    tx.require(f"report:{report_id}")
    return [_add(tx, area_map, report_id, photo, phase, actor) for photo in new]


def _add(tx: Tx, area_map: AreaMap, report_id: int, photo: NewPhoto, phase: PhotoPhase, actor: Actor) -> int:
    photo_id = add_photo(tx, report_id, photo, phase)
    counted = tx.conn.execute(select(reports.c.photo_count).where(reports.c.id == report_id)).scalar_one()
    values = {"photo_count": counted + 1}
    change(tx, area_map, report_id, EventKind.PHOTO_ADDED, actor=actor, values=values, photo_id=photo_id)
    return photo_id
