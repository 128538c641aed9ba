"""The outbox with LAPOR's own connector and the demonstration's LAPOR, at its best and at its worst."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from connectors.base import Submits
from connectors.registry import build
from demo import lapor
from demo.city import City
from demo.clock import Clock
from demo.faults import DemoServer, Fault
from demo.serving import serve
from domain.areas import AreaMap
from domain.time import DAY
from storage import tables
from storage.handovers.writing import begin_forwarding
from storage.store import Store
from storage.writing.transaction import NOBODY
from tests.connector_samples import SECRET
from tests.forwarding_hub import CONTACT, Hub, forwarding_hub
from worker.loops import Worker


@dataclass
class Demo:
    """The demonstration's LAPOR, and the hub that sends to it."""

    hub: Hub
    city: City
    app: DemoServer

    def at(self, url: str) -> None:
        """Where the hub is told that LAPOR is."""
        made = build("lapor", {"base_url": url, "token": lapor.TOKEN}, SECRET)
        assert isinstance(made, Submits)
        self.hub.forwarders["lapor"] = made


@pytest.fixture
async def demo(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Demo]:
    start = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
    city = City(7, start, clock=Clock(start.replace(hour=11), speed=0))
    async with forwarding_hub(store, area_map, tmp_path) as hub:
        yield Demo(hub, city, lapor.app(city))


async def test_a_report_arrives_and_comes_back_with_its_tracking_id(demo: Demo) -> None:
    async with serve(demo.app) as url:
        demo.at(url)
        forwarding = await demo.hub.queue(CONTACT, confidential=True)
        for _ in range(3):
            await demo.hub.outbox().round()
    [ticket] = demo.city.received.tickets
    row = await demo.hub.forwarding(forwarding)
    assert (row.state, row.external_ref) == ("SENT", str(ticket.number))
    assert (ticket.secret, ticket.anonymous) == (True, False)
    assert ticket.text.splitlines() == [
        "Banjir selutut",
        "Lokasi: Kampung Melayu, Jatinegara, Kota Administrasi Jakarta Timur",
        "Koordinat: -6.218150, 106.863070",
        f"Ref: {row.reference}",
    ]


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.ERROR, Fault.HALF, Fault.HTML, Fault.STOPPED])
async def test_an_answer_that_tells_nothing_leaves_it_unknown_for_good(demo: Demo, fault: Fault) -> None:
    async with serve(demo.app) as url:
        demo.at(url)
        demo.app.faults.set(fault)
        forwarding = await demo.hub.queue()
        await demo.hub.outbox().round()
        demo.app.faults.clear()
        demo.hub.ahead = 2 * DAY
        await demo.hub.outbox().round()
        asked = demo.app.faults.requests
    assert asked == 1
    assert await demo.hub.outcome(forwarding) == ("UNKNOWN", 0)
    assert len(demo.city.received.tickets) == (1 if fault in (Fault.ANSWER_LOST, Fault.HALF) else 0)


async def test_a_server_that_is_down_gets_it_once_it_is_back(demo: Demo) -> None:
    async with serve(lapor.app(demo.city)) as gone:
        pass
    demo.at(gone)
    forwarding = await demo.hub.queue()
    await demo.hub.outbox().round()
    assert await demo.hub.outcome(forwarding) == ("QUEUED", 1)
    async with serve(demo.app) as url:
        demo.at(url)
        demo.hub.ahead = DAY
        await demo.hub.outbox().round()
    assert await demo.hub.outcome(forwarding) == ("SENT", 0)
    assert len(demo.city.received.tickets) == 1


async def test_a_wrong_token_is_a_failure_that_says_so(demo: Demo) -> None:
    async with serve(lapor.app(demo.city, token="another")) as url:
        demo.at(url)
        forwarding = await demo.hub.queue()
        await demo.hub.outbox().round()
    assert await demo.hub.outcome(forwarding) == ("FAILED", 0)
    error = (await demo.hub.forwarding(forwarding)).last_error
    assert "Token tidak dikenal" in error and lapor.TOKEN not in error


async def test_the_worker_sends_what_it_is_woken_for_and_never_again_what_was_lost(demo: Demo) -> None:
    async with serve(demo.app) as url:
        demo.at(url)
        demo.app.faults.set(Fault.ANSWER_LOST)
        worker = Worker(demo.hub.work, "here")
        await worker.start()
        lost = await demo.hub.queue()
        worker.wake()
        await _settled(demo.hub, lost)
        demo.app.faults.clear()
        sent = await demo.hub.queue()
        worker.wake()
        await _settled(demo.hub, sent)
        await worker.stop()
    assert [(await demo.hub.forwarding(each)).state for each in (lost, sent)] == ["UNKNOWN", "SENT"]
    assert demo.app.faults.requests == len(demo.city.received.tickets) == 2


async def test_a_request_that_hangs_when_the_worker_stops_is_unknown(demo: Demo) -> None:
    async with serve(demo.app) as url:
        demo.at(url)
        demo.app.faults.set(Fault.HANG)
        worker = Worker(demo.hub.work, "here")
        await worker.start()
        forwarding = await demo.hub.queue()
        worker.wake()
        await demo.app.faults.until_requests(1)
        await worker.stop()
    assert await demo.hub.outcome(forwarding) == ("UNKNOWN", 0)
    assert "stopped" in (await demo.hub.forwarding(forwarding)).last_error


async def test_a_report_that_was_given_up_may_be_handed_on_anew(demo: Demo) -> None:
    async with serve(demo.app) as url:
        demo.at(url)
        row = await demo.hub.forwarding(await demo.hub.queue())
        failed = update(tables.forwardings).values(state="FAILED")
        await demo.hub.change(lambda tx: tx.conn.execute(failed))
        again = await demo.hub.change(
            lambda tx: begin_forwarding(tx, row.report_id, row.source_id, actor=NOBODY, note=None),
            f"report:{row.report_id}",
        )
        await demo.hub.outbox().round()
    assert await demo.hub.outcome(again) == ("SENT", 0)
    [ticket] = demo.city.received.tickets
    assert row.reference not in ticket.text


async def _settled(hub: Hub, forwarding: int) -> None:
    """Waits for the log to tell that it is not queued any more."""
    async with asyncio.timeout(20):
        seq = hub.store.bell.seq
        while (await hub.forwarding(forwarding)).state == "QUEUED":
            seq = await hub.store.bell.wait_beyond(seq)
