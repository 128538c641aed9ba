"""LAPOR's tickets as clients read them: who sees which, in what order, with which responses, and how old."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, update

from domain.areas import AreaMap
from domain.time import HOUR, moment
from domain.vocabulary import LaporStatus, Role
from resolvers import errors, lapor
from resolvers.context import Context
from resolvers.lists import Paging
from resolvers.reports import reports_of
from resolvers.sources import record_counts_of, sources_by_id
from storage.reports.follow import hash_of, new_follow_token
from storage.store import Store
from storage.tables import lapor_responses, lapor_tickets, report_follow_tokens, sources
from storage.writing.transaction import Operation, Tx
from tests.report_rows import NOW, City
from tests.test_reports_visibility import statements

POLL = 600
LONG_AGO = NOW - 3 * POLL * 1_000_000 - 1
_numbers = itertools.count(1)

ALL = Paging()
EVERYBODY: tuple[tuple[Role, dict[str, Any]], ...] = (
    (Role.ANONYMOUS, {}),
    (Role.CITIZEN, {"person": 2}),
    (Role.CITIZEN, {"person": 1}),
    (Role.PARTNER, {"agency": "dishub"}),
    (Role.PARTNER, {"agency": "tata_air"}),
    (Role.RESPONDER, {"agency": "dishub"}),
    (Role.RESPONDER, {"agency": "tata_air"}),
    (Role.DISPATCHER, {}),
    (Role.ADMIN, {}),
)
DISPATCH = {Role.DISPATCHER, Role.ADMIN}


class Tickets:
    """Tickets of a source `lapor`, put straight into the tables."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.source = 0
        self.ids: dict[str, int] = {}

    async def begin(self) -> "Tickets":
        self.source = await self.city.store.write(Operation(_add_source))
        return self

    async def add(self, **values: Any) -> str:
        """A ticket; its number."""
        number = f"{next(_numbers):07}"
        row = {
            "source_id": self.source,
            "tracking_id": number,
            "title": "Jalan rusak",
            "source_status": "Diproses",
            "observed_at": NOW,
            "ticket_updated_at": NOW - HOUR,
            "confidential": False,
            "held": False,
            **values,
        }
        added = insert(lapor_tickets).values(row).returning(lapor_tickets.c.id)
        self.ids[number] = await self.city.store.write(Operation(lambda tx: int(tx.conn.execute(added).scalar_one())))
        return number

    async def found(self, ctx: Context, number: str) -> bool:
        """Whether the viewer finds the ticket by its number; by its id it is found, or not, just so."""
        ticket = await lapor.ticket(ctx, tracking_id=number)
        assert await lapor.tickets_by_id([self.ids[number]], ctx) == [ticket]
        return ticket is not None

    async def respond(self, ticket_id: int, *responses: tuple[str, int]) -> None:
        """Responses by author and moment."""
        rows = [
            {"ticket_id": ticket_id, "position": n, "author": author, "text": "Sudah.", "at": at}
            for n, (author, at) in enumerate(responses)
        ]
        await self.city.store.write(Operation(lambda tx: tx.conn.execute(insert(lapor_responses), rows) and None))

    async def set_source(self, **values: Any) -> None:
        def apply(tx: Tx) -> None:
            tx.conn.execute(update(sources).where(sources.c.id == self.source).values(**values))

        await self.city.store.write(Operation(apply))


def _add_source(tx: Tx) -> int:
    source = {
        "code": "lapor",
        "name": "LAPOR!",
        "kind": "COMPLAINT_SYSTEM",
        "state": "UP",
        "reconstructed": True,
        "poll_seconds": POLL,
        "set_aside_count": 0,
        "sync_requested": False,
        "change": 0,
    }
    return int(tx.conn.execute(insert(sources).returning(sources.c.id), source).scalar_one())


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.sources.now_in_micros", lambda: NOW)


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


@pytest.fixture
async def tickets(city: City) -> Tickets:
    return await Tickets(city).begin()


async def listed(ctx: Context, paging: Paging = ALL, **wanted: Any) -> list[str]:
    """The numbers of what `laporTickets` answers; its count is right."""
    page = await lapor.tickets(ctx, **{"statuses": None, "updated_after": None, **wanted}, paging=paging)
    if paging == ALL:
        assert await page.count() == len(page.rows)
    return [row.tracking_id for row in page.rows]


class TestWhoSees:
    @pytest.mark.parametrize(
        ("values", "public"), [({}, True), ({"confidential": True}, False), ({"held": True}, False)]
    )
    async def test_a_ticket_of_no_report(self, tickets: Tickets, values: dict[str, bool], public: bool) -> None:
        number = await tickets.add(**values)
        for role, viewer in EVERYBODY:
            async with tickets.city.asking(role, **viewer) as ctx:
                sees = public or role in DISPATCH
                assert await tickets.found(ctx, number) == sees
                assert await listed(ctx) == ([number] if sees else [])
                (source,) = await sources_by_id([tickets.source], ctx)
                assert source is not None
                assert await record_counts_of([source], ctx) == [int(sees)]

    @pytest.mark.parametrize(
        "report", [{}, {"confidential": True, "agency": "dishub"}, {"category": "beggars"}, {"visibility": "ERASED"}]
    )
    @pytest.mark.parametrize("values", [{}, {"confidential": True, "held": True}])
    async def test_a_ticket_of_a_report_as_that_and_its_true_place(
        self, tickets: Tickets, report: dict[str, Any], values: dict[str, bool]
    ) -> None:
        (report_id,) = await tickets.city.add({**report, "reporter_id": 1})
        number = await tickets.add(report_id=report_id, **values)
        for role, viewer in EVERYBODY:
            async with tickets.city.asking(role, **viewer) as ctx:
                (row,) = await reports_of([report_id], ctx)
                sees = row is not None and not row.fuzzed
                assert await tickets.found(ctx, number) == sees, (role, viewer)
                of_class = sees and (viewer != {"person": 1} or report == {})
                assert await listed(ctx) == ([number] if of_class else []), (role, viewer)
                if row is not None:
                    (its,) = await lapor.tickets_of([row], ctx)
                    assert (its is not None) == sees

    async def test_a_ticket_of_a_report_that_a_follow_token_proves(self, tickets: Tickets) -> None:
        (report_id,) = await tickets.city.add({"confidential": True, "agency": "dishub"})
        number = await tickets.add(report_id=report_id, confidential=True)
        token = new_follow_token()
        values = {"token_hash": hash_of(token), "report_id": report_id, "created_at": NOW}
        await tickets.city.store.write(
            Operation(lambda tx: tx.conn.execute(insert(report_follow_tokens), values) and None)
        )
        async with tickets.city.asking() as ctx:
            assert not await tickets.found(ctx, number)
        async with tickets.city.asking() as ctx:
            ctx.viewer = replace(ctx.viewer, follow_hashes=(hash_of(token),))
            assert await tickets.found(ctx, number)
            assert await listed(ctx) == []

    @pytest.mark.parametrize("number", ["none", "", "a\0b", "\ud800", "x" * 5000])
    async def test_what_is_no_number_finds_nothing(self, tickets: Tickets, number: str) -> None:
        async with tickets.city.asking(Role.ADMIN) as ctx:
            assert await lapor.ticket(ctx, tracking_id=number) is None

    async def test_hidden_ones_take_as_many_statements_as_none(self, tickets: Tickets) -> None:
        number = await tickets.add(held=True)
        async with tickets.city.asking() as ctx:
            hidden = await statements(ctx, lapor.ticket(ctx, tracking_id=number))
            assert hidden == await statements(ctx, lapor.ticket(ctx, tracking_id="no such number")) == (None, 1)


class TestLists:
    async def test_those_that_changed_last_come_first_and_page_both_ways(self, tickets: Tickets) -> None:
        hours = (3, None, 1, 2, None)
        numbers = [await tickets.add(ticket_updated_at=hour and NOW - hour * HOUR) for hour in hours]
        in_order = [numbers[n] for n in (2, 3, 0, 4, 1)]
        async with tickets.city.asking() as ctx:
            assert await listed(ctx) == in_order
            seen: list[str] = []
            after = None
            for _ in range(3):
                page = await lapor.tickets(ctx, statuses=None, updated_after=None, paging=Paging(first=2, after=after))
                seen += [row.tracking_id for row in page.rows]
                after = page.end_cursor
                assert page.has_next == (len(seen) < 5)
                assert page.has_previous == (len(seen) > 2)
            assert seen == in_order
            assert await listed(ctx, Paging(last=2)) == in_order[3:]
            assert await listed(ctx, Paging(last=2, before=page.start_cursor)) == in_order[2:4]

    async def test_of_some_states_and_changed_since(self, tickets: Tickets) -> None:
        done = await tickets.add(status="DONE", ticket_updated_at=NOW)
        closed = await tickets.add(status="CLOSED", ticket_updated_at=NOW - 1)
        odd = await tickets.add(status=None, ticket_updated_at=None)
        async with tickets.city.asking() as ctx:
            assert await listed(ctx) == [done, closed, odd]
            assert await listed(ctx, statuses=[LaporStatus.CLOSED, LaporStatus.REJECTED]) == [closed]
            assert await listed(ctx, statuses=[]) == []
            assert await listed(ctx, updated_after=moment(NOW - 1)) == [done]
            assert await listed(ctx, updated_after=moment(NOW - 2)) == [done, closed]

    async def test_a_cursor_is_good_for_its_class_alone(self, tickets: Tickets) -> None:
        await tickets.add()
        async with tickets.city.asking(Role.ADMIN) as ctx:
            page = await lapor.tickets(ctx, statuses=None, updated_after=None, paging=Paging())
        async with tickets.city.asking() as ctx:
            with pytest.raises(errors.CursorExpired):
                await listed(ctx, Paging(after=page.end_cursor))


async def test_reports_have_their_tickets_and_these_their_responses_in_one_statement_each(tickets: Tickets) -> None:
    ids = await tickets.city.add({}, {"category": "beggars"}, {})
    numbers = [await tickets.add(report_id=each) for each in ids[:2]]
    other = await tickets.add()
    async with tickets.city.asking(Role.ADMIN) as ctx:
        by_number = [await lapor.ticket(ctx, tracking_id=number) for number in (*numbers, other)]
    first, second, apart = [row for row in by_number if row is not None]
    await tickets.respond(first.id, ("Dinas Bina Marga", NOW), ("Biro Pemerintahan", NOW - HOUR))
    await tickets.respond(apart.id, ("Dishub", NOW))
    async with tickets.city.asking() as ctx:
        rows = [row for row in await reports_of(ids, ctx) if row is not None]
        assert await statements(ctx, lapor.tickets_of(rows, ctx)) == ([first, None, None], 1)
        (answers, none, again), asked = await statements(ctx, lapor.responses_of([first, second, first], ctx))
        assert [answer.author for answer in answers] == ["Biro Pemerintahan", "Dinas Bina Marga"]
        assert (none, again, asked) == ([], answers, 1)


async def test_the_ticket_that_came_last_is_the_reports(tickets: Tickets) -> None:
    (report_id,) = await tickets.city.add({})
    _, second = [await tickets.add(report_id=report_id) for _ in range(2)]
    async with tickets.city.asking() as ctx:
        rows = [row for row in await reports_of([report_id], ctx) if row is not None]
        (ticket,) = await lapor.tickets_of(rows, ctx)
        assert ticket is not None and ticket.tracking_id == second


class TestStale:
    async def stale(self, tickets: Tickets) -> dict[str, bool]:
        async with tickets.city.asking(Role.ADMIN) as ctx:
            page = await lapor.tickets(ctx, statuses=None, updated_after=None, paging=Paging())
            stale, asked = await statements(ctx, lapor.tickets_stale(page.rows, ctx))
            assert asked == 1
            return dict(zip([row.tracking_id for row in page.rows], stale, strict=True))

    async def test_a_ticket_is_as_fresh_as_the_last_good_reading_of_lapor(self, tickets: Tickets) -> None:
        fresh, old = await tickets.add(), await tickets.add(observed_at=LONG_AGO)
        assert await self.stale(tickets) == {fresh: False, old: True}
        await tickets.set_source(last_success_at=NOW)
        assert await self.stale(tickets) == {fresh: False, old: False}
        await tickets.set_source(state="DOWN")
        assert await self.stale(tickets) == {fresh: True, old: True}

    async def test_one_that_was_never_read_there_is_not(self, tickets: Tickets) -> None:
        forwarded = await tickets.add(observed_at=LONG_AGO, title=None, source_status=None)
        await tickets.set_source(last_success_at=NOW)
        assert await self.stale(tickets) == {forwarded: True}
