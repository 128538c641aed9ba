import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from signal import SIGINT, SIGTERM
from typing import Any

import httpx
import pytest

from demo import lapor, peta_jakarta_v3, qlue
from demo.city import City
from demo.clock import Clock
from demo.faults import HUGE_BYTES, DemoServer, Fault
from demo.serving import serve, serve_in_thread

START = datetime(2026, 2, 20, 10, 0, tzinfo=UTC)
FEED = "/qluein_marker_level1.php?category=ic_2flod"


@pytest.fixture
def app() -> DemoServer:
    return qlue.app(City(7, START, clock=Clock(START + timedelta(minutes=40), 0)))


@pytest.fixture
async def base(app: DemoServer) -> AsyncIterator[str]:
    async with serve(app) as address:
        yield address


@pytest.fixture
async def client(base: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base, timeout=5) as made:
        yield made


async def test_a_server_comes_and_goes_within_the_running_loop(app: DemoServer) -> None:
    async with serve(app) as base, httpx.AsyncClient() as client:
        assert (await client.get(base + FEED)).status_code == 200
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(base + FEED)


@pytest.mark.alone
async def test_leaving_does_not_wait_for_a_client_that_keeps_its_connection(app: DemoServer) -> None:
    async with httpx.AsyncClient() as client:
        async with serve(app) as base:
            await client.get(base + FEED)
            began = time.monotonic()
        assert time.monotonic() - began < 1


async def test_leaving_does_not_wait_for_a_request_that_hangs(app: DemoServer) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        async with serve(app) as base:
            app.faults.set("hang")
            waiting = asyncio.create_task(client.get(base + FEED))
            await app.faults.until_requests(1)
        with pytest.raises(httpx.TransportError):
            await waiting


def test_a_server_can_run_in_a_thread(app: DemoServer) -> None:
    with serve_in_thread(app) as base:
        assert httpx.get(base + FEED).status_code == 200


async def test_a_taken_port_is_an_os_error(app: DemoServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            async with serve(app, port=taken.getsockname()[1]):
                pass


class TestFaults:
    async def test_stopped_resets_the_connection(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        app.faults.set("stopped")
        with pytest.raises(httpx.TransportError):
            await client.get(FEED)

    async def test_hang_never_answers(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        app.faults.set("hang")
        with pytest.raises(httpx.ReadTimeout):
            await client.get(FEED, timeout=0.2)

    async def test_500(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        app.faults.set("500")
        assert (await client.get(FEED)).status_code == 500

    async def test_html_comes_with_200(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        app.faults.set("html")
        answer = await client.get(FEED)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.text.startswith("<!DOCTYPE html>")

    async def test_half_breaks_off_in_the_middle(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        whole = (await client.get(FEED)).content
        app.faults.set("half")
        got = b""
        with pytest.raises(httpx.TransportError):
            async with client.stream("GET", FEED) as answer:
                assert answer.status_code == 200
                async for chunk in answer.aiter_raw():
                    got += chunk
        assert 0 < len(got) < len(whole)
        assert whole.startswith(got)

    async def test_huge_is_huge_and_can_be_left(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        app.faults.set("huge")
        got = 0
        async with client.stream("GET", FEED) as answer:
            assert answer.headers["content-type"].startswith("application/json")
            async for chunk in answer.aiter_raw():
                got += len(chunk)
                if got > 5_000_000:
                    break
        assert got > 5_000_000
        assert HUGE_BYTES == 200 * 1024 * 1024
        app.faults.clear()
        assert (await client.get(FEED)).status_code == 200

    async def test_slow_is_true_and_takes_its_time(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        whole = (await client.get(FEED)).content
        app.faults.set("slow", 0.3)
        began = time.monotonic()
        assert (await client.get(FEED)).content == whole
        assert time.monotonic() - began > 0.25

    async def test_a_lost_answer_is_lost_after_the_deed(self) -> None:
        city = City(7, START, clock=Clock(START, 0))
        app = lapor.app(city)
        before = len(city.tickets())
        async with serve(app) as base, httpx.AsyncClient() as client:
            app.faults.set("answer_lost")
            body = f'<lapor token="{lapor.TOKEN}"><laporan rahasia="0" anonim="1"><isi>Banjir</isi></laporan></lapor>'
            with pytest.raises(httpx.TransportError):
                await client.post(
                    f"{base}/api/stream/addstream", content=body, headers={"content-type": "text/xml; charset=UTF8"}
                )
        assert len(city.tickets()) == before + 1

    async def test_a_fault_ends_for_those_who_hang_in_it(self, app: DemoServer, client: httpx.AsyncClient) -> None:
        app.faults.set("hang")
        waiting = asyncio.create_task(client.get(FEED))
        await app.faults.until_requests(1)
        app.faults.clear()
        with pytest.raises(httpx.TransportError):
            await waiting
        assert (await client.get(FEED)).status_code == 200

    @pytest.mark.parametrize("fault", list(Fault))
    async def test_the_switch_works_over_http_during_every_fault(
        self, app: DemoServer, client: httpx.AsyncClient, fault: Fault
    ) -> None:
        assert (await client.post("/_control", json={"fault": fault.value})).json()["fault"] == fault.value
        assert app.faults.current is fault
        assert (await client.post("/_control", json={"fault": "none"})).json()["fault"] == "none"
        assert (await client.get(FEED)).status_code == 200

    async def test_an_unknown_fault_is_refused_with_the_known_ones(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/_control", json={"fault": "tired"})
        assert answer.status_code == 400
        assert "answer_lost" in answer.json()["faults"]


class TestCommand:
    """`python -m demo`, as `make run` starts it."""

    @contextlib.asynccontextmanager
    async def running(self, *further: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "demo", "--port-base", "0", *further,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            yield process, json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def test_ready_line_first_answers_and_end_with_the_parent(self) -> None:
        async with (
            self.running("--speed", "20", "--until-stdin-closes") as (process, told),
            httpx.AsyncClient() as client,
        ):
            reports = await client.get(f"{told['peta_jakarta_v3']}/reports?geoformat=geojson")
            dates = [each["properties"]["created_at"] for each in reports.json()["result"]["features"]]
            assert max(map(datetime.fromisoformat, dates)) > datetime.fromisoformat(told["start"]), (
                "ten minutes of the story are over already: how much they bring is the start's chance"
            )
            states = await client.get(f"{told['peta_jakarta_v3']}/floods/states")
            assert states.json()["result"], "some areas are in flood from the start"
            assert (
                await client.get(f"{told['peta_jakarta_v2']}/banjir/data/api/v2/reports/confirmed")
            ).status_code == 200
            assert (await client.get(told["qlue"] + FEED)).json()
            topics = await client.post(
                f"{told['lapor']}/api/services/f01/gettopics", headers={"KEYTOKEN": told["lapor_keytoken"]}
            )
            assert topics.json()
            assert process.stdin is not None
            process.stdin.close()
            assert await asyncio.wait_for(process.wait(), 10) == 0

    async def test_a_restart_with_the_same_start_goes_on_with_the_same_story(self) -> None:
        """The hub keeps its data over a restart; nothing may come to it twice under another number."""
        async with httpx.AsyncClient() as client:

            async def posts(told: dict[str, Any]) -> dict[int, str]:
                found = (await client.get(f"{told['qlue']}/qluein_marker_level1.php")).json()
                return {post["post_id"]: post["post_title"] for post in found}

            async with self.running("--speed", "5") as (_, told):
                before = await posts(told)
            async with self.running("--speed", "5", "--start", told["start"]) as (_, again):
                assert before.items() <= (await posts(again)).items()

    @pytest.mark.parametrize("number", [SIGINT, SIGTERM])
    async def test_ends_cleanly_on_a_signal(self, number: int) -> None:
        async with self.running() as (process, _):
            process.send_signal(number)
            _, errors = await asyncio.wait_for(process.communicate(), 10)
            assert (process.returncode, errors) == (0, b"")

    async def test_a_taken_port_is_told_in_one_line(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "demo", "--port-base", str(taken.getsockname()[1]),
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            _, errors = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 1
        assert errors.decode().count("\n") == 1
        assert "cannot listen" in errors.decode()


async def test_peta_jakarta_drops_what_hangs_too() -> None:
    """The servers share one switch; one of them is enough to show that it is wired into each."""
    app = peta_jakarta_v3.app(City(7, START, clock=Clock(START, 0)))
    async with serve(app) as base, httpx.AsyncClient() as client:
        app.faults.set("database")
        answer = await client.get(f"{base}/reports")
        assert (answer.status_code, answer.json()) == (500, {"status": 500, "message": "Internal Server Error"})
