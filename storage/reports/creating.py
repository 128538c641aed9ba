"""Makes a report: the one door for what citizens submit and for what connectors bring."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import insert, select

from domain.areas import AreaMap
from domain.photo import PreparedPhoto
from domain.report import Clocks, clocks_from
from domain.sealing import new_report_code
from domain.vocabulary import OPEN_STATUSES, EventKind, PhotoPhase, PhotoState, ReportStatus, ReportVisibility
from storage.facets import read_facets
from storage.photos.store import new_key
from storage.reports.clocks import clock_columns
from storage.reports.photo_addresses import new_photo_address
from storage.reports.placing import Place, place_columns
from storage.reports.words import index_words
from storage.tables import categories, photos, reports
from storage.transaction import Actor, PendingEvent, Tx


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo whose files are kept already, or are about to be; sizes in pixels and bytes."""

    file_key: str
    thumbnail_key: str
    content_type: str
    thumbnail_type: str
    width: int
    height: int
    byte_size: int
    digest: bytes


def new_photo(photo: PreparedPhoto) -> NewPhoto:
    """A prepared photo under keys drawn for it, where its files are put before the row is written."""
    return NewPhoto(
        file_key=new_key(),
        thumbnail_key=new_key(),
        content_type=photo.content_type,
        thumbnail_type=photo.thumbnail_content_type,
        width=photo.width,
        height=photo.height,
        byte_size=len(photo.data),
        digest=bytes.fromhex(photo.digest),
    )


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report before it has its row. Times in microseconds. `agency_id` None: the category's agency has it first."""

    text: str
    category_id: int
    reported_at: int
    source_id: int
    place: Place
    title: str | None = None
    address: str | None = None
    anonymous: bool = False
    confidential: bool = False
    flood_depth_cm: int | None = None
    agency_id: int | None = None
    reporter_id: int | None = None
    reporter_key: str | None = None
    source_ref: str | None = None
    source_url: str | None = None
    source_status: str | None = None
    source_status_means: str | None = None
    channel: str | None = None
    synced_at: int | None = None
    content_digest: bytes | None = None
    status: str = ReportStatus.SUBMITTED
    agency_ref: str | None = None
    photos: tuple[NewPhoto, ...] = ()
    photo_urls: tuple[str, ...] = ()
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """The new report's row id, its tracking code and its photos."""

    id: int
    code: str
    photo_ids: tuple[int, ...] = field(default=())


def create_report(tx: Tx, area_map: AreaMap, new: NewReport, actor: Actor) -> Created:
    """Writes the report, its photos and words, and the CREATED event. The caller holds the locks of its keys and refs."""
    category = tx.conn.execute(select(categories).where(categories.c.id == new.category_id)).one()
    code = _free_code(tx)
    values = {
        **_told(new),
        **place_columns(tx.conn, area_map, new.place, sensitive=category.sensitive),
        **_first_clocks(new, tx.now, category.respond_minutes, category.resolve_minutes),
        "code": code,
        "agency_id": new.agency_id if new.agency_id is not None else category.agency_id,
        "received_at": tx.now,
        "updated_at": tx.now,  # moved to the event's own time when that is drawn
        "photo_count": len(new.photos),
    }
    report_id = tx.conn.execute(insert(reports).returning(reports.c.id), values).scalar_one()
    photo_ids = _add_photos(tx, report_id, new)
    index_words(tx.conn, report_id, title=new.title, body=new.text, address=new.address)
    words = orjson.dumps({"title": new.title, "text": new.text, "address": new.address}).decode()
    tx.emit(
        PendingEvent(
            EventKind.CREATED,
            actor,
            report_id=report_id,
            after=read_facets(tx.conn, report_id),
            status=new.status,
            words=words,
            backfill=new.backfill,
        )
    )
    return Created(report_id, code, photo_ids)


def _told(new: NewReport) -> dict[str, Any]:
    names = (
        "text title address category_id anonymous flood_depth_cm reporter_id reporter_key reported_at source_id source_ref"
        " source_url source_status source_status_means channel synced_at content_digest status agency_ref"
    )
    return {
        **{name: getattr(new, name) for name in names.split()},
        "visibility": ReportVisibility.CONFIDENTIAL if new.confidential else ReportVisibility.PUBLIC,
        "set_by_hand": 0,
        "support_count": 0,
    }


def _first_clocks(new: NewReport, now: int, respond: int | None, resolve: int | None) -> dict[str, Any]:
    """What its source had answered, or solved, already when it came has no clock for that: nobody knows how long it took."""
    waiting, open_still = new.status == ReportStatus.SUBMITTED, new.status in OPEN_STATUSES
    clocks = Clocks()
    if not new.backfill:
        clocks = clocks_from(now, respond if waiting else None, resolve if open_still else None)
    return {**clock_columns(clocks), "respond_breached": False, "resolve_breached": False}


def _free_code(tx: Tx) -> str:
    """A tracking code that no report has; 39 random bits, so a second draw is rare."""
    while True:
        code = new_report_code()
        if tx.conn.execute(select(reports.c.id).where(reports.c.code == code)).first() is None:
            return code


def _add_photos(tx: Tx, report_id: int, new: NewReport) -> tuple[int, ...]:
    added = tuple(add_photo(tx, report_id, photo, PhotoPhase.BEFORE) for photo in new.photos)
    for url in dict.fromkeys(new.photo_urls):
        want_photo(tx, report_id, url)
    return added


def add_photo(tx: Tx, report_id: int, photo: NewPhoto, phase: PhotoPhase) -> int:
    """Writes a photo's row under a fresh random address; the report's count and event are the caller's."""
    values = {
        "report_id": report_id,
        "phase": phase,
        "created_at": tx.now,
        "hidden": False,
        "address": new_photo_address(),
        "state": PhotoState.READY,
        "attempts": 0,
        **{name: getattr(photo, name) for name in NewPhoto.__dataclass_fields__},
    }
    row_id: int = tx.conn.execute(insert(photos).returning(photos.c.id), values).scalar_one()
    return row_id


def want_photo(tx: Tx, report_id: int, url: str) -> None:
    """Notes a photo that the report's source told of; it appears once its bytes are here."""
    values = {
        "report_id": report_id,
        "phase": PhotoPhase.BEFORE,
        "created_at": tx.now,
        "hidden": False,
        "source_url": url,
        "state": PhotoState.WANTED,
        "attempts": 0,
        "next_attempt_at": tx.now,
    }
    tx.conn.execute(insert(photos), values)
