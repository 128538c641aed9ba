"""A sensitive report's true place: whoever goes by public places hears the same, wherever in its cell it was.

Two hubs live through the same story, but for where in one cell some sensitive reports lie and for all that would tell it
(address, the source's number and page, words and area of tickets, the place in a photo). Everything that people without
rights can ask is asked of both, and everything that subscriptions tell is heard: not one answer may differ.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.areas import AreaMap
from domain.places import Point
from domain.sealing import Kind
from resolvers.duplicates import duplicates_of_submitted
from resolvers.inputs import GivenPoint
from resolvers.outcomes import Submitted
from schema.root import graphql_schema
from storage.rows import DuplicateRow
from tests.conftest import ENGINES
from tests.privacy_places import CENTRE, FLAMBOYAN, KENANGA, MET, Secret, same_cell, story
from tests.privacy_twins import Twins, living_twins
from tests.privacy_world import PUBLIC, Watched, first_difference, live_through
from tests.schema_world import everything

pytestmark = pytest.mark.slow(seconds=50)

TYPES = {name: kind for name, kind in graphql_schema().type_map.items() if isinstance(kind, GraphQLObjectType)}
REPORT = everything(TYPES["Report"], 1)
EVENT = everything(TYPES["ReportEvent"], 2)
SHORT = "{ kind at reportId matches status cursor report { text location { latitude longitude } } }"
AREAS = ("31", "31.71", "31.71.01", "31.71.02", "31.71.01.1001", "31.71.02.1001")
WORDS = (
    "kenanga",
    "flamboyan",
    "musala",
    '"jalan kenanga"',
    '"gang flamboyan"',
    "pengemis -kenanga",
    "pungli -flamboyan",
)
LIST = "totalCount edges { cursor node { id text updatedAt } } pageInfo { hasNextPage startCursor endCursor }"
HEXAGONS = " ".join(
    f"r{n}: hexBins(filter: $f, within: $box, resolution: {n}) {{ cell total open }}" for n in range(5, 12)
)
COUNTS = "key splitKey total open resolved breached medianMinutesToRespond medianMinutesToResolve"
ASKED_WITH_A_FILTER = f"""
query ($f: ReportFilter, $e: ReportFilter, $box: BoundingBoxInput!) {{
  reports(filter: $f, first: 50) {{ {LIST} }}
  {HEXAGONS}
  statistics(filter: $f) {{
    total open medianMinutesToRespond
    areas: buckets(by: AREA, splitBy: CATEGORY) {{ {COUNTS} }} days: buckets(by: DAY, splitBy: STATUS) {{ {COUNTS} }}
  }}
  area(code: "31.71.01") {{ reports(filter: $f) {{ {LIST} }} statistics(filter: $f) {{ total }} }}
  events(filter: $e, first: 100) {{ nodes {{ kind at reportId matches status cursor report {{ id }} }} pageInfo {{ endCursor }} }}
}}
"""
WITHOUT_WORDS = ("search",)
WITH_IDS = ("Photo", "Comment", "Forwarding", "LaporTicket")
CHOSEN = {name: everything(TYPES[name], 1) for name in WITH_IDS}


def box(point: Point, degrees: float) -> dict[str, float]:
    west, east = point.longitude - degrees, point.longitude + degrees
    return {"west": west, "south": point.latitude - degrees, "east": east, "north": point.latitude + degrees}


def near(point: Point, metres: float) -> dict[str, float]:
    return {"latitude": point.latitude, "longitude": point.longitude, "withinMeters": metres}


WIDE = box(CENTRE, 0.2)
FILTERS: list[dict[str, Any]] = [
    {},
    *({"within": box(point, degrees)} for point in MET for degrees in (0.0001, 0.0006, 0.0015, 0.003)),
    *({"near": near(point, metres)} for point in MET for metres in (5, 60, 130, 200, 400)),
    *({"areas": [code]} for code in AREAS),
    *({"search": words} for words in WORDS),
    *({"categories": ["beggars", "crime_disorder"], "within": box(point, 0.0008)} for point in MET),
    {"sources": ["qlue"], "near": near(CENTRE, 120)},
    {"duplicates": True, "areas": ["31.71.01.1001"]},
    {"hasPhotos": True, "within": box(CENTRE, 0.0009)},
]
STREAMS: dict[str, str] = {
    name: f"subscription ($after: Cursor) {{ {root}(after: $after{told}) {EVENT if name == 'all' else SHORT} }}"
    for name, root, told in (
        ("all", "reportEvents", ""),
        ("new", "newReports", ", includeBackfill: true"),
        (
            "at kenanga",
            "reportEvents",
            ", filter: {within: {west: 106.8334, south: -6.171, east: 106.8338, north: -6.1706}}",
        ),
        (
            "at flamboyan",
            "reportEvents",
            ", filter: {near: {latitude: -6.17105, longitude: 106.8312, withinMeters: 40}}",
        ),
        ("in gambir", "reportEvents", ', filter: {areas: ["31.71.01.1001"]}'),
        ("in pasar baru", "newReports", ', filter: {areas: ["31.71.02.1001"], search: "-kenanga pengemis"}'),
    )
}


async def live(world: Watched, secret: Secret) -> dict[str, str]:
    starts = {who: await world.stand(who) for who in PUBLIC}
    for who in PUBLIC:
        for name, subscription in STREAMS.items():
            await world.listen(who, name, subscription)
    await live_through(world, story(secret), secret=True, look=glance)
    await world.leave_off()
    return starts


async def glance(world: Watched) -> None:
    """What a watcher reads again and again."""
    for who in world.looking(PUBLIC):
        question = f"{{ logCursor reports(orderBy: RECENTLY_UPDATED, first: 5) {{ {LIST} }} sources {{ recordCount setAsideCount }} }}"
        await world.note(who, question)


@pytest.fixture(scope="module", params=ENGINES)
def twins(
    request: pytest.FixtureRequest, seeded_sqlite: Path, area_map: AreaMap, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Twins]:
    """Two hubs, of which only those who know the true places know which is which."""
    with living_twins(request.param, (KENANGA, FLAMBOYAN), live, seeded_sqlite, area_map, tmp_path_factory) as found:
        assert found.worlds[0].named == found.worlds[1].named
        yield found


def test_the_story_keeps_to_one_cell() -> None:
    assert same_cell()


@pytest.mark.parametrize("who", PUBLIC)
class TestNothingTellsThePlacesApart:
    def test_not_while_it_happens(self, twins: Twins, who: str) -> None:
        one, other = (world.transcript[who] for world in twins.worlds)
        assert not first_difference(one, other), first_difference(one, other)
        told = [entry for entry in one if entry.get("subscription") == "all" and entry["heard"]]
        assert len(told) > 5, "there was something to hear"

    def test_not_by_any_filter_of_any_list_count_or_map(self, twins: Twins, who: str) -> None:
        for asked in FILTERS[PUBLIC.index(who) :: len(PUBLIC)]:  # by turns: the property below mixes them all
            of_events = {name: value for name, value in asked.items() if name not in WITHOUT_WORDS}
            twins.compare(ASKED_WITH_A_FILTER, who, {"f": asked, "e": of_events, "box": WIDE})

    def test_not_by_the_whole_of_any_report_in_any_order(self, twins: Twins, who: str) -> None:
        for order in ("NEWEST", "OLDEST", "RECENTLY_UPDATED", "MOST_SUPPORTED", "DUE_FIRST"):
            data = twins.compare(f"{{ reports(orderBy: {order}, first: 50) {{ nodes {REPORT} }} }}", who)
        assert sum(each["locationPrecision"] == "FUZZED" for each in data["reports"]["nodes"]) == 4

    def test_not_by_who_is_nearest(self, twins: Twins, who: str) -> None:
        question = f"query ($f: ReportFilter, $a: Cursor) {{ reports(filter: $f, orderBy: NEAREST, first: 2, after: $a) {{ {LIST} }} }}"
        for point in MET:
            after: list[str | None] = [None, None]
            for _ in range(4):
                answers = twins.ask(question, who, [{"f": {"near": near(point, 900)}, "a": each} for each in after])
                after = [each["data"]["reports"]["pageInfo"]["endCursor"] for each in answers]

    def test_not_by_what_may_be_the_same(self, twins: Twins, who: str) -> None:
        alike = "{ score distanceMeters report { id text } }"
        question = (
            "query ($p: CoordinatesInput!, $t: String, $c: String, $m: Float!) {"
            f" possibleDuplicates(location: $p, text: $t, category: $c, withinMeters: $m, first: 20) {alike} }}"
        )
        found = 0
        for point in MET:
            for metres in (20, 100, 150, 200):
                for words in ("Pengemis memaksa di lampu merah", "Ada keributan tadi malam", None):
                    asked = {"p": {"latitude": point.latitude, "longitude": point.longitude}, "t": words, "m": metres}
                    found += len(twins.compare(question, who, asked)["possibleDuplicates"])
        assert found > 5
        twins.compare(f"{{ reports(first: 50) {{ nodes {{ id possibleDuplicates(first: 20) {alike} }} }} }}", who)

    def test_not_by_areas_floods_sources_or_tickets(self, twins: Twins, who: str) -> None:
        twins.compare(f"{{ floodAreas(minimumState: NONE) {everything(TYPES['FloodArea'], 1)} }}", who)
        twins.compare(f"{{ sources {everything(TYPES['Source'], 1)} }}", who)
        twins.compare(f"{{ laporTickets {{ totalCount nodes {everything(TYPES['LaporTicket'], 1)} }} }}", who)
        twins.compare("{ floodAreas { name reports { totalCount nodes { id } } } }", who)
        for code in AREAS:
            asked = (
                f'{{ area(code: "{code}") {{ reports {{ {LIST} }} statistics {{ total }} floodAreas {{ name }} }} }}'
            )
            twins.compare(asked, who)

    def test_not_by_another_systems_numbers(self, twins: Twins, who: str) -> None:
        for source, ref in (("qlue", "771"), ("qlue", "772"), ("lapor", "9771"), ("lapor", "9772"), ("lapor", "8000")):
            twins.compare(f'{{ reportBySourceRef(source: "{source}", sourceRef: "{ref}") {{ id }} }}', who)
            twins.compare(f'{{ laporTicket(trackingId: "{ref}") {{ id area {{ code }} }} }}', who)

    def test_not_by_anything_that_has_an_id(self, twins: Twins, who: str) -> None:
        for name in WITH_IDS:
            question = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id __typename ... on {name} {CHOSEN[name]} }} }}"
            for kind in Kind:
                twins.compare(question, who, [{"ids": every_id(world, kind)} for world in twins.worlds])

    def test_not_by_replaying_what_happened(self, twins: Twins, who: str) -> None:
        heard = [
            twins.runner.run(replay(world, who, starts[who]))
            for world, starts in zip(twins.worlds, twins.starts, strict=True)
        ]
        one, other = (world.transcript[who][-len(STREAMS) :] for world in twins.worlds)
        assert not first_difference(one, other)
        assert heard[0] > 20

    def test_not_by_the_bytes_of_photos(self, twins: Twins, who: str) -> None:
        del who
        files = [sorted(path.read_bytes() for path in world.hub.files()) for world in twins.worlds]
        assert files[0] == files[1] and len(files[0]) == 4
        assert not any(b"GPS" in each or b"Exif" in each for each in files[0])

    def test_not_by_telling_the_same_again(self, twins: Twins, who: str) -> None:
        words = {"text": "Pengemis memaksa di lampu merah", "category": "beggars"}
        found = 0
        for point in MET:
            for world in twins.worlds:
                where = GivenPoint(point.latitude, point.longitude)
                done = twins.runner.run(world.hub.submit(world.people[who], location=where, **words))
                found_alike = twins.runner.run(alike_to(world, done, who))
                alike = [(row.report.text, row.score, row.distance_m, row.report.latitude) for row in found_alike]
                world.keep(who, alike)
            one, other = (world.transcript[who][-1] for world in twins.worlds)
            assert one == other
            found += len(one)
        assert found


async def alike_to(world: Watched, done: Submitted, who: str) -> list[DuplicateRow]:
    """What a submission is told that it may be one with."""
    assert done.report_id is not None
    async with world.hub.context(world.people[who]) as ctx:
        ctx.proved.add(done.report_id)
        return (await duplicates_of_submitted([done], ctx))[0]


def every_id(world: Watched, kind: Kind) -> list[str]:
    """The ids of all rows of a kind that there may be."""
    return [world.hub.id(row, kind) for row in range(1, 40)]


async def replay(world: Watched, who: str, start: str) -> int:
    """Hears again all that happened since; gives how much that was."""
    for name, subscription in STREAMS.items():
        await world.listen(who, name, subscription, start)
    await world.hear()
    heard = sum(len(entry["heard"]) for entry in world.transcript[who][-len(STREAMS) :])
    await world.leave_off()
    return heard


points = st.builds(
    lambda at, south, east: Point(at.latitude + south, at.longitude + east),
    st.sampled_from(MET),
    st.floats(-0.0025, 0.0025),
    st.floats(-0.0025, 0.0025),
)
boxes = st.builds(box, points, st.floats(0.00002, 0.002))
circles = st.builds(near, points, st.floats(1, 500))
conditions: dict[str, st.SearchStrategy[Any]] = {
    "within": boxes,
    "near": circles,
    "areas": st.lists(st.sampled_from(AREAS), min_size=1, max_size=2, unique=True),
    "search": st.sampled_from(WORDS),
    "categories": st.lists(
        st.sampled_from(("beggars", "crime_disorder", "other")), min_size=1, max_size=2, unique=True
    ),
    "sources": st.sampled_from((["qlue"], ["simpul"], ["lapor"])),
    "open": st.booleans(),
    "hasPhotos": st.booleans(),
    "duplicates": st.booleans(),
    "breached": st.booleans(),
}
filters = st.lists(st.sampled_from(sorted(conditions)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: conditions[name] for name in names})
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=filters, who=st.sampled_from(PUBLIC))
def test_no_question_at_all_tells_the_places_apart(twins: Twins, asked: dict[str, Any], who: str) -> None:
    of_events = {name: value for name, value in asked.items() if name not in WITHOUT_WORDS}
    twins.compare(ASKED_WITH_A_FILTER, who, {"f": asked, "e": of_events, "box": WIDE})
