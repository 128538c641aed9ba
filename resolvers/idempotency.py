"""Mutations that may be sent twice: the key's rules, the digest of what was asked, and a write that happens once.

A call that ends in faults leaves no trace of its key, because the trace is written in the transaction that was undone.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import orjson

from domain.sealing import keyed_hash
from resolvers.context import Context
from resolvers.refusal import Refused, fault
from resolvers.user_errors import Fault, UserErrorCode
from storage.writing.idempotency import KeyedCall, KeyTaken, Outcome, recall, recall_in, remember
from storage.writing.transaction import Operation, Tx

KEY_SHORTEST, KEY_LONGEST = 22, 128
_SCOPE_LENGTH = 80
_NOT_CONTENT = frozenset({"idempotency_key", "follow_token", "photos"})
"""The key itself, what proves who asks (a retry may show it another way), and files, which count by their bytes."""

KEY_TAKEN = fault(
    UserErrorCode.CONFLICT,
    "Kunci idempotencyKey ini sudah dipakai untuk permintaan lain. Buat kunci baru.",
    "This idempotencyKey was used for another request already. Draw a new one.",
    "idempotencyKey",
)


Write = Callable[[Tx], Outcome]
"""Does a mutation. It may run in another process (storage/writing/transaction.py): a partial of a module's function, with plain data."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mutation came to; `replayed`: by an earlier call with the same key."""

    outcome: Outcome
    replayed: bool = False


def key_faults(key: str | None) -> list[Fault]:
    """What is wrong with a key as it was given."""
    if key is None:
        return []
    if len(key) < KEY_SHORTEST:
        return [_length(UserErrorCode.TOO_SHORT)]
    return [_length(UserErrorCode.TOO_LONG)] if len(key) > KEY_LONGEST else []


def _length(code: UserErrorCode) -> Fault:
    return fault(
        code,
        f"Panjang idempotencyKey harus {KEY_SHORTEST} sampai {KEY_LONGEST} karakter.",
        f"An idempotencyKey has {KEY_SHORTEST} to {KEY_LONGEST} characters.",
        "idempotencyKey",
    )


def keyed_call(ctx: Context, mutation: str, given: Any, files: Iterable[bytes] = ()) -> KeyedCall | None:
    """The call that a mutation's input (a dataclass of `inputs`) makes; `files` are digests. None without a usable key."""
    key: str | None = given.idempotency_key
    if key is None or key_faults(key):
        return None
    return KeyedCall(_scope(ctx), hash_of_key(ctx, key), mutation, _digest(given, files))


def hash_of_key(ctx: Context, key: str) -> bytes:
    """What the store keeps of a key, within its scope."""
    return bytes.fromhex(keyed_hash(ctx.parts.secret, "idempotency", _scope(ctx), key.encode(errors="replace").hex()))


def _scope(ctx: Context) -> str:
    scope = ctx.viewer.scope
    return scope if len(scope) <= _SCOPE_LENGTH else "long:" + hashlib.sha256(scope.encode()).hexdigest()


def _digest(given: Any, files: Iterable[bytes]) -> bytes:
    content = {name: _plain(getattr(given, name)) for name in _content_of(given.__class__)}
    content["files"] = [digest.hex() for digest in files]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


@cache
def _content_of(kind: Any) -> tuple[str, ...]:
    """The fields of an input that tell what is asked."""
    return tuple(name for name in kind.__dataclass_fields__ if name not in _NOT_CONTENT)


def _plain(value: Any) -> Any:
    """As JSON that is the same for the same: moments in UTC, text as its code points (which may be halves of a pair)."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


async def recalled(ctx: Context, call: KeyedCall | None) -> Answer | None:
    """What an earlier call with this key came to. Raises Refused (CONFLICT) if that asked for something else."""
    if call is None:
        return None
    try:
        outcome = await ctx.read(recall, call)
    except KeyTaken as error:
        raise Refused(KEY_TAKEN) from error
    return None if outcome is None else Answer(outcome, replayed=True)


async def write_once(ctx: Context, call: KeyedCall | None, apply: Write, locks: Iterable[str] = ()) -> Answer:
    """Applies a mutation in one transaction, or gives what a twin with the same key has made of it meanwhile."""
    if call is None:
        return Answer(await ctx.write(Operation(apply, frozenset(locks))))
    operation = Operation(partial(_once, call, apply), frozenset((call.lock, *locks)), keys=(call.name,))
    try:
        return await ctx.write(operation)
    except KeyTaken as error:
        raise Refused(KEY_TAKEN) from error


def _once(call: KeyedCall, apply: Write, tx: Tx) -> Answer:
    earlier = recall_in(tx, call)
    if earlier is not None:
        return Answer(earlier, replayed=True)
    outcome = apply(tx)
    remember(tx, call, outcome)
    return Answer(outcome)
