"""One person who comes in several ways is told, at the same time, of each way by itself: over the real hub and schema."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from domain.areas import AreaMap
from domain.vocabulary import Role
from execution import Engine
from resolvers.context import Context
from resolvers.viewer import ANONYMOUS, Viewer
from schema.root import graphql_schema
from storage.store import Store
from tests.stream_world import world_over
from transport.door import RequestInfo
from transport.door import Viewer as AnyViewer
from transport.http.request import Parameters
from transport.hub import SimpulHub
from transport.operations.documents import PersistedDocuments
from transport.operations.levels import Rate
from transport.operations.running import Operations
from transport.operations.throttle import Throttle

PLENTY = Rate(1e9, 1e9)
INFO = RequestInfo(kind="query", way="http")
ONE, OTHER = datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
SARI = Viewer(
    role=Role.PARTNER,
    person_id=1,
    display_name="Sari",
    agency_id=1,
    scopes=frozenset({"reports:read"}),
    expires_at=ONE,
    issued_at=ONE,
    subject="sari",
    token_id="one",
    follow_hashes=(b"x" * 32,),
    client="a" * 64,
    partner="dishub",
    key_id="one",
)
"""Of whom everything is known."""
DIFFERENT = Viewer(
    role=Role.ADMIN,
    person_id=2,
    display_name="Tono",
    agency_id=2,
    scopes=frozenset(),
    expires_at=OTHER,
    issued_at=OTHER,
    subject="tono",
    token_id="other",
    follow_hashes=(),
    client="b" * 64,
    partner="dinkes",
    key_id="other",
)


class Waiting(SimpulHub):
    """The hub, whose operations wait until they are let on: so all that are asked are under way at once."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.open, self.begun = asyncio.Event(), 0

    @asynccontextmanager
    async def operation(self, viewer: AnyViewer, request: RequestInfo) -> AsyncIterator[Context]:
        self.begun += 1
        await self.open.wait()
        async with super().operation(viewer, request) as context:
            yield context


@pytest.fixture
async def hub(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Waiting]:
    async with world_over(sqlite_store, area_map, tmp_path) as world:
        yield Waiting(Engine(graphql_schema()), world.parts, cast(Any, None))


async def told(hub: Waiting, query: str, *viewers: Viewer) -> list[Any]:
    """What they are told who ask the same at the same time."""
    operations = Operations(hub, PersistedDocuments(), Throttle(PLENTY, PLENTY))
    runs = [operations.run(operations.prepare(Parameters(query), each, "10.0.0.1"), each, INFO) for each in viewers]
    asked = [asyncio.create_task(run.answer()) for run in runs]
    for _ in range(20):
        await asyncio.sleep(0)
    hub.open.set()
    return [(await each).data for each in asked]


async def test_two_tokens_of_one_person_are_each_told_their_own_name_and_end(hub: Waiting) -> None:
    tokens = [Viewer(Role.ADMIN, 3, "Sari", expires_at=ONE), Viewer(Role.ADMIN, 3, "Sari P.", expires_at=OTHER)]
    answers = await told(hub, "{ viewer { displayName sessionExpiresAt } }", *tokens)
    assert [each["viewer"]["displayName"] for each in answers] == ["Sari", "Sari P."]
    assert [each["viewer"]["sessionExpiresAt"][:4] for each in answers] == ["2030", "2031"]


async def test_an_api_key_does_not_open_what_a_token_of_its_partner_does(hub: Waiting) -> None:
    """Scopes are all that a key may do; a token may all that its role may, whatever scopes it names."""
    token = Viewer(Role.PARTNER, 3, scopes=frozenset({"reports:submit"}), partner="dishub")
    answers = await told(hub, "{ statistics { total } }", token, replace(token, key_id="k1"))
    assert [each["statistics"] for each in answers] == [{"total": 0}, None]


async def test_one_token_that_asks_twice_at_once_is_executed_for_once(hub: Waiting) -> None:
    token = Viewer(Role.ADMIN, 3, "Sari", expires_at=ONE)
    answers = await told(hub, "{ viewer { displayName } }", token, replace(token))
    assert [each["viewer"]["displayName"] for each in answers] == ["Sari", "Sari"]
    assert hub.begun == 1


@pytest.mark.parametrize("name", [each.name for each in fields(Viewer)])
def test_whatever_is_known_of_a_viewer_tells_personal_answers_apart(name: str) -> None:
    """Also what is added to Viewer later: then this asks for an example of it."""
    other = getattr(DIFFERENT, name)
    assert other != getattr(SARI, name) != getattr(ANONYMOUS, name), f"SARI and DIFFERENT need a {name} each, not alike"
    hub = SimpulHub(cast(Any, None), cast(Any, None), cast(Any, None))
    keys = {hub.sharing(each, INFO, personal=True) for each in (SARI, replace(SARI, **{name: other}))}
    assert len(keys) == 2


@pytest.mark.parametrize("name", [each.name for each in fields(Viewer)])
def test_what_is_told_to_many_is_made_of_nothing_that_their_sharing_does_not_name(name: str) -> None:
    hub = SimpulHub(cast(Any, None), cast(Any, None), cast(Any, None))
    one, other = SARI, replace(SARI, **{name: getattr(DIFFERENT, name)})
    alike = hub.sharing(one, INFO, personal=False) == hub.sharing(other, INFO, personal=False)
    assert alike == (hub.anybody_like(one) == hub.anybody_like(other))
    assert alike == (name not in {"role", "agency_id", "scopes"})


def test_nobody_in_particular_is_anybody_wherever_he_comes_from() -> None:
    hub = SimpulHub(cast(Any, None), cast(Any, None), cast(Any, None))
    keys = {hub.sharing(Viewer(client=address), INFO, personal=True) for address in ("a", "b")}
    assert len(keys) == 1
