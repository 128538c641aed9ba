"""Quirks of Peta Jakarta v3: its reports, each by name with its proof."""

import re
from datetime import datetime, timedelta
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from tests.quirks import NOW, START, Proof, Quirks, World, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


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


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
