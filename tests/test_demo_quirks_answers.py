"""Quirks of Peta Jakarta v3: how it answers and errs, each by name with its proof."""

from datetime import timedelta

import pytest

from tests.quirks import GEO, NOW, Proof, Quirks, World, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


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


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
