"""The served schema answers: every field of every noun, in few statements, in the language and words of the contract."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.vocabulary import Locale, Role
from schema.node import TYPE_OF_ROW
from storage.store import Store
from tests.schema_world import ADMIN, SchemaWorld, everything, public_id, schema_world
from tests.test_reports_visibility import statements

JAKARTA = "{west: 106, south: -7, east: 107.5, north: -5}"


@pytest.fixture
async def world(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[SchemaWorld]:
    async with schema_world(sqlite_store, area_map, tmp_path) as made:
        yield made


def asked_of(world: SchemaWorld, field: str, arguments: str = "", depth: int = 3) -> str:
    assert isinstance(world.engine.schema.query_type, GraphQLObjectType)
    kind = world.engine.schema.query_type.fields[field].type
    return f"{{ found: {field}{arguments} {everything(kind, depth)} }}"


ENTRANCES = [
    ("viewer", ""),
    ("reports", ""),
    ("laporTickets", ""),
    ("laporTicket", '(trackingId: "1234567")'),
    ("floodAreas", ""),
    ("floodGauges", ""),
    ("sources", ""),
    ("area", '(code: "31.75.03.1001")'),
    ("areaAt", "(latitude: -6.2247, longitude: 106.8602)"),
    ("areas", "(level: CITY)"),
    ("categories", "(includeInactive: true)"),
    ("category", '(code: "flood")'),
    ("agencies", ""),
    ("statistics", ""),
    ("hexBins", f"(within: {JAKARTA}, resolution: 8)"),
    ("limits", ""),
    ("events", "(first: 5)"),
    ("reportBySourceRef", '(source: "qlue", sourceRef: "q1")'),
    ("possibleDuplicates", '(location: {latitude: -6.2247, longitude: 106.8602}, category: "flood")'),
]


@pytest.mark.parametrize(("field", "arguments"), ENTRANCES, ids=[field for field, _ in ENTRANCES])
async def test_every_field_answers(world: SchemaWorld, field: str, arguments: str) -> None:
    found = (await world.data(asked_of(world, field, arguments), viewer=ADMIN))["found"]
    assert found not in (None, [])


async def test_a_report_tells_all_that_hangs_on_it(world: SchemaWorld) -> None:
    question = asked_of(world, "report", "(id: $id)", 4).replace("{ found", "query ($id: ID!) { found", 1)
    told = await world.data(question, {"id": public_id(world, Kind.REPORT, world.report_id)}, viewer=ADMIN)
    report: dict[str, Any] = told["found"]
    assert report["category"]["code"] == "flood" and report["flood"] == {
        "__typename": "FloodObservation",
        "depthCm": 40,
    }
    assert report["reporter"]["displayName"] == "Sari"
    assert report["photos"][0]["url"].startswith("http://hub.test/photos/")
    assert report["photos"][0]["thumbnailUrl"] != report["photos"][0]["url"]
    assert [each["text"] for each in report["comments"]["nodes"]] == ["Masih banjir"]
    assert report["comments"]["nodes"][0]["author"]["displayName"] == "Sari"
    assert report["forwardings"][0]["state"] == "SENT"
    assert report["timeline"]["nodes"][0]["kind"] == "CREATED"
    assert report["timeline"]["nodes"][0]["actor"]["role"] == "CITIZEN"


async def test_anything_that_has_an_id_is_found_by_it(world: SchemaWorld) -> None:
    ids = {
        name: public_id(world, kind, row)
        for name, kind, row in (
            ("Report", Kind.REPORT, world.report_id),
            ("Category", Kind.CATEGORY, 1),
            ("Agency", Kind.AGENCY, 1),
            ("Area", Kind.AREA, 1),
            ("Photo", Kind.PHOTO, 1),
            ("Comment", Kind.COMMENT, 1),
            ("Forwarding", Kind.FORWARDING, 1),
            ("FloodArea", Kind.FLOOD_AREA, 1),
            ("FloodGauge", Kind.FLOOD_GAUGE, 1),
            ("LaporTicket", Kind.LAPOR_TICKET, 1),
            ("Source", Kind.SOURCE, 1),
            ("SetAsideRecord", Kind.SET_ASIDE, 1),
            ("ReportEvent", Kind.REPORT_EVENT, 2),
        )
    }
    assert set(ids) == set(TYPE_OF_ROW.values())
    answer = await world.data(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }",
        {"ids": [*ids.values(), "nothing", public_id(world, Kind.REPORT, 999)]},
        viewer=ADMIN,
    )
    assert answer["nodes"] == [*({"__typename": name, "id": id} for name, id in ids.items()), None, None]


PAGE = """{ reports(orderBy: OLDEST, first: %d) { nodes { id category { name agency { name } } area { name } source { code }
  photos { url } reporter { displayName } floodArea { name state } laporTicket { trackingId } viewerHasSupported
  agency { name } duplicateOf { id } flood { depthCm } comments { totalCount nodes { author { displayName } } }
  timeline { nodes { actor { role } } } forwardings { state } possibleDuplicates { score } } } }"""


async def test_a_page_takes_as_many_statements_however_long_it_is(world: SchemaWorld) -> None:
    for n in range(8):
        await world.hub.submit(world.hub.people["sari"], text=f"Banjir di gang {n}")
    counts = []
    for size in (4, 12):
        prepared = world.engine.prepare(PAGE % size)
        async with world.hub.context(ADMIN) as context:
            answer, count = await statements(context, world.engine.execute(prepared, context))
        assert answer.errors is None
        assert len(answer.data["reports"]["nodes"]) == size
        counts.append(count)
    assert counts[0] == counts[1] <= 30


async def test_an_explicit_null_means_the_same_as_leaving_out(world: SchemaWorld) -> None:
    answer = await world.data(
        """{ left: reports { totalCount }
             null: reports(filter: null, orderBy: null, first: null, after: null) { totalCount }
             inside: reports(filter: {open: null, categories: null, near: null}) { totalCount }
             empty: reports(filter: {categories: []}) { totalCount }
             floods: floodAreas(minimumState: null, within: null, area: null) { name }
             photos: reports { nodes { photos(phase: null, includeHidden: null) { id } } }
             categories(includeInactive: null) { code } }"""
    )
    assert answer["left"] == answer["null"] == answer["inside"] != answer["empty"] == {"totalCount": 0}
    assert len(answer["floods"]) == 1


async def test_times_are_told_in_one_form(world: SchemaWorld) -> None:
    answer = await world.data("{ now reports(orderBy: OLDEST, first: 1) { nodes { reportedAt } } }")
    for told in (answer["now"], answer["reports"]["nodes"][0]["reportedAt"]):
        assert len(told) == 27 and told.endswith("Z") and told[19] == "."


async def test_the_language_is_the_arguments_or_else_the_requests(world: SchemaWorld) -> None:
    question = '{ category(code: "flood") { name en: name(locale: EN) id: name(locale: ID) none: name(locale: null) } }'
    indonesian = (await world.data(question, locale=Locale.ID))["category"]
    assert indonesian == {"name": "Banjir", "en": "Flood", "id": "Banjir", "none": "Banjir"}
    assert (await world.data(question, locale=Locale.EN))["category"]["name"] == "Flood"


async def test_buckets_have_words_in_both_languages(world: SchemaWorld) -> None:
    question = """{ statistics { buckets(by: CATEGORY, splitBy: STATUS) {
        label id: label(locale: ID) splitLabel(locale: EN) idSplit: splitLabel(locale: ID) }
        days: buckets(by: DAY) { start key label(locale: ID) splitLabel } } }"""
    buckets = (await world.data(question))["statistics"]
    flood = next(each for each in buckets["buckets"] if each["label"] == "Flood")
    assert flood == {"label": "Flood", "id": "Banjir", "splitLabel": "Received", "idSplit": "Masuk"}
    assert all(day["splitLabel"] is None and day["start"].endswith("17:00:00.000000Z") for day in buckets["days"])


async def test_submitting_answers_with_the_report_and_the_token(world: SchemaWorld) -> None:
    question = """mutation ($input: SubmitReportInput!) { submitReport(input: $input) {
        report { code status locationPrecision reporter { displayName } viewerActions } followToken
        possibleDuplicates { score report { code } } userErrors { code message path } } }"""
    place = {"latitude": -6.1754, "longitude": 106.8272}
    given = {"text": "Lampu jalan mati", "category": "street_light", "location": place, "title": None}
    told = (await world.data(question, {"input": given}))["submitReport"]
    assert told["userErrors"] == [] and len(told["followToken"]) >= 22
    assert told["report"]["status"] == "SUBMITTED"
    assert "WITHDRAW" in told["report"]["viewerActions"], "it is shown as its reporter sees it"
    wrong = {"text": " ", "category": "nothing", "reportedAt": "2999-01-01T00:00:00+07:00"}
    refused = (await world.data(question, {"input": wrong}, locale=Locale.ID))["submitReport"]
    assert refused["report"] is None
    assert {(each["code"], *each["path"]) for each in refused["userErrors"]} == {
        ("REQUIRED", "text"),
        ("UNKNOWN", "category"),
        ("IN_THE_FUTURE", "reportedAt"),
        ("REQUIRED", "location"),
    }


async def test_what_only_admins_see_is_refused_on_that_field_alone(world: SchemaWorld) -> None:
    question = "{ sources { code setAsideCount setAside { totalCount nodes { reason } } } }"
    for viewer, code in (
        (world.hub.people["sari"], "FORBIDDEN"),
        (await world.hub.person(Role.DISPATCHER), "FORBIDDEN"),
    ):
        answer = await world.ask(question, viewer=viewer)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {code}
        assert all(each["setAside"] is None and each["code"] for each in answer["data"]["sources"])
    shown = await world.data(question, viewer=ADMIN)
    assert [each["setAside"]["totalCount"] for each in shown["sources"] if each["code"] == "qlue"] == [1]


async def test_the_log_is_read_from_its_beginning(world: SchemaWorld) -> None:
    question = """query ($after: Cursor) { events(first: 2, after: $after) {
        pageInfo { hasNextPage endCursor } edges { cursor node { cursor kind report { id } reportId matches } } } }"""
    page = (await world.data(question))["events"]
    assert [edge["node"]["kind"] for edge in page["edges"]] == ["CREATED", "CREATED"]
    assert all(edge["node"]["report"]["id"] == edge["node"]["reportId"] for edge in page["edges"])
    rest = (await world.data(question, {"after": page["pageInfo"]["endCursor"]}))["events"]
    assert rest["edges"] and rest["pageInfo"]["endCursor"]
