"""Quirks of the feeds into Peta Jakarta, each by name with its proof."""

import pytest

from tests.quirks import NUMBERS, Proof, Quirks, World, post_for_qlue, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


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


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
