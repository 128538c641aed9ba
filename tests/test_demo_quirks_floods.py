"""Quirks of Peta Jakarta v3: floods, gauges, infrastructure, regions, each by name with its proof."""

import re
from datetime import datetime, timedelta

import pytest

from tests.quirks import NOW, START, Proof, Quirks, World, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


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


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
