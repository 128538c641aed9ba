"""Support for a report, once a person. Without an account the idempotency key stands for the person.

So an anonymous key does not keep an answer to be given again: it names a supporter, and the answer is whether that one
supports the report now. It is bound to the first report it was used for, as every key is to its content, and both
mutations accept it, because nobody else could take that support back.
"""

from dataclasses import dataclass
from functools import partial

from domain.visibility import Visibility
from domain.vocabulary import ReportAction
from resolvers.act import Acted, act, aim, look, require_action, seen_in
from resolvers.context import Context
from resolvers.idempotency import KEY_TAKEN, hash_of_key, key_faults, keyed_call
from resolvers.inputs import SupportReport, UnsupportReport
from resolvers.outcomes import Done
from resolvers.pace import pace_of
from resolvers.refusal import Refused, fault
from resolvers.user_errors import UserErrorCode
from storage.reports.supporting import add_support, drop_support
from storage.rows import SeenReport
from storage.writing.idempotency import KeyedCall, KeyTaken, Outcome, recall, remember
from storage.writing.transaction import Operation, Tx

Given = SupportReport | UnsupportReport


async def support(ctx: Context, given: SupportReport) -> Done:
    """Supports a report. A second time by the same person is ALREADY_DONE."""
    return await _set(ctx, given, _Way("supportReport", add=True))


async def unsupport(ctx: Context, given: UnsupportReport) -> Done:
    """Takes support back."""
    return await _set(ctx, given, _Way("unsupportReport", add=False))


@dataclass(frozen=True, slots=True)
class _Way:
    """Which of the two it is."""

    mutation: str
    add: bool

    def apply(self, tx: Tx, ctx: Context, seen: SeenReport, supporter: str) -> bool:
        """Whether anything changed."""
        step = add_support if self.add else drop_support
        return step(tx, ctx.parts.areas, seen.id, supporter, ctx.actor())

    @property
    def done_already(self) -> Refused:
        """What somebody is told who has it so already."""
        return Refused(_SUPPORTED if self.add else _NOT_SUPPORTED)


async def _set(ctx: Context, given: Given, way: _Way) -> Done:
    if ctx.viewer.person_id is None:
        acted = await _by_key(ctx, given, way)
    else:
        acted = await _by_person(ctx, given, way, f"person:{ctx.viewer.person_id}")
    return Done(report_id=acted.report_id, faults=acted.faults)


async def _by_person(ctx: Context, given: Given, way: _Way, supporter: str) -> Acted:
    check = partial(require_action, ctx, action=ReportAction.SUPPORT)
    write = partial(_write_by_person, ctx, way, supporter)
    return await act(ctx, given, keyed_call(ctx, way.mutation, given), check, write)


def _write_by_person(ctx: Context, way: _Way, supporter: str, tx: Tx, seen: SeenReport) -> Outcome:
    if not way.apply(tx, ctx, seen, supporter):
        raise way.done_already
    return {}


async def _by_key(ctx: Context, given: Given, way: _Way) -> Acted:
    report_id = await aim(ctx, given.report_id, None)
    try:
        await pace_of(ctx).act(ctx.viewer)
        faults = [_KEY_OWED] if given.idempotency_key is None else key_faults(given.idempotency_key)
        if faults:
            raise Refused(*faults)
        await look(ctx, report_id, _anything)
        await _write_by_key(ctx, given, way, report_id)
    except Refused as refusal:
        return Acted(report_id, {}, refusal.faults)
    return Acted(report_id, {})


async def _write_by_key(ctx: Context, given: Given, way: _Way, report_id: int | None) -> None:
    call = keyed_call(ctx, "support", given)
    assert call is not None and given.idempotency_key is not None
    supporter = f"key:{hash_of_key(ctx, given.idempotency_key).hex()}"
    aimed = _Aimed(await ctx.visibility(), report_id, supporter)
    apply = partial(_support_once, ctx, way, call, aimed)
    await ctx.write(Operation(apply, frozenset({call.lock, f"report:{report_id}"})))


@dataclass(frozen=True, slots=True)
class _Aimed:
    """Which report, by whose eyes, and who supports it."""

    visibility: Visibility
    report_id: int | None
    supporter: str


def _support_once(ctx: Context, way: _Way, call: KeyedCall, aimed: _Aimed, tx: Tx) -> None:
    first = _is_first(tx, call)
    seen = seen_in(tx, aimed.visibility, aimed.report_id, _anything)
    changed = way.apply(tx, ctx, seen, aimed.supporter)
    if changed or first:
        require_action(ctx, seen, ReportAction.SUPPORT)
    if first and not changed:
        raise way.done_already
    if first:
        remember(tx, call, {})


def _anything(_seen: SeenReport) -> None:
    """No report is refused."""


def _is_first(tx: Tx, call: KeyedCall) -> bool:
    try:
        return recall(tx.conn, call) is None
    except KeyTaken as error:
        raise Refused(KEY_TAKEN) from error


_KEY_OWED = fault(
    UserErrorCode.REQUIRED,
    "Tanpa akun, sertakan idempotencyKey: kunci itu mewakili Anda.",
    "Without an account give an idempotencyKey: it stands for you.",
    "idempotencyKey",
)
_SUPPORTED = fault(
    UserErrorCode.ALREADY_DONE, "Anda sudah mendukung laporan ini.", "You support this report already.", "reportId"
)
_NOT_SUPPORTED = fault(
    UserErrorCode.ALREADY_DONE,
    "Anda memang belum mendukung laporan ini.",
    "You do not support this report.",
    "reportId",
)
