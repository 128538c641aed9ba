"""A citizen's report on its way in: checked, its photos kept, then written whole in one transaction, once a key."""

from collections.abc import Sequence
from functools import partial

from domain.photo import PreparedPhoto
from domain.sealing import keyed_hash
from domain.vocabulary import Role
from resolvers.context import Context
from resolvers.errors import RateLimited
from resolvers.idempotency import Answer, key_faults, keyed_call, recalled, write_once
from resolvers.inputs import SubmitReport
from resolvers.outcomes import Submitted
from resolvers.pace import pace_of
from resolvers.permissions import may
from resolvers.photo_intake import Kept, ReadFiles, kept, prepare_photos, read_files
from resolvers.refusal import Refused, fault
from resolvers.submission_rules import CLOSED_CATEGORY, Checked, SubmissionCheck
from resolvers.user_errors import UserErrorCode
from storage.access.suspicions import Suspicion, suspect
from storage.clock import now_in_micros
from storage.reports.contacts import Contact, keep_contact
from storage.reports.creating import NewReport, category_of, create_report
from storage.reports.filter.words import words_of
from storage.reports.follow import FollowToken, follow_token_again, keep_follow_token, kept_token, new_follow_token
from storage.reports.submitting import (
    Known,
    hub_source_id,
    known_codes,
    meet_partner_source,
    partner_source_id,
    report_with_ref,
)
from storage.storable import storable
from storage.writing.idempotency import KeyedCall, Outcome
from storage.writing.transaction import Operation, Tx

MUTATION = "submitReport"

_REF_TAKEN = fault(
    UserErrorCode.ALREADY_DONE,
    "Laporan dengan nomor ini sudah pernah Anda kirim.",
    "You have sent a report with this number already.",
    "sourceRef",
)


async def submit(ctx: Context, given: SubmitReport) -> Submitted:
    """Takes a report in, or says all that is wrong with it and leaves nothing behind. Raises RateLimited, OutcomeUnknown."""
    files = await read_files(given.photos)
    call = None if files.too_many else keyed_call(ctx, MUTATION, given, files.digests)
    try:
        answer = await _earlier(ctx, call, files) or await _first(ctx, given, files, call)
    except Refused as refusal:
        return Submitted(faults=refusal.faults, report_id=refusal.report_id)
    return await _told(ctx, given, answer)


async def _earlier(ctx: Context, call: KeyedCall | None, files: ReadFiles) -> Answer | None:
    """What came of the same call before, where it is likely that there was one, or dear to find out only with the write."""
    if call is None:
        return None
    seen = ctx.parts.remembered.has_seen(call)
    ctx.parts.remembered.note_key(call)
    return await recalled(ctx, call) if seen or files.files else None


async def _first(ctx: Context, given: SubmitReport, files: ReadFiles, call: KeyedCall | None) -> Answer:
    """Writes the report. Where that is refused, what an earlier call with the same key came to counts for more."""
    try:
        return await _written(ctx, given, files, call)
    except (Refused, RateLimited):
        earlier = await recalled(ctx, call)
        if earlier is None:
            raise
        return earlier


async def _written(ctx: Context, given: SubmitReport, files: ReadFiles, call: KeyedCall | None) -> Answer:
    pace = pace_of(ctx)
    await pace.act(ctx.viewer)
    known, checked, photos = await _checked(ctx, given, files)
    await pace.submission(ctx.viewer)
    source_id, token = await _source(ctx), new_follow_token()
    async with kept(ctx, photos) as stored:
        new = _new_report(ctx, given, known, checked, stored, source_id)
        assert new.words is not None
        write = partial(
            _write_report,
            ctx,
            new,
            kept_token(token, given.idempotency_key),
            checked.contact,
            given.forward_contact,
            pace.suspicions_of(ctx.viewer, new.words[1]),
        )
        answer = await write_once(ctx, call, write, _ref_lock(source_id, new.source_ref))
        stored.used(replayed=answer.replayed)
    return answer if answer.replayed else Answer({**answer.outcome, "token": token})


def _write_report(
    ctx: Context,
    new: NewReport,
    token: FollowToken,
    contact: Contact | None,
    forward_contact: bool,
    suspicions: Sequence[Suspicion],
    tx: Tx,
) -> Outcome:
    """Makes the whole report: row, photos, event, follow token, contact, and what looks odd about it."""
    _require_new_ref(tx, new.source_id, new.source_ref)
    if not category_of(tx, new.category_id).active:
        raise Refused(CLOSED_CATEGORY)
    made = create_report(tx, ctx.parts.areas, new, ctx.actor(is_reporter=True))
    keep_follow_token(tx, made.id, token)
    if contact is not None:
        keep_contact(tx, ctx.parts.contacts_key, made.id, contact, forward=forward_contact)
    for suspicion in suspicions:
        suspect(tx, suspicion, report_id=made.id)
    return {"report": made.id}


async def _checked(
    ctx: Context, given: SubmitReport, files: ReadFiles
) -> tuple[Known, Checked, Sequence[PreparedPhoto]]:
    """Raises Refused with every fault at once."""
    photos, photo_faults = await prepare_photos(ctx, files)
    known = await _known(ctx, given)
    partner = given.source_ref is not None and may(ctx.viewer, "SubmitReportInput.sourceRef")
    check = SubmissionCheck(given, known, ctx.parts.areas, now=now_in_micros(), partner=partner)
    faults = [*check.faults, *photo_faults, *key_faults(given.idempotency_key)]
    if faults:
        raise Refused(*faults)
    return known, check.checked, photos


async def _known(ctx: Context, given: SubmitReport) -> Known:
    """The codes that are given; the store is asked only for what the process does not know."""
    remembered = ctx.parts.remembered
    known = remembered.category(given.category)
    if known is not None and (given.area is None or given.area in ctx.parts.areas.facts):
        return known
    area = given.area if given.area is None or storable(given.area) else ""
    known = await ctx.read(known_codes, given.category if storable(given.category) else "", area)
    remembered.note_category(given.category, known)
    return known


async def _source(ctx: Context) -> int:
    """Where the report counts as coming from: a partner is a source of its own."""
    partner = ctx.viewer.partner
    if ctx.viewer.role is not Role.PARTNER or partner is None:
        return await _hub_source(ctx)
    known = await ctx.read(partner_source_id, partner)
    if known is not None:
        return known
    return await ctx.write(Operation(partial(_meet_partner, partner), frozenset({"sources"})))


def _meet_partner(partner: str, tx: Tx) -> int:
    return meet_partner_source(tx, partner)


async def _hub_source(ctx: Context) -> int:
    remembered = ctx.parts.remembered
    if remembered.hub_source_id is None:
        remembered.hub_source_id = await ctx.read(hub_source_id)
    return remembered.hub_source_id


def _ref_lock(source_id: int, source_ref: str | None) -> set[str]:
    return set() if source_ref is None else {f"ref:{source_id}:{source_ref}"}


def _require_new_ref(tx: Tx, source_id: int, source_ref: str | None) -> None:
    """Raises Refused for a number that the partner has used already."""
    earlier = None if source_ref is None else report_with_ref(tx.conn, source_id, source_ref)
    if earlier is not None:
        raise Refused(_REF_TAKEN, report_id=earlier)


def _new_report(
    ctx: Context, given: SubmitReport, known: Known, checked: Checked, stored: Kept, source_id: int
) -> NewReport:
    """What is written."""
    assert known.category_id is not None
    viewer = ctx.viewer
    nobody = viewer.person_id is None or viewer.role is Role.PARTNER  # a partner passes on what others told it
    return NewReport(
        text=checked.text,
        category_id=known.category_id,
        reported_at=checked.reported_at,
        source_id=source_id,
        place=checked.place,
        title=checked.title,
        address=checked.address,
        anonymous=given.anonymous,
        confidential=given.confidential,
        flood_depth_cm=given.flood_depth_cm,
        reporter_id=None if nobody else viewer.person_id,
        reporter_key=keyed_hash(ctx.parts.secret, "reporter", viewer.client) if nobody and viewer.client else None,
        source_ref=checked.source_ref,
        photos=stored.photos,
        words=words_of(checked.title, checked.text, checked.address),
    )


async def _told(ctx: Context, given: SubmitReport, answer: Answer) -> Submitted:
    """The answer to whoever made the report: he sees it as its reporter does."""
    report_id: int = answer.outcome["report"]
    token: str | None = answer.outcome.get("token")
    ctx.proved.add(report_id)
    await ctx.refresh()
    if token is None and given.idempotency_key is not None:
        token = await ctx.read(follow_token_again, report_id, given.idempotency_key)
    return Submitted(report_id=report_id, follow_token=token)
