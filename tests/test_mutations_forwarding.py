"""Handing reports on to LAPOR by hand, and settling what nobody knows of."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from domain.areas import AreaMap
from domain.references import REFERENCE_PATTERN
from domain.sealing import Kind
from domain.vocabulary import ForwardingOutcome, ForwardingState, Locale, Role
from resolvers import inputs
from resolvers.acting import withdraw
from resolvers.forwarding import forward_to_lapor, forwardings_of, settle
from resolvers.viewer import Viewer
from storage import tables
from storage.events.appending import broken_links
from storage.handovers.writing import arrived, give_up
from storage.reports.follow import hash_of
from storage.store import Store
from storage.writing.transaction import Operation
from tests.writing import ANONYMOUS, KEY, WritingHub, told, writing_hub


async def make_source(store: Store, code: str, state: str = "UP") -> int:
    values = {"code": code, "name": code, "kind": "COMPLAINT_SYSTEM", "state": state, "reconstructed": True}
    values |= {"set_aside_count": 0, "sync_requested": False, "change": 0, "poll_seconds": 60.0}
    statement = insert(tables.sources).returning(tables.sources.c.id)
    return await store.write(Operation(lambda tx: tx.conn.execute(statement, values).scalar_one()))


@dataclass
class Scene:
    hub: WritingHub
    row: int
    token: str
    lapor: int
    dispatcher: Viewer
    responder: Viewer
    citizen: Viewer
    partner: Viewer
    woken: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.hub.id(self.row)

    async def forward(self, viewer: Viewer | None = None, **fields: Any) -> Any:
        given = inputs.ForwardToLapor(report_id=self.id, **fields)
        return await self.hub.call(forward_to_lapor, given, viewer or self.dispatcher)

    async def settle(self, row: int, outcome: ForwardingOutcome, viewer: Viewer | None = None, **fields: Any) -> Any:
        given = inputs.SettleForwarding(forwarding_id=self.hub.id(row, Kind.FORWARDING), outcome=outcome, **fields)
        return await self.hub.call(settle, given, viewer or self.dispatcher)

    async def end(self, row: int, state: ForwardingState) -> None:
        """What the worker would have found."""
        locks = frozenset({f"report:{self.row}"})
        await self.hub.parts.store.write(Operation(lambda tx: give_up(tx, row, state, error="told to staff"), locks))

    async def forwarding(self) -> Any:
        return (await self.hub.rows(tables.forwardings))[-1]


@pytest.fixture
async def scene(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Scene]:
    async with writing_hub(store, tmp_path, area_map, lapor_source="lapor") as hub:
        lapor = await make_source(store, "lapor")
        done = await hub.submit()
        people = [await hub.person(role) for role in (Role.DISPATCHER, Role.RESPONDER, Role.CITIZEN)]
        partner = await hub.person(Role.PARTNER, agency="tata_air")
        made = Scene(hub, done.report_id or 0, done.follow_token or "", lapor, *people, partner)
        hub.parts.wake_outbox = lambda: made.woken.append("outbox")
        yield made


class TestForward:
    async def test_appears_at_once_and_waits_in_the_outbox(self, scene: Scene) -> None:
        done = await scene.forward(note="Mohon ditindak")
        assert told(done.faults) == [] and scene.woken == ["outbox"]
        row = await scene.forwarding()
        assert (row["id"], row["state"], row["source_id"]) == (done.forwarding_id, "QUEUED", scene.lapor)
        assert REFERENCE_PATTERN.fullmatch(row["reference"])
        (waiting,) = await scene.hub.rows(tables.outbox)
        assert (waiting["kind"], waiting["subject_id"], waiting["started_at"]) == ("forward", row["id"], None)
        assert await scene.hub.kinds(scene.row) == ["CREATED", "UPDATED"]

    async def test_is_for_dispatchers(self, scene: Scene) -> None:
        for viewer in (scene.citizen, scene.responder, scene.partner):
            assert told((await scene.forward(viewer)).faults) == [("FORBIDDEN", "reportId")]
        faults = (await scene.forward(ANONYMOUS)).faults
        assert told(faults) == [("UNAUTHENTICATED", "reportId")]
        assert "token" not in faults[0].message[Locale.EN], "a report's token would not help"

    async def test_not_while_one_is_under_way(self, scene: Scene) -> None:
        first = await scene.forward()
        again = await scene.forward()
        assert told(again.faults) == [("ALREADY_DONE", "reportId")] and again.forwarding_id == first.forwarding_id
        await scene.end(first.forwarding_id, ForwardingState.UNKNOWN)
        assert told((await scene.forward()).faults) == [("ALREADY_DONE", "reportId")]

    @pytest.mark.parametrize("state", [ForwardingState.FAILED, ForwardingState.CANCELLED])
    async def test_again_after_it_failed(self, scene: Scene, state: ForwardingState) -> None:
        first = await scene.forward()
        await scene.end(first.forwarding_id, state)
        second = await scene.forward()
        assert told(second.faults) == [] and second.forwarding_id != first.forwarding_id

    async def test_with_the_same_key_is_one(self, scene: Scene) -> None:
        first, again = await scene.forward(idempotency_key=KEY), await scene.forward(idempotency_key=KEY)
        assert (again.forwarding_id, told(again.faults)) == (first.forwarding_id, [])
        assert await scene.hub.count(tables.forwardings) == 1

    async def test_where_lapor_is_not_set_up_or_switched_off(self, scene: Scene) -> None:
        off = update(tables.sources).where(tables.sources.c.code == "lapor").values(state="DISABLED")
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(off)))
        assert told((await scene.forward()).faults) == [("SOURCE_UNAVAILABLE", "")]

    async def test_not_what_came_from_there(self, scene: Scene) -> None:
        come = update(tables.reports).values(source_id=scene.lapor)
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(come)))
        assert told((await scene.forward()).faults) == [("ALREADY_DONE", "reportId")]

    async def test_not_what_is_over(self, scene: Scene) -> None:
        over = update(tables.reports).values(status="REJECTED")
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(over)))
        assert told((await scene.forward()).faults) == [("NOT_POSSIBLE_IN_STATE", "reportId")]

    async def test_a_withdrawn_report_is_not_sent(self, scene: Scene) -> None:
        await scene.forward()
        given = inputs.WithdrawReport(report_id=scene.id, follow_token=scene.token)
        assert told((await scene.hub.call(withdraw, given)).faults) == []
        assert (await scene.forwarding())["state"] == "CANCELLED" and await scene.hub.count(tables.outbox) == 0

    async def test_what_is_on_its_way_already_is_not_cancelled(self, scene: Scene) -> None:
        await scene.forward()
        started = update(tables.outbox).values(started_at=1)
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(started)))
        await scene.hub.call(withdraw, inputs.WithdrawReport(report_id=scene.id, follow_token=scene.token))
        assert (await scene.forwarding())["state"] == "QUEUED" and await scene.hub.count(tables.outbox) == 1


class TestSeen:
    async def test_by_staff_and_the_reporter(self, scene: Scene) -> None:
        await scene.forward()
        reporter = Viewer(follow_hashes=(hash_of(scene.token),))
        for viewer, expected in [
            (scene.dispatcher, 1),
            (scene.responder, 1),
            (reporter, 1),
            (scene.citizen, 0),
            (scene.partner, 0),
            (ANONYMOUS, 0),
        ]:
            row = await scene.hub.report(scene.row, viewer)
            assert row is not None
            async with scene.hub.context(viewer) as ctx:
                (found,) = await forwardings_of([row], ctx)
                assert len(found) == expected, viewer.role


class TestSettle:
    async def unknown(self, scene: Scene) -> int:
        done = await scene.forward()
        await scene.end(done.forwarding_id, ForwardingState.UNKNOWN)
        return done.forwarding_id

    async def test_arrived_joins_a_ticket_and_is_told_as_forwarded(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        done = await scene.settle(row, ForwardingOutcome.ARRIVED, external_ref="LP-1")
        assert told(done.faults) == [] and done.forwarding_id == row
        (ticket,) = await scene.hub.rows(tables.lapor_tickets)
        assert (ticket["tracking_id"], ticket["report_id"], ticket["confidential"]) == ("LP-1", scene.row, False)
        now = await scene.forwarding()
        assert (now["state"], now["external_ref"], now["ticket_id"]) == ("SENT", "LP-1", ticket["id"])
        assert await scene.hub.kinds(scene.row) == ["CREATED", "UPDATED", "UPDATED", "FORWARDED"]
        assert await scene.hub.parts.store.read(lambda conn: list(broken_links(conn))) == []

    async def test_arrived_needs_the_number(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        for given in (None, "  "):
            done = await scene.settle(row, ForwardingOutcome.ARRIVED, external_ref=given)
            assert told(done.faults) == [("REQUIRED", "externalRef")] and done.forwarding_id == row

    async def test_arrived_with_a_ticket_that_was_read_already(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        values = {"source_id": scene.lapor, "tracking_id": "LP-1", "title": "Banjir", "observed_at": 1}
        values |= {"confidential": False, "held": True}
        statement = insert(tables.lapor_tickets)
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(statement, values)))
        await scene.settle(row, ForwardingOutcome.ARRIVED, external_ref="LP-1")
        (ticket,) = await scene.hub.rows(tables.lapor_tickets)
        assert (ticket["title"], ticket["report_id"], ticket["held"]) == ("Banjir", scene.row, False)

    async def test_arrived_with_the_number_of_another_report(self, scene: Scene) -> None:
        other = await scene.hub.submit()
        row = await self.unknown(scene)
        values = {"source_id": scene.lapor, "tracking_id": "LP-1", "observed_at": 1, "report_id": other.report_id}
        values |= {"confidential": False, "held": False}
        statement = insert(tables.lapor_tickets)
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(statement, values)))
        done = await scene.settle(row, ForwardingOutcome.ARRIVED, external_ref="LP-1")
        assert told(done.faults) == [("CONFLICT", "externalRef")]
        assert (await scene.forwarding())["state"] == "UNKNOWN"

    async def test_send_again_under_the_same_reference(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        before = (await scene.forwarding())["reference"]
        assert told((await scene.settle(row, ForwardingOutcome.SEND_AGAIN)).faults) == []
        now = await scene.forwarding()
        assert (now["state"], now["reference"], now["last_error"]) == ("QUEUED", before, None)
        assert await scene.hub.count(tables.outbox) == 1 and scene.woken == ["outbox"] * 2

    async def test_give_up(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        await scene.settle(row, ForwardingOutcome.GIVE_UP, note="Sudah ditangani")
        assert (await scene.forwarding())["state"] == "CANCELLED"
        again = await scene.settle(row, ForwardingOutcome.GIVE_UP)
        assert told(again.faults) == [("NOT_POSSIBLE_IN_STATE", "forwardingId")] and again.forwarding_id == row

    async def test_what_failed_too_but_not_what_is_under_way(self, scene: Scene) -> None:
        done = await scene.forward()
        waiting = await scene.settle(done.forwarding_id, ForwardingOutcome.GIVE_UP)
        assert told(waiting.faults) == [("NOT_POSSIBLE_IN_STATE", "forwardingId")]
        await scene.end(done.forwarding_id, ForwardingState.FAILED)
        assert told((await scene.settle(done.forwarding_id, ForwardingOutcome.SEND_AGAIN)).faults) == []

    async def test_is_for_dispatchers(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        assert told((await scene.settle(row, ForwardingOutcome.GIVE_UP, scene.responder)).faults) == [
            ("FORBIDDEN", "forwardingId")
        ]
        for viewer in (scene.citizen, scene.partner, ANONYMOUS):
            done = await scene.settle(row, ForwardingOutcome.GIVE_UP, viewer)
            assert told(done.faults) == [("NOT_FOUND", "forwardingId")] and done.forwarding_id is None

    async def test_once_a_key(self, scene: Scene) -> None:
        row = await self.unknown(scene)
        for _ in range(2):
            done = await scene.settle(row, ForwardingOutcome.GIVE_UP, idempotency_key=KEY)
            assert told(done.faults) == [] and done.forwarding_id == row


class TestArrival:
    async def test_a_confidential_reports_ticket_is_confidential(self, scene: Scene) -> None:
        hide = update(tables.reports).values(visibility="CONFIDENTIAL")
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(hide)))
        done = await scene.forward()
        locks = frozenset({f"report:{scene.row}", "ticket:LP-1"})
        await scene.hub.parts.store.write(
            Operation(lambda tx: arrived(tx, done.forwarding_id, "LP-1", url="https://lapor.test/LP-1"), locks)
        )
        (ticket,) = await scene.hub.rows(tables.lapor_tickets)
        assert ticket["confidential"] and ticket["url"] == "https://lapor.test/LP-1"
        assert await scene.hub.count(tables.outbox) == 0
