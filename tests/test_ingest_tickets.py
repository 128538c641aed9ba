"""LAPOR's tickets: joined to the report they are about, never by guess; what may be confidential is held back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.records import TicketRecord, TicketResponse, TopicRecord
from domain.references import reference_of
from domain.report import ByHand
from domain.time import micros
from domain.visibility import Visibility
from domain.vocabulary import EventKind, ForwardingState, LaporStatus, ReportStatus, Role
from storage import tables
from storage.handovers.writing import arrived
from storage.lapor import TicketFilter, count_tickets, ticket_by_tracking_id
from storage.reports.changing import change
from storage.reports.creating import NewReport, create_report
from storage.reports.placing import Place
from storage.store import Store
from storage.writing.transaction import NOBODY, Tx
from tests.ingesting import EARLIER, KAMPUNG_MELAYU, NOW, Hub, hub_on, report

REFERENCE = reference_of(b"reference")


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


def ticket(number: str = "1234567", *, brings: bool = False, **told: Any) -> TicketRecord:
    given: dict[str, Any] = {
        "title": "Jalan rusak",
        "text": "Jalan berlubang di depan halte",
        "status": LaporStatus.DISPOSED,
        "source_status": "Disposisi",
        "area_name": "Kecamatan Jatinegara, Jakarta Timur",
        "submitted_at": EARLIER,
        "updated_at": NOW,
    } | told
    own = None
    if brings:
        hidden = {"confidential": given.get("confidential", False), "anonymous": given.get("anonymous", False)}
        own = report(
            number,
            given["text"],
            category="damaged_road",
            point=None,
            area_name=given["area_name"],
            source_status_means=ReportStatus.ASSIGNED,
            **hidden,
        )
    return TicketRecord(tracking_id=number, report=own, **given)


async def only_ticket(hub: Hub) -> Any:
    (row,) = await hub.rows(tables.lapor_tickets)
    return row


async def forwarding(hub: Hub, area_map: AreaMap, state: ForwardingState, **told: Any) -> int:
    """A report of the hub's own with a hand-over to LAPOR in some state; gives the report."""

    def make(tx: Tx) -> int:
        ids = {row.code: row.id for row in tx.conn.execute(select(tables.sources.c.code, tables.sources.c.id))}
        category = tx.conn.execute(
            select(tables.categories.c.id).where(tables.categories.c.code == told.get("category", "damaged_road"))
        )
        new = NewReport(
            text="Jalan berlubang",
            category_id=category.scalar_one(),
            reported_at=micros(EARLIER),
            source_id=ids["simpul"],
            place=Place(KAMPUNG_MELAYU),
            confidential=told.get("confidential", False),
        )
        created = create_report(tx, area_map, new, NOBODY)
        values = {
            "report_id": created.id,
            "source_id": ids["lapor"],
            "state": state,
            "reference": told.get("reference", REFERENCE),
            "external_ref": told.get("external_ref"),
            "created_at": tx.now,
            "attempts": 1,
        }
        forwarding_id = tx.conn.execute(insert(tables.forwardings), values).inserted_primary_key
        assert forwarding_id is not None
        due = {"kind": "forward", "subject_id": forwarding_id[0], "available_at": tx.now, "attempts": 1}
        tx.conn.execute(insert(tables.outbox), due)
        return created.id

    made: int = await hub.write(make)
    return made


async def shown(hub: Hub, role: Role = Role.ANONYMOUS) -> bool:
    """Whether such a viewer sees the ticket, in a list and by its number."""
    visibility = Visibility(role)
    by_number = await hub.store.read(ticket_by_tracking_id, visibility, "1234567")
    listed = await hub.store.read(count_tickets, visibility, TicketFilter(), 5.0)
    assert listed == (by_number is not None)
    return by_number is not None


class TestOwn:
    async def test_a_citizens_ticket_is_a_report_of_its_own_joined_to_it(self, hub: Hub) -> None:
        accepted = await hub.take("lapor", ticket(brings=True))
        row, told = await hub.only_report(), await only_ticket(hub)
        assert (accepted.created, told.report_id, row.source_ref) == (1, row.id, "1234567")
        assert (row.status, told.status, told.source_status) == ("ASSIGNED", "DISPOSED", "Disposisi")
        (area,) = await hub.rows(tables.areas, tables.areas.c.id == told.area_id)
        assert (area.level, area.name.casefold(), row.area_id) == ("DISTRICT", "jatinegara", area.id)

    async def test_told_again_it_is_unchanged(self, hub: Hub) -> None:
        await hub.take("lapor", ticket(brings=True))
        before = await only_ticket(hub)
        accepted = await hub.take("lapor", ticket(brings=True))
        after = await only_ticket(hub)
        assert accepted.unchanged == 1 and await hub.events() == ["CREATED"]
        assert after.observed_at > before.observed_at

    async def test_an_edit_reaches_ticket_report_and_responses(self, hub: Hub) -> None:
        await hub.take("lapor", ticket(brings=True))
        answers = (TicketResponse("Dinas Bina Marga", "Sudah ditambal", NOW),)
        done = ticket(brings=True, status=LaporStatus.DONE, responses=answers)
        assert done.report is not None
        told = replace(done, report=replace(done.report, source_status_means=ReportStatus.RESOLVED))
        await hub.take("lapor", told)
        assert ((await hub.only_report()).status, (await only_ticket(hub)).status) == ("RESOLVED", "DONE")
        assert [row.author for row in await hub.rows(tables.lapor_responses)] == ["Dinas Bina Marga"]

    async def test_rahasia_hides_the_report_and_anonim_the_person(self, hub: Hub) -> None:
        await hub.take("lapor", ticket(brings=True, confidential=True, anonymous=True))
        row = await hub.only_report()
        assert (row.visibility, row.anonymous) == ("CONFIDENTIAL", True)

    async def test_one_whose_report_cannot_be_made_is_still_a_ticket(self, hub: Hub) -> None:
        told = ticket(brings=True)
        assert told.report is not None
        accepted = await hub.take("lapor", replace(told, report=replace(told.report, category="meteor")))
        assert (accepted.created, accepted.set_aside, await hub.reports()) == (1, 1, [])
        assert (await only_ticket(hub)).report_id is None


class TestForwarded:
    async def test_the_number_that_lapor_gave_joins_it(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await forwarding(hub, area_map, ForwardingState.SENT, external_ref="1234567")
        await hub.take("lapor", ticket(brings=True))
        told = await only_ticket(hub)
        (handed,) = await hub.rows(tables.forwardings)
        assert (told.report_id, handed.ticket_id) == (report_id, told.id)
        assert len(await hub.reports()) == 1

    @pytest.mark.parametrize("state", [ForwardingState.UNKNOWN, ForwardingState.QUEUED])
    async def test_the_reference_in_its_text_settles_what_was_not_heard_of(
        self, hub: Hub, area_map: AreaMap, state: ForwardingState
    ) -> None:
        report_id = await forwarding(hub, area_map, state)
        await hub.take("lapor", ticket(references=(REFERENCE,)))
        (handed,) = await hub.rows(tables.forwardings)
        told = await only_ticket(hub)
        assert (handed.state, handed.external_ref, handed.ticket_id) == ("SENT", "1234567", told.id)
        assert told.report_id == report_id and await hub.rows(tables.outbox) == []
        assert await hub.events() == ["CREATED", "FORWARDED"]

    async def test_a_reference_joins_once(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await forwarding(hub, area_map, ForwardingState.UNKNOWN)
        await hub.take("lapor", ticket("1", references=(REFERENCE,)))
        await hub.take("lapor", ticket("2", references=(REFERENCE,)))
        rows = {row.tracking_id: row.report_id for row in await hub.rows(tables.lapor_tickets)}
        assert rows == {"1": report_id, "2": None}

    @pytest.mark.parametrize("state", [ForwardingState.SENT, ForwardingState.FAILED, ForwardingState.CANCELLED])
    async def test_nor_where_it_is_settled(self, hub: Hub, area_map: AreaMap, state: ForwardingState) -> None:
        await forwarding(hub, area_map, state, external_ref="another")
        await hub.take("lapor", ticket(references=(REFERENCE,)))
        assert (await only_ticket(hub)).report_id is None

    @pytest.mark.parametrize(
        ("told", "hidden"), [({}, False), ({"confidential": True}, True), ({"category": "crime_disorder"}, True)]
    )
    async def test_what_was_given_up_and_arrives_shows_nobody_what_the_report_hides(
        self, hub: Hub, area_map: AreaMap, told: dict[str, Any], hidden: bool
    ) -> None:
        await forwarding(hub, area_map, ForwardingState.CANCELLED, **told)
        await hub.take("lapor", ticket(references=(REFERENCE,)))
        assert (await only_ticket(hub)).report_id is None
        assert await shown(hub) == (not hidden)
        assert await shown(hub, Role.DISPATCHER)

    async def test_nor_what_it_hides_afterwards(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await forwarding(hub, area_map, ForwardingState.CANCELLED)
        await hub.take("lapor", ticket(references=(REFERENCE,)))
        seen = []
        for values in ({"visibility": "CONFIDENTIAL"}, {"visibility": "PUBLIC"}, {"fuzzed": True}):
            await hub.execute(update(tables.reports).where(tables.reports.c.id == report_id).values(values))
            seen.append((await shown(hub), await shown(hub, Role.DISPATCHER)))
        assert seen == [(False, True), (True, True), (False, True)]

    async def test_the_public_code_joins_nothing(self, hub: Hub, area_map: AreaMap) -> None:
        await forwarding(hub, area_map, ForwardingState.UNKNOWN)
        code = (await hub.only_report()).code
        await hub.take("lapor", ticket(text=f"Jalan berlubang {code}", references=(code,)))
        assert (await only_ticket(hub)).report_id is None

    async def test_what_lapor_makes_confidential_is_so_here(self, hub: Hub, area_map: AreaMap) -> None:
        await forwarding(hub, area_map, ForwardingState.SENT, external_ref="1234567")
        await hub.take("lapor", ticket(confidential=True))
        assert (await hub.only_report()).visibility == "CONFIDENTIAL"
        assert (await hub.events())[-1] == "VISIBILITY_CHANGED"

    async def test_and_is_split_from_what_it_was_merged_with(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await forwarding(hub, area_map, ForwardingState.SENT, external_ref="1234567")
        await hub.take("qlue", report("9", "Lubang besar", category="damaged_road", point=None))
        other = (await hub.reports())[-1].id
        merged = {"duplicate_of_id": report_id, "status": ReportStatus.DUPLICATE}
        await hub.write(
            lambda tx: change(tx, area_map, other, EventKind.MERGED, values=merged, other_report_id=report_id)
        )
        await hub.take("lapor", ticket(confidential=True))
        rows = [(row.visibility, row.duplicate_of_id) for row in await hub.reports()]
        assert rows == [("CONFIDENTIAL", None), ("PUBLIC", None)]

    async def test_unless_somebody_here_decided_otherwise(self, hub: Hub, area_map: AreaMap) -> None:
        await forwarding(hub, area_map, ForwardingState.SENT, external_ref="1234567")
        await hub.execute(update(tables.reports).values(set_by_hand=ByHand.VISIBILITY))
        await hub.take("lapor", ticket(confidential=True))
        assert (await hub.only_report()).visibility == "PUBLIC"


class TestHeld:
    async def test_while_a_confidential_hand_over_is_unknown_a_new_ticket_is_held(
        self, hub: Hub, area_map: AreaMap
    ) -> None:
        await hub.take("lapor", ticket("old", brings=True))
        await forwarding(hub, area_map, ForwardingState.UNKNOWN, confidential=True)
        await hub.take("lapor", ticket("new", brings=True), ticket("old", brings=True))
        held = {row.tracking_id: row.held for row in await hub.rows(tables.lapor_tickets)}
        assert held == {"old": False, "new": True}
        assert "new" not in {row.source_ref for row in await hub.reports()}

    async def test_once_that_is_settled_it_is_shown_and_brings_its_report(self, hub: Hub, area_map: AreaMap) -> None:
        await forwarding(hub, area_map, ForwardingState.UNKNOWN, confidential=True)
        await hub.take("lapor", ticket("new", brings=True))
        assert not await hub.sink.aside_to_retry("lapor", 10)
        assert (await only_ticket(hub)).held
        await hub.execute(update(tables.forwardings).values(state=ForwardingState.CANCELLED))
        assert not await hub.sink.aside_to_retry("lapor", 10)
        told = await only_ticket(hub)
        (row,) = [row for row in await hub.reports() if row.source_ref == "new"]
        assert (told.held, told.report_id, row.visibility) == (False, row.id, "PUBLIC")
        assert await hub.rows(tables.set_aside) == []

    async def test_a_ticket_that_a_dispatcher_finds_to_be_the_very_one_brings_no_second_report(
        self, hub: Hub, area_map: AreaMap
    ) -> None:
        report_id = await forwarding(hub, area_map, ForwardingState.UNKNOWN, confidential=True)
        await hub.take("lapor", ticket("new", brings=True))
        (handed,) = await hub.rows(tables.forwardings)

        def settle(tx: Tx) -> None:
            tx.locked |= {"ticket:new"}
            arrived(tx, handed.id, "new", by_hand=True)

        await hub.write(settle)
        assert not await hub.sink.aside_to_retry("lapor", 10)
        assert ((await only_ticket(hub)).report_id, (await hub.only_report()).id) == (report_id, report_id)
        assert await hub.rows(tables.set_aside) == []

    async def test_asking_for_it_before_that_is_settled_brings_nothing(self, hub: Hub, area_map: AreaMap) -> None:
        await forwarding(hub, area_map, ForwardingState.UNKNOWN, confidential=True)
        await hub.take("lapor", ticket("new", brings=True))
        await hub.execute(update(tables.set_aside).values(retry_requested=True))
        assert not await hub.sink.aside_to_retry("lapor", 10)
        assert len(await hub.reports()) == 1 and (await only_ticket(hub)).held

    async def test_the_very_ticket_is_known_by_its_reference_and_not_held(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await forwarding(hub, area_map, ForwardingState.UNKNOWN, confidential=True)
        await hub.take("lapor", ticket(references=(REFERENCE,)))
        told = await only_ticket(hub)
        assert (told.held, told.report_id) == (False, report_id)

    async def test_a_public_hand_over_holds_nothing_back(self, hub: Hub, area_map: AreaMap) -> None:
        await forwarding(hub, area_map, ForwardingState.UNKNOWN)
        await hub.take("lapor", ticket(brings=True))
        assert not (await only_ticket(hub)).held


async def test_topics_are_kept_and_renamed(hub: Hub) -> None:
    await hub.take("lapor", TopicRecord("1", None, "Infrastruktur"), TopicRecord("2", "1", "Jalan"))
    accepted = await hub.take("lapor", TopicRecord("1", None, "Infrastruktur"), TopicRecord("2", "1", "Jalan raya"))
    assert (accepted.unchanged, accepted.updated) == (1, 1)
    assert [(row.parent_ref, row.name) for row in await hub.rows(tables.lapor_topics)] == [
        (None, "Infrastruktur"),
        ("1", "Jalan raya"),
    ]


async def test_a_ticket_no_store_takes_is_kept_aside_alone(hub: Hub) -> None:
    accepted = await hub.take("lapor", ticket("9" * 100), ticket("1", title="a\0b"))
    assert (accepted.created, accepted.set_aside) == (1, 1)
    assert (await only_ticket(hub)).title == "ab"
