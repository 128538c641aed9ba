"""Outside systems that are away, stuck or broken: queries go on being answered, `sources` tells, and it mends by itself."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from demo import lapor, peta_jakarta_v3, qlue
from demo.city import City
from demo.faults import DemoServer
from demo.serving import serve
from tests.running import RunningHub
from tests.subscribers import Subscriber

T = TypeVar("T")

POLL_SECONDS = 1.0
TIME_LIMIT = 2.0
"""What a source is given to answer; every query must be answered before that."""
MARGIN = 1.5
"""What a run, writing down how it went and asking for that may take on a busy machine."""

PAUSE = 0.03
"""Seconds from one query to the next: without it queries would keep both cores from what is asked about."""

CODES = ("peta_jakarta", "qlue", "lapor")
QUERY = "{ reports(first: 5) { nodes { code text } } sources { code state lastError lastSuccessAt } }"
WATCH = "subscription { sources { code state lastError } }"


class OutsideWorld:
    """The city's servers in a thread of their own; each can have a fault, or be gone, and come back under its address."""

    def __init__(self) -> None:
        city = City(3, datetime.now(UTC) - timedelta(minutes=20))
        made = (peta_jakarta_v3.app(city), qlue.app(city), lapor.app(city))
        self.servers: dict[str, DemoServer] = dict(zip(CODES, made, strict=True))
        self.urls: dict[str, str] = {}
        self._running: dict[str, AsyncExitStack] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="outside world")
        self._thread.start()
        for code in CODES:
            self._do(self._start(code))

    def _do(self, work: Coroutine[Any, Any, T], seconds: float = 30) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    async def _start(self, code: str) -> None:
        port = int(self.urls[code].rpartition(":")[2]) if code in self.urls else 0
        self._running[code] = AsyncExitStack()
        self.urls[code] = await self._running[code].enter_async_context(serve(self.servers[code], port=port))

    async def _set(self, code: str, fault: str) -> None:
        if fault == "stopped":
            await self._running.pop(code).aclose()
        else:
            self.servers[code].faults.set(fault)

    async def _recover(self, code: str) -> None:
        if code in self._running:
            self.servers[code].faults.clear()
        else:
            await self._start(code)

    def set(self, code: str, fault: str) -> None:
        """From now on this server has this fault."""
        self._do(self._set(code, fault))

    def recover(self, code: str) -> None:
        """From now on it is well."""
        self._do(self._recover(code))

    def until_asked(self, code: str, seconds: float) -> None:
        """Waits until the hub's next request has reached this server."""
        faults = self.servers[code].faults
        self._do(faults.until_requests(faults.requests + 1), seconds)

    def close(self) -> None:
        """Stops all of them."""
        for running in self._running.values():
            self._do(running.aclose())
        self._do(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def world() -> Iterator[OutsideWorld]:
    made = OutsideWorld()
    yield made
    made.close()


@pytest.fixture(scope="module")
def hub(world: OutsideWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    running = RunningHub(
        folder, {"SIMPUL_CONFIG": str(write_configuration(folder, world.urls)), "SIMPUL_COST_PER_SECOND": "1000000"}
    ).start()
    try:
        until_all_brought_something(running)
        yield running
    finally:
        code = running.stop()
    assert code == 0


def write_configuration(folder: Path, urls: dict[str, str]) -> Path:
    own = {
        "peta_jakarta": "backfill_days = 1",
        "qlue": "",
        "lapor": f'profile = "csv"\nexport = "{urls["lapor"]}/export/tickets.csv"',
    }
    limits = f"poll_seconds = {POLL_SECONDS}\nread_timeout_seconds = {TIME_LIMIT}\ntimeout_seconds = {TIME_LIMIT}"
    tables = [f'[sources.{code}]\nbase_url = "{urls[code]}"\n{limits}\n{own[code]}\n' for code in CODES]
    path = folder / "simpul.toml"
    path.write_text("\n".join(tables))
    return path


def until_all_brought_something(hub: RunningHub) -> None:
    """The first sync of each source is over."""
    with Subscriber(hub.socket_url, "subscription { sources { lastSuccessAt } }") as watching:
        while any(source["lastSuccessAt"] is None for source in hub.data(QUERY)["sources"] if source["code"] in CODES):
            watching.next(60)


def asked(hub: RunningHub, code: str) -> dict[str, Any]:
    """A source as a query tells it, which brings reports as well; the answer came before a source's time limit.

    One that took longer is asked again: the machine may have stood still, but not three times in a row.
    """
    took: list[float] = []
    while not took or (took[-1] >= TIME_LIMIT and len(took) < 3):
        begun = time.monotonic()
        told = hub.data(QUERY)
        took.append(time.monotonic() - begun)
        assert told["reports"]["nodes"]
    assert took[-1] < TIME_LIMIT, f"queries took {took} s"
    source: dict[str, Any] = next(each for each in told["sources"] if each["code"] == code)
    return source


def until(hub: RunningHub, code: str, holds: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
    """Asks again and again until a source is as wanted; it must be so within these seconds, of which those in which the
    machine stood still do not count."""
    begun, passed = time.monotonic(), 0.0
    while not holds(source := asked(hub, code)):
        time.sleep(PAUSE)
        begun, last = time.monotonic(), begun
        passed += min(begun - last, 10 * PAUSE)
        assert passed < seconds, f"after {seconds} s {code} was still {source}"
    return source


def is_up(source: dict[str, Any]) -> bool:
    return bool(source["state"] == "UP")


def is_not_up(source: dict[str, Any]) -> bool:
    return not is_up(source)


def next_of(watching: Subscriber, code: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the subscription tells next of a source that is as wanted."""
    while True:
        source: dict[str, Any] = watching.next(10)["sources"]
        if source["code"] == code and holds(source):
            return source


@pytest.mark.slow(seconds=50)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        ("stopped", {"The source refused the connection.", "The source's answer broke off."}),
        ("hang", {"The source did not answer in time."}),
        ("500", {"The source answered that it has an error of its own."}),
        ("html", {"The source's answer could not be understood."}),
        ("half", {"The source's answer broke off."}),
        ("huge", {"The source's answer was larger than the limit."}),
    ],
)
def test_a_fault_is_told_queries_go_on_and_it_mends(
    hub: RunningHub, world: OutsideWorld, code: str, fault: str, errors: set[str]
) -> None:
    """Told within the poll interval, for a server that hangs after its time limit as well; well again within the interval."""
    with Subscriber(hub.socket_url, WATCH) as watching:
        next_of(watching, code, is_up)
        world.set(code, fault)
        try:
            if fault == "hang":
                world.until_asked(code, POLL_SECONDS + MARGIN)
                assert is_up(asked(hub, code)), "asked, and answered, while the source's time limit runs"
            told = until(hub, code, is_not_up, POLL_SECONDS + MARGIN + (TIME_LIMIT if fault == "hang" else 0))
            assert told["lastError"] in errors
            assert next_of(watching, code, is_not_up)["lastError"] in errors
        finally:
            world.recover(code)
        well = until(hub, code, is_up, POLL_SECONDS + MARGIN)
        assert well["lastError"] is None and well["lastSuccessAt"] > told["lastSuccessAt"]
        next_of(watching, code, is_up)


@pytest.mark.slow(seconds=50)
def test_a_source_that_was_given_up_is_asked_again_each_interval(hub: RunningHub, world: OutsideWorld) -> None:
    """The fifth failure in a row opens the circuit breaker; a poll interval later at most it is tried whether it is well."""
    world.set("qlue", "stopped")
    try:
        until(hub, "qlue", lambda source: bool(source["state"] == "DOWN"), 5 * POLL_SECONDS + MARGIN)
    finally:
        world.recover("qlue")
    assert until(hub, "qlue", is_up, POLL_SECONDS + MARGIN)["lastError"] is None


@pytest.mark.slow(seconds=50)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_restart_each_source_is_asked_at_once(hub: RunningHub, number: signal.Signals) -> None:
    """A hub that is stopped gives its leases back, so that nobody has to wait for their end."""
    before = {code: asked(hub, code)["lastSuccessAt"] for code in CODES}
    assert hub.process is not None
    hub.process.send_signal(number)
    assert hub.process.wait(20) == 0
    hub.stop()
    hub.start()
    for code in CODES:
        until(hub, code, partial(_is_later, before[code]), POLL_SECONDS + MARGIN)


def _is_later(than: str, source: dict[str, Any]) -> bool:
    return bool(source["lastSuccessAt"] > than)
