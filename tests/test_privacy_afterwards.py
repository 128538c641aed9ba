"""A report that is made confidential after the fact is gone, but for one tombstone; made public again, it is all there.

Two hubs live through the same, but in one there was a report in the open, with photo, comments and support, that its
reporter made confidential. From then on its watchers are told what those of the other hub are told, cursors of before
included, and one tombstone besides.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from domain.areas import AreaMap
from domain.vocabulary import EventKind, ReportStatus
from resolvers.acting import comment, set_confidential, support
from resolvers.inputs import CommentOnReport, SetConfidential, SupportReport
from schema.root import graphql_schema
from tests.conftest import ENGINES
from tests.images import plain_jpeg
from tests.privacy_secrets import AT, WATER, floods, open_record, open_reports, open_tickets
from tests.privacy_twins import Twins, living_twins
from tests.privacy_world import PUBLIC, Minute, Watched, first_difference, live_through
from tests.schema_world import everything
from tests.writing import File

pytestmark = pytest.mark.slow

TYPES = {name: kind for name, kind in graphql_schema().type_map.items() if isinstance(kind, GraphQLObjectType)}
WATCHERS = (*PUBLIC, "responder")
EVENT = everything(TYPES["ReportEvent"], 1)
BOX = "{west: 106.6, south: -6.4, east: 107.1, north: -5.9}"
COUNTS = "key splitKey total open resolved breached medianMinutesToRespond"
STREAM = f"subscription ($after: Cursor) {{ reportEvents(after: $after) {EVENT} }}"
THERE_IS = f"""
{{
  reports(first: 50) {{ totalCount edges {{ cursor node {everything(TYPES["Report"], 1)} }} }}
  found: reports(filter: {{search: "setinggi lutut kenanga"}}) {{ totalCount }}
  near: reports(filter: {{near: {{latitude: {AT.latitude}, longitude: {AT.longitude}, withinMeters: 50}}}}) {{ totalCount }}
  sources {{ code recordCount setAsideCount }}
  statistics {{ total open resolved buckets(by: AREA, splitBy: STATUS) {{ {COUNTS} }} days: buckets(by: DAY) {{ {COUNTS} }} }}
  coarse: hexBins(within: {BOX}, resolution: 7) {{ cell total open }}
  fine: hexBins(within: {BOX}, resolution: 11) {{ cell total open }}
  laporTickets {{ totalCount }}
  floodAreas(minimumState: NONE) {{ name reports {{ totalCount }} }}
  possibleDuplicates(location: {{latitude: {AT.latitude}, longitude: {AT.longitude}}}, text: "{WATER}") {{ score report {{ id }} }}
}}
"""


async def told(world: Watched) -> None:
    words = {"text": WATER + " kenanga", "address": "Jalan Kenanga 12", "photos": (File(plain_jpeg()),)}
    await world.tell("regretted", "sari", location=AT, flood_depth_cm=50, **words)


async def spoken_of(world: Watched) -> None:
    said = CommentOnReport(report_id=world.id("regretted"), text="Masih tinggi")
    await world.hub.call(comment, said, world.people["sari"])
    await world.hub.call(support, SupportReport(report_id=world.id("regretted")), world.people["citizen"])
    await world.alter("regretted", EventKind.STATUS_CHANGED, status=ReportStatus.VERIFIED)


async def merged(world: Watched) -> None:
    await world.tell("its double", "sari", text=WATER + " kenanga", location=AT)
    main = world.named["regretted"]
    values = {"duplicate_of_id": main, "status": ReportStatus.DUPLICATE}
    await world.alter("its double", EventKind.MERGED, other_report_id=main, **values)


async def hidden(world: Watched) -> None:
    for name in ("regretted", "its double"):
        given = SetConfidential(report_id=world.id(name), confidential=True)
        assert not (await world.hub.call(set_confidential, given, world.people["sari"])).faults


async def spoken_of_in_confidence(world: Watched) -> None:
    said = CommentOnReport(report_id=world.id("regretted"), text="Sekarang rahasia")
    await world.hub.call(comment, said, world.people["sari"])


STORY = (
    Minute(floods),
    Minute(open_reports),
    Minute(told, secret=True, watched=False),
    Minute(open_record),
    Minute(spoken_of, secret=True, watched=False),
    Minute(merged, secret=True, watched=False),
    Minute(hidden, secret=True, watched=False),
    Minute(open_tickets),
    Minute(spoken_of_in_confidence, secret=True),
)


async def live(world: Watched, secret: bool) -> dict[str, str]:
    starts = {who: await world.stand(who) for who in WATCHERS}
    story = [Minute(each.step, each.secret, watched=False) for each in STORY]
    await live_through(world, story, secret=secret, look=told)
    return starts


@pytest.fixture(scope="module", params=ENGINES)
def twins(
    request: pytest.FixtureRequest, seeded_sqlite: Path, area_map: AreaMap, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Twins]:
    with living_twins(request.param, (False, True), live, seeded_sqlite, area_map, tmp_path_factory) as found:
        yield found


@pytest.mark.parametrize("who", WATCHERS)
class TestWhatWasHiddenAfterwards:
    def test_is_in_no_list_count_map_or_search(self, twins: Twins, who: str) -> None:
        twins.ask(THERE_IS, who)

    def test_is_replayed_as_one_tombstone_each_and_nothing_else(self, twins: Twins, who: str) -> None:
        heard = [
            twins.runner.run(replay(world, who, starts[who]))
            for world, starts in zip(twins.worlds, twins.starts, strict=True)
        ]
        plain = [each["data"]["reportEvents"] for each in heard[1]]
        names = ("regretted", "its double")
        ids = [twins.worlds[1].id(name) for name in names]
        stones = [event for event in plain if event["reportId"] in ids]
        assert [event["reportId"] for event in stones] == ids
        for event in stones:
            said = {name: value for name, value in event.items() if value not in (None, False) and name != "__typename"}
            assert said.keys() == {"id", "cursor", "kind", "at", "reportId"} and event["kind"] == "VISIBILITY_CHANGED"
        rest = [[event["kind"], event["at"]] for event in plain if event not in stones]
        assert rest == [[each["data"]["reportEvents"][name] for name in ("kind", "at")] for each in heard[0]]

    def test_is_not_there_by_id_nor_is_anything_of_it(self, twins: Twins, who: str) -> None:
        world = twins.worlds[1]
        asked = f'{{ report(id: "{world.id("regretted")}") {{ id timeline {{ nodes {{ kind }} }} }} }}'
        assert twins.runner.run(world.ask(who, asked))["data"] == {"report": None}
        asked = f'{{ events(first: 100, filter: {{ids: ["{world.id("regretted")}"]}}) {{ nodes {{ kind matches }} }} }}'
        nodes = twins.runner.run(world.ask(who, asked))["data"]["events"]["nodes"]
        assert {node["matches"] for node in nodes} == {False}


async def replay(world: Watched, who: str, start: str) -> list[Any]:
    await world.listen(who, "all", STREAM, start)
    heard = await world.ears[who, "all"].hear(await world.stand(who))
    await world.leave_off()
    return heard


def test_made_public_again_all_is_told_but_what_was_said_in_confidence(twins: Twins) -> None:
    """The comment itself is the report's and shows with it; that it was made is told to nobody afterwards."""
    world, runner = twins.worlds[1], twins.runner
    given = SetConfidential(report_id=world.id("regretted"), confidential=False)
    assert not runner.run(world.hub.call(set_confidential, given, world.people["sari"])).faults
    asked = f'{{ report(id: "{world.id("regretted")}") {{ timeline {{ nodes {{ kind }} }} supportCount photos {{ url }} }} }}'
    report = runner.run(world.ask("anonymous", asked))["data"]["report"]
    kinds = [node["kind"] for node in report["timeline"]["nodes"]]
    assert kinds.count("COMMENTED") == 1 and kinds[0] == "CREATED" and kinds[-1] == "VISIBILITY_CHANGED"
    assert report["supportCount"] == 1 and "?" not in report["photos"][0]["url"]
    told_of = [
        each["data"]["reportEvents"] for each in runner.run(replay(world, "anonymous", twins.starts[1]["anonymous"]))
    ]
    mine = [(each["kind"], each["matches"]) for each in told_of if each["reportId"] == world.id("regretted")]
    assert mine[0] == ("CREATED", True) and mine.count(("VISIBILITY_CHANGED", False)) == 1
    assert mine[-1] == ("VISIBILITY_CHANGED", True)


def test_transcripts_can_part() -> None:
    """That the comparison these tests rest on finds a difference at all."""
    assert first_difference([{"a": [1, 2]}], [{"a": [1, 3]}]) == "entry 0: .a[1]: 2 ≠ 3"
