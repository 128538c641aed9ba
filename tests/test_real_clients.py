"""The clients that frontends use, against a real hub: cut off, restarted, left behind, and what they know in the end.

One evening is played once for all of them (web/test/live/clients.ts): a network that breaks, a hub that restarts, a
reader that stalls, a token that runs out. Each test then looks at what one client was told.
"""

import asyncio
import json
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.browser import node
from tests.cutting_proxy import CuttingProxy, proxy_to
from tests.running import ROOT, RunningHub
from tests.test_commands import command

pytestmark = [pytest.mark.slow(seconds=35), pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

SUBMIT = "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { userErrors { message } } }"
MANGGARAI = {"latitude": -6.2088, "longitude": 106.8501}
PATIENCE = 60
HELPED = [
    "graphql-ws and resume",
    "graphql-sse and resume",
    "Apollo over graphql-ws and resume",
    "Apollo over graphql-sse and resume",
    "urql over graphql-ws and resume",
    "urql over event streams and resume",
]
RENEWED = ["graphql-ws, renewed", "graphql-sse, renewed"]
ALONE = ["graphql-ws alone", "graphql-sse alone", "Apollo alone", "urql alone"]
WITHOUT_AFTER = "graphql-ws alone, without after"
OVER_SOCKETS = [name for name in [*HELPED, *ALONE] if "sse" not in name and "streams" not in name]
LONG = "x" * 4_000
LAGS = "a subscriber lags behind: closed with 1013"


class Evening:
    """What happens, and what each client has told of it so far."""

    def __init__(self, hub: RunningHub, proxy: CuttingProxy) -> None:
        self.hub = hub
        self.proxy = proxy
        self.submitted: list[str] = []
        self.got: dict[str, list[str]] = defaultdict(list)
        self.closed: dict[str, list[int]] = defaultdict(list)
        self.told: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._changed = asyncio.Condition()
        self.missed: list[str] = []

    async def listen(self, lines: asyncio.StreamReader) -> None:
        while line := await lines.readline():
            message = json.loads(line)
            client = message.pop("client")
            async with self._changed:
                self.told[client].append(message)
                if "got" in message:
                    self.got[client].append(message["got"].partition(" ")[0])
                if "closed" in message:
                    self.closed[client].append(message["closed"])
                self._changed.notify_all()

    async def until(self, what: str, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"waited in vain until {what}: {dict(self.got)} {dict(self.closed)}") from None

    async def submit(self, count: int, more: str = "") -> list[str]:
        names = [f"laporan-{len(self.submitted) + number}" for number in range(count)]
        async with httpx.AsyncClient(timeout=60) as client:
            for name in names:
                given = {"text": f"{name} {more}", "category": "flood", "location": MANGGARAI}
                answer = await client.post(
                    f"{self.hub.url}/graphql", json={"query": SUBMIT, "variables": {"input": given}}
                )
                assert answer.json()["data"]["submitReport"] == {"userErrors": []}, answer.text
                self.submitted.append(name)
        return names

    async def all_know(self) -> None:
        """Waits until everybody who is to miss nothing has all that was submitted."""
        for client in [*HELPED, *RENEWED, *ALONE]:
            await self.until(f"{client} knows all", lambda c=client: set(self.got[c]) >= set(self.submitted))  # type: ignore[misc]

    async def the_one_without_after_listens(self) -> None:
        """It says nothing of itself when it is subscribed again: so until it tells of something that is new."""
        while True:
            (name,) = await self.submit(1)
            try:
                async with asyncio.timeout(1), self._changed:
                    await self._changed.wait_for(lambda n=name: n in self.got[WITHOUT_AFTER])  # type: ignore[misc]
                return
            except TimeoutError:
                continue

    async def play(self) -> None:
        await self.the_one_without_after_listens()
        await self.all_know()

        self.proxy.cut()
        self.missed = await self.submit(3)
        self.proxy.mend()
        await self.all_know()
        await self.the_one_without_after_listens()
        await self.submit(3)
        await self.all_know()

        await asyncio.to_thread(self.hub.stop)
        await asyncio.to_thread(self.hub.start)
        await self.submit(3)
        await self.all_know()

        self.proxy.stall()
        before = self.hub.log.count(LAGS)
        while self.hub.log.count(LAGS) < before + len(OVER_SOCKETS):
            assert len(self.submitted) < 400, "the hub notices nobody who lags behind"
            await self.submit(5, LONG)
        self.proxy.flow()
        for client in OVER_SOCKETS:
            await self.until(f"{client} was told that it lags", lambda c=client: 1013 in self.closed[c])  # type: ignore[misc]
        await self.submit(3)
        await self.all_know()


@asynccontextmanager
async def clients(given: dict[str, Any], evening: Evening) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(node(), "--import", "./test/live/typescript-hooks.mjs", "test/live/clients.ts", json.dumps(given)),
        cwd=ROOT / "web",
        stdout=subprocess.PIPE,
        limit=1_000_000,
    )
    assert process.stdout is not None
    listening = asyncio.create_task(evening.listen(process.stdout))
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


def short_token(folder: Path) -> str:
    return command(folder, "token", "--role", "citizen", "--hours", "0.04").stdout.strip()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def evening(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evening]:
    folder = tmp_path_factory.mktemp("evening") / "data"
    folder.mkdir()
    settings = {
        "SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "100000",
        "SIMPUL_LOG_LEVEL": "info",
        "SIMPUL_LAG_SECONDS": "1",
        "SIMPUL_LAG_BYTES": "4096",
        "SIMPUL_EXPIRY_WARNING_SECONDS": "600",
    }
    hub = RunningHub(folder, settings).start()
    async with proxy_to(hub.port) as proxy:
        evening = Evening(hub, proxy)
        given = {
            "origin": f"127.0.0.1:{proxy.port}",
            "after": hub.data("{ logCursor }")["logCursor"],
            "tokens": [short_token(folder), hub.token("citizen")],
        }
        async with clients(given, evening):
            await evening.play()
        yield evening
    hub.stop()


@pytest.mark.parametrize("client", [*HELPED, *RENEWED])
async def test_with_resume_each_gets_everything_once_and_in_order(evening: Evening, client: str) -> None:
    assert evening.got[client] == evening.submitted
    assert not [each for each in evening.told[client] if "failed" in each]


@pytest.mark.parametrize("client", [*HELPED, *ALONE])
async def test_each_was_cut_off_restarted_and_left_behind(evening: Evening, client: str) -> None:
    """Else the evening proves nothing."""
    if client in OVER_SOCKETS:
        assert {1006, 1012, 1013} <= set(evening.closed[client])
    if client in HELPED:
        assert [each.get("state") for each in evening.told[client]].count("waiting") >= 3


@pytest.mark.parametrize("client", ALONE)
async def test_alone_with_after_each_misses_nothing_but_is_told_all_of_it_again(evening: Evening, client: str) -> None:
    """As the guide says: the first payload is sent again, so whoever relies on that has to know what he had."""
    got = evening.got[client]
    assert list(dict.fromkeys(got)) == evening.submitted
    assert got.count(evening.submitted[0]) >= 3


async def test_alone_without_after_one_misses_what_happened_meanwhile(evening: Evening) -> None:
    assert not set(evening.missed) & set(evening.got[WITHOUT_AFTER])


@pytest.mark.parametrize("client", RENEWED)
async def test_a_token_that_runs_out_is_told_in_time_to_be_renewed(evening: Evening, client: str) -> None:
    (seconds,) = [each["expiring"] for each in evening.told[client] if "expiring" in each]
    assert 0 < seconds <= 0.04 * 3_600
    assert 4403 not in evening.closed[client]


async def test_what_apollo_asks_for_by_itself_over_http_is_refused_in_words(evening: Evening) -> None:
    (refusal,) = evening.told["Apollo over its HttpLink"]
    assert "406" in refusal["failed"] or "text/event-stream" in refusal["failed"]
