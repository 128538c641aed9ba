"""The hub's own keys, changed: old cursors still open for as long as the log can be resumed, old tokens hold no more."""

import pytest
from sqlalchemy import update

from domain.report import KEYS_KEPT
from domain.sealing import CursorCipher, ExpiredCursor, LogCursor
from domain.vocabulary import Role
from storage.access.secrets import Secrets, load_secrets, rotate_secret
from storage.clock import now_in_micros
from storage.seeding import seed
from storage.store import Store
from storage.tables import secrets
from storage.writing.transaction import Operation
from transport.identity.local_tokens import LocalTokens, issue
from transport.identity.tokens import BadToken

CURSOR = LogCursor(7, b"12345678", 1)
READER = b"r" * 16


async def rotated(store: Store, purpose: str) -> Secrets:
    await store.write(Operation(lambda tx: rotate_secret(tx, purpose)))
    return await store.read(load_secrets)


async def test_old_cursors_open_and_new_ones_are_sealed_anew(store: Store) -> None:
    before = CursorCipher((await store.read(load_secrets)).cursors)
    old = before.seal_log(CURSOR, READER)
    now = CursorCipher((await rotated(store, "cursors")).cursors)
    assert now.open_log(old, READER) == CURSOR
    new = now.seal_log(CURSOR, READER)
    assert new != old and now.open_log(new, READER) == CURSOR
    with pytest.raises(ExpiredCursor):
        before.open_log(new, READER)
    twice = CursorCipher((await rotated(store, "cursors")).cursors)
    assert [twice.open_log(each, READER) for each in (old, new)] == [CURSOR, CURSOR]


async def test_ids_of_keys_go_on_from_the_first_of_cursors_which_is_drawn(store: Store) -> None:
    ((first, _),) = (await store.read(load_secrets)).cursors
    assert 1_000 <= first <= 50_000, "above the ids of hubs of before, and two bytes hold many more"
    await rotated(store, "tokens")
    ((second, _), _) = (await rotated(store, "cursors")).cursors
    await rotated(store, "tokens")
    third = (await rotated(store, "cursors")).cursors
    assert [key_id for key_id, _ in third] == [third[0][0], second, first]
    assert first < second < third[0][0] < first + 20


async def test_a_store_that_exists_keeps_its_key_of_cursors(store: Store) -> None:
    before = await store.read(load_secrets)
    await store.write(Operation(seed, frozenset({"seed"})))
    assert await store.read(load_secrets) == before


async def test_keys_that_open_nothing_any_more_are_not_loaded(store: Store) -> None:
    old = CursorCipher((await store.read(load_secrets)).cursors).seal_log(CURSOR, READER)
    await rotated(store, "cursors")
    past = {"retired_at": now_in_micros() - KEYS_KEPT - 1}
    retired = update(secrets).where(secrets.c.retired_at.is_not(None)).values(past)
    await store.write(Operation(lambda tx: tx.conn.execute(retired)))
    kept = (await store.read(load_secrets)).cursors
    assert len(kept) == 1
    with pytest.raises(ExpiredCursor):
        CursorCipher(kept).open_log(old, READER)


async def test_old_local_tokens_hold_no_more(store: Store) -> None:
    before = await store.read(load_secrets)
    token = issue(before.tokens, role=Role.ADMIN)
    after = await rotated(store, "tokens")
    with pytest.raises(BadToken):
        await LocalTokens(after.tokens).verify(token)
    assert (await LocalTokens(after.tokens).verify(issue(after.tokens, role=Role.ADMIN))).role is Role.ADMIN
    assert (after.ids, after.cursors, after.hashes, after.contacts) == (
        before.ids,
        before.cursors,
        before.hashes,
        before.contacts,
    )
