"""Hands reports on to other systems: queued here, sent by the worker, and told what became of them.

Each change of state is an event of the report, since filters go by it: FORWARDED once the other system has it and has
given it a number, UPDATED for everything before or instead of that.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from domain.references import reference_of
from domain.vocabulary import EventKind, ForwardingState, ReportVisibility
from storage.events.facets import Facets, read_facets
from storage.handovers.outbox import FORWARD, put_out, take_out
from storage.handovers.reading import read_forwarding
from storage.tables import forwardings, lapor_tickets, reports
from storage.writing.transaction import NOBODY, Actor, PendingEvent, Tx


def begin_forwarding(tx: Tx, report_id: int, source_id: int, *, actor: Actor, note: str | None) -> int:
    """Queues a report for another system, under a reference drawn for this forwarding alone."""
    tx.require(f"report:{report_id}")
    before = read_facets(tx.conn, report_id)
    values = {
        "report_id": report_id,
        "source_id": source_id,
        "state": ForwardingState.QUEUED,
        "reference": reference_of(secrets.token_bytes(8)),
        "note": note,
        "created_at": tx.now,
        "next_attempt_at": tx.now,
        "attempts": 0,
    }
    forwarding_id: int = tx.conn.execute(insert(forwardings).returning(forwardings.c.id), values).scalar_one()
    put_out(tx, FORWARD, forwarding_id)
    _tell(tx, EventKind.UPDATED, report_id, forwarding_id, before, actor=actor, note=note)
    return forwarding_id


def queue_again(tx: Tx, forwarding_id: int, *, actor: Actor, note: str | None = None) -> None:
    """Sends it once more, under the same reference: should it have arrived after all, both are found by it."""
    put_out(tx, FORWARD, forwarding_id)
    values = {"state": ForwardingState.QUEUED, "next_attempt_at": tx.now, "last_error": None}
    _move(tx, EventKind.UPDATED, forwarding_id, values, actor=actor, note=note)


def give_up(
    tx: Tx,
    forwarding_id: int,
    state: ForwardingState,
    *,
    actor: Actor = NOBODY,
    error: str | None = None,
    note: str | None = None,
) -> None:
    """Ends in UNKNOWN, FAILED or CANCELLED; `error` is for staff to read. Takes it out of the outbox."""
    take_out(tx, FORWARD, forwarding_id)
    values: dict[str, Any] = {"state": state, "next_attempt_at": None}
    if error is not None:
        values["last_error"] = error
    _move(tx, EventKind.UPDATED, forwarding_id, values, actor=actor, note=note)


def put_off(tx: Tx, forwarding_id: int, until: int, error: str) -> None:
    """It was certainly not sent, and is tried again at a moment; no event, since its state is the same."""
    values = {"next_attempt_at": until, "last_error": error}
    tx.conn.execute(update(forwardings).where(forwardings.c.id == forwarding_id).values(values))


def arrived(
    tx: Tx,
    forwarding_id: int,
    external_ref: str,
    *,
    url: str | None = None,
    actor: Actor = NOBODY,
    note: str | None = None,
    by_hand: bool = False,
) -> None:
    """The other system has it under this number: SENT, with a ticket joined to the report, and FORWARDED. Out of the outbox.

    `by_hand`: a person says so, who may err: raises TicketOfAnother for a number that another report's ticket has. What
    the system itself answered is believed, and such a ticket left where it is. Raises NeedsLocks.
    """
    row = read_forwarding(tx.conn, forwarding_id)
    tx.require(f"report:{row['report_id']}", f"ticket:{external_ref}")
    take_out(tx, FORWARD, forwarding_id)
    ticket_id = _join_ticket(tx, row, external_ref, url, by_hand=by_hand)
    values = {
        "state": ForwardingState.SENT,
        "external_ref": external_ref,
        "ticket_id": ticket_id,
        "next_attempt_at": None,
        "last_error": None,
    }
    _move(tx, EventKind.FORWARDED, forwarding_id, values, actor=actor, note=note)


class TicketOfAnother(Exception):
    """The number belongs to another report's ticket already."""


def _join_ticket(tx: Tx, forwarding: RowMapping, external_ref: str, url: str | None, *, by_hand: bool) -> int:
    """The ticket of this number, joined to the report; with little more than its number if it was not read yet."""
    ticket = tx.conn.execute(select(lapor_tickets).where(lapor_tickets.c.tracking_id == external_ref)).first()
    report_id = forwarding["report_id"]
    if ticket is None:
        return _new_ticket(tx, forwarding, external_ref, url)
    if ticket.report_id not in (None, report_id):
        if by_hand:
            raise TicketOfAnother(external_ref)
        return int(ticket.id)
    joined = update(lapor_tickets).where(lapor_tickets.c.id == ticket.id)
    tx.conn.execute(joined.values(report_id=report_id, held=False))
    return int(ticket.id)


def _new_ticket(tx: Tx, forwarding: RowMapping, external_ref: str, url: str | None) -> int:
    visibility = tx.conn.execute(
        select(reports.c.visibility).where(reports.c.id == forwarding["report_id"])
    ).scalar_one()
    values = {
        "source_id": forwarding["source_id"],
        "tracking_id": external_ref,
        "url": url,
        "observed_at": tx.now,
        "confidential": visibility != ReportVisibility.PUBLIC,
        "held": False,
        "report_id": forwarding["report_id"],
    }
    row_id: int = tx.conn.execute(insert(lapor_tickets).returning(lapor_tickets.c.id), values).scalar_one()
    return row_id


def _move(
    tx: Tx, kind: EventKind, forwarding_id: int, values: dict[str, Any], *, actor: Actor, note: str | None
) -> None:
    report_id = read_forwarding(tx.conn, forwarding_id)["report_id"]
    tx.require(f"report:{report_id}")
    before = read_facets(tx.conn, report_id)
    tx.conn.execute(update(forwardings).where(forwardings.c.id == forwarding_id).values(values))
    _tell(tx, kind, report_id, forwarding_id, before, actor=actor, note=note)


def _tell(
    tx: Tx,
    kind: EventKind,
    report_id: int,
    forwarding_id: int,
    before: Facets | None,
    *,
    actor: Actor,
    note: str | None,
) -> None:
    after = read_facets(tx.conn, report_id)
    tx.emit(
        PendingEvent(
            kind,
            actor,
            report_id=report_id,
            before=before,
            after=after,
            status=None if after is None else after.status,
            note=note,
            forwarding_id=forwarding_id,
        )
    )


def cancel_queued(tx: Tx, report_id: int, *, actor: Actor) -> Sequence[int]:
    """Cancels what waits to be sent of a report, and has not been begun; gives the forwardings."""
    waiting = tx.conn.execute(
        select(forwardings.c.id)
        .where(forwardings.c.report_id == report_id, forwardings.c.state == ForwardingState.QUEUED)
        .order_by(forwardings.c.id)
    ).scalars()
    cancelled = [each for each in waiting.all() if take_out(tx, FORWARD, each, unless_started=True)]
    for forwarding_id in cancelled:
        give_up(tx, forwarding_id, ForwardingState.CANCELLED, actor=actor)
    return cancelled
