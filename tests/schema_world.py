"""A small hub that has something of every noun, and questions to it through the schema that is served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_required_argument
from sqlalchemy import insert

from domain.areas import AreaMap
from domain.records import (
    FloodAreaRecord,
    FloodStateReading,
    FloodStatesRecord,
    GaugeReading,
    GaugeRecord,
    SetAside,
    TicketRecord,
    TicketResponse,
)
from domain.sealing import Kind
from domain.vocabulary import FloodState, LaporStatus, Locale, Role
from execution import Engine, Limits
from resolvers.viewer import Viewer
from schema.root import graphql_schema
from storage.store import Store
from storage.tables import comments, forwardings, report_supports
from storage.writing.transaction import Operation, Tx
from tests.images import plain_jpeg
from tests.ingesting import EARLIER, KAMPUNG_MELAYU, NOW, hub_on, report
from tests.writing import ANONYMOUS, File, WritingHub, writing_hub

ADMIN = Viewer(Role.ADMIN, client="c" * 64)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[106.85, -6.23], [106.87, -6.23], [106.87, -6.22], [106.85, -6.22], [106.85, -6.23]]],
}


@dataclass
class SchemaWorld:
    """A hub and an engine over the served schema."""

    hub: WritingHub
    engine: Engine
    report_id: int

    async def ask(
        self,
        question: str,
        variables: dict[str, Any] | None = None,
        viewer: Viewer = ANONYMOUS,
        locale: Locale = Locale.EN,
    ) -> dict[str, Any]:
        """The answer to an operation, errors and all."""
        prepared = self.engine.prepare(question, None, variables)
        async with self.hub.context(viewer, locale) as context:
            return (await self.engine.execute(prepared, context)).payload()

    async def data(self, question: str, variables: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.ask(question, variables, **asked)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


def everything(kind: Any, depth: int, path: tuple[str, ...] = ()) -> str:
    """A selection of all fields of a type that need no arguments, and of theirs; no type twice on a way down."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    chosen = [_selection(name, field, depth, (*path, named.name)) for name, field in named.fields.items()]
    return "{ __typename " + " ".join(each for each in chosen if each) + " }"


def _selection(name: str, field: GraphQLField, depth: int, path: tuple[str, ...]) -> str:
    if any(is_required_argument(given) for given in field.args.values()):
        return ""
    kind = get_named_type(field.type)
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return name
    if depth == 0 or kind.name in path:
        return ""
    return f"{name} {everything(kind, depth - 1, path)}"


async def _bring(store: Store, area_map: AreaMap, folder: Path) -> None:
    hub = await hub_on(store, area_map, folder)
    await hub.take(
        "peta_jakarta",
        FloodAreaRecord("7", "Kampung Melayu RW 07", SQUARE, "Kampung Melayu", "Jakarta Timur"),
        FloodStatesRecord(NOW, (FloodStateReading("7", FloodState.MODERATE, EARLIER),)),
        GaugeRecord("g1", "Manggarai", KAMPUNG_MELAYU, (GaugeReading(EARLIER, 640.0, 3, "Siaga 3"),)),
        report("p1", "Air setinggi pinggang", flood_depth_cm=90),
    )
    await hub.take("qlue", report("q1", source_status="wait", title="Banjir"))
    await hub.aside("qlue", SetAside("q2", "no category", '{"id": 2}'))
    ticket: dict[str, Any] = {"title": "Jalan rusak", "text": "Berlubang", "category": "Jalan", "agency": "Bina Marga"}
    answered = TicketResponse("Dinas Bina Marga", "Sudah ditambal.", EARLIER)
    await hub.take(
        "lapor",
        TicketRecord(
            "1234567",
            status=LaporStatus.DONE,
            source_status="Selesai",
            submitted_at=NOW - timedelta(days=2),
            updated_at=EARLIER,
            url="https://www.lapor.go.id/laporan/1234567",
            responses=(answered,),
            report=report("1234567", "Jalan rusak di depan sekolah", category="damaged_road"),
            **ticket,
        ),
    )


def _dress(tx: Tx, report_id: int, person_id: int) -> None:
    """A comment, a support and a hand-over, put straight into the tables."""
    told = {"report_id": report_id, "created_at": tx.now}
    shown = {"official": False, "hidden": False, "by_reporter": False, "author_role": "CITIZEN"}
    tx.conn.execute(insert(comments), {**told, **shown, "text": "Masih banjir", "author_person_id": person_id})
    tx.conn.execute(insert(report_supports), {**told, "supporter": f"person:{person_id}"})
    state = {"source_id": 1, "state": "SENT", "reference": "SIMPUL-000000000000", "attempts": 1}
    tx.conn.execute(insert(forwardings), {**told, **state})


@asynccontextmanager
async def schema_world(store: Store, area_map: AreaMap, folder: Path) -> AsyncIterator[SchemaWorld]:
    """A hub with floods, tickets, reports of three sources, a photo, a comment, a support and a hand-over."""
    await _bring(store, area_map, folder / "brought")
    async with writing_hub(store, folder, area_map) as hub:
        citizen = await hub.person(Role.CITIZEN, "sari")
        done = await hub.submit(citizen, photos=(File(plain_jpeg()),), flood_depth_cm=40, title="Banjir")
        assert done.report_id is not None and citizen.person_id is not None
        dressed, person_id = done.report_id, citizen.person_id
        await store.write(Operation(lambda tx: _dress(tx, dressed, person_id)))
        hub.people["sari"] = citizen
        yield SchemaWorld(hub, Engine(graphql_schema(), Limits(cost=10**9)), dressed)


def public_id(world: SchemaWorld, kind: Kind, row_id: int) -> str:
    """The id of a row as clients have it."""
    return world.hub.parts.ids.encode(kind, row_id)
