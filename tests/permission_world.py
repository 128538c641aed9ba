"""A running hub that has something of everything somebody may not see, and everybody who might ask for it.

All reports but the source's belong to one agency and were told by one citizen, who also has their follow tokens. What
stands in the hub is described by `Thing`s: how each stands to whoever asks is what the table of rules goes by.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.time import DAY
from domain.vocabulary import EventKind, ReportStatus, ReportVisibility, Role, Scope
from resolvers.inputs import GivenPoint
from resolvers.permissions import Standing, Trait
from resolvers.viewer import Viewer
from storage import tables
from storage.access.api_keys import NewApiKey, creation
from storage.access.persons import meet_person
from storage.access.secrets import load_secrets
from storage.clock import now_in_micros
from storage.reports.changing import change
from storage.reports.commenting import add_comment
from storage.reports.supporting import add_support
from storage.seeding import load_area_map, seed
from storage.store import Store, open_store, opened
from storage.writing.transaction import Actor, Operation, Tx
from tests.images import plain_jpeg
from tests.schema_world import SchemaWorld, schema_world
from tests.writing import File, WritingHub
from transport.identity.local_tokens import LOCAL_ISSUER, issue

ITS_AGENCY, OTHER_AGENCY = "tata_air", "dishub"
REPORTS: Mapping[str, frozenset[Trait]] = {
    "public": frozenset(),
    "moved": frozenset({Trait.MOVED}),
    "confidential": frozenset({Trait.CONFIDENTIAL}),
    "nameless": frozenset({Trait.NAMELESS}),
    "withdrawn": frozenset(),
    "erased": frozenset({Trait.ERASED}),
}
"""The citizen's reports and what each has about it."""


@dataclass(frozen=True)
class Thing:
    """Something that has an id, and what it has about it. `traits` None: it is no report's and everybody's."""

    type_name: str
    id: str
    traits: frozenset[Trait] | None = None


@dataclass(frozen=True)
class Asker:
    """Somebody who asks: who he is to the rules, and what he shows at the door."""

    viewer: Viewer
    headers: dict[str, str]
    init: dict[str, Any]
    reporter: bool = False
    of_its_agency: bool = False

    def standing(self, traits: frozenset[Trait] | None) -> Standing:
        """How a thing stands to him."""
        if traits is None:
            return Standing()
        return Standing(traits, mine=self.reporter, of_its_agency=self.of_its_agency)


@dataclass
class PermissionWorld:
    """What there is, by name, and who asks."""

    things: dict[str, Thing] = field(default_factory=dict)
    askers: dict[str, Asker] = field(default_factory=dict)
    follow_tokens: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def thing(self, public_id: str) -> Thing | None:
        """What an id names, as far as it was described."""
        return next((thing for thing in self.things.values() if thing.id == public_id), None)


def make_world(folder: Path) -> PermissionWorld:
    """Fills the store of a hub's data folder."""
    return asyncio.run(_make(folder))


async def _make(folder: Path) -> PermissionWorld:
    async with opened(open_store(f"sqlite:///{folder / 'simpul.db'}")) as store:
        await store.write(Operation(seed, frozenset({"seed"})))
        areas = await store.read(load_area_map)
        async with schema_world(store, areas, folder) as there:
            return await described(store, areas, there)


async def described(store: Store, areas: AreaMap, there: SchemaWorld) -> PermissionWorld:
    """Fills a hub that is there already."""
    made = _Making(store, areas, there)
    await made.everything()
    return made.world


class _Making:
    """Fills the hub. The rows are written as the hub writes them, or straight where it has no way to yet (hiding)."""

    def __init__(self, store: Store, areas: AreaMap, there: SchemaWorld) -> None:
        self._store, self._areas = store, areas
        self._hub: WritingHub = there.hub
        self.world = PermissionWorld()
        self._rows: dict[str, int] = {}

    async def everything(self) -> None:
        await self._people()
        for name in REPORTS:
            await self._report(name)
        await self._write(self._dress)
        await self._write(self._end)
        await self._facts()

    async def _write(self, apply: Any) -> Any:
        locks = {f"report:{row}" for row in range(200)} | {"test"}
        return await self._store.write(Operation(apply, frozenset(locks)))

    def _thing(self, name: str, kind: Kind, row: int, type_name: str, traits: frozenset[Trait] | None = None) -> None:
        self.world.things[name] = Thing(type_name, self._hub.id(row, kind), traits)

    async def _people(self) -> None:
        keys = await self._store.read(load_secrets)
        codes = await self._store.read(
            lambda conn: {
                row.code: row.id for row in conn.execute(select(tables.agencies.c.code, tables.agencies.c.id))
            }
        )
        its = codes[ITS_AGENCY]

        async def person(name: str, role: Role, agency: str | None = None, **more: Any) -> Viewer:
            def meet(tx: Tx) -> Any:
                return meet_person(tx, LOCAL_ISSUER, name, name.title())

            row = await self._write(meet)
            viewer = Viewer(role, row.id, name.title(), None if agency is None else codes[agency], client="b" * 64)
            token = issue(keys.tokens, role=role, subject=name, agency=agency, name=name.title())
            self.world.askers[name] = Asker(
                viewer,
                {"Authorization": f"Bearer {token}"},
                {"authorization": f"Bearer {token}"},
                of_its_agency=agency == ITS_AGENCY,
                **more,
            )
            return viewer

        self.world.askers["nobody"] = Asker(Viewer(), {}, {})
        await person("citizen", Role.CITIZEN)
        self._reporter = await person("reporter", Role.CITIZEN, reporter=True)
        await person("responder", Role.RESPONDER, ITS_AGENCY)
        await person("stranger", Role.RESPONDER, OTHER_AGENCY)
        self._dispatcher = await person("dispatcher", Role.DISPATCHER)
        await person("admin", Role.ADMIN)
        await person("partner", Role.PARTNER, ITS_AGENCY)
        await person("outsider", Role.PARTNER, OTHER_AGENCY)
        for name, scopes in (("key", frozenset(Scope)), ("bare_key", frozenset({Scope.STATUS_RECORD}))):
            asked = NewApiKey(name, ITS_AGENCY, its, scopes, now_in_micros() + DAY)
            shown = await self._store.write(creation(asked))
            viewer = Viewer(Role.PARTNER, 1, name, its, frozenset(map(str, scopes)), key_id=name)
            self.world.askers[name] = Asker(viewer, {"Simpul-Api-Key": shown}, {"apiKey": shown}, of_its_agency=True)

    async def _report(self, name: str) -> None:
        made = await self._hub.submit(
            self._reporter,
            text=f"Laporan {name} dari warga",
            title=f"Judul {name}",
            address="Jalan Rahasia 7",
            category="crime_disorder" if name == "moved" else "flood",
            location=GivenPoint(-6.2247, 106.8602),
            confidential=name == "confidential",
            anonymous=name == "nameless",
            flood_depth_cm=40,
            photos=(File(plain_jpeg()),),
        )
        assert made.report_id is not None and made.follow_token is not None, made.faults
        self._rows[name] = made.report_id
        self.world.follow_tokens[name] = made.follow_token
        self._thing(name, Kind.REPORT, made.report_id, "Report", REPORTS[name])

    def _dress(self, tx: Tx) -> None:
        """What only an agency, a source, staff or time would add."""
        conn = tx.conn
        its = conn.execute(select(tables.agencies.c.id).where(tables.agencies.c.code == ITS_AGENCY)).scalar_one()
        source = conn.execute(select(tables.sources.c.id).where(tables.sources.c.code == "qlue")).scalar_one()
        for name, row in self._rows.items():
            told = {
                "agency_id": its,
                "agency_ref": f"A-{name}",
                "source_id": source,
                "source_ref": f"ref-{name}",
                "source_url": f"https://qlue.example/{name}",
                "source_status": "wait",
                "source_status_means": ReportStatus.VERIFIED,
                "synced_at": tx.now,
            }
            change(tx, self._areas, row, EventKind.UPDATED, values=told)
            self._say(tx, name, row)
            self._ticket(tx, name, row, source)
        self._merge(tx)
        self._apart(tx, source)

    def _say(self, tx: Tx, name: str, row: int) -> None:
        """Comments, support, a hidden photo, notes, and an event for staff."""
        traits = REPORTS[name]
        by_other = (traits - {Trait.NAMELESS}) | {Trait.UNNAMED_ACTOR}
        citizen, staff = self._actor("citizen"), self._actor("dispatcher")
        theirs = Actor(Role.CITIZEN, None, self._reporter.person_id, None, is_reporter=True)
        own = add_comment(tx, self._areas, row, "Masih begitu", theirs, official=False)
        other = add_comment(tx, self._areas, row, "Saya juga lihat", citizen, official=False)
        hidden = add_comment(tx, self._areas, row, "Kasar", citizen, official=False)
        tx.conn.execute(update(tables.comments).where(tables.comments.c.id == hidden).values(hidden=True))
        self._thing(f"{name} own comment", Kind.COMMENT, own, "Comment", traits)
        self._thing(f"{name} comment", Kind.COMMENT, other, "Comment", by_other)
        self._thing(f"{name} hidden comment", Kind.COMMENT, hidden, "Comment", by_other | {Trait.HIDDEN})
        add_support(tx, self._areas, row, f"person:{citizen.person_id}", citizen)
        verified = {"status": ReportStatus.VERIFIED}
        kind = EventKind.STATUS_CHANGED
        change(tx, self._areas, row, kind, actor=staff, values=verified, note="Kata petugas")
        change(tx, self._areas, row, EventKind.OFFERED, actor=staff, note="Untuk regu 3")
        photo = tx.conn.execute(select(tables.photos).where(tables.photos.c.report_id == row)).mappings().one()
        self._thing(f"{name} photo", Kind.PHOTO, photo["id"], "Photo", traits)
        fresh = {**photo, "address": f"hidden-{name}", "hidden": True, "caption": "Wajah"}
        del fresh["id"]
        second = tx.conn.execute(insert(tables.photos).returning(tables.photos.c.id), fresh).scalar_one()
        self._thing(f"{name} hidden photo", Kind.PHOTO, second, "Photo", traits | {Trait.HIDDEN})

    def _actor(self, name: str) -> Actor:
        viewer = self.world.askers[name].viewer
        return Actor(viewer.role, viewer.agency_id, viewer.person_id, None, is_reporter=False)

    def _ticket(self, tx: Tx, name: str, row: int, source: int) -> None:
        """LAPOR's ticket of it, and the forwarding that it came of."""
        told = {"source_id": source, "tracking_id": f"T-{name}", "text": "Aduan", "observed_at": tx.now}
        made = insert(tables.lapor_tickets).returning(tables.lapor_tickets.c.id)
        ticket = tx.conn.execute(made, {**told, "confidential": False, "held": False, "report_id": row}).scalar_one()
        self._thing(f"{name} ticket", Kind.LAPOR_TICKET, ticket, "LaporTicket", REPORTS[name])
        sent = {"report_id": row, "source_id": source, "state": "UNKNOWN", "reference": f"SIMPUL-{name}", "attempts": 1}
        sent |= {"created_at": tx.now, "ticket_id": ticket, "external_ref": f"T-{name}"}
        new = tx.conn.execute(insert(tables.forwardings).returning(tables.forwardings.c.id), sent).scalar_one()
        self._thing(f"{name} forwarding", Kind.FORWARDING, new, "Forwarding", REPORTS[name])

    def _merge(self, tx: Tx) -> None:
        """The withdrawn one was merged into the public one."""
        merged = {"duplicate_of_id": self._rows["public"]}
        kind, other = EventKind.MERGED, self._rows["public"]
        actor = self._actor("dispatcher")
        change(tx, self._areas, self._rows["withdrawn"], kind, actor=actor, values=merged, other_report_id=other)

    def _apart(self, tx: Tx, source: int) -> None:
        """Tickets that belong to no report."""
        for name, confidential in (("free ticket", False), ("held ticket", True)):
            told = {"source_id": source, "tracking_id": name, "observed_at": tx.now, "held": False}
            made = insert(tables.lapor_tickets).returning(tables.lapor_tickets.c.id)
            row = tx.conn.execute(made, {**told, "confidential": confidential}).scalar_one()
            traits = frozenset({Trait.HELD} if confidential else ())
            self._thing(name, Kind.LAPOR_TICKET, row, "LaporTicket", traits)

    def _end(self, tx: Tx) -> None:
        """One is withdrawn by its reporter, one erased; then each event is a thing as well."""
        theirs = Actor(Role.CITIZEN, None, self._reporter.person_id, None, is_reporter=True)
        gone = {"status": ReportStatus.WITHDRAWN}
        withdrawn, kind = self._rows["withdrawn"], EventKind.STATUS_CHANGED
        change(tx, self._areas, withdrawn, kind, actor=theirs, values=gone, note="Sudah beres")
        erased = {"visibility": ReportVisibility.ERASED}
        change(tx, self._areas, self._rows["erased"], EventKind.ERASED, values=erased)

    async def _facts(self) -> None:
        for row in await self._hub.rows(tables.events):
            name = next((name for name, report in self._rows.items() if report == row["report_id"]), None)
            if row["kind"] == EventKind.ERASED:
                self.world.facts["erasure"] = self._hub.id(row["seq"], Kind.REPORT_EVENT)
            if name is not None and _is_worth_asking(name, row):
                traits = _event_traits(REPORTS[name], row)
                self._thing(f"{name} event {row['seq']}", Kind.REPORT_EVENT, row["seq"], "ReportEvent", traits)
        for name, table, kind, type_name in (
            ("category", tables.categories, Kind.CATEGORY, "Category"),
            ("agency", tables.agencies, Kind.AGENCY, "Agency"),
            ("area", tables.areas, Kind.AREA, "Area"),
            ("flood area", tables.flood_areas, Kind.FLOOD_AREA, "FloodArea"),
            ("gauge", tables.flood_gauges, Kind.FLOOD_GAUGE, "FloodGauge"),
            ("source", tables.sources, Kind.SOURCE, "Source"),
        ):
            row = (await self._hub.rows(table))[-1]
            if name == "area":  # the one that the reports lie in
                (report,) = await self._hub.rows(tables.reports, tables.reports.c.id == self._rows["public"])
                (row,) = await self._hub.rows(tables.areas, tables.areas.c.id == report["area_id"])
            if name == "source":  # the one with a record set aside
                (row,) = await self._hub.rows(tables.sources, tables.sources.c.code == "qlue")
            self._thing(name, kind, row["id"], type_name)
            self.world.facts[name] = row["code"] if "code" in row else row["name"]
        (aside,) = await self._hub.rows(tables.set_aside)
        self._thing("set aside", Kind.SET_ASIDE, aside["id"], "SetAsideRecord", frozenset())
        codes = await self._hub.rows(tables.reports, tables.reports.c.id.in_(self._rows.values()))
        by_row = {row["id"]: row["code"] for row in codes}
        self.world.facts |= {f"code of {name}": by_row[row] for name, row in self._rows.items()}
        tokens = ",".join(self.world.follow_tokens.values())
        self.world.askers["follower"] = replace(
            self.world.askers["nobody"],
            headers={"Simpul-Follow-Token": tokens},
            init={"followTokens": list(self.world.follow_tokens.values())},
            reporter=True,
        )


def _is_worth_asking(name: str, row: Mapping[str, Any]) -> bool:
    """Each kind of event once of each sort of report. What is told of an erasure itself is a tombstone, no event."""
    if row["kind"] == EventKind.ERASED:
        return False
    if name in ("withdrawn", "erased"):
        return (
            row["kind"] in (EventKind.CREATED, EventKind.MERGED, EventKind.OFFERED)
            or row["status"] == ReportStatus.WITHDRAWN
        )
    return True


def _event_traits(traits: frozenset[Trait], row: Mapping[str, Any]) -> frozenset[Trait]:
    """What an entry of the log has about it, from the row that the store has."""
    found = set(traits)
    if row["actor_role"] is None or not row["by_reporter"]:
        found -= {Trait.NAMELESS}
        found.add(Trait.UNNAMED_ACTOR)
    if row["kind"] == EventKind.SUPPORTED:
        found.add(Trait.QUIET_ACTOR)
    if row["kind"] == EventKind.OFFERED:
        found.add(Trait.STAFF_KIND)
    if row["status"] != ReportStatus.WITHDRAWN or row["kind"] != EventKind.STATUS_CHANGED:
        found.add(Trait.INNER_NOTE)
    return frozenset(found)
