"""The served subscriptions: what each tells first, the cursor beside it, and how a reader goes on from there."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.areas import AreaMap
from domain.vocabulary import Locale, Role, Scope
from execution import Answer, RequestRefused, Stream
from resolvers.source_stream import SourceWatch
from resolvers.viewer import Viewer
from storage.events.tail import LogTail
from storage.reports.follow import hash_of
from storage.store import Store
from tests.schema_world import SchemaWorld, schema_world
from tests.writing import ANONYMOUS

SECONDS = 10


@pytest.fixture
async def world(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[SchemaWorld]:
    tail = LogTail(sqlite_store)
    await tail.start()
    async with schema_world(sqlite_store, area_map, tmp_path) as made:
        made.hub.parts.log = tail
        made.hub.parts.source_watch = SourceWatch(sqlite_store)
        yield made
    await tail.stop()


@asynccontextmanager
async def listening(
    world: SchemaWorld, question: str, variables: dict[str, Any] | None = None, viewer: Viewer = ANONYMOUS
) -> AsyncIterator[Stream]:
    prepared = world.engine.prepare(question, None, variables)
    stream = await world.engine.subscribe(prepared, lambda: world.hub.context(viewer, Locale.EN))
    async with aclosing(stream):
        yield stream


async def told(stream: Stream) -> Answer:
    """The next answer, without errors."""
    answer = await asyncio.wait_for(anext(stream), SECONDS)
    assert answer.errors is None
    return answer


NEW = "subscription ($after: Cursor) { newReports(after: $after) { kind cursor matches report { text category { code } } } }"


async def test_a_new_report_is_told_and_the_stream_can_be_taken_up_behind_it(world: SchemaWorld) -> None:
    async with listening(world, NEW) as stream:
        await world.hub.submit(text="Pohon tumbang di jalan raya", category="fallen_tree")
        first = await told(stream)
    event = (first.data or {})["newReports"]
    assert event["report"] == {"text": "Pohon tumbang di jalan raya", "category": {"code": "fallen_tree"}}
    assert first.extensions == {"cursor": event["cursor"]} and event["matches"]
    await world.hub.submit(text="Sampah menumpuk di kali", category="waste")
    async with listening(world, NEW, first.extensions and {"after": first.extensions["cursor"]}) as stream:
        assert ((await told(stream)).data or {})["newReports"]["report"]["category"] == {"code": "waste"}


async def test_the_log_cursor_of_a_query_is_where_a_stream_begins(world: SchemaWorld) -> None:
    stood = (await world.data("{ logCursor reports { totalCount } }"))["logCursor"]
    await world.hub.submit(text="Lampu jalan padam")
    question = "subscription ($a: Cursor) { reportEvents(kinds: [CREATED], after: $a) { reportId report { id text } } }"
    async with listening(world, question, {"a": stood}) as stream:
        event = ((await told(stream)).data or {})["reportEvents"]
    assert event["report"] == {"id": event["reportId"], "text": "Lampu jalan padam"}


async def test_flood_areas_begin_with_a_snapshot_and_its_end(world: SchemaWorld) -> None:
    question = (
        "subscription { floodAreas(minimumState: MINOR) { kind state previousState at cursor area { name state } } }"
    )
    async with listening(world, question) as stream:
        first, end = [((await told(stream)).data or {})["floodAreas"] for _ in range(2)]
    assert (first["kind"], first["state"], first["previousState"]) == ("SNAPSHOT", "MODERATE", None)
    assert first["area"] == {"name": "Kampung Melayu RW 07", "state": "MODERATE"}
    assert (end["kind"], end["area"], end["state"]) == ("SNAPSHOT_END", None, None)


MINES = (
    "{ reports(filter: {mine: true}) { totalCount nodes { id } } }",
    "{ statistics(filter: {mine: true}) { total } }",
    "{ hexBins(filter: {mine: false}, within: {west: 106, south: -7, east: 107, north: -6}, resolution: 7) { total } }",
    "{ events(first: 5, filter: {mine: true}) { nodes { kind } } }",
    "subscription { reportEvents(filter: {mine: true}) { kind reportId } }",
    "subscription { newReports(filter: {mine: true}) { kind reportId } }",
)


async def asked_or_listened(world: SchemaWorld, question: str, viewer: Viewer) -> None:
    """Raises what is refused, whichever way it is asked."""
    if question.startswith("subscription"):
        async with listening(world, question, viewer=viewer):
            return
    answer = await world.ask(question, viewer=viewer)
    if errors := answer.get("errors"):
        raise RequestRefused(errors, errors[0]["extensions"]["code"])


@pytest.mark.parametrize("question", MINES)
async def test_mine_is_no_way_for_a_partner_to_list_what_it_sent(world: SchemaWorld, question: str) -> None:
    """An empty list would look as if nothing had come in."""
    partner = replace(await world.hub.person(Role.PARTNER, agency="dishub"), key_id="k", scopes=frozenset(Scope))
    sent = await world.hub.submit(partner, source_ref="A-1")
    with pytest.raises(RequestRefused, match=re.escape('sources: ["dishub"]')) as refused:
        await asked_or_listened(world, question, partner)
    assert refused.value.code == "FORBIDDEN"
    listed = await world.data('{ reports(filter: {sources: ["dishub"]}) { nodes { sourceRef } } }', viewer=partner)
    assert listed["reports"]["nodes"] == [{"sourceRef": "A-1"}]
    follower = replace(partner, follow_hashes=(hash_of(sent.follow_token or ""),))
    await asked_or_listened(world, question, follower)
    mine = await world.data("{ reports(filter: {mine: true}) { nodes { sourceRef } } }", viewer=follower)
    assert mine == {"reports": {"nodes": [{"sourceRef": "A-1"}]}}


async def test_sources_begin_with_each_as_it_is(world: SchemaWorld) -> None:
    async with listening(world, "subscription { sources { code state setAsideCount } }") as stream:
        codes = {((await told(stream)).data or {})["sources"]["code"] for _ in range(4)}
    assert codes == {"simpul", "qlue", "peta_jakarta", "lapor"}


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ('subscription { newReports(after: "nonsense") { kind } }', "INVALID_CURSOR"),
        ('subscription { reportEvents(filter: {search: "air"}) { kind } }', "BAD_USER_INPUT"),
        ("subscription { reportEvents(filter: {mine: true}) { kind } }", "UNAUTHENTICATED"),
        ('subscription { floodAreas(area: "nowhere") { kind } }', "BAD_USER_INPUT"),
    ],
)
async def test_what_cannot_be_listened_to_is_refused_at_once(world: SchemaWorld, question: str, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        async with listening(world, question):
            pass
    assert refused.value.code == code
