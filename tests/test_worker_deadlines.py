"""Deadlines that pass unmet become facts with an event; what was answered in time does not."""

from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, event, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.time import HOUR, MINUTE
from domain.vocabulary import EventKind, ReportStatus
from storage.clock import now_in_micros
from storage.photos.folder import FolderPhotoStore
from storage.reports.changing import change
from storage.reports.creating import NewReport, create_report
from storage.reports.placing import Place
from storage.sqlite.reader import Reader
from storage.store import Store
from storage.tables import categories, events, leases, reports, sources
from storage.writing.transaction import NOBODY, Operation, Tx
from worker.deadlines import Deadlines, breach, passed
from worker.turns import take_turn
from worker.work import Work


@pytest.fixture
def work(store: Store, area_map: AreaMap, tmp_path: Path) -> Work:
    return Work(store, FolderPhotoStore(tmp_path / "photos"), lambda: area_map, {}, bytes(32))


async def submit(work: Work) -> int:
    """A flood report; its category gives it an hour to be answered and a day to be solved."""

    def apply(tx: Tx) -> int:
        category = tx.conn.execute(select(categories.c.id).where(categories.c.code == "flood")).scalar_one()
        source = tx.conn.execute(select(sources.c.id).where(sources.c.code == "simpul")).scalar_one()
        place = Place(Point(-6.2088, 106.8501))
        new = NewReport("Banjir", category, tx.now, source, place)
        return create_report(tx, work.areas(), new, NOBODY).id

    return await work.store.write(Operation(apply))


async def breaches(work: Work, report_id: int) -> tuple[bool, bool, int]:
    row = await work.store.read(lambda conn: conn.execute(select(reports).where(reports.c.id == report_id)).one())
    told = await work.store.read(
        lambda conn: conn.execute(
            select(events.c.seq).where(events.c.report_id == report_id, events.c.kind == EventKind.BREACHED)
        ).all()
    )
    return row.respond_breached, row.resolve_breached, len(told)


class TestADeadlineThatPasses:
    async def test_is_recorded_once_with_an_event(self, work: Work) -> None:
        report_id = await submit(work)
        late = Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE)
        await late.round()
        await late.round()
        assert await breaches(work, report_id) == (True, False, 1)

    async def test_is_recorded_again_for_the_next_one(self, work: Work) -> None:
        report_id = await submit(work)
        await Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE).round()
        await Deadlines(work, "here", lambda: now_in_micros() + 25 * HOUR).round()
        assert await breaches(work, report_id) == (True, True, 2)

    async def test_before_it_passes_nothing_is_recorded(self, work: Work) -> None:
        report_id = await submit(work)
        await Deadlines(work, "here", lambda: now_in_micros() + 59 * MINUTE).round()
        assert await breaches(work, report_id) == (False, False, 0)

    async def test_what_was_answered_in_time_is_not_late(self, work: Work) -> None:
        report_id = await submit(work)

        def verify(tx: Tx) -> None:
            values = {"status": ReportStatus.VERIFIED}
            change(tx, work.areas(), report_id, EventKind.STATUS_CHANGED, values=values)

        await work.store.write(Operation(verify, frozenset({f"report:{report_id}"})))
        await Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE).round()
        assert await breaches(work, report_id) == (False, False, 0)

    async def test_is_left_to_the_process_that_holds_the_lease(self, work: Work) -> None:
        report_id = await submit(work)
        await take_turn(work, "deadlines", "here", 20)
        await Deadlines(work, "elsewhere", lambda: now_in_micros() + 61 * MINUTE).round()
        assert await breaches(work, report_id) == (False, False, 0)

    async def test_is_recorded_by_any_process_once_another_is_done(self, work: Work) -> None:
        """Whatever the clock of that one was: it may have been a day ahead."""
        first, second = await submit(work), await submit(work)
        await Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE).round()
        await Deadlines(work, "elsewhere", lambda: now_in_micros() + 25 * HOUR).round()
        assert [await breaches(work, each) for each in (first, second)] == [(True, True, 2)] * 2

    async def test_together_with_many_others_is_recorded_with_few_commits(self, work: Work) -> None:
        """Each commit waits behind what people write: one by one they would be minutes late."""
        reports = [await submit(work) for _ in range(40)]
        commits: list[Connection] = []
        note = commits.append
        event.listen(Engine, "commit", note)
        try:
            await Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE).round()
        finally:
            event.remove(Engine, "commit", note)
        assert {await breaches(work, each) for each in reports} == {(True, False, 1)}
        assert 0 < len(commits) < 10


async def test_a_deadline_moved_by_hand_is_what_counts(work: Work) -> None:
    report_id = await submit(work)

    def move(tx: Tx) -> None:
        moved = {"respond_by": tx.now + 2 * HOUR, "due_at": tx.now + 2 * HOUR}
        tx.conn.execute(update(reports).where(reports.c.id == report_id).values(moved))

    await work.store.write(Operation(move, frozenset({f"report:{report_id}"})))
    await Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE).round()
    assert await breaches(work, report_id) == (False, False, 0)


async def test_what_comes_verified_has_a_deadline_for_its_solution_but_none_for_an_answer(work: Work) -> None:
    def bring(tx: Tx) -> int:
        category = tx.conn.execute(select(categories.c.id).where(categories.c.code == "flood")).scalar_one()
        source = tx.conn.execute(select(sources.c.id).where(sources.c.code == "simpul")).scalar_one()
        place = Place(Point(-6.2088, 106.8501))
        new = NewReport("Banjir", category, tx.now, source, place, status=ReportStatus.VERIFIED)
        return create_report(tx, work.areas(), new, NOBODY).id

    report_id = await work.store.write(Operation(bring))
    await Deadlines(work, "here", lambda: now_in_micros() + 25 * HOUR).round()
    assert await breaches(work, report_id) == (False, True, 1)


async def test_a_report_that_was_settled_since_it_was_found_breaks_nothing(work: Work) -> None:
    report_id = await submit(work)
    lease = await take_turn(work, "deadlines", "here", 20)
    assert lease is not None
    settling = update(reports).where(reports.c.id == report_id).values(due_at=None)
    await work.store.write(Operation(lambda tx: tx.conn.execute(settling).rowcount, frozenset()))
    await work.store.write(breach(work, report_id, now_in_micros() + 61 * MINUTE, lease))
    assert await breaches(work, report_id) == (False, False, 0)


async def test_nothing_is_written_while_nothing_is_due(work: Work) -> None:
    """Not even who looks: an idle hub would do so every two seconds."""
    report_id = await submit(work)
    await Deadlines(work, "here", now_in_micros).round()
    assert await work.store.read(lambda conn: conn.execute(select(leases)).all()) == []
    assert await breaches(work, report_id) == (False, False, 0)


async def test_deadlines_that_were_broken_long_ago_are_not_looked_at_again(
    sqlite_store: Store, area_map: AreaMap, tmp_path: Path
) -> None:
    work = Work(sqlite_store, FolderPhotoStore(tmp_path / "photos"), lambda: area_map, {}, bytes(32))

    def steps(conn: Connection) -> int:
        reader, taken = cast(Reader, conn.connection.driver_connection), 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        reader.set_progress_handler(step, 1)
        assert passed(conn, now_in_micros() + 61 * MINUTE, 200) == []
        reader.enter_loop()
        return taken

    before = await sqlite_store.read(steps)
    for _ in range(50):
        await submit(work)
    await Deadlines(work, "here", lambda: now_in_micros() + 61 * MINUTE).round()
    assert await sqlite_store.read(steps) <= before + 10
