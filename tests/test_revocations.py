"""What was revoked is refused: by subject, token, agency or time, at requests and on what is open already."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from domain.api_key import public_id_of
from domain.areas import AreaMap
from domain.revocation import TOKENS_LIVE, Revocation, Revocations, Shown
from domain.time import SECOND
from domain.vocabulary import Role
from resolvers.errors import Unauthenticated
from storage.access.persons import agency_id_of
from storage.access.revocation_following import RevocationFollower, following_revocations
from storage.access.revocations import forget_revocations, read_revocations, revoke
from storage.clock import now_in_micros
from storage.photos.folder import FolderPhotoStore
from storage.store import Store
from storage.tables import revocations
from storage.writing.transaction import Operation
from tests.test_api_keys import Door, door_on
from transport.door import Credentials
from worker.sweeping import Sweeping
from worker.work import Work

names = st.sampled_from(["a", "b", None])
moments = st.integers(1, 9)
entries = st.one_of(
    st.builds(Revocation, token_id=st.sampled_from(["t", "u"])),
    st.builds(Revocation, subject=st.sampled_from(["a", "b"]), issued_before=moments),
    st.builds(Revocation, agency_id=st.sampled_from([1, 2]), issued_before=moments),
    st.builds(Revocation, issued_before=moments),
)
credentials = st.builds(
    Shown,
    subject=names,
    token_id=st.sampled_from(["t", "u", None]),
    agency_id=st.sampled_from([1, 2, None]),
    issued_at=moments,
    is_key=st.booleans(),
)


def covered(entry: Revocation, shown: Shown) -> bool:
    """The rule, an entry at a time."""
    if entry.token_id is not None:
        return entry.token_id == shown.token_id
    if shown.issued_at >= (entry.issued_before or 0):
        return False
    if entry.agency_id is not None:
        return entry.agency_id == shown.agency_id
    return not shown.is_key and entry.subject in (None, shown.subject)


@given(st.lists(entries, max_size=6), credentials)
def test_they_cover_what_one_of_them_covers(told: list[Revocation], shown: Shown) -> None:
    assert Revocations.of(told).cover(shown) is any(covered(entry, shown) for entry in told)


@pytest.fixture
async def door(store: Store) -> AsyncIterator[Door]:
    async with door_on(store) as made:
        yield made


async def comes(door: Door, bearer: str) -> bool:
    try:
        await door.identity.identify(Credentials(bearer=bearer))
    except Unauthenticated as error:
        assert "revoked" in str(error)
        return False
    return True


async def test_a_persons_tokens_until_now(door: Door) -> None:
    sari, tono = door.token(Role.CITIZEN, subject="sari"), door.token(Role.CITIZEN, subject="tono")
    assert await comes(door, sari)
    await door.revoke(subject="sari", issued_before=now_in_micros() + SECOND)
    assert not await comes(door, sari) and await comes(door, tono)
    await door.revoke(subject="tono", issued_before=now_in_micros() - 60 * SECOND)
    assert await comes(door, tono), "it was issued after that"


async def test_one_token_of_a_person_that_has_two(door: Door) -> None:
    one, two = door.token(subject="sari"), door.token(subject="sari")
    viewer = await door.identity.identify(Credentials(bearer=one))
    await door.revoke(token_id=viewer.token_id)
    assert not await comes(door, one) and await comes(door, two)


async def test_an_agencys_tokens_and_keys(door: Door) -> None:
    ours, other = door.token(agency="dishub"), door.token(agency="tata_air")
    key, others = await door.key("dishub"), await door.key("tata_air")
    agency_id = await door.store.read(agency_id_of, "dishub")
    assert await door.revoke(agency_id=agency_id, issued_before=now_in_micros() + SECOND) == 1
    assert not await comes(door, ours) and await comes(door, other)
    assert (await door.viewer(others)).partner == "tata_air"
    assert (await door.refusal(key))[0] == "UNAUTHENTICATED"


async def test_everybodys_tokens_but_no_keys(door: Door) -> None:
    token, key = door.token(Role.ADMIN), await door.key()
    await door.revoke(issued_before=now_in_micros() + SECOND)
    assert not await comes(door, token)
    assert (await door.viewer(key)).key_id == public_id_of(key)
    assert (await door.identity.identify(Credentials())).anonymous


async def test_a_revoked_key_is_ended_once(door: Door) -> None:
    key = await door.key()
    assert [await door.revoke(token_id=public_id_of(key)) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("named", ["subject", "token", "agency", "time"])
async def test_what_is_open_hears_of_it_and_nothing_else_does(door: Door, named: str) -> None:
    viewer = await door.identity.identify(Credentials(bearer=door.token(subject="sari", agency="dishub")))
    other = await door.identity.identify(Credentials(bearer=door.token(subject="tono", agency="tata_air")))
    waiting, others, nobodys = [
        asyncio.create_task(door.identity.until_revoked(each))
        for each in (viewer, other, await door.identity.identify(Credentials()))
    ]
    await asyncio.sleep(0)
    soon = now_in_micros() + SECOND
    entry: dict[str, dict[str, Any]] = {
        "subject": {"subject": "sari", "issued_before": soon},
        "token": {"token_id": viewer.token_id},
        "agency": {"agency_id": viewer.agency_id, "issued_before": soon},
        "time": {"issued_before": soon},
    }
    await door.revoke(**entry[named])
    assert await waiting == "This token was revoked: sign in again."
    await asyncio.sleep(0)
    assert others.done() is (named == "time") and not nobodys.done()
    for task in (others, nobodys):
        task.cancel()
    await asyncio.gather(others, nobodys, return_exceptions=True)


async def test_whoever_waits_after_it_was_revoked_does_not_wait(door: Door) -> None:
    viewer = await door.viewer(await door.key())
    await door.revoke(token_id=viewer.key_id)
    assert await door.identity.until_revoked(viewer) == "This API key was revoked."


async def test_a_process_hears_of_what_another_wrote(store: Store) -> None:
    shown = Shown("sari", "t", None, 1)
    async with following_revocations(store) as follower:
        begun = time.monotonic()
        waiting = asyncio.create_task(follower.until_covered(shown))
        await store.write(Operation(lambda tx: revoke(tx, Revocation(token_id="t"))))
        await asyncio.wait_for(waiting, 5)
        assert time.monotonic() - begun < 5


async def test_one_that_starts_knows_what_was_revoked_before(store: Store) -> None:
    await store.write(Operation(lambda tx: revoke(tx, Revocation(token_id="t"))))
    async with following_revocations(store) as follower:
        assert follower.covers(Shown("sari", "t", None, 1))


async def test_it_goes_on_after_the_store_was_away(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    follower = RevocationFollower(store, poll_seconds=0.01)
    await follower.look()
    asked = asyncio.Event()

    async def away(*_: object) -> None:
        asked.set()
        raise ConnectionError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", away)
        following = asyncio.create_task(follower.follow())
        await asked.wait()
    await store.write(Operation(lambda tx: revoke(tx, Revocation(token_id="t"))))
    await asyncio.wait_for(follower.until_covered(Shown(None, "t", None, 1)), 5)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert "could not be read" in caplog.text


async def test_looking_where_nothing_changed_reads_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = RevocationFollower(store)
    await store.write(Operation(lambda tx: revoke(tx, Revocation(token_id="t"))))
    await follower.look()
    version, read, asked = follower.version, store.read, []

    async def counted(function: Any, *given: Any) -> Any:
        asked.append(function.__name__)
        return await read(function, *given)

    monkeypatch.setattr(store, "read", counted)
    for _ in range(3):
        await follower.look()
    assert asked == ["state_of_revocations"] * 3 and follower.version == version


async def test_entries_are_forgotten_when_every_token_has_run_out(store: Store) -> None:
    now = now_in_micros()
    later = now + (TOKENS_LIVE + 2 * 3600) * SECOND
    told = [Revocation(token_id="t"), Revocation("sari", issued_before=now), Revocation("tono", issued_before=later)]
    for entry in told:
        await store.write(Operation(lambda tx, entry=entry: revoke(tx, entry)))  # type: ignore[misc]
    await store.write(Operation(lambda tx: forget_revocations(tx, now + (TOKENS_LIVE - 3600) * SECOND)))
    assert (await store.read(read_revocations)).tokens == {"t"}
    await store.write(Operation(lambda tx: forget_revocations(tx, later)))
    assert await store.read(read_revocations) == Revocations.of(told[2:])


async def test_the_worker_forgets_them(store: Store, area_map: AreaMap, tmp_path: Path) -> None:
    await store.write(Operation(lambda tx: revoke(tx, Revocation("sari", issued_before=1))))
    await store.write(Operation(lambda tx: revoke(tx, Revocation(token_id="t"))))
    await store.write(
        Operation(
            lambda tx: tx.conn.execute(update(revocations).where(revocations.c.token_id.is_(None)).values(created_at=1))
        )
    )
    await Sweeping(Work(store, FolderPhotoStore(tmp_path), lambda: area_map, {}, bytes(32)), "here").round()
    assert await store.read(read_revocations) == Revocations(tokens={"t"})
