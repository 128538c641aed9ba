"""The same report elsewhere: what a source names itself, and what can only be recognised by place, time and words.

Peta Jakarta passes on Qlue's reports, and those that the hub handed to it, without the number they had there. It says
through which channel it had a report; one within 50 m and ten minutes, in much the same words, is the same. The link is
kept beside the report that came first, whichever of the two that was.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select

from domain.duplicates import sighting_words
from domain.places import Point, bounding_box_around, distance_m
from domain.records import ReportRecord
from domain.references import find_references
from domain.time import MINUTE, micros
from domain.vocabulary import ForwardingState, ReportVisibility
from storage.ingest.batch import Facts, Ingest, SourceFact
from storage.tables import forwardings, report_links, reports
from storage.writing.transaction import Tx

NEAR_M = 50.0
NEAR_US = 10 * MINUTE
WORDLESS_US = 2 * MINUTE
"""How near in time two reports must be of which one has no words to compare."""
SHARED_WORDS = 0.6
"""How much of the shorter text's words the other has to have."""

_WENT_OUT = (ForwardingState.SENT, ForwardingState.UNKNOWN, ForwardingState.QUEUED)


def channel_lock(code: str) -> str:
    """Held while reports of this source, or reports that came through it, are looked up and made."""
    return f"channel:{code}"


def sources_behind(channel: str | None, sources: Iterable[SourceFact]) -> list[SourceFact]:
    """The hub's sources that another system's word for a channel means: `qlue` is `qlue`, and `qlue_2` where there are several."""
    name = (channel or "").strip().casefold()
    return [each for each in sources if name and (each.code == name or each.code.startswith(f"{name}_"))]


def report_locks(facts: Facts, source: SourceFact, records: Sequence[ReportRecord]) -> set[str]:
    """The locks that taking in these reports needs: their numbers here and elsewhere, and the channels they came through."""
    locks = {f"ref:{source.id}:{record.source_ref}" for record in records}
    named = {name for record in records for name in record.same_as}
    locks |= {f"ref:{facts.sources[code].id}:{ref}" for code, ref in named if code in facts.sources}
    channels = {record.channel for record in records if record.channel}
    behind = {each.code for channel in channels for each in sources_behind(channel, facts.sources.values())}
    if records:
        locks |= {channel_lock(code) for code in behind | {source.code}}
    return locks


def known_reports(conn: Connection, source_id: int, refs: Sequence[str]) -> set[int]:
    """The reports that these numbers of a source name."""
    own = select(reports.c.id).where(reports.c.source_id == source_id, reports.c.source_ref.in_(refs))
    linked = select(report_links.c.report_id).where(
        report_links.c.source_id == source_id, report_links.c.source_ref.in_(refs)
    )
    return set(conn.execute(own.union(linked)).scalars()) if refs else set()


def find_same(ingest: Ingest, record: ReportRecord) -> int | None:
    """The report that a new record is the same as, however that is known; None if it is a new one."""
    return _by_number(ingest, record) or _by_reference(ingest, record) or _by_likeness(ingest, record)


def link(tx: Tx, source_id: int, source_ref: str, report_id: int, digest: bytes | None) -> None:
    """Notes that a source's number names a report that came from elsewhere. Needs the lock of that number."""
    tx.require(f"ref:{source_id}:{source_ref}")
    values = {
        "source_id": source_id,
        "source_ref": source_ref,
        "report_id": report_id,
        "content_digest": digest,
        "created_at": tx.now,
    }
    tx.conn.execute(insert(report_links), values)


def link_its_other_names(ingest: Ingest, record: ReportRecord, report_id: int) -> None:
    """Notes the numbers that a record names in other systems, so that it is not made again when those tell of it."""
    for code, ref in record.same_as:
        source = ingest.facts.sources.get(code)
        if source is not None and report_named(ingest.tx.conn, source.id, ref) is None:
            link(ingest.tx, source.id, ref, report_id, None)


def report_named(conn: Connection, source_id: int, ref: str) -> int | None:
    """The report that a source's number names, itself or as a link."""
    own = select(reports.c.id).where(reports.c.source_id == source_id, reports.c.source_ref == ref)
    linked = select(report_links.c.report_id).where(
        report_links.c.source_id == source_id, report_links.c.source_ref == ref
    )
    found: int | None = conn.execute(own.union_all(linked)).scalars().first()
    return found


def _by_number(ingest: Ingest, record: ReportRecord) -> int | None:
    for code, ref in record.same_as:
        source = ingest.facts.sources.get(code)
        found = None if source is None else report_named(ingest.tx.conn, source.id, ref)
        if found is not None:
            return found
    return None


def _by_reference(ingest: Ingest, record: ReportRecord) -> int | None:
    """One that the hub handed on to this very source comes back with the reference of that forwarding in its text."""
    references = find_references(f"{record.title or ''}\n{record.text}")
    if not references:
        return None
    statement = select(forwardings.c.report_id).where(
        forwardings.c.source_id == ingest.source.id, forwardings.c.reference.in_(references)
    )
    found: int | None = ingest.tx.conn.execute(statement).scalars().first()
    return found


def _by_likeness(ingest: Ingest, record: ReportRecord) -> int | None:
    if record.point is None:
        return None
    candidates = ingest.tx.conn.execute(
        select(
            reports.c.id,
            reports.c.latitude,
            reports.c.longitude,
            reports.c.reported_at,
            reports.c.title,
            reports.c.text,
            _handed_on_at(ingest).label("handed_on_at"),
        ).where(
            *_around(record.point),
            reports.c.source_id != ingest.source.id,
            reports.c.visibility != ReportVisibility.ERASED,
            _could_be(ingest, record),
            ~exists().where(
                report_links.c.report_id == reports.c.id, report_links.c.source_id == ingest.source.id
            ),  # each of a source's reports is a thing of its own
        )
    )
    return _likest(record, record.point, candidates.all())


def _around(point: Point) -> Sequence[ColumnElement[bool]]:
    box = bounding_box_around(point, NEAR_M)
    return (
        reports.c.latitude.between(box.south, box.north),
        reports.c.longitude.between(box.west, box.east),
    )


def _could_be(ingest: Ingest, record: ReportRecord) -> ColumnElement[bool]:
    """Reports of the source behind the record's channel, what we handed on ourselves, and what came through this source."""
    behind = [each.id for each in sources_behind(record.channel, ingest.facts.sources.values())]
    here = ingest.source.code
    own_channels = {here, *(here[:at] for at, letter in enumerate(here) if letter == "_")}
    through_us = and_(func.lower(reports.c.channel).in_(sorted(own_channels)), reports.c.source_id != ingest.source.id)
    ways = [through_us, _handed_on_at(ingest).is_not(None)]
    if behind:
        ways.append(reports.c.source_id.in_(behind))
    return or_(*ways)


def _handed_on_at(ingest: Ingest) -> ColumnElement[Any]:
    """When the hub last handed a report on to this source; null if never."""
    return (
        select(func.max(forwardings.c.last_attempt_at))
        .where(
            forwardings.c.report_id == reports.c.id,
            forwardings.c.source_id == ingest.source.id,
            forwardings.c.state.in_(_WENT_OUT),
        )
        .scalar_subquery()
    )


def _likest(record: ReportRecord, point: Point, candidates: Sequence[Any]) -> int | None:
    told_at = micros(record.reported_at)
    words = sighting_words(record.text, record.title)
    found: list[tuple[int, int, float, int]] = []
    for row in candidates:
        apart_m = distance_m(point, Point(row.latitude, row.longitude))
        apart_us = min(abs(told_at - at) for at in (row.reported_at, row.handed_on_at) if at is not None)
        theirs = sighting_words(row.text, row.title)
        alike = _shared(words, theirs)
        enough = apart_us <= WORDLESS_US if alike is None else apart_us <= NEAR_US and alike >= SHARED_WORDS
        if apart_m <= NEAR_M and enough:
            found.append((-len(words & theirs), apart_us, apart_m, row.id))
    return min(found)[3] if found else None


def _shared(a: frozenset[str], b: frozenset[str]) -> float | None:
    """How much of the shorter one's words the other has; None where one has none."""
    return len(a & b) / min(len(a), len(b)) if a and b else None
