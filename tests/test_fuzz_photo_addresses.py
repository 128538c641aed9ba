"""Addresses of photos as sources tell them, and where those redirect to: each is fetched or given up, and none stops the others."""

import asyncio

import httpx
import pytest
from hypothesis import strategies as st

from connectors.addresses import ForbiddenAddress, checked_address
from connectors.photos import PhotoFetcher
from connectors.registry import build
from connectors.schedule import Policy
from domain.sink import WantedPhoto
from tests.connector_samples import SECRET, answered
from tests.fuzzing import NASTY_TEXTS, drawn
from tests.memory_sink import MemorySink

PUBLIC = "http://93.184.216.34"
SOUND = f"{PUBLIC}/sound.jpg"
SETTINGS = {"base_url": "http://10.9.9.9:1", "profile": "feed"}

ODD = [
    "http://a..b/x.jpg",
    f"http://{'a' * 64}.id/x.jpg",
    "http://xn--/x.jpg",
    "http://[v1.x]/x.jpg",
    "http://[::1%25eth0]/x.jpg",
    "http://0x7f000001/x.jpg",
    "http://2130706433/x.jpg",
    "http://127.1/x.jpg",
    "http://user:word@127.0.0.1/x.jpg",
    "http://127.0.0.1#@93.184.216.34/x.jpg",
    "http://93.184.216.34:99999/x.jpg",
    "http://93.184.216.34\\@127.0.0.1/x.jpg",
    "http://１２７.0.0.1/x.jpg",
    "http:///x.jpg",
    "https:93.184.216.34",
    "http://\u202e/x.jpg",
    "http://93.184.216.34/\r\nHost: inner/x.jpg",
]
"""Addresses that programs have read in different ways, or stumbled over."""


def hosts() -> st.SearchStrategy[str]:
    letters = st.text("ab.-:[]%@0127x\u00e9\u3002\uff11", min_size=1, max_size=20)
    return letters.map(lambda text: f"http://{text}.invalid/x.jpg")


async def fetched(told: str, redirect: str | None = None) -> list[str]:
    """Has two photos fetched, one at a told address and one sound. Gives what was asked for of all but the sound one."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/sound.jpg":
            return answered(200, b"\xff\xd8\xff")
        asked.append(request.url.host)
        return answered(302, Location=redirect) if redirect is not None else answered(200, b"\xff\xd8\xff")

    connector = build("qlue", SETTINGS, SECRET, transport=httpx.MockTransport(answer))
    sink = MemorySink()
    for key, url in enumerate((told, SOUND)):
        sink.photos[key] = WantedPhoto(key, "qlue", url, 0)
    await PhotoFetcher(connector, sink, Policy(), asyncio.Semaphore(2)).fetch_wanted()
    assert 1 in sink.photo_bytes, f"{told!r} stopped another photo"
    await connector.aclose()
    return asked


@pytest.mark.parametrize("address", ODD)
async def test_an_odd_address_stops_no_other_photo_and_leads_nowhere_inside(address: str) -> None:
    for host in await fetched(address):
        assert host == "93.184.216.34"


@pytest.mark.parametrize("address", [told for told in (*ODD, *NASTY_TEXTS) if told.isprintable() and told.isascii()])
async def test_an_odd_redirect_stops_no_other_photo_and_leads_nowhere_inside(address: str) -> None:
    for host in await fetched(f"{PUBLIC}/moved.jpg", address):
        assert host == "93.184.216.34"


async def test_hosts_of_any_letters_are_looked_up_or_refused() -> None:
    for url in drawn(hosts(), 60):
        with pytest.raises((ForbiddenAddress, OSError)):
            await checked_address(url, "http://10.9.9.9:1")
