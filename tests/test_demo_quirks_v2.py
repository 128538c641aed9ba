"""Quirks of Peta Jakarta v2, each by name with its proof."""

from datetime import datetime, timedelta

import pytest

from tests.quirks import NOW, START, V2, Proof, Quirks, World, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


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


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
