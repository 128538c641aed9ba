"""API keys of partners: how they look, who they make of their bearer, and how those of no use all look alike."""

import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from domain.api_key import LENGTH, PREFIX, _checksum, hash_of_key, is_api_key, new_api_key, public_id_of
from domain.revocation import Revocation
from domain.time import DAY, moment
from domain.vocabulary import Role, Scope
from resolvers.context import HubParts
from resolvers.errors import Overloaded, Unauthenticated
from resolvers.viewer import Viewer
from storage.access.api_keys import NewApiKey, all_api_keys, creation
from storage.access.persons import agency_id_of
from storage.access.revocation_following import RevocationFollower
from storage.access.revocations import revoke
from storage.access.secrets import load_secrets
from storage.clock import now_in_micros
from storage.errors import Overloaded as StoreIsBusy
from storage.store import Store
from storage.tables import api_keys
from storage.writing.transaction import Operation
from transport.door import Credentials
from transport.identity.finding import Identity, identifying
from transport.identity.local_tokens import LocalTokens, issue

READ = frozenset({Scope.REPORTS_READ})


class TestHowTheyLook:
    def test_they_are_whole_words_of_one_length_that_nobody_draws_twice(self) -> None:
        keys = {new_api_key() for _ in range(200)}
        assert len(keys) == 200 and len({public_id_of(key) for key in keys}) == 200
        for key in keys:
            assert is_api_key(key) and len(key) == LENGTH == len(PREFIX) + 57
            assert key.startswith("simpul_") and key.removeprefix(PREFIX).isalnum() and key.isascii()

    @given(st.integers(len(PREFIX), LENGTH - 1), st.sampled_from(string.digits + string.ascii_letters))
    def test_a_wrong_letter_is_noticed(self, at: int, letter: str) -> None:
        key = "simpul_" + "Ab3" * 17
        key += _checksum(key)
        wrong = key[:at] + letter + key[at + 1 :]
        assert is_api_key(wrong) is (wrong == key)

    @given(st.text(max_size=80))
    def test_other_words_are_none(self, text: str) -> None:
        assert not is_api_key(text) and not is_api_key(PREFIX + text)


class Door:
    """An identity on a store, with a follower that looks when it is told to."""

    def __init__(self, store: Store, follower: RevocationFollower, identity: Identity, key: bytes) -> None:
        self.store, self.follower, self.identity, self._key = store, follower, identity, key

    async def key(self, agency: str | None = "dishub", **more: Any) -> str:
        agency_id = None if agency is None else await self.store.read(agency_id_of, agency)
        told = {"name": "Gateway", "partner": agency or "app", "scopes": READ, "expires_at": now_in_micros() + DAY}
        return await self.store.write(creation(NewApiKey(agency_id=agency_id, **told | more)))

    async def viewer(self, key: str, **more: Any) -> Viewer:
        return await self.identity.identify(Credentials(api_key=key, **more))

    async def refusal(self, key: str) -> tuple[str, str]:
        with pytest.raises(Unauthenticated) as refused:
            await self.viewer(key)
        return refused.value.code, str(refused.value)

    def token(self, role: Role = Role.PARTNER, **more: Any) -> str:
        return issue(self._key, role=role, **more)

    async def revoke(self, **named: Any) -> int:
        ended = await self.store.write(Operation(lambda tx: revoke(tx, Revocation(**named))))
        await self.follower.look()
        return ended


@asynccontextmanager
async def door_on(store: Store) -> AsyncIterator[Door]:
    secrets = await store.read(load_secrets)
    follower = RevocationFollower(store)
    await follower.look()
    yield Door(store, follower, Identity(store, LocalTokens(secrets.tokens), follower, secrets.hashes), secrets.tokens)


@pytest.fixture
async def door(store: Store) -> AsyncIterator[Door]:
    async with door_on(store) as made:
        yield made


class TestWhoComes:
    async def test_a_partner_with_the_keys_rights(self, door: Door) -> None:
        key = await door.key()
        viewer = await door.viewer(key, client_address="192.0.2.1", follow_tokens=("one",))
        assert (viewer.role, viewer.partner, viewer.key_id) == (Role.PARTNER, "dishub", public_id_of(key))
        assert viewer.scopes == {"reports:read"} and viewer.agency_id is not None and viewer.person_id is not None
        assert (viewer.display_name or "").startswith("Dinas Perhubungan") and viewer.scope == "partner:dishub"
        assert viewer.client and len(viewer.follow_hashes) == 1
        (row,) = await door.store.read(all_api_keys)
        assert viewer.expires_at == moment(row.expires_at)

    async def test_two_keys_of_a_partner_are_one_partner_and_a_token_is_too(self, door: Door) -> None:
        one, two = [await door.viewer(await door.key(name=name)) for name in "ab"]
        token = await door.identity.identify(Credentials(bearer=door.token(agency="dishub")))
        assert one.person_id == two.person_id
        assert one.scope == two.scope == token.scope == "partner:dishub"
        assert one.key_id != two.key_id and token.key_id is None

    async def test_a_partner_that_is_no_agency(self, door: Door) -> None:
        viewer = await door.viewer(await door.key(None))
        assert (viewer.agency_id, viewer.partner, viewer.display_name) == (None, "app", "app")

    async def test_a_partner_without_an_agency_is_named_by_nothing_of_his(self, door: Door) -> None:
        one, again, other = [
            await door.identity.identify(Credentials(bearer=door.token(subject=subject)))
            for subject in ("dishub", "dishub", "d" * 200)
        ]
        assert one.partner == again.partner and one.partner != other.partner
        for viewer in (one, other):
            assert viewer.partner is not None and "d" * 9 not in viewer.partner and "dishub" not in viewer.partner
            assert len(viewer.partner) <= 64 and viewer.agency_id is None

    async def test_the_store_has_a_hash_and_never_the_key(self, door: Door) -> None:
        key = await door.key()
        rows = await door.store.read(lambda conn: conn.execute(select(api_keys)).all())
        assert rows[0].key_hash == hash_of_key(key) and key[15:58] not in repr(rows)

    async def test_either_a_token_or_a_key(self, door: Door) -> None:
        both = Credentials(api_key=await door.key(), bearer=door.token())
        with pytest.raises(Unauthenticated, match="not both"):
            await door.identity.identify(both)

    async def test_what_is_no_key_is_told_without_asking_the_store(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(door.store, "read", None)
        key = new_api_key()
        for wrong in (key[:-1], key + "a", "ey.ey.ey", key.replace("simpul", "simpel"), "x" * 100_000):
            assert "copied whole" in (await door.refusal(wrong))[1]

    async def test_unknown_revoked_and_expired_keys_look_alike(self, door: Door) -> None:
        revoked, of_agency, expired = [await door.key(name=name) for name in "abc"]
        for key in (revoked, of_agency, expired):
            await door.viewer(key)
        assert await door.revoke(token_id=public_id_of(revoked)) == 1
        past = update(api_keys).where(api_keys.c.public_id == public_id_of(expired)).values(expires_at=1)
        await door.store.write(Operation(lambda tx: tx.conn.execute(past)))
        agency_id = await door.store.read(agency_id_of, "dishub")
        assert await door.revoke(agency_id=agency_id, issued_before=now_in_micros()) == 2
        told = {await door.refusal(key) for key in (new_api_key(), revoked, of_agency, expired)}
        assert told == {("UNAUTHENTICATED", next(iter(told))[1])}

    async def test_a_known_key_costs_no_statement(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        key = await door.key()
        await door.viewer(key)
        await door.identity.close()
        monkeypatch.setattr(door.store, "read", None)
        monkeypatch.setattr(door.store, "write", None)
        for _ in range(3):
            assert (await door.viewer(key)).key_id == public_id_of(key)

    async def test_the_day_of_use_is_kept_and_no_more(self, door: Door) -> None:
        key, never = await door.key(), await door.key(name="never used")
        before = now_in_micros()
        for _ in range(3):
            await door.viewer(key)
        await door.identity.close()
        used = {row.public_id: row.used_at for row in await door.store.read(all_api_keys)}
        assert used[public_id_of(never)] is None
        assert used[public_id_of(key)] in (before // DAY * DAY, now_in_micros() // DAY * DAY)

    async def test_a_use_just_before_the_hub_stops_is_kept(self, door: Door) -> None:
        key = await door.key()
        parts = cast(HubParts, SimpleNamespace(store=door.store))
        async with identifying(parts, await door.store.read(load_secrets), None) as identity:
            await identity.identify(Credentials(api_key=key))
        (row,) = await door.store.read(all_api_keys)
        assert row.used_at is not None

    async def test_a_day_that_cannot_be_noted_keeps_nobody_out(
        self, door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def busy(_: object) -> None:
            raise StoreIsBusy(1.0)

        key = await door.key()
        monkeypatch.setattr(door.store, "write", busy)
        assert (await door.viewer(key)).key_id == public_id_of(key)
        await door.identity.close()
        assert "could not be noted" in caplog.text and key not in caplog.text

    async def test_a_newcomer_at_a_busy_store_is_told_to_come_again(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def busy(_: object) -> None:
            raise StoreIsBusy(2.0)

        monkeypatch.setattr(door.store, "write", busy)
        with pytest.raises(Overloaded) as refused:
            await door.identity.identify(Credentials(bearer=door.token(subject="new")))
        assert refused.value.extensions == {"retryAfter": 2.0}

    async def test_an_agency_that_is_not_there(self, door: Door) -> None:
        with pytest.raises(Unauthenticated, match="agency") as refused:
            await door.identity.identify(Credentials(bearer=door.token(agency="nowhere")))
        assert "nowhere" not in str(refused.value)
