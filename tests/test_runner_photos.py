"""Photos of a source's reports: few at a time, bounded, and never from inside the hub's own network."""

import asyncio
from typing import Any

import httpx
import pytest

from connectors.addresses import ForbiddenAddress, checked_address, is_public, resolve
from connectors.config import SourceConfig
from connectors.photos import PhotoFetcher
from connectors.registry import build
from connectors.schedule import Policy
from domain.sink import WantedPhoto
from tests.connector_samples import SECRET, answered
from tests.memory_sink import MemorySink
from tests.raw_server import head, raw_server, saying

PUBLIC = "http://93.184.216.34"
JPEG = b"\xff\xd8\xff" + b"x" * 100


class TestAddresses:
    @pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
    async def test_public_ones(self, address: str) -> None:
        assert is_public((await resolve(address))[0])

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ],
    )
    async def test_inner_ones(self, address: str) -> None:
        assert not is_public((await resolve(address))[0])
        with pytest.raises(ForbiddenAddress):
            bracketed = f"[{address}]" if ":" in address else address
            await checked_address(f"http://{bracketed}/x.jpg", "https://93.184.216.34")

    @pytest.mark.parametrize(
        "url", ["file:///etc/passwd", "ftp://93.184.216.34/x", "gopher://x", "//x", "http://", "http://[::1", "x"]
    )
    async def test_only_web_addresses(self, url: str) -> None:
        with pytest.raises(ForbiddenAddress):
            await checked_address(url, "http://127.0.0.1")

    async def test_a_private_source_may_show_photos_of_its_own_host_but_of_no_other(self) -> None:
        assert await checked_address("http://127.0.0.1:9000/1.jpg", "http://127.0.0.1:8000") == "127.0.0.1"
        with pytest.raises(ForbiddenAddress):
            await checked_address("http://10.0.0.5/1.jpg", "http://127.0.0.1:8000")
        with pytest.raises(ForbiddenAddress):
            await checked_address("http://127.0.0.1/1.jpg", "")

    async def test_a_name_that_leads_inside_is_refused(self) -> None:
        with pytest.raises(ForbiddenAddress):
            await checked_address("http://localhost/1.jpg", "https://93.184.216.34")


def fetcher(sink: MemorySink, transport: httpx.AsyncBaseTransport | None, *, at_once: int = 4, **settings: Any) -> Any:
    policy = Policy(photo_megabytes=0.01)
    told = {"base_url": "http://127.0.0.1:1", "profile": "feed", **settings}
    connector = build("qlue", told, SECRET, transport=transport)
    return PhotoFetcher(connector, sink, policy, asyncio.Semaphore(at_once))


def wanted(sink: MemorySink, *urls: str, attempts: int = 0) -> None:
    for key, url in enumerate(urls):
        sink.photos[key] = WantedPhoto(key, "qlue", url, attempts)


async def outcome(url: str, answer: Any, attempts: int = 0) -> bool | bytes:
    """The photo's bytes, or whether it was given up for good."""
    sink = MemorySink()
    wanted(sink, url, attempts=attempts)
    await fetcher(sink, httpx.MockTransport(answer)).fetch_wanted()
    return sink.photo_bytes[0] if sink.photo_bytes else sink.photo_failures[0][1]


class TestFetching:
    async def test_a_photo_arrives(self) -> None:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return answered(200, JPEG)

        assert await outcome(f"{PUBLIC}:8080/a.jpg?x=1", answer) == JPEG
        assert seen[0].headers["Host"] == "93.184.216.34:8080"

    async def test_the_checked_address_is_connected_to_under_the_name_it_was_told_by(self) -> None:
        async with raw_server(saying(head("200 OK", f"Content-Length: {len(JPEG)}"), JPEG)) as url:
            sink = MemorySink()
            wanted(sink, url.replace("127.0.0.1", "localhost") + "/a.jpg")
            await fetcher(sink, None, base_url=url).fetch_wanted()
        assert sink.photo_bytes == {0: JPEG}

    async def test_an_address_inside_is_never_asked(self) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            raise AssertionError("nothing may be asked")

        assert await outcome("http://169.254.169.254/latest/meta-data", answer) is True

    async def test_a_redirect_is_followed_within_the_rules(self) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            return answered(200, JPEG) if request.url.path == "/b.jpg" else answered(302, Location="/b.jpg")

        assert await outcome(f"{PUBLIC}/a.jpg", answer) == JPEG

    @pytest.mark.parametrize(
        "target", ["http://127.0.0.2/x", "http://169.254.169.254/", "file:///etc/passwd", "/a.jpg"]
    )
    async def test_a_redirect_inwards_or_in_a_circle_is_given_up(self, target: str) -> None:
        assert await outcome(f"{PUBLIC}/a.jpg", lambda request: answered(302, Location=target)) is True

    @pytest.mark.parametrize(
        ("status", "body", "final"),
        [
            (404, b"", True),
            (410, b"", True),
            (200, b"<html>", True),
            (200, b"", True),
            (200, b"x" * 10_001, True),
            (500, b"", False),
            (429, b"", True),
            (403, b"", False),
        ],
    )
    async def test_what_is_given_up_and_what_is_tried_again(self, status: int, body: bytes, final: bool) -> None:
        headers = {"Retry_After": "5"} if status == 429 else {}
        told = await outcome(f"{PUBLIC}/a.jpg", lambda request: answered(status, body, **headers))
        assert told is (final and not headers)

    async def test_the_last_attempt_is_final(self) -> None:
        assert await outcome(f"{PUBLIC}/a.jpg", lambda request: answered(500), attempts=7) is True

    async def test_few_at_a_time(self) -> None:
        now = most = 0

        async def answer(request: httpx.Request) -> httpx.Response:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            now -= 1
            return answered(200, JPEG)

        sink = MemorySink()
        wanted(sink, *(f"{PUBLIC}/{number}.jpg" for number in range(12)))
        assert await fetcher(sink, httpx.MockTransport(answer), at_once=3).fetch_wanted() == 12
        assert len(sink.photo_bytes) == 12
        assert most == 3


def test_the_base_config_is_a_source_config() -> None:
    assert issubclass(type(build("qlue", {"base_url": PUBLIC}, SECRET).config), SourceConfig)
