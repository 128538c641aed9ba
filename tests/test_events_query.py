"""The query `events`: the whole log page by page, and what each reader is told of an entry."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from domain.areas import AreaMap
from domain.vocabulary import STAFF_ONLY_KINDS, EventKind, ReportVisibility, Role
from resolvers import events
from resolvers.errors import BadUserInput, Forbidden, Unauthenticated
from resolvers.events import EventList
from resolvers.filters import ReportFilter
from resolvers.log_positions import log_cursor
from resolvers.viewer import ANONYMOUS, Viewer
from storage.events.reading import prune_facets
from storage.rows import EventRow
from storage.store import Store
from storage.writing.transaction import Actor, Tx
from tests.stream_world import World, alter, create, flood, hide, make_flood_area, show, world_over


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path) as made:
        yield made


async def page(
    world: World,
    viewer: Viewer = ANONYMOUS,
    *,
    asked: ReportFilter | None = None,
    kinds: Sequence[EventKind] | None = None,
    first: int | None = 100,
    after: str | None = None,
) -> EventList:
    async with world.reading(viewer) as ctx:
        found = await events.events(ctx, filter=asked, kinds=kinds, first=first, after=after)
        assert isinstance(found, EventList)
        return found


async def rows(world: World, viewer: Viewer = ANONYMOUS, **asked: Any) -> list[EventRow]:
    return list((await page(world, viewer, **asked)).rows)


async def told_once(world: World, viewer: Viewer = ANONYMOUS) -> EventRow:
    """The last event of the log as this viewer is told it."""
    return (await rows(world, viewer))[-1]


class TestPages:
    async def test_tell_everything_once(self, world: World) -> None:
        made = await world.write(lambda tx: [create(tx, world) for _ in range(25)])
        found: list[int | None] = []
        sizes, cursor = [], None
        while True:
            told = await page(world, first=7, after=cursor)
            found += [row.report_id for row in told.rows]
            sizes.append(len(told.rows))
            cursor = told.end_cursor
            if not told.has_next:
                break
        assert found == made
        assert sizes == [7, 7, 7, 4]

    async def test_end_where_the_log_was_searched_up_to(self, world: World) -> None:
        """A page on which nothing matched still brings its reader on."""
        start = (await page(world)).end_cursor
        await world.write(lambda tx: [create(tx, world, category="flood") for _ in range(3)])
        told = await page(world, asked=ReportFilter(categories=("waste",)), after=start)
        assert (told.rows, told.has_next) == ([], False)
        assert told.end_cursor != start
        assert (await page(world, after=told.end_cursor)).rows == []
        async with world.reading() as ctx:
            assert told.end_cursor == await log_cursor(ctx)

    async def test_of_an_empty_log_end_somewhere(self, world: World) -> None:
        told = await page(world)
        assert (told.rows, told.has_next) == ([], False)
        await world.write(lambda tx: create(tx, world))
        assert len((await page(world, after=told.end_cursor)).rows) == 1

    async def test_never_end_on_what_the_reader_may_not_know_of(self, world: World) -> None:
        await world.write(lambda tx: create(tx, world))
        before = (await page(world)).end_cursor
        await world.write(lambda tx: create(tx, world, confidential=True))
        assert (await page(world)).end_cursor == before
        assert (await page(world, after=before)).end_cursor == before

    async def test_have_a_cursor_for_each_event_that_goes_on_behind_it(self, world: World) -> None:
        await world.write(lambda tx: [create(tx, world) for _ in range(4)])
        told = await page(world)
        for n, cursor in enumerate(told.cursors):
            assert [row.seq for row in (await page(world, after=cursor)).rows] == [
                row.seq for row in told.rows[n + 1 :]
            ]
        async with world.reading() as ctx:
            assert await events.cursors_of(told.rows, ctx) == told.cursors

    async def test_search_a_long_log_piece_by_piece(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(events, "_STEP", 5)
        monkeypatch.setattr(events, "SEARCHED", 10)
        await world.write(lambda tx: [create(tx, world) for _ in range(23)])
        (last,) = await world.write(lambda tx: [create(tx, world, category="waste")])
        found, pages, cursor = [], 0, None
        while True:
            told = await page(world, asked=ReportFilter(categories=("waste",)), after=cursor)
            found += [row.report_id for row in told.rows]
            pages, cursor = pages + 1, told.end_cursor
            if not told.has_next:
                break
        assert (found, pages) == ([last], 3)

    async def test_are_between_one_and_a_hundred_long(self, world: World) -> None:
        for first in (0, -1, 101):
            with pytest.raises(BadUserInput):
                await page(world, first=first)
        await world.write(lambda tx: [create(tx, world) for _ in range(25)])
        assert len((await page(world, first=None)).rows) == 20


class TestWhatIsAskedFor:
    async def test_kinds_leave_out_others_but_not_that_a_report_left(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))
        await world.write(lambda tx: alter(tx, world, report, EventKind.STATUS_CHANGED, status="VERIFIED"), report)
        flood_category = world.categories["flood"]
        await world.write(lambda tx: alter(tx, world, report, EventKind.UPDATED, category_id=flood_category), report)
        jams = ReportFilter(categories=("traffic_jam",))
        found = await rows(world, asked=jams, kinds=[EventKind.STATUS_CHANGED])
        assert [(row.kind, row.matches) for row in found] == [("STATUS_CHANGED", True), ("UPDATED", False)]

    async def test_no_kinds_at_all_match_nothing(self, world: World) -> None:
        await world.write(lambda tx: create(tx, world))
        assert await rows(world, kinds=[]) == []

    async def test_flood_states_are_no_report_events(self, world: World) -> None:
        area = await world.write(lambda tx: make_flood_area(tx, world, "1", "31.71.01.1001"))
        await world.write(lambda tx: flood(tx, area, 3))
        assert await rows(world, world.dispatcher()) == []

    async def test_words_and_update_times_are_refused(self, world: World) -> None:
        for asked in (ReportFilter(search="banjir"), ReportFilter(updated_after=None, search="macet")):
            with pytest.raises(BadUserInput):
                await rows(world, asked=asked)

    async def test_who_may_not_filter_so_is_told(self, world: World) -> None:
        with pytest.raises(Unauthenticated):
            await rows(world, asked=ReportFilter(mine=True))
        with pytest.raises(Unauthenticated):
            await rows(world, asked=ReportFilter(confidential=True))
        with pytest.raises(Forbidden):
            await rows(world, world.citizen(), asked=ReportFilter(source_disagrees=True))


class TestKindsForStaff:
    async def test_are_told_to_staff_alone(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))

        def apply(tx: Tx) -> None:
            for kind in sorted(STAFF_ONLY_KINDS):
                alter(tx, world, report, kind)

        await world.write(apply, report)
        for viewer in (world.responder(), world.dispatcher(), Viewer(role=Role.ADMIN)):
            assert {row.kind for row in await rows(world, viewer)} >= STAFF_ONLY_KINDS
        for viewer in (ANONYMOUS, world.citizen(), world.partner()):
            assert [row.kind for row in await rows(world, viewer)] == ["CREATED"]


class TestNotes:
    @pytest.mark.parametrize(
        ("before", "after", "public"),
        [
            ("SUBMITTED", "REJECTED", True),
            ("IN_PROGRESS", "RESOLVED", True),
            ("RESOLVED", "CLOSED", True),
            ("SUBMITTED", "WITHDRAWN", True),
            ("CLOSED", "IN_PROGRESS", True),
            ("REJECTED", "VERIFIED", True),
            ("SUBMITTED", "VERIFIED", False),
            ("VERIFIED", "IN_PROGRESS", False),
            ("VERIFIED", "DUPLICATE", False),
        ],
    )
    async def test_of_an_end_or_a_new_beginning_are_everybodys(
        self, world: World, before: str, after: str, public: bool
    ) -> None:
        report = await world.write(lambda tx: create(tx, world, status=before))
        await world.write(
            lambda tx: alter(tx, world, report, EventKind.STATUS_CHANGED, status=after, note="sudah dicek"), report
        )
        assert (await told_once(world, world.responder())).note == "sudah dicek"
        for viewer in (ANONYMOUS, world.citizen(), world.partner()):
            assert (await told_once(world, viewer)).note == ("sudah dicek" if public else None)

    async def test_of_anything_else_are_for_staff(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))
        await world.write(lambda tx: alter(tx, world, report, EventKind.ASSIGNED, note="ke dinas lain"), report)
        assert (await told_once(world)).note is None
        assert (await told_once(world, world.dispatcher())).note == "ke dinas lain"


class TestActors:
    async def test_are_roles_to_everybody_and_names_to_staff(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))
        by = Actor(Role.RESPONDER, world.agencies["dishub"], world.people["budi"])
        await world.write(lambda tx: alter(tx, world, report, EventKind.UPDATED, actor=by), report)
        to_public = events.actor_of(await told_once(world))
        assert to_public is not None
        assert (to_public.role, to_public.agency_id, to_public.person_id) == ("RESPONDER", by.agency_id, None)
        to_staff = events.actor_of(await told_once(world, world.dispatcher()))
        assert to_staff is not None
        assert to_staff.person_id == world.people["budi"]

    async def test_who_reported_by_name_is_named(self, world: World) -> None:
        reporter = Actor(Role.CITIZEN, None, world.people["sari"], is_reporter=True)
        await world.write(lambda tx: create(tx, world, reporter="sari", actor=reporter))
        told = events.actor_of(await told_once(world))
        assert told is not None
        assert told.person_id == world.people["sari"]

    async def test_who_reported_without_a_name_is_nobody_to_anybody(self, world: World) -> None:
        reporter = Actor(Role.CITIZEN, None, world.people["sari"], is_reporter=True)
        await world.write(lambda tx: create(tx, world, reporter="sari", anonymous=True, actor=reporter))
        for viewer in (ANONYMOUS, world.citizen(), world.responder(), world.dispatcher()):
            assert events.actor_of(await told_once(world, viewer)) is None

    @pytest.mark.parametrize("kind", [EventKind.SUPPORTED, EventKind.UNSUPPORTED, EventKind.RATED])
    async def test_who_supports_or_rates_is_the_publics_business_of_nobody(self, world: World, kind: EventKind) -> None:
        report = await world.write(lambda tx: create(tx, world))
        by = Actor(Role.CITIZEN, None, world.people["tono"])
        await world.write(lambda tx: alter(tx, world, report, kind, actor=by), report)
        for viewer in (ANONYMOUS, world.citizen("sari"), world.partner()):
            told = await told_once(world, viewer)
            assert events.actor_of(told) is None
            assert not told.by_viewer
        assert events.actor_of(await told_once(world, world.responder())) is not None

    async def test_the_hub_and_sources_are_nobody(self, world: World) -> None:
        await world.write(lambda tx: create(tx, world, source="qlue"))
        assert events.actor_of(await told_once(world, world.dispatcher())) is None


class TestByViewer:
    async def test_is_true_of_ones_own_deeds_anonymous_ones_too(self, world: World) -> None:
        reporter = Actor(Role.CITIZEN, None, world.people["sari"], is_reporter=True)
        await world.write(lambda tx: create(tx, world, reporter="sari", anonymous=True, actor=reporter))
        assert (await told_once(world, world.citizen("sari"))).by_viewer
        assert not (await told_once(world, world.citizen("tono"))).by_viewer
        assert not (await told_once(world)).by_viewer

    async def test_is_true_of_who_shows_the_follow_token(self, world: World) -> None:
        nobody = Actor(Role.ANONYMOUS, key="somebody's address", is_reporter=True)
        await world.write(lambda tx: create(tx, world, token="t" * 32, actor=nobody))
        assert (await told_once(world, world.follower("t" * 32))).by_viewer
        assert not (await told_once(world)).by_viewer
        assert not (await told_once(world, world.follower("u" * 32))).by_viewer


class TestTombstones:
    async def test_tell_only_which_report_it_is(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))
        by = Actor(Role.DISPATCHER, None, world.people["dewi"])
        await world.write(lambda tx: hide_with_note(tx, world, report, by), report)
        told = await told_once(world)
        assert (told.report_id, told.matches, told.tombstone, told.report_visible) == (report, False, True, False)
        assert (told.status, told.previous_status, told.note, told.actor_role, told.other_report_id) == (None,) * 5

    async def test_reach_every_reader_of_the_class_whatever_it_asks_for(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))
        await world.write(lambda tx: hide(tx, world, report), report)
        for asked in (None, ReportFilter(categories=("waste",)), ReportFilter(ids=()), ReportFilter(breached=True)):
            found = await rows(world, asked=asked, kinds=[EventKind.RATED])
            assert [(row.report_id, row.tombstone) for row in found] == [(report, True)]

    async def test_do_not_reach_who_still_sees_the_report(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world, reporter="sari"))
        await world.write(lambda tx: hide(tx, world, report), report)
        for viewer in (world.dispatcher(), world.responder("dishub"), world.partner("dishub")):
            assert not any(row.tombstone for row in await rows(world, viewer))
        assert (await told_once(world, world.responder("tata_air"))).tombstone
        mine = await rows(world, world.citizen("sari"), asked=ReportFilter(mine=True))
        assert [(row.tombstone, row.matches) for row in mine] == [(False, True), (False, True)]
        others = await rows(world, world.citizen("tono"), asked=ReportFilter(mine=True))
        assert [row.tombstone for row in others] == [True]

    async def test_do_not_reach_who_never_saw_it(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world, confidential=True))
        await world.write(lambda tx: alter(tx, world, report, EventKind.ASSIGNED, agency_id=None), report)
        assert await rows(world) == []
        assert [row.tombstone for row in await rows(world, world.responder())] == [True]

    async def test_are_told_of_what_is_erased_to_everybody(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world, reporter="sari"))
        erased = ReportVisibility.ERASED
        await world.write(lambda tx: alter(tx, world, report, EventKind.ERASED, visibility=erased), report)
        for viewer in (ANONYMOUS, world.responder(), world.dispatcher(), Viewer(role=Role.ADMIN)):
            assert [row.tombstone for row in await rows(world, viewer)] == [True]
        mine = await rows(world, world.citizen("sari"), asked=ReportFilter(mine=True))
        assert [row.tombstone for row in mine] == [True]

    async def test_of_ones_own_erased_report_that_only_one_saw_reach_its_reporter(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world, reporter="sari", confidential=True, agency=None))
        erased = ReportVisibility.ERASED
        await world.write(lambda tx: alter(tx, world, report, EventKind.ERASED, visibility=erased), report)
        mine = await rows(world, world.citizen("sari"), asked=ReportFilter(mine=True))
        assert [row.tombstone for row in mine] == [True]
        assert await rows(world) == []

    async def test_stay_where_the_report_is_shown_again(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world))
        await world.write(lambda tx: hide(tx, world, report), report)
        await world.write(lambda tx: alter(tx, world, report, EventKind.STATUS_CHANGED, status="VERIFIED"), report)
        await world.write(lambda tx: show(tx, world, report), report)
        found = [(row.kind, row.tombstone, row.matches) for row in await rows(world)]
        assert found == [
            ("CREATED", False, True),
            ("VISIBILITY_CHANGED", True, False),
            ("VISIBILITY_CHANGED", False, True),
        ]


class TestOneEvent:
    async def test_is_found_by_who_may_know_of_it(self, world: World) -> None:
        public = await world.write(lambda tx: create(tx, world))
        hidden = await world.write(lambda tx: create(tx, world, confidential=True))
        seqs = [row.seq for row in await rows(world, world.dispatcher())]
        async with world.reading() as ctx:
            found = await events.events_by_id([*seqs, 10**6], ctx)
        assert [row and row.report_id for row in found] == [public, None, None]
        async with world.reading(world.dispatcher()) as ctx:
            found = await events.events_by_id(seqs, ctx)
        assert [row and row.report_id for row in found] == [public, hidden]

    async def test_is_found_by_its_reporter_while_the_report_is_hidden(self, world: World) -> None:
        own = await world.write(lambda tx: create(tx, world, reporter="sari", confidential=True))
        seqs = [row.seq for row in await rows(world, world.dispatcher())]
        for viewer, expected in ((world.citizen("sari"), own), (world.citizen("tono"), None)):
            async with world.reading(viewer) as ctx:
                (found,) = await events.events_by_id(seqs, ctx)
            assert (found and found.report_id) == expected

    async def test_is_found_as_long_as_it_stands_in_a_timeline(self, world: World) -> None:
        public = await world.write(lambda tx: create(tx, world))
        await world.write(lambda tx: create(tx, world, confidential=True))
        seqs = [row.seq for row in await rows(world, world.dispatcher())]
        await world.write(lambda tx: prune_facets(tx.conn, 2**62))
        async with world.reading() as ctx:
            found = await events.events_by_id(seqs, ctx)
        assert [row and (row.report_id, row.tombstone) for row in found] == [(public, False), None]


def hide_with_note(tx: Tx, world: World, report: int, by: Actor) -> None:
    hidden = ReportVisibility.CONFIDENTIAL
    alter(tx, world, report, EventKind.VISIBILITY_CHANGED, visibility=hidden, note="rahasia", actor=by)
