"""Admins end what somebody has already: the tokens of a person or an agency, one token, one API key, or all tokens."""

import logging
from collections.abc import Sequence
from functools import partial

from domain.api_key import is_api_key, public_id_of
from domain.revocation import Revocation
from domain.time import HOUR, micros, moment
from resolvers.act import forbidden
from resolvers.context import Context
from resolvers.idempotency import key_faults, keyed_call, recalled, write_once
from resolvers.inputs import RevokeAccess
from resolvers.outcomes import AccessRevoked
from resolvers.pace import pace_of
from resolvers.permissions import may
from resolvers.refusal import Refused, fault
from resolvers.user_errors import Fault, UserErrorCode
from storage.access.persons import agency_id_of
from storage.access.revocations import revoke
from storage.clock import now_in_micros
from storage.storable import storable
from storage.writing.idempotency import Outcome
from storage.writing.transaction import Tx

log = logging.getLogger("simpul.access")

LONGEST = 255
AHEAD = HOUR
"""How far ahead a moment may lie: an issuer's clock may be fast, and a slip of the pen must not lock everybody out."""


async def revoke_access(ctx: Context, given: RevokeAccess) -> AccessRevoked:
    """Ends what the input names, in every process within seconds. What is issued afterwards holds again."""
    call = keyed_call(ctx, "revokeAccess", given)
    try:
        answer = await recalled(ctx, call)
        if answer is None:
            await pace_of(ctx).act(ctx.viewer)
            entry = await _entry(ctx, given)
            answer = await write_once(ctx, call, partial(_revoking, entry))
            log.info("person %s revoked access", ctx.viewer.person_id)
            ctx.parts.wake_revocations()
    except Refused as refusal:
        return AccessRevoked(faults=refusal.faults)
    before = answer.outcome["issued_before"]
    return AccessRevoked(
        issued_before=None if before is None else moment(before), api_keys_ended=answer.outcome["keys_ended"]
    )


async def _entry(ctx: Context, given: RevokeAccess) -> Revocation:
    if not may(ctx.viewer, "Mutation.revokeAccess"):
        raise Refused(forbidden(ctx, "Mutation.revokeAccess", path=next(iter(_named(given)), "subject")))
    now = now_in_micros()
    faults = [*wrong_with(given, now), *key_faults(given.idempotency_key)]
    known = given.agency is not None and storable(given.agency)
    agency_id = await ctx.read(agency_id_of, given.agency or "") if known else None
    if given.agency is not None and agency_id is None:
        faults.append(NO_AGENCY)
    if faults:
        raise Refused(*faults)
    return entry_of(given, agency_id, now)


def _revoking(entry: Revocation, tx: Tx) -> Outcome:
    return {"issued_before": entry.issued_before, "keys_ended": revoke(tx, entry)}


def wrong_with(given: RevokeAccess, now: int) -> Sequence[Fault]:
    """What is wrong with what was named; whether there is such an agency is not looked at."""
    named = _named(given)
    faults = [_one_only(path) for path in named[1:]]
    if not named and given.issued_before is None:
        faults.append(_NOTHING_NAMED)
    if given.token_id is not None and given.issued_before is not None:
        faults.append(_TOKEN_AND_TIME)
    if given.issued_before is not None and micros(given.issued_before) > now + AHEAD:
        faults.append(_TOO_FAR_AHEAD)
    texts = (("subject", given.subject), ("tokenId", given.token_id))
    return faults + [_not_a_name(path) for path, text in texts if text is not None and not _is_name(text)]


def entry_of(given: RevokeAccess, agency_id: int | None, now: int) -> Revocation:
    """The entry to be kept. Without a moment it is all that was issued until now; a whole API key stands for its id."""
    if given.token_id is not None:
        key = given.token_id
        return Revocation(token_id=public_id_of(key) if is_api_key(key) else key)
    before = now if given.issued_before is None else micros(given.issued_before)
    return Revocation(subject=given.subject, agency_id=agency_id, issued_before=before)


def _named(given: RevokeAccess) -> Sequence[str]:
    told = {"subject": given.subject, "tokenId": given.token_id, "agency": given.agency}
    return [path for path, text in told.items() if text is not None]


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST and storable(text)


def _not_a_name(path: str) -> Fault:
    return fault(
        UserErrorCode.INVALID, f"Harus 1 sampai {LONGEST} karakter biasa.", f"1 to {LONGEST} ordinary characters.", path
    )


def _one_only(path: str) -> Fault:
    return fault(
        UserErrorCode.INVALID,
        "Pilih salah satu saja: subject, tokenId, atau agency.",
        "Name one of subject, tokenId and agency, not several.",
        path,
    )


NO_AGENCY = fault(UserErrorCode.UNKNOWN, "Instansi ini tidak dikenal.", "There is no such agency.", "agency")
_NOTHING_NAMED = fault(
    UserErrorCode.REQUIRED,
    "Sebutkan subject, tokenId, agency, atau issuedBefore.",
    "Name a subject, a tokenId, an agency, or the moment issuedBefore.",
    "subject",
)
_TOKEN_AND_TIME = fault(
    UserErrorCode.INVALID,
    "Sebuah token dicabut kapan pun ia dibuat: hapus issuedBefore.",
    "A token is revoked whenever it was issued: leave issuedBefore out.",
    "issuedBefore",
)
_TOO_FAR_AHEAD = fault(
    UserErrorCode.IN_THE_FUTURE,
    "Paling lama satu jam dari sekarang.",
    "At most an hour from now.",
    "issuedBefore",
)
