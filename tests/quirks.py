"""Quirks of the outside systems, by name, and the world in which the demo's servers are provoked over real HTTP.

They are those of the systems themselves, as read in their source code or on their pages. A connector that passes
against these servers has met each of them. Tests import the fixtures `shared` and `world` and enlist proofs in a `Quirks`.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from demo import lapor, peta_jakarta_v2, peta_jakarta_v3, qlue
from demo.city import City
from demo.clock import Clock
from demo.lapor import TOKEN
from demo.serving import serve_in_thread

START = datetime(2026, 2, 20, 10, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=70)
V2 = "/banjir/data/api/v2"
GEO = {"geoformat": "geojson"}


@dataclass
class World:
    """One city with its clock, and a client for each of its servers."""

    city: City
    clock: Clock
    v3: httpx.Client
    cached: httpx.Client
    locked: httpx.Client
    v2: httpx.Client
    qlue: httpx.Client
    lapor: httpx.Client

    def features(self, path: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.v3.get(path, params={**GEO, **query}).json()["result"]["features"]
        return found

    def v2_features(self, path: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.v2.get(V2 + path, params=query).json()["features"]
        return found

    def posts(self, category: str = "ic_2flod") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.qlue.get("/qluein_marker_level1.php", params={"category": category}).json()
        return found

    def tickets(self, encoding: str = "utf-8", delimiter: str = ";") -> list[dict[str, str]]:
        answer = self.lapor.get("/export/tickets.csv", params={"encoding": encoding, "delimiter": delimiter})
        text = io.StringIO(answer.content.decode(encoding), newline="")
        return list(csv.DictReader(text, delimiter=delimiter))

    def complain(self, text: str, token: str = TOKEN, flags: str = 'rahasia="0" anonim="0"') -> httpx.Response:
        body = f'<lapor token="{token}"><pelapor/><laporan {flags}><isi>{text}</isi></laporan></lapor>'
        headers = {"content-type": "text/xml; charset=UTF8"}
        return self.lapor.post("/api/stream/addstream", content=body.encode(), headers=headers)

    def hand_in(self, **changes: Any) -> httpx.Response:
        return self.v3.post("/feeds/qlue", json={**post_for_qlue(), **changes})


NUMBERS = iter(range(900_001, 999_999))


def post_for_qlue() -> dict[str, Any]:
    return {
        "post_id": next(NUMBERS),
        "created_at": "2026-02-20T11:05:00Z",
        "text": "Banjir di depan rumah",
        "qlue_city": "jabodetabek",
        "disaster_type": "flood",
        "location": {"lat": -6.21, "lng": 106.86},
    }


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    clock = Clock(NOW, 0)
    city = City(7, START, clock=clock)
    apps = (
        peta_jakarta_v3.app(city),
        peta_jakarta_v3.app(city, cache=True),
        peta_jakarta_v3.app(city, api_key="kunci"),
        peta_jakarta_v2.app(city),
        qlue.app(city),
        lapor.app(city),
    )
    with ExitStack() as stack:
        v3, cached, locked, v2, posts, tickets = (
            stack.enter_context(httpx.Client(base_url=stack.enter_context(serve_in_thread(app)))) for app in apps
        )
        yield World(city, clock, v3, cached, locked, v2, posts, tickets)


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    shared.clock.set(NOW)
    yield shared
    for client in (shared.v3, shared.v2, shared.lapor):
        client.post("/_control", json={"fault": "none"})


Proof = Callable[[World], None]


class Quirks:
    """Proofs by the name of the quirk: `@quirk("what is odd")` enlists one."""

    def __init__(self) -> None:
        self.proofs: list[Any] = []

    def __call__(self, name: str) -> Callable[[Proof], Proof]:
        def enlist(proof: Proof) -> Proof:
            self.proofs.append(pytest.param(proof, id=name))
            return proof

        return enlist
