"""Which cursors a reader may come back with, and which end in CURSOR_EXPIRED or INVALID_CURSOR."""

import asyncio
import base64
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from domain.areas import AreaMap
from domain.sealing import CursorCipher, ListCursor
from domain.time import DAY
from domain.vocabulary import EventKind, FloodState, Role
from resolvers import events, flood_stream, reports, streams
from resolvers.errors import CursorExpired, InvalidCursor
from resolvers.filters import ReportFilter
from resolvers.lists import Paging
from resolvers.log_positions import log_cursor, resume
from resolvers.viewer import ANONYMOUS, Viewer
from storage.events.reading import prune_facets
from storage.seeding import seed
from storage.store import Store, open_store, opened
from storage.tables import event_facets, log_head
from storage.tables import events as event_log
from storage.writing.transaction import Operation, Tx
from tests.stream_world import PATIENCE, Source, World, alter, create, hide, read_up_to, take, world_over


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path / "photos") as made:
        await made.write(lambda tx: create(tx, made))
        yield made


async def cursor_of(world: World, viewer: Viewer = ANONYMOUS) -> str:
    async with world.reading(viewer) as ctx:
        return await log_cursor(ctx)


async def come_back(world: World, cursor: str, viewer: Viewer = ANONYMOUS) -> None:
    async with world.reading(viewer) as ctx:
        await resume(ctx, cursor)


async def refused(world: World, cursor: str, viewer: Viewer = ANONYMOUS) -> str:
    """The code of the error with which everything that takes a cursor of the log refuses this one."""
    codes = set()
    for ask in (
        lambda ctx: streams.report_events(ctx, filter=None, after=cursor),
        lambda ctx: streams.new_reports(ctx, filter=None, after=cursor),
        lambda ctx: flood_stream.flood_areas(ctx, minimum_state=FloodState.CAUTION, area=None, after=cursor),
        lambda ctx: events.events(ctx, filter=None, kinds=None, first=1, after=cursor),
    ):
        async with world.reading(viewer) as ctx:
            with pytest.raises((CursorExpired, InvalidCursor)) as raised:
                await ask(ctx)
            codes.add(raised.value.code)
    assert len(codes) == 1, codes
    return codes.pop()


def age(seconds_ago: int) -> Callable[[Tx], None]:
    """Makes the whole log, as it is now, older."""

    def apply(tx: Tx) -> None:
        for table in (event_log, event_facets):
            tx.conn.execute(update(table).values(at=table.c.at - seconds_ago * 1_000_000))
        tx.conn.execute(update(log_head).values(at=log_head.c.at - seconds_ago * 1_000_000))

    return apply


class TestACursor:
    async def test_holds_for_anonymous_people_and_citizens_alike(self, world: World) -> None:
        await come_back(world, await cursor_of(world), world.citizen())
        await come_back(world, await cursor_of(world, world.citizen("tono")))

    async def test_is_short_and_shows_nothing(self, world: World) -> None:
        cursor = await cursor_of(world)
        assert len(cursor) <= 512
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        assert (1).to_bytes(8) not in raw

    async def test_is_the_same_for_the_same_place(self, world: World) -> None:
        assert await cursor_of(world) == await cursor_of(world)

    async def test_at_the_end_of_the_log_holds_however_old_it_is(self, world: World) -> None:
        cursor = await cursor_of(world)
        await world.write(age(60 * 86_400))
        await come_back(world, cursor)

    async def test_is_not_outdated_by_what_its_reader_may_not_know_of(self, world: World) -> None:
        cursor = await cursor_of(world)
        await world.write(lambda tx: create(tx, world, confidential=True, agency="tata_air"))
        await world.write(age(60 * 86_400))
        await world.write(lambda tx: create(tx, world))
        await come_back(world, cursor)

    async def test_sealed_with_a_retired_key_still_opens(self, world: World) -> None:
        cursor = await cursor_of(world)
        keys = [(2, b"\1" * 64), (1, b"\2" * 64)]
        world.parts.cursors = CursorCipher(keys[1:])
        before = await cursor_of(world)
        world.parts.cursors = CursorCipher(keys)
        await come_back(world, before)
        assert await cursor_of(world) != before
        with pytest.raises((CursorExpired, InvalidCursor)):
            await come_back(world, cursor)


class TestCursorExpired:
    async def test_with_an_unknown_key(self, world: World) -> None:
        world.parts.cursors = CursorCipher([(77, b"\1" * 64)])
        cursor = await cursor_of(world)
        world.parts.cursors = CursorCipher([(78, b"\1" * 64)])
        assert await refused(world, cursor) == "CURSOR_EXPIRED"

    async def test_of_another_role_agency_or_scopes(self, world: World) -> None:
        viewers = [
            world.citizen(),
            world.responder("dishub"),
            world.responder("tata_air"),
            world.partner(),
            replace(world.partner(), scopes=frozenset({"reports", "events"})),
            world.dispatcher(),
            Viewer(role=Role.ADMIN),
        ]
        for one in viewers:
            cursor = await cursor_of(world, one)
            for other in viewers:
                if other is not one:
                    assert await refused(world, cursor, other) == "CURSOR_EXPIRED"

    async def test_of_before_a_bulk_change(self, world: World) -> None:
        cursor = await cursor_of(world)
        await world.write(lambda tx: tx.conn.execute(update(log_head).values(epoch=log_head.c.epoch + 1)))
        assert await refused(world, cursor) == "CURSOR_EXPIRED"

    async def test_where_something_since_is_older_than_the_horizon(self, world: World) -> None:
        cursor = await cursor_of(world)
        await world.write(lambda tx: create(tx, world))
        await world.write(age(39 * 86_400))
        await come_back(world, cursor)
        await world.write(age(2 * 86_400))
        assert await refused(world, cursor) == "CURSOR_EXPIRED"

    async def test_where_something_hidden_of_this_persons_own_is_older_than_the_horizon(self, world: World) -> None:
        viewer = world.citizen()
        cursor = await cursor_of(world, viewer)
        await world.write(lambda tx: create(tx, world, reporter="sari", confidential=True, agency=None))
        await world.write(age(41 * 86_400))
        await come_back(world, cursor, viewer)
        async with world.reading(viewer) as ctx:
            with pytest.raises(CursorExpired):
                await streams.report_events(ctx, filter=ReportFilter(mine=True), after=cursor)


class TestARestoredBackup:
    async def test_knows_no_cursor_of_what_it_lost(self, sqlite_url: str, area_map: AreaMap, tmp_path: Path) -> None:
        backup = f"sqlite:///{tmp_path}/backup.db"
        async with opened(open_store(sqlite_url)) as store, world_over(store, area_map, tmp_path) as world:
            await world.write(lambda tx: create(tx, world))
            kept = await cursor_of(world)
        shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), backup.removeprefix("sqlite:///"))
        async with opened(open_store(sqlite_url)) as store, world_over(store, area_map, tmp_path) as world:
            await world.write(lambda tx: create(tx, world))
            lost = await cursor_of(world)
        async with opened(open_store(backup)) as store, world_over(store, area_map, tmp_path) as world:
            await come_back(world, kept)
            assert await refused(world, lost) == "CURSOR_EXPIRED", "the log has not come so far"
            await world.write(lambda tx: create(tx, world))
            await come_back(world, await cursor_of(world))
            assert await refused(world, lost) == "CURSOR_EXPIRED", "the log has another entry there"


class TestAnotherHub:
    async def test_has_cursors_of_its_own(self, area_map: AreaMap, tmp_path: Path) -> None:
        """As where somebody begins anew with an empty store: readers list again, and nobody looks for a mistake."""
        texts: list[str] = []
        for name in ("before", "after"):
            async with opened(open_store(f"sqlite:///{tmp_path}/{name}.db")) as store:
                await store.write(Operation(seed, frozenset({"seed"})))
                async with world_over(store, area_map, tmp_path) as world:
                    await world.write(lambda tx: create(tx, world))
                    assert [await refused(world, text) for text in texts] == ["CURSOR_EXPIRED"] * len(texts)
                    texts.append(await cursor_of(world))
                    await come_back(world, texts[-1])


class TestInvalidCursor:
    async def test_for_what_was_never_a_cursor(self, world: World) -> None:
        for text in ("", "x", "not a cursor", "é" * 40, "A" * 513, "A" * 80 + "\x00"):
            assert await refused(world, text) == "INVALID_CURSOR", text

    async def test_for_one_that_was_tampered_with(self, world: World) -> None:
        raw = bytearray(base64.urlsafe_b64decode((await cursor_of(world)) + "=="))
        for position in range(2, len(raw), 5):
            forged = bytearray(raw)
            forged[position] ^= 1
            text = base64.urlsafe_b64encode(bytes(forged)).decode().rstrip("=")
            assert await refused(world, text) == "INVALID_CURSOR"

    async def test_for_a_cursor_of_a_list(self, world: World) -> None:
        async with world.reading() as ctx:
            listed = await reports.reports(ctx, paging=Paging(first=1))
        assert listed.end_cursor is not None
        assert await refused(world, listed.end_cursor) == "INVALID_CURSOR"

    async def test_for_a_cursor_of_the_log_in_a_list(self, world: World) -> None:
        cursor = await cursor_of(world)
        async with world.reading() as ctx:
            with pytest.raises(InvalidCursor):
                await reports.reports(ctx, paging=Paging(first=1, after=cursor))


class TestANewEpoch:
    async def test_ends_open_subscriptions(self, world: World) -> None:
        opened_before: list[Source] = []
        for viewer in (ANONYMOUS, world.dispatcher()):
            async with world.reading(viewer) as ctx:
                opened_before.append(await streams.report_events(ctx, filter=None))
        async with world.reading() as ctx:
            floods = await flood_stream.flood_areas(ctx, minimum_state=FloodState.CAUTION, area=None, after=None)
        await take(floods, 1)  # the end of its snapshot
        opened_before.append(floods)
        waiting = [asyncio.ensure_future(each.__anext__()) for each in opened_before]
        await world.write(lambda tx: tx.conn.execute(update(log_head).values(epoch=log_head.c.epoch + 1)))
        for each in waiting:
            with pytest.raises(CursorExpired):
                await asyncio.wait_for(each, PATIENCE)

    async def test_ends_also_who_holds_a_page_of_before(self, world: World) -> None:
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=None)
        for _ in range(3):
            await world.write(lambda tx: create(tx, world))
        await take(source, 1)
        await world.write(lambda tx: tx.conn.execute(update(log_head).values(epoch=log_head.c.epoch + 1)))
        while world.tail.epoch != 2:
            await world.tail.after(10**9, 1)
        with pytest.raises(CursorExpired):
            await take(source, 1)

    async def test_does_not_end_who_came_after_it(self, world: World) -> None:
        """Even where the hub's own reader of the log has not heard of it yet."""
        await world.write(lambda tx: tx.conn.execute(update(log_head).values(epoch=log_head.c.epoch + 1)))
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=None)
        await world.write(lambda tx: create(tx, world))
        assert len(await take(source, 1)) == 1


class TestTheHorizon:
    async def test_is_where_events_begin_for_who_comes_without_a_cursor(self, world: World) -> None:
        """A partner that begins years after the hub did must be able to: page by page, from what is still told."""
        await world.write(lambda tx: [create(tx, world) for _ in range(5)])
        await world.write(age(41 * 86_400))
        pruned = await world.write(lambda tx: prune_facets(tx.conn, time.time_ns() // 1000 - 40 * DAY))
        assert pruned == 6
        recent = await world.write(lambda tx: [create(tx, world) for _ in range(3)])
        found, cursor = [], None
        while True:
            async with world.reading() as ctx:
                page = await events.events(ctx, filter=None, kinds=None, first=1, after=cursor)
            found += [row.report_id for row in page.rows]
            cursor = page.end_cursor
            if not page.has_next:
                break
        assert found == recent

    async def test_leaves_an_empty_log_one_can_come_back_to(self, world: World) -> None:
        await world.write(age(41 * 86_400))
        async with world.reading() as ctx:
            page = await events.events(ctx, filter=None, kinds=None, first=1, after=None)
        assert not page.rows
        await come_back(world, page.end_cursor or "")


class TestProgress:
    async def test_never_stands_on_what_the_reader_may_not_know_of(self, world: World) -> None:
        """A reader sees the same number of different cursors whether or not there was anything hidden in between."""
        quiet = await self._places(world, hidden=0)
        busy = await self._places(world, hidden=3)
        assert quiet == busy

    async def _places(self, world: World, *, hidden: int) -> list[int]:
        """After each of some changes: on which of the public events the reader's position and logCursor stand."""
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=ReportFilter(categories=("waste",)))
        public: list[int] = [world.opened(source.progress() or "", ANONYMOUS).seq]
        places: list[int] = []
        for category in ("waste", "flood", "waste", "traffic_jam"):
            for _ in range(hidden):
                await world.write(lambda tx: create(tx, world, confidential=True, agency="tata_air"))
            report = await world.write(partial(create, world=world, category=category))
            public.append(await newest(world))
            for _ in range(hidden):
                await world.write(lambda tx: create(tx, world, confidential=True, category="waste"))
                await world.write(partial(alter, world=world, report_id=report, kind=EventKind.AT_RISK), report)
            cursor = await cursor_of(world)
            await read_up_to(source, cursor)
            places.append(public.index(world.opened(source.progress() or "", ANONYMOUS).seq))
            places.append(public.index(world.opened(cursor, ANONYMOUS).seq))
        await source.aclose()
        return places

    async def test_moves_over_what_does_not_match(self, world: World) -> None:
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=ReportFilter(categories=("waste",)))
        begin = source.progress()
        await world.write(lambda tx: create(tx, world, category="flood"))
        assert await read_up_to(source, await cursor_of(world)) == []
        assert source.progress() != begin

    async def test_covers_an_event_only_once_more_was_asked_for(self, world: World) -> None:
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=None)
        begin = source.progress()
        await world.write(lambda tx: create(tx, world))
        (told,) = await take(source, 1)
        assert source.progress() == begin
        asked = asyncio.ensure_future(source.__anext__())
        await asyncio.sleep(0)
        assert source.progress() == told.cursor
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    async def test_of_a_tombstone_covers_the_hiding(self, world: World) -> None:
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=None)
        report = await world.write(lambda tx: create(tx, world))
        await world.write(lambda tx: hide(tx, world, report), report)
        told = await read_up_to(source, await cursor_of(world))
        assert told[-1].value.tombstone
        assert told[-1].cursor == await cursor_of(world)


async def newest(world: World) -> int:
    seq: int = await world.store.read(
        lambda conn: conn.execute(select(event_log.c.seq).order_by(event_log.c.seq.desc()).limit(1)).scalar_one()
    )
    return seq


def test_list_cursors_are_of_one_class_and_list() -> None:
    cipher = CursorCipher([(1, b"\1" * 64)])
    sealed = cipher.seal_list(ListCursor("reports.NEWEST", (5, None)), b"a" * 16)
    assert cipher.open_list(sealed, "reports.NEWEST", b"a" * 16).key == (5, None)
