"""Reads the event log: entries with all that judging them needs, and how far a class of viewers may see."""

from collections.abc import Collection, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    or_,
    select,
    true,
)

from domain.visibility import Visibility
from domain.vocabulary import REPORT_EVENT_KINDS, STAFF_ONLY_KINDS, EventKind, ReportVisibility
from storage.events.appending import GENESIS
from storage.events.facets import Facets
from storage.reports.seen import owned, seen_by_class, viewer_shape, viewer_values, visible_reports
from storage.rows import Page
from storage.statements.keyset import Order, Span, read_pages
from storage.statements.prepared import one, prepared
from storage.tables import event_facets, event_personal, events, flood_areas, reports


class _Read(NamedTuple):
    """An entry by the columns that are read of it."""

    seq: int
    chain: bytes
    kind: str
    at: int
    report_id: int | None
    flood_area_id: int | None
    flood_area_area_id: int | None
    actor_role: str | None
    actor_agency_id: int | None
    actor_person_id: int | None
    by_reporter: bool
    status: str | None
    previous_status: str | None
    note: str | None
    words: str | None
    comment_id: int | None
    photo_id: int | None
    other_report_id: int | None
    flood_state: int | None
    previous_flood_state: int | None
    backfill: bool
    before_text: str | None
    after_text: str | None
    anonymous: bool | None
    now_visibility: str | None
    now_agency_id: int | None


class LogEntry(_Read):
    """One entry of the log as it was written, with how its report stood before and after, and how it stands now.

    How it stood is kept as text until somebody asks: where nobody listens, nobody does.
    """

    @cached_property
    def before(self) -> Facets | None:
        """How the report stood before; None where there was none."""
        return Facets.load(self.before_text) if self.before_text else None

    @cached_property
    def after(self) -> Facets | None:
        """How the report stood after it."""
        return Facets.load(self.after_text) if self.after_text else None


_facets, _personal = event_facets, event_personal
_OF_OTHERS: dict[str, ColumnElement[Any]] = {
    "actor_person_id": _personal.c.actor_person_id,
    "note": _personal.c.note,
    "words": _personal.c.words,
    "before_text": _facets.c.before.label("before_text"),
    "after_text": _facets.c.after.label("after_text"),
    "anonymous": reports.c.anonymous,
    "now_visibility": reports.c.visibility.label("now_visibility"),
    "now_agency_id": reports.c.agency_id.label("now_agency_id"),
    "flood_area_area_id": flood_areas.c.area_id.label("flood_area_area_id"),
}
"""The columns that are not of the table of events."""


def _entries() -> Select[Any]:
    return (
        select(*(_OF_OTHERS[name] if name in _OF_OTHERS else events.c[name] for name in LogEntry._fields))
        .join(_facets, _facets.c.seq == events.c.seq)
        .outerjoin(_personal, _personal.c.seq == events.c.seq)
        .outerjoin(reports, reports.c.id == events.c.report_id)
        .outerjoin(flood_areas, flood_areas.c.id == events.c.flood_area_id)
    )


_COLUMNS = len(LogEntry._fields)


def _entry(values: Sequence[Any]) -> LogEntry:
    """An entry of the columns of `_entries`, in their order; what is behind them is passed over."""
    return LogEntry._make(values[:_COLUMNS])


def read_entries(conn: Connection, after: int, limit: int, where: Sequence[ColumnElement[bool]] = ()) -> list[LogEntry]:
    """The next entries behind number `after`, oldest first."""
    if not where:
        rows = prepared(conn, "entries of the log", _next_entries).rows(conn, {"behind": after, "most": limit})
        return [_entry(row) for row in rows]
    statement = _entries().where(events.c.seq > after, *where).order_by(events.c.seq).limit(limit)
    return [_entry(row) for row in conn.execute(statement)]


def _next_entries() -> Select[Any]:
    return _entries().where(events.c.seq > one("behind")).order_by(events.c.seq).limit(one("most", Integer))


def report_pages(
    conn: Connection, visibility: Visibility, report_ids: Sequence[int], span: Span, *, own: frozenset[int]
) -> dict[int, Page[LogEntry]]:
    """The same part of the timelines of several reports, oldest first; `own`: those of them that the viewer told."""
    told = or_(_seen_after(visibility), and_(events.c.report_id.in_(own), kinds_seen(visibility)))
    entries = _entries().where(events.c.kind.in_(REPORT_EVENT_KINDS), told)
    return read_pages(conn, entries, Order(events.c.seq), span, _entry, events.c.report_id, report_ids)


def flood_pages(
    conn: Connection, flood_area_ids: Sequence[int], span: Span, *, since: int | None
) -> dict[int, Page[LogEntry]]:
    """The same part of the histories of several flood areas, oldest first."""
    entries = _entries().where(events.c.kind == EventKind.FLOOD_STATE)
    if since is not None:
        entries = entries.where(events.c.at >= since)
    return read_pages(conn, entries, Order(events.c.seq), span, _entry, events.c.flood_area_id, flood_area_ids)


def entries_by_seq(conn: Connection, seqs: Collection[int]) -> dict[int, LogEntry]:
    """Entries by their numbers."""
    rows = conn.execute(_entries().where(events.c.seq.in_(seqs)))
    return {entry.seq: entry for entry in map(_entry, rows)}


def told_in_timelines(conn: Connection, visibility: Visibility, seqs: Collection[int]) -> frozenset[int]:
    """Which of these entries stand in the timelines of reports that this viewer sees, however long ago they happened."""
    mine = and_(owned(visibility), kinds_seen(visibility))
    statement = (
        select(events.c.seq)
        .join(_facets, _facets.c.seq == events.c.seq)
        .join(reports, reports.c.id == events.c.report_id)
        .where(events.c.seq.in_(sorted(set(seqs))), visible_reports(visibility, own=True))
        .where(or_(_seen_after(visibility), mine))
    )
    return frozenset(conn.execute(statement).scalars())


def _own(visibility: Visibility) -> ColumnElement[bool]:
    """What a person told; only who reads `mine` sees his hidden ones in the log."""
    conditions: list[ColumnElement[bool]] = [false()]
    if visibility.person_id is not None:
        conditions.append(reports.c.reporter_id == bindparam("viewer_person", visibility.person_id, BigInteger))
    if visibility.followed:
        followed = bindparam("viewer_followed", sorted(visibility.followed), BigInteger, expanding=True)
        conditions.append(events.c.report_id.in_(followed))
    return or_(*conditions)


def _seen_after(visibility: Visibility) -> ColumnElement[bool]:
    """Entries after which this class saw the report."""
    seen = seen_by_class(visibility, _facets.c.after_visibility, _facets.c.after_agency_id)
    return and_(seen, kinds_seen(visibility))


def seen_at_all(visibility: Visibility, *, own: bool = False) -> ColumnElement[bool]:
    """Entries that this class (with `own`: this person) may know of: it saw the report before or after, or it is no report."""
    before = seen_by_class(visibility, _facets.c.before_visibility, _facets.c.before_agency_id)
    after = seen_by_class(visibility, _facets.c.after_visibility, _facets.c.after_agency_id)
    seen = [events.c.report_id.is_(None), before, after]
    if own:
        hidden = [
            side == ReportVisibility.CONFIDENTIAL for side in (_facets.c.before_visibility, _facets.c.after_visibility)
        ]
        seen.append(and_(_own(visibility), or_(*hidden)))
    return and_(or_(*seen), kinds_seen(visibility))


def kinds_seen(visibility: Visibility) -> ColumnElement[bool]:
    """Leaves out the kinds that only staff hears of."""
    return true() if visibility.staff else and_(*(events.c.kind != kind for kind in sorted(STAFF_ONLY_KINDS)))


def _known(columns: Sequence[ColumnElement[Any]], visibility: Visibility, *, own: bool) -> Select[Any]:
    return (
        select(*columns)
        .select_from(events)
        .join(_facets, _facets.c.seq == events.c.seq)
        .outerjoin(reports, reports.c.id == events.c.report_id)
        .where(seen_at_all(visibility, own=own))
    )


def last_seen(
    conn: Connection, visibility: Visibility, *, own: bool = False, before: int | None = None
) -> tuple[int, bytes]:
    """Number and chain of the last entry that this class may know of (and that was written before a moment): never the
    head itself, which would count hidden ones."""
    key = ("last seen", viewer_shape(visibility), own, before is not None)
    rows = prepared(conn, key, partial(_last_seen, visibility, own, before)).rows(
        conn, {**viewer_values(visibility), "before": before}
    )
    return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)


def _last_seen(visibility: Visibility, own: bool, before: int | None) -> Select[Any]:
    statement = _known([events.c.seq, events.c.chain], visibility, own=own).order_by(events.c.seq.desc()).limit(1)
    return statement if before is None else statement.where(events.c.at < one("before"))


def chain_at(conn: Connection, seq: int) -> bytes | None:
    """The chain at a number; None for a number that the log has not reached."""
    if seq == 0:
        return GENESIS
    rows = prepared(conn, "chain", lambda: select(events.c.chain).where(events.c.seq == one("seq"))).rows(
        conn, {"seq": seq}
    )
    return rows[0][0] if rows else None


def time_of_next(conn: Connection, visibility: Visibility, seq: int, *, own: bool = False) -> int | None:
    """When the next entry behind a number was written that this class may know of; None if there is none yet."""
    key = ("time of next", viewer_shape(visibility), own)
    rows = prepared(conn, key, partial(_next_known, visibility, own)).rows(
        conn, {**viewer_values(visibility), "behind": seq}
    )
    return rows[0][0] if rows else None


def _next_known(visibility: Visibility, own: bool) -> Select[Any]:
    behind = events.c.seq > one("behind")
    return _known([events.c.at], visibility, own=own).where(behind).order_by(events.c.seq).limit(1)


def prune_facets(conn: Connection, older_than: int, limit: int = 5_000) -> int:
    """Empties the facets of entries past the resume horizon; who could see them then stays, for timelines."""
    old = (
        select(_facets.c.seq)
        .where(_facets.c.at < older_than, or_(_facets.c.before.is_not(None), _facets.c.after.is_not(None)))
        .order_by(_facets.c.seq)
        .limit(limit)
    )
    seqs = list(conn.execute(old).scalars())
    if seqs:
        conn.execute(_facets.update().where(_facets.c.seq.in_(seqs)).values(before=None, after=None))
    return len(seqs)
