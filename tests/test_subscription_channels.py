"""Subscriptions that ask the same: executed once for all, told to each exactly once, whoever is slow or comes late."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.vocabulary import EventKind, Role
from execution import Answer, Engine, RequestRefused, Stream
from resolvers import streams
from resolvers.audience import audience_of
from resolvers.filters import BoundingBoxFilter, ReportFilter
from resolvers.streams import LogSource
from resolvers.viewer import ANONYMOUS, Viewer
from schema.root import graphql_schema
from storage.reports.placing import Place
from storage.store import Store
from storage.tables import areas, log_head
from storage.writing.transaction import Operation, Tx
from tests.stream_world import PATIENCE, World, alter, create, flood, hide, make_flood_area, world_over
from transport.door import RequestInfo
from transport.http.request import Parameters
from transport.hub import SimpulHub
from transport.operations.channels import Channels, Follower, SharedAnswer
from transport.operations.documents import PersistedDocuments
from transport.operations.levels import OwnLevel, Rate
from transport.operations.running import Operations
from transport.operations.runs import Run
from transport.operations.throttle import Allowance, Throttle

NEW = "subscription ($after: Cursor) { newReports(after: $after) { cursor report { text category { name } } } }"
EVENTS = "subscription { reportEvents { kind byViewer reportId matches } }"
MINE = "subscription { reportEvents(filter: {mine: true}) { kind reportId } }"
PLENTY = Rate(1e9, 1e9)


class Outlet:
    """Takes answers while it is open; what came either way is in `got`, each by its cursor."""

    def __init__(self, hub: "Door", run: Run, viewer: Viewer, pick: random.Random | None = None) -> None:
        self.hub, self.run, self.viewer, self.pick = hub, run, viewer, pick
        self.got: list[str] = []
        self.shared: list[SharedAnswer] = []
        self.times_behind = 0
        self.refused: RequestRefused | None = None
        self.over = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.task = asyncio.create_task(self.read_on())

    async def read_on(self) -> None:
        """As a socket does: reads for itself until what comes is handed over."""
        try:
            async with aclosing(self.run.answers(self)) as answers:
                async for answer in answers:
                    self._take(cast(dict[str, Any], answer.extensions)["cursor"])
                    if self.pick is not None and self.pick.random() < 0.3:
                        await asyncio.sleep(0)
        except RequestRefused as refused:
            self.ended(refused)

    def hand(self, answer: SharedAnswer) -> bool:
        if self.pick is not None and self.pick.random() < 0.2:
            return False
        self.shared.append(answer)
        assert answer.cursor is not None
        self._take(answer.cursor)
        return True

    def _take(self, cursor: str) -> None:
        progress = self.run.progress()
        assert progress is None or self._seq(progress) < self._seq(cursor), "a position told what was not written"
        self.got.append(cursor)

    def _seq(self, cursor: str) -> int:
        return self.hub.seq_of(cursor, self.viewer)

    def behind(self) -> None:
        self.times_behind += 1
        self.begin()

    def ended(self, refused: RequestRefused) -> None:
        self.refused = refused
        self.over.set()


class Door:
    """The hub's operations over a world, as the transports have them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.engine = Engine(graphql_schema())
        self.hub = SimpulHub(self.engine, world.parts, cast(Any, None))  # nobody is identified here
        self.operations = Operations(self.hub, PersistedDocuments(), Throttle(PLENTY, PLENTY))

    @property
    def executed(self) -> int:
        counted = self.engine.counted
        return counted.planned + counted.left_to_core

    def seq_of(self, cursor: str, viewer: Viewer = ANONYMOUS) -> int:
        return self.world.opened(cursor, viewer).seq

    def subscribe(
        self,
        document: str,
        viewer: Viewer | None = None,
        *,
        language: str = "en",
        after: str | None = None,
        pick: random.Random | None = None,
    ) -> Outlet:
        who = viewer or ANONYMOUS
        prepared = self.operations.prepare(
            Parameters(document, variables={"after": after} if after else {}), who, "10.0.0.1"
        )
        info = RequestInfo(kind="subscription", way="websocket", accept_language=language, client_address="10.0.0.1")
        outlet = Outlet(self, self.operations.run(prepared, who, info), who, pick)
        outlet.begin()
        return outlet

    async def following(self, *outlets: Outlet) -> None:
        """Returns once all of them leave the reading to others."""
        async with asyncio.timeout(PATIENCE):
            while not all(each.run.following or each.refused for each in outlets):  # noqa: ASYNC110  nobody is told when one follows
                await asyncio.sleep(0)

    async def got(self, count: int, *outlets: Outlet) -> None:
        """Returns once each of them has got so much."""
        async with asyncio.timeout(PATIENCE):
            while not all(len(each.got) >= count for each in outlets):
                assert not any(each.refused for each in outlets), [
                    each.refused and each.refused.errors for each in outlets
                ]
                await asyncio.sleep(0)

    async def report(self, **told: Any) -> int:
        made: int = await self.world.write(lambda tx: create(tx, self.world, **told))
        return made


@pytest.fixture
async def door(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Door]:
    async with world_over(sqlite_store, area_map, tmp_path) as world:
        yield Door(world)


async def leave(*outlets: Outlet) -> None:
    for each in outlets:
        each.run.leave()
        if each.task is not None:
            each.task.cancel()
            await asyncio.wait((each.task,))


class TestOneExecutionForAll:
    async def test_all_get_the_same_bytes_of_one_execution(self, door: Door) -> None:
        cursor = (await first_cursor(door))[0]
        many = [door.subscribe(NEW, after=(cursor, None)[n % 2]) for n in range(40)]
        await door.following(*many)
        before = door.executed
        await door.report(text="Pohon tumbang")
        await door.got(1, *many)
        assert door.executed == before + 1
        frames = {each.shared[-1].frame("1") for each in many}
        assert len(frames) == 1
        assert b"Pohon tumbang" in frames.pop()
        assert many[0].shared[-1].frame("a") == many[1].shared[-1].frame("1").replace(b'"id":"1"', b'"id":"a"')
        await leave(*many)
        assert len(door.operations.channels) == 0

    async def test_what_differs_is_executed_for_itself(self, door: Door) -> None:
        alike = [door.subscribe(NEW), door.subscribe(NEW)]
        other = [
            door.subscribe(NEW, language="id"),
            door.subscribe(NEW.replace("text", "title")),
            door.subscribe(NEW, door.world.citizen()),
            door.subscribe(NEW, door.world.responder()),
        ]
        await door.following(*alike, *other)
        before = door.executed
        await door.report()
        await door.got(1, *alike, *other)
        assert door.executed == before + 1 + len(other)
        await leave(*alike, *other)

    async def test_people_of_one_class_share_what_is_not_personal(self, door: Door) -> None:
        sari, tono = (door.subscribe(NEW, door.world.citizen(name)) for name in ("sari", "tono"))
        await door.following(sari, tono)
        before = door.executed
        await door.report()
        await door.got(1, sari, tono)
        assert door.executed == before + 1
        await leave(sari, tono)

    async def test_what_is_for_the_very_person_is_shared_with_nobody_else(self, door: Door) -> None:
        """Also of one's own hidden reports nobody else hears."""
        told = [
            door.subscribe(document, door.world.citizen(name))
            for name in ("sari", "tono")
            for document in (EVENTS, MINE)
        ]
        sari, saris_own, tono, tonos_own = told
        await door.following(*told)
        await door.report(reporter="sari", actor=_sari(door.world))
        await door.got(1, sari, tono, saris_own)
        assert b'"byViewer":true' in sari.shared[0].event()
        assert b'"byViewer":false' in tono.shared[0].event()
        hidden = await door.report(reporter="tono", confidential=True)
        await door.got(1, tonos_own)
        await door.report()
        await door.got(2, sari, tono)
        assert [len(each.got) for each in told] == [2, 1, 2, 1]
        assert hidden
        await leave(*told)

    async def test_who_reported_is_not_shown_his_true_place_to_others(self, door: Door) -> None:
        """An answer that is shared is made for anybody of the class, not for whoever was first."""
        document = "subscription { newReports { report { location { latitude longitude } } } }"
        sari, tono = (door.subscribe(document, door.world.citizen(name)) for name in ("sari", "tono"))
        await door.following(sari, tono)
        await door.report(reporter="sari", category="beggars", place=Place(Point(-6.17512, 106.82723)))
        await door.got(1, sari, tono)
        assert b"-6.17512" not in tono.shared[0].event()
        await leave(sari, tono)

    async def test_an_api_key_is_not_told_what_its_partners_token_may_read(self, door: Door) -> None:
        """Of the same scopes: they are all that the key may do, and the token may what its role may."""
        document = "subscription { floodAreas { cursor area { reports(first: 1) { nodes { code } } } } }"
        token = Viewer(Role.PARTNER, scopes=frozenset({"reports:submit"}), partner="dishub")
        told = [door.subscribe(document, each) for each in (token, replace(token, key_id="k1"))]
        await door.following(*told)
        area = await door.world.write(lambda tx: make_flood_area(tx, door.world, "1", "31.71.01.1001"))
        await door.world.write(lambda tx: flood(tx, area, 2))
        await door.got(2, *told)
        with_token, with_key = (each.shared[0].event() for each in told)
        assert b'"reports":{"nodes":[]}' in with_token
        assert b'"area":null' in with_key
        assert b"This API key lacks the scope reports:read." in with_key
        await leave(*told)


class TestEachExactlyOnce:
    @pytest.mark.parametrize("seed", range(4))
    async def test_whoever_is_slow_and_whoever_comes_in_between(self, door: Door, seed: int) -> None:
        """Readers refuse what they are handed now and then, come while others are told, and resume from anywhere."""
        pick = random.Random(seed)
        cursors, readers = await first_cursor(door), []
        begins: list[int] = []
        for _ in range(12):
            batch = pick.randrange(1, 5)
            await door.world.write(lambda tx, batch=batch: [create(tx, door.world) for _ in range(batch)])
            after = pick.choice(cursors) if pick.random() < 0.6 else None
            readers.append(door.subscribe(NEW, after=after, pick=random.Random(pick.random())))
            begins.append(0 if after is None else door.seq_of(after))
            for _ in range(pick.randrange(6)):
                await asyncio.sleep(0)
            cursors += [cursor for each in readers for cursor in each.got[-1:]]
        await door.following(*readers)
        last = await door.report()
        assert last
        head = door.world.store.bell.seq
        async with asyncio.timeout(PATIENCE):
            while not all(each.got and door.seq_of(each.got[-1]) == head for each in readers):  # noqa: ASYNC110
                await asyncio.sleep(0)
        for begin, reader in zip(begins, readers, strict=True):
            got = [door.seq_of(cursor) for cursor in reader.got]
            assert got == list(range(begin + 1 if begin else got[0], head + 1))
        assert sum(each.times_behind for each in readers) > 5
        await door.following(*readers)
        assert {door.seq_of(each.run.progress() or "") for each in readers} == {head}
        await leave(*readers)

    async def test_what_is_hidden_while_it_waits_is_not_told(self, door: Door) -> None:
        readers = [door.subscribe(EVENTS), door.subscribe(EVENTS)]
        await door.following(*readers)

        def show_and_hide(tx: Tx) -> None:
            hide(tx, door.world, create(tx, door.world))

        await door.world.write(show_and_hide)
        await door.got(1, *readers)
        await door.report()
        await door.got(2, *readers)
        assert [b'"kind":"VISIBILITY_CHANGED"' in each.shared[0].event() for each in readers] == [True, True]
        assert all(b'"matches":false' in each.shared[0].event() for each in readers)
        await leave(*readers)

    async def test_a_new_epoch_ends_them_all(self, door: Door) -> None:
        readers = [door.subscribe(NEW), door.subscribe(EVENTS)]
        await door.following(*readers)
        raised = update(log_head).values(epoch=log_head.c.epoch + 1)
        await door.world.store.write(Operation(lambda tx: tx.conn.execute(raised)))
        for each in readers:
            await asyncio.wait_for(each.over.wait(), PATIENCE)
            assert each.refused is not None and each.refused.code == "CURSOR_EXPIRED"
        again = door.subscribe(NEW)
        await door.following(again)
        await door.report()
        await door.got(1, again)
        await leave(again)


async def first_cursor(door: Door) -> list[str]:
    """The cursor of a report that was told."""
    reader = door.subscribe(NEW)
    await door.following(reader)
    await door.report()
    await door.got(1, reader)
    await leave(reader)
    return list(reader.got)


def _sari(world: World) -> Any:
    from storage.writing.transaction import Actor

    return Actor("CITIZEN", None, world.people["sari"], None, True)


SUBSCRIBERS, FILTERS = 10_000, 1_000


class Counting:
    """An outlet that counts."""

    def __init__(self) -> None:
        self.got = 0

    def hand(self, _: SharedAnswer) -> bool:
        self.got += 1
        return True

    def behind(self) -> None:
        raise AssertionError("it always takes what it is handed")

    def ended(self, refused: RequestRefused) -> None:
        raise refused


async def distinct_filters(world: World) -> list[ReportFilter]:
    """A thousand: of areas of every level, of boxes from a street to a city, of categories, and of two of those."""
    pick = random.Random(5)
    codes = await world.store.read(
        lambda conn: list(conn.execute(select(areas.c.code).order_by(areas.c.code)).scalars())
    )
    found: dict[ReportFilter, None] = {}
    while len(found) < FILTERS:
        asked: dict[str, Any] = {}
        for kind in pick.sample(("areas", "box", "categories"), pick.choice((1, 1, 2))):
            if kind == "areas":
                asked["areas"] = tuple(pick.sample(codes, pick.choice((1, 1, 3))))
            elif kind == "categories":
                asked["categories"] = tuple(sorted(pick.sample(sorted(world.categories), pick.choice((1, 2, 4)))))
            else:
                south, west = pick.uniform(-6.36, -6.1), pick.uniform(106.7, 106.96)
                size = pick.choice((0.004, 0.02, 0.08))
                asked["within"] = BoundingBoxFilter(west, south, west + size, south + size)
        found[ReportFilter(**asked)] = None
    return list(found)


async def test_ten_thousand_subscribers_with_a_thousand_filters(door: Door) -> None:
    """Of the filters few are tried that do not match, and what matches is executed once for each filter."""
    world, executed = door.world, 0
    channels = Channels(lambda error: door.engine.refusal(error))
    client = Allowance(PLENTY, OwnLevel(PLENTY, lambda: 0.0))
    outlets: list[Counting] = []

    async def execute(_: object) -> Answer:
        nonlocal executed
        executed += 1
        return Answer({"a": 1})

    sources = []
    for asked in await distinct_filters(world):
        async with world.reading() as ctx:
            sources.append(await streams.report_events(ctx, filter=asked))
    followers = []
    for number in range(SUBSCRIBERS):
        like = sources[number % FILTERS]
        source = LogSource(world.tail, like._sealer, *like.known, like.interest)
        outlets.append(Counting())
        follower = Follower(Stream(source, execute, door.engine.refusal), source, client, outlets[-1])
        channels.follow(source.sharing(personal=False), follower)
        followers.append(follower)
    assert len(channels) == len({each.sharing(personal=False) for each in sources}) > 0.99 * FILTERS
    pick = random.Random(6)

    def make(tx: Tx) -> list[int]:
        spots = [Point(pick.uniform(-6.35, -6.1), pick.uniform(106.72, 106.95)) for _ in range(25)]
        names = [pick.choice(sorted(world.categories)) for _ in spots]
        return [create(tx, world, category=name, place=Place(spot)) for name, spot in zip(names, spots, strict=True)]

    made = await world.write(make)
    for report in made[:10]:
        await world.write(
            lambda tx, report=report: alter(tx, world, report, EventKind.STATUS_CHANGED, status="VERIFIED"), report
        )
    audience = audience_of(world.tail)
    last = await world.write(lambda tx: create(tx, world, category="flood", place=Place(Point(-6.2, 106.84))))
    assert last
    async with asyncio.timeout(PATIENCE):
        while audience._seq < world.store.bell.seq:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        while any(channel._working for channel in channels._open.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert audience.told > 500
    assert audience.tested <= 2 * audience.told
    print(f"{audience.tested} filters tested, {audience.told} matched, of {36 * FILTERS} asked one by one")
    assert executed == audience.told
    by_filter: dict[object, set[int]] = {}
    for follower, outlet in zip(followers, outlets, strict=True):
        by_filter.setdefault(follower.source.sharing(personal=False), set()).add(outlet.got)
    assert all(len(got) == 1 for got in by_filter.values())
    assert sum(got.pop() for got in by_filter.values()) == executed
    for follower in followers:
        follower.leave()
