"""What every act on a report shares: whose it is, who may, in which state, since when unchanged, and once a key.

What the viewer may not know of is NOT_FOUND; what it sees but may not do is FORBIDDEN (UNAUTHENTICATED for somebody
who might sign in); what the report's state does not allow is NOT_POSSIBLE_IN_STATE. All of it is looked at before the
write, to refuse cheaply, and again within it under the report's lock, where it counts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from domain.report import allowed_actions
from domain.sealing import Kind
from domain.time import micros
from domain.visibility import Visibility
from domain.vocabulary import ReportAction, ReportStatus
from resolvers.context import Context
from resolvers.idempotency import Answer, key_faults, recalled, write_once
from resolvers.pace import pace_of
from resolvers.permissions import ENTRY_OF, actions_on, refusal_of
from resolvers.refusal import Refused, fault
from resolvers.user_errors import Fault, UserErrorCode
from storage.reports.follow import followed_reports, hash_of
from storage.reports.lists.listing import reports_by_id
from storage.rows import SeenReport
from storage.writing.idempotency import KeyedCall, Outcome
from storage.writing.transaction import Tx

Check = Callable[[SeenReport], None]
"""Raises Refused for a report that this cannot be done to."""

Write = Callable[[Tx, SeenReport], Outcome]
"""Does it. Both may run in another process (storage/writing/transaction.py): partials of functions of modules, with plain data."""


@dataclass(frozen=True, slots=True)
class Acted:
    """How an act ended: what it came to, or its faults. `report_id`: the row that the input names, if it names one."""

    report_id: int | None
    outcome: Outcome
    faults: Sequence[Fault] = ()


async def act(
    ctx: Context,
    given: Any,
    call: KeyedCall | None,
    check: Check,
    write: Write,
    *,
    faults: Iterable[Fault] = (),
) -> Acted:
    """Does something to the report that `given.report_id` names, once. `faults`: what is wrong with the rest of the input."""
    report_id = await aim(ctx, given.report_id, getattr(given, "follow_token", None))
    try:
        answer = await recalled(ctx, call)
        if answer is None:
            await pace_of(ctx).act(ctx.viewer)
            _refuse_any([*faults, *key_faults(given.idempotency_key)])
            await look(ctx, report_id, check)
            answer = await write_to(ctx, call, report_id, check, write)
    except Refused as refusal:
        return Acted(report_id, {}, refusal.faults)
    return Acted(report_id, answer.outcome)


async def aim(ctx: Context, public_id: str, follow_token: str | None) -> int | None:
    """The row of the report that is meant; a follow token of it makes this viewer its reporter for this operation."""
    report_id = ctx.row_of(Kind.REPORT, public_id)
    if report_id is not None and follow_token is not None:
        if report_id in await ctx.read(followed_reports, [hash_of(follow_token)]):
            ctx.proved.add(report_id)
        await ctx.refresh()
    return report_id


async def look(ctx: Context, report_id: int | None, check: Check) -> SeenReport:
    """The report as it is before the write. Raises Refused."""
    if report_id is None:
        raise Refused(NOT_FOUND)
    found = await ctx.read(reports_by_id, await ctx.visibility(), [report_id])
    return _checked(found.get(report_id), check)


async def write_to(
    ctx: Context,
    call: KeyedCall | None,
    report_id: int | None,
    check: Check,
    write: Write,
) -> Answer:
    """Writes, once, to a report that is as `check` wants it. Raises Refused."""
    apply = partial(_write_seen, await ctx.visibility(), report_id, check, write)
    return await write_once(ctx, call, apply, [f"report:{report_id}"])


def _write_seen(visibility: Visibility, report_id: int | None, check: Check, write: Write, tx: Tx) -> Outcome:
    return write(tx, seen_in(tx, visibility, report_id, check))


def seen_in(tx: Tx, visibility: Visibility, report_id: int | None, check: Check) -> SeenReport:
    """The report as it is under its lock. Raises Refused."""
    if report_id is None:
        raise Refused(NOT_FOUND)
    return _checked(reports_by_id(tx.conn, visibility, [report_id]).get(report_id), check)


def _checked(seen: SeenReport | None, check: Check) -> SeenReport:
    if seen is None:
        raise Refused(NOT_FOUND)
    check(seen)
    return seen


def _refuse_any(faults: Sequence[Fault]) -> None:
    if faults:
        raise Refused(*faults)


NOT_FOUND = fault(
    UserErrorCode.NOT_FOUND,
    "Laporan ini tidak ada, atau tidak bisa Anda lihat.",
    "There is no such report, or you may not see it.",
    "reportId",
)


def require_action(ctx: Context, seen: SeenReport, action: ReportAction, *, follow_token: str | None = None) -> None:
    """Raises Refused unless this viewer may do this to the report, now."""
    any_state = actions_on(ctx.viewer, status=ReportStatus.SUBMITTED, mine=seen.mine, agency_id=seen.agency_id)
    if action not in any_state:
        reporters = actions_on(ctx.viewer, status=ReportStatus.SUBMITTED, mine=True, agency_id=seen.agency_id)
        entry = ENTRY_OF[action]
        raise Refused(forbidden(ctx, entry, follow_token=follow_token, reporter_may=action in reporters))
    if action not in allowed_actions(seen.status):
        raise Refused(NOT_NOW)


NOT_NOW = fault(
    UserErrorCode.NOT_POSSIBLE_IN_STATE,
    "Tindakan ini tidak bisa dilakukan pada laporan dengan status saat ini.",
    "This cannot be done to a report in its present state.",
    "reportId",
)


def forbidden(
    ctx: Context, entry: str, *, follow_token: str | None = None, path: str = "reportId", reporter_may: bool = False
) -> Fault:
    """What somebody is told who sees it but may not do this. `entry`: the mutation, as the table of rules names it;
    `reporter_may`: showing a report's token would help."""
    if follow_token is not None:
        return fault(
            UserErrorCode.FORBIDDEN,
            "Token ini bukan milik laporan ini.",
            "This token does not belong to this report.",
            "followToken",
        )
    if ctx.viewer.anonymous and reporter_may:
        return fault(
            UserErrorCode.UNAUTHENTICATED,
            "Masuk dulu, atau tunjukkan token laporan Anda.",
            "Sign in first, or show your report's token.",
            path,
        )
    if ctx.viewer.anonymous:
        return fault(
            UserErrorCode.UNAUTHENTICATED,
            "Masuk dulu: ini tidak terbuka untuk umum.",
            "Sign in first: this is not open to everybody.",
            path,
        )
    return fault(UserErrorCode.FORBIDDEN, *refusal_of(entry), path)


def require_unchanged(seen: SeenReport, since: datetime | None) -> None:
    """Raises Refused (CONFLICT) for a report that was changed since the client read it."""
    if since is not None and seen.updated_at > micros(since):
        raise Refused(
            fault(
                UserErrorCode.CONFLICT,
                "Laporan ini sudah berubah sejak Anda membukanya. Lihat dulu keadaannya sekarang.",
                "This report has changed since you opened it. Look at it as it is now first.",
                "ifUnchangedSince",
            )
        )
