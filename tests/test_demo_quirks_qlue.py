"""Quirks of Qlue, each by name with its proof."""

import re
from datetime import datetime, timedelta

import httpx
import pytest

from demo import qlue
from tests.quirks import NOW, START, Proof, Quirks, World, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


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


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
