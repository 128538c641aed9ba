"""Every quirk of the outside systems, by name, and its proof: the demo's servers are provoked over real HTTP.

The quirks are those of the systems themselves, as read in their source code or on their pages. A connector that passes against these
servers has met each of them.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest

from demo import lapor, peta_jakarta_v2, peta_jakarta_v3, qlue
from demo.city import City
from demo.clock import Clock
from demo.lapor import TOKEN
from demo.serving import serve_in_thread
from demo.tickets import STATUSES

START = datetime(2026, 2, 20, 10, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=70)
V2 = "/banjir/data/api/v2"
GEO = {"geoformat": "geojson"}


@dataclass
class World:
    """One city with its clock, and a client for each of its servers."""

    city: City
    clock: Clock
    v3: httpx.Client
    cached: httpx.Client
    locked: httpx.Client
    v2: httpx.Client
    qlue: httpx.Client
    lapor: httpx.Client

    def features(self, path: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.v3.get(path, params={**GEO, **query}).json()["result"]["features"]
        return found

    def v2_features(self, path: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.v2.get(V2 + path, params=query).json()["features"]
        return found

    def posts(self, category: str = "ic_2flod") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.qlue.get("/qluein_marker_level1.php", params={"category": category}).json()
        return found

    def tickets(self, encoding: str = "utf-8", delimiter: str = ";") -> list[dict[str, str]]:
        answer = self.lapor.get("/export/tickets.csv", params={"encoding": encoding, "delimiter": delimiter})
        text = io.StringIO(answer.content.decode(encoding), newline="")
        return list(csv.DictReader(text, delimiter=delimiter))

    def complain(self, text: str, token: str = TOKEN, flags: str = 'rahasia="0" anonim="0"') -> httpx.Response:
        body = f'<lapor token="{token}"><pelapor/><laporan {flags}><isi>{text}</isi></laporan></lapor>'
        headers = {"content-type": "text/xml; charset=UTF8"}
        return self.lapor.post("/api/stream/addstream", content=body.encode(), headers=headers)

    def hand_in(self, **changes: Any) -> httpx.Response:
        return self.v3.post("/feeds/qlue", json={**post_for_qlue(), **changes})


NUMBERS = iter(range(900_001, 999_999))


def post_for_qlue() -> dict[str, Any]:
    return {
        "post_id": next(NUMBERS),
        "created_at": "2026-02-20T11:05:00Z",
        "text": "Banjir di depan rumah",
        "qlue_city": "jabodetabek",
        "disaster_type": "flood",
        "location": {"lat": -6.21, "lng": 106.86},
    }


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    clock = Clock(NOW, 0)
    city = City(7, START, clock=clock)
    apps = (
        peta_jakarta_v3.app(city),
        peta_jakarta_v3.app(city, cache=True),
        peta_jakarta_v3.app(city, api_key="kunci"),
        peta_jakarta_v2.app(city),
        qlue.app(city),
        lapor.app(city),
    )
    with ExitStack() as stack:
        v3, cached, locked, v2, posts, tickets = (
            stack.enter_context(httpx.Client(base_url=stack.enter_context(serve_in_thread(app)))) for app in apps
        )
        yield World(city, clock, v3, cached, locked, v2, posts, tickets)


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    shared.clock.set(NOW)
    yield shared
    for client in (shared.v3, shared.v2, shared.lapor):
        client.post("/_control", json={"fault": "none"})


Proof = Callable[[World], None]
QUIRKS: list[Any] = []


def quirk(name: str) -> Callable[[Proof], Proof]:
    def enlist(proof: Proof) -> Proof:
        QUIRKS.append(pytest.param(proof, id=name))
        return proof

    return enlist


# Peta Jakarta v3: answers and errors


@quirk("v3: everything found is wrapped as statusCode 200 and result")
def _(world: World) -> None:
    assert world.v3.get("/floods/states").json().keys() == {"statusCode", "result"}


@quirk("v3: a miss is 404 with found false and result null")
def _(world: World) -> None:
    answer = world.v3.get("/reports/1")
    assert answer.status_code == 404
    assert answer.json() == {"statusCode": 404, "found": False, "result": None}


@quirk("v3: an unknown parameter is refused (format on /reports)")
def _(world: World) -> None:
    answer = world.v3.get("/reports?format=json")
    assert (answer.status_code, answer.json()["message"]) == (400, '"format" is not allowed')


@quirk("v3: geoformat on /floods/states is refused")
def _(world: World) -> None:
    assert world.v3.get("/floods/states?geoformat=geojson").status_code == 400


@quirk("v3: an empty admin is refused, it is not an absent one")
def _(world: World) -> None:
    assert world.v3.get("/reports?admin=").status_code == 400


@quirk("v3: a bad parameter is refused in Joi's words")
def _(world: World) -> None:
    told = world.v3.get("/floods?minimum_state=5").json()
    assert told["message"].startswith('child "minimum_state" fails because')
    assert told["validation"] == {"source": "query", "keys": ["minimum_state"]}


@quirk("v3: some refusals have only statusCode and message")
def _(world: World) -> None:
    answer = world.v3.get("/floods?geoformat=cap")
    assert answer.status_code == 400
    assert answer.json().keys() == {"statusCode", "message"}


@quirk("v3: malformed JSON is refused in HTML")
def _(world: World) -> None:
    answer = world.v3.post("/feeds/qlue", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


@quirk("v3: an unknown path has an error form of its own")
def _(world: World) -> None:
    answer = world.v3.get("/report?x=1")
    assert (answer.status_code, answer.json()) == (404, {"message": "URL not found", "url": "/report?x=1"})


@quirk("v3: a failure is 500 with status and message, no statusCode")
def _(world: World) -> None:
    world.v3.post("/_control", json={"fault": "database"})
    answer = world.v3.get("/reports")
    assert answer.status_code == 500
    assert answer.json().keys() == {"status", "message"}


@quirk("v3: geometry comes as TopoJSON unless GeoJSON is asked for")
def _(world: World) -> None:
    for path in ("/reports", "/floods", "/floodgauges", "/infrastructure/pumps", "/cities"):
        assert world.v3.get(path).json()["result"]["type"] == "Topology"
        assert world.v3.get(path, params=GEO).json()["result"]["type"] == "FeatureCollection"


@quirk("v3: an answer from its cache has no Content-Type, ETag or Cache-Control")
def _(world: World) -> None:
    first, second = world.cached.get("/reports"), world.cached.get("/reports")
    assert first.content == second.content
    assert {"content-type", "etag", "cache-control"} <= first.headers.keys()
    assert not {"content-type", "etag", "cache-control"} & second.headers.keys()


@quirk("v3: an answer from its cache ignores If-None-Match")
def _(world: World) -> None:
    tag = world.cached.get("/reports?disaster=flood").headers["etag"]
    assert world.cached.get("/reports?disaster=flood", headers={"if-none-match": tag}).status_code == 200


@quirk("v3: an uncached answer honours If-None-Match with 304")
def _(world: World) -> None:
    tag = world.v3.get("/floods").headers["etag"]
    answer = world.v3.get("/floods", headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


@quirk("v3: the cache keeps for a minute, an hour or a day, by endpoint")
def _(world: World) -> None:
    kept = {"/reports": 60, "/floodgauges": 60, "/floods": 3600, "/infrastructure/pumps": 3600, "/cities": 86_400}
    for path, seconds in kept.items():
        world.clock.set(NOW + timedelta(days=30))
        world.cached.get(path)
        world.clock.advance(seconds - 1)
        assert "etag" not in world.cached.get(path).headers
        world.clock.advance(2)
        assert "etag" in world.cached.get(path).headers


@quirk("v3: admin is a region code; another region has nothing, an unknown one is refused")
def _(world: World) -> None:
    assert world.features("/reports", admin="ID-JK")
    assert world.features("/reports", admin="ID-JB") == []
    assert world.v3.get("/reports?admin=jbd").status_code == 400


# Peta Jakarta v3: reports


@quirk("v3 /reports: each disaster may be asked for")
def _(world: World) -> None:
    for disaster in ("flood", "earthquake", "wind", "haze", "volcano", "fire"):
        assert {f["properties"]["disaster_type"] for f in world.features("/reports", disaster=disaster)} <= {disaster}
    assert world.v3.get("/reports?disaster=meteor").status_code == 400


@quirk("v3 /reports: prep and assessment are accepted and always empty")
def _(world: World) -> None:
    for disaster in ("prep", "assessment"):
        assert world.features("/reports", disaster=disaster, timeperiod=18_748_800) == []


@quirk("v3 /reports: timeperiod has a maximum")
def _(world: World) -> None:
    assert world.v3.get("/reports?timeperiod=18748800").status_code == 200
    assert world.v3.get("/reports?timeperiod=18748801").status_code == 400


@quirk("v3 /reports: without a timeperiod each disaster has a window of its own")
def _(world: World) -> None:
    for disaster, hours in (("flood", 3), ("wind", 2), ("fire", 6)):
        world.clock.set(NOW)
        own = [one for one in world.city.reports("peta", START) if one.kind == {"wind": "tree"}.get(disaster, disaster)]
        first = next(one for one in own if one.dated < NOW)
        for offset, listed in ((-1, True), (1, False)):
            world.clock.set(first.dated + timedelta(hours=hours, seconds=offset))
            pkeys = {feature["properties"]["pkey"] for feature in world.features("/reports", disaster=disaster)}
            assert (str(first.number) in pkeys) is listed


@quirk("v3 /reports: newest first, all at once")
def _(world: World) -> None:
    dates = [feature["properties"]["created_at"] for feature in world.features("/reports", timeperiod=18_748_800)]
    assert len(dates) > 200
    assert dates == sorted(dates, reverse=True)


@quirk("v3 /reports: there is no upper bound in time, a report dated in the future comes first")
def _(world: World) -> None:
    first = world.features("/reports")[0]["properties"]
    assert datetime.fromisoformat(first["created_at"]) > NOW + timedelta(hours=20)


@quirk("v3 /reports: can come as CAP, which is XML")
def _(world: World) -> None:
    answer = world.v3.get("/reports?geoformat=cap")
    assert answer.headers["content-type"].startswith("text/xml")
    assert ElementTree.fromstring(answer.content).tag == "{http://www.w3.org/2005/Atom}feed"


@quirk("v3 /reports/:id: one feature, in a collection")
def _(world: World) -> None:
    some = world.features("/reports")[3]
    assert world.features(f"/reports/{some['properties']['pkey']}") == [some]


@quirk("v3 /reports/archive: times with Z, +07:00 or +0700")
def _(world: World) -> None:
    zulu = world.features("/reports/archive", start="2026-02-20T10:00:00Z", end="2026-02-20T11:00:00Z")
    for zone in ("+07:00", "+0700"):
        span = {"start": f"2026-02-20T17:00:00{zone}", "end": f"2026-02-20T18:00:00{zone}"}
        assert world.features("/reports/archive", **span) == zulu != []


@quirk("v3 /reports/archive: milliseconds are refused")
def _(world: World) -> None:
    span = {"start": "2026-02-20T10:00:00.000Z", "end": "2026-02-20T11:00:00.000Z"}
    assert world.v3.get("/reports/archive", params=span).status_code == 400


@quirk("v3 /reports/archive: a literal + reads as a space and is refused")
def _(world: World) -> None:
    start, end = "2026-02-20T17:00:00+07:00", "2026-02-20T18:00:00+07:00"
    assert world.v3.get(f"/reports/archive?start={start}&end={end}").status_code == 400
    assert world.v3.get(f"/reports/archive?start={quote(start)}&end={quote(end)}").status_code == 200


@quirk("v3 /reports/archive: both ends are inclusive")
def _(world: World) -> None:
    created = "2026-02-20T11:05:00Z"
    world.hand_in(text="tepat di ujung", created_at=created)
    found = world.features("/reports/archive", start=created, end=created)
    assert "tepat di ujung" in {feature["properties"]["text"] for feature in found}


@quirk("v3 /reports/archive: at most 18,748,800 s between the ends")
def _(world: World) -> None:
    span = {"start": "2025-07-18T10:00:00Z", "end": "2026-02-20T10:00:00Z"}
    assert world.v3.get("/reports/archive", params=span).status_code == 200
    assert world.v3.get("/reports/archive", params={**span, "end": "2026-02-20T10:00:01Z"}).status_code == 400


@quirk("v3 /reports/archive: disaster and cap are refused, admin is not")
def _(world: World) -> None:
    span = {"start": "2026-02-20T10:00:00Z", "end": "2026-02-20T11:00:00Z"}
    for further, status in (({"disaster": "flood"}, 400), ({"geoformat": "cap"}, 400), ({"admin": "ID-JK"}, 200)):
        assert world.v3.get("/reports/archive", params=span | further).status_code == status


@quirk("v3 /reports/archive: all kinds mixed, prep and assessment too")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=3))
    found = world.features("/reports/archive", start="2026-02-20T10:00:00Z", end="2026-02-20T13:00:00Z")
    kinds = {feature["properties"]["disaster_type"] for feature in found}
    assert {"flood", "wind", "fire", "prep", "assessment"} <= kinds


@quirk("v3 /reports/timeseries: the count is a string")
def _(world: World) -> None:
    span = {"start": "2026-02-20T10:00:00Z", "end": "2026-02-20T11:00:00Z"}
    rows = world.v3.get("/reports/timeseries", params=span).json()["result"]
    assert rows[0]["ts"] == "2026-02-20T10:00:00.000Z"
    assert isinstance(rows[0]["count"], str)
    assert int(rows[0]["count"]) > 50


@quirk("v3 /reports/timeseries: admin is checked and ignored")
def _(world: World) -> None:
    span = {"start": "2026-02-20T10:00:00Z", "end": "2026-02-20T11:00:00Z"}
    here, elsewhere, nowhere = (
        world.v3.get("/reports/timeseries", params={**span, "admin": admin}) for admin in ("ID-JK", "ID-JB", "x")
    )
    assert here.json() == elsewhere.json()
    assert nowhere.status_code == 400


@quirk("v3 report: pkey is a string")
def _(world: World) -> None:
    assert all(isinstance(feature["properties"]["pkey"], str) for feature in world.features("/reports"))


@quirk("v3 report: created_at is UTC with milliseconds")
def _(world: World) -> None:
    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    assert all(pattern.fullmatch(feature["properties"]["created_at"]) for feature in world.features("/reports"))


@quirk("v3 report: sources are mixed, Qlue's posts among them")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=2))
    features = world.features("/reports", disaster="flood")
    assert {feature["properties"]["source"] for feature in features} == {"grasp", "twitter", "detik", "qlue"}
    posts = {post["post_desc"] for post in world.posts()}
    copies = [feature["properties"] for feature in features if feature["properties"]["source"] == "qlue"]
    assert any(copy["text"] in posts for copy in copies), "the same event stands in both systems"


@quirk("v3 report: status is free text")
def _(world: World) -> None:
    assert {feature["properties"]["status"] for feature in world.features("/reports")} == {"confirmed", "verified"}


@quirk("v3 report: url is a card id from grasp, an address from detik and twitter, null from qlue")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=2))
    for feature in world.features("/reports", disaster="flood"):
        source, url = feature["properties"]["source"], feature["properties"]["url"]
        form = {"grasp": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "qlue": "None"}.get(source, "https://.*")
        assert re.fullmatch(form, str(url))


@quirk("v3 report: report_data is an object or null")
def _(world: World) -> None:
    kinds = {type(feature["properties"]["report_data"]) for feature in world.features("/reports")}
    assert kinds == {dict, type(None)}


@quirk("v3 report: only type flood has a depth, whole cm of 0 to 200; drain and power have none")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=2))
    data = [feature["properties"]["report_data"] for feature in world.features("/reports", disaster="flood")]
    given = [one for one in data if one]
    assert {one["report_type"] for one in given} == {"flood", "drain", "power"}
    for one in given:
        assert ("flood_depth" in one) is (one["report_type"] == "flood")
        assert isinstance(one.get("flood_depth", 0), int)
        assert 0 <= one.get("flood_depth", 0) <= 200


@quirk("v3 report: some have points and a flag")
def _(world: World) -> None:
    data = [feature["properties"]["report_data"] or {} for feature in world.features("/reports")]
    assert any({"points", "flag"} <= one.keys() for one in data)


@quirk('v3 report: tags are strings or null, and local_area_id can be the string "null"')
def _(world: World) -> None:
    tags = [feature["properties"]["tags"] for feature in world.features("/reports", timeperiod=400_000)]
    assert {type(value) for one in tags for value in one.values()} == {str, type(None)}
    areas = {one["local_area_id"] for one in tags}
    assert {"null", None} < areas
    assert {one["instance_region_code"] for one in tags} == {"ID-JK"}


@quirk("v3 report: a late edit changes the text under the same pkey")
def _(world: World) -> None:
    edited = next(one for one in world.city.reports("peta", START) if one.late_at)
    assert edited.late_at is not None
    texts = []
    for moment in (edited.late_at - timedelta(seconds=1), edited.late_at):
        world.clock.set(moment)
        texts.append(world.features(f"/reports/{edited.number}")[0]["properties"]["text"])
    assert texts[1].startswith(texts[0])
    assert len(texts[1]) > len(texts[0])


# Peta Jakarta v3: floods, gauges, infrastructure, regions


@quirk("v3 /floods: without minimum_state every area comes, with state null where there is no flood")
def _(world: World) -> None:
    states = [feature["properties"]["state"] for feature in world.features("/floods")]
    assert len(states) == len(world.city.areas)
    assert None in states
    dry = next(f["properties"] for f in world.features("/floods") if f["properties"]["state"] is None)
    assert dry["last_updated"] is None


@quirk("v3 /floods: minimum_state leaves out what is below it")
def _(world: World) -> None:
    for least in (1, 2, 3, 4):
        states = [feature["properties"]["state"] for feature in world.features("/floods", minimum_state=least)]
        assert states
        assert min(states) >= least


@quirk("v3 /floods: format=xml goes with geoformat=cap only, and cap with xml only")
def _(world: World) -> None:
    assert world.v3.get("/floods?format=xml").status_code == 400
    answer = world.v3.get("/floods?geoformat=cap&format=xml")
    assert answer.headers["content-type"].startswith("text/xml")
    assert "urn:oasis:names:tc:emergency:cap:1.2" in answer.text


@quirk("v3 flood: ids are strings, the kelurahan is upper case, the state a number")
def _(world: World) -> None:
    properties = world.features("/floods", minimum_state=1)[0]["properties"]
    names = {"area_id", "geom_id", "area_name", "parent_name", "city_name", "attributes", "state", "last_updated"}
    assert properties.keys() == names
    assert isinstance(properties["area_id"], str) and isinstance(properties["geom_id"], str)
    assert re.fullmatch(r"RW \d\d", properties["area_name"])
    assert properties["parent_name"] == properties["parent_name"].upper()
    assert isinstance(properties["state"], int)


@quirk("v3 /floods/states: no geometry, and an area whose flood is over is just gone")
def _(world: World) -> None:
    rows = world.v3.get("/floods/states").json()["result"]
    assert {tuple(row) for row in rows} == {("area_id", "state", "last_updated")}
    assert all(row["state"] in (1, 2, 3, 4) for row in rows)
    world.clock.set(START + timedelta(minutes=179))
    assert world.v3.get("/floods/states").json()["result"] == []


@quirk("v3 /floods/archive: the worst state of each area that had one")
def _(world: World) -> None:
    span = {"start": "2026-02-20T10:00:00Z", "end": "2026-02-20T11:00:00Z"}
    rows = world.v3.get("/floods/archive", params=span).json()["result"]
    assert rows[0].keys() == {"area_id", "max_state", "last_updated"}
    assert {row["max_state"] for row in rows} == {1, 2, 3, 4}


@quirk("v3 /floods/timeseries: hours without floods are left out")
def _(world: World) -> None:
    span = {"start": "2026-02-20T05:00:00Z", "end": "2026-02-20T11:30:00Z"}
    rows = world.v3.get("/floods/timeseries", params=span).json()["result"]
    assert [row["ts"] for row in rows] == ["2026-02-20T11:00:00.000Z"]
    assert isinstance(rows[0]["count"], str)


@quirk("v3 /floodgauges: each observation is a feature of its own, with a list of one; gauges repeat")
def _(world: World) -> None:
    features = [feature["properties"] for feature in world.features("/floodgauges")]
    assert all(len(one["observations"]) == 1 for one in features)
    gauges = {one["gaugeid"] for one in features}
    assert len(features) > 20 * len(gauges)


@quirk("v3 /floodgauges: not in order of time")
def _(world: World) -> None:
    times = [one["properties"]["observations"][0]["f1"] for one in world.features("/floodgauges")]
    assert times not in (sorted(times), sorted(times, reverse=True))


@quirk("v3 /floodgauges: observations are positional, f1 to f4, the time with microseconds and an offset")
def _(world: World) -> None:
    properties = world.features("/floodgauges")[0]["properties"]
    assert properties.keys() == {"pkey", "gaugeid", "gaugenameid", "observations"}
    assert isinstance(properties["pkey"], int)
    observation = properties["observations"][0]
    assert observation.keys() == {"f1", "f2", "f3", "f4"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", observation["f1"])
    assert observation["f4"].startswith("SIAGA")


@quirk("v3 /floodgauges: the last twelve hours")
def _(world: World) -> None:
    times = [one["properties"]["observations"][0]["f1"] for one in world.features("/floodgauges")]
    ages = [NOW - datetime.fromisoformat(time) for time in times]
    assert timedelta(0) <= min(ages) and timedelta(hours=11, minutes=45) < max(ages) <= timedelta(hours=12)


@quirk("v3 /floodgauges/:id: one observation")
def _(world: World) -> None:
    some = world.features("/floodgauges")[5]
    assert world.features(f"/floodgauges/{some['properties']['pkey']}") == [some]


@quirk("v3 /infrastructure: five types with name and tags, positions of three numbers")
def _(world: World) -> None:
    for kind in ("pumps", "floodgates", "waterways", "basins", "sites"):
        feature = world.features(f"/infrastructure/{kind}")[0]
        assert feature["properties"].keys() == {"name", "tags"}
        position = feature["geometry"]["coordinates"]
        while isinstance(position[0], list):
            position = position[0]
        assert len(position) == 3
    assert world.v3.get("/infrastructure/bridges").status_code == 400


@quirk("v3 /cities and /cities/bounds: code and name of the region")
def _(world: World) -> None:
    assert world.features("/cities")[0]["properties"] == {"code": "ID-JK", "name": "Jakarta"}
    assert world.v3.get("/cities/bounds").json()["result"][0]["code"] == "ID-JK"


@quirk("v3 TopoJSON: the object is output, coordinates are absolute, there is no transform")
def _(world: World) -> None:
    topology = world.v3.get("/floods").json()["result"]
    assert topology["objects"].keys() == {"output"}
    assert "transform" not in topology
    assert topology["arcs"]
    assert all(106 < x < 107.2 and -6.8 < y < -5.9 for arc in topology["arcs"] for x, y in arc)


@quirk("v3 TopoJSON: neighbours share arcs, one of them walks backwards")
def _(world: World) -> None:
    geometries = world.v3.get("/floods").json()["result"]["objects"]["output"]["geometries"]
    used = [arc for one in geometries if one["type"] == "Polygon" for ring in one["arcs"] for arc in ring]
    assert any(arc < 0 and ~arc in used for arc in used)


@quirk("v3 TopoJSON: an empty answer has a bbox of four nulls")
def _(world: World) -> None:
    topology = world.v3.get("/reports?disaster=volcano").json()["result"]
    assert topology["bbox"] == [None, None, None, None]
    assert topology["objects"]["output"]["geometries"] == []


@quirk("v3 TopoJSON: a MultiPolygon of one part becomes a Polygon")
def _(world: World) -> None:
    geometries = world.v3.get("/floods").json()["result"]["objects"]["output"]["geometries"]
    for feature, geometry in zip(world.features("/floods"), geometries, strict=True):
        assert feature["geometry"]["type"] == "MultiPolygon"
        parts = len(feature["geometry"]["coordinates"])
        assert geometry["type"] == ("Polygon" if parts == 1 else "MultiPolygon")


# Peta Jakarta v2


@quirk("v2: no envelope, GeoJSON by default, TopoJSON on demand")
def _(world: World) -> None:
    assert world.v2.get(f"{V2}/reports/confirmed").json()["type"] == "FeatureCollection"
    assert world.v2.get(f"{V2}/reports/confirmed?format=topojson").json()["type"] == "Topology"


@quirk("v2 reports/confirmed: the last two hours")
def _(world: World) -> None:
    first = next(one for one in world.city.reports("peta", START) if one.kind == "flood")
    for offset, listed in ((-1, True), (1, False)):
        world.clock.set(first.dated + timedelta(hours=2, seconds=offset))
        pkeys = {feature["properties"]["pkey"] for feature in world.v2_features("/reports/confirmed")}
        assert (first.number in pkeys) is listed


@quirk("v2 reports/confirmed/:id: one feature, in a collection")
def _(world: World) -> None:
    some = world.v2_features("/reports/confirmed")[2]
    assert world.v2_features(f"/reports/confirmed/{some['properties']['pkey']}") == [some]


@quirk("v2 report: pkey is a number")
def _(world: World) -> None:
    assert all(isinstance(one["properties"]["pkey"], int) for one in world.v2_features("/reports/confirmed"))


@quirk("v2 report: created_at has no zone and is Jakarta time")
def _(world: World) -> None:
    newest = datetime.fromisoformat(world.v2_features("/reports/confirmed")[0]["properties"]["created_at"])
    assert newest.tzinfo is None
    age = (NOW + timedelta(hours=7)).replace(tzinfo=None) - newest
    assert timedelta(0) <= age < timedelta(minutes=5)


@quirk("v2 report: created_at has 0 to 6 digits of fraction")
def _(world: World) -> None:
    times = [feature["properties"]["created_at"] for feature in world.v2_features("/reports/confirmed")]
    assert {len(time.partition(".")[2]) for time in times} == {0, 1, 2, 3, 4, 5, 6}


@quirk("v2 floodwatch: its times do have a zone")
def _(world: World) -> None:
    for path in ("/floodwatch/reports/", "/floodwatch/reports"):
        assert world.v2_features(path)[0]["properties"]["created_at"].endswith("+07:00")


@quirk("v2: v1 paths answer 301 and lose the query, so a follower of ?format=topojson gets GeoJSON")
def _(world: World) -> None:
    asked = "/banjir/data/api/v1/reports/confirmed?format=topojson"
    answer = world.v2.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (301, f"{V2}/reports/confirmed")
    assert world.v2.get(asked, follow_redirects=True).json()["type"] == "FeatureCollection"


@quirk("v2: an empty collection is features null")
def _(world: World) -> None:
    world.clock.set(START - timedelta(days=100))
    assert world.v2.get(f"{V2}/reports/confirmed").json() == {"type": "FeatureCollection", "features": None}


@quirk("v2: it is so under format=topojson too")
def _(world: World) -> None:
    world.clock.set(START - timedelta(days=100))
    answer = world.v2.get(f"{V2}/reports/confirmed?format=topojson")
    assert answer.json() == {"type": "FeatureCollection", "features": None}


@quirk("v2: a missing id is 200 with features null")
def _(world: World) -> None:
    answer = world.v2.get(f"{V2}/reports/confirmed/1")
    assert (answer.status_code, answer.json()["features"]) == (200, None)


@quirk("v2: an id that is no number is 204 with an empty body")
def _(world: World) -> None:
    answer = world.v2.get(f"{V2}/reports/confirmed/abc")
    assert (answer.status_code, answer.content) == (204, b"")


@quirk("v2: an unknown type of infrastructure is 204 with an empty body")
def _(world: World) -> None:
    answer = world.v2.get(f"{V2}/infrastructure/basins")
    assert (answer.status_code, answer.content) == (204, b"")


@quirk("v2: a database error is 204 with an empty body")
def _(world: World) -> None:
    world.v2.post("/_control", json={"fault": "database"})
    answer = world.v2.get(f"{V2}/reports/confirmed")
    assert (answer.status_code, answer.content) == (204, b"")


@quirk("v2: an unknown path is 404 in HTML")
def _(world: World) -> None:
    answer = world.v2.get(f"{V2}/reports/unheard")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@quirk("v2 infrastructure: pumps, floodgates and waterways are kept for the life of the process")
def _(world: World) -> None:
    for kind in ("pumps", "floodgates", "waterways"):
        before = world.v2.get(f"{V2}/infrastructure/{kind}").content
        world.clock.set(NOW + timedelta(days=400))
        assert world.v2.get(f"{V2}/infrastructure/{kind}").content == before


@quirk("v2 floodgauges: observations have names, and times without a zone in Jakarta time")
def _(world: World) -> None:
    observations = world.v2_features("/infrastructure/floodgauges")[0]["properties"]["observations"]
    assert observations[-1].keys() == {"measuredatetime", "depth", "warninglevel", "warningnameid"}
    last = datetime.fromisoformat(observations[-1]["measuredatetime"])
    assert last.tzinfo is None
    assert timedelta(0) <= (NOW + timedelta(hours=7)).replace(tzinfo=None) - last < timedelta(minutes=6)


@quirk("v2 TopoJSON: the object is collection, on a grid of 10,000 with a transform")
def _(world: World) -> None:
    topology = world.v2.get(f"{V2}/reports/confirmed?format=topojson").json()
    assert topology["objects"].keys() == {"collection"}
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    plain = world.v2_features("/reports/confirmed")
    for feature, geometry in zip(plain, topology["objects"]["collection"]["geometries"], strict=True):
        x, y = geometry["coordinates"]
        assert 0 <= x <= 9999 and 0 <= y <= 9999
        true = feature["geometry"]["coordinates"]
        assert x * scale[0] + translate[0] == pytest.approx(true[0], abs=scale[0])
        assert y * scale[1] + translate[1] == pytest.approx(true[1], abs=scale[1])


@quirk("v2 TopoJSON: arcs are steps, and only an arc's first position keeps its third number")
def _(world: World) -> None:
    topology = world.v2.get(f"{V2}/infrastructure/waterways?format=topojson").json()
    for arc in topology["arcs"]:
        assert [len(position) for position in arc] == [3] + [2] * (len(arc) - 1)
    end = [sum(position[axis] for position in topology["arcs"][0]) for axis in (0, 1)]
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    true = world.v2_features("/infrastructure/waterways")[0]["geometry"]["coordinates"][-1]
    for axis in (0, 1):
        assert end[axis] * scale[axis] + translate[axis] == pytest.approx(true[axis], abs=scale[axis])


# Feeds into Peta Jakarta


@quirk("feeds/qlue: a new post answers created true")
def _(world: World) -> None:
    post = post_for_qlue()
    answer = world.v3.post("/feeds/qlue", json=post)
    assert (answer.status_code, answer.json()) == (200, {"post_id": post["post_id"], "created": True})


@quirk("feeds/qlue: the same post again answers created false, with 200")
def _(world: World) -> None:
    post = post_for_qlue()
    world.v3.post("/feeds/qlue", json=post)
    again = world.v3.post("/feeds/qlue", json=post)
    assert again.status_code == 200
    assert again.json() | {"message": ""} == {"post_id": post["post_id"], "created": False, "message": ""}
    assert "already exists" in again.json()["message"]


@quirk("feeds/qlue: further members are refused")
def _(world: World) -> None:
    assert world.hand_in(flood_depth=40).status_code == 400
    assert world.hand_in(location={"lat": -6.2, "lng": 106.8, "accuracy": 5}).status_code == 400


@quirk("feeds/qlue: created_at with milliseconds is refused")
def _(world: World) -> None:
    assert world.hand_in(created_at="2026-02-20T11:05:00.000Z").status_code == 400
    assert world.hand_in(created_at="2026-02-20T18:05:00+07:00").status_code == 200


@quirk('feeds/qlue: title may be missing or "", not null')
def _(world: World) -> None:
    assert [world.hand_in(title=title).status_code for title in ("", None)] == [200, 400]


@quirk('feeds/qlue: text is required and may be ""')
def _(world: World) -> None:
    assert world.hand_in(text="").status_code == 200
    without = post_for_qlue()
    del without["text"]
    assert world.v3.post("/feeds/qlue", json=without).status_code == 400


@quirk('feeds/qlue: image_url may be missing, not ""')
def _(world: World) -> None:
    addresses = ("", "http://example.org/a.jpg")
    assert [world.hand_in(image_url=address).status_code for address in addresses] == [400, 200]


@quirk("feeds/qlue: three cities and one disaster are known")
def _(world: World) -> None:
    cities = ("jabodetabek", "bandung", "surabaya", "medan")
    assert [world.hand_in(qlue_city=city).status_code for city in cities] == [200, 200, 200, 400]
    assert world.hand_in(disaster_type="fire").status_code == 400


@quirk("feeds/qlue: what was posted shows under another number, without its id or depth, as of qlue")
def _(world: World) -> None:
    post = {**post_for_qlue(), "text": "air setinggi lutut di gang kami"}
    world.v3.post("/feeds/qlue", json=post)
    shown = next(one for one in world.features("/reports") if one["properties"]["text"] == post["text"])
    properties = shown["properties"]
    assert (properties["source"], properties["url"], properties["report_data"]) == ("qlue", None, None)
    assert properties["created_at"] == "2026-02-20T11:05:00.000Z"
    assert shown["geometry"]["coordinates"] == [106.86, -6.21]
    assert str(post["post_id"]) not in str(shown)


@quirk("feeds/qlue: production asks for an x-api-key")
def _(world: World) -> None:
    assert world.locked.post("/feeds/qlue", json=post_for_qlue()).status_code == 403
    headers = {"x-api-key": "kunci"}
    assert world.locked.post("/feeds/qlue", json=post_for_qlue(), headers=headers).json()["created"] is True


@quirk("feeds/detik: alike, with a contribution_id and an address")
def _(world: World) -> None:
    number = next(NUMBERS)
    sent = {
        "contribution_id": number,
        "created_at": "2026-02-20T11:05:00Z",
        "disaster_type": "flood",
        "text": "Banjir",
        "url": "https://example.org/berita/1",
        "location": {"latitude": -6.21, "longitude": 106.86},
    }
    answers = [world.v3.post("/feeds/detik", json=sent).json() for _ in range(2)]
    assert [answer["created"] for answer in answers] == [True, False]
    assert answers[0]["contribution_id"] == number


# Qlue


@quirk("qlue: one array, newest first, post_id a rising int")
def _(world: World) -> None:
    numbers = [post["post_id"] for post in world.posts()]
    assert len(numbers) > 50
    assert numbers == sorted(set(numbers), reverse=True)


@quirk("qlue: exactly these members")
def _(world: World) -> None:
    names = ["post_id", "post_date", "post_title", "post_desc", "post_images", "loc_lat", "loc_lng", "profile_name"]
    assert {tuple(post) for post in world.posts()} == {tuple(names)}


@quirk("qlue: a post does not say its category; one asks by category, and an unknown one is empty")
def _(world: World) -> None:
    kinds = {marker: {post["post_id"] for post in world.posts(marker)} for marker in qlue.CATEGORIES}
    assert sum(map(len, kinds.values())) == len(set().union(*kinds.values()))
    assert all(kinds.values())
    assert world.posts("ic_9none") == []


@quirk("qlue: post_date has no zone and is Jakarta time")
def _(world: World) -> None:
    newest = datetime.strptime(world.posts()[0]["post_date"], "%Y-%m-%d %H:%M:%S")
    age = (NOW + timedelta(hours=7)).replace(tzinfo=None) - newest
    assert timedelta(0) <= age < timedelta(minutes=5)


@quirk("qlue: coordinates are numbers or strings")
def _(world: World) -> None:
    assert {type(post["loc_lat"]) for post in world.posts()} >= {float, str}
    assert {type(post["loc_lng"]) for post in world.posts()} >= {float, str}


@quirk("qlue: 0,0 means no place")
def _(world: World) -> None:
    nowhere = [post for post in world.posts() if float(post["loc_lat"]) == 0]
    assert nowhere
    assert all(float(post["loc_lng"]) == 0 for post in nowhere)


@quirk("qlue: one image address, plain http, or an empty string")
def _(world: World) -> None:
    addresses = [post["post_images"] for post in world.posts()]
    assert "" in addresses
    shown = next(address for address in addresses if address)
    assert shown.startswith("http://")
    answer = httpx.get(shown)
    assert (answer.headers["content-type"], answer.content[:2]) == ("image/jpeg", b"\xff\xd8")


@quirk("qlue: the author's name is in the clear")
def _(world: World) -> None:
    assert all(re.fullmatch(r"\w+ \w+", post["profile_name"]) for post in world.posts())


@quirk("qlue: a late edit changes the words under the same post_id, which a cursor on the last id misses")
def _(world: World) -> None:
    edited = next(one for one in world.city.reports("qlue", START) if one.late_at and one.kind == "flood")
    assert edited.late_at is not None
    texts = []
    for moment in (edited.late_at - timedelta(seconds=1), edited.late_at):
        world.clock.set(moment)
        texts.append(next(post["post_desc"] for post in world.posts() if post["post_id"] == edited.number))
    assert texts[0] != texts[1]
    assert world.posts()[0]["post_id"] > edited.number


@quirk("qlue: the feed is a window; older posts drop out")
def _(world: World) -> None:
    oldest = world.posts()[-1]["post_id"]
    world.clock.set(NOW + timedelta(hours=7))
    assert oldest not in {post["post_id"] for post in world.posts()}


# LAPOR


@quirk("lapor addstream: XML in, trackingid and transaksiid out")
def _(world: World) -> None:
    answer = world.complain("Lampu jalan mati")
    assert answer.headers["content-type"].startswith("text/xml")
    told = ElementTree.fromstring(answer.content)
    assert told.findtext("trackingid") and told.findtext("transaksiid")


@quirk("lapor addstream: no idempotency, the same complaint twice makes two tickets")
def _(world: World) -> None:
    for _ in range(2):
        world.complain("Dikirim dua kali")
    assert [ticket["isi"] for ticket in world.tickets()].count("Dikirim dua kali") == 2


@quirk("lapor addstream: an unknown token is refused")
def _(world: World) -> None:
    assert world.complain("x", token="00000000-0000-0000-0000-000000000000").status_code == 403


@quirk("lapor addstream: rahasia and anonim are kept")
def _(world: World) -> None:
    world.complain("Laporan rahasia saya", flags='rahasia="1" anonim="1"')
    ticket = next(one for one in world.tickets() if one["isi"] == "Laporan rahasia saya")
    assert (ticket["rahasia"], ticket["anonim"]) == ("ya", "ya")


@quirk("lapor addstream: an answer can be lost after the write")
def _(world: World) -> None:
    world.lapor.post("/_control", json={"fault": "answer_lost"})
    with pytest.raises(httpx.TransportError):
        world.complain("Jawaban hilang [SIMPUL-REF 7]")
    world.lapor.post("/_control", json={"fault": "none"})
    assert [ticket["isi"] for ticket in world.tickets()].count("Jawaban hilang [SIMPUL-REF 7]") == 1


@quirk("lapor addstream: only the text travels; the ticket shows it whole, reference included, and its tracking id")
def _(world: World) -> None:
    text = "Banjir di RW 05.\nTempat: -6.2100, 106.8600\nKode: SIMPUL-ABC-123"
    tracking = ElementTree.fromstring(world.complain(text).content).findtext("trackingid")
    ticket = next(one for one in world.tickets() if one["nomor_laporan"] == tracking)
    assert (ticket["isi"], ticket["wilayah"], ticket["status"]) == (text, "", "Belum Diverifikasi")


@quirk("lapor gettopics: KEYTOKEN opens a flat list with parents")
def _(world: World) -> None:
    path = "/api/services/f01/gettopics"
    assert world.lapor.post(path).status_code == 401
    by_header = world.lapor.post(path, headers={"KEYTOKEN": lapor.KEYTOKEN}).json()
    assert by_header == world.lapor.post(path, data={"KEYTOKEN": lapor.KEYTOKEN}).json()
    assert {tuple(topic) for topic in by_header} == {("id", "parent", "topic_name")}
    assert {topic["parent"] for topic in by_header} == {0, 1}


@quirk("lapor export: these columns, in this order")
def _(world: World) -> None:
    assert tuple(world.tickets()[0]) == lapor.COLUMNS


@quirk("lapor export: UTF-8 or Windows-1252, semicolons or commas")
def _(world: World) -> None:
    world.complain("Café “Betawi” ramai")
    plain = world.tickets()
    assert world.tickets(delimiter=",") == plain
    assert world.tickets(encoding="windows-1252", delimiter=",") == plain
    assert b"Caf\xe9 \x93" in world.lapor.get("/export/tickets.csv?encoding=windows-1252").content


@quirk("lapor export: times are Jakarta's, day first")
def _(world: World) -> None:
    world.complain("Jam berapa sekarang")
    ticket = next(one for one in world.tickets() if one["isi"] == "Jam berapa sekarang")
    assert ticket["tanggal_laporan"] == "20/02/2026 18:10"


@quirk("lapor export: three classes")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=3))
    classes = {ticket["klasifikasi"] for ticket in world.tickets()}
    assert classes == {"Pengaduan", "Aspirasi", "Permintaan Informasi"}


@quirk("lapor export: the admins' own words appear (tunda, bukan wewenang, arsip)")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=3))
    words = {ticket["status"] for ticket in world.tickets()}
    assert {"Bukan Wewenang", "Arsip", "Ditolak", "Ditutup", "Selesai"} <= words <= set(STATUSES)


@quirk("lapor export: follow-ups are dated lines within one quoted cell")
def _(world: World) -> None:
    line = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d [^:]+: .+")
    answered = [ticket["tindak_lanjut"] for ticket in world.tickets() if "\n" in ticket["tindak_lanjut"]]
    assert answered
    assert all(line.fullmatch(part) for cell in answered for part in cell.split("\n"))


@quirk("lapor export: tickets move on, those handed in too")
def _(world: World) -> None:
    tracking = ElementTree.fromstring(world.complain("Bergerak").content).findtext("trackingid")
    world.clock.advance(3600)
    moved = next(one for one in world.tickets() if one["nomor_laporan"] == tracking)
    assert moved["status"] != "Belum Diverifikasi"
    assert moved["tanggal_perbarui"] != moved["tanggal_laporan"]


@pytest.mark.parametrize("proof", QUIRKS)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
