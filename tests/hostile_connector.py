"""A connector that does everything wrong that a source can do to us: for tests of the runner."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field, SecretBytes

from connectors.base import Connector, Identity, Page, Raw
from connectors.config import SourceConfig
from connectors.errors import CannotMap
from connectors.manifest import Capability, Delivery, Manifest, Profile
from domain.records import JSON, Record, ReportRecord
from domain.vocabulary import SourceKind
from tests.connector_samples import SECRET

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class HostileConfig(SourceConfig):
    """No setting of its own."""

    profile: str = Field("bad", description="The only one.")


def post(number: int, text: str = "banjir", late: int = 0) -> Raw:
    """One good record; `late` in hours."""
    return Raw("post", {"number": number, "text": text, "at": (START - timedelta(hours=late)).isoformat()})


class Hostile(Connector[HostileConfig]):
    """`script` says what each fetch does: a list of pages, exceptions to raise, or functions to await."""

    manifest = Manifest(
        code="hostile",
        name="Hostile",
        kind=SourceKind.CITIZEN_APP,
        owner="nobody",
        licence="none",
        delivery=frozenset({Delivery.POLL}),
        profiles=(Profile("bad", True, "everything wrong", frozenset({Capability.REPORTS})),),
        poll_seconds=0.05,
    )
    config_type = HostileConfig

    def __init__(self, *script: Sequence[Any], code: str = "hostile", **settings: Any) -> None:
        told = {"poll_seconds": 0.05, "base_url": "http://hostile.test", **settings}
        super().__init__(Identity(code, "Hostile", SecretBytes(SECRET)), HostileConfig.model_validate(told))
        self.script = list(script)
        self.fetched = 0
        self.checkpoints: list[Any] = []
        self.closed = False

    async def fetch(self, checkpoint: Mapping[str, JSON] | None) -> AsyncGenerator[Page, None]:
        self.checkpoints.append(checkpoint)
        steps = self.script[min(self.fetched, len(self.script) - 1)]
        self.fetched += 1
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Page):
                yield step
            else:
                await step()

    def map(self, raw: Raw) -> Sequence[Record]:
        match raw.kind:
            case "post":
                return (_report(raw.value["number"], raw.value["text"], raw.value["at"]),)
            case "many":
                return tuple(_report(number, "banyak", START.isoformat()) for number in range(raw.value))
            case "crash":
                raise ZeroDivisionError("a fault of the connector")
            case "slow":
                deadline = asyncio.get_running_loop().time() + 0.001
                while asyncio.get_running_loop().time() < deadline:
                    pass
                return (_report(raw.value, "lambat", START.isoformat()),)
        raise CannotMap("nothing that anybody could read", "x")

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


def _report(number: int, text: str, at: str) -> ReportRecord:
    return ReportRecord(str(number), text, "flood", datetime.fromisoformat(at))


def hangs() -> Callable[[], Any]:
    """A step that never ends."""

    async def wait() -> None:
        await asyncio.Event().wait()

    return wait
