"""Each outside server stopped, hung, answering 500, HTML, half a body, 200 MB: told within the poll interval, and mended by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.registry import build
from connectors.runner import Runner
from connectors.schedule import Policy
from demo import lapor, peta_jakarta_v2, peta_jakarta_v3, qlue
from demo.city import City
from demo.clock import Clock
from demo.faults import DemoServer, Fault
from demo.serving import serve
from domain.sink import SourceError, WantedPhoto
from domain.vocabulary import SourceState
from tests.connector_samples import SECRET
from tests.memory_sink import MemorySink

START = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
POLICY = Policy(backoff_seconds=0.01, refused_seconds=0.05, request_poll_seconds=0.02)
LIMITS = {
    "poll_seconds": 0.1,
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 0.5,
    "timeout_seconds": 2,
    "max_megabytes": 1,
}

SOURCES: dict[str, tuple[str, Callable[[City], DemoServer], dict[str, Any]]] = {
    "v3": ("peta_jakarta", peta_jakarta_v3.app, {"backfill_days": 0, "areas_max_megabytes": 1}),
    "v2": ("peta_jakarta", peta_jakarta_v2.app, {"profile": "v2"}),
    "qlue": ("qlue", qlue.app, {}),
    "lapor": ("lapor", lapor.app, {"profile": "csv", "export_max_megabytes": 1}),
}
EXPECTED = {
    Fault.STOPPED: SourceError.BROKEN_OFF,
    Fault.HANG: SourceError.TIMED_OUT,
    Fault.ERROR: SourceError.SERVER_ERROR,
    Fault.HTML: SourceError.NOT_UNDERSTOOD,
    Fault.HALF: SourceError.BROKEN_OFF,
    Fault.HUGE: SourceError.TOO_LARGE,
}


def _settings(name: str, url: str) -> dict[str, Any]:
    own = SOURCES[name][2]
    where = {"lapor": {"export": f"{url}/export/tickets.csv"}, "v2": {"base_url": f"{url}/banjir/data/api/v2"}}
    return {**LIMITS, **own, **where.get(name, {"base_url": url})}


@pytest.mark.parametrize("fault", EXPECTED)
@pytest.mark.parametrize("name", SOURCES)
async def test_a_fault_is_told_and_its_end_is_noticed(name: str, fault: Fault) -> None:
    kind, make, _ = SOURCES[name]
    clock = Clock(START + timedelta(minutes=60), speed=1)
    app = make(City(7, START, clock=clock))
    sink = MemorySink()
    async with serve(app) as url:
        source = build(kind, _settings(name, url), SECRET, clock=clock.now)
        runner = Runner([source], sink, policy=POLICY)
        await runner.start()
        try:
            await sink.until(lambda: any(health.state is SourceState.UP for health in sink.healths))
            brought = len(sink.records)
            assert brought > 10
            app.faults.set(fault)
            await sink.until(lambda: not sink.healths[-1].succeeded, 15)
            await sink.until(lambda: sink.healths[-1].error is EXPECTED[fault], 15)
            assert len(sink.records) >= brought, "what was brought stays"
            app.faults.clear()
            await sink.until(lambda: sink.healths[-1].state is SourceState.UP, 15)
        finally:
            await runner.stop()
    assert sink.aside == {}


async def test_a_server_that_is_really_gone_is_refused_and_comes_back_under_its_address() -> None:
    clock = Clock(START + timedelta(minutes=60), speed=1)
    city = City(7, START, clock=clock)
    sink = MemorySink()
    async with serve(qlue.app(city)) as url:
        port = int(url.rpartition(":")[2])
        runner = Runner([build("qlue", _settings("qlue", url), SECRET, clock=clock.now)], sink, policy=POLICY)
        await runner.start()
        await sink.until(lambda: bool(sink.healths) and sink.healths[-1].succeeded)
    try:
        await sink.until(lambda: sink.healths[-1].state is SourceState.DOWN, 15)
        assert sink.healths[-1].error is SourceError.REFUSED
        async with serve(qlue.app(city), port=port):
            await sink.until(lambda: sink.healths[-1].state is SourceState.UP, 15)
    finally:
        await runner.stop()


async def test_photos_of_the_city_arrive() -> None:
    clock = Clock(START + timedelta(minutes=60), speed=1)
    sink = MemorySink()
    async with serve(qlue.app(City(7, START, clock=clock))) as url:
        # The first one is drawn slowly: all that draws is loaded for it.
        patient = {**_settings("qlue", url), "read_timeout_seconds": 10, "timeout_seconds": 20}
        runner = Runner([build("qlue", patient, SECRET, clock=clock.now)], sink, policy=POLICY)
        await runner.start()
        try:
            await sink.until(lambda: bool(sink.reports("qlue")))
            addresses = [address for report in sink.reports("qlue").values() for address in report.photo_urls][:3]
            for key, address in enumerate(addresses):
                sink.photos[key] = WantedPhoto(key, "qlue", address, 0)
            runner.wake("qlue")
            await sink.until(lambda: len(sink.photo_bytes) == 3, 10)
        finally:
            await runner.stop()
    assert all(data[:2] == b"\xff\xd8" for data in sink.photo_bytes.values())
