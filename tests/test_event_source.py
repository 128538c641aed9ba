"""A browser's own EventSource on the hub: it is cut off, comes back by itself with its Last-Event-ID, and misses nothing."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser import chromium
from tests.cutting_proxy import CuttingProxy, proxy_to
from tests.running import RunningHub

pytestmark = [pytest.mark.slow(seconds=15), pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

SUBMIT = "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { userErrors { message } } }"
MANGGARAI = {"latitude": -6.2088, "longitude": 106.8501}
FOLLOW = """
(query) => {
  window.got = [];
  const source = new EventSource("/graphql?query=" + query);
  source.addEventListener("next", (event) => {
    const { data, errors } = JSON.parse(event.data);
    window.got.push(errors ? errors[0].extensions.code : data.newReports.report.text);
  });
  source.addEventListener("complete", () => { window.got.push("complete"); source.close(); });
}
"""
GOT = """
(count) => new Promise((told) => {
  const look = () => (window.got.length >= count ? told(window.got) : setTimeout(look, 20));
  look();
})
"""
PATIENCE = 40


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        yield await browser.new_page()


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(shared_hub: RunningHub) -> AsyncIterator[CuttingProxy]:
    async with proxy_to(shared_hub.port) as proxy:
        yield proxy


async def submit(hub: RunningHub, *texts: str) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        for text in texts:
            given = {"text": text, "category": "flood", "location": MANGGARAI}
            answer = await client.post(f"{hub.url}/graphql", json={"query": SUBMIT, "variables": {"input": given}})
            assert answer.json()["data"]["submitReport"] == {"userErrors": []}


async def begin(page: Page, proxy: CuttingProxy, hub: RunningHub, more: str = "") -> None:
    """Opens a stream behind the log's present end."""
    cursor = hub.data("{ logCursor }")["logCursor"]
    query = f'subscription {{ newReports(after: "{cursor}" {more}) {{ report {{ text }} }} }}'
    await page.goto(f"http://127.0.0.1:{proxy.port}/")
    await page.evaluate(FOLLOW, quote(query))


async def got(page: Page, count: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        told: list[str] = await page.evaluate(GOT, count)
    return told


async def test_cut_off_it_goes_on_where_it_broke_off(page: Page, proxy: CuttingProxy, shared_hub: RunningHub) -> None:
    await begin(page, proxy, shared_hub)
    await submit(shared_hub, "satu", "dua")
    assert await got(page, 2) == ["satu", "dua"]
    proxy.cut()
    await submit(shared_hub, "tiga", "empat")
    proxy.mend()
    await submit(shared_hub, "lima")
    assert await got(page, 5) == ["satu", "dua", "tiga", "empat", "lima"]


async def test_while_nothing_of_it_happens_it_moves_on_with_the_log(
    page: Page, proxy: CuttingProxy, shared_hub: RunningHub
) -> None:
    """A lone id is no event to the page, but the browser comes back with it: days later it is not too old."""
    await begin(page, proxy, shared_hub, 'filter: {categories: ["traffic_jam"]}')
    await submit(shared_hub, "bukan kemacetan")
    head = shared_hub.data("{ logCursor }")["logCursor"].encode()
    async with asyncio.timeout(PATIENCE):
        while b"\nid: " + head + b"\n" not in proxy.said:  # noqa: ASYNC110  the proxy does not tell what passes
            await asyncio.sleep(0.02)
    proxy.cut()
    proxy.asked.clear()
    proxy.mend()
    async with asyncio.timeout(PATIENCE):
        while not any(b"newReports" in asked for asked in proxy.asked):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    (asked,) = [asked for asked in proxy.asked if b"newReports" in asked]
    assert b"Last-Event-ID: " + head + b"\r\n" in asked
    assert await got(page, 0) == []


async def test_a_restarted_hub_goes_on_too(page: Page, proxy: CuttingProxy, shared_hub: RunningHub) -> None:
    await begin(page, proxy, shared_hub)
    await submit(shared_hub, "sebelum")
    assert await got(page, 1) == ["sebelum"]
    await asyncio.to_thread(shared_hub.stop)
    await asyncio.to_thread(shared_hub.start)
    await submit(shared_hub, "sesudah")
    assert await got(page, 2) == ["sebelum", "sesudah"]


async def test_a_refusal_ends_it_instead_of_asking_for_ever(
    page: Page, proxy: CuttingProxy, shared_hub: RunningHub
) -> None:
    await page.goto(f"http://127.0.0.1:{proxy.port}/")
    await page.evaluate(FOLLOW, quote('subscription { newReports(after: "no cursor") { id } }'))
    assert await got(page, 2) == ["INVALID_CURSOR", "complete"]
