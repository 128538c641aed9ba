"""What admins do to sources: have one read now, have records that were set aside tried again."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select, update

from domain.sealing import Kind
from resolvers.context import Context
from resolvers.idempotency import key_faults, keyed_call, recalled, write_once
from resolvers.inputs import RetrySetAside, SyncSource
from resolvers.outcomes import Retried, SourceTold
from resolvers.permissions import Deed, may
from resolvers.refusal import Refused, fault
from resolvers.user_errors import Fault, UserErrorCode
from storage.idempotency import Outcome
from storage.rows import SourceRow
from storage.sources import source_by_code
from storage.tables import set_aside, sources
from storage.transaction import Tx

MOST_RETRIED = 100
WAIT_SECONDS = 10.0
"""How long a retry waits for the connector; records that are not through by then count as still aside."""
_LOOK_EVERY = 0.2


async def sync_source(ctx: Context, given: SyncSource) -> SourceTold:
    """Has a source read now instead of at its next turn; the subscription `sources` tells when that is done."""
    found = await ctx.read(source_by_code, given.source)
    faults = [*_forbidden(ctx, Deed.SYNC_SOURCE), *key_faults(given.idempotency_key), *_not_synced(found)]
    if faults or found is None:
        return SourceTold(source_id=None if found is None else found.id, faults=faults)
    call = keyed_call(ctx, "syncSource", given)

    def ask(tx: Tx) -> Outcome:
        tx.conn.execute(update(sources).where(sources.c.id == found.id).values(sync_requested=True))
        return {}

    try:
        answer = await recalled(ctx, call) or await write_once(ctx, call, ask)
    except Refused as refusal:
        return SourceTold(source_id=found.id, faults=refusal.faults)
    if not answer.replayed:
        ctx.parts.wake_source(given.source)
    return SourceTold(source_id=found.id)


async def retry_set_aside(ctx: Context, given: RetrySetAside) -> Retried:
    """Has records that could not be mapped tried again, and waits a while for what comes of it."""
    ids = [ctx.row_of(Kind.SET_ASIDE, each) for each in given.ids]
    faults = [*_forbidden(ctx, Deed.RETRY_SET_ASIDE), *key_faults(given.idempotency_key), *_wrong_ids(ids)]
    if faults:
        return Retried(faults=faults)
    rows = [row_id for row_id in ids if row_id is not None]
    before = await ctx.read(_attempts, rows)
    call = keyed_call(ctx, "retrySetAside", given)

    def ask(tx: Tx) -> Outcome:
        there = tx.conn.execute(
            update(set_aside).where(set_aside.c.id.in_(rows)).values(retry_requested=True).returning(set_aside.c.id)
        )
        return {"asked": len(set(there.scalars()))}

    try:
        answer = await recalled(ctx, call) or await write_once(ctx, call, ask)
    except Refused as refusal:
        return Retried(faults=refusal.faults)
    for code in await ctx.read(_codes_of, rows):
        ctx.parts.wake_source(code)
    left = await _wait(ctx, before)
    return Retried(mapped=answer.outcome["asked"] - left, still_aside=left)


async def _wait(ctx: Context, before: Mapping[int, int]) -> int:
    """How many are still aside once each was tried once more, or the time is up."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        await ctx.refresh()
        left = await ctx.read(_attempts, before)
        untried = [row_id for row_id, attempts in left.items() if attempts == before[row_id]]
        if not untried or asyncio.get_running_loop().time() > deadline:
            return len(left)
        await asyncio.sleep(_LOOK_EVERY)


def _attempts(conn: Connection, rows: Iterable[int]) -> dict[int, int]:
    """How often each of these records that is still aside was tried."""
    asked = select(set_aside.c.id, set_aside.c.attempts).where(set_aside.c.id.in_(sorted(rows)))
    return {row.id: row.attempts for row in conn.execute(asked)}


def _codes_of(conn: Connection, rows: Sequence[int]) -> list[str]:
    asked = select(sources.c.code).join(set_aside, set_aside.c.source_id == sources.c.id).distinct()
    return list(conn.execute(asked.where(set_aside.c.id.in_(rows))).scalars())


def _forbidden(ctx: Context, deed: Deed) -> list[Fault]:
    if may(ctx.viewer, deed):
        return []
    if ctx.viewer.anonymous:
        return [fault(UserErrorCode.UNAUTHENTICATED, "Masuk dulu sebagai admin.", "Sign in as an admin first.")]
    return [fault(UserErrorCode.FORBIDDEN, "Hanya admin yang boleh.", "Only admins may do this.")]


def _not_synced(found: SourceRow | None) -> list[Fault]:
    if found is None:
        return [fault(UserErrorCode.NOT_FOUND, "Sumber ini tidak ada.", "There is no such source.", "source")]
    if found.kind == "HUB" or found.state == "DISABLED":
        said = fault(
            UserErrorCode.NOT_POSSIBLE_IN_STATE,
            "Sumber ini tidak dibaca: bukan sistem luar, atau dimatikan.",
            "This source is not read: it is the hub itself, or is disabled.",
            "source",
        )
        return [said]
    return []


def _wrong_ids(ids: Sequence[int | None]) -> list[Fault]:
    if len(ids) > MOST_RETRIED:
        words = (f"Paling banyak {MOST_RETRIED} sekaligus.", f"At most {MOST_RETRIED} at once.")
        return [fault(UserErrorCode.TOO_MANY, *words, "ids")]
    return [
        fault(UserErrorCode.NOT_FOUND, "Catatan ini tidak ada.", "There is no such record.", "ids", str(position))
        for position, row_id in enumerate(ids)
        if row_id is None
    ]
