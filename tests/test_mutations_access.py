"""revokeAccess: who may, what it takes, and that it is kept once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.api_key import new_api_key, public_id_of
from domain.areas import AreaMap
from domain.time import DAY, micros
from domain.vocabulary import Locale, Role, Scope
from resolvers.inputs import RevokeAccess
from resolvers.outcomes import AccessRevoked
from resolvers.revoking import revoke_access
from resolvers.viewer import Viewer
from storage import tables
from storage.access.api_keys import NewApiKey, creation
from storage.access.persons import agency_id_of
from storage.clock import now_in_micros
from storage.store import Store
from tests.writing import ANONYMOUS, KEY, WritingHub, told, writing_hub


@dataclass
class Scene:
    hub: WritingHub
    admin: Viewer
    woken: list[bool] = field(default_factory=list)

    async def revoke(self, viewer: Viewer | None = None, **named: Any) -> AccessRevoked:
        done: AccessRevoked = await self.hub.call(revoke_access, RevokeAccess(**named), viewer or self.admin)
        return done

    async def kept(self) -> list[tuple[Any, ...]]:
        rows = await self.hub.rows(tables.revocations)
        return [(row["subject"], row["token_id"], row["agency_id"], row["issued_before"]) for row in rows]


@pytest.fixture
async def scene(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Scene]:
    async with writing_hub(store, tmp_path, area_map) as hub:
        made = Scene(hub, await hub.person(Role.ADMIN))
        hub.parts.wake_revocations = lambda: made.woken.append(True)
        yield made


async def test_a_person_up_to_now(scene: Scene) -> None:
    before = now_in_micros()
    done = await scene.revoke(subject="sari")
    assert done.faults == () and done.issued_before is not None
    assert before <= micros(done.issued_before) <= now_in_micros()
    assert await scene.kept() == [("sari", None, None, micros(done.issued_before))]
    assert scene.woken == [True]


async def test_everybody_before_a_moment(scene: Scene) -> None:
    moment = datetime(2026, 1, 31, 18, 5, tzinfo=UTC)
    done = await scene.revoke(issued_before=moment)
    assert done.issued_before == moment
    assert await scene.kept() == [(None, None, None, micros(moment))]


async def test_one_token_or_key_for_good(scene: Scene) -> None:
    key = await _key(scene, "dishub")
    assert (await scene.revoke(token_id="some-jti")).api_keys_ended == 0
    done = await scene.revoke(token_id=key)
    assert (done.api_keys_ended, done.issued_before) == (1, None)
    assert await scene.kept() == [(None, "some-jti", None, None), (None, public_id_of(key), None, None)]
    assert new_api_key()[15:] not in str(await scene.kept()) and key not in str(await scene.kept())


async def test_an_agency_with_its_keys(scene: Scene) -> None:
    for agency in ("dishub", "dishub", "tata_air"):
        await _key(scene, agency)
    done = await scene.revoke(agency="dishub")
    assert done.api_keys_ended == 2
    held = [row["partner"] for row in await scene.hub.rows(tables.api_keys) if row["revoked_at"] is None]
    assert held == ["tata_air"]


async def _key(scene: Scene, agency: str) -> str:
    agency_id = await scene.hub.parts.store.read(agency_id_of, agency)
    asked = NewApiKey("x", agency, agency_id, frozenset({Scope.REPORTS_READ}), now_in_micros() + DAY)
    return await scene.hub.parts.store.write(creation(asked))


async def test_nobody_else_may(scene: Scene) -> None:
    assert told((await scene.revoke(ANONYMOUS, agency="nowhere")).faults) == [("UNAUTHENTICATED", "agency")]
    for role in set(Role) - {Role.ANONYMOUS, Role.ADMIN}:
        done = await scene.revoke(await scene.hub.person(role, f"some {role}"), agency="nowhere")
        assert told(done.faults) == [("FORBIDDEN", "agency")], role
    assert await scene.kept() == [] and scene.woken == []


WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, [("REQUIRED", "subject")]),
    ({"subject": "a", "token_id": "b"}, [("INVALID", "tokenId")]),
    ({"subject": "a", "agency": "dishub"}, [("INVALID", "agency")]),
    ({"subject": "a", "agency": "nowhere"}, [("INVALID", "agency"), ("UNKNOWN", "agency")]),
    ({"token_id": "a", "issued_before": datetime(2026, 1, 1, tzinfo=UTC)}, [("INVALID", "issuedBefore")]),
    ({"issued_before": datetime.now(UTC) + timedelta(days=300)}, [("IN_THE_FUTURE", "issuedBefore")]),
    ({"subject": ""}, [("INVALID", "subject")]),
    ({"subject": "a\0"}, [("INVALID", "subject")]),
    ({"token_id": "\ud800"}, [("INVALID", "tokenId")]),
    ({"token_id": "x" * 300}, [("INVALID", "tokenId")]),
    ({"agency": "a\0"}, [("UNKNOWN", "agency")]),
    ({"subject": "a", "idempotency_key": "short"}, [("TOO_SHORT", "idempotencyKey")]),
]


async def test_what_is_wrong_is_told_and_nothing_done(scene: Scene) -> None:
    for named, faults in WRONG:
        done = await scene.revoke(**named)
        assert told(done.faults) == faults, named
        assert all(fault.message[Locale.ID] and fault.message[Locale.EN] for fault in done.faults)
    assert await scene.kept() == [] and scene.woken == []


async def test_a_retry_is_answered_as_the_first_call(scene: Scene) -> None:
    first, again = [await scene.revoke(subject="sari", idempotency_key=KEY) for _ in range(2)]
    assert again == first and len(await scene.kept()) == 1
    other = await scene.revoke(subject="tono", idempotency_key=KEY)
    assert told(other.faults) == [("CONFLICT", "idempotencyKey")] and len(await scene.kept()) == 1
