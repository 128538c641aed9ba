"""What tests of taking in share: a sink on a store, records of a flood evening, and looking at what became of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from domain.areas import AreaMap
from domain.places import Point
from domain.records import Batch, Record, ReportRecord, SetAside
from domain.sink import Accepted, Lease, SourceDeclaration
from domain.vocabulary import SourceKind
from storage import tables
from storage.ingest.sink import StoreSink
from storage.photos.folder import FolderPhotoStore
from storage.photos.preparing import PhotoPreparer
from storage.store import Store
from storage.writing.transaction import Operation, Tx

KAMPUNG_MELAYU = Point(-6.2247, 106.8602)
NOW = datetime.now(UTC).replace(microsecond=0)
EARLIER = NOW - timedelta(hours=1)
SECRET = b"s" * 32

QLUE = SourceDeclaration("qlue", "Qlue", SourceKind.CITIZEN_APP, "feed", True, None, 60.0)
PETA = SourceDeclaration("peta_jakarta", "Peta Jakarta", SourceKind.FLOOD_MAP, "v3", False, "CC BY 4.0", 60.0)
LAPOR = SourceDeclaration("lapor", "LAPOR 1708", SourceKind.COMPLAINT_SYSTEM, "csv", True, None, 300.0)
ALL = (QLUE, PETA, LAPOR)

_holders = itertools.count(1)


def report(ref: str = "1", text: str = "Banjir setinggi lutut di depan pasar", **told: Any) -> ReportRecord:
    """A report as a connector brings it."""
    given: dict[str, Any] = {"category": "flood", "reported_at": EARLIER, "point": KAMPUNG_MELAYU}
    return ReportRecord(source_ref=ref, text=text, **(given | told))


@dataclass
class Hub:
    """A sink on a store, and what a test looks at."""

    store: Store
    sink: StoreSink
    photos: FolderPhotoStore
    preparer: PhotoPreparer
    leases: dict[str, Lease] = field(default_factory=dict)

    async def lease(self, source: str) -> Lease:
        """This hub's right to write for a source; each hub has one of its own, as processes that push have."""
        if source not in self.leases:
            holder = f"process-{next(_holders)}"
            taken = await self.sink.acquire(f"push:{source}:{holder}", holder, 600)
            assert taken is not None
            self.leases[source] = taken
        return self.leases[source]

    async def take(self, source: str, *records: Record, **batch: Any) -> Accepted:
        """Takes in a batch."""
        return await self.sink.accept(Batch(source, records, **batch), await self.lease(source))

    async def aside(self, source: str, *asides: SetAside) -> Accepted:
        """Keeps records aside."""
        return await self.take(source, set_aside=asides)

    async def rows(self, table: Table, *where: ColumnElement[bool]) -> Sequence[Any]:
        """The rows of a table in the order they were made."""

        def read(conn: Connection) -> Sequence[Any]:
            return conn.execute(select(table).where(*where).order_by(*table.primary_key.columns)).all()

        return await self.store.read(read)

    async def reports(self) -> Sequence[Any]:
        """All reports."""
        return await self.rows(tables.reports)

    async def only_report(self) -> Any:
        """The one report there is."""
        (row,) = await self.reports()
        return row

    async def events(self) -> list[str]:
        """The kinds of all events, in order."""
        return [row.kind for row in await self.rows(tables.events)]

    async def write(self, change: Any) -> Any:
        """Changes the store as a test needs it; the log is left alone unless the change writes to it."""

        def apply(tx: Tx) -> Any:
            tx.locked |= frozenset({f"report:{number}" for number in range(1000)})
            return change(tx)

        return await self.store.write(Operation(apply, frozenset({"test"})))

    async def execute(self, statement: Any) -> None:
        """Runs one statement that writes."""
        await self.write(lambda tx: tx.conn.execute(statement) and None)


async def hub_on(store: Store, area_map: AreaMap, folder: Path) -> Hub:
    """A hub whose sources are declared."""
    photos = FolderPhotoStore(folder)
    preparer = PhotoPreparer(1)
    sink = StoreSink(store, lambda: area_map, photos, preparer, SECRET)
    await sink.declare(ALL)
    return Hub(store, sink, photos, preparer)
