"""Seeded histories: whatever happens to reports while a reader is away, replay tells what live would have told, and a list
kept with the events is the list asked afresh.

What should be told comes from `stream_oracle`, which shares nothing with the hub's own judging. Each history has its own
seed, which a failure shows.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from domain.areas import AreaMap
from domain.places import Point, fuzz
from domain.sealing import Kind
from domain.time import HOUR, moment
from domain.visibility import Visibility
from domain.vocabulary import EventKind, ForwardingState, ReportStatus, ReportVisibility, Role
from resolvers import events, log_feed, streams
from resolvers.context import Context
from resolvers.filters import BoundingBoxFilter, NearFilter, ReportFilter, resolve_filter
from resolvers.log_positions import Sealer, log_cursor
from resolvers.viewer import Viewer
from storage.events.appending import read_head
from storage.events.reading import last_seen
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.placing import Place
from storage.rows import EventRow
from storage.store import Store
from storage.tables import reports
from storage.writing.transaction import Tx
from tests.fed_readers import FedReader
from tests.stream_oracle import STREAMED, Oracle, Reading, Spot, Standing
from tests.stream_world import World, alter, close_all, create, flood, forward, make_flood_area, read_up_to, world_over

CHUNKS = 10
PER_TEST = {"SqliteStore": 80, "PostgresStore": 20}
"""How many histories each of the tests plays on each store, a thousand in all, each of its own seed. One on PostgreSQL takes as
long as three on SQLite, and what is judged is judged by the same code."""
CHANGES = 12
KEPT = 40
"""So few entries in memory that replays begin in the store and end in memory."""

CATEGORIES = ("traffic_jam", "flood", "beggars", "crime_disorder")
AGENCIES = ("dishub", "tata_air", None)
STATUSES = tuple(status for status in ReportStatus if status is not ReportStatus.DUPLICATE)
STAFF_FIELDS = frozenset({"confidential", "forwardings", "source_disagrees"})

Told = list[tuple[int, bool | None]]


def told(rows: list[EventRow]) -> Told:
    return [(row.seq, None if row.tombstone else row.matches) for row in rows]


@dataclass
class Follower:
    """A reader that has been there from the start: its subscription, what it was told, and what it should have been."""

    reading: Reading
    viewer: Viewer
    source: streams.LogSource
    fed: FedReader
    opened: int
    start: int
    list_at_start: set[int] | None
    read_to: int
    told: Told = field(default_factory=list)
    rows: list[EventRow] = field(default_factory=list)
    fed_rows: list[EventRow] = field(default_factory=list)
    expected: Told = field(default_factory=list)


@dataclass
class Absent:
    """The same reader as it was when it went away: its cursor, and the list of that moment."""

    follower: Follower
    cursor: str
    position: int
    listed: set[int] | None


class History:
    """One history on a world that earlier ones have left their reports in."""

    def __init__(self, world: World, seed: int, first_seq: int, flood_area: int) -> None:
        self.world = world
        self.seed = seed
        self.random = random.Random(seed)
        self.oracle = Oracle(world, first_seq)
        self.token = f"token-of-history-{seed}"
        self.flood_area = flood_area
        self.spots = [Point(self.random.uniform(-6.19, -6.16), self.random.uniform(106.81, 106.84)) for _ in range(4)]

    @property
    def position(self) -> int:
        return self.oracle.first_seq + len(self.oracle.log) - 1

    # what happens

    async def create_some(self, count: int) -> None:
        def apply(tx: Tx) -> list[tuple[int, Standing]]:
            return [self._create(tx) for _ in range(count)]

        for report, standing in await self.world.write(apply):
            self.oracle.tell(EventKind.CREATED, _now(), report, standing)

    def _create(self, tx: Tx) -> tuple[int, Standing]:
        pick = self.random
        place, spot = self._somewhere()
        token_free = not any(each.token for each in self.oracle.now.values())
        standing = Standing(
            category=pick.choice(CATEGORIES),
            place=spot,
            reported_at=tx.now - pick.choice((0, 30, 90, 60 * 23, 60 * 25, 60 * 90)) * 60_000_000,
            visibility=pick.choice((ReportVisibility.PUBLIC,) * 3 + (ReportVisibility.CONFIDENTIAL,)),
            source=pick.choice(("simpul", "qlue")),
            agency=pick.choice(AGENCIES[:2]),
            reporter=pick.choice(("sari", "tono", None)),
            token=self.token if token_free and not self._token_given else None,
            means=pick.choice((None, None, "CLOSED", "SUBMITTED")),
        )
        self._token_given = self._token_given or standing.token is not None
        report = create(
            tx,
            self.world,
            category=standing.category,
            source=standing.source,
            place=place,
            agency=standing.agency,
            reporter=standing.reporter,
            token=standing.token,
            reported_at=standing.reported_at,
            confidential=standing.visibility == ReportVisibility.CONFIDENTIAL,
            source_status_means=standing.means,
        )
        return report, standing

    _token_given = False

    def _somewhere(self) -> tuple[Place, Spot]:
        areas = self.world.parts.areas
        if self.random.random() < 0.15:
            code = self.random.choice((None, areas.locate(self.spots[0].latitude, self.spots[0].longitude)))
            return Place(None, code), Spot(None, code)
        point = self.random.choice(self.spots)
        return Place(point), Spot(point, areas.locate(point.latitude, point.longitude))

    async def change_something(self) -> None:
        alive = [each for each, now in self.oracle.now.items() if now.visibility != ReportVisibility.ERASED]
        if not alive or self.random.random() < 0.05:
            await self.world.write(lambda tx: flood(tx, self.flood_area, self.random.randrange(5)))
            self.oracle.tell(EventKind.FLOOD_STATE, _now())
            return
        report = self.random.choice(alive)
        happens = self.random.choices(_HAPPENS, _WEIGHTS)[0]
        for what, kind, after in await self.world.write(lambda tx: happens(self, tx, report), *self.oracle.now):
            self.oracle.tell(kind, _now(), what, after)

    # who reads

    async def join(self, first_field: str) -> Follower:
        """A new reader with a filter that has a condition on `first_field`, and perhaps others."""
        reading = self._reading(first_field)
        viewer = self._viewer(reading)
        listed, position, _ = await self._list(reading, viewer)
        async with self.world.reading(viewer) as ctx:
            source, shared = await _open(ctx, reading, None), await _open(ctx, reading, None)
        fed = FedReader(self.world.tail, shared)
        assert await fed.join() == []
        return Follower(reading, viewer, source, fed, fed.stands[0], position, listed, position)

    def _reading(self, first_field: str) -> Reading:
        names = {first_field, *self.random.sample(STREAMED, self.random.choice((0, 0, 1, 2)))}
        role = self.random.choice(list(Role))
        if self.random.random() < 0.4:  # most of what can go wrong, goes wrong where the public asks by place
            names.add(self.random.choice(("areas", "within", "near")))
            role = self.random.choice((Role.ANONYMOUS, Role.CITIZEN, Role.PARTNER))
        if names & STAFF_FIELDS:
            role = self.random.choice((Role.RESPONDER, Role.DISPATCHER, Role.ADMIN))
        elif "mine" in names and role is Role.PARTNER:
            role = Role.CITIZEN
        agency = "dishub" if role in (Role.RESPONDER, Role.PARTNER) else None
        person = None if role in (Role.ANONYMOUS, Role.PARTNER) else self.random.choice(("sari", "tono"))
        tokens = frozenset({self.token}) if role is Role.ANONYMOUS and "mine" in names else frozenset()
        kinds = None
        if self.random.random() < 0.25:
            kinds = frozenset(self.random.sample(list(EventKind)[:20], 5))
        asked: dict[str, Any] = {}
        for name in sorted(names):
            asked[name] = _FILTERS[name](self)
        created_only = self.random.random() < 0.15
        return Reading(
            role, agency, person, tokens, ReportFilter(**asked), None if created_only else kinds, created_only
        )

    def _viewer(self, reading: Reading) -> Viewer:
        if reading.tokens:
            return self.world.follower(*reading.tokens)
        person = None if reading.person is None else self.world.people[reading.person]
        agency = None if reading.agency is None else self.world.agencies[reading.agency]
        return Viewer(role=reading.role, person_id=person, agency_id=agency)

    async def _list(self, reading: Reading, viewer: Viewer) -> tuple[set[int] | None, int, str]:
        """The list that the reader sees now, if events can keep it, where the log stands for it, and its cursor: all of one
        snapshot."""
        async with self.world.reading(viewer) as ctx:
            listed = None
            if _keeps_a_list(reading):
                wanted = await resolve_filter(ctx, reading.filter, for_stream=True)
                listed = await ctx.read(_matching, await ctx.visibility(), wanted)
            cursor = await log_cursor(ctx)
        position = self.world.opened(cursor, viewer).seq
        own = bool(reading.person or reading.tokens)
        known = self.oracle.last_known(reading, own=own)
        assert known is None or position == known, f"{self}: logCursor stands on {position}, not on {known}"
        return listed, position, cursor

    async def catch_up(self, follower: Follower) -> None:
        """Reads what there is to be read, and notes what that should be."""
        new, end = await self._drain(follower, follower.source)
        fed = [each.value for each in await follower.fed.take()]
        assert self._as_told_at_once(fed) == self._as_told_at_once(new), f"{self}: through a feed, {follower.reading}"
        follower.fed_rows += fed
        follower.told += told(new)
        follower.rows += new
        follower.expected += self.oracle.expected(follower.reading, follower.read_to)
        follower.read_to = self.position
        known = self.oracle.last_known(follower.reading, own=follower.reading.mine)
        assert known is None or end == known, f"{self}: the position stands on {end}, not on {known}"
        stands = follower.fed.stands[0]
        assert stands == max(end, follower.opened), f"{self}: the feed's position stands on {stands}, not on {end}"

    def _as_told_at_once(self, rows: list[EventRow]) -> Told:
        """Without the reports whose past was rewritten: a feed may have judged that before, by the true places that the
        public was shown then."""
        return told([row for row in rows if row.report_id not in self.oracle.rewritten])

    async def _drain(self, follower: Follower, source: streams.LogSource) -> tuple[list[EventRow], int]:
        async with self.world.reading(follower.viewer) as ctx:
            visibility = await ctx.visibility()
            head = await ctx.read(read_head)
            seq, chain = await ctx.read(last_seen, visibility, own=follower.reading.mine)
        await self.world.tail.after(head.seq - 1, head.epoch)  # the hub's reader of the log has heard of everything
        end = Sealer(self.world.parts.cursors, visibility, head.epoch).seal(seq, chain)
        if self.world.opened(source.progress() or "", follower.viewer).seq > seq:
            return (
                [],
                seq,
            )  # opened on a hidden report of this person's, where a stream of others' has nothing to go on to
        return [each.value for each in await read_up_to(source, end)], seq

    async def leave(self, follower: Follower) -> Absent:
        listed, position, cursor = await self._list(follower.reading, follower.viewer)
        return Absent(follower, cursor, position, listed)

    # what must hold

    async def check(self, follower: Follower, absences: list[Absent]) -> None:
        assert follower.told == follower.expected, f"{self}: live, {follower.reading}"
        afresh, _, _ = await self._list(follower.reading, follower.viewer)
        self._check_list(follower, follower.list_at_start, follower.rows, afresh)
        self._check_list(follower, follower.list_at_start, follower.fed_rows, afresh)
        for absent in absences:
            async with self.world.reading(follower.viewer) as ctx:
                source = await _open(ctx, follower.reading, absent.cursor)
            rows, _ = await self._drain(follower, source)
            expected = self.oracle.expected(follower.reading, absent.position)
            assert told(rows) == expected, f"{self}: replay behind {absent.position}, {follower.reading}"
            self._check_live_is_replay(follower, absent, told(rows))
            self._check_list(follower, absent.listed, rows, afresh)
            if not follower.reading.created_only:
                await self._check_pages(follower, absent, expected)

    def _check_live_is_replay(self, follower: Follower, absent: Absent, replayed: Told) -> None:
        """Of reports that the reader has seen all along, with their place, replay and live are the same to the letter."""
        steady = {
            report
            for report in self.oracle.now
            if all(
                follower.reading.sees(each.after, own=follower.reading.mine)
                and each.after.category not in self.world.sensitive
                for each in self.oracle.log
                if each.report == report and each.after is not None
            )
        }
        of_steady = {each.seq for each in self.oracle.log if each.report in steady}
        live = [each for each in follower.told if each[0] > absent.position and each[0] in of_steady]
        assert live == [each for each in replayed if each[0] in of_steady], f"{self}: live against replay"

    def _check_list(
        self, follower: Follower, listed: set[int] | None, rows: list[EventRow], afresh: set[int] | None
    ) -> None:
        """The list of an earlier moment, kept with these events, is the one of now."""
        if listed is None:
            return
        kept = set(listed)
        for row in rows:
            assert row.report_id is not None
            (kept.add if row.matches else kept.discard)(row.report_id)
        assert kept == afresh, f"{self}: list and events against the list, {follower.reading}"

    async def _check_pages(self, follower: Follower, absent: Absent, expected: Told) -> None:
        size, found = self.random.choice((1, 3, 7, 100)), []
        cursor: str | None = absent.cursor
        while True:
            async with self.world.reading(follower.viewer) as ctx:
                kinds = None if follower.reading.kinds is None else sorted(follower.reading.kinds)
                page = await events.events(ctx, filter=follower.reading.filter, kinds=kinds, first=size, after=cursor)
            found += told(list(page.rows))
            cursor = page.end_cursor
            if not page.has_next:
                break
        assert found == expected, f"{self}: events behind {absent.position}, {follower.reading}"

    def __str__(self) -> str:
        return f"history of seed {self.seed}"


def _keeps_a_list(reading: Reading) -> bool:
    """A filter that moves with the clock lets reports go without any event: whoever keeps such a list drops them by the
    clock. With `kinds` a reader asks not to hear of all that comes in; newReports does not tell of what changes."""
    return not reading.created_only and reading.kinds is None and reading.filter.reported_within_hours is None


def _now() -> int:
    return time.time_ns() // 1000


async def _open(ctx: Context, reading: Reading, after: str | None) -> streams.LogSource:
    if reading.created_only:
        return await streams.new_reports(ctx, filter=reading.filter, after=after)
    return await streams.report_events(ctx, filter=reading.filter, kinds=reading.kinds, after=after)


def _matching(conn: Connection, visibility: Visibility, wanted: ResolvedFilter) -> set[int]:
    return set(conn.execute(select(reports.c.id).where(wanted.where(visibility, conn.dialect.name, _now()))).scalars())


Happened = list[tuple[int, EventKind, Standing]]


def _alter(h: History, tx: Tx, report: int, kind: EventKind, after: Standing, **columns: Any) -> Happened:
    alter(tx, h.world, report, kind, **columns)
    return [(report, kind, after)]


def _status(h: History, tx: Tx, report: int) -> Happened:
    status = str(h.random.choice(STATUSES))
    return _alter(h, tx, report, EventKind.STATUS_CHANGED, replace(h.oracle.now[report], status=status), status=status)


def _category(h: History, tx: Tx, report: int) -> Happened:
    code = h.random.choice(CATEGORIES)
    after = replace(h.oracle.now[report], category=code)
    return _alter(h, tx, report, EventKind.UPDATED, after, category_id=h.world.categories[code])


def _move(h: History, tx: Tx, report: int) -> Happened:
    place, spot = h._somewhere()
    return _alter(h, tx, report, EventKind.UPDATED, replace(h.oracle.now[report], place=spot), place=place)


def _visibility(h: History, tx: Tx, report: int) -> Happened:
    now = h.oracle.now[report]
    other = (
        ReportVisibility.PUBLIC if now.visibility == ReportVisibility.CONFIDENTIAL else ReportVisibility.CONFIDENTIAL
    )
    return _alter(
        h, tx, report, EventKind.VISIBILITY_CHANGED, replace(now, visibility=str(other)), visibility=str(other)
    )


def _erase(h: History, tx: Tx, report: int) -> Happened:
    erased = str(ReportVisibility.ERASED)
    return _alter(h, tx, report, EventKind.ERASED, replace(h.oracle.now[report], visibility=erased), visibility=erased)


def _agency(h: History, tx: Tx, report: int) -> Happened:
    code = h.random.choice(AGENCIES)
    row = None if code is None else h.world.agencies[code]
    return _alter(h, tx, report, EventKind.ASSIGNED, replace(h.oracle.now[report], agency=code), agency_id=row)


def _merge_or_split(h: History, tx: Tx, report: int) -> Happened:
    now = h.oracle.now[report]
    if now.duplicate_of is not None:
        after = replace(now, duplicate_of=None, status=str(ReportStatus.VERIFIED))
        return _alter(h, tx, report, EventKind.SPLIT, after, duplicate_of_id=None, status=after.status)
    other = h.random.choice([each for each in h.oracle.now if each != report])
    after = replace(now, duplicate_of=other, status=str(ReportStatus.DUPLICATE))
    columns = {"duplicate_of_id": other, "status": after.status, "other_report_id": other}
    return _alter(h, tx, report, EventKind.MERGED, after, **columns)


def _photos(h: History, tx: Tx, report: int) -> Happened:
    now = h.oracle.now[report]
    count = 0 if now.photos and h.random.random() < 0.5 else now.photos + 1
    kind = EventKind.PHOTO_ADDED if count else EventKind.PHOTO_HIDDEN
    return _alter(h, tx, report, kind, replace(now, photos=count), photo_count=count)


def _breach(h: History, tx: Tx, report: int) -> Happened:
    after = replace(h.oracle.now[report], breached=True)
    return _alter(h, tx, report, EventKind.BREACHED, after, respond_breached=True)


def _disagree(h: History, tx: Tx, report: int) -> Happened:
    means = h.random.choice((None, "SUBMITTED", "RESOLVED"))
    after = replace(h.oracle.now[report], means=means)
    return _alter(h, tx, report, EventKind.UPDATED, after, source_status_means=means)


def _forward(h: History, tx: Tx, report: int) -> Happened:
    state = str(h.random.choice(list(ForwardingState)))
    forward(tx, h.world, report, state)
    return [(report, EventKind.FORWARDED, replace(h.oracle.now[report], forwarding=state))]


def _support(h: History, tx: Tx, report: int) -> Happened:
    columns = {"support_count": h.random.randrange(9), "moves_updated_at": False}
    return _alter(h, tx, report, EventKind.SUPPORTED, h.oracle.now[report], **columns)


def _warn(h: History, tx: Tx, report: int) -> Happened:
    return _alter(h, tx, report, EventKind.AT_RISK, h.oracle.now[report])


def _two_at_once(h: History, tx: Tx, report: int) -> Happened:
    """A move and a secret, in one transaction: the first is not written yet when the second hides it."""
    place, spot = h._somewhere()
    moved = replace(h.oracle.now[report], place=spot)
    first = _alter(h, tx, report, EventKind.UPDATED, moved, place=place)
    secret = replace(moved, category="beggars")
    return first + _alter(h, tx, report, EventKind.UPDATED, secret, category_id=h.world.categories["beggars"])


_CHANGES: dict[Callable[[History, Tx, int], Happened], int] = {
    _status: 4,
    _category: 7,
    _move: 5,
    _visibility: 5,
    _erase: 1,
    _agency: 3,
    _merge_or_split: 3,
    _photos: 2,
    _breach: 1,
    _disagree: 2,
    _forward: 3,
    _support: 1,
    _warn: 1,
    _two_at_once: 2,
}
_HAPPENS, _WEIGHTS = list(_CHANGES), list(_CHANGES.values())


def _some(*values: Any) -> Callable[[History], tuple[Any, ...]]:
    return lambda h: tuple(h.random.sample(values, h.random.randint(1, max(1, len(values) // 2))))


def _flag(h: History) -> bool:
    return h.random.random() < 0.6


def _ids(h: History) -> tuple[str, ...]:
    rows = h.random.sample(sorted(h.oracle.now), 2)
    return tuple(h.world.parts.ids.encode(Kind.REPORT, row) for row in rows)


def _areas(h: History) -> tuple[str, ...]:
    spot = h.random.choice(h.spots)
    code = h.world.parts.areas.locate(spot.latitude, spot.longitude) or "31.71.01.1001"
    return (h.random.choice((code, code[:8], code[:5])),)


def _here_or_blurred(h: History) -> Point:
    spot = h.random.choice(h.spots)
    return h.random.choice((spot, fuzz(spot)))


def _box(h: History) -> BoundingBoxFilter:
    """Often so small that it holds a true place and not the public one, or the other way round."""
    spot, size = _here_or_blurred(h), h.random.choice((0.0003, 0.002, 0.01))
    return BoundingBoxFilter(spot.longitude - size, spot.latitude - size, spot.longitude + size, spot.latitude + size)


def _near(h: History) -> NearFilter:
    spot = _here_or_blurred(h)
    return NearFilter(spot.latitude, spot.longitude, h.random.choice((30.0, 150.0, 1500.0)))


_FILTERS: dict[str, Callable[[History], Any]] = {
    "ids": _ids,
    "statuses": _some(*ReportStatus),
    "open": _flag,
    "categories": _some(*CATEGORIES),
    "sources": _some("simpul", "qlue"),
    "agencies": _some("dishub", "tata_air"),
    "areas": _areas,
    "within": _box,
    "near": _near,
    "reported_within_hours": lambda h: h.random.choice((1, 24)),
    "reported_after": lambda h: moment(_now() - 24 * HOUR),
    "reported_before": lambda h: moment(_now() - 24 * HOUR),
    "has_photos": _flag,
    "breached": _flag,
    "duplicates": _flag,
    "mine": lambda h: h.random.random() < 0.8,
    "confidential": _flag,
    "forwardings": _some(*ForwardingState),
    "source_disagrees": _flag,
}


def test_every_field_of_the_filter_is_streamed_here_or_refused() -> None:
    assert set(_FILTERS) == set(STREAMED)


async def _play(history: History, number: int) -> None:
    await history.create_some(3)
    followers = [await history.join(STREAMED[(3 * number + n) % len(STREAMED)]) for n in range(3)]
    absences: dict[int, list[Absent]] = {n: [] for n in range(3)}
    for step in range(CHANGES):
        if step == CHANGES // 3:
            await history.create_some(3)
        await history.change_something()
        for n, follower in enumerate(followers):
            if history.random.random() < 0.15:
                await history.catch_up(follower)
            if len(absences[n]) < 2 and history.random.random() < 0.15:
                absences[n].append(await history.leave(follower))
    for n, follower in enumerate(followers):
        await history.catch_up(follower)
        await history.check(follower, absences[n])
    for follower in followers:
        follower.fed.leave()
    await close_all(each.source for each in followers)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
async def test_replay_is_live_and_lists_stay_right(
    store: Store, area_map: AreaMap, tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = type(store).__name__
    count = PER_TEST[engine]
    first = sum(PER_TEST.values()) * chunk + (PER_TEST["SqliteStore"] if engine == "PostgresStore" else 0)
    async with world_over(store, area_map, tmp_path, kept=KEPT) as world:
        flood_area = await world.write(lambda tx: make_flood_area(tx, world, "1", "31.71.01.1001"))
        for number in range(first, first + count):
            head = await store.read(read_head)
            monkeypatch.setattr(
                log_feed, "MOST_WAITING", (2, 1_000)[number % 2]
            )  # so that half of the feeds are too slow
            await _play(History(world, number, head.seq + 1, flood_area), number)
