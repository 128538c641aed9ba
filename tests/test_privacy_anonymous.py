"""*Anonim*: who told a report without a name cannot be told from anybody else, by whomever, staff included.

In two hubs the same happens, but in one it is Sari who tells, comments, adds photos and changes her mind, in the other Tono.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from domain.areas import AreaMap
from domain.vocabulary import Role
from resolvers.acting import add_photos, comment, set_confidential, support, withdraw
from resolvers.inputs import (
    AddPhotos,
    CommentOnReport,
    GivenContact,
    SetConfidential,
    SupportReport,
    WithdrawReport,
)
from schema.root import graphql_schema
from tests.images import plain_jpeg
from tests.privacy_secrets import AT, WATER
from tests.privacy_twins import Twins, living_twins
from tests.privacy_world import PUBLIC, Minute, Watched, first_difference, live_through
from tests.schema_world import everything
from tests.writing import File

pytestmark = pytest.mark.slow(seconds=10)

TYPES = {name: kind for name, kind in graphql_schema().type_map.items() if isinstance(kind, GraphQLObjectType)}
EVERYBODY = (*PUBLIC, "ours", "dispatcher", "admin")
CONTACTS = {
    "sari": ("Sari Dewi", "0812-1111", "sari@warga.test"),
    "tono": ("Tono Budi", "0812-2222", "tono@warga.test"),
}
EVENT = everything(TYPES["ReportEvent"], 2)
ALL = (
    f"{{ reports(first: 50) {{ totalCount nodes {everything(TYPES['Report'], 1)} }}"
    f" events(first: 100) {{ nodes {everything(TYPES['ReportEvent'], 1)} }} statistics {{ total buckets(by: SOURCE) {{ key total }} }}"
    ' reports_by_words: reports(filter: {search: "sari tono"}) { totalCount } }'
)
STREAM = f"subscription ($after: Cursor) {{ reportEvents(after: $after) {EVENT} }}"


def story(who: str) -> list[Minute]:
    """What somebody does to a report that is told without a name."""

    async def tells(world: Watched) -> None:
        name, phone, email = CONTACTS[who]
        contact = GivenContact(name=name, phone=phone, email=email)
        more = {"contact": contact, "photos": (File(plain_jpeg(), filename=f"{who}.jpg"),)}
        await world.tell("nameless", who, anonymous=True, text=WATER, location=AT, **more)

    async def speaks(world: Watched) -> None:
        said = CommentOnReport(report_id=world.id("nameless"), text="Masih tinggi")
        await world.hub.call(comment, said, world.people[who])

    async def shows(world: Watched) -> None:
        more = AddPhotos(report_id=world.id("nameless"), photos=(File(plain_jpeg()),))
        await world.hub.call(add_photos, more, world.people[who])

    async def hides(world: Watched) -> None:
        given = SetConfidential(report_id=world.id("nameless"), confidential=True)
        assert not (await world.hub.call(set_confidential, given, world.people[who])).faults

    async def opens(world: Watched) -> None:
        given = SetConfidential(report_id=world.id("nameless"), confidential=False)
        assert not (await world.hub.call(set_confidential, given, world.people[who])).faults

    async def answered(world: Watched) -> None:
        said = CommentOnReport(report_id=world.id("nameless"), text="Kami datang")
        await world.hub.call(comment, said, world.people["dispatcher"])

    async def takes_back(world: Watched) -> None:
        given = WithdrawReport(report_id=world.id("nameless"), note="Sudah surut")
        assert not (await world.hub.call(withdraw, given, world.people[who])).faults

    return [Minute(step) for step in (tells, speaks, shows, hides, opens, answered, takes_back)]


@pytest.fixture(scope="module")
def twins(seeded_sqlite: Path, area_map: AreaMap, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with living_twins("sqlite", list(CONTACTS), live, seeded_sqlite, area_map, tmp_path_factory) as found:
        yield found


async def live(world: Watched, who: str) -> dict[str, str]:
    world.people["tono"] = await world.hub.person(Role.CITIZEN, "tono")
    starts = {each: await world.stand(each) for each in EVERYBODY}
    for each in EVERYBODY:
        await world.listen(each, "all", STREAM)
    await live_through(world, story(who), secret=True, look=glance)
    await world.leave_off()
    return starts


async def glance(world: Watched) -> None:
    for who in EVERYBODY:
        assert (await world.note(who, ALL))["data"]["reports"] is not None


@pytest.mark.parametrize("who", EVERYBODY)
class TestNobodyLearnsWhoItWas:
    def test_while_it_happens(self, twins: Twins, who: str) -> None:
        one, other = (world.transcript[who] for world in twins.worlds)
        assert not first_difference(one, other), first_difference(one, other)
        assert sum(len(entry["heard"]) for entry in one if "heard" in entry) >= 5

    def test_in_what_is_replayed(self, twins: Twins, who: str) -> None:
        for world, starts in zip(twins.worlds, twins.starts, strict=True):
            twins.runner.run(replay(world, who, starts[who]))
        one, other = (world.transcript[who][-1] for world in twins.worlds)
        assert one == other and one["heard"]

    def test_in_any_word_that_was_told(self, twins: Twins, who: str) -> None:
        told = str([world.transcript[who] for world in twins.worlds]).casefold()
        secret = [word.casefold() for words in CONTACTS.values() for word in words]
        assert not [word for word in (*secret, "'sari'", "'tono'") if word in told]


async def replay(world: Watched, who: str, start: str) -> None:
    await world.listen(who, "all", STREAM, start)
    await world.hear()
    await world.leave_off()


def test_the_reporter_is_told_that_it_was_he(twins: Twins) -> None:
    question = "{ reports(filter: {mine: true}) { nodes { anonymous reporter { displayName } timeline { nodes { byViewer } } } } }"
    for world, who in zip(twins.worlds, CONTACTS, strict=True):
        (node,) = twins.runner.run(world.ask(who, question))["data"]["reports"]["nodes"]
        by_viewer = [each["byViewer"] for each in node["timeline"]["nodes"]]
        assert (node["anonymous"], node["reporter"], by_viewer.count(False)) == (True, None, 1)


def test_who_supports_is_told_to_no_outsider(twins: Twins) -> None:
    """Staff is told who supported; the public hears that somebody did."""
    for world, who in zip(twins.worlds, CONTACTS, strict=True):
        twins.runner.run(world.tell("named", "citizen", text="Lampu padam", category="street_light", location=AT))
        twins.runner.run(world.hub.call(support, SupportReport(report_id=world.id("named")), world.people[who]))
    for who in PUBLIC:
        asked = f"{{ events(first: 100, kinds: [SUPPORTED]) {{ nodes {EVENT} }} }}"
        nodes: list[Any] = twins.compare(asked, who)["events"]["nodes"]
        assert [node["actor"] for node in nodes if node["kind"] == "SUPPORTED"] == [None]
