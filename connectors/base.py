"""The contract between an outside system's connector and the runner that drives it.

A connector writes only *fetch* (what the source says now, in pages, from a checkpoint) and *map* (one raw record into
records of the hub). When to fetch, how long to wait, what to do about failures, where records and checkpoints are kept:
that is the runner's, once for all. What a connector may raise is drawn in connectors/errors.py.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import httpx
from pydantic import SecretBytes

from connectors.config import SourceConfig
from connectors.http import HttpClient
from connectors.manifest import Capability, Manifest
from domain.records import JSON, Record
from domain.sink import SourceDeclaration, Submission, Submitted


def utc_now() -> datetime:
    """The clock on the wall, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as the source tells it, or as fetch has cut it out: a kind of the connector's own and a JSON value."""

    kind: str
    value: JSON

    def to_text(self) -> str:
        """As it is kept when it cannot be mapped: ASCII, so that any store takes it."""
        return json.dumps({"kind": self.kind, "value": self.value}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "Raw":
        """Reads what `to_text` wrote. Raises ValueError for anything else (a record too large was kept cut off)."""
        value = json.loads(text)
        if not (isinstance(value, dict) and isinstance(value.get("kind"), str) and "value" in value):
            raise ValueError("not a raw record")
        return cls(value["kind"], value["value"])


@dataclass(frozen=True, slots=True)
class Page:
    """Some raw records and the checkpoint that holds once they are stored; None leaves the checkpoint as it is.

    `backfill` marks what was there before the hub knew the source: it is stored without alarming anybody.
    """

    records: Sequence[Raw]
    checkpoint: Mapping[str, JSON] | None = None
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Which source a connector is: its code and name, and the secret under which people's names are hashed."""

    code: str
    name: str
    secret: SecretBytes


ConfigT_co = TypeVar("ConfigT_co", bound=SourceConfig, covariant=True)


class Connector(ABC, Generic[ConfigT_co]):
    """One source. Built by connectors/registry.py; `transport` and `clock` take the place of the world in tests."""

    manifest: ClassVar[Manifest]
    config_type: ClassVar[type[SourceConfig]]

    def __init__(
        self,
        identity: Identity,
        config: ConfigT_co,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.identity = identity
        self.config = config
        self.transport = transport
        self.clock = clock
        self.http = HttpClient(config, transport)

    @property
    def code(self) -> str:
        """The source's code, under which everything it brings is kept."""
        return self.identity.code

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this source, configured as it is, can do: at most what its manifest declares."""
        return self.manifest.profile(self.config.profile).capabilities

    @property
    def polls(self) -> bool:
        """Whether there is anything to fetch."""
        return bool(self.capabilities - {Capability.SUBMIT, Capability.PUSH})

    def declaration(self) -> SourceDeclaration:
        """What is known of the source before it is ever asked."""
        profile = self.manifest.profile(self.config.profile)
        return SourceDeclaration(
            code=self.code,
            name=self.identity.name,
            kind=self.manifest.kind,
            profile=profile.name,
            reconstructed=profile.reconstructed,
            licence=self.manifest.licence,
            poll_seconds=self.config.poll_seconds,
            enabled=self.config.enabled,
        )

    @abstractmethod
    def fetch(self, checkpoint: Mapping[str, JSON] | None) -> AsyncGenerator[Page, None]:
        """What the source says now, from a checkpoint (None: never read before).

        The next page is asked for only after the last one and its checkpoint are stored. Raises SourceFailure.
        """

    @abstractmethod
    def map(self, raw: Raw) -> Sequence[Record]:
        """One raw record in the hub's terms; an empty answer leaves it out on purpose. Pure. Raises CannotMap."""

    async def aclose(self) -> None:
        """Gives back connections."""
        await self.http.aclose()


@runtime_checkable
class Submits(Protocol):
    """A connector that hands reports on to its system (`Capability.SUBMIT`): the `Forwarder` of domain/sink.py."""

    async def submit(self, submission: Submission) -> Submitted:
        """Sends it once. Raises SubmissionRefused, SubmissionUnavailable or SubmissionUnknown, nothing else."""


@runtime_checkable
class Receives(Protocol):
    """A connector whose system pushes to us (`Capability.PUSH`)."""

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Raw]:
        """Checks a pushed body and cuts it into raw records. Raises NotAuthorised or PushRefused. Header names in small letters."""
