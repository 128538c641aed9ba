"""What tests of the outbox share: a store with LAPOR as a source, reports that wait to be sent, and looking."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.sink import Forwarder, Submission, Submitted
from storage import tables
from storage.clock import now_in_micros
from storage.events.appending import broken_links
from storage.events.facets import Facets
from storage.handovers.writing import begin_forwarding
from storage.photos.folder import FolderPhotoStore
from storage.reports.contacts import Contact, keep_contact
from storage.reports.creating import NewReport, create_report
from storage.reports.placing import Place
from storage.store import Store
from storage.writing.transaction import NOBODY, Operation, Tx
from worker.outbox import Outbox
from worker.work import Work

KEY = bytes(32)
KAMPUNG_MELAYU = Point(-6.21815, 106.86307)
CONTACT = Contact("Orang Contoh", "08120000000", "orang@contoh.test")

Said = Submitted | Exception | asyncio.Future[Submitted]


@dataclass
class Lapor:
    """A system that says what the test wants, one answer after another, and the last one for ever."""

    says: list[Said] = field(default_factory=lambda: [Submitted("1001")])
    heard: list[Submission] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, submission: Submission) -> Submitted:
        self.heard.append(submission)
        self.asked.set()
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return await asyncio.shield(said) if isinstance(said, asyncio.Future) else said


@dataclass
class Hub:
    """A store with LAPOR as a source, its worker, and what a test looks at."""

    store: Store
    areas: AreaMap
    photos: Path
    forwarders: dict[str, Forwarder]
    ahead: int = 0
    ids: dict[str, int] = field(default_factory=dict)

    @property
    def work(self) -> Work:
        return Work(self.store, FolderPhotoStore(self.photos), lambda: self.areas, self.forwarders, KEY)

    def outbox(self, holder: str = "here", **options: Any) -> Outbox:
        return Outbox(self.work, holder, clock=lambda: now_in_micros() + self.ahead, **options)

    async def change(self, apply: Callable[[Tx], Any], *locks: str) -> Any:
        return await self.store.write(Operation(apply, frozenset(locks)))

    async def prepare(self) -> None:
        def apply(tx: Tx) -> None:
            row = {"code": "lapor", "name": "LAPOR", "kind": "COMPLAINT_SYSTEM", "state": "UP", "reconstructed": True}
            counts = {"set_aside_count": 0, "sync_requested": False, "change": 1}
            tx.conn.execute(insert(tables.sources), row | counts)
            for table in (tables.sources, tables.categories):
                self.ids |= {each.code: each.id for each in tx.conn.execute(select(table.c.code, table.c.id))}

        await self.change(apply)

    async def queue(
        self, contact: Contact | None = None, *, consent: bool = True, category: str = "flood", **fields: Any
    ) -> int:
        """A report that somebody has just forwarded; gives the forwarding."""
        told: dict[str, Any] = {
            "text": "Banjir selutut",
            "place": Place(KAMPUNG_MELAYU),
            "source_id": self.ids["simpul"],
        } | fields

        def apply(tx: Tx) -> int:
            new = NewReport(category_id=self.ids[category], reported_at=tx.now, **told)
            report_id = create_report(tx, self.areas, new, NOBODY).id
            if contact:
                keep_contact(tx, KEY, report_id, contact, forward=consent)
            tx.locked |= {f"report:{report_id}"}
            return begin_forwarding(tx, report_id, self.ids["lapor"], actor=NOBODY, note="tolong dibantu")

        return int(await self.change(apply))

    async def rows(self, table: Any, *where: Any) -> list[Any]:
        statement = select(table).where(*where).order_by(*table.primary_key.columns)
        return await self.store.read(lambda conn: list(conn.execute(statement).all()))

    async def forwarding(self, forwarding_id: int) -> Any:
        return (await self.rows(tables.forwardings, tables.forwardings.c.id == forwarding_id))[0]

    async def outcome(self, forwarding_id: int) -> tuple[str, int]:
        """Its state, and how many rows the outbox still has."""
        return (await self.forwarding(forwarding_id)).state, len(await self.rows(tables.outbox))

    async def told(self, forwarding_id: int) -> list[tuple[str, tuple[str, ...]]]:
        """The log's entries of a forwarding: kind, and the states that filters see just after."""
        of_it = tables.events.c.forwarding_id == forwarding_id
        entries = await self.rows(tables.events, of_it)
        facets = {row.seq: row for row in await self.rows(tables.event_facets)}
        return [(entry.kind, Facets.load(facets[entry.seq].after).forwardings) for entry in entries]

    async def end_leases(self) -> None:
        """As if the process that holds them had been silent for too long."""
        await self.change(lambda tx: tx.conn.execute(update(tables.leases).values(expires_at=0)))


@asynccontextmanager
async def forwarding_hub(store: Store, areas: AreaMap, folder: Path) -> AsyncIterator[Hub]:
    """A hub that nobody is configured to send for yet; its log must verify at the end."""
    hub = Hub(store, areas, folder / "photos", {})
    await hub.prepare()
    yield hub
    assert await store.read(lambda conn: list(broken_links(conn))) == []
