"""Takes in LAPOR's tickets and topics, and joins each ticket to the report that it is about.

Joined is by the number that LAPOR gave a report that the hub sent, else by the reference that stood in its text, else a
ticket brings a report of its own. Never by likeness, and never by the code that the public knows.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from domain.records import ReportRecord, TicketRecord, TopicRecord
from domain.report import ByHand
from domain.time import micros
from domain.vocabulary import EventKind, ReportVisibility
from storage.ingest import content
from storage.ingest.batch import Ingest, Outcome, Unfit
from storage.ingest.forwardings import echoed_report, forwarded_report, hold_tickets, join_by_reference
from storage.ingest.links import report_named
from storage.ingest.reports import KEPT_REPORT, take_reports
from storage.ingest.set_aside import HELD, Aside, any_with_reason, ask_for_retry
from storage.reports.changing import change
from storage.reports.splitting import split_all
from storage.tables import lapor_responses, lapor_tickets, lapor_topics, reports
from storage.writing.transaction import NOBODY

_LONGEST_REF = 64


def ticket_lock(tracking_id: str) -> str:
    """The lock that writing to a ticket needs."""
    return f"ticket:{tracking_id}"


def known_ticket_reports(conn: Connection, tracking_ids: Sequence[str]) -> set[int]:
    """The reports that these tickets are joined to."""
    joined = select(lapor_tickets.c.report_id).where(
        lapor_tickets.c.tracking_id.in_(tracking_ids), lapor_tickets.c.report_id.is_not(None)
    )
    return set(conn.execute(joined).scalars()) if tracking_ids else set()


def take_tickets(ingest: Ingest, records: Sequence[TicketRecord]) -> None:
    """Takes in tickets, each with its responses and, where it brings one, its report. Of a number twice, the last counts."""
    latest = {record.tracking_id: record for record in map(content.sound, records)}
    ingest.count(Outcome.UNCHANGED, len(records) - len(latest))
    rows = {
        row["tracking_id"]: row
        for row in ingest.tx.conn.execute(
            select(lapor_tickets).where(lapor_tickets.c.tracking_id.in_(latest))
        ).mappings()
    }
    for record in latest.values():
        ingest.take(
            partial(_take, ingest, record, rows.get(record.tracking_id)),
            partial(_aside, ingest, record),
        )
    counted = dict(ingest.counts)
    bring_reports(ingest, [record.report for record in latest.values() if record.report is not None])
    ingest.counts = counted  # a ticket and its report are one record


def _aside(ingest: Ingest, record: TicketRecord, reason: str) -> Aside:
    value = {"tracking_id": record.tracking_id, "title": record.title}
    return ingest.aside("ticket", record.tracking_id, reason, value)


def _take(ingest: Ingest, record: TicketRecord, row: RowMapping | None) -> Outcome:
    if len(record.tracking_id) > _LONGEST_REF:
        raise Unfit(f"its number is longer than {_LONGEST_REF} characters")
    ingest.tx.require(ticket_lock(record.tracking_id))
    digest = content.digest_of(record)
    ingest.mapped.add(ingest.aside_key("ticket", record.tracking_id))
    if row is not None and row["source_id"] != ingest.source.id:
        raise Unfit("another source has a ticket of this number")
    outcome = _write(ingest, record, row, digest)
    ticket_id = row["id"] if row is not None else _ticket_id(ingest, record.tracking_id)
    if row is None or row["report_id"] is None:
        _join(ingest, record, ticket_id)
    _hide_with_it(ingest, record, ticket_id)
    ingest.told.add(record.tracking_id)
    return outcome


def _write(ingest: Ingest, record: TicketRecord, row: RowMapping | None, digest: bytes) -> Outcome:
    mine = lapor_tickets.c.tracking_id == record.tracking_id
    if row is not None and row["content_digest"] == digest:
        ingest.tx.conn.execute(update(lapor_tickets).where(mine).values(observed_at=ingest.tx.now))
        return Outcome.UNCHANGED
    values = _values(ingest, record) | {"content_digest": digest, "observed_at": ingest.tx.now}
    if row is None:
        held = not record.references and hold_tickets(ingest.tx.conn, ingest.source.id)
        identity = {"source_id": ingest.source.id, "tracking_id": record.tracking_id, "held": held}
        ingest.tx.conn.execute(insert(lapor_tickets), values | identity)
    else:
        ingest.tx.conn.execute(update(lapor_tickets).where(mine).values(values))
    _write_responses(ingest, record, _ticket_id(ingest, record.tracking_id))
    return Outcome.CREATED if row is None else Outcome.UPDATED


def _values(ingest: Ingest, record: TicketRecord) -> dict[str, Any]:
    return {
        "title": record.title,
        "text": record.text,
        "status": record.status,
        "source_status": record.source_status,
        "category": record.category,
        "agency": record.agency,
        "area_id": ingest.area_id(ingest.area_named(record.area_name)),
        "submitted_at": None if record.submitted_at is None else micros(record.submitted_at),
        "ticket_updated_at": None if record.updated_at is None else micros(record.updated_at),
        "url": record.url,
        "confidential": record.confidential,
        "echoed_id": echoed_report(ingest.tx.conn, ingest.source.id, record.references),
    }


def _ticket_id(ingest: Ingest, tracking_id: str) -> int:
    statement = select(lapor_tickets.c.id).where(lapor_tickets.c.tracking_id == tracking_id)
    found: int = ingest.tx.conn.execute(statement).scalar_one()
    return found


def _write_responses(ingest: Ingest, record: TicketRecord, ticket_id: int) -> None:
    """An export tells all responses each time: they replace those of before."""
    ingest.tx.conn.execute(delete(lapor_responses).where(lapor_responses.c.ticket_id == ticket_id))
    rows = [
        {
            "ticket_id": ticket_id,
            "position": position,
            "author": response.author,
            "text": response.text,
            "at": micros(response.at),
        }
        for position, response in enumerate(record.responses)
    ]
    if rows:
        ingest.tx.conn.execute(insert(lapor_responses), rows)


def _join(ingest: Ingest, record: TicketRecord, ticket_id: int) -> None:
    """To the report that the hub forwarded; one that brings its own is joined once that is taken in."""
    report_id = forwarded_report(ingest, record.tracking_id, ticket_id) or join_by_reference(
        ingest, record.references, record.tracking_id
    )
    if report_id is not None:
        joined = update(lapor_tickets).where(lapor_tickets.c.id == ticket_id)
        ingest.tx.conn.execute(joined.values(report_id=report_id, held=False))


def _hide_with_it(ingest: Ingest, record: TicketRecord, ticket_id: int) -> None:
    """What LAPOR keeps confidential is so here as well, also where the hub's own report was public until now."""
    if not record.confidential:
        return
    row = ingest.tx.conn.execute(
        select(reports.c.id, reports.c.visibility, reports.c.set_by_hand, reports.c.source_id)
        .join(lapor_tickets, lapor_tickets.c.report_id == reports.c.id)
        .where(lapor_tickets.c.id == ticket_id)
    ).first()
    if row is None or row.visibility != ReportVisibility.PUBLIC or row.set_by_hand & ByHand.VISIBILITY:
        return
    if row.source_id != ingest.source.id:  # its own report tells so itself
        values = {"visibility": ReportVisibility.CONFIDENTIAL}
        split_all(ingest.tx, ingest.area_map, row.id, NOBODY)
        change(ingest.tx, ingest.area_map, row.id, EventKind.VISIBILITY_CHANGED, values=values)


def bring_reports(ingest: Ingest, records: Sequence[ReportRecord]) -> None:
    """Takes in the reports that tickets bring, but for those of tickets that are about a report of the hub's, or held."""
    brought = {record.source_ref: record for record in records}
    if not brought:
        return
    tickets = select(lapor_tickets.c.tracking_id, lapor_tickets.c.held, reports.c.source_id).where(
        lapor_tickets.c.tracking_id.in_(brought), lapor_tickets.c.source_id == ingest.source.id
    )
    about = tickets.outerjoin(reports, reports.c.id == lapor_tickets.c.report_id)
    rows = {row.tracking_id: row for row in ingest.tx.conn.execute(about)}
    held = {ref for ref, row in rows.items() if row.held}
    others = {ref for ref, row in rows.items() if row.source_id not in (None, ingest.source.id)}
    ingest.asides += [ingest.aside(KEPT_REPORT, ref, HELD, brought[ref]) for ref in sorted(held)]
    ingest.mapped |= {ingest.aside_key(KEPT_REPORT, ref) for ref in others}
    own = [record for ref, record in brought.items() if ref not in held | others]
    take_reports(ingest, own)
    _join_own_reports(ingest, [record.source_ref for record in own])


def _join_own_reports(ingest: Ingest, refs: Sequence[str]) -> None:
    """Joins tickets to the reports that they brought themselves, or that were here already by another name."""
    for ref in refs:
        report_id = report_named(ingest.tx.conn, ingest.source.id, ref)
        if report_id is not None:
            unjoined = update(lapor_tickets).where(
                lapor_tickets.c.source_id == ingest.source.id,
                lapor_tickets.c.tracking_id == ref,
                lapor_tickets.c.report_id.is_(None),
            )
            ingest.tx.conn.execute(unjoined.values(report_id=report_id))


def may_release(conn: Connection, source_id: int) -> bool:
    """Whether tickets of this source, or reports that they brought, are held back for nothing any more."""
    if hold_tickets(conn, source_id):
        return False
    held = select(lapor_tickets.c.id).where(lapor_tickets.c.source_id == source_id, lapor_tickets.c.held.is_(True))
    return conn.execute(held.limit(1)).first() is not None or any_with_reason(conn, source_id, HELD)


def release_held(ingest: Ingest) -> None:
    """Once no confidential hand-over is open any more, tickets that waited for that are shown, and bring their reports."""
    source_id = ingest.source.id
    if hold_tickets(ingest.tx.conn, source_id):
        return
    held = update(lapor_tickets).where(lapor_tickets.c.source_id == source_id, lapor_tickets.c.held.is_(True))
    ingest.tx.conn.execute(held.values(held=False))
    ask_for_retry(ingest.tx, source_id, HELD)


def take_topics(ingest: Ingest, records: Sequence[TopicRecord]) -> None:
    """Takes in LAPOR's list of topics."""
    for record in records:
        ingest.take(partial(_take_topic, ingest, record), partial(_aside_topic, ingest, record))


def _aside_topic(ingest: Ingest, record: TopicRecord, reason: str) -> Aside:
    return ingest.aside("topic", record.ref, reason, {"ref": record.ref, "name": record.name})


def _take_topic(ingest: Ingest, record: TopicRecord) -> Outcome:
    if max(len(record.ref), len(record.parent or "")) > _LONGEST_REF:
        raise Unfit(f"its number is longer than {_LONGEST_REF} characters")
    values = {"parent_ref": record.parent, "name": record.name}
    mine = (lapor_topics.c.source_id == ingest.source.id) & (lapor_topics.c.topic_ref == record.ref)
    row = ingest.tx.conn.execute(select(lapor_topics).where(mine)).mappings().first()
    ingest.mapped.add(ingest.aside_key("topic", record.ref))
    if row is None:
        identity = {"source_id": ingest.source.id, "topic_ref": record.ref}
        ingest.tx.conn.execute(insert(lapor_topics), values | identity)
        return Outcome.CREATED
    if all(row[name] == value for name, value in values.items()):
        return Outcome.UNCHANGED
    ingest.tx.conn.execute(update(lapor_topics).where(mine).values(values))
    return Outcome.UPDATED
