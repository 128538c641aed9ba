"""From pages to batches: maps raw records a few at a time, keeps aside what cannot be mapped, stores with the checkpoint."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connectors.base import Connector, Page, Raw
from connectors.config import SourceConfig
from connectors.errors import CannotMap
from domain.records import JSON, MAX_BATCH, Batch, Record, SetAside
from domain.sink import Accepted, Lease, Sink, StoredAside

logger = logging.getLogger(__name__)

MAX_RAW = 64 * 1024
"""Characters kept of a raw record that cannot be mapped; one that was longer cannot be tried again."""

_SLICE_SECONDS = 0.005
_GRACE_SECONDS = 5.0
T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T], grace: float = _GRACE_SECONDS) -> T:
    """Awaits work that should not be cut in the middle: a cancellation waits for its end, but not longer than `grace`."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        _, unfinished = await asyncio.wait([task], timeout=grace)
        for late in unfinished:
            late.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        if isinstance(outcome, Exception):
            logger.info("a batch failed while its source was being stopped", exc_info=outcome)
        raise


@dataclass(slots=True)
class Counts:
    """What a source's runs have brought since the process started; read by whoever publishes metrics."""

    pages: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    set_aside: int = 0
    internal_errors: int = 0

    def add(self, accepted: Accepted) -> None:
        """Counts one stored batch."""
        self.created += accepted.created
        self.updated += accepted.updated
        self.unchanged += accepted.unchanged
        self.set_aside += accepted.set_aside


@dataclass(slots=True)
class _Mapped:
    records: list[Record] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)

    @property
    def size(self) -> int:
        return max(len(self.records), len(self.aside))


class Intake:
    """Takes in what one connector brings."""

    def __init__(self, connector: Connector[SourceConfig], sink: Sink, grace: float = _GRACE_SECONDS) -> None:
        self._connector = connector
        self._sink = sink
        self._grace = grace
        self.counts = Counts()

    async def run(self, lease: Lease) -> int:
        """One whole fetch, page by page; the next page is asked for when the last one is stored. Gives the pages stored."""
        stored = 0
        checkpoint = await self._sink.checkpoint(self._connector.code)
        async with aclosing(self._connector.fetch(checkpoint)) as pages:
            async for page in pages:
                await self.take(page, lease)
                stored += 1
        return stored

    async def take(self, page: Page, lease: Lease) -> Accepted:
        """Maps and stores one page. Its checkpoint goes with the last batch, so that a break in between loses nothing."""
        total = Accepted()
        batches = await self._batches(page)
        for place, mapped in enumerate(batches):
            last = place == len(batches) - 1
            batch = self._batch(mapped, page.checkpoint if last else None, page.backfill)
            if batch.records or batch.set_aside or batch.checkpoint is not None:
                total = _sum(total, await to_its_end(self._sink.accept(batch, lease), self._grace))
        self.counts.pages += 1
        self.counts.add(total)
        return total

    async def retry(self, stored: Sequence[StoredAside], lease: Lease) -> None:
        """Tries records again that were kept aside; those that can be mapped now leave that place."""
        for aside in stored:
            mapped = _Mapped()
            try:
                raw = Raw.from_text(aside.raw)
            except ValueError:
                mapped.aside.append(SetAside(None, "too large to have been kept whole", aside.raw))
            else:
                self._map_into(mapped, raw)
            remapped = () if mapped.aside else (aside.key,)
            batch = Batch(self._connector.code, mapped.records, mapped.aside, remapped=remapped)
            self.counts.add(await to_its_end(self._sink.accept(batch, lease), self._grace))

    def _batch(self, mapped: _Mapped, checkpoint: Mapping[str, JSON] | None, backfill: bool) -> Batch:
        return Batch(self._connector.code, mapped.records, mapped.aside, checkpoint, backfill)

    async def _batches(self, page: Page) -> list[_Mapped]:
        """At least one, since a page may bring a checkpoint alone. Other tasks get their turn every few milliseconds."""
        batches = [_Mapped()]
        begun = time.perf_counter()
        for raw in page.records:
            one = _Mapped()
            self._map_into(one, raw)
            for start in range(0, max(one.size, 1), MAX_BATCH):
                _append(batches, one.records[start : start + MAX_BATCH], one.aside[start : start + MAX_BATCH])
            if time.perf_counter() - begun > _SLICE_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()
        return batches

    def _map_into(self, mapped: _Mapped, raw: Raw) -> None:
        try:
            mapped.records.extend(self._connector.map(raw))
        except CannotMap as fault:
            mapped.aside.append(SetAside(fault.source_ref, fault.reason, kept(raw)))
        except Exception:  # a fault of ours in map must not keep back the source's other records
            self.counts.internal_errors += 1
            logger.exception("map failed", extra={"source": self._connector.code, "kind": raw.kind})
            mapped.aside.append(SetAside(None, "the connector failed on this record; see the log", kept(raw)))


def kept(raw: Raw) -> str:
    """The text of a raw record as it is kept aside, bounded."""
    text = raw.to_text()
    return text if len(text) <= MAX_RAW else text[:MAX_RAW]


def _append(batches: list[_Mapped], records: list[Record], aside: list[SetAside]) -> None:
    last = batches[-1]
    if len(last.records) + len(records) > MAX_BATCH or len(last.aside) + len(aside) > MAX_BATCH:
        last = _Mapped()
        batches.append(last)
    last.records += records
    last.aside += aside


def _sum(a: Accepted, b: Accepted) -> Accepted:
    return Accepted(a.created + b.created, a.updated + b.updated, a.unchanged + b.unchanged, a.set_aside + b.set_aside)
