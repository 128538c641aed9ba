"""A thousand hand-overs from replay to live while two hundred writers write: each event once, in order, none left out.

Seven hundred are on SQLite and three hundred on PostgreSQL, where one takes twice as long: what hands over is the same code.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, select

from domain.areas import AreaMap
from domain.vocabulary import EventKind, ReportStatus, Role
from resolvers import streams
from resolvers.filters import ReportFilter
from resolvers.log_positions import Sealer
from resolvers.viewer import ANONYMOUS, Viewer
from storage.events.appending import read_head
from storage.events.reading import chain_at
from storage.sqlite.store import SqliteStore
from storage.store import Store
from storage.tables import event_facets
from storage.writing.transaction import Tx
from tests.stream_world import PATIENCE, World, alter, create, world_over

WRITERS = 200
HANDOVERS = {"sqlite": 700, "postgresql": 300}
READERS = 25
"""How many hand-overs are under way at once."""
FURTHEST_BACK = 150
KEPT = 60
"""So few entries in memory that most replays begin in the store."""
WRITES = 15
"""How many writes there are for each hand-over: faster writers would only make readers read for longer."""
AHEAD_SECONDS = 0.05
"""How seldom a writer writes that is too far ahead: never would be too seldom where all readers wait for what it brings."""
SEED = 20_150_209

CATEGORIES = ("traffic_jam", "waste", "street_light")
STATUSES = ("SUBMITTED", "VERIFIED", "IN_PROGRESS", "RESOLVED")


@dataclass(frozen=True)
class Wanted:
    """What one kind of reader asks for, and how that is judged on the facts as they lie in the store."""

    filter: ReportFilter | None
    matches: Callable[[World, dict[str, Any]], bool]
    created_only: bool = False


def _any(_world: World, _facts: dict[str, Any]) -> bool:
    return True


def _jams(world: World, facts: dict[str, Any]) -> bool:
    return bool(facts["category_id"] == world.categories["traffic_jam"])


def _verified(_world: World, facts: dict[str, Any]) -> bool:
    return bool(facts["status"] == "VERIFIED")


WANTED = (
    Wanted(None, _any),
    Wanted(ReportFilter(categories=("traffic_jam",)), _jams),
    Wanted(ReportFilter(statuses=(ReportStatus.VERIFIED,)), _verified),
    Wanted(None, _any, created_only=True),
)


@dataclass
class Handover:
    """One reader: where it began, what it was told, and up to where."""

    number: int
    viewer: Viewer
    wanted: Wanted
    begin: int
    seqs: list[int] = field(default_factory=list)
    repeats: int = 0
    end: int = 0


class Traffic:
    """Writers and readers at once. Everything random comes from the seed, but for who is first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wanted = HANDOVERS["sqlite" if isinstance(world.store, SqliteStore) else "postgresql"]
        self.random = random.Random(SEED)
        self.reports: list[int] = []
        self.opened = 0
        self._written = 0
        self._opening = asyncio.Event()  # set whenever another hand-over has begun
        self.last_report = 0
        self.handovers: list[Handover] = []

    async def prepare(self) -> None:
        def apply(tx: Tx) -> list[int]:
            hidden = [create(tx, self.world, confidential=True, agency="tata_air") for _ in range(5)]
            return hidden + [create(tx, self.world, category=CATEGORIES[n % 3]) for n in range(35)]

        self.reports = await self.world.write(apply)
        for report in self.reports * 4:
            await self._write_once(report)

    async def write(self, number: int) -> None:
        """One of the writers: until all hand-overs have begun."""
        while self.opened < self.wanted:
            while self._written > WRITES * (self.opened + READERS):
                self._opening.clear()
                try:
                    async with asyncio.timeout(AHEAD_SECONDS):
                        await self._opening.wait()
                except TimeoutError:
                    break
            self._written += 1
            await self._write_once(self.random.choice(self.reports))
            if number % 20 == 0:
                await self.world.write(lambda tx: create(tx, self.world, category=self.random.choice(CATEGORIES)))

    async def _write_once(self, report: int) -> None:
        kind, columns = self.random.choice(
            (
                (EventKind.STATUS_CHANGED, {"status": self.random.choice(STATUSES)}),
                (EventKind.UPDATED, {"category_id": self.world.categories[self.random.choice(CATEGORIES)]}),
                (EventKind.SUPPORTED, {"support_count": self.random.randrange(100)}),
            )
        )
        await self.world.write(lambda tx: alter(tx, self.world, report, kind, **columns), report)

    async def read(self, numbers: list[int]) -> None:
        """Several hand-overs one after another."""
        for number in numbers:
            self.handovers.append(await self._handover(number))

    async def _handover(self, number: int) -> Handover:
        viewer = self.random.choice((ANONYMOUS, self.world.dispatcher()))
        head, begin, cursor = await self._past(viewer)
        handover = Handover(number, viewer, self.random.choice(WANTED), begin, end=begin)
        source = await self._subscribe(handover, cursor)
        self.opened += 1
        self._opening.set()
        leave_at = begin + self.random.randrange(2 * FURTHEST_BACK)
        done_at = head + self.random.randrange(40)
        while True:
            told = await asyncio.wait_for(source.__anext__(), PATIENCE)
            seq = told.value.seq
            if handover.seqs and seq == handover.seqs[-1]:
                handover.repeats += 1
            else:
                handover.seqs.append(seq)
            if seq > done_at or told.value.report_id == self.last_report:
                break
            if seq > leave_at:
                leave_at = done_at
                left_at = source.progress() if self.random.random() < 0.5 else told.cursor
                await source.aclose()
                source = await self._subscribe(handover, left_at or "")
        handover.end = max(handover.seqs[-1], self.world.opened(source.progress() or "", viewer).seq)
        await source.aclose()
        return handover

    async def _past(self, viewer: Viewer) -> tuple[int, int, str]:
        """The head, and some place not too far behind it with its cursor."""
        async with self.world.reading(viewer) as ctx:
            head = await ctx.read(read_head)
            seq = max(0, head.seq - self.random.randrange(FURTHEST_BACK))
            chain = await ctx.read(chain_at, seq)
            sealer = Sealer(self.world.parts.cursors, await ctx.visibility(), head.epoch)
        assert chain is not None
        return head.seq, seq, sealer.seal(seq, chain)

    async def _subscribe(self, handover: Handover, cursor: str) -> streams.LogSource:
        async with self.world.reading(handover.viewer) as ctx:
            if handover.wanted.created_only:
                return await streams.new_reports(ctx, filter=handover.wanted.filter, after=cursor)
            return await streams.report_events(ctx, filter=handover.wanted.filter, after=cursor)

    async def finish(self) -> None:
        """A last report that every reader is told of."""

        def apply(tx: Tx) -> int:
            self.last_report = create(tx, self.world, status="VERIFIED")
            return self.last_report

        await self.world.write(apply)


def _facts(conn: Connection) -> list[tuple[int, str, dict[str, Any] | None, dict[str, Any] | None]]:
    rows = conn.execute(select(event_facets).order_by(event_facets.c.seq)).all()
    return [
        (row.seq, row.kind, row.before and orjson.loads(row.before), row.after and orjson.loads(row.after))
        for row in rows
    ]


def _expected(world: World, facts: list[Any], handover: Handover) -> list[int]:
    def matches(side: dict[str, Any] | None) -> bool:
        if side is None or (side["visibility"] != "PUBLIC" and handover.viewer.role is not Role.DISPATCHER):
            return False
        return handover.wanted.matches(world, side)

    found = []
    for seq, kind, before, after in facts[handover.begin : handover.end]:
        told = (
            matches(after) and kind == "CREATED" if handover.wanted.created_only else matches(after) or matches(before)
        )
        if told:
            found.append(seq)
    return found


@pytest.mark.slow(seconds=60)
async def test_each_event_once_and_in_order(store: Store, area_map: AreaMap, tmp_path: Path) -> None:
    async with world_over(store, area_map, tmp_path, kept=KEPT) as world:
        traffic = Traffic(world)
        await traffic.prepare()
        writing = [asyncio.create_task(traffic.write(number)) for number in range(WRITERS)]
        reading = [asyncio.create_task(traffic.read(list(range(n, traffic.wanted, READERS)))) for n in range(READERS)]
        await asyncio.gather(*writing)
        await traffic.finish()
        await asyncio.gather(*reading)
        facts = await store.read(_facts)
        assert [seq for seq, *_ in facts] == list(range(1, len(facts) + 1))
        for handover in traffic.handovers:
            expected = _expected(world, facts, handover)
            assert handover.seqs == expected, f"seed {SEED}, hand-over {handover.number}: {handover.wanted}"
            assert handover.repeats <= 1, f"seed {SEED}, hand-over {handover.number}"
        assert len(traffic.handovers) == traffic.wanted
