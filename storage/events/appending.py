"""The event log's writing side: numbers in commit order without holes, a clock that never stands still, a hash chain.

The chain covers every column that is not personal and a salted digest of what is. Erasing a person removes the side
row with the salt: the digest stays, tells nothing any more, and the chain still verifies.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Update, select, update

from storage.statements.prepared import one, prepared
from storage.tables import event_facets, event_personal, events, log_head, reports
from storage.writing.bulk import Row
from storage.writing.transaction import PendingEvent, Tx

_CHAINED = tuple(column.name for column in events.columns if column.name != "chain")
_HEAD = select(log_head.c.seq, log_head.c.at, log_head.c.chain, log_head.c.epoch)
GENESIS = hashlib.sha256(b"simpul event log").digest()


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log is: its last number, when that was, the chain there, and the epoch."""

    seq: int
    at: int
    chain: bytes
    epoch: int


def read_head(conn: Connection) -> Head:
    """The head as this transaction sees it."""
    ((seq, at, chain, epoch),) = prepared(conn, "head of the log", lambda: _HEAD).rows(conn)
    return Head(seq, at, chain, epoch)


def raise_epoch(conn: Connection) -> None:
    """Begins a new epoch: subscriptions end and cursors of before expire, for what they stood on has changed."""
    conn.execute(update(log_head).values(epoch=log_head.c.epoch + 1))


def append(tx: Tx) -> Head:
    """Gives the group's events their numbers, writes them, and what was added for the group to write. The head's row stays
    locked until the commit. Raises GroupBroken.

    Nothing may be written to a report after this: its `updated_at` is the time drawn here.
    """
    head = _locked_head(tx.base)
    if not tx.events:
        tx.write()
        return head
    log_rows: list[Row] = []
    personal_rows: list[Row] = []
    for event in tx.events:
        personal = _personal(event)
        columns = _columns(event, head.seq + 1, max(event.told_at or tx.now, head.at + 1), personal)
        head = Head(columns["seq"], columns["at"], _link(head.chain, columns), head.epoch)
        log_rows.append({**columns, "chain": head.chain})
        personal_rows.append({"seq": head.seq, **personal})
    moved = tx.date(_moved_at(tx.events, log_rows), reports, "updated_at")
    for table, rows in (
        (events, log_rows),
        (event_personal, personal_rows),
        (event_facets, [_facet_row(e, r) for e, r in zip(tx.events, log_rows, strict=True)]),
    ):
        for row in rows:
            tx.add(table, row)
    tx.write()
    prepared(tx.base, "updated at", _updated_at).run_all(
        tx.base, [{"row": report_id, "at": at} for report_id, at in sorted(moved.items())]
    )
    prepared(tx.base, "move the head", _moved_head).run(
        tx.base, {"new_seq": head.seq, "new_at": head.at, "new_chain": head.chain}
    )
    return head


def _locked_head(conn: Connection) -> Head:
    (row,) = prepared(conn, "lock the head", lambda: _HEAD.with_for_update()).rows(conn)
    return Head(*row)


def _moved_at(pending: Sequence[PendingEvent], rows: Sequence[Row]) -> dict[int, int]:
    """When each report was changed last."""
    return {
        event.report_id: row["at"]
        for event, row in zip(pending, rows, strict=True)
        if event.report_id is not None and event.moves_updated_at
    }


def _updated_at() -> Update:
    return update(reports).where(reports.c.id == one("row")).values(updated_at=one("at"))


def _moved_head() -> Update:
    return update(log_head).values(seq=one("new_seq"), at=one("new_at"), chain=one("new_chain"))


def _personal(event: PendingEvent) -> Row:
    return {
        "salt": secrets.token_bytes(16),
        "actor_person_id": event.actor.person_id,
        "actor_key": event.actor.key,
        "note": event.note,
        "words": event.words,
    }


def personal_digest(personal: Mapping[str, Any] | RowMapping) -> bytes:
    """The salted digest of what an event has of a person."""
    told = [personal["actor_person_id"], personal["actor_key"], personal["note"], personal["words"]]
    return hashlib.sha256(personal["salt"] + orjson.dumps(told)).digest()


def _columns(event: PendingEvent, seq: int, at: int, personal: Mapping[str, Any]) -> Row:
    return {
        "seq": seq,
        "kind": event.kind,
        "at": at,
        "report_id": event.report_id,
        "flood_area_id": event.flood_area_id,
        "actor_role": event.actor.role,
        "actor_agency_id": event.actor.agency_id,
        "status": event.status,
        "previous_status": event.previous_status,
        "comment_id": event.comment_id,
        "photo_id": event.photo_id,
        "other_report_id": event.other_report_id,
        "forwarding_id": event.forwarding_id,
        "flood_state": event.flood_state,
        "previous_flood_state": event.previous_flood_state,
        "backfill": event.backfill,
        "by_reporter": event.actor.is_reporter,
        "personal_digest": personal_digest(personal),
    }


def _link(previous: bytes, columns: Mapping[str, Any] | RowMapping) -> bytes:
    told = [columns[name].hex() if name == "personal_digest" else columns[name] for name in _CHAINED]
    return hashlib.sha256(previous + orjson.dumps(told)).digest()


def _facet_row(event: PendingEvent, row: Row) -> Row:
    before, after = event.before, event.after
    return {
        "seq": row["seq"],
        "at": row["at"],
        "report_id": event.report_id,
        "kind": event.kind,
        "before": before.dump() if before else None,
        "after": after.dump() if after else None,
        "before_visibility": before.visibility if before else None,
        "before_agency_id": before.agency_id if before else None,
        "after_visibility": after.visibility if after else None,
        "after_agency_id": after.agency_id if after else None,
    }


def broken_links(conn: Connection, batch: int = 1000) -> Iterator[int]:
    """The numbers of events where the log does not verify: a hole, a changed column, a changed personal part."""
    chain, expected = GENESIS, 1
    while (
        rows := conn.execute(select(events).where(events.c.seq >= expected).order_by(events.c.seq).limit(batch))
        .mappings()
        .all()
    ):
        seqs = [row["seq"] for row in rows]
        told = {
            row["seq"]: row
            for row in conn.execute(select(event_personal).where(event_personal.c.seq.in_(seqs))).mappings()
        }
        for row in rows:
            personal = told.get(row["seq"])
            genuine = personal is None or personal_digest(personal) == row["personal_digest"]
            if row["seq"] != expected or row["chain"] != _link(chain, row) or not genuine:
                yield row["seq"]
            chain, expected = row["chain"], row["seq"] + 1
