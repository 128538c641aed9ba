"""Reads photos whose bytes are here: of reports that a viewer sees, by id, and by the address that one is served under."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from domain.visibility import Visibility
from domain.vocabulary import PhotoState
from storage.reports.seen import viewer_shape, viewer_values, visible_reports
from storage.rows import PhotoRow
from storage.statements.lean import columns_of, maker_of
from storage.statements.prepared import many, one, prepared
from storage.tables import photos, reports


def photos_of_reports(
    conn: Connection,
    shown: Mapping[int, str],
    *,
    staff: bool,
    phase: str | None,
    include_hidden: bool,
    columns: Set[str] | None = None,
) -> dict[int, list[PhotoRow]]:
    """The photos of each report that was read for a viewer, told with its visibility, in the order they came. Hidden ones
    are for staff that asks for them. `columns`: those of a PhotoRow that are asked for (None: all)."""
    asked = columns_of(PhotoRow, columns, "report_id", "report_visibility")
    hidden = include_hidden and staff
    statement = prepared(
        conn, ("photos of reports", asked, phase is None, hidden), lambda: _of_reports(asked, phase, hidden=hidden)
    )
    make, whose = maker_of(PhotoRow, asked), asked.index("report_id")
    found: dict[int, list[PhotoRow]] = {report_id: [] for report_id in shown}
    for row in statement.rows(conn, {"reports": shown, "phase": phase}):
        report_id = row[whose]
        found[report_id].append(make((*row, shown[report_id])))
    return found


def _of_reports(asked: Sequence[str], phase: str | None, *, hidden: bool) -> Select[Any]:
    """The reports' own visibility is known, and is the last of a photo's columns."""
    conditions: list[ColumnElement[bool]] = [photos.c.report_id.in_(many("reports")), _HERE]
    if phase is not None:
        conditions.append(photos.c.phase == one("phase"))
    if not hidden:
        conditions.append(photos.c.hidden.is_(False))
    columns = [photos.c[name] for name in asked if name != "report_visibility"]
    return select(*columns).where(*conditions).order_by(photos.c.created_at, photos.c.id)


_HERE = (photos.c.state == PhotoState.READY).is_(True)
"""Nearly all photos are here. Put this way SQLite does not take the index of states, which would find it all of them."""


def photos_by_id(conn: Connection, visibility: Visibility, ids: Sequence[int]) -> dict[int, PhotoRow]:
    """Photos by row id, of reports that the viewer sees."""
    statement = prepared(conn, ("photos by id", viewer_shape(visibility)), lambda: _by_id(visibility))
    rows = statement.rows(conn, {**viewer_values(visibility), "ids": set(ids)})
    return {photo.id: photo for photo in map(PhotoRow._make, rows)}


def _by_id(visibility: Visibility) -> Select[Any]:
    columns = [reports.c.visibility if name == "report_visibility" else photos.c[name] for name in PhotoRow._fields]
    shown = [] if visibility.staff else [photos.c.hidden.is_(False)]
    return (
        select(*columns)
        .join(reports, reports.c.id == photos.c.report_id)
        .where(visible_reports(visibility, own=True), photos.c.id.in_(many("ids")), _HERE, *shown)
    )


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
    found = prepared(conn, "photo at", _served).rows(conn, {"address": address})
    return ServedPhoto(*found[0]) if found else None


def _served() -> Select[Any]:
    return (
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
        .where(photos.c.address == one("address"), photos.c.state == PhotoState.READY)
    )
