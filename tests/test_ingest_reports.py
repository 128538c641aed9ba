"""Reports that connectors bring: made once, edited with an event, and never over what people set themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from domain.areas import AreaMap
from domain.records import Batch, SetAside, TicketRecord
from domain.report import ByHand
from domain.time import micros
from domain.vocabulary import EventKind, ReportStatus, ReportVisibility
from storage import tables
from storage.postgres.store import PostgresStore
from storage.reports.changing import change
from storage.store import Store
from tests.ingesting import EARLIER, KAMPUNG_MELAYU, NOW, Hub, hub_on, report


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


async def set_by_hand(hub: Hub, area_map: AreaMap, kind: EventKind, by_hand: ByHand, **values: object) -> None:
    row = await hub.only_report()
    await hub.write(lambda tx: change(tx, area_map, row.id, kind, values=values, by_hand=by_hand))


@asynccontextmanager
async def full_disk(hub: Hub, room: int) -> AsyncIterator[None]:
    """The store cannot grow, but by so many pages where that can be said."""
    if on_postgres(hub):
        async with refusing(hub, "53100"):
            yield
        return
    pages = await hub.store.read(lambda conn: conn.execute(text("PRAGMA page_count")).scalar_one())
    await hub.execute(text(f"PRAGMA max_page_count = {pages + room}"))
    try:
        yield
    finally:
        await hub.execute(text("PRAGMA max_page_count = 1073741823"))


@asynccontextmanager
async def refusing(hub: Hub, state: str) -> AsyncIterator[None]:
    """PostgreSQL refuses reports with this SQLSTATE."""
    if not on_postgres(hub):
        pytest.skip("SQLite has no SQLSTATE")
    failing = f"BEGIN RAISE EXCEPTION 'no space left, say' USING ERRCODE = '{state}'; END"
    await hub.execute(text(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $${failing}$$"))
    await hub.execute(text("CREATE TRIGGER refused BEFORE INSERT ON reports FOR EACH ROW EXECUTE FUNCTION refuse()"))
    try:
        yield
    finally:
        await hub.execute(text("DROP TRIGGER refused ON reports"))


def on_postgres(hub: Hub) -> bool:
    return isinstance(hub.store, PostgresStore)


class TestNew:
    async def test_it_appears_once_with_all_that_was_told(self, hub: Hub) -> None:
        told = report(
            source_url="https://example.test/1", flood_depth_cm=45, channel="grasp", source_status="confirmed"
        )
        accepted = await hub.take("peta_jakarta", told)
        row = await hub.only_report()
        assert (accepted.created, row.text, row.source_ref, row.flood_depth_cm) == (1, told.text, "1", 45)
        assert (row.source_status, row.channel, row.reported_at) == ("confirmed", "grasp", micros(EARLIER))
        assert row.synced_at == row.received_at and row.area_id is not None
        assert await hub.events() == ["CREATED"]

    async def test_a_repeat_is_no_edit_but_is_noted_as_read(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        before = await hub.only_report()
        accepted = await hub.take("qlue", report())
        row = await hub.only_report()
        assert (accepted.created, accepted.unchanged) == (0, 1)
        assert row.synced_at > before.synced_at and row.updated_at == before.updated_at
        assert await hub.events() == ["CREATED"]

    async def test_what_is_told_of_the_future_is_taken_as_received_now(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", report(reported_at=NOW + timedelta(days=3)))
        row = await hub.only_report()
        assert row.reported_at == row.received_at

    async def test_a_wrong_clock_does_not_change_the_time_that_is_known(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        accepted = await hub.take("qlue", report(reported_at=NOW + timedelta(days=3_650)))
        row = await hub.only_report()
        assert (accepted.updated, row.reported_at) == (0, micros(EARLIER))
        assert await hub.events() == ["CREATED"]

    @pytest.mark.parametrize("zero", [datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)])
    async def test_a_time_that_is_none_is_kept_aside_with_words_that_say_so(self, hub: Hub, zero: datetime) -> None:
        archived = datetime(2013, 1, 17, 3, tzinfo=UTC)
        accepted = await hub.take("qlue", report("1", reported_at=zero), report("2", reported_at=archived))
        assert (accepted.created, accepted.set_aside) == (1, 1)
        assert (await hub.only_report()).reported_at == micros(archived)
        (aside,) = await hub.rows(tables.set_aside)
        assert aside.source_ref == "1" and f"its time, {zero.isoformat()}, is before 2000" in aside.reason
        await hub.take("qlue", report("1"))
        assert len(await hub.reports()) == 2 and await hub.rows(tables.set_aside) == []

    async def test_an_edit_without_a_time_keeps_the_time_that_is_known(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        accepted = await hub.take("qlue", report(text="Sudah surut", reported_at=datetime(1, 1, 1, tzinfo=UTC)))
        row = await hub.only_report()
        assert (accepted.updated, row.text, row.reported_at) == (1, "Sudah surut", micros(EARLIER))

    async def test_a_first_sync_is_marked_and_alarms_nobody(self, hub: Hub) -> None:
        await hub.take("qlue", report(), backfill=True)
        assert [event.backfill for event in await hub.rows(tables.events)] == [True]
        assert (await hub.only_report()).due_at is None

    async def test_a_source_that_has_answered_already_says_how_far_it_is(self, hub: Hub) -> None:
        await hub.take("qlue", report(source_status="process", source_status_means=ReportStatus.IN_PROGRESS))
        assert (await hub.only_report()).status == "IN_PROGRESS"

    async def test_a_name_is_never_kept_even_if_a_connector_brings_one(self, hub: Hub) -> None:
        await hub.take("qlue", report(reporter_key="Budi Santoso"))
        key = (await hub.only_report()).reporter_key
        assert "Budi" not in key and len(key) == 64

    async def test_an_area_by_name_is_found_where_no_point_is_told(self, hub: Hub) -> None:
        where = "Kel. Kampung Melayu, Kec. Jatinegara, Jakarta Timur"
        await hub.take("lapor", report(point=None, area_name=where))
        row = await hub.only_report()
        (area,) = await hub.rows(tables.areas, tables.areas.c.id == row.area_id)
        assert (area.name.casefold(), row.precision, row.latitude) == ("kampung melayu", "AREA", None)

    async def test_a_report_retracted_before_it_was_ever_seen_is_not_made(self, hub: Hub) -> None:
        await hub.take("qlue", report(withdrawn=True))
        assert await hub.reports() == []

    async def test_of_a_number_that_comes_twice_the_last_counts(self, hub: Hub) -> None:
        accepted = await hub.take("qlue", report(text="lama"), report(text="baru"))
        assert ((await hub.only_report()).text, accepted.created, accepted.unchanged) == ("baru", 1, 1)


class TestEdits:
    async def test_an_edit_is_an_event_and_moves_the_report(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        before = await hub.only_report()
        accepted = await hub.take("qlue", report(text="Banjir sepinggang"))
        row = await hub.only_report()
        assert (accepted.updated, row.text, row.updated_at > before.updated_at) == (1, "Banjir sepinggang", True)
        assert await hub.events() == ["CREATED", "UPDATED"]

    async def test_the_sources_word_is_kept_beside_ours_and_ours_follows(self, hub: Hub) -> None:
        await hub.take("qlue", report(source_status="wait", source_status_means=ReportStatus.SUBMITTED))
        await hub.take("qlue", report(source_status="complete", source_status_means=ReportStatus.RESOLVED))
        row = await hub.only_report()
        assert (row.status, row.source_status, row.resolved_at is not None) == ("RESOLVED", "complete", True)
        assert await hub.events() == ["CREATED", "STATUS_CHANGED"]

    async def test_a_step_back_that_no_report_may_take_is_only_noted(self, hub: Hub) -> None:
        await hub.take("qlue", report(source_status="process", source_status_means=ReportStatus.IN_PROGRESS))
        await hub.take("qlue", report(source_status="wait", source_status_means=ReportStatus.SUBMITTED))
        row = await hub.only_report()
        assert (row.status, row.source_status_means) == ("IN_PROGRESS", "SUBMITTED")

    async def test_a_status_set_by_hand_stays_and_the_source_disagrees(self, hub: Hub, area_map: AreaMap) -> None:
        await hub.take("qlue", report())
        await set_by_hand(hub, area_map, EventKind.STATUS_CHANGED, ByHand.STATUS, status=ReportStatus.VERIFIED)
        await hub.take("qlue", report(source_status="complete", source_status_means=ReportStatus.RESOLVED))
        row = await hub.only_report()
        assert (row.status, row.source_status, row.source_status_means) == ("VERIFIED", "complete", "RESOLVED")

    async def test_category_place_and_visibility_set_by_hand_stay(self, hub: Hub, area_map: AreaMap) -> None:
        await hub.take("qlue", report())
        (waste,) = await hub.rows(tables.categories, tables.categories.c.code == "waste")
        everything = ByHand.CATEGORY | ByHand.PLACE | ByHand.VISIBILITY
        hidden = {"category_id": waste.id, "visibility": ReportVisibility.CONFIDENTIAL}
        await set_by_hand(hub, area_map, EventKind.UPDATED, everything, **hidden)
        moved = replace(KAMPUNG_MELAYU, latitude=-6.2)
        await hub.take("qlue", report(text="Teks baru", category="fire", point=moved, confidential=False))
        row = await hub.only_report()
        assert (row.category_id, row.visibility, row.latitude) == (waste.id, "CONFIDENTIAL", KAMPUNG_MELAYU.latitude)
        assert row.text == "Teks baru"

    async def test_what_nobody_set_follows_the_source_agency_included(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        moved = replace(KAMPUNG_MELAYU, latitude=-6.2)
        await hub.take("qlue", report(category="fire", point=moved, confidential=True))
        row = await hub.only_report()
        (fire,) = await hub.rows(tables.categories, tables.categories.c.code == "fire")
        assert (row.category_id, row.agency_id, row.latitude) == (fire.id, fire.agency_id, -6.2)
        assert row.visibility == "CONFIDENTIAL"
        assert await hub.events() == ["CREATED", "VISIBILITY_CHANGED", "UPDATED"]

    async def test_what_its_source_hides_is_split_from_what_it_was_merged_with(
        self, hub: Hub, area_map: AreaMap
    ) -> None:
        await hub.take("qlue", report("1"), report("2", point=None))
        main, duplicate = [row.id for row in await hub.reports()]
        merged = {"duplicate_of_id": main, "status": ReportStatus.DUPLICATE}
        await hub.write(
            lambda tx: change(tx, area_map, duplicate, EventKind.MERGED, values=merged, other_report_id=main)
        )
        await hub.take("qlue", report("1", confidential=True))
        rows = [(row.visibility, row.duplicate_of_id) for row in await hub.reports()]
        assert rows == [("CONFIDENTIAL", None), ("PUBLIC", None)]
        assert (await hub.events())[-3:] == ["SPLIT", "SPLIT", "VISIBILITY_CHANGED"]

    async def test_a_retraction_withdraws_it_with_an_event(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        await hub.take("qlue", report(withdrawn=True))
        assert (await hub.only_report()).status == "WITHDRAWN"
        assert await hub.events() == ["CREATED", "STATUS_CHANGED"]

    async def test_what_drops_out_of_the_window_stays(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", report("1"))
        await hub.take("peta_jakarta", report("2", point=None))
        assert len(await hub.reports()) == 2

    async def test_what_was_erased_here_is_not_written_again(self, hub: Hub) -> None:
        await hub.take("qlue", report())
        row = await hub.only_report()
        gone = update(tables.reports).where(tables.reports.c.id == row.id)
        await hub.execute(gone.values(visibility=ReportVisibility.ERASED, text=""))
        await hub.take("qlue", report(text="Kembali lagi"))
        assert (await hub.only_report()).text == ""


class TestOneBatch:
    async def test_the_checkpoint_is_kept_with_the_records(self, hub: Hub) -> None:
        assert await hub.sink.checkpoint("qlue") is None
        await hub.take("qlue", report(), checkpoint={"last": 7})
        assert await hub.sink.checkpoint("qlue") == {"last": 7}

    async def test_an_unknown_category_is_kept_aside_with_its_reason_and_the_rest_go_on(self, hub: Hub) -> None:
        accepted = await hub.take("qlue", report("1", category="meteor"), report("2"), checkpoint={"last": 2})
        assert (accepted.created, accepted.set_aside) == (1, 1)
        (aside,) = await hub.rows(tables.set_aside)
        assert (aside.source_ref, aside.reason) == ("1", "the hub has no category 'meteor'")
        assert await hub.sink.checkpoint("qlue") == {"last": 2}

    async def test_once_the_category_is_there_a_retry_takes_it_in(self, hub: Hub) -> None:
        await hub.take("qlue", report("1", category="meteor", photo_urls=("https://example.test/a.jpg",)))
        await hub.execute(update(tables.categories).where(tables.categories.c.code == "other").values(code="meteor"))
        await hub.execute(update(tables.set_aside).values(retry_requested=True))
        assert await hub.sink.aside_to_retry("qlue", 10) == []
        row = await hub.only_report()
        assert (row.source_ref, row.latitude, row.reported_at) == ("1", KAMPUNG_MELAYU.latitude, micros(EARLIER))
        assert await hub.rows(tables.set_aside) == []
        assert {source.set_aside_count for source in await hub.rows(tables.sources)} == {0}

    async def test_a_hostile_batch_leaves_the_good_records(self, hub: Hub) -> None:
        accepted = await hub.take(
            "qlue",
            report("nul", text="a\0b\ud800c"),
            report("deep", flood_depth_cm=10**12),
            report("long", text="x" * 200_000),
            report("many photos", photo_urls=tuple(f"https://example.test/{n}.jpg" for n in range(1000))),
            report("same as itself", same_as=(("qlue", "same as itself"), ("nowhere", "1"))),
            report("odd", title="'; DROP TABLE reports; --", channel="qlue" * 1000),
            report("good"),
        )
        assert (accepted.created, accepted.set_aside) == (5, 2)
        texts = {row.source_ref: row.text for row in await hub.reports()}
        assert texts["nul"] == "abc" and "good" in texts
        assert len(await hub.rows(tables.photos)) == 5

    @pytest.mark.parametrize("room", [0, 12, 24, 36])
    async def test_a_full_disk_is_no_records_fault(self, hub: Hub, room: int) -> None:
        words = [" ".join(f"air{n}x{each}" for each in range(2_000)) for n in range(5)]
        many = [report(str(n), text=text) for n, text in enumerate(words)]
        async with full_disk(hub, room):
            with pytest.raises(DBAPIError):
                await hub.take("qlue", *many, checkpoint={"page": 7})
        assert await hub.reports() == [] and await hub.rows(tables.set_aside) == []
        assert await hub.sink.checkpoint("qlue") is None
        assert (await hub.take("qlue", *many, checkpoint={"page": 7})).created == 5

    @pytest.mark.parametrize("state", ["53200", "55P03", "57P01", "58030", "XX001", "42501"])
    async def test_nor_is_what_else_ails_the_database(self, hub: Hub, state: str) -> None:
        async with refusing(hub, state):
            with pytest.raises(DBAPIError):
                await hub.take("qlue", report(), checkpoint={"page": 7})
        assert await hub.rows(tables.set_aside) == [] and await hub.sink.checkpoint("qlue") is None

    @pytest.mark.parametrize("state", ["22003", "23514", "54000"])
    async def test_a_value_that_the_store_does_not_take_is(self, hub: Hub, state: str) -> None:
        async with refusing(hub, state):
            assert (await hub.take("qlue", report(), checkpoint={"page": 7})).set_aside == 1
        assert await hub.sink.checkpoint("qlue") == {"page": 7}

    async def test_more_than_two_hundred_are_refused(self, hub: Hub) -> None:
        lease = await hub.lease("qlue")
        with pytest.raises(ValueError, match="200"):
            await hub.sink.accept(Batch("qlue", [report(str(n)) for n in range(201)]), lease)


class TestAside:
    async def test_the_same_raw_record_counts_attempts_and_no_second_row(self, hub: Hub) -> None:
        broken = SetAside("9", "no time", '{"kind":"post","value":{}}')
        await hub.aside("qlue", broken)
        await hub.aside("qlue", broken, SetAside(None, "no number", "{}"))
        rows = await hub.rows(tables.set_aside)
        assert [(row.source_ref, row.attempts) for row in rows] == [("9", 2), (None, 1)]
        (source,) = await hub.rows(tables.sources, tables.sources.c.code == "qlue")
        assert source.set_aside_count == 2

    async def test_the_runner_gets_what_somebody_asked_for_once_and_mapped_it_leaves(self, hub: Hub) -> None:
        await hub.aside("qlue", SetAside("9", "no time", '{"kind":"post","value":{}}'))
        assert await hub.sink.aside_to_retry("qlue", 10) == ()
        await hub.execute(update(tables.set_aside).values(retry_requested=True))
        (aside,) = await hub.sink.aside_to_retry("qlue", 10)
        assert (aside.source, aside.raw) == ("qlue", '{"kind":"post","value":{}}')
        assert not await hub.sink.aside_to_retry("qlue", 10)
        await hub.take("qlue", report("9"), remapped=(aside.key,))
        assert await hub.rows(tables.set_aside) == []
        (source,) = await hub.rows(tables.sources, tables.sources.c.code == "qlue")
        assert source.set_aside_count == 0


TYPO = SetAside("9", "loc_lat is not a number", '{"kind":"post","value":{"text":"lama"}}')


async def ask_for_retry(hub: Hub) -> None:
    await hub.execute(update(tables.set_aside).values(retry_requested=True))


async def counted_aside(hub: Hub, code: str = "qlue") -> int:
    (source,) = await hub.rows(tables.sources, tables.sources.c.code == code)
    return int(source.set_aside_count)


class TestOutOfDate:
    """A record kept aside ends with the next telling of its number: tried again later, it would overwrite what is newer."""

    async def test_what_was_told_anew_since_is_not_tried_again(self, hub: Hub) -> None:
        await hub.aside("qlue", TYPO)
        assert await counted_aside(hub) == 1
        await hub.take("qlue", report("9", text="baru"), report("10"))
        assert (await counted_aside(hub), await hub.rows(tables.set_aside)) == (0, [])

    async def test_nor_is_what_was_told_again_as_it_is_known(self, hub: Hub) -> None:
        await hub.take("qlue", report("9"))
        await hub.aside("qlue", TYPO)
        await hub.take("qlue", report("9", category="meteor"))
        assert await counted_aside(hub) == 2
        await hub.take("qlue", report("9"))
        assert await counted_aside(hub) == 0 and await hub.events() == ["CREATED"]

    async def test_nor_is_a_ticket(self, hub: Hub) -> None:
        await hub.aside("lapor", SetAside("9", "no time", '{"kind":"ticket","value":{}}'))
        await hub.take("lapor", TicketRecord("9", text="baru"))
        assert await counted_aside(hub, "lapor") == 0

    async def test_other_numbers_other_things_and_what_came_with_it_stay(self, hub: Hub) -> None:
        area = SetAside("9", "its ring is open", '{"kind":"flood_area","value":{}}')
        other = replace(TYPO, source_ref="8", raw='{"kind":"post","value":{"text":"lain"}}')
        await hub.aside("qlue", TYPO, area, other)
        await hub.take("qlue", report("9"), set_aside=(TYPO,))
        rows = await hub.rows(tables.set_aside)
        assert [(row.source_ref, row.attempts) for row in rows] == [("9", 2), ("9", 1), ("8", 1)]

    async def test_what_is_told_while_an_older_one_is_tried_again_wins(self, hub: Hub) -> None:
        await hub.aside("qlue", TYPO)
        await ask_for_retry(hub)
        (aside,) = await hub.sink.aside_to_retry("qlue", 10)
        await hub.take("qlue", report("9", text="baru"))
        accepted = await hub.take("qlue", report("9", text="lama"), remapped=(aside.key,))
        assert (accepted.updated, (await hub.only_report()).text) == (0, "baru")
        assert await hub.events() == ["CREATED"]

    async def test_of_two_that_are_aside_the_older_leaves_the_newer_to_be_tried(self, hub: Hub) -> None:
        newer = replace(TYPO, raw='{"kind":"post","value":{"text":"baru"}}')
        await hub.aside("qlue", TYPO)
        await hub.aside("qlue", newer)
        await ask_for_retry(hub)
        for aside, words in zip(await hub.sink.aside_to_retry("qlue", 10), ("lama", "baru"), strict=True):
            await hub.take("qlue", report("9", text=words), remapped=(aside.key,))
        assert (await hub.only_report()).text == "baru" and await counted_aside(hub) == 0

    async def test_one_of_before_this_was_so_is_passed_over(self, hub: Hub) -> None:
        await hub.take("qlue", report("9", text="baru"))
        await hub.aside("qlue", TYPO)
        await hub.execute(update(tables.set_aside).values(first_seen_at=micros(EARLIER), retry_requested=True))
        assert list(await hub.sink.aside_to_retry("qlue", 10)) == [] and await counted_aside(hub) == 0
