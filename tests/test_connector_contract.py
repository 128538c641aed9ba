"""What every connector must keep, derived from its folder: dropping one in enrols it, with its samples and its docs."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from connectors.base import Raw, Receives, Submits
from connectors.errors import CannotMap, ConnectorError, SettingsWrong, SourceFailure
from connectors.manifest import BRONZE, Capability, QualityRule
from connectors.registry import build, connector_type, kinds
from domain.records import FloodStatesRecord, Record, ReportRecord, TicketRecord
from tests.connector_samples import ROOT, SECRET, Sample, answered, mapped, pages_of, raw_of, samples
from tests.memory_sink import key_of

KINDS = pytest.mark.parametrize("kind", kinds())
SAMPLES = pytest.mark.parametrize("sample", samples(), ids=str)
ANY_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


def settled(record: Record) -> Record:
    """A record without the time of reading, which is all that may differ between two fetches of an unchanged source."""
    return replace(record, observed_at=datetime.min) if isinstance(record, FloodStatesRecord) else record


class TestManifest:
    @KINDS
    def test_is_complete(self, kind: str) -> None:
        manifest = connector_type(kind).manifest
        assert manifest.code == kind
        assert manifest.name and manifest.owner and manifest.licence
        assert manifest.profiles and manifest.delivery and manifest.capabilities
        assert manifest.poll_seconds > 0
        assert manifest.quality >= BRONZE

    @KINDS
    def test_every_profile_can_be_configured_and_says_whether_it_is_reconstructed(self, kind: str) -> None:
        profiles = connector_type(kind).config_type.model_json_schema()["properties"]["profile"]
        assert set(profiles.get("enum", [profiles.get("const")])) == {
            p.name for p in connector_type(kind).manifest.profiles
        }

    @KINDS
    def test_does_what_it_declares(self, kind: str) -> None:
        made = connector_type(kind)
        assert (Capability.SUBMIT in made.manifest.capabilities) == issubclass(made, Submits)
        assert (Capability.PUSH in made.manifest.capabilities) == issubclass(made, Receives)

    @KINDS
    def test_is_described_in_the_docs_with_all_its_settings(self, kind: str) -> None:
        docs = (ROOT / "docs" / "connectors.md").read_text()
        made = connector_type(kind)
        assert f"\n## {made.manifest.name}" in docs
        section = docs.partition(f"\n## {made.manifest.name}")[2].partition("\n## ")[0]
        common = docs.partition("\n## Settings of every source")[2].partition("\n## ")[0]
        for name in made.config_type.model_fields:
            assert f"`{name}`" in section + common, f"the docs of {kind} do not tell of {name}"
        for profile in made.manifest.profiles:
            assert f"`{profile.name}`" in section

    @KINDS
    def test_every_setting_has_a_description(self, kind: str) -> None:
        fields = connector_type(kind).config_type.model_fields
        assert [name for name, about in fields.items() if not about.description] == []

    @KINDS
    def test_has_samples(self, kind: str) -> None:
        assert [sample for sample in samples() if sample.kind == kind]

    @KINDS
    def test_refuses_a_misspelt_setting_by_name(self, kind: str) -> None:
        settings = next(sample.told["settings"] for sample in samples() if sample.kind == kind)
        with pytest.raises(SettingsWrong, match="base_ulr"):
            build(kind, {**settings, "base_ulr": "https://x.test"}, SECRET)

    @SAMPLES
    def test_several_sources_of_one_kind_have_codes_of_their_own(self, sample: Sample) -> None:
        codes = [
            build(sample.kind, sample.told["settings"], SECRET, code=code).declaration().code for code in ("a", "b2")
        ]
        assert codes == ["a", "b2"]


class TestMapping:
    @SAMPLES
    async def test_brings_what_the_sample_says(self, sample: Sample) -> None:
        connector = sample.connector()
        done, aside = mapped(connector, raw_of(await pages_of(connector)))
        latest = {key_of(record): record for record in done}
        assert Counter(type(record).__name__ for record in latest.values()) == sample.told["brings"]
        assert len({str(fault) + str(fault.source_ref) for fault in aside}) == sample.told["sets_aside"]

    @SAMPLES
    async def test_is_pure(self, sample: Sample) -> None:
        connector, other = sample.connector(), sample.connector()
        records = raw_of(await pages_of(connector))
        before = json.dumps([raw.value for raw in records])
        forwards, backwards = mapped(connector, records)[0], mapped(other, records[::-1])[0]
        assert forwards == mapped(connector, records)[0]
        assert sorted(map(repr, forwards)) == sorted(map(repr, backwards))
        assert json.dumps([raw.value for raw in records]) == before

    @SAMPLES
    async def test_every_record_survives_json(self, sample: Sample) -> None:
        connector = sample.connector()
        for record in mapped(connector, raw_of(await pages_of(connector)))[0]:
            again = TypeAdapter(type(record)).validate_json(ANY_RECORD.dump_json(record))
            assert again == record

    @SAMPLES
    async def test_every_raw_record_survives_being_kept_aside(self, sample: Sample) -> None:
        for raw in raw_of(await pages_of(sample.connector())):
            assert Raw.from_text(raw.to_text()) == raw

    @SAMPLES
    async def test_times_carry_a_zone_and_texts_can_be_stored(self, sample: Sample) -> None:
        connector = sample.connector()
        for record in mapped(connector, raw_of(await pages_of(connector)))[0]:
            if isinstance(record, ReportRecord):
                assert record.reported_at.tzinfo is not None
                assert "\0" not in record.text
            if isinstance(record, TicketRecord) and record.submitted_at:
                assert record.submitted_at.tzinfo is not None

    @SAMPLES
    async def test_is_total_over_damaged_records(self, sample: Sample) -> None:
        """Every raw record with members removed, swapped for other types or filled with rubbish maps or cannot be mapped."""
        connector = sample.connector()
        chance = random.Random(20)
        for raw in raw_of(await pages_of(connector)):
            for _ in range(60):
                damaged = Raw(raw.kind, _damaged(json.loads(json.dumps(raw.value)), chance))
                try:
                    records = connector.map(damaged)
                except CannotMap as fault:
                    assert fault.reason
                else:
                    for record in records:
                        ANY_RECORD.dump_json(record)

    @KINDS
    def test_a_record_of_an_unknown_kind_cannot_be_mapped(self, kind: str) -> None:
        sample = next(sample for sample in samples() if sample.kind == kind)
        with pytest.raises(CannotMap):
            sample.connector().map(Raw("nothing of ours", {}))


_RUBBISH: tuple[Any, ...] = (
    None, "", "null", "\0x\ud800", -1, 10**40, 1e308, float("1e-300"), True, [], {}, [[]], {"type": "Point"}, "0", "NaN",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "x" * 5_000,
)  # fmt: skip


def _damaged(value: Any, chance: random.Random) -> Any:
    """One spot of a JSON value, however deep, replaced or removed."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        if chance.random() < 0.15:
            return {name: member for name, member in value.items() if name != key}
        return {**value, key: _damaged(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        return [*value[:place], _damaged(value[place], chance), *value[place + 1 :]]
    return chance.choice(_RUBBISH)


class TestFetch:
    @SAMPLES
    async def test_a_second_fetch_brings_nothing_that_differs(self, sample: Sample) -> None:
        connector = sample.connector()
        if QualityRule.NOTHING_TWICE not in connector.manifest.quality:
            pytest.skip(f"{sample.kind} does not declare {QualityRule.NOTHING_TWICE}")
        first = await pages_of(connector)
        known = {key_of(record): settled(record) for record in mapped(connector, raw_of(first))[0]}
        second = await pages_of(connector, json.loads(json.dumps(_checkpoint(first))))
        for record in mapped(connector, raw_of(second))[0]:
            assert known[key_of(record)] == settled(record)

    @SAMPLES
    async def test_breaking_off_after_any_page_loses_nothing(self, sample: Sample) -> None:
        whole = await pages_of(sample.connector())
        wanted = {key_of(record) for record in mapped(sample.connector(), raw_of(whole))[0]}
        for stop in range(len(whole)):
            connector = sample.connector()
            stored, checkpoint = await _broken_off(connector, stop)
            rest = await pages_of(sample.connector(), checkpoint)
            got = {key_of(record) for record in mapped(connector, stored + raw_of(rest))[0]}
            assert got == wanted, f"lost after page {stop}"

    @SAMPLES
    async def test_the_first_sync_is_marked_as_backfill_and_later_ones_are_not(self, sample: Sample) -> None:
        connector = sample.connector()
        first = await pages_of(connector)
        citizens = [page for page in first if any(_is_citizens(connector, raw) for raw in page.records)]
        assert all(page.backfill for page in citizens)
        later = await pages_of(connector, _checkpoint(first))
        assert not any(page.backfill for page in later)

    @SAMPLES
    async def test_checkpoints_are_small_and_plain(self, sample: Sample) -> None:
        for page in await pages_of(sample.connector()):
            assert len(json.dumps(page.checkpoint)) < 8_000

    @SAMPLES
    @pytest.mark.parametrize(
        "checkpoint", [{}, {"cursors": 3}, {"areas": 7, "etags": []}, {"export": "x"}, {"reports_read_at": "?"}]
    )
    async def test_a_checkpoint_of_another_version_is_no_obstacle(self, sample: Sample, checkpoint: Any) -> None:
        assert await pages_of(sample.connector(), checkpoint)

    @SAMPLES
    async def test_no_name_of_a_person_leaves_fetch(self, sample: Sample) -> None:
        connector = sample.connector()
        pages = await pages_of(connector)
        kept = json.dumps([[raw.value for raw in page.records] for page in pages] + [page.checkpoint for page in pages])
        for name in sample.told.get("names", ()):
            assert name not in kept
        if sample.told.get("names"):
            keys = {
                record.reporter_key
                for record in mapped(connector, raw_of(pages))[0]
                if isinstance(record, ReportRecord)
            }
            assert len(keys - {None}) == 2, "the same name gives the same key, however it is spaced"


def _checkpoint(pages: list[Any]) -> Any:
    return next((page.checkpoint for page in reversed(pages) if page.checkpoint is not None), None)


async def _broken_off(connector: Any, stop: int) -> tuple[list[Raw], Any]:
    stored: list[Raw] = []
    checkpoint = None
    fetch = connector.fetch(None)
    for _ in range(stop):
        page = await anext(fetch)
        stored += page.records
        checkpoint = page.checkpoint if page.checkpoint is not None else checkpoint
    await fetch.aclose()
    return stored, json.loads(json.dumps(checkpoint))


def _is_citizens(connector: Any, raw: Raw) -> bool:
    return any(isinstance(record, ReportRecord | TicketRecord) for record in mapped(connector, [raw])[0])


_DEEP = b"[" * 200_000
_HOSTILE: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "nothing": (200, b"", {}),
    "no content": (204, b"", {}),
    "an error": (500, b"Internal Server Error", {}),
    "a long wait": (503, b"", {"Retry_After": "99999"}),
    "no entry": (401, b"", {}),
    "gone": (410, b"", {}),
    "too many": (429, b"", {"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "a wait that is no time": (429, b"", {"Retry_After": "soon"}),
    "elsewhere": (301, b"", {"Location": "http://169.254.169.254/"}),
    "a page": (200, b"<!DOCTYPE html><h1>Maintenance</h1>", {"Content_Type": "text/html"}),
    "half": (200, b'{"statusCode":200,"result":{"type":"FeatureColl', {}),
    "a number": (200, b"7", {}),
    "a text": (200, b'"banjir"', {}),
    "null": (200, b"null", {}),
    "an empty object": (200, b"{}", {}),
    "an object of nulls": (200, b'{"result":{"features":[null,7,"x",[],{}]},"features":[null,7]}', {}),
    "a list of rubbish": (200, b'[null,7,"x",[],{}]', {}),
    "a depth": (200, _DEEP, {}),
    "a long depth": (200, _DEEP * 2, {}),
    "not a number": (200, b'{"result":[NaN,Infinity]}', {}),
    "a giant number": (200, b'{"result":[' + b"9" * 9_000 + b"]}", {}),
    "bytes": (200, bytes(range(256)) * 8, {}),
    "UTF-16": (200, '{"result":[]}'.encode("utf-16"), {}),
    "broken gzip": (200, b"\x1f\x8b\x08no", {"Content_Encoding": "gzip"}),
    "an unknown encoding": (200, b"xx", {"Content_Encoding": "br"}),
    "a topology without arcs": (
        200,
        b'{"result":{"type":"Topology","objects":{"output":{"type":"Polygon","arcs":[[5]]}}}}',
        {},
    ),
}


class TestHostileAnswers:
    @SAMPLES
    @pytest.mark.parametrize("what", _HOSTILE)
    async def test_only_errors_of_the_vocabulary_come_out(self, sample: Sample, what: str) -> None:
        status, body, headers = _HOSTILE[what]
        connector = sample.connector(lambda request: answered(status, body, **headers))
        try:
            done, _ = mapped(connector, raw_of(await pages_of(connector)))
        except SourceFailure as failure:
            assert failure.error and str(failure)
            assert failure.retry_after is None or failure.retry_after <= 3_600
        else:
            assert all(not isinstance(record, FloodStatesRecord) or not record.complete for record in done)

    @SAMPLES
    @pytest.mark.parametrize("fault", [httpx.ConnectError("no"), httpx.ReadTimeout("late"), httpx.ReadError("reset")])
    async def test_faults_of_the_network_are_classified(self, sample: Sample, fault: Exception) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            raise fault

        with pytest.raises(SourceFailure) as caught:
            await pages_of(sample.connector(answer))
        assert caught.value.error.name in ("TIMED_OUT", "REFUSED", "BROKEN_OFF")

    @SAMPLES
    async def test_damaged_answers_lose_at_most_what_is_damaged(self, sample: Sample) -> None:
        """Forty answers with a spot of rubbish each: the fetch ends in the vocabulary, and map sorts out the records."""
        for seed in range(40):
            chance = random.Random(seed)

            def answer(request: httpx.Request, chance: random.Random = chance) -> httpx.Response:
                told = sample.told["answers"].get(request.url.path)
                body = told if isinstance(told, str) else json.dumps(_damaged(told, chance))
                return answered(200, body.encode("utf-8", "surrogatepass"))

            connector = sample.connector(answer)
            try:
                mapped(connector, raw_of(await pages_of(connector)))
            except ConnectorError:
                continue
