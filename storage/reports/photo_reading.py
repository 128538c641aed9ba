"""Reads photos whose bytes are here: of reports that a viewer sees, by id, and by the address that one is served under."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from domain.visibility import Visibility
from domain.vocabulary import PhotoState
from storage.reports.seen import visible_reports
from storage.rows import PhotoRow
from storage.tables import photos, reports

_COLUMNS = [
    reports.c.visibility.label(name) if name == "report_visibility" else photos.c[name]
    for name in PhotoRow.__dataclass_fields__
]


def _photos(visibility: Visibility, *conditions: ColumnElement[bool]) -> Select[Any]:
    shown = [] if visibility.staff else [photos.c.hidden.is_(False)]
    return (
        select(*_COLUMNS)
        .join(reports, reports.c.id == photos.c.report_id)
        .where(visible_reports(visibility, own=True), photos.c.state == PhotoState.READY, *shown, *conditions)
        .order_by(photos.c.created_at, photos.c.id)
    )


def photos_of_reports(
    conn: Connection, visibility: Visibility, report_ids: Sequence[int], *, phase: str | None, include_hidden: bool
) -> dict[int, list[PhotoRow]]:
    """The photos of each report, in the order they came; hidden ones only for staff that asks for them."""
    conditions: list[ColumnElement[bool]] = [photos.c.report_id.in_(set(report_ids))]
    if phase is not None:
        conditions.append(photos.c.phase == phase)
    if not include_hidden:
        conditions.append(photos.c.hidden.is_(False))
    found: dict[int, list[PhotoRow]] = {report_id: [] for report_id in report_ids}
    for row in conn.execute(_photos(visibility, *conditions)):
        photo = PhotoRow(*row)
        found[photo.report_id].append(photo)
    return found


def photos_by_id(conn: Connection, visibility: Visibility, ids: Sequence[int]) -> dict[int, PhotoRow]:
    """Photos by row id, of reports that the viewer sees."""
    rows = conn.execute(_photos(visibility, photos.c.id.in_(set(ids))))
    return {photo.id: photo for photo in (PhotoRow(*row) for row in rows)}


@dataclass(frozen=True, slots=True)
class ServedPhoto:
    """What is needed to serve a photo: its files, and who may have it."""

    id: int
    file_key: str
    thumbnail_key: str
    content_type: str
    thumbnail_type: str
    hidden: bool
    visibility: str


def photo_at(conn: Connection, address: str) -> ServedPhoto | None:
    """The photo that is served under an address just now."""
    row = conn.execute(
        select(
            photos.c.id,
            photos.c.file_key,
            photos.c.thumbnail_key,
            photos.c.content_type,
            photos.c.thumbnail_type,
            photos.c.hidden,
            reports.c.visibility,
        )
        .join(reports, reports.c.id == photos.c.report_id)
        .where(photos.c.address == address, photos.c.state == PhotoState.READY)
    ).first()
    return None if row is None else ServedPhoto(*row)
