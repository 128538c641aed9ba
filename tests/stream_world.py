"""A small hub without a server for tests of the event log: its parts over a store, viewers of each role, and writes."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.sealing import CursorCipher, IdCipher, LogCursor
from domain.visibility import Visibility
from domain.vocabulary import EventKind, ReportVisibility, Role
from resolvers.context import Context, HubParts, HubSettings, context_for
from resolvers.streams import Told
from resolvers.viewer import ANONYMOUS, Viewer
from storage.access.persons import meet_person
from storage.access.secrets import load_secrets
from storage.events.facets import read_facets
from storage.events.tail import KEPT, LogTail
from storage.photos.folder import FolderPhotoStore
from storage.photos.preparing import PhotoPreparer
from storage.reports.changing import change
from storage.reports.creating import NewReport, create_report
from storage.reports.follow import hash_of, keep_follow_token, kept_token
from storage.reports.placing import Place
from storage.store import Store
from storage.tables import agencies, areas, categories, flood_areas, forwardings, sources
from storage.writing.transaction import NOBODY, Actor, Operation, PendingEvent, Tx

T = TypeVar("T")

HERE = Point(-6.1751, 106.8272)
THERE = Point(-6.2088, 106.8456)
PATIENCE = 60.0
"""Seconds after which a test gives up on something that should have come."""


class Source(Protocol):
    """What subscriptions are to their readers."""

    async def __anext__(self) -> Told: ...

    def progress(self) -> str | None: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True)
class World:
    """The hub's parts, and the rows of a seeded store by their codes."""

    parts: HubParts
    tail: LogTail
    categories: dict[str, int]
    sensitive: frozenset[str]
    agencies: dict[str, int]
    sources: dict[str, int]
    people: dict[str, int]

    @property
    def store(self) -> Store:
        return self.parts.store

    def reading(self, viewer: Viewer = ANONYMOUS) -> AbstractAsyncContextManager[Context]:
        """A context for one operation of this viewer."""
        return context_for(self.parts, viewer)

    def citizen(self, name: str = "sari") -> Viewer:
        return Viewer(role=Role.CITIZEN, person_id=self.people[name], display_name=name)

    def responder(self, agency: str = "dishub") -> Viewer:
        return Viewer(role=Role.RESPONDER, person_id=self.people["budi"], agency_id=self.agencies[agency])

    def partner(self, agency: str = "dishub") -> Viewer:
        scopes = frozenset({"reports"})
        return Viewer(role=Role.PARTNER, agency_id=self.agencies[agency], scopes=scopes, partner="mitra")

    def dispatcher(self) -> Viewer:
        return Viewer(role=Role.DISPATCHER, person_id=self.people["dewi"])

    def follower(self, *tokens: str) -> Viewer:
        """Somebody without an account who shows follow tokens."""
        return Viewer(follow_hashes=tuple(map(hash_of, tokens)))

    async def write(self, apply: Callable[[Tx], T], *report_ids: int) -> T:
        """Commits a change to these reports."""
        return await self.store.write(Operation(apply, frozenset(f"report:{each}" for each in report_ids)))

    def opened(self, cursor: str, viewer: Viewer) -> LogCursor:
        """What a cursor names, which clients cannot read."""
        visibility = Visibility(viewer.role, viewer.agency_id, viewer.scopes)
        return self.parts.cursors.open_log(cursor, visibility.reader)


def make_source(tx: Tx, code: str, kind: str) -> int:
    """The source of a code; made if it is not there."""
    known: int | None = tx.conn.execute(select(sources.c.id).where(sources.c.code == code)).scalar_one_or_none()
    if known is not None:
        return known
    values = {
        "code": code,
        "name": code.title(),
        "kind": kind,
        "state": "UP",
        "reconstructed": False,
        "set_aside_count": 0,
        "sync_requested": False,
        "change": 0,
    }
    row_id: int = tx.conn.execute(insert(sources).returning(sources.c.id), values).scalar_one()
    return row_id


def _settle(tx: Tx) -> tuple[dict[str, int], dict[str, int]]:
    people = {name: meet_person(tx, "test", name, name.title()).id for name in ("sari", "tono", "budi", "dewi")}
    return people, {code: make_source(tx, code, "CITIZEN_APP") for code in ("qlue", "peta")}


@asynccontextmanager
async def world_over(store: Store, area_map: AreaMap, folder: Path, *, kept: int = KEPT) -> AsyncIterator[World]:
    """A world on a seeded store, or on one that had a world before; `kept`: how many entries the log's tail holds in memory."""
    tail = LogTail(store, kept)
    secrets = await store.read(load_secrets)
    people, made = await store.write(Operation(_settle, frozenset({"seed"})))
    rows = await store.read(lambda conn: conn.execute(select(categories)).all())
    preparer = PhotoPreparer()
    parts = HubParts(
        store=store,
        photos=FolderPhotoStore(folder),
        preparer=preparer,
        ids=IdCipher(secrets.ids),
        cursors=CursorCipher(secrets.cursors),
        secret=secrets.hashes,
        contacts_key=secrets.contacts,
        areas=area_map,
        settings=HubSettings("http://localhost"),
        log=tail,
    )
    hub_source = await store.read(lambda conn: conn.execute(select(sources.c.id).where(sources.c.kind == "HUB")).one())
    found = await store.read(lambda conn: conn.execute(select(agencies)).all())
    await tail.start()
    try:
        yield World(
            parts,
            tail,
            categories={row.code: row.id for row in rows},
            sensitive=frozenset(row.code for row in rows if row.sensitive),
            agencies={row.code: row.id for row in found},
            sources={"simpul": hub_source.id, **made},
            people=people,
        )
    finally:
        await tail.stop()
        await preparer.close()


def create(
    tx: Tx,
    world: World,
    *,
    category: str = "traffic_jam",
    source: str = "simpul",
    place: Place | None = None,
    agency: str | None = "dishub",
    reporter: str | None = None,
    token: str | None = None,
    actor: Actor = NOBODY,
    **told: Any,
) -> int:
    """Makes a report, by default a public one at HERE that `dishub` has; returns its row id."""
    new = NewReport(
        text=told.pop("text", "Lampu merah mati"),
        category_id=world.categories[category],
        reported_at=told.pop("reported_at", tx.now),
        source_id=world.sources[source],
        place=place or Place(HERE),
        agency_id=None if agency is None else world.agencies[agency],
        reporter_id=None if reporter is None else world.people[reporter],
        **told,
    )
    report_id = create_report(tx, world.parts.areas, new, actor).id
    if token is not None:
        keep_follow_token(tx, report_id, kept_token(token, None))
    return report_id


def alter(tx: Tx, world: World, report_id: int, kind: EventKind, **changed: Any) -> None:
    """Changes a report: what is no argument of `change` and no field of an event is a column."""
    named = {"actor", "place", "note", "other_report_id", "comment_id", "photo_id", "backfill", "moves_updated_at"}
    values = {name: value for name, value in changed.items() if name not in named}
    change(tx, world.parts.areas, report_id, kind, values=values, **{n: v for n, v in changed.items() if n in named})


def hide(tx: Tx, world: World, report_id: int) -> None:
    alter(tx, world, report_id, EventKind.VISIBILITY_CHANGED, visibility=ReportVisibility.CONFIDENTIAL)


def show(tx: Tx, world: World, report_id: int) -> None:
    alter(tx, world, report_id, EventKind.VISIBILITY_CHANGED, visibility=ReportVisibility.PUBLIC)


def forward(tx: Tx, world: World, report_id: int, state: str) -> None:
    """Puts the report's one hand-over to another system into a state; makes it if there is none."""
    before = read_facets(tx.conn, report_id)
    moved = tx.conn.execute(update(forwardings).where(forwardings.c.report_id == report_id).values(state=state))
    if not moved.rowcount:
        values = {
            "report_id": report_id,
            "source_id": world.sources["qlue"],
            "state": state,
            "reference": uuid.uuid4().hex,
            "created_at": tx.now,
            "attempts": 0,
        }
        tx.conn.execute(insert(forwardings), values)
    after = read_facets(tx.conn, report_id)
    tx.emit(PendingEvent(EventKind.FORWARDED, report_id=report_id, before=before, after=after))


def make_flood_area(tx: Tx, world: World, ref: str, area: str, state: int = 0) -> int:
    """A flood area in an area of the city, without much of an outline."""
    area_id = tx.conn.execute(select(areas.c.id).where(areas.c.code == area)).scalar_one()
    values = {
        "source_id": world.sources["peta"],
        "source_ref": ref,
        "name": f"RW {ref}",
        "area_id": area_id,
        "geometry": '{"type":"Polygon","coordinates":[[[106.8,-6.2],[106.801,-6.2],[106.801,-6.199],[106.8,-6.2]]]}',
        "west": 106.8,
        "south": -6.2,
        "east": 106.801,
        "north": -6.199,
        "state": state,
        "observed_at": tx.now,
    }
    row_id: int = tx.conn.execute(insert(flood_areas).returning(flood_areas.c.id), values).scalar_one()
    return row_id


def flood(tx: Tx, flood_area_id: int, state: int) -> int:
    """A flood area's state changes, as the log and the row keep it; returns what it was."""
    row = tx.conn.execute(select(flood_areas.c.state).where(flood_areas.c.id == flood_area_id)).one()
    tx.conn.execute(update(flood_areas).where(flood_areas.c.id == flood_area_id).values(state=state))
    tx.emit(
        PendingEvent(
            EventKind.FLOOD_STATE, flood_area_id=flood_area_id, flood_state=state, previous_flood_state=row.state
        )
    )
    return int(row.state)


async def take(source: Source, count: int) -> list[Told]:
    """The next so many things that a subscription tells."""
    return [await asyncio.wait_for(source.__anext__(), PATIENCE) for _ in range(count)]


async def read_up_to(source: Source, cursor: str) -> list[Told]:
    """All that a subscription tells until it stands at a place in the log; the reader then leaves off asking."""
    told: list[Told] = []
    asked = asyncio.ensure_future(source.__anext__())
    pauses = chain(repeat(0.0, 20), repeat(0.002))  # most is there at once
    async with asyncio.timeout(PATIENCE):
        while True:
            # nobody rings when a position moves with nothing to tell
            await asyncio.wait((asked,), timeout=next(pauses))
            if asked.done():
                told.append(asked.result())
                asked = asyncio.ensure_future(source.__anext__())
            elif source.progress() == cursor:
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
                return told


async def close_all(sources: Iterable[Source]) -> None:
    for each in sources:
        await each.aclose()
