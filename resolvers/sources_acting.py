"""What admins ask of sources: to be read now, to have records tried again that could not be mapped."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from domain.sealing import Kind
from domain.vocabulary import SourceKind, SourceState
from resolvers.act import forbidden
from resolvers.context import Context
from resolvers.idempotency import key_faults, keyed_call, recalled, write_once
from resolvers.inputs import RetrySetAside, SyncSource
from resolvers.outcomes import Retried, SourceTold
from resolvers.pace import pace_of
from resolvers.permissions import may
from resolvers.refusal import Refused, fault
from resolvers.user_errors import Fault, UserErrorCode
from storage.rows import SourceRow
from storage.sources.keeping import source_lock
from storage.sources.reading import source_by_code
from storage.sources.requests import attempts_of, request_retry, request_sync, sources_of_aside, still_waiting
from storage.storable import storable
from storage.writing.idempotency import Outcome
from storage.writing.transaction import Tx

MOST_RETRIED = 100
RETRY_SECONDS = 5.0
"""How long a retry is waited for. What the connector has not come to by then counts as still aside."""
_LOOK_EVERY = 0.1


async def sync_source(ctx: Context, given: SyncSource) -> SourceTold:
    """Has a source read now. The payload shows it as it is; `sources` tells when the sync has ended."""
    call = keyed_call(ctx, "syncSource", given)
    row = await ctx.read(source_by_code, given.source) if storable(given.source) else None
    try:
        answer = await recalled(ctx, call)
        if answer is None:
            await pace_of(ctx).act(ctx.viewer)
            _require_sync(ctx, row, key_faults(given.idempotency_key))
            lock = source_lock(given.source)
            answer = await write_once(ctx, call, partial(_syncing, given.source), [lock])
            ctx.parts.wake_source(given.source)
    except Refused as refusal:
        return SourceTold(source_id=None if row is None else row.id, faults=refusal.faults)
    return SourceTold(source_id=answer.outcome["source"])


def _syncing(code: str, tx: Tx) -> Outcome:
    return {"source": request_sync(tx, code)}


def _require_sync(ctx: Context, row: SourceRow | None, faults: Sequence[Fault]) -> None:
    if row is None:
        raise Refused(_NO_SOURCE, *faults)
    if not may(ctx.viewer, "Mutation.syncSource"):
        raise Refused(forbidden(ctx, "Mutation.syncSource", path="source"))
    if faults:
        raise Refused(*faults)
    if row.state == SourceState.DISABLED or row.kind in (SourceKind.HUB, SourceKind.PARTNER):
        raise Refused(_NOT_READ)


_NO_SOURCE = fault(UserErrorCode.NOT_FOUND, "Sumber ini tidak ada.", "There is no such source.", "source")
_NOT_READ = fault(
    UserErrorCode.NOT_POSSIBLE_IN_STATE,
    "Sumber ini tidak dibaca oleh simpul, atau sedang dimatikan.",
    "The hub does not read this source, or it is switched off.",
    "source",
)


async def retry_set_aside(ctx: Context, given: RetrySetAside) -> Retried:
    """Has records tried again, all or none of them asked for, and waits a few seconds for what becomes of them.

    `mapped` are those that are not aside any more; `still_aside` the others, tried again or not come to yet.
    """
    call = keyed_call(ctx, "retrySetAside", given)
    try:
        answer = await recalled(ctx, call)
        if answer is None:
            await pace_of(ctx).act(ctx.viewer)
            ids, codes = await _records(ctx, given)
            locks = [source_lock(code) for code in codes]
            answer = await write_once(ctx, call, partial(_retrying, ids, codes), locks)
            for code in codes:
                ctx.parts.wake_source(code)
    except Refused as refusal:
        return Retried(faults=refusal.faults)
    asked = {int(row_id): attempts for row_id, attempts in answer.outcome["attempts"].items()}
    await _wait(ctx, asked)
    await ctx.refresh()  # a retry with the same key has a snapshot of before
    aside = await ctx.read(attempts_of, asked.keys())
    return Retried(mapped=len(asked) - len(aside), still_aside=len(aside))


def _retrying(ids: Sequence[int], codes: Sequence[str], tx: Tx) -> Outcome:
    before = request_retry(tx, ids, codes)
    return {"attempts": {str(row_id): attempts for row_id, attempts in before.items()}}


async def _records(ctx: Context, given: RetrySetAside) -> tuple[list[int], list[str]]:
    """The rows that are meant and the codes of their sources. Raises Refused."""
    if not may(ctx.viewer, "Mutation.retrySetAside"):
        raise Refused(forbidden(ctx, "Mutation.retrySetAside", path="ids"))
    faults = key_faults(given.idempotency_key)
    if not given.ids:
        faults.append(_NONE_GIVEN)
    if len(given.ids) > MOST_RETRIED:
        raise Refused(_TOO_MANY, *faults)
    rows = [ctx.row_of(Kind.SET_ASIDE, each) for each in given.ids]
    known = await ctx.read(sources_of_aside, [row for row in rows if row is not None])
    faults += [_no_record(position) for position, row in enumerate(rows) if row not in known]
    if faults:
        raise Refused(*faults)
    return sorted(known), sorted(set(known.values()))


async def _wait(ctx: Context, asked: Mapping[int, int]) -> None:
    """Until all were tried again, or time is up."""
    deadline = asyncio.get_running_loop().time() + RETRY_SECONDS
    while await ctx.parts.store.read(still_waiting, asked):
        if asyncio.get_running_loop().time() >= deadline:
            return
        await asyncio.sleep(_LOOK_EVERY)


_NONE_GIVEN = fault(UserErrorCode.REQUIRED, "Pilih setidaknya satu catatan.", "Choose at least one record.", "ids")
_TOO_MANY = fault(
    UserErrorCode.TOO_MANY,
    f"Paling banyak {MOST_RETRIED} catatan sekaligus.",
    f"At most {MOST_RETRIED} records at once.",
    "ids",
)


def _no_record(position: int) -> Fault:
    return fault(
        UserErrorCode.NOT_FOUND,
        "Catatan ini tidak ada, atau sudah berhasil dibaca.",
        "There is no such record, or it could be read by now.",
        "ids",
        str(position),
    )
