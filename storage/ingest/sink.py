"""The store's end of the connectors' runner: `StoreSink` takes in what they bring, each batch in one transaction.

What becomes of each kind of record is told in reports.py, flood.py and tickets.py; here are the locks, the
lease, and what goes with a batch: its checkpoint and what it sets aside.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from domain.areas import AreaMap
from domain.image_errors import ImageRefused
from domain.records import (
    JSON,
    MAX_BATCH,
    Batch,
    FloodAreaRecord,
    FloodStatesRecord,
    GaugeRecord,
    ReportRecord,
    TicketRecord,
    TopicRecord,
)
from domain.sink import Accepted, Health, Lease, SourceDeclaration, StoredAside, WantedPhoto
from storage.clock import now_in_micros
from storage.errors import OutcomeUnknown
from storage.ingest.batch import Facts, Ingest, SourceFact, read_facts
from storage.ingest.content import sound
from storage.ingest.flood import flood_lock, take_flood_areas, take_flood_states, take_gauges
from storage.ingest.links import known_reports, report_locks
from storage.ingest.reports import take_reports
from storage.ingest.retrying import retry_kept
from storage.ingest.set_aside import (
    Aside,
    any_aside,
    aside_key,
    drop_aside,
    drop_told_since,
    keep_aside,
    out_of_date,
    retry_wanted,
    take_retries,
)
from storage.ingest.tickets import (
    known_ticket_reports,
    may_release,
    release_held,
    take_tickets,
    take_topics,
    ticket_lock,
)
from storage.leases import give_back_lease, lease_lock, require_lease, take_lease
from storage.photos.preparing import PhotoPreparer, PreparingUnavailable
from storage.photos.store import PhotoStore, PhotoStoreError
from storage.reports.creating import NewPhoto, new_photo
from storage.sources.keeping import (
    checkpoint_of,
    declare_sources,
    keep_checkpoint,
    record_health,
    source_lock,
    sync_is_requested,
    take_sync_request,
)
from storage.sources.photos import give_up_photo, keep_photo, report_of_photo, wanted_photos
from storage.store import Store
from storage.writing.surely import write_surely
from storage.writing.transaction import Lane, Operation, Tx

log = logging.getLogger("simpul.ingest")


class StoreSink:
    """Implements `domain.sink.Sink` on a store. `areas` gives the map as it is now; `secret` keys the hashes of names."""

    def __init__(
        self,
        store: Store,
        areas: Callable[[], AreaMap],
        photos: PhotoStore,
        preparer: PhotoPreparer,
        secret: bytes,
    ) -> None:
        self._store = store
        self._areas = areas
        self._photos = photos
        self._preparer = preparer
        self._secret = secret

    async def declare(self, sources: Sequence[SourceDeclaration]) -> None:
        """See Sink."""
        declaring = partial(declare_sources, declared=list(sources))
        await write_surely(self._store, Operation(declaring, frozenset({"sources"})))

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See Sink."""
        taking = partial(take_lease, name=name, holder=holder, seconds=seconds)
        return await write_surely(self._store, Operation(taking, frozenset({lease_lock(name)})))

    async def release(self, lease: Lease) -> None:
        """See Sink."""
        giving = partial(give_back_lease, lease=lease)
        await write_surely(self._store, Operation(giving, frozenset({lease_lock(lease.name)})))

    async def checkpoint(self, source: str) -> Mapping[str, JSON] | None:
        """See Sink."""
        return await self._store.read(checkpoint_of, source)

    async def accept(self, batch: Batch, lease: Lease) -> Accepted:
        """See Sink. Raises LeaseLost, ValueError for more than 200 records, LookupError for a source never declared."""
        if len(batch.records) > MAX_BATCH or len(batch.set_aside) > MAX_BATCH:
            raise ValueError(f"a batch has at most {MAX_BATCH} records")
        locks = await self._store.read(_locks_of, batch)
        taking = Operation(partial(_take_in, self, batch, lease), locks, lane=Lane.SOURCES)
        return await write_surely(self._store, taking)

    def ingest(self, tx: Tx, source: str, *, backfill: bool = False) -> Ingest:
        """What a source's records are taken in with, in one transaction. Raises LookupError for one never declared."""
        facts = read_facts(tx.conn)
        return Ingest(tx, self._areas(), facts, _source(facts, source), self._secret, backfill)

    async def health(self, health: Health, lease: Lease) -> None:
        """See Sink."""
        keeping = partial(_keep_health, health, lease)
        await write_surely(self._store, Operation(keeping, frozenset({source_lock(health.source)})))

    async def take_sync_requests(self, source: str) -> bool:
        """See Sink."""
        if not await self._store.read(sync_is_requested, source):
            return False
        taking = partial(take_sync_request, code=source)
        try:
            return await self._store.write(Operation(taking, frozenset({source_lock(source)})))
        except OutcomeUnknown:  # perhaps it was taken: one run too many does no harm, one too few does
            return True

    async def wanted_photos(self, source: str, limit: int) -> Sequence[WantedPhoto]:
        """See Sink."""
        return await self._store.read(wanted_photos, source, limit, now_in_micros())

    async def photo_arrived(self, photo: WantedPhoto, data: bytes) -> None:
        """See Sink. Where the hub itself cannot prepare or keep it now, it is fetched again later."""
        try:
            files = await self._stored(data)
        except ImageRefused as refused:
            log.info("a photo of %s is none: %s", photo.source, refused)
            await self.photo_failed(photo, final=True)
        except (PreparingUnavailable, PhotoStoreError):
            log.exception("a photo of %s could not be kept", photo.source)
            await self.photo_failed(photo, final=False)
        else:
            report_id = await self._store.read(report_of_photo, photo.key)
            if report_id is not None:
                keeping = partial(keep_photo, area_map=self._areas(), photo_id=photo.key, files=files)
                await write_surely(self._store, Operation(keeping, frozenset({f"report:{report_id}"})))

    async def _stored(self, data: bytes) -> NewPhoto:
        """Prepares a photo and puts its two files where photos lie; if no row comes to name them they are swept."""
        prepared = await self._preparer.prepare(data)
        files = new_photo(prepared)
        await self._photos.put(files.file_key, prepared.data, files.content_type)
        await self._photos.put(files.thumbnail_key, prepared.thumbnail_data, files.thumbnail_type)
        return files

    async def photo_failed(self, photo: WantedPhoto, *, final: bool) -> None:
        """See Sink."""
        await self._store.write(Operation(partial(give_up_photo, photo_id=photo.key, final=final)))

    async def aside_to_retry(self, source: str, limit: int) -> Sequence[StoredAside]:
        """See Sink. What the store itself had kept aside it tries again by itself; the runner gets the rest."""
        if not await self._store.read(_anything_to_retry, source):
            return ()
        retrying = partial(_retry, self, source, limit)
        return await self._store.write(Operation(retrying, frozenset({source_lock(source)}), lane=Lane.SOURCES))


def _take_in(sink: StoreSink, batch: Batch, lease: Lease, tx: Tx) -> Accepted:
    require_lease(tx.conn, lease)
    ingest = sink.ingest(tx, batch.source, backfill=batch.backfill)
    if batch.remapped and not any_aside(tx.conn, ingest.source.id, batch.remapped):
        return ingest.accepted()  # told anew while it was being tried again: this is what is older
    take_flood_areas(ingest, _of(batch, FloodAreaRecord))
    for reading in _of(batch, FloodStatesRecord):
        take_flood_states(ingest, reading)
    take_gauges(ingest, _of(batch, GaugeRecord))
    take_reports(ingest, _of(batch, ReportRecord))
    take_tickets(ingest, _of(batch, TicketRecord))
    take_topics(ingest, _of(batch, TopicRecord))
    _keep_with_it(ingest, batch)
    return ingest.accepted(len(batch.set_aside))


def _retry(sink: StoreSink, source: str, limit: int, tx: Tx) -> list[StoredAside]:
    ingest = sink.ingest(tx, source)
    release_held(ingest)
    drop_told_since(tx, ingest.source.id)
    asked = take_retries(tx, ingest.source.id, source, limit)
    theirs = retry_kept(ingest, asked)
    keep_aside(tx, ingest.source.id, ingest.asides)
    drop_aside(tx, ingest.source.id, ingest.mapped - {aside.key for aside in ingest.asides})
    return theirs


def _keep_health(health: Health, lease: Lease, tx: Tx) -> None:
    require_lease(tx.conn, lease)
    record_health(tx, health)


T = TypeVar("T")


def _of(batch: Batch, kind: type[T]) -> list[T]:
    return [record for record in batch.records if isinstance(record, kind)]


def _source(facts: Facts, code: str) -> SourceFact:
    if code not in facts.sources:
        raise LookupError(f"no source {code!r} was declared")
    return facts.sources[code]


def _anything_to_retry(conn: Connection, code: str) -> bool:
    source = _source(read_facts(conn), code)
    return retry_wanted(conn, source.id) or may_release(conn, source.id)


def _locks_of(conn: Connection, batch: Batch) -> frozenset[str]:
    """All locks that the batch is known to need; what it finds out midway brings it back with more."""
    facts = read_facts(conn)
    source = _source(facts, batch.source)
    reports, tickets = [*map(sound, _of(batch, ReportRecord))], [*map(sound, _of(batch, TicketRecord))]
    reports += [sound(ticket.report) for ticket in tickets if ticket.report is not None]
    locks = report_locks(facts, source, reports) | {ticket_lock(ticket.tracking_id) for ticket in tickets}
    known = known_reports(conn, source.id, [record.source_ref for record in reports])
    known |= known_ticket_reports(conn, [ticket.tracking_id for ticket in tickets])
    locks |= {f"report:{report_id}" for report_id in known}
    if any(isinstance(record, FloodAreaRecord | FloodStatesRecord | GaugeRecord) for record in batch.records):
        locks.add(flood_lock(source.id))
    if batch.checkpoint is not None or batch.set_aside or batch.remapped:
        locks.add(source_lock(source.code))
    return frozenset(locks)


def _keep_with_it(ingest: Ingest, batch: Batch) -> None:
    """What could not be taken in, what could after all, and how far the source has been read."""
    tx, source = ingest.tx, ingest.source
    theirs = [Aside(aside_key(each.raw), each.source_ref, each.reason, each.raw) for each in batch.set_aside]
    told = out_of_date(tx.conn, source.id, ingest.told, batch.remapped) - {aside.key for aside in theirs}
    gone = (ingest.mapped | set(batch.remapped) | told) - {aside.key for aside in ingest.asides}
    if ingest.asides or theirs or any_aside(tx.conn, source.id, gone):
        tx.require(source_lock(source.code))
        drop_aside(tx, source.id, gone)
        keep_aside(tx, source.id, [*theirs, *ingest.asides])
    if batch.checkpoint is not None:
        keep_checkpoint(tx, source.code, batch.checkpoint)
