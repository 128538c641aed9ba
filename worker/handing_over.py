"""The two transactions around a request: one that says it is about to go out, one that says what came of it.

The first is safe on the disk before anything is sent, so that a report is sent at most once whatever happens between
the two: a row that was begun and never ended is unknown.
"""

import logging
import random
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, RowMapping, select, update

from domain.report import allowed_actions
from domain.sink import Lease, Submission, SubmissionRefused, SubmissionUnavailable, Submitted
from domain.time import SECOND
from domain.vocabulary import ForwardingState, ReportAction, ReportVisibility
from storage.handovers.outbox import FORWARD, take_out
from storage.handovers.reading import read_forwarding
from storage.handovers.writing import arrived, give_up, put_off
from storage.leases import require_lease
from storage.tables import forwardings, outbox, reports, sources
from storage.writing.transaction import Operation, Tx
from worker.asking import Answer
from worker.submissions import submission_of
from worker.work import Work

log = logging.getLogger("simpul.outbox")

FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3_600.0
LONGEST_ASKED_PAUSE = 6 * 3_600.0
"""What the other system asks for beyond this is not obeyed."""
MOST_TRIES = 31
"""With pauses that double from half a minute to an hour, a day."""
LOOK_AGAIN = 60.0
"""Seconds until a forwarding whose system is not configured is looked at again."""
_LONGEST_REASON = 500

INTERRUPTED = "The hub broke off while the request was under way; the report may have arrived."
NOT_REACHED = "The other system was not reached, or asked to come again later; it is tried again."
GIVEN_UP = "The other system was not reached in a day of trying."
NOT_OPEN = "The report was no longer open when it was about to be sent."
NOT_CONFIGURED = "The hub is not set up to send reports to this system at present."


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row of the outbox whose time has come, with what its locks need."""

    id: int
    forwarding_id: int
    report_id: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that is about to go out to a source. `attempt` counts over the forwarding's life, `tries` since it was last
    queued."""

    row: DueRow
    target: str
    submission: Submission
    attempt: int
    tries: int


def due_rows(conn: Connection, now: int, limit: int) -> list[DueRow]:
    """What is to be sent at `now`, or was begun by a worker that is no more; the oldest first."""
    rows = conn.execute(
        select(outbox.c.id, forwardings.c.id, forwardings.c.report_id)
        .join(forwardings, forwardings.c.id == outbox.c.subject_id)
        .where(outbox.c.kind == FORWARD, outbox.c.available_at <= now)
        .order_by(outbox.c.available_at, outbox.c.id)
        .limit(limit)
    )
    return [DueRow(*row) for row in rows]


def next_due(conn: Connection, now: int) -> int | None:
    """When the next row's time comes, in microseconds."""
    later = select(outbox.c.available_at).where(outbox.c.kind == FORWARD, outbox.c.available_at > now)
    return conn.execute(later.order_by(outbox.c.available_at).limit(1)).scalar_one_or_none()


def beginning(work: Work, row: DueRow, lease: Lease, now: int) -> Operation[Begun | None]:
    """Notes that the request is about to go out; None where there is nothing to send. Raises LeaseLost."""
    return Operation(partial(_begin_if_due, work, row, lease, now), frozenset({f"report:{row.report_id}"}))


def _begin_if_due(work: Work, row: DueRow, lease: Lease, now: int, tx: Tx) -> Begun | None:
    require_lease(tx.conn, lease)
    # by its subject too: SQLite gives the number of a row that is gone to the next one
    mine = select(outbox).where(outbox.c.id == row.id, outbox.c.subject_id == row.forwarding_id)
    waiting = tx.conn.execute(mine).mappings().first()
    if waiting is None:
        return None
    forwarding = read_forwarding(tx.conn, row.forwarding_id)
    if forwarding["state"] != ForwardingState.QUEUED:  # its ticket was faster, or somebody settled it
        take_out(tx, FORWARD, row.forwarding_id)
        return None
    if waiting["started_at"] is not None:  # by a worker that is no more: this one has nothing else on its way
        give_up(tx, row.forwarding_id, ForwardingState.UNKNOWN, error=INTERRUPTED)
        return None
    return _begin(tx, work, row, waiting, forwarding, now)


def _begin(tx: Tx, work: Work, row: DueRow, waiting: RowMapping, forwarding: RowMapping, now: int) -> Begun | None:
    report = tx.conn.execute(select(reports).where(reports.c.id == row.report_id)).mappings().one()
    if report["visibility"] == ReportVisibility.ERASED or ReportAction.FORWARD not in allowed_actions(report["status"]):
        give_up(tx, row.forwarding_id, ForwardingState.CANCELLED, error=NOT_OPEN)
        return None
    target = tx.conn.execute(select(sources.c.code).where(sources.c.id == forwarding["source_id"])).scalar_one()
    if target not in work.forwarders:
        _wait(tx, row, now + round(LOOK_AGAIN * SECOND), NOT_CONFIGURED)
        return None
    submission = submission_of(tx.conn, work, report, forwarding["reference"])
    begun = Begun(row, target, submission, forwarding["attempts"] + 1, waiting["attempts"] + 1)
    started = {"started_at": tx.now, "attempts": begun.tries}
    tx.conn.execute(update(outbox).where(outbox.c.id == row.id).values(started))
    counted = {"attempts": begun.attempt, "last_attempt_at": tx.now, "next_attempt_at": None}
    tx.conn.execute(update(forwardings).where(forwardings.c.id == row.forwarding_id).values(counted))
    return begun


def ending(begun: Begun, answer: Answer, now: int) -> Operation[None]:
    """Records what came of a request.

    It asks for no lease: what the other system answered is a fact, also when this process was so slow that another has
    called it unknown by then. A number is taken until a later attempt begins; anything less only while the row is ours.
    """
    row = begun.row
    locks = {f"report:{row.report_id}"}
    if isinstance(answer, Submitted):
        locks.add(f"ticket:{answer.external_ref}")
    return Operation(partial(_end, begun, answer, now), frozenset(locks))


def _end(begun: Begun, answer: Answer, now: int, tx: Tx) -> None:
    row = begun.row
    forwarding = read_forwarding(tx.conn, row.forwarding_id)
    if forwarding["attempts"] != begun.attempt:
        log.error("the answer to attempt %d of forwarding %d came too late", begun.attempt, row.forwarding_id)
    elif isinstance(answer, Submitted):
        _arrived(tx, forwarding, answer)
    elif _still_ours(tx.conn, row):
        _not_arrived(tx, begun, answer, now)


def _still_ours(conn: Connection, row: DueRow) -> bool:
    ours = select(outbox.c.id).where(outbox.c.id == row.id, outbox.c.started_at.is_not(None))
    return conn.execute(ours).first() is not None


def _arrived(tx: Tx, forwarding: RowMapping, answer: Submitted) -> None:
    """Its ticket may have been read, and have settled it, before the answer was here."""
    if forwarding["state"] != ForwardingState.SENT:
        arrived(tx, forwarding["id"], answer.external_ref, url=answer.url)
    elif forwarding["external_ref"] != answer.external_ref:
        log.error("forwarding %d has another number already than the answer tells", forwarding["id"])


def _not_arrived(tx: Tx, begun: Begun, answer: Answer, now: int) -> None:
    forwarding_id = begun.row.forwarding_id
    if isinstance(answer, SubmissionRefused):
        give_up(tx, forwarding_id, ForwardingState.FAILED, error=str(answer)[:_LONGEST_REASON])
    elif not isinstance(answer, SubmissionUnavailable):
        give_up(tx, forwarding_id, ForwardingState.UNKNOWN, error=str(answer))
    elif begun.tries >= MOST_TRIES:
        give_up(tx, forwarding_id, ForwardingState.FAILED, error=GIVEN_UP)
    else:
        _wait(tx, begun.row, now + round(pause_after(begun.tries, answer.retry_after) * SECOND), NOT_REACHED)


def _wait(tx: Tx, row: DueRow, until: int, why: str) -> None:
    tx.conn.execute(update(outbox).where(outbox.c.id == row.id).values(available_at=until, started_at=None))
    put_off(tx, row.forwarding_id, until, why)


def pause_after(tries: int, asked: float | None) -> float:
    """Seconds until the next try: twice as long each time, never less than what was asked for, and not all at once."""
    pause = min(FIRST_PAUSE * 2.0 ** min(tries - 1, 16), LONGEST_PAUSE) * random.uniform(0.75, 1.25)
    return max(pause, min(asked or 0.0, LONGEST_ASKED_PAUSE) * random.uniform(1.0, 1.1))
