"""Takes in reports: a new one is made, an edit becomes an event, a repeat nothing; what people set is never overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import RowMapping, select, update

from domain.places import Point
from domain.records import ReportRecord
from domain.report import ByHand, may_become
from domain.vocabulary import EventKind, ReportStatus, ReportVisibility
from storage.ingest import content
from storage.ingest.batch import Ingest, Outcome
from storage.ingest.links import find_same, link, link_its_other_names
from storage.ingest.set_aside import Aside
from storage.reports.changing import change
from storage.reports.creating import NewReport, create_report, want_photo
from storage.reports.placing import Place
from storage.reports.splitting import split_all
from storage.tables import photos, report_links, reports
from storage.writing.transaction import NOBODY

KEPT_REPORT = "report"
"""The kind under which a report that the store cannot take is kept aside."""

_STATUS_WORDS = frozenset({"source_status", "source_status_means"})
_NO_STATUS_OF_A_SOURCE = frozenset({ReportStatus.DUPLICATE, ReportStatus.WITHDRAWN})
"""What a source's word never means: merging is the hub's, and a retraction is told apart."""


@dataclass(slots=True)
class _Known:
    """What the store has of the batch's numbers."""

    rows: dict[str, RowMapping] = field(default_factory=dict)
    links: dict[str, RowMapping] = field(default_factory=dict)


def take_reports(ingest: Ingest, records: Sequence[ReportRecord]) -> None:
    """Takes in reports of one source. Of a number that comes twice, the last counts. Needs the locks of `known_ids` too."""
    latest = {record.source_ref: record for record in map(content.sound, records)}
    ingest.count(Outcome.UNCHANGED, len(records) - len(latest))
    known = _read_known(ingest, list(latest))
    repeated: list[int] = []
    for record in latest.values():
        digest = content.digest_of(record)
        row, linked = known.rows.get(record.source_ref), known.links.get(record.source_ref)
        if row is not None and row["content_digest"] == digest:
            repeated.append(row["id"])
            _note_told(ingest, record)
        elif row is None and linked is not None and linked["content_digest"] == digest:
            ingest.count(Outcome.UNCHANGED)
            _note_told(ingest, record)
        else:
            ingest.take(partial(_take, ingest, record, digest, row, linked), partial(report_aside, ingest, record))
    _touch(ingest, repeated)


def report_aside(ingest: Ingest, record: ReportRecord, reason: str) -> Aside:
    """A record that could not be taken in, on its way to being kept aside: one row for one number."""
    return ingest.aside(KEPT_REPORT, record.source_ref, reason, record)


def _read_known(ingest: Ingest, refs: list[str]) -> _Known:
    mine = reports.c.source_id == ingest.source.id
    linked = report_links.c.source_id == ingest.source.id
    conn = ingest.tx.conn
    known = _Known(
        {
            row["source_ref"]: row
            for row in conn.execute(select(reports).where(mine, reports.c.source_ref.in_(refs))).mappings()
        },
        {
            row["source_ref"]: row
            for row in conn.execute(select(report_links).where(linked, report_links.c.source_ref.in_(refs))).mappings()
        },
    )
    ingest.tx.require(*(f"report:{row['id']}" for row in known.rows.values()))
    return known


def _touch(ingest: Ingest, report_ids: Sequence[int]) -> None:
    """They were read again just now, and nothing else."""
    if report_ids:
        again = update(reports).where(reports.c.id.in_(sorted(report_ids)))
        ingest.tx.conn.execute(again.values(synced_at=ingest.tx.now))
        ingest.count(Outcome.UNCHANGED, len(report_ids))


def _take(
    ingest: Ingest, record: ReportRecord, digest: bytes, row: RowMapping | None, linked: RowMapping | None
) -> Outcome:
    if row is not None:
        outcome = _edit(ingest, record, digest, row)
    elif linked is not None:
        _relink(ingest, record, digest)
        outcome = _add_to(ingest, record, linked["report_id"])
    elif record.withdrawn:
        outcome = Outcome.UNCHANGED  # retracted before the hub ever had it
    elif (same := find_same(ingest, record)) is not None:
        link(ingest.tx, ingest.source.id, record.source_ref, same, digest)
        outcome = _add_to(ingest, record, same)
    else:
        _create(ingest, record, digest)
        outcome = Outcome.CREATED
    _note_told(ingest, record)
    return outcome


def _note_told(ingest: Ingest, record: ReportRecord) -> None:
    """What was kept aside of this number is done with, by the store and by its connector."""
    ingest.mapped.add(ingest.aside_key(KEPT_REPORT, record.source_ref))
    ingest.told.add(record.source_ref)


def _create(ingest: Ingest, record: ReportRecord, digest: bytes) -> None:
    means = record.source_status_means
    legal = means is not None and means not in _NO_STATUS_OF_A_SOURCE and may_become(ReportStatus.SUBMITTED, means)
    new = NewReport(
        category_id=ingest.category(record.category).id,
        reported_at=content.reported_at(record, ingest.tx.now),
        source_id=ingest.source.id,
        source_ref=record.source_ref,
        place=content.place_of(ingest, record),
        confidential=record.confidential,
        flood_depth_cm=content.depth_of(record),
        synced_at=ingest.tx.now,
        content_digest=digest,
        status=means if legal and means else ReportStatus.SUBMITTED,
        photo_urls=content.wanted_photos(record),
        backfill=ingest.backfill,
        **content.text_columns(ingest, record),
    )
    created = create_report(ingest.tx, ingest.area_map, new, NOBODY)
    ingest.hold_new_report(created.id)
    link_its_other_names(ingest, record, created.id)


def _relink(ingest: Ingest, record: ReportRecord, digest: bytes) -> None:
    of_number = (report_links.c.source_id == ingest.source.id) & (report_links.c.source_ref == record.source_ref)
    ingest.tx.conn.execute(update(report_links).where(of_number).values(content_digest=digest))


def _add_to(ingest: Ingest, record: ReportRecord, report_id: int) -> Outcome:
    """What the other system's telling adds to the report that is here already: the water's depth, if nobody told it yet."""
    depth = content.depth_of(record)
    row = ingest.tx.conn.execute(
        select(reports.c.flood_depth_cm, reports.c.visibility).where(reports.c.id == report_id)
    ).first()
    if row is None or depth is None or row.flood_depth_cm is not None or row.visibility == ReportVisibility.ERASED:
        return Outcome.UNCHANGED
    _change(ingest, report_id, EventKind.UPDATED, {"flood_depth_cm": depth})
    return Outcome.UPDATED


def _edit(ingest: Ingest, record: ReportRecord, digest: bytes, row: RowMapping) -> Outcome:
    """An edit at the source. What was erased here stays so, whatever the source still tells."""
    if row["visibility"] == ReportVisibility.ERASED:
        return Outcome.UNCHANGED
    steps = _steps(ingest, record, row)
    for kind, values, place in steps:
        if kind is EventKind.VISIBILITY_CHANGED:
            split_all(ingest.tx, ingest.area_map, row["id"], NOBODY)
        _change(ingest, row["id"], kind, values, place)
    wanted = _want_new_photos(ingest, record, row["id"])
    link_its_other_names(ingest, record, row["id"])
    read = update(reports).where(reports.c.id == row["id"])
    ingest.tx.conn.execute(read.values(synced_at=ingest.tx.now, content_digest=digest))
    return Outcome.UPDATED if steps or wanted else Outcome.UNCHANGED


def _steps(
    ingest: Ingest, record: ReportRecord, row: RowMapping
) -> list[tuple[EventKind, dict[str, Any], Place | None]]:
    """What an edit comes to. Hiding comes first, so that nothing said in it is seen by whom it is hidden from."""
    edit = _differing(ingest, record, row)
    place = _moved(ingest, record, row)
    status = _followed_status(record, row)
    visibility = ReportVisibility.CONFIDENTIAL if record.confidential else ReportVisibility.PUBLIC
    steps: list[tuple[EventKind, dict[str, Any], Place | None]] = []
    if visibility != row["visibility"] and not row["set_by_hand"] & ByHand.VISIBILITY:
        steps.append((EventKind.VISIBILITY_CHANGED, {"visibility": visibility}, None))
    moving: dict[str, Any] = {} if status is None else {"status": status}
    if status is not None and place is None and edit.keys() <= _STATUS_WORDS:
        moving, edit = moving | edit, {}
    if edit or place is not None:
        steps.append((EventKind.UPDATED, edit, place))
    if moving:
        steps.append((EventKind.STATUS_CHANGED, moving, None))
    return steps


def _differing(ingest: Ingest, record: ReportRecord, row: RowMapping) -> dict[str, Any]:
    """The columns that an edit moves; what it leaves out of what was found out elsewhere (a depth) stays."""
    told = content.text_columns(ingest, record)
    told["reported_at"] = content.reported_at(record, row["received_at"], row["reported_at"])
    if (depth := content.depth_of(record)) is not None:
        told["flood_depth_cm"] = depth
    category = ingest.category(record.category)
    if category.id != row["category_id"] and not row["set_by_hand"] & ByHand.CATEGORY:
        told["category_id"] = category.id
        if row["agency_id"] == _agency_of(ingest, row["category_id"]):  # nobody has handed it to another agency
            told["agency_id"] = category.agency_id
    return {name: value for name, value in told.items() if row[name] != value}


def _agency_of(ingest: Ingest, category_id: int) -> int | None:
    return next((each.agency_id for each in ingest.facts.categories.values() if each.id == category_id), None)


def _moved(ingest: Ingest, record: ReportRecord, row: RowMapping) -> Place | None:
    """The new place, if the source moved it and nobody set it by hand."""
    if row["set_by_hand"] & ByHand.PLACE:
        return None
    place = content.place_of(ingest, record)
    if place.point is not None or row["latitude"] is not None:
        held = None if row["latitude"] is None else Point(row["latitude"], row["longitude"])
        return None if place.point == held else place
    return None if ingest.area_id(place.area_code) == row["area_id"] else place


def _followed_status(record: ReportRecord, row: RowMapping) -> ReportStatus | None:
    """The status to go to: the source's, as long as nobody set one by hand, and where a report may go."""
    wanted = ReportStatus.WITHDRAWN if record.withdrawn else record.source_status_means
    if wanted is None or (not record.withdrawn and wanted in _NO_STATUS_OF_A_SOURCE):
        return None
    by_hand = row["set_by_hand"] & ByHand.STATUS or row["duplicate_of_id"] is not None
    if by_hand or wanted == row["status"] or not may_become(row["status"], wanted):
        return None
    return wanted


def _want_new_photos(ingest: Ingest, record: ReportRecord, report_id: int) -> bool:
    known = set(
        ingest.tx.conn.execute(
            select(photos.c.source_url).where(photos.c.report_id == report_id, photos.c.source_url.is_not(None))
        ).scalars()
    )
    fresh = [url for url in content.wanted_photos(record) if url not in known]
    for url in fresh:
        want_photo(ingest.tx, report_id, url)
    return bool(fresh)


def _change(
    ingest: Ingest, report_id: int, kind: EventKind, values: Mapping[str, Any], place: Place | None = None
) -> None:
    change(ingest.tx, ingest.area_map, report_id, kind, values=dict(values), place=place, backfill=ingest.backfill)
