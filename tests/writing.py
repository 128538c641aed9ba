"""What tests of mutations share: a hub's parts on a store of the test, people of every role, uploads, and looking."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from domain.areas import AreaMap
from domain.sealing import CursorCipher, IdCipher, Kind
from domain.vocabulary import Locale, Role
from resolvers.context import Context, HubParts, HubSettings
from resolvers.inputs import GivenPoint, SubmitReport
from resolvers.outcomes import Submitted
from resolvers.reports import reports_of
from resolvers.submitting import submit
from resolvers.user_errors import Fault
from resolvers.viewer import Viewer
from storage import tables
from storage.access.secrets import load_secrets
from storage.photos.folder import FolderPhotoStore
from storage.photos.preparing import PhotoPreparer
from storage.rows import SeenReport
from storage.store import Store
from storage.writing.transaction import Operation

MONAS = GivenPoint(-6.1754, 106.8272)
BANDUNG = GivenPoint(-6.9175, 107.6191)
KEY = "0123456789abcdefghijkl"
ANONYMOUS = Viewer(client="a" * 64)


@dataclass
class File:
    """An upload as the door hands it on."""

    content: bytes
    filename: str = "photo.jpg"
    content_type: str = "image/jpeg"
    reads: int = 0

    @property
    def size(self) -> int:
        return len(self.content)

    async def read(self) -> bytes:
        self.reads += 1
        return self.content


@dataclass
class WritingHub:
    """A hub's parts and what a test looks at."""

    parts: HubParts
    people: dict[str, Viewer] = field(default_factory=dict)

    @asynccontextmanager
    async def context(self, viewer: Viewer = ANONYMOUS, locale: Locale = Locale.EN) -> AsyncIterator[Context]:
        context = Context(self.parts, viewer, locale=locale)
        try:
            yield context
        finally:
            await context.close()

    async def call(self, function: Callable[..., Any], given: Any, viewer: Viewer = ANONYMOUS) -> Any:
        """A mutation in a context of its own."""
        async with self.context(viewer) as ctx:
            return await function(ctx, given)

    async def submit(self, viewer: Viewer = ANONYMOUS, **fields: Any) -> Submitted:
        return await self.call(submit, submission(**fields), viewer)

    async def report(self, report_id: int, viewer: Viewer = ANONYMOUS) -> SeenReport | None:
        async with self.context(viewer) as ctx:
            return (await reports_of([report_id], ctx))[0]

    def id(self, row_id: int, kind: Kind = Kind.REPORT) -> str:
        return self.parts.ids.encode(kind, row_id)

    async def rows(self, table: Any, *where: Any) -> list[Any]:
        """Rows of a table, in order of its key."""
        statement = select(table).where(*where).order_by(*table.primary_key.columns)
        return await self.parts.store.read(lambda conn: list(conn.execute(statement).mappings().all()))

    async def count(self, table: Any) -> int:
        return await self.parts.store.read(
            lambda conn: conn.execute(select(func.count()).select_from(table)).scalar_one()
        )

    async def kinds(self, report_id: int) -> list[str]:
        """What happened to a report, by the log."""
        rows = await self.rows(tables.events, tables.events.c.report_id == report_id)
        return [row["kind"] for row in rows]

    async def person(self, role: Role, name: str = "", agency: str | None = None) -> Viewer:
        """Somebody with an account."""
        name = name or role.lower()

        def apply(tx: Any) -> tuple[int, int | None]:
            values = {"issuer": "test", "subject": name, "display_name": name.title(), "created_at": tx.now}
            person_id = tx.conn.execute(insert(tables.persons).returning(tables.persons.c.id), values).scalar_one()
            agency_id = tx.conn.execute(
                select(tables.agencies.c.id).where(tables.agencies.c.code == agency)
            ).scalar_one_or_none()
            return person_id, agency_id

        person_id, agency_id = await self.parts.store.write(Operation(apply))
        partner = (agency or name) if role is Role.PARTNER else None
        return Viewer(role, person_id, name.title(), agency_id, client="b" * 64, partner=partner)

    def files(self) -> list[Path]:
        """Files in the photo folder."""
        root: Path = self.parts.photos._root  # type: ignore[attr-defined]  # what lies on the disk is the point
        return [path for path in root.rglob("*") if path.is_file()]


def submission(**fields: Any) -> SubmitReport:
    """A submission that is in order, changed by `fields`; `location=None` leaves it out."""
    given = {"text": "Banjir setinggi lutut di depan pasar", "category": "flood", "location": MONAS}
    return SubmitReport(**(given | fields))


def told(faults: Any) -> list[tuple[str, str]]:
    """Faults as (code, path)."""
    found: list[Fault] = list(faults)
    return [(fault.code.value, ".".join(fault.path)) for fault in found]


def words_of(faults: Any) -> list[str]:
    """What each mistake says, in English."""
    return [each.message[Locale.EN] for each in faults]


@asynccontextmanager
async def writing_hub(store: Store, folder: Path, areas: AreaMap, **settings: Any) -> AsyncIterator[WritingHub]:
    """Parts on a store that is open; `settings` are those of HubSettings."""
    keys = await store.read(load_secrets)
    await store.reference.filled()  # so that statements can be counted
    preparer = PhotoPreparer(at_once=2)
    parts = HubParts(
        store=store,
        photos=FolderPhotoStore(folder / "photos"),
        preparer=preparer,
        ids=IdCipher(keys.ids),
        cursors=CursorCipher(keys.cursors),
        secret=keys.hashes,
        contacts_key=keys.contacts,
        areas=areas,
        settings=HubSettings(public_url="http://hub.test", **settings),
    )
    try:
        yield WritingHub(parts)
    finally:
        await preparer.close()


def nothing_left(conn: Connection) -> bool:
    """Whether no table has anything of a submission."""
    of_submissions = (tables.reports, tables.photos, tables.events, tables.report_follow_tokens, tables.idempotency)
    return not any(conn.execute(select(table)).first() for table in of_submissions)
