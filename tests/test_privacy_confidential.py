"""Confidential reports: whoever may not see them cannot tell that there are any.

Two hubs live through the same evening in the open. In one of them confidential reports come in between, are changed,
commented on, supported, merged, handed on and joined to tickets. The watchers of both are told the same: answers, counts,
hexagons, events, cursors and where pings stand, minute by minute and afterwards.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType
from sqlalchemy import or_, select

from domain.areas import AreaMap
from domain.sealing import Kind
from schema.root import graphql_schema
from storage import tables
from tests.conftest import ENGINES
from tests.privacy_secrets import AT, HIDDEN, STORY, WATER
from tests.privacy_twins import Twins, living_twins
from tests.privacy_world import PUBLIC, Watched, first_difference, live_through
from tests.schema_world import everything
from tests.test_statements_counted import statements_of

pytestmark = pytest.mark.slow(seconds=20)

TYPES = {name: kind for name, kind in graphql_schema().type_map.items() if isinstance(kind, GraphQLObjectType)}
WATCHERS = (*PUBLIC, "responder")
REPORT = everything(TYPES["Report"], 1)
EVENT = everything(TYPES["ReportEvent"], 1)
BOX = "{west: 106.6, south: -6.4, east: 107.1, north: -5.9}"
COUNTS = "key splitKey total open resolved breached medianMinutesToRespond medianMinutesToResolve"
PAGE = (
    "totalCount edges { cursor node { id text updatedAt receivedAt } } pageInfo { hasNextPage startCursor endCursor }"
)
GLANCE = f"""
{{
  logCursor
  reports(orderBy: RECENTLY_UPDATED, first: 3) {{ {PAGE} }}
  events(first: 100) {{ nodes {{ id kind at cursor reportId matches }} pageInfo {{ hasNextPage endCursor }} }}
  sources {{ code state recordCount setAsideCount lastSuccessAt lastErrorAt lagSeconds }}
  statistics {{ total open resolved breached medianMinutesToRespond buckets(by: AREA, splitBy: STATUS) {{ {COUNTS} }} }}
  province: statistics(filter: {{areas: ["31"]}}) {{ total medianMinutesToRespond medianMinutesToResolve }}
  area(code: "31") {{ statistics {{ total medianMinutesToRespond }} reports {{ totalCount }} }}
  coarse: hexBins(within: {BOX}, resolution: 7) {{ cell total open }}
  fine: hexBins(within: {BOX}, resolution: 11) {{ cell total open }}
  laporTickets {{ totalCount edges {{ cursor node {{ id trackingId }} }} }}
  floodAreas(minimumState: NONE) {{ name reports {{ totalCount }} }}
  possibleDuplicates(location: {{latitude: {AT.latitude}, longitude: {AT.longitude}}}, text: "{WATER}") {{ score report {{ id }} }}
}}
"""
STREAMS = {
    "all": f"subscription ($after: Cursor) {{ reportEvents(after: $after) {EVENT} }}",
    "new": f"subscription ($after: Cursor) {{ newReports(after: $after, includeBackfill: true) {EVENT} }}",
    "near": "subscription ($after: Cursor) { reportEvents(after: $after, filter: {near: {latitude: -6.2247, longitude:"
    " 106.8602, withinMeters: 500}}) { kind at cursor reportId matches } }",
    "floods": "subscription ($after: Cursor) { floodAreas(after: $after, minimumState: NONE) { kind at cursor state } }",
}


async def live(world: Watched, secret: bool) -> dict[str, str]:
    starts = {who: await world.stand(who) for who in WATCHERS}
    for who in WATCHERS:
        for name, subscription in STREAMS.items():
            await world.listen(who, name, subscription, starts[who])
    await live_through(world, STORY, secret=secret, look=glance)
    await world.leave_off()
    return starts


async def glance(world: Watched) -> None:
    for who in world.looking(WATCHERS):
        answer = await world.note(who, GLANCE)
        assert "errors" not in answer, answer["errors"]


@pytest.fixture(scope="module", params=ENGINES)
def twins(
    request: pytest.FixtureRequest, seeded_sqlite: Path, area_map: AreaMap, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Twins]:
    """A hub without the secrets, and one with them."""
    with living_twins(request.param, (False, True), live, seeded_sqlite, area_map, tmp_path_factory) as found:
        yield found


def test_there_is_something_to_hide(twins: Twins) -> None:
    question = "{ reports { totalCount } sources { code recordCount } }"
    without, with_them = (twins.runner.run(world.ask("admin", question))["data"] for world in twins.worlds)
    assert with_them["reports"]["totalCount"] == without["reports"]["totalCount"] + len(HIDDEN)
    assert with_them["sources"] != without["sources"]


@pytest.mark.parametrize("who", WATCHERS)
class TestNobodyNoticesThem:
    def test_not_while_they_come_in_and_are_worked_on(self, twins: Twins, who: str) -> None:
        one, other = (world.transcript[who] for world in twins.worlds)
        assert not first_difference(one, other), first_difference(one, other)
        assert sum(len(entry["heard"]) for entry in one if "heard" in entry) > 20, "there was something to hear"

    def test_not_by_the_whole_of_what_is_there(self, twins: Twins, who: str) -> None:
        twins.compare(f"{{ reports(first: 50) {{ nodes {REPORT} }} }}", who)
        twins.compare(f"{{ events(first: 100) {{ nodes {everything(TYPES['ReportEvent'], 2)} }} }}", who)
        twins.compare(f"{{ laporTickets {{ nodes {everything(TYPES['LaporTicket'], 2)} }} }}", who)
        twins.compare(f"{{ sources {everything(TYPES['Source'], 1)} }}", who)
        alike = "{ score distanceMeters report { id } }"
        twins.compare(f"{{ reports {{ nodes {{ id possibleDuplicates(first: 20) {alike} }} }} }}", who)

    @pytest.mark.parametrize("order", ["NEWEST", "OLDEST", "RECENTLY_UPDATED", "MOST_SUPPORTED", "DUE_FIRST"])
    def test_not_by_turning_pages(self, twins: Twins, who: str, order: str) -> None:
        question = f"query ($a: Cursor) {{ reports(orderBy: {order}, first: 2, after: $a) {{ {PAGE} }} }}"
        after: list[str | None] = [None, None]
        for _ in range(4):
            answers = twins.ask(question, who, [{"a": each} for each in after])
            after = [each["data"]["reports"]["pageInfo"]["endCursor"] for each in answers]

    @pytest.mark.parametrize("words", ["rahasia", "kenanga", "banjir", "pungli", "pindah", "lagi -rahasia"])
    def test_not_by_their_words(self, twins: Twins, who: str, words: str) -> None:
        asked = {"f": {"search": words}}
        twins.compare(
            f"query ($f: ReportFilter) {{ reports(filter: $f) {{ {PAGE} }} statistics(filter: $f) {{ total }} }}",
            who,
            asked,
        )

    def test_not_by_a_partner_who_told_nothing_in_the_open(self, twins: Twins, who: str) -> None:
        twins.compare('{ source(code: "tata_air") { id name } }', who)
        twins.ask('{ reports(filter: {sources: ["tata_air"]}) { totalCount } }', who)

    def test_not_by_replaying_what_happened(self, twins: Twins, who: str) -> None:
        for world, starts in zip(twins.worlds, twins.starts, strict=True):
            twins.runner.run(replay(world, who, starts[who]))
        one, other = (world.transcript[who][-len(STREAMS) :] for world in twins.worlds)
        assert not first_difference(one, other), first_difference(one, other)
        assert sum(len(entry["heard"]) for entry in one) > 10


async def replay(world: Watched, who: str, start: str) -> None:
    for name, subscription in STREAMS.items():
        await world.listen(who, name, subscription, start)
    await world.hear()
    await world.leave_off()


ACTS = {
    "supportReport": "supportReport(input: {reportId: $id}) { report { id } userErrors { code message path } }",
    "commentOnReport": 'commentOnReport(input: {reportId: $id, text: "Apa ini?"}) { report { id } userErrors { code message path } }',
    "withdrawReport": "withdrawReport(input: {reportId: $id}) { report { id } userErrors { code message path } }",
    "setConfidential": "setConfidential(input: {reportId: $id, confidential: true}) { report { id } userErrors { code message path } }",
    "a token that is none": 'withdrawReport(input: {reportId: $id, followToken: "abc"}) { report { id } userErrors { code message path } }',
}


@pytest.fixture(scope="module")
def quiet(twins: Twins) -> None:
    """Nothing reads the store by itself any more, so that statements can be counted."""
    world = twins.worlds[1]
    twins.runner.run(world.tail.stop())
    twins.runner.run(world.hub.parts.store._stop_polling())


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("who", WATCHERS)
class TestAHiddenReportLooksLikeNone:
    """The same answer, after as many statements, as for what does not exist."""

    def alike(self, twins: Twins, who: str, question: str, hidden: Any, nothing: Any) -> None:
        world = twins.worlds[1]
        answers, numbers = [], []
        for variables in (nothing, hidden):
            with statements_of(world.hub.parts.store) as sent:
                answers.append(twins.runner.run(world.ask(who, question, variables)))
            numbers.append(sum(map(len, sent.values())))
        assert answers[0] == answers[1]
        assert numbers[0] == numbers[1] > 0

    @pytest.mark.parametrize("name", HIDDEN)
    def test_by_id_and_by_code(self, twins: Twins, who: str, name: str) -> None:
        world = twins.worlds[1]
        nothing = {"id": world.hub.id(900_000)}
        self.alike(
            twins,
            who,
            f"query ($id: ID!) {{ node(id: $id) {{ id }} report(id: $id) {REPORT} }}",
            {"id": world.id(name)},
            nothing,
        )
        code = twins.runner.run(world.ask("admin", f'{{ report(id: "{world.id(name)}") {{ code }} }}'))["data"][
            "report"
        ]["code"]
        self.alike(twins, who, "query ($c: String) { report(code: $c) { id text } }", {"c": code}, {"c": "2222-ZZZZ"})
        listed = "query ($id: ID!) { reports(filter: {ids: [$id]}) { totalCount nodes { id } } events(filter: {ids: [$id]}) { nodes { id } } }"
        self.alike(twins, who, listed, {"id": world.id(name)}, nothing)

    @pytest.mark.parametrize("act", ACTS)
    def test_to_who_would_do_something_to_it(self, twins: Twins, who: str, act: str) -> None:
        world = twins.worlds[1]
        question = f"mutation ($id: ID!) {{ {ACTS[act]} }}"
        self.alike(twins, who, question, {"id": world.id("told")}, {"id": world.hub.id(900_000)})

    @pytest.mark.parametrize("kind", [Kind.PHOTO, Kind.COMMENT, Kind.REPORT_EVENT, Kind.LAPOR_TICKET, Kind.FORWARDING])
    def test_nor_is_there_anything_of_it(self, twins: Twins, who: str, kind: Kind) -> None:
        world = twins.worlds[1]
        secret = twins.runner.run(rows_of_secrets(world, kind))
        assert secret
        for row in secret:
            variables = {"id": world.hub.id(row, kind)}
            self.alike(
                twins, who, "query ($id: ID!) { node(id: $id) { id } }", variables, {"id": world.hub.id(900_000, kind)}
            )

    def test_by_a_sources_number_or_a_tickets(self, twins: Twins, who: str) -> None:
        for source, ref in (("qlue", "r1"), ("lapor", "7777")):
            question = f'query ($r: String!) {{ reportBySourceRef(source: "{source}", sourceRef: $r) {{ id }} }}'
            self.alike(twins, who, question, {"r": ref}, {"r": "none"})
        for number in ("7777", "7778", "5555"):
            question = "query ($r: String!) { laporTicket(trackingId: $r) { id } }"
            self.alike(twins, who, question, {"r": number}, {"r": "none"})


async def rows_of_secrets(world: Watched, kind: Kind) -> list[int]:
    """Rows of a kind that belong to reports which are confidential."""
    table = {
        Kind.PHOTO: tables.photos,
        Kind.COMMENT: tables.comments,
        Kind.REPORT_EVENT: tables.events,
        Kind.LAPOR_TICKET: tables.lapor_tickets,
        Kind.FORWARDING: tables.forwardings,
    }[kind]
    key = next(iter(table.primary_key.columns))
    hidden = table.c.report_id.in_([world.named[name] for name in HIDDEN])
    if kind is Kind.LAPOR_TICKET:
        hidden = or_(hidden, table.c.confidential.is_(True))
    return [row[0] for row in await world.sink.store.read(lambda conn: conn.execute(select(key).where(hidden)).all())]
