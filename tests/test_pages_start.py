"""The pages in a real browser against a running hub: what a person sees there, and that nothing else happens."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Route,
    WebSocket,
    WebSocketRoute,
    expect,
)

from tests.browser import AXE, chromium

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) { report { code } userErrors { code message path } }
}
"""
KAMPUNG_MELAYU = {"latitude": -6.2246, "longitude": 106.864}
WAIT_MS = 15_000
"""For the slowest machine; what is waited for comes within a second."""


class RunningHub(Protocol):
    """A hub that serves at `url`."""

    url: str

    def token(self, role: str) -> str:
        """A token to be somebody of this role."""


class Watched:
    """A page, and what it did that it should not."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.misdeeds: list[str] = []
        self.frames_sent: list[str] = []
        self._host = urlsplit(origin).netloc
        page.on("console", self._spoke)
        page.on("pageerror", lambda error: self.misdeeds.append(f"error: {error}"))
        page.on("request", self._asked)
        page.on("websocket", self._connected)

    def _spoke(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.misdeeds.append(f"console {message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        self._reached(request.url)

    def _connected(self, socket: WebSocket) -> None:
        self._reached(socket.url)
        socket.on("framesent", lambda frame: self.frames_sent.append(str(frame)))

    def _reached(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.misdeeds.append(f"left the origin: {url}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@asynccontextmanager
async def visit(browser: Browser, hub: RunningHub, path: str, **context: Any) -> AsyncIterator[Watched]:
    """Open a page in a browser that has never been here; afterwards it must have done no wrong."""
    visitor: BrowserContext = await browser.new_context(**context)
    try:
        page = await visitor.new_page()
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        watched = Watched(page, hub.url)
        await page.goto(hub.url.rstrip("/") + path)
        yield watched
        assert watched.misdeeds == []
    finally:
        await visitor.close()


async def submit(hub: RunningHub, text: str) -> str:
    """Submit a report as somebody anonymous; return its code."""
    report = {
        "text": text,
        "category": "flood",
        "location": KAMPUNG_MELAYU,
        "idempotencyKey": secrets.token_urlsafe(18),
    }
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            hub.url.rstrip("/") + "/graphql", json={"query": SUBMIT, "variables": {"input": report}}
        )
    payload = answer.json()["data"]["submitReport"]
    assert payload["userErrors"] == []
    code: str = payload["report"]["code"]
    return code


async def serious_violations(page: Page) -> list[str]:
    """What axe-core holds against a page, of what keeps people out."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']} ({violation['nodes'][0]['html'][:200]})"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def live(page: Page) -> Any:
    """The sign that the page hears of what happens."""
    return page.locator('[data-connection="live"]')


async def sources_of(hub: RunningHub) -> list[dict[str, str]]:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(hub.url.rstrip("/") + "/graphql", json={"query": "{ sources { code name state } }"})
    sources: list[dict[str, str]] = answer.json()["data"]["sources"]
    return sources


# The start page


async def test_each_source_is_shown_with_its_state_in_words(browser: Browser, shared_hub: RunningHub) -> None:
    words = {"UP": "Lancar", "DEGRADED": "Tersendat", "DOWN": "Terputus", "DISABLED": "Dimatikan"}
    async with visit(browser, shared_hub, "/") as watched:
        cards = watched.page.locator("[data-source]")
        await expect(cards).to_have_count(len(await sources_of(shared_hub)))
        for source in await sources_of(shared_hub):
            card = watched.page.locator(f'[data-source="{source["code"]}"]')
            await expect(card).to_contain_text(source["name"])
            state = await card.get_attribute("data-state")
            await expect(card).to_contain_text(words[state or ""])


async def test_a_new_report_waits_until_it_is_asked_for_and_moves_nothing(
    browser: Browser, shared_hub: RunningHub
) -> None:
    await submit(shared_hub, "Sudah ada sebelum halaman dibuka.")
    async with visit(browser, shared_hub, "/") as watched:
        page = watched.page
        await expect(live(page)).to_be_visible()
        first = page.locator("article").first
        before = (await first.inner_text(), await first.bounding_box())
        code = await submit(shared_hub, "Air naik lagi di depan pasar.")
        button = page.get_by_role("button", name="laporan baru")
        await expect(button).to_be_visible()
        assert (await first.inner_text()).splitlines()[0] == before[0].splitlines()[0]
        assert await first.bounding_box() == before[1]
        await button.click()
        await expect(page.locator(f'[data-report="{code}"]')).to_contain_text("Air naik lagi di depan pasar.")


async def test_a_cut_connection_is_told_and_what_came_meanwhile_follows(
    browser: Browser, shared_hub: RunningHub
) -> None:
    visitor = await browser.new_context()
    page = await visitor.new_page()
    expect.set_options(timeout=WAIT_MS)
    await page.goto(shared_hub.url)
    await expect(live(page)).to_be_visible()
    await visitor.set_offline(True)
    await expect(page.locator('[data-connection="offline"]')).to_be_visible()
    code = await submit(shared_hub, "Terkirim saat halaman terputus.")
    await visitor.set_offline(False)
    await expect(live(page)).to_be_visible()
    await page.get_by_role("button", name="laporan baru").click()
    await expect(page.locator(f'[data-report="{code}"]')).to_have_count(1)
    await visitor.close()


async def test_english_is_one_press_away_and_remembered(browser: Browser, shared_hub: RunningHub) -> None:
    async with visit(browser, shared_hub, "/") as watched:
        page = watched.page
        await expect(page.get_by_role("heading", level=1)).to_have_text("Satu pintu untuk laporan warga Jakarta")
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("One door to Jakarta's citizen reports")
        await page.reload()
        await expect(page.get_by_role("heading", name="Newest reports")).to_be_visible()
        assert await page.evaluate("document.documentElement.lang") == "en"


async def test_the_keyboard_shows_new_reports_and_walks_through_them(browser: Browser, shared_hub: RunningHub) -> None:
    async with visit(browser, shared_hub, "/") as watched:
        page = watched.page
        await expect(live(page)).to_be_visible()
        code = await submit(shared_hub, "Untuk dibuka dengan papan ketik.")
        await expect(page.get_by_role("button", name="laporan baru")).to_be_visible()
        await page.keyboard.press("b")
        await expect(page.locator(f'[data-report="{code}"]')).to_be_visible()
        await page.keyboard.press("j")
        await expect(page.locator("article").first).to_be_focused()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.get_by_role("button", name="Tutup").press("Enter")
        await expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_nobody_is_kept_out_by_how_the_start_page_is_made(
    browser: Browser, shared_hub: RunningHub, scheme: str, width: int
) -> None:
    await submit(shared_hub, "Supaya ada yang diperiksa.")
    size = {"width": width, "height": 800}
    async with visit(browser, shared_hub, "/", color_scheme=scheme, viewport=size) as watched:
        page = watched.page
        await expect(page.locator("article").first).to_be_visible()
        assert await serious_violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        small = await page.evaluate(
            """() => [...document.querySelectorAll("button, .button, .brand")]
                .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 42)
                .map((e) => e.outerHTML)"""
        )
        assert small == []


@pytest.mark.parametrize("width", [360, 441, 1280])
async def test_nothing_shifts_while_the_page_loads(browser: Browser, shared_hub: RunningHub, width: int) -> None:
    """On a network where the typeface and what the hub answers come after the first words stand there."""
    context = await browser.new_context(viewport={"width": width, "height": 800})
    try:
        page = await context.new_page()
        expect.set_options(timeout=WAIT_MS)
        typeface, answers = await hold_typeface(page), await hold_answers(page)
        await page.goto(shared_hub.url, wait_until="commit")
        await expect(page.locator('[data-connection="connecting"]')).to_be_visible()
        await page.evaluate(PAINTED)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        answers.set()
        await expect(live(page)).to_be_visible()
        async with page.expect_event("requestfinished", lambda request: request.url.endswith(".woff2")):
            typeface.set()
        await page.evaluate("document.fonts.ready")
        await page.evaluate(PAINTED)
        assert await page.evaluate(SHIFTS) == []
    finally:
        await context.close()


PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
SHIFTS = """() => new Promise((done) => {
    const moved = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
        moved.push(entry.sources.map(({ node }) => node?.className ?? node?.nodeName))
    )).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => setTimeout(() => done(moved)));
})"""
"""What moved while the page loaded, by its class, a list for each time."""


async def hold_typeface(page: Page) -> asyncio.Event:
    """No typeface reaches the page before the event is set."""
    free = asyncio.Event()

    async def later(route: Route) -> None:
        await free.wait()
        await route.continue_()

    await page.route("**/*.woff2", later)
    return free


async def hold_answers(page: Page) -> asyncio.Event:
    """Nothing that the hub says over the socket reaches the page before the event is set."""
    free = asyncio.Event()

    def between(socket: WebSocketRoute) -> None:
        hub = socket.connect_to_server()

        async def pass_on(message: str | bytes) -> None:
            await free.wait()
            socket.send(message)

        hub.on_message(pass_on)

    await page.route_web_socket("**/*", between)
    return free


@pytest.mark.parametrize("path", ["/", "/graphiql"])
async def test_a_strict_policy_comes_with_every_page(browser: Browser, shared_hub: RunningHub, path: str) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.get(shared_hub.url.rstrip("/") + path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


# GraphiQL


async def open_example(page: Page, key: str) -> None:
    await expect(page.locator(".graphiql-query-editor .view-lines")).to_contain_text("reports")
    await page.locator(f'[data-example="{key}"]').click()


async def run(page: Page) -> None:
    await page.locator(".graphiql-execute-button").click()


def response(page: Page) -> Any:
    return page.locator(".graphiql-response .view-lines")


async def test_graphiql_runs_a_saved_query(browser: Browser, shared_hub: RunningHub) -> None:
    async with visit(browser, shared_hub, "/graphiql") as watched:
        await open_example(watched.page, "sources")
        await run(watched.page)
        await expect(response(watched.page)).to_contain_text("lastSuccessAt")
        await expect(response(watched.page)).not_to_contain_text('"errors"')


async def test_graphiql_runs_a_saved_subscription(browser: Browser, shared_hub: RunningHub) -> None:
    async with visit(browser, shared_hub, "/graphiql") as watched:
        await open_example(watched.page, "subscribe-sources")
        await run(watched.page)
        await expect(response(watched.page)).to_contain_text("recordCount")
        await expect(response(watched.page)).not_to_contain_text('"errors"')


async def test_graphiql_shows_the_token_over_http_and_over_sockets(browser: Browser, shared_hub: RunningHub) -> None:
    token = shared_hub.token("dispatcher")
    async with visit(browser, shared_hub, "/graphiql") as watched:
        page = watched.page
        await open_example(page, "viewer")
        await page.get_by_label("Token masuk").fill(token)
        await page.get_by_role("button", name="Pakai token").click()
        await expect(page.get_by_text("Tab ini memakai token.")).to_be_visible()
        await run(page)
        await expect(response(page)).to_contain_text("DISPATCHER")
        await page.locator('[data-example="subscribe-sources"]').click()
        await run(page)
        await expect(response(page)).to_contain_text("recordCount")
        init = next(frame for frame in watched.frames_sent if "connection_init" in frame)
        assert json.loads(init)["payload"]["Authorization"] == f"Bearer {token}"


async def test_nobody_is_kept_out_by_our_part_of_graphiql(browser: Browser, shared_hub: RunningHub) -> None:
    async with visit(browser, shared_hub, "/graphiql") as watched:
        await expect(watched.page.locator(".graphiql-query-editor .view-lines")).to_contain_text("reports")
        await watched.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await watched.page.evaluate("axe.run('.examples', {resultTypes: ['violations']})")
        assert [v["id"] for v in found["violations"] if v["impact"] in ("serious", "critical")] == []
