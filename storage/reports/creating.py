"""Makes a report: the one door for what citizens submit and for what connectors bring."""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Connection, Select, select

from domain.areas import AreaMap
from domain.photo import PreparedPhoto
from domain.report import Clocks, clocks_from
from domain.vocabulary import OPEN_STATUSES, EventKind, PhotoPhase, PhotoState, ReportStatus, ReportVisibility
from storage.events.facets import facets_of
from storage.photos.store import new_key
from storage.reports.clocks import clock_columns
from storage.reports.filter.words import Tokens, index_words, words_of
from storage.reports.group_ground import GroundOfGroup
from storage.reports.photos.addresses import new_photo_address
from storage.reports.placing import Place, place_columns
from storage.statements.prepared import prepared
from storage.tables import categories, photos, reports
from storage.writing.transaction import Actor, PendingEvent, Tx


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
    """A report before it has its row. Times in microseconds; `reported_at` None: when it is received. `agency_id` None: the
    category's agency has it first."""

    text: str
    category_id: int
    reported_at: int | None
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
    words: Tokens | None = None
    """The words of title, text and address, where they were found already."""


@dataclass(frozen=True, slots=True)
class Created:
    """The new report's row id, its tracking code and its photos."""

    id: int
    code: str
    photo_ids: tuple[int, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Category:
    """What making a report needs of its category. Minutes; `agency_id`: who has such reports first."""

    sensitive: bool
    active: bool
    agency_id: int | None
    respond_minutes: int | None
    resolve_minutes: int | None


def category_of(tx: Tx, category_id: int) -> Category:
    """A category as it is now. Raises KeyError for none."""
    return tx.once("categories", _read_categories)[category_id]


def _read_categories(conn: Connection) -> dict[int, Category]:
    rows = prepared(conn, "categories to write", _categories).rows(conn)
    return {row_id: Category(*facts) for row_id, *facts in rows}


def _categories() -> Select[Any]:
    names = ("id", *Category.__dataclass_fields__)
    return select(*(categories.c[name] for name in names))


def create_report(tx: Tx, area_map: AreaMap, new: NewReport, actor: Actor) -> Created:
    """Writes the report, its photos and words, and the CREATED event. The caller holds the locks of its keys and refs."""
    category = category_of(tx, new.category_id)
    ground = GroundOfGroup(tx)
    report_id, code = tx.draw_id(reports), tx.drawing.code()
    row = {
        "id": report_id,
        **_told(new),
        **place_columns(ground, area_map, new.place, sensitive=category.sensitive),
        **_first_clocks(new, tx.now, category.respond_minutes, category.resolve_minutes),
        "code": code,
        "agency_id": new.agency_id if new.agency_id is not None else category.agency_id,
        "reported_at": tx.now if new.reported_at is None else new.reported_at,
        "received_at": tx.now,
        "updated_at": tx.now,  # moved to the event's own time when that is drawn
        "photo_count": len(new.photos),
    }
    tx.add(reports, row)
    photo_ids = _add_photos(tx, report_id, new)
    index_words(tx, report_id, new.words or words_of(new.title, new.text, new.address))
    words = orjson.dumps({"title": new.title, "text": new.text, "address": new.address}).decode()
    tx.emit(
        PendingEvent(
            EventKind.CREATED,
            actor,
            report_id=report_id,
            after=facets_of(row | ground.cities(row)),
            status=new.status,
            words=words,
            backfill=new.backfill,
            told_at=tx.now,
        )
    )
    return Created(report_id, code, photo_ids)


_TOLD = [name for name in NewReport.__dataclass_fields__ if name in reports.c]
_read_told = attrgetter(*_TOLD)


def _told(new: NewReport) -> dict[str, Any]:
    return {
        **dict(zip(_TOLD, _read_told(new), strict=True)),
        "duplicate_of_id": None,
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


def _add_photos(tx: Tx, report_id: int, new: NewReport) -> tuple[int, ...]:
    added = tuple(add_photo(tx, report_id, photo, PhotoPhase.BEFORE) for photo in new.photos)
    for url in dict.fromkeys(new.photo_urls):
        want_photo(tx, report_id, url)
    return added


def add_photo(tx: Tx, report_id: int, photo: NewPhoto, phase: PhotoPhase) -> int:
    """Writes a photo's row under a fresh random address; the report's count and event are the caller's."""
    row_id = tx.draw_id(photos)
    values = {
        "id": row_id,
        "report_id": report_id,
        "phase": phase,
        "created_at": tx.now,
        "hidden": False,
        "address": new_photo_address(),
        "state": PhotoState.READY,
        "attempts": 0,
        **{name: getattr(photo, name) for name in NewPhoto.__dataclass_fields__},
    }
    tx.add(photos, values)
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
    tx.add(photos, values)
