"""Handing reports on to LAPOR by a dispatcher's hand, settling what became of it, and showing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from domain.report import NOTE_LENGTH
from domain.sealing import Kind
from domain.vocabulary import ForwardingOutcome, ForwardingState, ReportAction, SourceState
from resolvers.act import act, forbidden, look, require_action, write_to
from resolvers.context import Context
from resolvers.idempotency import key_faults, keyed_call, recalled
from resolvers.inputs import ForwardToLapor, SettleForwarding
from resolvers.outcomes import Forwarded
from resolvers.pace import pace_of
from resolvers.permissions import may
from resolvers.refusal import Refused, fault
from resolvers.typed_text import TypedText
from resolvers.user_errors import Fault, UserErrorCode
from storage.handovers import reading as forwardings
from storage.handovers.reading import TO_SETTLE, read_forwarding, under_way
from storage.handovers.writing import TicketOfAnother, arrived, begin_forwarding, give_up, queue_again
from storage.rows import ForwardingRow, SeenReport, SourceRow
from storage.sources.reading import source_by_code
from storage.writing.idempotency import KeyedCall, Outcome
from storage.writing.transaction import Tx

EXTERNAL_REF_LENGTH = 64


async def forwardings_of(reports: Sequence[SeenReport], ctx: Context) -> list[Sequence[ForwardingRow]]:
    """The hand-overs of each report: for staff and the reporter, empty for others."""
    ids = [report.id for report in reports]
    found = await ctx.read(forwardings.forwardings_of_reports, await ctx.visibility(), ids)
    return [found[report_id] for report_id in ids]


async def forwardings_by_id(ids: Sequence[int], ctx: Context) -> list[ForwardingRow | None]:
    """Hand-overs by row id; None for who may not see them."""
    found = await ctx.read(forwardings.forwardings_by_id, await ctx.visibility(), ids)
    return [found.get(each) for each in ids]


async def forward_to_lapor(ctx: Context, given: ForwardToLapor) -> Forwarded:
    """Queues a report for LAPOR. It appears at once; the worker sends it, and its number comes with a FORWARDED event."""
    faults: list[Fault] = []
    note = TypedText(faults).optional(given.note, NOTE_LENGTH, "note")
    lapor = await _lapor(ctx)
    target = None if lapor is None else lapor.id
    check, write = partial(_require_forwardable, ctx, target), partial(_begin, ctx, target, note)
    done = await act(ctx, given, keyed_call(ctx, "forwardToLapor", given), check, write, faults=faults)
    if not done.faults:
        ctx.parts.wake_outbox()
    forwarding_id = done.outcome.get("forwarding")
    if _UNDER_WAY in done.faults and done.report_id is not None and target is not None:
        forwarding_id = await ctx.read(under_way, done.report_id, target)
    return Forwarded(report_id=done.report_id, forwarding_id=forwarding_id, faults=done.faults)


def _require_forwardable(ctx: Context, target: int | None, seen: SeenReport) -> None:
    require_action(ctx, seen, ReportAction.FORWARD)
    if target is None:
        raise Refused(_NO_LAPOR)
    if seen.source_id == target:
        raise Refused(_FROM_THERE)


def _begin(ctx: Context, target: int | None, note: str | None, tx: Tx, seen: SeenReport) -> Outcome:
    assert target is not None
    if under_way(tx.conn, seen.id, target) is not None:
        raise Refused(_UNDER_WAY)
    return {"forwarding": begin_forwarding(tx, seen.id, target, actor=ctx.actor(), note=note)}


async def _lapor(ctx: Context) -> SourceRow | None:
    """The source that stands for LAPOR, where one is configured and switched on."""
    code = ctx.parts.settings.lapor_source
    row = None if code is None else await ctx.read(source_by_code, code)
    return None if row is None or row.state == SourceState.DISABLED else row


_NO_LAPOR = fault(
    UserErrorCode.SOURCE_UNAVAILABLE,
    "Penerusan ke LAPOR belum disiapkan di sini.",
    "Forwarding to LAPOR is not set up here.",
)
_FROM_THERE = fault(
    UserErrorCode.ALREADY_DONE,
    "Laporan ini memang berasal dari LAPOR.",
    "This report came from LAPOR.",
    "reportId",
)
_UNDER_WAY = fault(
    UserErrorCode.ALREADY_DONE,
    "Laporan ini sudah diteruskan ke LAPOR, atau sedang dalam perjalanan.",
    "This report has been forwarded to LAPOR already, or is on its way.",
    "reportId",
)


async def settle(ctx: Context, given: SettleForwarding) -> Forwarded:
    """Says what became of a forwarding that is UNKNOWN or FAILED: it arrived, is to be sent again, or is given up."""
    forwarding_id = ctx.row_of(Kind.FORWARDING, given.forwarding_id)
    call = keyed_call(ctx, "settleForwarding", given)
    row: ForwardingRow | None = None
    try:
        answer = await recalled(ctx, call)
        if answer is None:
            await pace_of(ctx).act(ctx.viewer)
            row = await _to_settle(ctx, forwarding_id)
            await _settle(ctx, given, call, row)
    except Refused as refusal:
        known = forwarding_id if row is not None else None
        return Forwarded(forwarding_id=known or await _if_seen(ctx, forwarding_id), faults=refusal.faults)
    except TicketOfAnother:
        return Forwarded(forwarding_id=forwarding_id, faults=[_OF_ANOTHER])
    if given.outcome is ForwardingOutcome.SEND_AGAIN:
        ctx.parts.wake_outbox()
    return Forwarded(forwarding_id=forwarding_id)


async def _if_seen(ctx: Context, forwarding_id: int | None) -> int | None:
    if forwarding_id is None:
        return None
    (row,) = await forwardings_by_id([forwarding_id], ctx)
    return None if row is None else row.id


async def _to_settle(ctx: Context, forwarding_id: int | None) -> ForwardingRow:
    """The forwarding as this viewer sees it. Raises Refused."""
    row = None if forwarding_id is None else (await forwardings_by_id([forwarding_id], ctx))[0]
    if row is None:
        raise Refused(_NO_FORWARDING)
    if not may(ctx.viewer, "Mutation.settleForwarding"):
        raise Refused(forbidden(ctx, "Mutation.settleForwarding", path="forwardingId"))
    return row


async def _settle(ctx: Context, given: SettleForwarding, call: KeyedCall | None, row: ForwardingRow) -> None:
    faults = key_faults(given.idempotency_key)
    typed = TypedText(faults)
    note = typed.optional(given.note, NOTE_LENGTH, "note")
    external_ref = typed.optional(given.external_ref, EXTERNAL_REF_LENGTH, "externalRef")
    if given.outcome is ForwardingOutcome.ARRIVED and external_ref is None:
        faults.append(_NUMBER_OWED)
    if faults:
        raise Refused(*faults)

    settled = _Settled(row.id, given.outcome, note, external_ref)
    await look(ctx, row.report_id, _any_report)
    await write_to(ctx, call, row.report_id, _any_report, partial(_write_settled, ctx, settled))


@dataclass(frozen=True, slots=True)
class _Settled:
    """What somebody says became of a forwarding."""

    forwarding_id: int
    outcome: ForwardingOutcome
    note: str | None
    external_ref: str | None


def _any_report(_seen: SeenReport) -> None:
    """Whatever the report's state: what counts is the forwarding's."""


def _write_settled(ctx: Context, settled: _Settled, tx: Tx, _seen: SeenReport) -> Outcome:
    row_id, note = settled.forwarding_id, settled.note
    if read_forwarding(tx.conn, row_id)["state"] not in TO_SETTLE:
        raise Refused(_NOTHING_TO_SETTLE)
    if settled.outcome is ForwardingOutcome.ARRIVED:
        arrived(tx, row_id, settled.external_ref or "", actor=ctx.actor(), note=note, by_hand=True)
    elif settled.outcome is ForwardingOutcome.SEND_AGAIN:
        queue_again(tx, row_id, actor=ctx.actor(), note=note)
    else:
        give_up(tx, row_id, ForwardingState.CANCELLED, actor=ctx.actor(), note=note)
    return {"forwarding": row_id}


_NO_FORWARDING = fault(
    UserErrorCode.NOT_FOUND,
    "Penerusan ini tidak ada, atau tidak bisa Anda lihat.",
    "There is no such forwarding, or you may not see it.",
    "forwardingId",
)
_NOTHING_TO_SETTLE = fault(
    UserErrorCode.NOT_POSSIBLE_IN_STATE,
    "Hanya penerusan yang gagal atau tidak diketahui hasilnya yang bisa diselesaikan secara manual.",
    "Only a forwarding that failed, or of which nobody knows, can be settled by hand.",
    "forwardingId",
)
_NUMBER_OWED = fault(
    UserErrorCode.REQUIRED,
    "Kalau sudah sampai, isi nomor yang diberikan LAPOR.",
    "If it arrived, give the number that LAPOR gave it.",
    "externalRef",
)
_OF_ANOTHER = fault(
    UserErrorCode.CONFLICT,
    "Nomor ini milik tiket laporan lain.",
    "This number belongs to another report's ticket.",
    "externalRef",
)
