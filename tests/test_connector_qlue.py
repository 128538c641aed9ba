"""Qlue: the feed with its odd numbers and times, late posts and edits of any age, names as HMACs, and the strict push form."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.errors import NotAuthorised, PushRefused, SettingsWrong
from connectors.inbound import take_push
from connectors.qlue.client import reporter_key
from connectors.qlue.connector import Qlue
from connectors.registry import build
from demo import qlue
from demo.city import City
from demo.clock import Clock
from domain.places import Point
from domain.records import ReportRecord
from domain.vocabulary import ReportStatus
from tests.connector_samples import SECRET, answered, mapped, pages_of, raw_of
from tests.memory_sink import MemorySink

NOW = datetime(2016, 2, 20, 10, 0, tzinfo=UTC)


class Feed:
    """A feed that a test writes, and a clock that it moves."""

    def __init__(self, **settings: Any) -> None:
        self.posts: list[Any] = []
        self.now = NOW
        told = {"base_url": "http://qlue.test", **settings}
        made = build("qlue", told, SECRET, transport=httpx.MockTransport(self._answer), clock=lambda: self.now)
        assert isinstance(made, Qlue)
        self.connector = made
        self.checkpoint: Any = None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["category"]
        mine = [post for post in self.posts if not isinstance(post, dict) or post.get("in", "ic_2flod") == wanted]
        return answered(200, json.dumps(mine).encode())

    async def read(self) -> dict[str, ReportRecord]:
        """One poll; gives what it brought."""
        pages = await pages_of(self.connector, self.checkpoint)
        self.checkpoint = json.loads(json.dumps(pages[-1].checkpoint))
        return {
            record.source_ref: record
            for record in mapped(self.connector, raw_of(pages))[0]
            if isinstance(record, ReportRecord)
        }


def post(number: Any, minutes_ago: float = 5, now: datetime = NOW, **members: Any) -> dict[str, Any]:
    dated = (now - timedelta(minutes=minutes_ago) + timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S")
    told = {"post_id": number, "post_date": dated, "post_title": "Banjir", "post_desc": "Air masuk rumah"}
    return {**told, "post_images": "", "loc_lat": -6.17, "loc_lng": 106.82, "profile_name": "Siti Percobaan", **members}


class TestFeed:
    async def test_times_without_a_zone_are_jakartas(self) -> None:
        feed = Feed()
        feed.posts = [post(1, minutes_ago=5)]
        assert (await feed.read())["1"].reported_at == NOW - timedelta(minutes=5)

    @pytest.mark.parametrize(
        ("latitude", "longitude", "place"),
        [
            (-6.17, 106.82, Point(-6.17, 106.82)),
            ("-6.17", "106.82", Point(-6.17, 106.82)),
            (0, 0, None),
            ("0", 0.0, None),
            (None, None, None),
            ("", "", None),
            (0, 106.8, Point(0, 106.8)),
        ],
    )
    async def test_places_are_numbers_or_texts_and_nought_is_none(
        self, latitude: Any, longitude: Any, place: Point | None
    ) -> None:
        feed = Feed()
        feed.posts = [post(1, loc_lat=latitude, loc_lng=longitude)]
        assert (await feed.read())["1"].point == place

    @pytest.mark.parametrize("place", [{"loc_lat": "utara"}, {"loc_lat": 91}, {"loc_lng": True}, {"loc_lat": "NaN"}])
    async def test_a_place_that_is_none_is_kept_aside(self, place: dict[str, Any]) -> None:
        feed = Feed()
        feed.posts = [post(1, **place), post(2)]
        assert list(await feed.read()) == ["2"]

    async def test_a_photo_and_the_source_s_own_state(self) -> None:
        feed = Feed()
        feed.posts = [
            post(1, post_images="http://images.test/1.jpg", sourceStatus="process"),
            post(2, sourceStatus="wait"),
            post(3, sourceStatus="complete"),
            post(4, sourceStatus="dibuka lagi"),
        ]
        found = await feed.read()
        assert found["1"].photo_urls == ("http://images.test/1.jpg",)
        assert [found[ref].source_status_means for ref in "1234"] == [
            ReportStatus.IN_PROGRESS,
            ReportStatus.SUBMITTED,
            ReportStatus.RESOLVED,
            None,
        ]
        assert found["4"].source_status == "dibuka lagi"

    async def test_each_category_has_its_own_place_in_the_feed(self) -> None:
        feed = Feed(categories={"ic_2flod": "flood", "ic_2traf": "traffic_jam"}, look_back_seconds=0)
        feed.posts = [post(5), post(9) | {"in": "ic_2traf"}]
        found = await feed.read()
        assert {ref: record.category for ref, record in found.items()} == {"5": "flood", "9": "traffic_jam"}
        feed.posts.append(post(7))
        assert list(await feed.read()) == ["7"]


class TestCursor:
    async def test_new_posts_come_and_old_ones_do_not(self) -> None:
        feed = Feed()
        feed.posts = [post(3, 5), post(2, 90), post(1, 120)]
        assert set(await feed.read()) == {"1", "2", "3"}
        feed.posts.insert(0, post(4, 1))
        assert set(await feed.read()) == {"4", "3"}  # 3 is within the look-back

    async def test_an_edit_within_the_look_back_is_seen(self) -> None:
        feed = Feed()
        feed.posts = [post(1, 30)]
        await feed.read()
        feed.posts = [post(1, 30, post_desc="Sudah surut")]
        assert (await feed.read())["1"].text == "Sudah surut"

    async def test_after_an_absence_the_look_back_reaches_before_it(self) -> None:
        feed = Feed()
        feed.posts = [post(1, 30)]
        await feed.read()
        feed.now += timedelta(hours=5)
        feed.posts = [post(1, 30, post_desc="Diubah saat hub mati")]
        assert "1" in await feed.read()

    async def test_a_new_post_with_an_old_date_is_not_missed(self) -> None:
        feed = Feed()
        feed.posts = [post(1)]
        await feed.read()
        feed.posts.insert(0, post(2, minutes_ago=60 * 24 * 30))
        assert "2" in await feed.read()

    async def test_a_post_that_was_held_back_comes_though_newer_ones_were_there(self) -> None:
        feed = Feed()
        feed.posts = [post(100, 180)]
        await feed.read()
        feed.posts.append(post(99, 240))
        feed.now += timedelta(minutes=1)
        assert list(await feed.read()) == ["99"]
        assert await feed.read() == {}

    async def test_an_old_post_comes_again_once_its_state_changes(self) -> None:
        feed = Feed()
        feed.posts = [post(100, 180, sourceStatus="wait"), post(99, 240, sourceStatus="wait")]
        await feed.read()
        feed.posts[0]["sourceStatus"] = "complete"
        found = await feed.read()
        assert {ref: record.source_status_means for ref, record in found.items()} == {"100": ReportStatus.RESOLVED}
        assert await feed.read() == {}

    async def test_a_late_post_is_live_and_what_the_first_sync_brings_is_not(self) -> None:
        feed = Feed()
        feed.posts = [post(100, 180)]
        [first] = await pages_of(feed.connector, None)
        feed.posts.append(post(99, 240))
        [later] = await pages_of(feed.connector, json.loads(json.dumps(first.checkpoint)))
        assert (first.backfill, len(first.records)) == (True, 1)
        assert (later.backfill, len(later.records)) == (False, 1)

    async def test_a_checkpoint_of_before_there_were_digests_is_taken(self) -> None:
        feed = Feed()
        feed.posts = [post(100, 180), post(99, 240)]
        cursor = {"last_id": 9_000_000_000_000_000, "read_at": NOW.isoformat(), "first_seen": {}}
        [page] = await pages_of(feed.connector, {"cursors": {"ic_2flod": cursor}})
        assert (page.backfill, len(page.records)) == (False, 2)
        feed.checkpoint = page.checkpoint
        assert await feed.read() == {}

    async def test_thousands_of_posts_cost_the_checkpoint_little(self) -> None:
        feed = Feed()
        feed.posts = [post(number, 180) for number in range(3_000)]
        assert len(await feed.read()) == 3_000
        assert len(json.dumps(feed.checkpoint)) < 25_000
        assert await feed.read() == {}

    async def test_a_post_from_the_future_that_is_edited_long_after_keeps_its_time(self) -> None:
        feed = Feed()
        feed.posts = [post(1, minutes_ago=-60)]
        first = (await feed.read())["1"]
        for _ in range(2):
            feed.now += timedelta(hours=5)
            await feed.read()
        feed.posts[0]["post_desc"] = "Sudah surut"
        assert (await feed.read())["1"].reported_at == first.reported_at == NOW

    async def test_a_post_from_the_future_keeps_the_time_it_was_first_seen(self) -> None:
        feed = Feed()
        feed.posts = [post(1, minutes_ago=-60 * 26)]
        first = (await feed.read())["1"]
        feed.now += timedelta(minutes=10)
        assert first.reported_at == NOW
        assert (await feed.read())["1"] == first

    async def test_an_absurd_number_does_not_hide_the_posts_after_it(self) -> None:
        feed = Feed(look_back_seconds=0)
        feed.posts = [post(10**30), post("x" * 300), None, 7, post(1)]
        assert "1" in await feed.read()
        feed.posts = [post(2, -1)]
        assert "2" in await feed.read()
        feed.posts.insert(0, post(9_000_000_000_000_000))
        assert "9000000000000000" in await feed.read()
        feed.posts[0] = post(3, 120)
        assert "3" in await feed.read()

    async def test_the_whole_city_with_its_late_edits(self) -> None:
        start = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
        clock = Clock(start, speed=0)
        made = build(
            "qlue",
            {"base_url": "http://qlue.test", "categories": dict.fromkeys(qlue.CATEGORIES, "other")},
            SECRET,
            transport=httpx.ASGITransport(qlue.app(City(7, start, clock=clock))),
            clock=clock.now,
        )
        sink = MemorySink()
        checkpoint: Any = None
        for _ in range(12):
            clock.advance(300)
            pages = await pages_of(made, checkpoint)
            done, aside = mapped(made, raw_of(pages))
            assert aside == []
            for record in done:
                sink._put("qlue", record)
            checkpoint = json.loads(json.dumps(next(page.checkpoint for page in reversed(pages) if page.checkpoint)))
        assert len(sink.records) > 100
        assert sink.updated, "the city's late edits are seen"


class TestNames:
    async def test_a_name_becomes_an_hmac_under_the_hub_s_secret(self) -> None:
        feed = Feed()
        feed.posts = [
            post(1),
            post(2, profile_name=" siti  PERCOBAAN "),
            post(3, profile_name=""),
            post(4, profile_name=7),
        ]
        found = await feed.read()
        assert found["1"].reporter_key == found["2"].reporter_key == reporter_key("Siti Percobaan", SECRET)
        assert found["3"].reporter_key is found["4"].reporter_key is None
        assert reporter_key("Siti Percobaan", b"another secret of enough length") != found["1"].reporter_key

    async def test_not_even_a_post_that_is_kept_aside_holds_the_name(self) -> None:
        feed = Feed()
        feed.posts = [post(1, post_date="kemarin", profile_photo="http://x.test/siti.jpg", email="siti@contoh.test")]
        kept = "".join(raw.to_text() for raw in raw_of(await pages_of(feed.connector)))
        for told in ("Siti", "siti"):
            assert told not in kept


PUSHED: dict[str, Any] = {
    "post_id": 501,
    "created_at": "2016-02-20T09:55:00Z",
    "title": "",
    "text": "Air masuk rumah",
    "image_url": "http://images.test/501.jpg",
    "qlue_city": "jabodetabek",
    "disaster_type": "flood",
    "location": {"lat": -6.17, "lng": 106.82},
}
KEY = {"X-API-Key": "made-up"}


class TestPush:
    async def test_a_pushed_report_goes_in_by_the_same_door(self) -> None:
        sink, feed = MemorySink(), Feed(push_key="made-up")
        for _ in range(2):
            accepted = await take_push(feed.connector, sink, "me", json.dumps(PUSHED).encode(), KEY)
        assert (accepted.created, accepted.unchanged) == (0, 1)
        [report] = sink.reports("qlue").values()
        assert (report.source_ref, report.category, report.text) == ("501", "flood", "Air masuk rumah")
        assert report.reported_at == datetime(2016, 2, 20, 9, 55, tzinfo=UTC)
        assert sink.checkpoints == {}

    async def test_every_fault_is_named_at_once(self) -> None:
        broken = {**PUSHED, "post_id": "501", "created_at": "2016-02-20T09:55:00.000Z", "extra": 1, "title": None}
        broken["location"] = {"lat": 91, "lng": 106.8, "alt": 3}
        del broken["text"]
        with pytest.raises(PushRefused) as caught:
            await _push(broken)
        assert {fault.path for fault in caught.value.faults} == {
            "post_id", "created_at", "extra", "title", "location.lat", "location.alt", "text",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "change",
        [
            {"post_id": True},
            {"post_id": 1.5},
            {"post_id": -1},
            {"created_at": "2016-13-20T09:55:00Z"},
            {"created_at": "2016-02-20 09:55:00"},
            {"image_url": ""},
            {"image_url": "javascript:alert(1)"},
            {"qlue_city": "jakarta"},
            {"disaster_type": "fire"},
            {"location": [1, 2]},
            {"location": {"lat": "x", "lng": 1}},
            {"text": "x" * 10_001},
        ],
    )
    async def test_each_member_is_checked(self, change: dict[str, Any]) -> None:
        with pytest.raises(PushRefused):
            await _push({**PUSHED, **change})

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"<x/>", b"\xff", b" " * 70_000, b"[" * 60_000])
    async def test_what_is_no_object_is_refused(self, body: bytes) -> None:
        with pytest.raises(PushRefused):
            await take_push(Feed(push_key="made-up").connector, MemorySink(), "me", body, KEY)

    async def test_another_city_is_taken_and_left_out(self) -> None:
        sink = MemorySink()
        body = json.dumps({**PUSHED, "qlue_city": "surabaya"}).encode()
        accepted = await take_push(Feed(push_key="made-up").connector, sink, "me", body, KEY)
        assert (accepted.created, sink.records) == (0, {})

    async def test_empty_words_are_allowed(self) -> None:
        assert (await _push({**PUSHED, "text": ""})).created == 1

    @pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "made"}, {"x-api-key": "é"}])
    async def test_without_the_key_nothing_is_taken(self, headers: dict[str, str]) -> None:
        sink = MemorySink()
        with pytest.raises(NotAuthorised):
            await take_push(Feed(push_key="made-up").connector, sink, "me", json.dumps(PUSHED).encode(), headers)
        assert sink.records == {}

    async def test_without_a_configured_key_there_is_no_push(self) -> None:
        with pytest.raises(PushRefused):
            await take_push(Feed().connector, MemorySink(), "me", json.dumps(PUSHED).encode(), {"x-api-key": ""})

    async def test_the_profile_push_polls_nothing(self) -> None:
        made = build("qlue", {"profile": "push", "push_key": "made-up"}, SECRET)
        assert not made.polls
        with pytest.raises(SettingsWrong, match="push_key"):
            build("qlue", {"profile": "push"}, SECRET)


async def _push(told: dict[str, Any]) -> Any:
    return await take_push(Feed(push_key="made-up").connector, MemorySink(), "me", json.dumps(told).encode(), KEY)
