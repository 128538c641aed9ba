"""What sources answer and push, in every form that it should not have: refused, or set aside record by record."""

import asyncio
import json
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import CannotMap, ConnectorError, PushRefused
from connectors.http import retry_after
from connectors.json_steps import LARGE, read_json
from connectors.peta_jakarta import topojson
from connectors.peta_jakarta.topojson import features_of_topology
from connectors.qlue.push import checked
from connectors.values import moment, number, point, reference, web_address_or_none, whole
from tests.connector_samples import Sample, answered, mapped, pages_of, raw_of, samples
from tests.fuzzing import NASTY_NUMBERS, NASTY_TEXTS, damaged, disturbed, fuzz, json_values, kept, once_disturbed

PUSHED = {
    "post_id": 71,
    "created_at": "2026-01-31T17:05:00Z",
    "text": "Banjir",
    "qlue_city": "jabodetabek",
    "disaster_type": "flood",
    "location": {"lat": -6.2, "lng": 106.8},
    "title": "Banjir",
    "image_url": "https://qlue.id/1.jpg",
}
TOPOLOGY: dict[str, Any] = {
    "type": "Topology",
    "transform": {"scale": [0.0001, 0.0001], "translate": [106.8, -6.2]},
    "arcs": [[[0, 0], [5, 5], [3, -5]], [[8, 0], [-8, 0]]],
    "objects": {
        "output": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Point", "coordinates": [3, 4], "properties": {"pkey": "1"}},
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"area_id": "5"}},
                {"type": "MultiPolygon", "arcs": [[[0, ~1]]]},
            ],
        }
    },
}


def goes_on(sample: Sample, path: str, body: bytes) -> None:
    """One fetch with this body at one address: whatever comes of it is in the closed vocabulary, and can be kept."""

    def answer(request: httpx.Request) -> httpx.Response:
        return answered(200, body) if request.url.path == path else sample.answer(request)

    async def run() -> None:
        connector = sample.connector(answer)
        try:
            records, _ = mapped(connector, raw_of(await pages_of(connector)))
        except ConnectorError:
            return
        for record in records:
            orjson.dumps(record)  # as the store digests it: no number, text or time that it cannot hold

    asyncio.run(run())


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_answers_of_another_form_cost_themselves_alone(sample: Sample) -> None:
    paths = {path: told for path, told in sample.told["answers"].items() if told}

    @fuzz(30)
    @given(st.data())
    def disturb(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(paths)))
        told = paths[path]
        sound = told.encode() if isinstance(told, str) else json.dumps(told).encode()
        in_form = (
            () if isinstance(told, str) else (once_disturbed([told]).map(lambda value: json.dumps(value).encode()),)
        )
        goes_on(sample, path, data.draw(st.one_of(*in_form, damaged(st.just(sound)))))

    if paths:
        disturb()


@pytest.mark.parametrize("body", kept("source_json"))
@pytest.mark.parametrize("sample", samples(), ids=str)
def test_kept_answers(sample: Sample, body: bytes) -> None:
    for path in sample.told["answers"]:
        goes_on(sample, path, body)


@pytest.mark.parametrize("body", kept("push"))
def test_kept_pushes(body: bytes) -> None:
    with pytest.raises(PushRefused) as refused:
        checked(body)
    assert refused.value.faults
    json.dumps([fault.path for fault in refused.value.faults], ensure_ascii=False).encode()


@fuzz(300)
@given(
    st.one_of(once_disturbed([PUSHED]).map(json.dumps).map(str.encode), damaged(st.just(json.dumps(PUSHED).encode())))
)
def test_pushes_are_of_the_agreed_form_or_refused(body: bytes) -> None:
    try:
        told = checked(body)
    except PushRefused as refused:
        answer = [{"path": fault.path, "message": fault.message} for fault in refused.faults]
        assert answer and json.dumps(answer, ensure_ascii=False).encode()
    else:
        assert set(told) >= {"post_id", "created_at", "text", "location"}


class TestTopologies:
    def test_the_sound_one_is_read(self) -> None:
        read = features_of_topology(TOPOLOGY)
        assert [feature["geometry"]["type"] for feature in read] == ["Point", "Polygon", "MultiPolygon"]

    @fuzz(150)
    @given(st.data())
    def test_disturbed_ones_are_read_in_part_or_not_at_all(self, data: st.DataObject) -> None:
        try:
            features_of_topology(disturbed(TOPOLOGY, data.draw))
        except ValueError as refused:
            assert str(refused)
        except AttributeError:
            pytest.fail("not a ValueError")

    def test_one_feature_that_cannot_be_read_does_not_cost_the_others(self) -> None:
        members = TOPOLOGY["objects"]["output"]["geometries"]
        broken = {"type": "Polygon", "arcs": [[0, 99]]}
        long_text = {"type": "Point", "coordinates": ["x", 1]}
        told = TOPOLOGY | {
            "objects": {"output": {"type": "GeometryCollection", "geometries": [broken, long_text, *members]}}
        }
        read = features_of_topology(told)
        assert [feature["geometry"]["coordinates"] is None for feature in read] == [True, True, False, False, False]

    def test_an_arc_used_over_and_over_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two thousand positions and a few bytes for each use of them: without the limit, 8 KB a use."""
        monkeypatch.setattr(topojson, "MOST_POSITIONS", 50_000)
        told = TOPOLOGY | {"arcs": [[[1, 1]] * 2_000]}
        for uses, refused in ((25, False), (26, True), (100_000, True)):
            line = {"output": {"type": "LineString", "arcs": [0] * uses}}
            if refused:
                with pytest.raises(ValueError, match=r"more than 50,000 positions"):
                    features_of_topology(told | {"objects": line})
            else:
                assert len(features_of_topology(told | {"objects": line})) == 1


class TestSingleValues:
    @fuzz(300)
    @given(st.one_of(json_values(), st.sampled_from([*NASTY_TEXTS, *NASTY_NUMBERS, "--5", "+5", "5.0", "1_000", "²"])))
    def test_each_reader_gives_a_bounded_value_or_names_the_member(self, value: Any) -> None:
        for read in (whole, number, reference, moment):
            try:
                found = read(value, "member")
            except CannotMap as refused:
                assert "member" in refused.reason
            else:
                assert orjson.dumps(found)
        assert len(web_address_or_none(value) or "") <= 2_000

    @pytest.mark.parametrize(
        "text",
        [
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-06-30T23:59:60Z",
            "2026-01-01T00:00:00+99:99",
            "0001-01-01T00:00:00+07:00",
            "9999-12-31T23:59:59-07:00",
            "2026-01-01T00:00:00",
            "٢٠٢٦-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z\n; rm",
        ],
    )
    def test_times_that_do_not_exist_are_no_times(self, text: str) -> None:
        with pytest.raises(CannotMap, match="created_at"):
            moment(text, "created_at")

    @fuzz(100)
    @given(st.tuples(json_values(), json_values()))
    def test_places_lie_on_earth_or_are_none(self, told: tuple[Any, Any]) -> None:
        try:
            found = point(*told, "place")
        except CannotMap:
            return
        assert abs(found.latitude) <= 90 and abs(found.longitude) <= 180

    @fuzz(200)
    @given(
        st.one_of(st.text(max_size=40), st.sampled_from(["Mon, 01 Jan 99999999999 00:00:00 GMT", "9" * 400, "-1", "٣"]))
    )
    def test_a_time_to_wait_is_an_hour_at_most(self, told: str) -> None:
        try:
            headers = httpx.Headers({"Retry-After": told})
        except UnicodeEncodeError:
            headers = httpx.Headers([(b"retry-after", told.encode("utf-8", "replace"))])
        wait = retry_after(headers)
        assert wait is None or 0 <= wait <= 3_600


class TestLargeJson:
    @fuzz(60)
    @given(damaged(st.just(json.dumps({"result": {"features": [{"a": [1, "b"]}] * 20}}).encode())))
    def test_read_in_steps_it_says_the_same_as_read_at_once(self, body: bytes) -> None:
        """The same text once small and once, by blanks in front, large enough to be walked in Python."""
        assert self._read(body) == self._read(b" " * LARGE + body)

    @staticmethod
    def _read(body: bytes) -> Any:
        try:
            return json.dumps(read_json(body))
        except ValueError:
            return "no JSON"

    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":['])
    def test_what_is_nested_without_end_is_no_json(self, opening: bytes) -> None:
        for body in (opening * 20_000, opening * (LARGE // len(opening) + 1)):
            with pytest.raises(ValueError):
                read_json(body)
