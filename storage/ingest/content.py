"""A report record in the hub's columns: cleaned, digested, written to text and read back when it was kept aside."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar

import orjson

from domain.places import Point
from domain.records import EARLIEST_TOLD, ReportRecord, TicketRecord, TicketResponse
from domain.report import MAX_FLOOD_DEPTH_CM, PHOTOS_PER_REPORT
from domain.sealing import keyed_hash
from domain.time import micros
from domain.vocabulary import ReportStatus
from storage.ingest.batch import Ingest, Unfit
from storage.reports.placing import Place
from storage.storable import storable, storable_part

_LONGEST_TEXT = 100_000
_LARGEST = 2**63 - 1

R = TypeVar("R", ReportRecord, TicketRecord)


def sound(record: R) -> R:
    """The record without what no store takes in its texts (NUL, halves of surrogate pairs), its numbers of at most 64 bits."""
    told = {field.name: getattr(record, field.name) for field in fields(record)}
    mended = {name: mend for name, value in told.items() if (mend := _sound_value(value)) != value}
    depth = told.get("flood_depth_cm")
    if isinstance(depth, int) and abs(depth) > _LARGEST:
        mended["flood_depth_cm"] = _LARGEST if depth > 0 else -_LARGEST  # found unfit where it is looked at
    return replace(record, **mended) if mended else record


def _sound_value(value: Any) -> Any:
    match value:
        case str():
            return value if storable(value) else storable_part(value)
        case tuple():
            return tuple(map(_sound_value, value))
        case TicketResponse():
            return replace(value, author=_sound_value(value.author), text=_sound_value(value.text))
        case ReportRecord():
            return sound(value)
        case _:
            return value


def digest_of(record: ReportRecord | TicketRecord) -> bytes:
    """A digest of the mapped content: the same as long as the source tells the same, whenever it was fetched."""
    return hashlib.sha256(orjson.dumps(record)).digest()


def text_columns(ingest: Ingest, record: ReportRecord) -> dict[str, Any]:
    """What the source alone decides: nobody sets these by hand. Raises Unfit."""
    if len(record.text) > _LONGEST_TEXT:
        raise Unfit(f"its text is longer than {_LONGEST_TEXT:,} characters")
    return {
        "text": record.text,
        "title": record.title,
        "address": record.address,
        "anonymous": record.anonymous,
        "reporter_key": reporter_key(ingest, record),
        "source_url": record.source_url,
        "source_status": record.source_status,
        "source_status_means": record.source_status_means,
        "channel": record.channel,
    }


def reporter_key(ingest: Ingest, record: ReportRecord) -> str | None:
    """Whoever told it, under the hub's own secret once more: so it is no name, whatever the connector gave."""
    if record.reporter_key is None:
        return None
    return keyed_hash(ingest.secret, "reporter", ingest.source.code, record.reporter_key)


def reported_at(record: ReportRecord, received_at: int, known: int | None = None) -> int:
    """When it was told; instead of what cannot be so the time that is known already. Raises Unfit.

    A new report of a clock that runs ahead is taken as told when the hub received it, for it comes from now. Of one whose
    time is none (see EARLIEST_TOLD) nobody knows whether it is of today or years old: as one of now it would raise alarms
    and have deadlines, as one of the year 1 every count by day would begin there. So it is kept aside, and comes in once its
    source tells its time.
    """
    told = micros(record.reported_at)
    if micros(EARLIEST_TOLD) <= told <= received_at:
        return told
    if known is not None:
        return known
    if told > received_at:
        return received_at
    raise Unfit(
        f"its time, {record.reported_at.isoformat()}, is before {EARLIEST_TOLD.year} and so no time of a report: "
        "the source has to tell when it was made"
    )


def depth_of(record: ReportRecord) -> int | None:
    """The water's depth in centimetres. Raises Unfit for one that cannot be."""
    depth = record.flood_depth_cm
    if depth is not None and not 0 <= depth <= MAX_FLOOD_DEPTH_CM:
        raise Unfit(f"a depth of {depth} cm cannot be")
    return depth


def place_of(ingest: Ingest, record: ReportRecord) -> Place:
    """Where it lies: its point, else the area whose code or name it tells."""
    if record.point is not None:
        return Place(record.point)
    if ingest.area_id(record.area) is not None:
        return Place(area_code=record.area)
    return Place(area_code=ingest.area_named(record.area_name))


def wanted_photos(record: ReportRecord) -> tuple[str, ...]:
    """The addresses of its photos, each once, as many as a report may have."""
    return tuple(dict.fromkeys(record.photo_urls))[:PHOTOS_PER_REPORT]


def report_of(told: Mapping[str, Any]) -> ReportRecord:
    """Reads a report record that the store kept aside."""
    return ReportRecord(
        **{
            **told,
            "reported_at": datetime.fromisoformat(told["reported_at"]),
            "point": told["point"] and Point(**told["point"]),
            "source_status_means": told["source_status_means"] and ReportStatus(told["source_status_means"]),
            "photo_urls": tuple(told["photo_urls"]),
            "same_as": tuple((source, ref) for source, ref in told["same_as"]),
        }
    )
