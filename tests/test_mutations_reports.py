"""What people do to reports: a class a mutation, a method a condition."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.areas import AreaMap
from domain.time import DAY, moment
from domain.vocabulary import Locale, PhotoPhase, ReportStatus, Role
from resolvers import inputs
from resolvers.acting import add_photos, comment, record_agency_status, set_confidential, support, unsupport, withdraw
from resolvers.comments import authors_of, comments_by_id, comments_of
from resolvers.lists import Paging
from resolvers.reports import viewer_actions
from resolvers.viewer import Viewer
from storage import tables
from storage.events.appending import broken_links
from storage.reports.follow import hash_of
from storage.store import Store
from storage.writing.transaction import Operation
from tests.images import plain_jpeg, truncated
from tests.writing import ANONYMOUS, KEY, File, WritingHub, told, words_of, writing_hub


@dataclass
class Scene:
    """A public flood report of somebody anonymous, and people."""

    hub: WritingHub
    row: int
    token: str
    citizen: Viewer
    responder: Viewer
    dispatcher: Viewer
    partner: Viewer
    other_partner: Viewer

    @property
    def id(self) -> str:
        return self.hub.id(self.row)

    async def set(self, **values: Any) -> None:
        """Puts the report's row into a state, past all rules."""
        statement = update(tables.reports).where(tables.reports.c.id == self.row).values(values)
        await self.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(statement)))

    async def now(self) -> Any:
        row = await self.hub.report(self.row, self.dispatcher)
        assert row is not None
        return row


@pytest.fixture
async def scene(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Scene]:
    async with writing_hub(store, tmp_path, area_map) as hub:
        done = await hub.submit()
        yield Scene(
            hub,
            done.report_id or 0,
            done.follow_token or "",
            await hub.person(Role.CITIZEN),
            await hub.person(Role.RESPONDER, agency="tata_air"),
            await hub.person(Role.DISPATCHER),
            await hub.person(Role.PARTNER, agency="tata_air"),
            await hub.person(Role.PARTNER, "other", agency="dishub"),
        )


class TestComment:
    async def given(self, scene: Scene, viewer: Viewer, token: str | None = None, text: str = "Sudah surut") -> Any:
        return await scene.hub.call(
            comment, inputs.CommentOnReport(report_id=scene.id, text=text, follow_token=token), viewer
        )

    async def test_by_the_reporter_with_his_token(self, scene: Scene) -> None:
        done = await self.given(scene, ANONYMOUS, scene.token)
        async with scene.hub.context() as ctx:
            (row,) = await comments_by_id([done.comment_id], ctx)
            assert row is not None and (row.text, row.official, row.by_reporter) == ("Sudah surut", False, True)
        assert await scene.hub.kinds(scene.row) == ["CREATED", "COMMENTED"]

    async def test_by_staff_and_the_agencys_partner_is_official(self, scene: Scene) -> None:
        for viewer in (scene.responder, scene.dispatcher, scene.partner):
            done = await self.given(scene, viewer)
            async with scene.hub.context() as ctx:
                (row,) = await comments_by_id([done.comment_id], ctx)
                assert row is not None and row.official

    async def test_is_not_everybodys(self, scene: Scene) -> None:
        faults = (await self.given(scene, ANONYMOUS)).faults
        assert told(faults) == [("UNAUTHENTICATED", "reportId")]
        assert "token" in faults[0].message[Locale.EN], "a report's token would help"
        assert told((await self.given(scene, scene.citizen)).faults) == [("FORBIDDEN", "reportId")]
        assert told((await self.given(scene, scene.other_partner)).faults) == [("FORBIDDEN", "reportId")]
        wrong = await self.given(scene, ANONYMOUS, "x" * 32)
        assert told(wrong.faults) == [("FORBIDDEN", "followToken")] and wrong.report_id == scene.row

    async def test_is_neither_empty_nor_endless(self, scene: Scene) -> None:
        assert told((await self.given(scene, scene.dispatcher, text=" ")).faults) == [("REQUIRED", "text")]
        assert told((await self.given(scene, scene.dispatcher, text="a" * 2001)).faults) == [("TOO_LONG", "text")]

    async def test_on_what_one_may_not_know_of(self, scene: Scene) -> None:
        await scene.set(visibility="CONFIDENTIAL")
        hidden = await self.given(scene, scene.citizen)
        assert told(hidden.faults) == [("NOT_FOUND", "reportId")]
        given = inputs.CommentOnReport(report_id="no id at all", text="a")
        unknown = await scene.hub.call(comment, given, scene.citizen)
        assert [fault.message for fault in unknown.faults] == [fault.message for fault in hidden.faults]

    async def test_of_an_anonymous_reporter_has_no_author(self, scene: Scene) -> None:
        async with scene.hub.context() as ctx:
            await scene.set(anonymous=True)
            ids = [(await self.given(scene, ANONYMOUS, scene.token)).comment_id]
            ids.append((await self.given(scene, scene.dispatcher)).comment_id)
            rows = [row for row in await comments_by_id(ids, ctx) if row is not None]
            reporter, official = await authors_of(rows, ctx)
            assert reporter is None
            assert official is not None and (official.role, official.person_id) == ("DISPATCHER", None)
        async with scene.hub.context(scene.dispatcher) as ctx:
            reporter, official = await authors_of(rows, ctx)
            assert reporter is None
            assert official is not None and official.person_id == scene.dispatcher.person_id

    async def test_comments_are_listed_oldest_first(self, scene: Scene) -> None:
        for n in range(5):
            await self.given(scene, scene.dispatcher, text=str(n))
        hide = update(tables.comments).where(tables.comments.c.text == "2").values(hidden=True)
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(hide)))
        async with scene.hub.context() as ctx:
            row = await scene.now()
            (page,) = await comments_of([row], ctx, paging=Paging(first=3))
            assert [each.text for each in page.rows] == ["0", "1", "3"] and page.has_next
            assert await page.count() == 4
            (rest,) = await comments_of([row], ctx, paging=Paging(first=3, after=page.end_cursor))
            assert [each.text for each in rest.rows] == ["4"]
        async with scene.hub.context(scene.responder) as ctx:
            (page,) = await comments_of([row], ctx, paging=Paging())
            assert [each.text for each in page.rows] == list("01234")


class TestSupport:
    async def given(self, scene: Scene, viewer: Viewer, key: str | None = None, mutation: Any = support) -> Any:
        kind = inputs.SupportReport if mutation is support else inputs.UnsupportReport
        return await scene.hub.call(mutation, kind(report_id=scene.id, idempotency_key=key), viewer)

    async def test_once_a_person_and_without_moving_updated_at(self, scene: Scene) -> None:
        before = await scene.now()
        assert told((await self.given(scene, scene.citizen)).faults) == []
        assert told((await self.given(scene, scene.citizen)).faults) == [("ALREADY_DONE", "reportId")]
        after = await scene.now()
        assert (after.support_count, after.updated_at) == (1, before.updated_at)
        assert await scene.hub.kinds(scene.row) == ["CREATED", "SUPPORTED"]

    async def test_taken_back(self, scene: Scene) -> None:
        await self.given(scene, scene.citizen)
        assert told((await self.given(scene, scene.citizen, mutation=unsupport)).faults) == []
        again = await self.given(scene, scene.citizen, mutation=unsupport)
        assert told(again.faults) == [("ALREADY_DONE", "reportId")]
        assert (await scene.now()).support_count == 0
        assert await scene.hub.kinds(scene.row) == ["CREATED", "SUPPORTED", "UNSUPPORTED"]

    async def test_anonymous_by_key(self, scene: Scene) -> None:
        other = KEY[::-1]
        assert told((await self.given(scene, ANONYMOUS)).faults) == [("REQUIRED", "idempotencyKey")]
        for key in (KEY, KEY, other):
            assert told((await self.given(scene, ANONYMOUS, key)).faults) == []
        assert (await scene.now()).support_count == 2
        for _ in range(2):
            assert told((await self.given(scene, ANONYMOUS, KEY, unsupport)).faults) == []
        assert (await scene.now()).support_count == 1
        never = await self.given(scene, ANONYMOUS, "n" * 22, unsupport)
        assert told(never.faults) == [("ALREADY_DONE", "reportId")]

    async def test_an_anonymous_key_is_for_one_report(self, scene: Scene) -> None:
        second = await scene.hub.submit()
        await self.given(scene, ANONYMOUS, KEY)
        given = inputs.SupportReport(report_id=scene.hub.id(second.report_id or 0), idempotency_key=KEY)
        assert told((await scene.hub.call(support, given)).faults) == [("CONFLICT", "idempotencyKey")]

    async def test_by_key_of_a_signed_in_person_is_replayed(self, scene: Scene) -> None:
        for _ in range(2):
            assert told((await self.given(scene, scene.citizen, KEY)).faults) == []
        assert (await scene.now()).support_count == 1

    async def test_not_of_ones_own_nor_of_what_is_over(self, scene: Scene) -> None:
        own = await scene.hub.submit(scene.citizen)
        given = inputs.SupportReport(report_id=scene.hub.id(own.report_id or 0))
        refused = await scene.hub.call(support, given, scene.citizen)
        assert told(refused.faults) == [("FORBIDDEN", "reportId")]
        assert words_of(refused.faults) == ["You may not do this to your own report."]
        await scene.set(status="CLOSED")
        late = await self.given(scene, scene.citizen)
        assert told(late.faults) == [("NOT_POSSIBLE_IN_STATE", "reportId")] and late.report_id == scene.row
        anonymous = await self.given(scene, ANONYMOUS, KEY)
        assert told(anonymous.faults) == [("NOT_POSSIBLE_IN_STATE", "reportId")]
        assert (await scene.now()).support_count == 0


class TestWithdraw:
    async def given(self, scene: Scene, viewer: Viewer = ANONYMOUS, **fields: Any) -> Any:
        return await scene.hub.call(withdraw, inputs.WithdrawReport(report_id=scene.id, **fields), viewer)

    async def test_by_its_reporter(self, scene: Scene) -> None:
        done = await self.given(scene, follow_token=scene.token, note="Salah lokasi")
        assert told(done.faults) == []
        row = await scene.now()
        assert row.status == "WITHDRAWN" and row.due_at is None
        (event,) = await scene.hub.rows(tables.events, tables.events.c.kind == "STATUS_CHANGED")
        assert (event["status"], event["previous_status"], event["by_reporter"]) == ("WITHDRAWN", "SUBMITTED", True)
        assert await scene.hub.parts.store.read(lambda conn: list(broken_links(conn))) == []

    async def test_by_follow_token_in_the_header(self, scene: Scene) -> None:
        follower = Viewer(client="a" * 64, follow_hashes=(hash_of(scene.token),))
        assert told((await self.given(scene, follower)).faults) == []

    async def test_by_nobody_else(self, scene: Scene) -> None:
        for viewer in (scene.citizen, scene.responder, scene.dispatcher, scene.partner):
            assert told((await self.given(scene, viewer)).faults) == [("FORBIDDEN", "reportId")]

    async def test_once(self, scene: Scene) -> None:
        await self.given(scene, follow_token=scene.token)
        again = await self.given(scene, follow_token=scene.token)
        assert told(again.faults) == [("NOT_POSSIBLE_IN_STATE", "reportId")]

    async def test_if_unchanged_since(self, scene: Scene) -> None:
        seen = moment((await scene.now()).updated_at)
        await scene.hub.call(
            comment, inputs.CommentOnReport(report_id=scene.id, text="Petugas berangkat"), scene.dispatcher
        )
        late = await self.given(scene, follow_token=scene.token, if_unchanged_since=seen)
        assert told(late.faults) == [("CONFLICT", "ifUnchangedSince")] and late.report_id == scene.row
        seen = moment((await scene.now()).updated_at)
        assert told((await self.given(scene, follow_token=scene.token, if_unchanged_since=seen)).faults) == []


class TestSetConfidential:
    async def given(self, scene: Scene, viewer: Viewer = ANONYMOUS, confidential: bool = True, **fields: Any) -> Any:
        given = inputs.SetConfidential(report_id=scene.id, confidential=confidential, **fields)
        return await scene.hub.call(set_confidential, given, viewer)

    async def test_hides_it_from_all_others(self, scene: Scene) -> None:
        assert told((await self.given(scene, follow_token=scene.token)).faults) == []
        seen = {
            name: await scene.hub.report(scene.row, getattr(scene, name)) is not None
            for name in ("citizen", "responder", "dispatcher", "partner", "other_partner")
        }
        assert seen == {
            "citizen": False,
            "responder": True,
            "dispatcher": True,
            "partner": True,
            "other_partner": False,
        }

    async def test_gives_photos_new_addresses(self, scene: Scene) -> None:
        await scene.hub.call(
            add_photos,
            inputs.AddPhotos(report_id=scene.id, photos=(File(plain_jpeg()),), follow_token=scene.token),
        )
        (before,) = await scene.hub.rows(tables.photos)
        await self.given(scene, scene.dispatcher)
        (after,) = await scene.hub.rows(tables.photos)
        assert before["address"] != after["address"] and before["file_key"] == after["file_key"]

    async def test_and_public_again(self, scene: Scene) -> None:
        await self.given(scene, scene.dispatcher)
        assert told((await self.given(scene, scene.dispatcher)).faults) == [("ALREADY_DONE", "confidential")]
        assert told((await self.given(scene, scene.dispatcher, confidential=False)).faults) == []
        assert await scene.hub.report(scene.row) is not None
        assert (await scene.hub.kinds(scene.row)).count("VISIBILITY_CHANGED") == 2

    async def test_is_for_its_reporter_and_dispatchers(self, scene: Scene) -> None:
        for viewer in (scene.citizen, scene.responder, scene.partner):
            assert told((await self.given(scene, viewer)).faults) == [("FORBIDDEN", "reportId")]
        assert told((await self.given(scene)).faults) == [("UNAUTHENTICATED", "reportId")]

    async def test_of_what_its_reporter_withdrew(self, scene: Scene) -> None:
        given = inputs.WithdrawReport(report_id=scene.id, follow_token=scene.token)
        assert told((await scene.hub.call(withdraw, given)).faults) == []
        assert await scene.hub.report(scene.row, scene.citizen) is not None, "withdrawing does not hide"
        follower = Viewer(client="a" * 64, follow_hashes=(hash_of(scene.token),))
        async with scene.hub.context(follower) as ctx:
            row = await scene.hub.report(scene.row, follower)
            assert row is not None and viewer_actions(row, ctx) == ["SET_CONFIDENTIAL"]
        assert told((await self.given(scene, scene.citizen)).faults) == [("FORBIDDEN", "reportId")]
        assert told((await self.given(scene, follow_token=scene.token)).faults) == []
        assert await scene.hub.report(scene.row, scene.citizen) is None
        assert (await scene.now()).status == "WITHDRAWN"

    async def test_splits_what_is_merged_first(self, scene: Scene) -> None:
        duplicate = (await scene.hub.submit()).report_id or 0
        merge = update(tables.reports).where(tables.reports.c.id == duplicate)
        merge = merge.values(duplicate_of_id=scene.row, status=ReportStatus.DUPLICATE)
        await scene.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(merge)))
        assert told((await self.given(scene, scene.dispatcher)).faults) == []
        assert await scene.hub.kinds(scene.row) == ["CREATED", "SPLIT", "VISIBILITY_CHANGED"]
        assert await scene.hub.kinds(duplicate) == ["CREATED", "SPLIT"]
        row = await scene.hub.report(duplicate)
        assert row is not None and (row.duplicate_of_id, row.status) == (None, "VERIFIED")


class TestAddPhotos:
    async def given(self, scene: Scene, viewer: Viewer, *files: bytes, **fields: Any) -> Any:
        photos = tuple(File(content) for content in files)
        return await scene.hub.call(add_photos, inputs.AddPhotos(report_id=scene.id, photos=photos, **fields), viewer)

    async def test_each_with_its_event(self, scene: Scene) -> None:
        done = await self.given(scene, ANONYMOUS, plain_jpeg(), plain_jpeg(6), follow_token=scene.token)
        assert len(done.photo_ids) == 2 and told(done.faults) == []
        assert await scene.hub.kinds(scene.row) == ["CREATED", "PHOTO_ADDED", "PHOTO_ADDED"]
        assert (await scene.now()).photo_count == 2

    async def test_again_with_the_same_key(self, scene: Scene) -> None:
        first = await self.given(scene, scene.dispatcher, plain_jpeg(), idempotency_key=KEY)
        again = await self.given(scene, scene.dispatcher, plain_jpeg(), idempotency_key=KEY)
        assert list(first.photo_ids) == list(again.photo_ids) and len(scene.hub.files()) == 2
        other = await self.given(scene, scene.dispatcher, plain_jpeg(6), idempotency_key=KEY)
        assert told(other.faults) == [("CONFLICT", "idempotencyKey")] and list(other.photo_ids) == []

    async def test_five_of_each_phase(self, scene: Scene) -> None:
        token = scene.token
        assert told((await self.given(scene, ANONYMOUS, *[plain_jpeg()] * 3, follow_token=token)).faults) == []
        full = await self.given(scene, ANONYMOUS, *[plain_jpeg()] * 3, follow_token=token)
        assert told(full.faults) == [("TOO_MANY", "photos")] and len(scene.hub.files()) == 6
        after = await self.given(scene, scene.responder, *[plain_jpeg()] * 3, phase=PhotoPhase.AFTER)
        assert told(after.faults) == []

    async def test_all_faults_at_once_and_nothing_left(self, scene: Scene) -> None:
        done = await self.given(
            scene, scene.dispatcher, plain_jpeg(), truncated(plain_jpeg()), b"GIF89a", idempotency_key="short"
        )
        assert told(done.faults) == [
            ("BROKEN_MEDIA", "photos.1"),
            ("UNSUPPORTED_MEDIA_TYPE", "photos.2"),
            ("TOO_SHORT", "idempotencyKey"),
        ]
        assert scene.hub.files() == [] and await scene.hub.kinds(scene.row) == ["CREATED"]

    async def test_none_is_a_mistake(self, scene: Scene) -> None:
        assert told((await self.given(scene, scene.dispatcher)).faults) == [("REQUIRED", "photos")]

    async def test_who_may_not_costs_no_decoding(self, scene: Scene) -> None:
        assert told((await self.given(scene, scene.citizen, b"no photo")).faults) == [("FORBIDDEN", "reportId")]
        await scene.set(status="REJECTED")
        late = await self.given(scene, scene.dispatcher, b"no photo")
        assert told(late.faults) == [("NOT_POSSIBLE_IN_STATE", "reportId")]


class TestRecordAgencyStatus:
    async def given(self, scene: Scene, viewer: Viewer, status: ReportStatus, **fields: Any) -> Any:
        given = inputs.RecordAgencyStatus(report_id=scene.id, status=status, **fields)
        return await scene.hub.call(record_agency_status, given, viewer)

    async def test_moves_state_and_clocks(self, scene: Scene) -> None:
        at = datetime.now(UTC)
        done = await self.given(
            scene, scene.partner, ReportStatus.IN_PROGRESS, agency_ref="TA-9", note="Pompa jalan", at=at
        )
        assert told(done.faults) == []
        row = await scene.now()
        assert (row.status, row.agency_ref) == ("IN_PROGRESS", "TA-9")
        assert row.responded_at is not None and row.due_at == row.resolve_by
        await self.given(scene, scene.partner, ReportStatus.RESOLVED)
        row = await scene.now()
        assert row.resolved_at is not None and row.due_at is None
        assert await scene.hub.kinds(scene.row) == ["CREATED", "STATUS_CHANGED", "STATUS_CHANGED"]

    async def test_counts_from_when_it_was_taken_but_not_before_the_hub_knew(self, scene: Scene) -> None:
        earlier = datetime.now(UTC) - timedelta(hours=23)
        assert told((await self.given(scene, scene.partner, ReportStatus.VERIFIED, at=earlier)).faults) == []
        row = await scene.now()
        assert row.responded_at == row.received_at

    async def test_of_long_before_the_report_is_no_time_of_it(self, scene: Scene) -> None:
        """Taken as at once, an agency that sends no real times would be the quickest of all."""
        reported = moment((await scene.now()).reported_at)
        for at in (datetime(1, 1, 1, tzinfo=UTC), moment(0), reported - timedelta(days=1, seconds=1)):
            done = await self.given(scene, scene.partner, ReportStatus.VERIFIED, at=at)
            assert told(done.faults) == [("INVALID", "at")] and "(reportedAt)" in words_of(done.faults)[0]
        row = await scene.now()
        assert (row.status, row.responded_at) == ("SUBMITTED", None)
        await scene.set(reported_at=row.reported_at - 5 * DAY)  # told while offline
        done = await self.given(scene, scene.partner, ReportStatus.VERIFIED, at=reported - timedelta(days=5))
        assert told(done.faults) == []
        row = await scene.now()
        assert row.responded_at == row.received_at

    async def test_is_the_partners_whose_agency_has_it(self, scene: Scene) -> None:
        for viewer in (scene.other_partner, scene.citizen, scene.responder, scene.dispatcher):
            done = await self.given(scene, viewer, ReportStatus.VERIFIED)
            assert told(done.faults) == [("FORBIDDEN", "reportId")]
            assert words_of(done.faults) == ["Only the partner whose agency has it may do this."]
        assert told((await self.given(scene, ANONYMOUS, ReportStatus.VERIFIED)).faults) == [
            ("UNAUTHENTICATED", "reportId")
        ]

    async def test_goes_by_the_state_machine(self, scene: Scene) -> None:
        await scene.set(status="RESOLVED")
        for status, expected in [
            (ReportStatus.REJECTED, "NOT_POSSIBLE_IN_STATE"),
            (ReportStatus.RESOLVED, "ALREADY_DONE"),
            (ReportStatus.WITHDRAWN, "INVALID"),
            (ReportStatus.SUBMITTED, "INVALID"),
        ]:
            assert told((await self.given(scene, scene.partner, status)).faults) == [(expected, "status")]

    async def test_a_new_number_alone(self, scene: Scene) -> None:
        await self.given(scene, scene.partner, ReportStatus.SUBMITTED)
        await self.given(scene, scene.partner, ReportStatus.VERIFIED)
        done = await self.given(scene, scene.partner, ReportStatus.VERIFIED, agency_ref="TA-9")
        assert told(done.faults) == [] and (await scene.now()).agency_ref == "TA-9"
        assert await scene.hub.kinds(scene.row) == ["CREATED", "STATUS_CHANGED", "UPDATED"]

    async def test_faults_at_once(self, scene: Scene) -> None:
        done = await self.given(
            scene,
            scene.partner,
            ReportStatus.VERIFIED,
            at=datetime.now(UTC) + timedelta(hours=1),
            note="a" * 2001,
            agency_ref="a" * 129,
        )
        assert told(done.faults) == [("IN_THE_FUTURE", "at"), ("TOO_LONG", "note"), ("TOO_LONG", "agencyRef")]

    async def test_if_unchanged_since(self, scene: Scene) -> None:
        seen = moment((await scene.now()).updated_at - 1)
        done = await self.given(scene, scene.partner, ReportStatus.VERIFIED, if_unchanged_since=seen)
        assert told(done.faults) == [("CONFLICT", "ifUnchangedSince")] and done.report_id == scene.row
