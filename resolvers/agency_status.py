"""How far a partner agency is with a report that it has: what it tells, and nothing that is others' to decide."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from domain.report import AHEAD_TOLERATED, NOTE_LENGTH, ByHand, may_become
from domain.time import DAY, micros
from domain.vocabulary import EventKind, ReportStatus
from resolvers.act import NOT_NOW, act, forbidden, require_unchanged
from resolvers.context import Context
from resolvers.idempotency import keyed_call
from resolvers.inputs import RecordAgencyStatus
from resolvers.outcomes import Done
from resolvers.permissions import Standing, may
from resolvers.refusal import Refused, fault
from resolvers.typed_text import TypedText
from resolvers.user_errors import Fault, UserErrorCode
from storage.clock import now_in_micros
from storage.reports.changing import change
from storage.rows import SeenReport
from storage.writing.idempotency import Outcome
from storage.writing.transaction import Tx

AGENCY_REF_LENGTH = 128
BEFORE_REPORTED = DAY
"""So much before `reportedAt` are clocks that differ, or zones that were mixed up. Earlier, it is no time of this report's: taken
as it were at once, an agency that sends 0001-01-01 would be the quickest of all in statistics."""

_OTHERS_TO_DECIDE = frozenset({ReportStatus.SUBMITTED, ReportStatus.WITHDRAWN, ReportStatus.DUPLICATE})
"""What a report is when it comes in, what its reporter does, and what merging makes of it."""


async def record_agency_status(ctx: Context, given: RecordAgencyStatus) -> Done:
    """Records how far a partner agency is with a report that it has."""
    faults = _time_faults(given)
    typed = TypedText(faults)
    note = typed.optional(given.note, NOTE_LENGTH, "note")
    agency_ref = typed.optional(given.agency_ref, AGENCY_REF_LENGTH, "agencyRef")
    call = keyed_call(ctx, "recordAgencyStatus", given)
    told = replace(given, note=note, agency_ref=agency_ref)
    done = await act(ctx, given, call, partial(_check, ctx, told), partial(_write, ctx, told), faults=faults)
    return Done(report_id=done.report_id, faults=done.faults)


def _check(ctx: Context, told: RecordAgencyStatus, seen: SeenReport) -> None:
    has_it = seen.agency_id is not None and seen.agency_id == ctx.viewer.agency_id
    if not may(ctx.viewer, "Mutation.recordAgencyStatus", Standing(of_its_agency=has_it)):
        raise Refused(forbidden(ctx, "Mutation.recordAgencyStatus"))
    require_unchanged(seen, told.if_unchanged_since)
    _require_time(seen, told.at)
    _require_step(seen, told.status, told.agency_ref)


def _write(ctx: Context, told: RecordAgencyStatus, tx: Tx, seen: SeenReport) -> Outcome:
    values = {} if told.agency_ref is None else {"agency_ref": told.agency_ref}
    kind = EventKind.UPDATED
    if told.status != seen.status:
        values["status"] = told.status
        kind = EventKind.STATUS_CHANGED
    change(
        tx,
        ctx.parts.areas,
        seen.id,
        kind,
        actor=ctx.actor(),
        values=values,
        by_hand=ByHand.STATUS,
        happened_at=_happened(seen, told.at, tx.now),
        note=told.note,
    )
    return {}


def _happened(seen: SeenReport, told: datetime | None, now: int) -> int:
    """When the agency came so far: never before the hub had the report, never ahead of now."""
    return now if told is None else min(max(micros(told), seen.received_at), now)


def _time_faults(given: RecordAgencyStatus) -> list[Fault]:
    if given.at is None or micros(given.at) <= now_in_micros() + AHEAD_TOLERATED:
        return []
    return [
        fault(
            UserErrorCode.IN_THE_FUTURE,
            "Waktu ini ada di masa depan. Periksa jam pengirim.",
            "This time lies in the future. Check the sender's clock.",
            "at",
        )
    ]


def _require_time(seen: SeenReport, told: datetime | None) -> None:
    """Raises Refused for a time of long before the report."""
    if told is not None and micros(told) < seen.reported_at - BEFORE_REPORTED:
        raise Refused(
            fault(
                UserErrorCode.INVALID,
                "Waktu ini lebih dari sehari sebelum laporan dibuat (reportedAt). Kirim waktu instansi, atau jangan kirim bagian ini.",
                "This is more than a day before the report was made (reportedAt). Send the agency's time, or leave it out.",
                "at",
            )
        )


def _require_step(seen: SeenReport, status: ReportStatus, agency_ref: str | None) -> None:
    """Raises Refused for a step that the report cannot take. Telling a new number of the agency's is a step of its own."""
    if status in _OTHERS_TO_DECIDE:
        raise Refused(
            fault(
                UserErrorCode.INVALID,
                "Status ini tidak bisa ditetapkan oleh instansi.",
                "This status is not an agency's to set.",
                "status",
            )
        )
    if status == seen.status:
        if agency_ref is None or agency_ref == seen.agency_ref:
            raise Refused(
                fault(
                    UserErrorCode.ALREADY_DONE,
                    "Laporan ini memang sudah berstatus itu.",
                    "This report has that status already.",
                    "status",
                )
            )
    elif not may_become(seen.status, status):
        raise Refused(replace(NOT_NOW, path=("status",)))
