"""submitReport: what it takes, what it refuses and in which words, and what it leaves behind."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.areas import AreaMap
from domain.time import micros
from domain.vocabulary import Locale, Role
from resolvers.duplicates import duplicates_of_submitted
from resolvers.inputs import GivenContact, GivenPoint
from resolvers.submitting import submit
from storage import tables
from storage.events.appending import broken_links
from storage.reports.contacts import Contact, contact_to_forward
from storage.reports.follow import hash_of
from storage.rows import SeenReport
from storage.store import Store
from storage.writing.transaction import Operation
from tests.images import heic, jpeg, plain_jpeg, truncated
from tests.writing import (
    ANONYMOUS,
    BANDUNG,
    MONAS,
    File,
    WritingHub,
    nothing_left,
    submission,
    told,
    words_of,
    writing_hub,
)


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[WritingHub]:
    async with writing_hub(store, tmp_path, area_map) as made:
        yield made


async def accepted(hub: WritingHub, viewer: Any = ANONYMOUS, **fields: Any) -> SeenReport:
    """The report that a submission made, as a dispatcher sees it."""
    done = await hub.submit(viewer, **fields)
    assert told(done.faults) == []
    dispatcher = hub.people.setdefault("dispatcher", await hub.person(Role.DISPATCHER, f"d{len(hub.people)}"))
    row = await hub.report(done.report_id or 0, dispatcher)
    assert row is not None
    return row


class TestAccepted:
    async def test_with_a_point(self, hub: WritingHub) -> None:
        done = await hub.submit(title="  Banjir ", address="Jl. Merdeka", flood_depth_cm=40)
        row = await hub.report(done.report_id or 0)
        assert row is not None
        assert (row.title, row.address, row.flood_depth_cm, row.status) == ("Banjir", "Jl. Merdeka", 40, "SUBMITTED")
        assert (row.latitude, row.longitude, row.precision) == (MONAS.latitude, MONAS.longitude, "EXACT")
        assert row.area_id is not None and row.agency_id is not None and row.respond_by is not None
        assert await hub.kinds(row.id) == ["CREATED"]
        assert await hub.parts.store.read(lambda conn: list(broken_links(conn))) == []

    async def test_with_an_area_only(self, hub: WritingHub) -> None:
        row = await accepted(hub, location=None, area="31.71.01.1001")
        assert (row.latitude, row.precision) == (None, "AREA")

    async def test_follow_token_makes_the_reporter(self, hub: WritingHub) -> None:
        done = await hub.submit(confidential=True)
        assert done.follow_token is not None and len(done.follow_token) >= 22
        report_id = done.report_id or 0
        assert await hub.report(report_id) is None
        follower = type(ANONYMOUS)(follow_hashes=(hash_of(done.follow_token),))
        row = await hub.report(report_id, follower)
        assert row is not None and row.mine

    async def test_the_payload_shows_it_as_its_reporter_sees_it(self, hub: WritingHub) -> None:
        async with hub.context() as ctx:
            done = await submit(ctx, submission(confidential=True))
            visibility = await ctx.visibility()
            assert visibility.owns(done.report_id, None)

    async def test_of_a_citizen_is_his(self, hub: WritingHub) -> None:
        citizen = await hub.person(Role.CITIZEN)
        row = await accepted(hub, citizen)
        assert row.reporter_id == citizen.person_id

    async def test_photos_lose_their_place_and_are_kept(self, hub: WritingHub) -> None:
        row = await accepted(hub, photos=(File(jpeg()), File(heic())))
        photos = await hub.rows(tables.photos, tables.photos.c.report_id == row.id)
        assert row.photo_count == 2 and len(hub.files()) == 4
        for photo in photos:
            data = await hub.parts.photos.read(photo["file_key"])
            assert b"Exif" not in data and len(data) == photo["byte_size"]

    async def test_contact_is_kept_encrypted_and_read_with_consent_alone(self, hub: WritingHub) -> None:
        contact = GivenContact(name="Siti", phone="+62 812-3456-789", email="siti@example.id")
        kept = await accepted(hub, contact=contact)
        given_on = await accepted(hub, contact=contact, forward_contact=True)
        for row in await hub.rows(tables.report_contacts):
            assert b"Siti" not in row["sealed"] and b"812" not in row["sealed"]
        store, key = hub.parts.store, hub.parts.contacts_key
        assert await store.read(contact_to_forward, key, kept.id) == Contact()
        assert (await store.read(contact_to_forward, key, given_on.id)).email == "siti@example.id"

    async def test_a_clock_that_runs_fast_is_taken_as_received(self, hub: WritingHub) -> None:
        row = await accepted(hub, reported_at=datetime.now(UTC) + timedelta(minutes=14))
        assert row.reported_at == row.received_at

    async def test_written_while_offline(self, hub: WritingHub) -> None:
        told_at = datetime.now(UTC) - timedelta(days=29)
        row = await accepted(hub, reported_at=told_at)
        assert row.reported_at == micros(told_at) and row.received_at > row.reported_at
        assert row.respond_by is not None and row.respond_by > row.received_at

    async def test_partners_number_once_a_partner(self, hub: WritingHub) -> None:
        one = await hub.person(Role.PARTNER, "one", "dishub")
        other = await hub.person(Role.PARTNER, "other", "tata_air")
        first = await hub.submit(one, source_ref="A-17")
        again = await hub.submit(one, source_ref="A-17", text="another text")
        assert told(again.faults) == [("ALREADY_DONE", "sourceRef")] and again.report_id == first.report_id
        assert told((await hub.submit(other, source_ref="A-17")).faults) == []
        assert await hub.count(tables.reports) == 2

    async def test_a_partners_number_is_left_out_and_not_blank(self, hub: WritingHub) -> None:
        partner = await hub.person(Role.PARTNER, "one", "dishub")
        for blank in ("", " \n"):
            refused = await hub.submit(partner, source_ref=blank)
            assert told(refused.faults) == [("REQUIRED", "sourceRef")] and refused.report_id is None
            assert words_of(refused.faults) == [
                "The number of your own (sourceRef) is empty. Give it, or leave it out."
            ]
        assert await hub.count(tables.reports) == 0
        assert told((await hub.submit(partner, source_ref=None)).faults) == []

    async def test_names_what_it_may_be_one_with(self, hub: WritingHub) -> None:
        first = await hub.submit()
        async with hub.context() as ctx:
            second = await submit(ctx, submission(text="Banjir selutut depan pasar"))
            refused = await submit(ctx, submission(text=""))
            alike, none = await duplicates_of_submitted([second, refused], ctx)
        assert [row.report.id for row in alike] == [first.report_id] and none == []


FAULTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "no text": ({"text": " \n "}, ("REQUIRED", "text")),
    "text too long": ({"text": "a" * 5001}, ("TOO_LONG", "text")),
    "text that cannot be kept": ({"text": "a\0b"}, ("INVALID", "text")),
    "half a surrogate pair": ({"text": "a\ud83d"}, ("INVALID", "text")),
    "title too long": ({"title": "a" * 201}, ("TOO_LONG", "title")),
    "address too long": ({"address": "a" * 501}, ("TOO_LONG", "address")),
    "unknown category": ({"category": "ufo"}, ("UNKNOWN", "category")),
    "category that cannot be kept": ({"category": "\0"}, ("UNKNOWN", "category")),
    "out of area": ({"location": BANDUNG}, ("OUT_OF_AREA", "location")),
    "no such place": ({"location": GivenPoint(100.0, 106.8)}, ("INVALID", "location")),
    "place that is no number": ({"location": GivenPoint(float("nan"), 106.8)}, ("INVALID", "location")),
    "neither point nor area": ({"location": None}, ("REQUIRED", "location")),
    "point and area": ({"area": "31.71.01.1001"}, ("INVALID", "area")),
    "unknown area": ({"location": None, "area": "31.99"}, ("UNKNOWN", "area")),
    "in the future": ({"reported_at": datetime.now(UTC) + timedelta(hours=1)}, ("IN_THE_FUTURE", "reportedAt")),
    "too old": ({"reported_at": datetime.now(UTC) - timedelta(days=31)}, ("INVALID", "reportedAt")),
    "depth below nothing": ({"flood_depth_cm": -1}, ("INVALID", "floodDepthCm")),
    "depth beyond belief": ({"flood_depth_cm": 1001}, ("INVALID", "floodDepthCm")),
    "telephone": ({"contact": GivenContact(phone="call me")}, ("INVALID", "contact.phone")),
    "e-mail": ({"contact": GivenContact(email="siti@home")}, ("INVALID", "contact.email")),
    "name too long": ({"contact": GivenContact(name="a" * 201)}, ("TOO_LONG", "contact.name")),
    "number of one's own": ({"source_ref": "A-17"}, ("FORBIDDEN", "sourceRef")),
    "key too short": ({"idempotency_key": "a" * 21}, ("TOO_SHORT", "idempotencyKey")),
    "key too long": ({"idempotency_key": "a" * 129}, ("TOO_LONG", "idempotencyKey")),
    "broken photo": ({"photos": (File(plain_jpeg()), File(truncated(plain_jpeg())))}, ("BROKEN_MEDIA", "photos.1")),
    "no photo": ({"photos": (File(b"%PDF-1.7"),)}, ("UNSUPPORTED_MEDIA_TYPE", "photos.0")),
    "empty photo": ({"photos": (File(b""),)}, ("BROKEN_MEDIA", "photos.0")),
    "photo too large": ({"photos": (File(b"\xff" * 10_000_001),)}, ("TOO_LARGE", "photos.0")),
    "six photos": ({"photos": tuple(File(plain_jpeg()) for _ in range(6))}, ("TOO_MANY", "photos")),
}


class TestRefused:
    @pytest.mark.parametrize("fields,expected", FAULTS.values(), ids=FAULTS.keys())
    async def test_leaving_nothing(
        self, sqlite_store: Store, area_map: AreaMap, tmp_path: Path, fields: Any, expected: Any
    ) -> None:
        async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
            done = await hub.submit(**fields)
            assert told(done.faults) == [expected]
            assert (done.report_id, done.follow_token) == (None, None)
            assert await hub.parts.store.read(nothing_left) and hub.files() == []

    async def test_all_at_once(self, hub: WritingHub) -> None:
        photos = (File(b"GIF89a"), File(plain_jpeg()), File(truncated(plain_jpeg())))
        done = await hub.submit(
            text="", category="ufo", location=BANDUNG, flood_depth_cm=-5, photos=photos, idempotency_key="short"
        )
        assert set(told(done.faults)) == {
            ("REQUIRED", "text"),
            ("UNKNOWN", "category"),
            ("OUT_OF_AREA", "location"),
            ("INVALID", "floodDepthCm"),
            ("UNSUPPORTED_MEDIA_TYPE", "photos.0"),
            ("BROKEN_MEDIA", "photos.2"),
            ("TOO_SHORT", "idempotencyKey"),
        }
        assert await hub.parts.store.read(nothing_left) and hub.files() == []

    async def test_in_both_languages(self, hub: WritingHub) -> None:
        (fault,) = (await hub.submit(location=BANDUNG)).faults
        assert "di luar Jakarta" in fault.message[Locale.ID]
        assert "outside Jakarta" in fault.message[Locale.EN]

    async def test_a_category_no_longer_in_use(self, hub: WritingHub) -> None:
        retire = update(tables.categories).where(tables.categories.c.code == "noise").values(active=False)
        await hub.parts.store.write(Operation(lambda tx: tx.conn.execute(retire)))
        assert told((await hub.submit(category="noise")).faults) == [("INVALID", "category")]

    async def test_photos_too_many_are_not_even_read(self, hub: WritingHub) -> None:
        photos = tuple(File(plain_jpeg()) for _ in range(6))
        await hub.submit(photos=photos)
        assert sum(photo.reads for photo in photos) == 0

    async def test_when_the_write_fails_photos_are_gone(self, hub: WritingHub) -> None:
        partner = await hub.person(Role.PARTNER, "one", "dishub")
        await hub.submit(partner, source_ref="A-17")
        refused = await hub.submit(partner, source_ref="A-17", photos=(File(plain_jpeg()),))
        assert told(refused.faults) == [("ALREADY_DONE", "sourceRef")] and hub.files() == []
