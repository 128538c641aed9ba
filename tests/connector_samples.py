"""The samples in connectors/*/samples: what a source answers by path, and what a connector must make of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from connectors.base import Connector, Page, Raw
from connectors.config import SourceConfig
from connectors.errors import CannotMap
from connectors.registry import build, kinds
from domain.records import Record

ROOT = Path(__file__).parent.parent
SECRET = b"a secret of the tests' own, long enough"

Answer = Callable[[httpx.Request], httpx.Response]


def answered(status: int = 200, body: bytes = b"", **headers: str) -> httpx.Response:
    """An answer that is streamed, as one from the network is; `Retry_After="3"` is a header."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=told, stream=httpx.ByteStream(body))


@dataclass(frozen=True)
class Sample:
    kind: str
    name: str
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"

    def answer(self, request: httpx.Request) -> httpx.Response:
        """As the source answers: its own body for its path, without a content type, as caches do."""
        body = self.body(request)
        return answered(404) if body is None else answered(200, body)

    def body(self, request: httpx.Request) -> bytes | None:
        told = self.told["answers"].get(request.url.path)
        if told is None:
            return None
        return told.encode() if isinstance(told, str) else json.dumps(told).encode()

    def connector(self, answer: Answer | None = None) -> Connector[SourceConfig]:
        now = datetime.fromisoformat(self.told["now"])
        transport = httpx.MockTransport(answer or self.answer)
        return build(self.kind, self.told["settings"], SECRET, transport=transport, clock=lambda: now)


def samples() -> list[Sample]:
    found = []
    for kind in kinds():
        for path in sorted((ROOT / "connectors" / kind / "samples").glob("*.json")):
            found.append(Sample(kind, path.stem, json.loads(path.read_text())))
    return found


async def pages_of(connector: Connector[SourceConfig], checkpoint: Any = None) -> list[Page]:
    return [page async for page in connector.fetch(checkpoint)]


def mapped(connector: Connector[SourceConfig], records: list[Raw]) -> tuple[list[Record], list[CannotMap]]:
    done: list[Record] = []
    aside: list[CannotMap] = []
    for raw in records:
        try:
            done.extend(connector.map(raw))
        except CannotMap as fault:
            aside.append(fault)
    return done, aside


def raw_of(pages: list[Page]) -> list[Raw]:
    return [raw for page in pages for raw in page.records]
