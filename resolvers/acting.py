"""What people do to a report that is there: add photos, support, comment, withdraw, hide, tell how far their agency is."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from domain.report import COMMENT_LENGTH, NOTE_LENGTH, PHOTOS_PER_REPORT, ByHand
from domain.vocabulary import EventKind, PhotoPhase, ReportAction, ReportStatus, ReportVisibility, Role
from resolvers.act import Acted, act, aim, look, require_action, require_unchanged, write_to
from resolvers.agency_status import record_agency_status
from resolvers.context import Context
from resolvers.idempotency import Answer, key_faults, keyed_call, recalled
from resolvers.inputs import AddPhotos, CommentOnReport, SetConfidential, WithdrawReport
from resolvers.outcomes import Commented, Done, PhotosAdded
from resolvers.pace import pace_of
from resolvers.permissions import STAFF
from resolvers.photo_intake import ReadFiles, kept, prepare_photos, read_files
from resolvers.refusal import Refused, fault
from resolvers.supporting import support, unsupport
from resolvers.typed_text import TypedText
from resolvers.user_errors import Fault, UserErrorCode
from storage.handovers.writing import cancel_queued
from storage.reports.changing import change
from storage.reports.commenting import add_comment
from storage.reports.creating import NewPhoto
from storage.reports.photos.adding import add_photos_to, photo_count
from storage.reports.splitting import split_all
from storage.rows import SeenReport
from storage.writing.idempotency import KeyedCall, Outcome
from storage.writing.transaction import Tx

__all__ = [
    "add_photos",
    "comment",
    "record_agency_status",
    "set_confidential",
    "support",
    "unsupport",
    "withdraw",
]


async def comment(ctx: Context, given: CommentOnReport) -> Commented:
    """Comments on a report: its reporter, staff, or the partner whose agency has it; the last two officially."""
    faults: list[Fault] = []
    text = TypedText(faults).required(given.text, COMMENT_LENGTH, "text")

    check = partial(require_action, ctx, action=ReportAction.COMMENT, follow_token=given.follow_token)
    write = partial(_write_comment, ctx, text)
    done = await act(ctx, given, keyed_call(ctx, "commentOnReport", given), check, write, faults=faults)
    return Commented(report_id=done.report_id, comment_id=done.outcome.get("comment"), faults=done.faults)


def _write_comment(ctx: Context, text: str, tx: Tx, seen: SeenReport) -> Outcome:
    official = not seen.mine and ctx.viewer.role in STAFF | {Role.PARTNER}
    actor = ctx.actor(is_reporter=seen.mine)
    return {"comment": add_comment(tx, ctx.parts.areas, seen.id, text, actor, official=official)}


async def withdraw(ctx: Context, given: WithdrawReport) -> Done:
    """Takes a report back; only its reporter may. What waits to be handed on of it is cancelled."""
    faults: list[Fault] = []
    note = TypedText(faults).optional(given.note, NOTE_LENGTH, "note")
    check = partial(_require_withdrawal, ctx, given.follow_token, given.if_unchanged_since)
    write = partial(_withdraw, ctx, note)
    return _done(await act(ctx, given, keyed_call(ctx, "withdrawReport", given), check, write, faults=faults))


def _require_withdrawal(ctx: Context, follow_token: str | None, since: datetime | None, seen: SeenReport) -> None:
    require_action(ctx, seen, ReportAction.WITHDRAW, follow_token=follow_token)
    require_unchanged(seen, since)


def _withdraw(ctx: Context, note: str | None, tx: Tx, seen: SeenReport) -> Outcome:
    actor = ctx.actor(is_reporter=True)
    cancel_queued(tx, seen.id, actor=actor)
    values = {"status": ReportStatus.WITHDRAWN}
    kind = EventKind.STATUS_CHANGED
    change(tx, ctx.parts.areas, seen.id, kind, actor=actor, values=values, by_hand=ByHand.STATUS, note=note)
    return {}


async def set_confidential(ctx: Context, given: SetConfidential) -> Done:
    """Makes a report confidential, or public again: its reporter, or dispatchers. What it is merged with is split off first."""
    wanted = ReportVisibility.CONFIDENTIAL if given.confidential else ReportVisibility.PUBLIC
    check = partial(_require_other_visibility, ctx, wanted, given.follow_token, given.if_unchanged_since)
    write = partial(_set_visibility, ctx, wanted)
    return _done(await act(ctx, given, keyed_call(ctx, "setConfidential", given), check, write))


def _require_other_visibility(
    ctx: Context, wanted: ReportVisibility, follow_token: str | None, since: datetime | None, seen: SeenReport
) -> None:
    require_action(ctx, seen, ReportAction.SET_CONFIDENTIAL, follow_token=follow_token)
    require_unchanged(seen, since)
    if seen.visibility == wanted:
        raise Refused(_AS_IT_IS)


def _set_visibility(ctx: Context, wanted: ReportVisibility, tx: Tx, seen: SeenReport) -> Outcome:
    actor, areas = ctx.actor(is_reporter=seen.mine), ctx.parts.areas
    split_all(tx, areas, seen.id, actor)
    values = {"visibility": wanted}
    kind = EventKind.VISIBILITY_CHANGED
    change(tx, areas, seen.id, kind, actor=actor, values=values, by_hand=ByHand.VISIBILITY)
    return {}


_AS_IT_IS = fault(
    UserErrorCode.ALREADY_DONE,
    "Laporan ini memang sudah seperti itu.",
    "This report is like that already.",
    "confidential",
)


def _done(acted: Acted) -> Done:
    return Done(report_id=acted.report_id, faults=acted.faults)


async def add_photos(ctx: Context, given: AddPhotos) -> PhotosAdded:
    """Adds photos to a report: its reporter, staff, or the partner whose agency has it."""
    files = await read_files(given.photos)
    call = None if files.too_many else keyed_call(ctx, "addPhotos", given, files.digests)
    report_id = await aim(ctx, given.report_id, given.follow_token)
    try:
        answer = await recalled(ctx, call) or await _add(ctx, given, files, call, report_id)
    except Refused as refusal:
        return PhotosAdded(report_id=report_id, faults=refusal.faults)
    return PhotosAdded(report_id=report_id, photo_ids=answer.outcome["photos"])


async def _add(
    ctx: Context, given: AddPhotos, files: ReadFiles, call: KeyedCall | None, report_id: int | None
) -> Answer:
    check = partial(require_action, ctx, action=ReportAction.ADD_PHOTOS, follow_token=given.follow_token)
    await pace_of(ctx).act(ctx.viewer)
    await look(ctx, report_id, check)
    prepared, faults = await prepare_photos(ctx, files)
    faults += key_faults(given.idempotency_key) + ([] if given.photos else [_NO_PHOTOS])
    if faults:
        raise Refused(*faults)
    async with kept(ctx, prepared) as stored:
        write = partial(_write_photos, ctx, stored.photos, given.phase)
        answer = await write_to(ctx, call, report_id, check, write)
        stored.used(replayed=answer.replayed)
    return answer


def _write_photos(ctx: Context, photos: Sequence[NewPhoto], phase: PhotoPhase, tx: Tx, seen: SeenReport) -> Outcome:
    _require_room(tx, seen.id, phase, len(photos))
    actor = ctx.actor(is_reporter=seen.mine)
    return {"photos": add_photos_to(tx, ctx.parts.areas, seen.id, photos, phase, actor)}


_NO_PHOTOS = fault(UserErrorCode.REQUIRED, "Pilih setidaknya satu foto.", "Choose at least one photo.", "photos")


def _require_room(tx: Tx, report_id: int, phase: PhotoPhase, more: int) -> None:
    """A report has five photos of each phase: what the reporter sent must not take the room of the work's proof."""
    there = photo_count(tx.conn, report_id, phase)
    if there + more > PHOTOS_PER_REPORT:
        raise Refused(
            fault(
                UserErrorCode.TOO_MANY,
                f"Laporan ini sudah punya {there} foto; paling banyak {PHOTOS_PER_REPORT}.",
                f"This report has {there} photos already; it may have {PHOTOS_PER_REPORT} at most.",
                "photos",
            )
        )
