"""An in-memory Sink for tests of the runner: it keeps the same promises as the hub's store, and remembers all it was told."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.records import (
    MAX_BATCH,
    Batch,
    FloodAreaRecord,
    FloodStatesRecord,
    GaugeRecord,
    Record,
    ReportRecord,
    TicketRecord,
    TopicRecord,
)
from domain.sink import Accepted, Health, Lease, LeaseLost, SourceDeclaration, StoredAside, WantedPhoto


def key_of(record: Record) -> str:
    """What makes two records the same thing."""
    match record:
        case ReportRecord() | FloodAreaRecord() | GaugeRecord():
            return f"{type(record).__name__}:{record.source_ref}"
        case TicketRecord():
            return f"ticket:{record.tracking_id}"
        case TopicRecord():
            return f"topic:{record.ref}"
        case FloodStatesRecord():
            return "states"


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


@dataclass
class MemorySink:
    """Waiting for something to happen in it is `await sink.until(lambda: ...)`: no sleeping in tests."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    created: list[Record] = field(default_factory=list)
    updated: list[Record] = field(default_factory=list)
    aside: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    checkpoints: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    healths: list[Health] = field(default_factory=list)
    declared: list[SourceDeclaration] = field(default_factory=list)
    leases: dict[str, Lease] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    refused: int = 0
    requests: set[str] = field(default_factory=set)
    to_retry: list[StoredAside] = field(default_factory=list)
    photos: dict[int, WantedPhoto] = field(default_factory=dict)
    photo_bytes: dict[int, bytes] = field(default_factory=dict)
    photo_failures: list[tuple[int, bool]] = field(default_factory=list)
    before_accept: Callable[[Batch], None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _token: int = 0

    async def until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        """Waits until something holds; fails the test if it does not in time."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def of(self, source: str, kind: type[Any]) -> dict[str, Any]:
        """A source's records of one kind, by their source's own number."""
        mine = {key: record for (of, key), record in self.records.items() if of == source and isinstance(record, kind)}
        return {key.partition(":")[2]: record for key, record in mine.items()}

    def reports(self, source: str) -> dict[str, Any]:
        return self.of(source, ReportRecord)

    async def declare(self, sources: Sequence[SourceDeclaration]) -> None:
        self.declared = list(sources)

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        now = self.clock()
        held = self.leases.get(name)
        if held is not None and held.holder != holder and held.expires_at > now:
            return None
        if held is None or held.holder != holder or held.expires_at <= now:
            self._token += 1
            held = Lease(name, holder, self._token, now)
        self.leases[name] = Lease(name, holder, held.token, now + timedelta(seconds=seconds))
        self._changed.set()
        return self.leases[name]

    async def release(self, lease: Lease) -> None:
        if self.leases.get(lease.name, lease).token == lease.token:
            self.leases.pop(lease.name, None)
            self.released.append(lease.name)
            self._changed.set()

    def _check(self, lease: Lease) -> None:
        held = self.leases.get(lease.name)
        if held is None or held.token != lease.token or held.expires_at <= self.clock():
            self.refused += 1
            self._changed.set()
            raise LeaseLost(lease.name)

    async def checkpoint(self, source: str) -> Mapping[str, Any] | None:
        return self.checkpoints.get(source)

    async def accept(self, batch: Batch, lease: Lease) -> Accepted:
        assert len(batch.records) <= MAX_BATCH
        if self.before_accept is not None:
            self.before_accept(batch)
        await asyncio.sleep(0)
        self._check(lease)
        counts = {"created": 0, "updated": 0, "unchanged": 0}
        for record in batch.records:
            counts[self._put(batch.source, record)] += 1
        for aside in batch.set_aside:
            self.aside[batch.source, digest_of(aside.raw)] = (aside.reason, aside.raw)
        for key in batch.remapped:
            self.aside.pop((batch.source, key), None)
        if batch.checkpoint is not None:
            self.checkpoints[batch.source] = batch.checkpoint
        self.batches.append(batch)
        self._changed.set()
        return Accepted(**counts, set_aside=len(batch.set_aside))

    def _put(self, source: str, record: Record) -> str:
        key = (source, key_of(record))
        before = self.records.get(key)
        self.records[key] = record
        if before is None:
            self.created.append(record)
            return "created"
        if before == record:
            return "unchanged"
        self.updated.append(record)
        return "updated"

    async def health(self, health: Health, lease: Lease) -> None:
        self._check(lease)
        self.healths.append(health)
        self._changed.set()

    async def take_sync_requests(self, source: str) -> bool:
        asked = source in self.requests
        self.requests.discard(source)
        return asked

    async def wanted_photos(self, source: str, limit: int) -> Sequence[WantedPhoto]:
        return [photo for photo in self.photos.values() if photo.source == source][:limit]

    async def photo_arrived(self, photo: WantedPhoto, data: bytes) -> None:
        self.photo_bytes[photo.key] = data
        self.photos.pop(photo.key)
        self._changed.set()

    async def photo_failed(self, photo: WantedPhoto, *, final: bool) -> None:
        self.photo_failures.append((photo.key, final))
        self.photos.pop(photo.key)
        self._changed.set()

    async def aside_to_retry(self, source: str, limit: int) -> Sequence[StoredAside]:
        found = [aside for aside in self.to_retry if aside.source == source][:limit]
        self.to_retry = [aside for aside in self.to_retry if aside not in found]
        return found
