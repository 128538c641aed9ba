"""A report's timeline: what happened to it, to who sees it now and could see it then."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.vocabulary import EventKind
from resolvers.lists import Paging
from resolvers.reports import reports_of
from resolvers.timeline import timeline_of
from resolvers.viewer import ANONYMOUS, Viewer
from storage.store import Store
from tests.stream_world import World, alter, create, hide, show, world_over


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path) as made:
        yield made


async def kinds(world: World, report: int, viewer: Viewer = ANONYMOUS, paging: Paging | None = None) -> list[str]:
    async with world.reading(viewer) as ctx:
        (seen,) = await reports_of([report], ctx)
        assert seen is not None
        (told,) = await timeline_of([seen], ctx, paging=paging or Paging(first=100))
        return [row.kind for row in told.rows]


async def after_a_hidden_time(world: World) -> int:
    """A report that was hidden for a while, in which something happened, and is public again."""
    report = await world.write(lambda tx: create(tx, world, reporter="sari"))
    await world.write(lambda tx: alter(tx, world, report, EventKind.STATUS_CHANGED, status="VERIFIED"), report)
    await world.write(lambda tx: hide(tx, world, report), report)
    await world.write(lambda tx: alter(tx, world, report, EventKind.ASSIGNED), report)
    await world.write(lambda tx: show(tx, world, report), report)
    await world.write(lambda tx: alter(tx, world, report, EventKind.AT_RISK), report)
    return report


ALL = ["CREATED", "STATUS_CHANGED", "VISIBILITY_CHANGED", "ASSIGNED", "VISIBILITY_CHANGED", "AT_RISK"]


class TestAHiddenTime:
    async def test_is_not_shown_to_who_could_not_see_it_then(self, world: World) -> None:
        report = await after_a_hidden_time(world)
        expected = ["CREATED", "STATUS_CHANGED", "VISIBILITY_CHANGED"]
        for viewer in (ANONYMOUS, world.citizen("tono")):
            assert await kinds(world, report, viewer) == expected
        assert await kinds(world, report, world.responder("tata_air")) == [*expected, "AT_RISK"]
        assert await kinds(world, report, world.partner("tata_air")) == expected

    async def test_is_shown_to_who_could(self, world: World) -> None:
        report = await after_a_hidden_time(world)
        assert await kinds(world, report, world.dispatcher()) == ALL
        assert await kinds(world, report, world.responder("dishub")) == ALL

    async def test_is_shown_to_its_reporter_but_for_what_is_staffs(self, world: World) -> None:
        report = await after_a_hidden_time(world)
        assert await kinds(world, report, world.citizen("sari")) == ALL[:-1]

    async def test_is_shown_to_its_reporter_while_it_is_hidden(self, world: World) -> None:
        report = await world.write(lambda tx: create(tx, world, token="t" * 32))
        await world.write(lambda tx: hide(tx, world, report), report)
        assert await kinds(world, report, world.follower("t" * 32)) == ["CREATED", "VISIBILITY_CHANGED"]


class TestPages:
    async def test_go_both_ways_oldest_first(self, world: World) -> None:
        report = await after_a_hidden_time(world)
        staff = world.dispatcher()
        assert await kinds(world, report, staff, Paging(first=2)) == ALL[:2]
        assert await kinds(world, report, staff, Paging(last=2)) == ALL[-2:]

    async def test_of_several_reports_are_read_together(self, world: World) -> None:
        ids = [await world.write(lambda tx: create(tx, world)) for _ in range(3)]
        await world.write(lambda tx: alter(tx, world, ids[1], EventKind.UPDATED, title="Macet"), ids[1])
        async with world.reading() as ctx:
            seen = [each for each in await reports_of(ids, ctx) if each is not None]
            lists = await timeline_of(seen, ctx, paging=Paging(first=1))
            assert [[row.report_id for row in each.rows] for each in lists] == [[each] for each in ids]
            assert [each.has_next for each in lists] == [False, True, False]
            (more,) = await timeline_of([seen[1]], ctx, paging=Paging(first=5, after=lists[1].end_cursor))
        assert [row.kind for row in more.rows] == ["UPDATED"]
