"""Peta Jakarta, both generations: every quirk of its wire formats, as the hub's records show it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.base import Page, Raw
from connectors.errors import CannotMap, NotUnderstood, PartlyUnavailable, SourceRefused, SourceUnavailable
from connectors.peta_jakarta.connector import PetaJakarta
from connectors.peta_jakarta.handing_on import post_id_of
from connectors.peta_jakarta.progress import Progress, packed
from connectors.peta_jakarta.reports import CATEGORIES
from connectors.peta_jakarta.topojson import features_of_topology
from connectors.registry import build
from demo import peta_jakarta_v2, peta_jakarta_v3, topojson
from demo.city import City
from demo.clock import Clock
from demo.faults import DemoServer, Fault
from domain.places import Point
from domain.records import FloodAreaRecord, FloodStatesRecord, GaugeRecord, ReportRecord
from domain.sink import SourceError, Submission, SubmissionRefused, SubmissionUnavailable
from domain.vocabulary import FloodState, ReportStatus
from tests.connector_samples import SECRET, answered, mapped, pages_of, raw_of

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
Clocked = Callable[[], datetime]


def source(answer: Any, clock: Clocked = lambda: NOW, **settings: Any) -> PetaJakarta:
    told = {"base_url": "http://peta.test", "backfill_days": 0, **settings}
    transport = answer if isinstance(answer, httpx.AsyncBaseTransport) else httpx.MockTransport(answer)
    made = build("peta_jakarta", told, SECRET, transport=transport, clock=clock)
    assert isinstance(made, PetaJakarta)
    return made


def feature(**properties: Any) -> dict[str, Any]:
    told = {
        "pkey": "1",
        "created_at": "2026-01-31T11:00:00.000Z",
        "source": "grasp",
        "status": "confirmed",
        "disaster_type": "flood",
        "report_data": None,
        "text": "Banjir",
        **properties,
    }
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.8, -6.2]}, "properties": told}


def report(profile: str = "v3", **properties: Any) -> ReportRecord:
    connector = source(lambda request: answered(), profile=profile)
    [record] = connector.map(Raw("report", {"feature": feature(**properties)}))
    assert isinstance(record, ReportRecord)
    return record


class TestReportsOfV3:
    def test_the_depth_of_a_flood(self) -> None:
        assert report(report_data={"report_type": "flood", "flood_depth": 60}).flood_depth_cm == 60

    @pytest.mark.parametrize("kind", ["drain", "power"])
    def test_a_depth_is_sure_only_for_a_flood(self, kind: str) -> None:
        record = report(report_data={"report_type": kind, "flood_depth": 60})
        assert (record.category, record.flood_depth_cm) == ("flood", None)

    def test_a_depth_out_of_range_is_kept_aside(self) -> None:
        with pytest.raises(CannotMap) as caught:
            report(report_data={"report_type": "flood", "flood_depth": 900})
        assert caught.value.source_ref == "1"

    @pytest.mark.parametrize("disaster", [*CATEGORIES, "meteor"])
    def test_every_kind_of_disaster_has_a_category(self, disaster: str) -> None:
        assert report(disaster_type=disaster).category == {"flood": "flood", "fire": "fire"}.get(disaster, "other")

    @pytest.mark.parametrize("kind", ["prep", "assessment"])
    def test_what_is_no_citizens_report_is_left_out(self, kind: str) -> None:
        connector = source(lambda request: answered())
        assert connector.map(Raw("report", {"feature": feature(disaster_type=kind)})) == ()

    def test_another_region_is_left_out_and_a_null_in_words_is_none(self) -> None:
        connector = source(lambda request: answered())
        elsewhere = feature(tags={"instance_region_code": "ID-JB", "local_area_id": "null"})
        assert connector.map(Raw("report", {"feature": elsewhere})) == ()
        assert report(tags={"instance_region_code": "ID-JK", "local_area_id": "null"}).source_ref == "1"

    def test_a_card_id_is_no_address_and_detiks_address_is(self) -> None:
        assert report(url="ab12cd").source_url is None
        assert report(source="detik", url="https://detik.test/1").source_url == "https://detik.test/1"
        assert report(source="qlue", url=None).source_url is None

    def test_the_channel_and_the_source_s_own_word_are_kept(self) -> None:
        record = report(source="qlue", status="verified")
        assert (record.channel, record.source_status, record.source_status_means) == (
            "qlue",
            "verified",
            ReportStatus.VERIFIED,
        )
        assert report(status="sedang dicek").source_status_means is None

    def test_a_title_stands_in_for_an_empty_text(self) -> None:
        assert report(text="", title="Got mampet").text == "Got mampet"
        assert report(text=None, title=None).text == ""

    def test_half_letters_and_nul_do_not_get_into_the_store(self) -> None:
        assert report(text="ban\0jir \ud83d dalam").text == "banjir  dalam"


class TestFetchingV3:
    async def test_a_first_sync_reads_the_archive_in_windows_as_backfill(self) -> None:
        asked: list[httpx.URL] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url)
            return _empty(request)

        pages = await pages_of(source(answer, backfill_days=3, archive_window_hours=24))
        windows = [url for url in asked if url.path == "/reports/archive"]
        assert [url.params["start"] for url in windows] == [f"2026-01-{day}T12:00:00Z" for day in (28, 29, 30)]
        assert windows[-1].params["end"] == "2026-01-31T12:00:00Z"
        assert "disaster" not in windows[0].params
        assert pages[-1].backfill

    async def test_later_polls_look_back_under_an_address_that_stays_the_same(self) -> None:
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/reports":
                asked.append(request.url.params["timeperiod"])
            return _empty(request)

        now = NOW
        connector = source(answer, clock=lambda: now)
        checkpoint = _last(await pages_of(connector))
        for seconds in (60, 60, 60, 86_400):
            now += timedelta(seconds=seconds)
            checkpoint = _last(await pages_of(connector, checkpoint))
        assert asked == ["21600", "22200", "22200", "22200", "108000"]

    async def test_after_an_absence_longer_than_any_period_the_archive_fills_the_gap(self) -> None:
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return _empty(request)

        long_ago = Progress(reports_read_at=NOW - timedelta(days=230)).checkpoint()
        pages = await pages_of(source(answer, archive_window_hours=5_000), long_ago)
        assert asked.count("/reports/archive") == 2
        assert not any(page.backfill for page in pages)

    async def test_a_report_from_the_future_keeps_the_time_it_was_first_seen(self) -> None:
        now = NOW
        wrong = feature(pkey="7", created_at="2026-02-01T20:00:00.000Z")
        connector = source(_reports([wrong, feature()]), clock=lambda: now)
        checkpoint: Any = None
        seen = []
        for _ in range(3):
            pages = await pages_of(connector, checkpoint)
            checkpoint = json.loads(json.dumps(_last(pages)))
            records = {r.source_ref: r for r in mapped(connector, raw_of(pages))[0] if isinstance(r, ReportRecord)}
            seen.append(records["7"])
            now += timedelta(hours=20)
        assert seen[0].reported_at == NOW
        assert seen[0] == seen[1] == seen[2]

    async def test_an_unchanged_answer_costs_no_records(self) -> None:
        app = peta_jakarta_v3.app(_city())
        connector = source(httpx.ASGITransport(app), clock=lambda: _START + timedelta(minutes=60))
        checkpoint = _last(await pages_of(connector))
        again = raw_of(await pages_of(connector, checkpoint))
        assert {raw.kind for raw in again} <= {"flood_states", "report"}

    async def test_an_etag_spares_the_reading_of_gauges(self) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.headers.get("If-None-Match") == '"1"':
                return answered(304)
            told = _empty(request)
            told.headers["ETag"] = '"1"'
            return told

        connector = source(answer)
        checkpoint = _last(await pages_of(connector))
        again = await pages_of(connector, checkpoint)
        assert [raw.kind for raw in raw_of(again)] == ["flood_states"]
        [states] = mapped(connector, raw_of(again))[0]
        assert isinstance(states, FloodStatesRecord)
        assert states.complete

    @pytest.mark.parametrize("cache", [False, True])
    async def test_the_whole_city_with_and_without_its_own_cache(self, cache: bool) -> None:
        """The server's cache answers without a Content-Type and without an ETag."""
        app = peta_jakarta_v3.app(_city(), cache=cache)
        connector = source(httpx.ASGITransport(app), backfill_days=2, clock=lambda: _START + timedelta(minutes=60))
        first = await pages_of(connector)
        second = await pages_of(connector, _last(first))
        for pages in (first, second):
            done, aside = mapped(connector, raw_of(pages))
            assert aside == []
            assert any(isinstance(record, FloodStatesRecord) and record.states for record in done)
        kinds = {type(record) for record in mapped(connector, raw_of(first))[0]}
        assert kinds == {ReportRecord, FloodAreaRecord, FloodStatesRecord, GaugeRecord}

    async def test_topojson_is_understood_where_geojson_was_asked_for(self) -> None:
        app = peta_jakarta_v3.app(_city())
        asked = source(httpx.ASGITransport(app), clock=lambda: _START + timedelta(minutes=60))
        forced = source(_WithoutGeoformat(app), clock=lambda: _START + timedelta(minutes=60))
        geo = mapped(asked, raw_of(await pages_of(asked)))[0]
        topo, aside = mapped(forced, raw_of(await pages_of(forced)))
        assert aside == []
        assert _reports_of(topo) == _reports_of(geo)
        assert {a.source_ref for a in topo if isinstance(a, FloodAreaRecord)} == {
            a.source_ref for a in geo if isinstance(a, FloodAreaRecord)
        }

    async def test_one_endpoint_that_fails_keeps_back_no_other(self) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            return answered(500) if request.url.path == "/floodgauges" else _empty(request, [feature()])

        pages: list[Page] = []
        with pytest.raises(PartlyUnavailable) as caught:
            async for page in source(answer).fetch(None):
                pages.append(page)
        assert caught.value.error is SourceError.SERVER_ERROR
        assert "report" in {raw.kind for raw in raw_of(pages)}

    async def test_a_wrong_address_is_told_from_a_miss(self) -> None:
        def gone(request: httpx.Request) -> httpx.Response:
            return answered(404, b'{"message":"URL not found","url":"/x"}')

        with pytest.raises(SourceRefused):
            await pages_of(source(gone))

        def missed(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/floods/states":
                return _empty(request)
            return answered(404, b'{"statusCode":404,"found":false,"result":null}')

        done, aside = mapped(source(missed), raw_of(await pages_of(source(missed))))
        assert [type(record) for record in done] == [FloodStatesRecord]
        assert aside == []


class TestFloodAreas:
    async def test_outlines_are_read_once_a_day_and_states_each_time(self) -> None:
        asked: list[str] = []
        now = NOW

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return _flooding(request, ["1"], known=["1", "2"])

        connector = source(answer, clock=lambda: now)
        checkpoint: Any = None
        for hours in (1, 1, 23, 1):
            checkpoint = _last(await pages_of(connector, checkpoint))
            now += timedelta(hours=hours)
        assert asked.count("/floods") == 2
        assert asked.count("/floods/states") == 4

    async def test_an_unknown_area_has_its_outline_read_before_its_state_and_only_once(self) -> None:
        flooded, kinds, asked = ["1"], [], []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return _flooding(request, flooded, known=["1", "2", "3"] if "3" in flooded else ["1"])

        connector = source(answer)
        checkpoint = _last(await pages_of(connector))
        for also in ("3", "ghost", "ghost"):
            flooded = [*flooded, also]
            pages = await pages_of(connector, checkpoint)
            checkpoint = json.loads(json.dumps(_last(pages)))
            kinds.append([raw.kind for raw in raw_of(pages)])
        assert kinds[0] == ["flood_area"] * 3 + ["flood_states"]
        assert asked.count("/floods") == 3  # the first, for 3, for ghost; what is not there is not asked for again

    async def test_an_entry_that_cannot_be_read_leaves_its_area_undecided(self) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path != "/floods/states":
                return _empty(request)
            states = [{"area_id": "1", "state": 4, "last_updated": None}, {"area_id": "2", "state": 7}]
            return answered(200, json.dumps({"statusCode": 200, "result": states}).encode())

        connector = source(answer)
        done, aside = mapped(connector, raw_of(await pages_of(connector)))
        [states] = done
        assert isinstance(states, FloodStatesRecord)
        assert not states.complete
        assert [(reading.source_ref, reading.state) for reading in states.states] == [("1", FloodState.SEVERE)]
        assert [fault.source_ref for fault in aside] == ["2"]

    async def test_rubbish_is_never_taken_for_a_dry_city(self) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/floods/states":
                return answered(200, b'{"statusCode":200,"result":null}')
            return _empty(request)

        pages: list[Page] = []
        with pytest.raises(PartlyUnavailable) as caught:
            async for page in source(answer).fetch(None):
                pages.append(page)
        assert isinstance(caught.value.failures[0], NotUnderstood)
        assert "flood_states" not in {raw.kind for raw in raw_of(pages)}

    async def test_outlines_that_cannot_be_had_do_not_keep_the_states(self) -> None:
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            if request.url.path == "/floods":
                raise httpx.ReadTimeout("too slow")
            return _flooding(request, ["1"], known=[])

        connector = source(answer)
        for _ in range(3):
            pages: list[Page] = []
            with pytest.raises(PartlyUnavailable):
                async for page in connector.fetch(None):
                    pages.append(page)
            assert {"flood_states"} <= {raw.kind for raw in raw_of(pages)}
        assert asked.count("/floods") == 1  # large and not there: not asked for at every poll

    @pytest.mark.parametrize("form", ["geojson", "topojson"])
    async def test_all_of_a_city_s_outlines_at_once(self, form: str) -> None:
        """Large answers are read in another way than small ones."""
        areas = [_area(str(number)) for number in range(3_000)]
        told = topojson.absolute(areas) if form == "topojson" else {"type": "FeatureCollection", "features": areas}
        body = json.dumps({"statusCode": 200, "result": told}).encode()
        assert len(body) > 256 * 1024

        def answer(request: httpx.Request) -> httpx.Response:
            return answered(200, body) if request.url.path == "/floods" else _empty(request)

        connector = source(answer)
        done, aside = mapped(connector, raw_of(await pages_of(connector)))
        found = [record for record in done if isinstance(record, FloodAreaRecord)]
        assert (len(found), aside) == (3_000, [])
        assert found[0].geometry == areas[0]["geometry"]

    def test_names_are_written_as_people_write_them(self) -> None:
        connector = source(lambda request: answered())
        told = _area("17") | {"properties": {"area_id": "17", "area_name": "RW 05", "parent_name": "KAMPUNG MELAYU"}}
        [area] = connector.map(Raw("flood_area", told))
        assert isinstance(area, FloodAreaRecord)
        assert (area.source_ref, area.name, area.subdistrict_name) == ("17", "RW 05", "Kampung Melayu")

    def test_known_areas_take_little_room_in_a_checkpoint(self) -> None:
        refs = {str(number) for number in range(1, 2_706)} | {"3001", "007", "x-7", "a'b"}
        assert len(packed(refs)) < 40
        assert Progress.of({"areas": packed(refs)}).areas == refs


class TestGauges:
    async def test_observations_are_gathered_by_gauge_and_sorted(self) -> None:
        now = _START + timedelta(minutes=60)
        connector = source(httpx.ASGITransport(peta_jakarta_v3.app(_city())), clock=lambda: now)
        done = mapped(connector, raw_of(await pages_of(connector)))[0]
        gauges = [record for record in done if isinstance(record, GaugeRecord)]
        assert len({gauge.source_ref for gauge in gauges}) == len(gauges) > 1
        for gauge in gauges:
            times = [reading.measured_at for reading in gauge.readings]
            assert times == sorted(set(times))
            assert len(times) > 10

    async def test_one_bad_observation_costs_only_itself(self) -> None:
        def observed(time: Any) -> dict[str, Any]:
            told = {"gaugeid": "T1", "gaugenameid": "Manggarai", "observations": [{"f1": time, "f2": 80, "f3": 4}]}
            point = {"type": "Point", "coordinates": [106.8, -6.2, 4]}
            return {"type": "Feature", "geometry": point, "properties": told}

        features = [
            observed(time) for time in ("2026-01-31T18:30:00.123456+07:00", "lusa", "2026-01-31T18:00:00+07:00")
        ]

        def answer(request: httpx.Request) -> httpx.Response:
            return _empty(request, features) if request.url.path == "/floodgauges" else _empty(request)

        connector = source(answer)
        done, aside = mapped(connector, raw_of(await pages_of(connector)))
        [gauge] = [record for record in done if isinstance(record, GaugeRecord)]
        assert [reading.measured_at.hour for reading in gauge.readings] == [11, 11]
        assert gauge.readings[0].measured_at < gauge.readings[1].measured_at
        assert gauge.point == Point(-6.2, 106.8)
        assert [fault.source_ref for fault in aside] == ["T1"]


class TestV2:
    @pytest.mark.parametrize("fraction", ["", ".5", ".12", ".123456"])
    def test_times_without_a_zone_are_jakartas(self, fraction: str) -> None:
        told = report("v2", pkey=88, created_at=f"2015-02-09T09:12:05{fraction}", disaster_type=None).reported_at
        assert told.replace(microsecond=0) == datetime(2015, 2, 9, 2, 12, 5, tzinfo=UTC)

    def test_a_time_with_a_zone_keeps_it(self) -> None:
        told = report("v2", created_at="2015-02-09T09:12:05+07:00").reported_at
        assert told == datetime(2015, 2, 9, 2, 12, 5, tzinfo=UTC)

    def test_a_number_as_pkey_and_no_kind_is_a_flood(self) -> None:
        record = report("v2", pkey=88, created_at="2015-02-09T09:12:05", disaster_type=None)
        assert (record.source_ref, record.category) == ("88", "flood")

    async def test_the_whole_city(self) -> None:
        connector = _v2(peta_jakarta_v2.app(_city()))
        first = await pages_of(connector)
        done, aside = mapped(connector, raw_of(first))
        assert {type(record) for record in done} == {ReportRecord, GaugeRecord}
        assert aside == []
        assert all(page.backfill for page in first if any(raw.kind == "report" for raw in page.records))

    async def test_features_null_is_an_empty_list(self) -> None:
        before_anything = City(3, _START + timedelta(days=30), clock=Clock(_START, speed=0))
        connector = _v2(peta_jakarta_v2.app(before_anything))
        assert "report" not in {raw.kind for raw in raw_of(await pages_of(connector))}

    async def test_204_means_that_its_database_failed(self) -> None:
        app = peta_jakarta_v2.app(_city())
        app.faults.set(Fault.DATABASE)
        with pytest.raises(SourceUnavailable) as caught:
            await pages_of(_v2(app))
        assert caught.value.error is SourceError.SERVER_ERROR

    async def test_quantised_topojson_is_understood(self) -> None:
        area = _area("1")["geometry"]
        features = [{"type": "Feature", "geometry": area, "properties": {"area_id": "1"}}, feature()]
        [polygon, point] = features_of_topology(json.loads(json.dumps(topojson.quantised(features))))
        assert polygon["properties"] == {"area_id": "1"}
        for told, true in zip(polygon["geometry"]["coordinates"][0], area["coordinates"][0], strict=True):
            assert told == pytest.approx(true, abs=2e-5)
        assert point["geometry"]["coordinates"] == pytest.approx([106.8, -6.2], abs=2e-5)

    async def test_the_old_addresses_are_not_followed(self) -> None:
        connector = source(
            httpx.ASGITransport(peta_jakarta_v2.app(_city())),
            profile="v2",
            base_url="http://peta.test/banjir/data/api/v1",
        )
        with pytest.raises(NotUnderstood, match="redirecting"):
            await pages_of(connector)


class TestTopology:
    def test_arcs_are_joined_and_walked_backwards(self) -> None:
        topology = {
            "type": "Topology",
            "arcs": [[[0, 0, 9], [1, 0], [1, 1]], [[0, 0], [0, 1], [1, 1]]],
            "objects": {
                "output": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "arcs": [[0, -2]]}]}
            },
        }
        [only] = features_of_topology(topology)
        assert only["geometry"]["coordinates"] == [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]

    @pytest.mark.parametrize("geometries", [None, []])
    def test_an_empty_one(self, geometries: Any) -> None:
        collection = {"type": "GeometryCollection", "geometries": geometries}
        topology = {"type": "Topology", "arcs": [], "objects": {"output": collection}, "bbox": [None] * 4}
        assert features_of_topology(topology) == []


class TestHandingOn:
    async def test_a_flood_report_is_taken_once_however_often_it_is_sent(self) -> None:
        city = _city()
        connector = _handing_on(httpx.ASGITransport(peta_jakarta_v3.app(city, api_key="made-up")))
        first = await connector.submit(_submission())
        again = await connector.submit(_submission())
        assert first == again
        assert first.external_ref == str(post_id_of("SIMPUL-0123456789AB"))
        [taken] = city.received.reports
        assert taken.origin == "qlue"

    @pytest.mark.parametrize(
        "change", [{"category": "waste"}, {"confidential": True}, {"latitude": None, "longitude": None}]
    )
    async def test_what_must_not_go_there_is_refused_before_it_is_sent(self, change: dict[str, Any]) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            raise AssertionError("nothing may be sent")

        with pytest.raises(SubmissionRefused):
            await _handing_on(httpx.MockTransport(answer)).submit(_submission(**change))

    async def test_a_lost_answer_may_be_tried_again(self) -> None:
        def lost(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("no answer")

        with pytest.raises(SubmissionUnavailable):
            await _handing_on(httpx.MockTransport(lost)).submit(_submission())

    async def test_a_wrong_key_is_refused(self) -> None:
        connector = _handing_on(httpx.ASGITransport(peta_jakarta_v3.app(_city(), api_key="another")))
        with pytest.raises(SubmissionRefused):
            await connector.submit(_submission())

    async def test_nothing_is_handed_on_unless_configured(self) -> None:
        connector = source(lambda request: answered())
        with pytest.raises(SubmissionRefused):
            await connector.submit(_submission())


_START = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


def _city() -> City:
    return City(7, _START, clock=Clock(_START + timedelta(minutes=60), speed=0))


def _v2(app: DemoServer) -> PetaJakarta:
    now = _START + timedelta(minutes=60)
    address = "http://peta.test/banjir/data/api/v2"
    return source(httpx.ASGITransport(app), clock=lambda: now, profile="v2", base_url=address)


def _handing_on(transport: httpx.AsyncBaseTransport) -> PetaJakarta:
    return source(transport, submit_key="made-up")


def _submission(**change: Any) -> Submission:
    told: dict[str, Any] = {
        "reference": "SIMPUL-0123456789AB",
        "text": "Banjir selutut",
        "category": "flood",
        "address": None,
        "latitude": -6.2,
        "longitude": 106.8,
        "area_name": None,
        "confidential": False,
        "anonymous": False,
    }
    return Submission(**{**told, **change})


class _WithoutGeoformat(httpx.ASGITransport):
    """A server that forgets what form was asked for, and so answers TopoJSON."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_remove_param("geoformat")
        return await super().handle_async_request(request)


def _empty(request: httpx.Request, features: list[Any] | None = None) -> httpx.Response:
    collection = {"type": "FeatureCollection", "features": features or []}
    result: Any = [] if request.url.path == "/floods/states" else collection
    return answered(200, json.dumps({"statusCode": 200, "result": result}).encode())


def _reports(features: list[Any]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: _empty(request, features if request.url.path == "/reports" else None)


def _area(ref: str) -> dict[str, Any]:
    ring = [[106.8, -6.2], [106.81, -6.2], [106.81, -6.19], [106.8, -6.2]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"area_id": ref, "area_name": "RW 01", "parent_name": "GAMBIR"},
    }


def _flooding(request: httpx.Request, flooded: list[str], known: list[str]) -> httpx.Response:
    if request.url.path == "/floods/states":
        states = [{"area_id": ref, "state": 2, "last_updated": "2026-01-31T11:00:00.000Z"} for ref in flooded]
        return answered(200, json.dumps({"statusCode": 200, "result": states}).encode())
    return _empty(request, [_area(ref) for ref in known] if request.url.path == "/floods" else None)


def _last(pages: list[Page]) -> Any:
    return next(page.checkpoint for page in reversed(pages) if page.checkpoint is not None)


def _reports_of(records: list[Any]) -> dict[str, Any]:
    return {record.source_ref: record for record in records if isinstance(record, ReportRecord)}
