"""What looks like abuse, kept for operators to see: recorded, never a reason to drop a report in silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from domain.time import HOUR
from storage.tables import suspicions
from storage.writing.transaction import Tx

_WHO_LENGTH = 64


class SuspicionKind(StrEnum):
    """What looks odd."""

    TOO_MANY_REPORTS = "TOO_MANY_REPORTS"
    TOO_MANY_ACTS = "TOO_MANY_ACTS"
    TOO_MANY_CODES = "TOO_MANY_CODES"
    BURST = "BURST"
    SAME_TEXT = "SAME_TEXT"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that looks odd. `who` is an HMAC of an address, or names a person or partner; `times`: how often."""

    kind: SuspicionKind
    who: str
    detail: str | None = None
    times: int = 1


def suspect(tx: Tx, suspicion: Suspicion, report_id: int | None = None) -> None:
    """Records a suspicion; what is refused again within the hour adds to the row there is, what made a report has its own."""
    who = suspicion.who[:_WHO_LENGTH]
    if report_id is None:
        recent = tx.conn.execute(
            select(suspicions.c.id, suspicions.c.times)
            .where(
                suspicions.c.at > tx.now - HOUR,
                suspicions.c.kind == suspicion.kind,
                suspicions.c.who == who,
                suspicions.c.report_id.is_(None),
            )
            .limit(1)
        ).first()
        if recent is not None:
            more = {"times": recent.times + suspicion.times}
            tx.conn.execute(update(suspicions).where(suspicions.c.id == recent.id).values(more))
            return
    values = {
        "at": tx.now,
        "kind": suspicion.kind,
        "who": who,
        "detail": suspicion.detail,
        "report_id": report_id,
        "times": suspicion.times,
    }
    tx.add(suspicions, values)


def recent_suspicions(conn: Connection, since: int, limit: int = 100) -> Sequence[RowMapping]:
    """What was recorded since a moment, the newest first: for operators."""
    statement: Any = select(suspicions).where(suspicions.c.at >= since).order_by(suspicions.c.id.desc()).limit(limit)
    return conn.execute(statement).mappings().all()
