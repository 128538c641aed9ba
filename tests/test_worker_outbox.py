"""Reports go out once: what came of it is told, and whatever may have arrived is never sent again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from domain.areas import AreaMap
from domain.sink import SubmissionRefused, SubmissionUnavailable, SubmissionUnknown, Submitted
from domain.time import DAY, MINUTE, SECOND
from domain.vocabulary import EventKind, ForwardingState, ReportStatus, ReportVisibility
from storage import tables
from storage.errors import Overloaded
from storage.handovers.writing import arrived, queue_again
from storage.reports.changing import change
from storage.reports.contacts import Contact
from storage.reports.placing import Place
from storage.store import Store
from storage.writing.transaction import NOBODY, Operation
from tests.forwarding_hub import CONTACT, KAMPUNG_MELAYU, Hub, Lapor, Said, forwarding_hub
from worker.handing_over import INTERRUPTED, LONGEST_ASKED_PAUSE, MOST_TRIES, NOT_CONFIGURED, NOT_REACHED, pause_after
from worker.outbox import AT_ONCE


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Hub]:
    async with forwarding_hub(store, area_map, tmp_path) as made:
        yield made


@pytest.fixture
def lapor(hub: Hub) -> Lapor:
    """LAPOR, which takes everything under the number 1001 unless it is told otherwise."""
    made = Lapor()
    hub.forwarders["lapor"] = made
    return made


class TestAReportThatIsTaken:
    async def test_is_sent_once_and_told_with_its_number(self, hub: Hub, lapor: Lapor) -> None:
        forwarding = await hub.queue()
        for _ in range(3):
            await hub.outbox().round()
        assert len(lapor.heard) == 1
        assert await hub.outcome(forwarding) == ("SENT", 0)
        row = await hub.forwarding(forwarding)
        assert (row.external_ref, row.attempts, row.last_error, row.next_attempt_at) == ("1001", 1, None, None)
        assert await hub.told(forwarding) == [("UPDATED", ("QUEUED",)), ("FORWARDED", ("SENT",))]

    async def test_has_a_ticket_with_its_number(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [Submitted("1001", "https://lapor.test/1001")]
        forwarding = await hub.forwarding(await hub.queue(confidential=True))
        await hub.outbox().round()
        [ticket] = await hub.rows(tables.lapor_tickets)
        assert (ticket.tracking_id, ticket.url, ticket.text) == ("1001", "https://lapor.test/1001", None)
        assert (ticket.report_id, ticket.confidential, ticket.held) == (forwarding.report_id, True, False)
        assert (await hub.forwarding(forwarding.id)).ticket_id == ticket.id

    async def test_joins_a_ticket_that_was_read_before_the_answer(self, hub: Hub, lapor: Lapor) -> None:
        row = {"tracking_id": "1001", "text": "Banjir", "observed_at": 1, "confidential": False, "held": False}
        values = row | {"source_id": hub.ids["lapor"]}
        await hub.change(lambda tx: tx.conn.execute(insert(tables.lapor_tickets), values))
        forwarding = await hub.forwarding(await hub.queue())
        await hub.outbox().round()
        [ticket] = await hub.rows(tables.lapor_tickets)
        assert (ticket.report_id, ticket.text) == (forwarding.report_id, "Banjir")

    async def test_is_not_told_again_where_its_ticket_settled_it_meanwhile(self, hub: Hub, lapor: Lapor) -> None:
        answer: asyncio.Future[Submitted] = asyncio.get_running_loop().create_future()
        lapor.says = [answer]
        forwarding = await hub.forwarding(await hub.queue())
        sending = asyncio.create_task(hub.outbox().round())
        await lapor.asked.wait()
        locks = (f"report:{forwarding.report_id}", "ticket:1001")
        await hub.change(lambda tx: arrived(tx, forwarding.id, "1001"), *locks)
        answer.set_result(Submitted("1001"))
        await sending
        assert [kind for kind, _ in await hub.told(forwarding.id)] == ["UPDATED", "FORWARDED"]

    async def test_more_than_go_out_at_once_are_all_sent(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [Submitted(str(number)) for number in range(AT_ONCE + 3)]
        for number in range(AT_ONCE + 2):
            await hub.queue(text=f"Banjir {number}")
        outbox = hub.outbox()
        assert await outbox.round() == 0
        assert [each.text for each in lapor.heard] == [f"Banjir {number}" for number in range(AT_ONCE)]
        assert await outbox.round() > 0
        assert {row.state for row in await hub.rows(tables.forwardings)} == {"SENT"}

    async def test_is_recorded_although_the_store_has_too_much_to_do(
        self, hub: Hub, lapor: Lapor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = hub.store.write
        refused: list[Operation[Any]] = []

        async def busy(operation: Operation[Any]) -> Any:
            if lapor.heard and not refused:
                refused.append(operation)
                raise Overloaded(retry_after=1.0)
            return await write(operation)

        forwarding = await hub.queue()
        monkeypatch.setattr(hub.store, "write", busy)
        await hub.outbox().round()
        assert refused and await hub.outcome(forwarding) == ("SENT", 0)


class TestWhatIsTold:
    async def test_the_true_place_and_what_it_lies_in(self, hub: Hub, lapor: Lapor) -> None:
        forwarding = await hub.queue(category="beggars", title="Di lampu merah", address="Jalan Jatinegara Barat 3")
        await hub.outbox().round()
        [sent] = lapor.heard
        assert (sent.latitude, sent.longitude) == (KAMPUNG_MELAYU.latitude, KAMPUNG_MELAYU.longitude)
        assert sent.area_name == "Kampung Melayu, Jatinegara, Kota Administrasi Jakarta Timur"
        assert sent.address == "Jalan Jatinegara Barat 3"
        assert sent.category == "beggars"
        assert sent.text == "Di lampu merah\nBanjir selutut"
        assert sent.reference == (await hub.forwarding(forwarding)).reference
        assert "tolong" not in repr(sent)

    async def test_an_area_where_there_is_no_point(self, hub: Hub, lapor: Lapor) -> None:
        await hub.queue(place=Place(area_code="31"))
        await hub.outbox().round()
        [sent] = lapor.heard
        assert (sent.latitude, sent.longitude, sent.area_name) == (None, None, "DKI Jakarta")

    @pytest.mark.parametrize("confidential", [False, True])
    @pytest.mark.parametrize("anonymous", [False, True])
    async def test_rahasia_and_anonim(self, hub: Hub, lapor: Lapor, confidential: bool, anonymous: bool) -> None:
        await hub.queue(confidential=confidential, anonymous=anonymous)
        await hub.outbox().round()
        assert (lapor.heard[0].confidential, lapor.heard[0].anonymous) == (confidential, anonymous)

    async def test_what_became_confidential_while_it_waited_goes_as_such(self, hub: Hub, lapor: Lapor) -> None:
        report = (await hub.forwarding(await hub.queue())).report_id
        hidden = {"visibility": ReportVisibility.CONFIDENTIAL}
        kind = EventKind.VISIBILITY_CHANGED
        await hub.change(lambda tx: change(tx, hub.areas, report, kind, values=hidden), f"report:{report}")
        await hub.outbox().round()
        assert lapor.heard[0].confidential

    @pytest.mark.parametrize(
        ("consent", "anonymous", "told"), [(True, False, CONTACT), (False, False, Contact()), (True, True, Contact())]
    )
    async def test_a_contact_only_with_consent(
        self, hub: Hub, lapor: Lapor, consent: bool, anonymous: bool, told: Contact
    ) -> None:
        await hub.queue(CONTACT, consent=consent, anonymous=anonymous)
        await hub.outbox().round()
        [sent] = lapor.heard
        assert Contact(sent.contact_name, sent.contact_phone, sent.contact_email) == told

    async def test_without_a_contact_that_cannot_be_read_any_more(self, hub: Hub, lapor: Lapor) -> None:
        forwarding = await hub.queue(CONTACT)
        broken = {"sealed": b"x" * 60}
        await hub.change(lambda tx: tx.conn.execute(update(tables.report_contacts).values(broken)))
        await hub.outbox().round()
        assert await hub.outcome(forwarding) == ("SENT", 0)
        assert lapor.heard[0].contact_phone is None


class TestASystemThatIsAway:
    async def test_is_tried_again_later(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [SubmissionUnavailable("LAPOR was not reached: ConnectError"), Submitted("1001")]
        forwarding = await hub.queue()
        await hub.outbox().round()
        row = await hub.forwarding(forwarding)
        assert (row.state, row.attempts, row.last_error) == ("QUEUED", 1, NOT_REACHED)
        assert 20 * SECOND < row.next_attempt_at - row.last_attempt_at < 40 * SECOND
        await hub.outbox().round()
        assert len(lapor.heard) == 1
        hub.ahead = 40 * SECOND
        await hub.outbox().round()
        assert await hub.outcome(forwarding) == ("SENT", 0)
        assert (await hub.forwarding(forwarding)).attempts == 2
        assert lapor.heard[0].reference == lapor.heard[1].reference

    async def test_is_given_the_time_that_it_asks_for(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [SubmissionUnavailable("busy", retry_after=600)]
        row = await hub.forwarding(await hub.queue())
        await hub.outbox().round()
        assert (await hub.forwarding(row.id)).next_attempt_at >= row.created_at + 10 * MINUTE

    async def test_for_longer_than_a_day_is_given_up(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [SubmissionUnavailable("still away")]
        forwarding = await hub.queue()
        await hub.change(lambda tx: tx.conn.execute(update(tables.outbox).values(attempts=MOST_TRIES - 1)))
        await hub.outbox().round()
        assert await hub.outcome(forwarding) == ("FAILED", 0)
        assert "a day" in (await hub.forwarding(forwarding)).last_error

    async def test_is_not_asked_before_its_time_by_any_process(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [SubmissionUnavailable("away")]
        await hub.queue()
        await hub.outbox("here").round()
        await hub.outbox("elsewhere").round()
        assert len(lapor.heard) == 1


def test_pauses_grow_to_an_hour_and_last_a_day_in_all() -> None:
    pauses = [pause_after(tries, None) for tries in range(1, MOST_TRIES)]
    assert pauses[0] < 40 and max(pauses) <= 1.25 * 3_600
    assert 0.75 * DAY < sum(pauses) * SECOND < 1.3 * DAY


def test_a_pause_of_a_year_is_not_obeyed() -> None:
    assert pause_after(1, 365 * 86_400.0) <= 1.1 * LONGEST_ASKED_PAUSE


async def test_a_refusal_is_final_and_its_reason_is_shown(hub: Hub, lapor: Lapor) -> None:
    lapor.says = [SubmissionRefused("LAPOR refused the report (403): Token tidak dikenal")]
    forwarding = await hub.queue()
    await hub.outbox().round()
    hub.ahead = DAY
    await hub.outbox().round()
    assert len(lapor.heard) == 1
    assert await hub.outcome(forwarding) == ("FAILED", 0)
    assert (await hub.forwarding(forwarding)).last_error.endswith("Token tidak dikenal")
    assert (await hub.told(forwarding))[-1] == ("UPDATED", ("FAILED",))


class TestARequestWithoutAnAnswer:
    @pytest.mark.parametrize(
        "said",
        [
            SubmissionUnknown("LAPOR gave no readable answer: ReadTimeout"),
            RuntimeError("token=5f0c1d9e is in my words"),
            Submitted(""),
            Submitted("9" * 65),
            Submitted("10\x0001"),
        ],
        ids=["unknown", "a fault of the connector", "no number", "a long number", "a broken number"],
    )
    async def test_is_unknown_and_never_sent_again(self, hub: Hub, lapor: Lapor, said: Said) -> None:
        lapor.says = [said]
        forwarding = await hub.queue()
        await hub.outbox().round()
        hub.ahead = 2 * DAY
        await hub.outbox().round()
        assert len(lapor.heard) == 1
        assert await hub.outcome(forwarding) == ("UNKNOWN", 0)
        assert "may have arrived" in (await hub.forwarding(forwarding)).last_error
        assert "5f0c1d9e" not in (await hub.forwarding(forwarding)).last_error
        assert (await hub.told(forwarding))[-1] == ("UPDATED", ("UNKNOWN",))

    async def test_has_a_time_limit(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [asyncio.get_running_loop().create_future()]
        forwarding = await hub.queue()
        await hub.outbox(time_limit=0.05).round()
        assert await hub.outcome(forwarding) == ("UNKNOWN", 0)

    async def test_does_not_break_off_the_others(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [RuntimeError("broken"), Submitted("1002")]
        first, second = await hub.queue(), await hub.queue()
        await hub.outbox().round()
        assert [(await hub.forwarding(each)).state for each in (first, second)] == ["UNKNOWN", "SENT"]

    async def test_is_unknown_when_the_hub_stops(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [asyncio.get_running_loop().create_future()]
        forwarding = await hub.queue()
        sending = asyncio.create_task(hub.outbox().round())
        await lapor.asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await hub.outcome(forwarding) == ("UNKNOWN", 0)
        lapor.says = [Submitted("1002")]
        other = await hub.queue()
        await hub.outbox("the next process").round()
        assert await hub.outcome(other) == ("SENT", 0)

    async def test_sent_again_by_hand_it_goes_out_again(self, hub: Hub, lapor: Lapor) -> None:
        lapor.says = [SubmissionUnknown("lost"), Submitted("1001")]
        row = await hub.forwarding(await hub.queue())
        await hub.outbox().round()
        await hub.change(lambda tx: queue_again(tx, row.id, actor=NOBODY), f"report:{row.report_id}")
        await hub.outbox().round()
        assert await hub.outcome(row.id) == ("SENT", 0)
        assert {each.reference for each in lapor.heard} == {row.reference}


class TestAProcessThatDiesBetweenQuestionAndAnswer:
    @pytest.fixture
    async def left(self, hub: Hub, lapor: Lapor) -> AsyncIterator[tuple[int, "asyncio.Future[Submitted]"]]:
        """A forwarding whose request is under way, and the answer that has not come."""
        answer: asyncio.Future[Submitted] = asyncio.get_running_loop().create_future()
        lapor.says = [answer]
        forwarding = await hub.queue()
        self.sending = asyncio.create_task(hub.outbox("the one that dies").round())
        await lapor.asked.wait()
        yield forwarding, answer
        self.sending.cancel()
        await asyncio.gather(self.sending, return_exceptions=True)

    async def test_was_noted_before_the_request_went_out(self, hub: Hub, left: tuple[int, Any]) -> None:
        [row] = await hub.rows(tables.outbox)
        assert row.started_at is not None and row.attempts == 1
        assert (await hub.forwarding(left[0])).last_attempt_at == row.started_at

    async def test_is_left_alone_while_it_holds_the_lease(self, hub: Hub, lapor: Lapor, left: tuple[int, Any]) -> None:
        await hub.outbox("elsewhere").round()
        assert len(lapor.heard) == 1
        assert await hub.outcome(left[0]) == ("QUEUED", 1)

    async def test_leaves_an_unknown_one_that_is_not_sent_again(
        self, hub: Hub, lapor: Lapor, left: tuple[int, Any]
    ) -> None:
        await hub.end_leases()
        for _ in range(2):
            await hub.outbox("elsewhere").round()
        assert len(lapor.heard) == 1
        assert await hub.outcome(left[0]) == ("UNKNOWN", 0)

    async def test_and_was_only_slow_settles_it_after_all(self, hub: Hub, left: tuple[int, Any]) -> None:
        forwarding, answer = left
        await hub.end_leases()
        await hub.outbox("elsewhere").round()
        answer.set_result(Submitted("1001"))
        await self.sending
        assert (await hub.forwarding(forwarding)).external_ref == "1001"
        states = [state for _, state in await hub.told(forwarding)]
        assert states == [("QUEUED",), ("UNKNOWN",), ("SENT",)]

    async def test_and_was_slow_takes_back_what_was_to_be_sent_again(
        self, hub: Hub, lapor: Lapor, left: tuple[int, Any]
    ) -> None:
        forwarding, answer = left
        await hub.end_leases()
        await hub.outbox("elsewhere").round()
        report = (await hub.forwarding(forwarding)).report_id
        await hub.change(lambda tx: queue_again(tx, forwarding, actor=NOBODY), f"report:{report}")
        answer.set_result(Submitted("1001"))
        await self.sending
        await hub.outbox("elsewhere").round()
        assert len(lapor.heard) == 1
        assert await hub.outcome(forwarding) == ("SENT", 0)

    async def test_and_was_slow_does_not_undo_a_later_attempt(
        self, hub: Hub, lapor: Lapor, left: tuple[int, Any]
    ) -> None:
        forwarding, answer = left
        second: asyncio.Future[Submitted] = asyncio.get_running_loop().create_future()
        lapor.says = [second]
        await hub.end_leases()
        await hub.outbox("elsewhere").round()
        report = (await hub.forwarding(forwarding)).report_id
        await hub.change(lambda tx: queue_again(tx, forwarding, actor=NOBODY), f"report:{report}")
        lapor.asked.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(hub.outbox("elsewhere").round())
            await lapor.asked.wait()
            answer.set_exception(SubmissionUnavailable("away"))
            await self.sending
            assert [row.started_at is None for row in await hub.rows(tables.outbox)] == [False]
            second.set_result(Submitted("2002"))
        assert await hub.outcome(forwarding) == ("SENT", 0)
        assert (await hub.forwarding(forwarding)).external_ref == "2002"

    async def test_and_was_slow_does_not_send_again_by_itself(
        self, hub: Hub, lapor: Lapor, left: tuple[int, Any]
    ) -> None:
        forwarding, answer = left
        await hub.end_leases()
        await hub.outbox("elsewhere").round()
        answer.set_exception(SubmissionUnavailable("away"))
        await self.sending
        hub.ahead = DAY
        await hub.outbox("elsewhere").round()
        row = await hub.forwarding(forwarding)
        assert (row.state, row.last_error, row.next_attempt_at) == ("UNKNOWN", INTERRUPTED, None)
        assert len(lapor.heard) == 1


async def test_two_outboxes_at_once_send_each_once(hub: Hub, lapor: Lapor) -> None:
    lapor.says = [Submitted(str(number)) for number in range(20)]
    for number in range(2 * AT_ONCE):
        await hub.queue(text=f"Banjir {number}")
    outboxes = [hub.outbox(holder) for holder in ("here", "elsewhere")]
    while await hub.rows(tables.outbox):
        await asyncio.gather(*(each.round() for each in outboxes))
    assert sorted(each.text for each in lapor.heard) == sorted(f"Banjir {number}" for number in range(2 * AT_ONCE))


class TestWhatIsNotSent:
    async def test_a_system_that_is_not_configured_waits_for_it(self, hub: Hub, lapor: Lapor) -> None:
        del hub.forwarders["lapor"]
        forwarding = await hub.queue()
        await hub.outbox().round()
        row = await hub.forwarding(forwarding)
        assert (row.state, row.attempts, row.last_error) == ("QUEUED", 0, NOT_CONFIGURED)
        hub.forwarders["lapor"] = lapor
        hub.ahead = 2 * MINUTE
        await hub.outbox().round()
        assert await hub.outcome(forwarding) == ("SENT", 0)

    @pytest.mark.parametrize("status", [ReportStatus.WITHDRAWN, ReportStatus.REJECTED, ReportStatus.RESOLVED])
    async def test_a_report_that_is_not_open_any_more(self, hub: Hub, lapor: Lapor, status: ReportStatus) -> None:
        row = await hub.forwarding(await hub.queue())
        values, lock = {"status": status}, f"report:{row.report_id}"
        kind = EventKind.STATUS_CHANGED
        await hub.change(lambda tx: change(tx, hub.areas, row.report_id, kind, values=values), lock)
        await hub.outbox().round()
        assert lapor.heard == []
        assert await hub.outcome(row.id) == ("CANCELLED", 0)
        assert (await hub.told(row.id))[-1] == ("UPDATED", ("CANCELLED",))

    async def test_an_erased_report(self, hub: Hub, lapor: Lapor) -> None:
        row = await hub.forwarding(await hub.queue())
        values, lock = {"visibility": ReportVisibility.ERASED}, f"report:{row.report_id}"
        await hub.change(lambda tx: change(tx, hub.areas, row.report_id, EventKind.ERASED, values=values), lock)
        await hub.outbox().round()
        assert lapor.heard == []
        assert await hub.outcome(row.id) == ("CANCELLED", 0)

    async def test_what_was_settled_while_it_waited(self, hub: Hub, lapor: Lapor) -> None:
        row = await hub.forwarding(await hub.queue())
        settled = update(tables.forwardings).values(state=ForwardingState.CANCELLED)
        await hub.change(lambda tx: tx.conn.execute(settled))
        await hub.outbox().round()
        assert lapor.heard == []
        assert await hub.outcome(row.id) == ("CANCELLED", 0)
