"""Strawberry as its documentation shows it: types with resolvers, data loaders, SQLAlchemy's async engine, ASGI on uvicorn."""

import asyncio
import base64
import os
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import h3.api.basic_int as h3
import strawberry
import uvicorn
from sqlalchemy import MetaData, Table, event, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig

from bench.peers.strawberry_submit import Submitting
from bench.where import Codes, where

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PUBLIC_URL = os.environ.get("BENCH_PUBLIC_URL", "http://bench")
engine = create_async_engine(os.environ["BENCH_STORE"].replace("sqlite:", "sqlite+aiosqlite:"), pool_size=8)
known = MetaData()
state: dict[str, Any] = {"subscribers": set()}
TABLES = (
    *("areas", "categories", "sources", "reports", "photos", "persons", "flood_areas", "lapor_tickets"),
    *("log_head", "events", "event_personal", "event_facets", "report_follow_tokens"),
    *("rollup_area", "rollup_day", "rollup_cell"),
)


def table(name: str) -> Table:
    """A table as it was found in the store."""
    return known.tables[name]


Info = strawberry.Info["Context", None]


class Context(dict[str, Any]):
    """One request's loaders."""

    def __init__(self) -> None:
        super().__init__(
            areas=DataLoader(rows_of("areas")),
            persons=DataLoader(rows_of("persons")),
            flood_areas=DataLoader(rows_of("flood_areas")),
            photos=DataLoader(load_photos),
            tickets=DataLoader(load_tickets),
        )


def rows_of(name: str) -> Any:
    """What loads rows of a table by id."""

    async def load(ids: list[int]) -> list[Any]:
        found = table(name)
        async with engine.connect() as connection:
            rows = {row.id: row for row in await connection.execute(select(found).where(found.c.id.in_(ids)))}
        return [rows.get(each) for each in ids]

    return load


async def load_photos(ids: list[int]) -> list[list[Any]]:
    photos = table("photos")
    statement = (
        select(photos)
        .where(photos.c.report_id.in_(ids), (photos.c.state == "READY").is_(True), photos.c.hidden.is_(False))
        .order_by(photos.c.created_at, photos.c.id)
    )
    found: dict[int, list[Any]] = {each: [] for each in ids}
    async with engine.connect() as connection:
        for row in await connection.execute(statement):
            found[row.report_id].append(row)
    return [found[each] for each in ids]


async def load_tickets(ids: list[int]) -> list[Any]:
    tickets = table("lapor_tickets")
    async with engine.connect() as connection:
        found = await connection.execute(select(tickets).where(tickets.c.report_id.in_(ids)))
        rows = {row.report_id: row for row in found}
    return [rows.get(each) for each in ids]


Moment = strawberry.scalar(str, name="DateTime", serialize=lambda micros: written(micros))
Url = strawberry.scalar(str, name="URL")
Cursor = strawberry.scalar(str, name="Cursor")


def written(micros: int) -> str:
    """A moment as the hub writes it."""
    return (EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@strawberry.enum
class ReportStatus(Enum):
    SUBMITTED = "SUBMITTED"
    VERIFIED = "VERIFIED"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    WITHDRAWN = "WITHDRAWN"


@strawberry.enum
class FloodState(Enum):
    NONE = 0
    CAUTION = 1
    MINOR = 2
    MODERATE = 3
    SEVERE = 4


@strawberry.type
class Coordinates:
    latitude: float
    longitude: float


@strawberry.type
class Area:
    id: strawberry.ID
    code: str
    name: str


@strawberry.type
class Photo:
    id: strawberry.ID
    url: Url  # type: ignore[valid-type]
    width: int
    height: int


@strawberry.type
class Reporter:
    display_name: str


@strawberry.type
class FloodArea:
    id: strawberry.ID
    name: str
    state: FloodState


@strawberry.type
class LaporTicket:
    tracking_id: str
    status: str | None
    title: str | None


@strawberry.type
class Report:
    row: strawberry.Private[Any]
    id: strawberry.ID
    code: str
    text: str
    title: str | None
    status: ReportStatus
    reported_at: Moment  # type: ignore[valid-type]
    support_count: int

    @classmethod
    def of(cls, row: Any) -> "Report":
        """A report of a row."""
        return cls(
            row=row,
            id=strawberry.ID(str(row.id)),
            code=row.code,
            text=row.text,
            title=row.title,
            status=ReportStatus(row.status),
            reported_at=row.reported_at,
            support_count=row.support_count,
        )

    @strawberry.field
    def location(self) -> Coordinates | None:
        if self.row.public_latitude is None:
            return None
        return Coordinates(latitude=self.row.public_latitude, longitude=self.row.public_longitude)

    @strawberry.field
    async def area(self, info: Info) -> Area | None:
        if self.row.public_area_id is None:
            return None
        row = await info.context["areas"].load(self.row.public_area_id)
        return Area(id=strawberry.ID(str(row.id)), code=row.code, name=row.name)

    @strawberry.field
    async def photos(self, info: Info) -> list[Photo]:
        return [
            Photo(
                id=strawberry.ID(str(row.id)),
                url=f"{PUBLIC_URL}/photos/{row.address}",
                width=row.width,
                height=row.height,
            )
            for row in await info.context["photos"].load(self.row.id)
        ]

    @strawberry.field
    async def reporter(self, info: Info) -> Reporter | None:
        if self.row.anonymous or self.row.reporter_id is None:
            return None
        row = await info.context["persons"].load(self.row.reporter_id)
        return Reporter(display_name=row.display_name)

    @strawberry.field
    async def flood_area(self, info: Info) -> FloodArea | None:
        if self.row.public_flood_area_id is None:
            return None
        row = await info.context["flood_areas"].load(self.row.public_flood_area_id)
        return FloodArea(id=strawberry.ID(str(row.id)), name=row.name, state=FloodState(row.state))

    @strawberry.field
    async def lapor_ticket(self, info: Info) -> LaporTicket | None:
        row = None if self.row.fuzzed else await info.context["tickets"].load(self.row.id)
        return row and LaporTicket(tracking_id=row.tracking_id, status=row.status, title=row.title)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: Cursor | None  # type: ignore[valid-type]


@strawberry.type
class ReportConnection:
    nodes: list[Report]
    page_info: PageInfo


@strawberry.type
class StatisticsBucketCount:
    key: str | None
    total: int
    open: int
    resolved: int


@strawberry.enum
class StatisticsBucket(Enum):
    CATEGORY = "CATEGORY"


@strawberry.type
class Statistics:
    total: int
    open: int
    resolved: int
    by_category: strawberry.Private[list[StatisticsBucketCount]]

    @strawberry.field
    def buckets(self, by: StatisticsBucket) -> list[StatisticsBucketCount]:
        return self.by_category


@strawberry.input
class BoundingBoxInput:
    west: float
    south: float
    east: float
    north: float


@strawberry.input
class NearInput:
    latitude: float
    longitude: float
    within_meters: float


@strawberry.input
class ReportFilter:
    statuses: list[ReportStatus] | None = None
    categories: list[str] | None = None
    sources: list[str] | None = None
    areas: list[str] | None = None
    within: BoundingBoxInput | None = None
    near: NearInput | None = None
    reported_after: Moment | None = None  # type: ignore[valid-type]
    reported_before: Moment | None = None  # type: ignore[valid-type]

    def told(self) -> dict[str, Any]:
        """As JSON would have it."""
        given: dict[str, Any] = {
            "statuses": self.statuses and [each.value for each in self.statuses],
            "categories": self.categories,
            "sources": self.sources,
            "areas": self.areas,
            "within": self.within and vars(self.within),
            "near": self.near
            and {
                "latitude": self.near.latitude,
                "longitude": self.near.longitude,
                "withinMeters": self.near.within_meters,
            },
            "reportedAfter": self.reported_after,
            "reportedBefore": self.reported_before,
        }
        return {name: value for name, value in given.items() if value is not None}


async def rows(connection: AsyncConnection, sql: str, values: Sequence[Any]) -> list[Any]:
    """Rows of a statement that has question marks."""
    if engine.dialect.name == "postgresql":
        for n in range(1, len(values) + 1):
            sql = sql.replace("?", f"${n}", 1)
        sql = sql.replace("min(1.0,", "least(1.0,")
    return list(await connection.exec_driver_sql(sql, tuple(values)))


@strawberry.type
class HexBin:
    cell: str
    total: int
    open: int


async def hexagons(condition: str, values: list[Any], box: BoundingBoxInput, resolution: int) -> list[HexBin]:
    """Counts by hexagon whose middle lies in the box, the fullest first."""
    unused, bits, margin = (1 << (3 * (15 - resolution))) - 1, resolution << 52, 0.03
    sql = (
        f"SELECT (public_cell & {~(15 << 52)}) | {bits | unused}, count(*),"
        " sum(CASE WHEN status IN ('SUBMITTED', 'VERIFIED', 'ASSIGNED', 'IN_PROGRESS') THEN 1 ELSE 0 END)"
        f" FROM reports WHERE {condition} AND public_latitude BETWEEN ? AND ? AND public_longitude BETWEEN ? AND ?"
        " GROUP BY 1"
    )
    wide = [box.south - margin, box.north + margin, box.west - margin, box.east + margin]
    async with engine.connect() as connection:
        found = await rows(connection, sql, [*values, *wide])
    bins = []
    for cell, total, still_open in found:
        latitude, longitude = h3.cell_to_latlng(cell)
        if box.south <= latitude <= box.north and box.west <= longitude <= box.east:
            bins.append(HexBin(cell=f"{cell:x}", total=total, open=still_open))
    return sorted(bins, key=lambda each: (-each.total, each.cell))


@strawberry.type
class Query:
    @strawberry.field
    async def hex_bins(
        self, within: BoundingBoxInput, resolution: int, filter: ReportFilter | None = None
    ) -> list[HexBin]:
        condition, values = where(filter.told() if filter else {}, state["codes"])
        return await hexagons(condition, values, within, resolution)

    @strawberry.field
    async def reports(self, first: int, filter: ReportFilter | None = None) -> ReportConnection:
        condition, values = where(filter.told() if filter else {}, state["codes"])
        sql = f"SELECT * FROM reports WHERE {condition} ORDER BY reported_at DESC, id DESC LIMIT {first + 1}"
        async with engine.connect() as connection:
            found = await rows(connection, sql, values)
        nodes = [Report.of(row) for row in found[:first]]
        last = found[:first][-1] if nodes else None
        cursor = last and base64.b64encode(f"{last.reported_at}:{last.id}".encode()).decode()
        return ReportConnection(nodes=nodes, page_info=PageInfo(has_next_page=len(found) > first, end_cursor=cursor))

    @strawberry.field
    async def report(self, id: strawberry.ID) -> Report | None:
        reports = table("reports")
        statement = select(reports).where(reports.c.id == int(id), reports.c.visibility == "PUBLIC")
        async with engine.connect() as connection:
            row = (await connection.execute(statement)).first()
        return None if row is None else Report.of(row)

    @strawberry.field
    async def statistics(self, filter: ReportFilter | None = None) -> Statistics:
        condition, values = where(filter.told() if filter else {}, state["codes"])
        sql = (
            "SELECT c.code, count(*),"
            " sum(CASE WHEN status IN ('SUBMITTED', 'VERIFIED', 'ASSIGNED', 'IN_PROGRESS') THEN 1 ELSE 0 END),"
            " sum(CASE WHEN status IN ('RESOLVED', 'CLOSED') THEN 1 ELSE 0 END)"
            f" FROM reports JOIN categories c ON c.id = category_id WHERE {condition}"
            " GROUP BY c.code, category_id ORDER BY 2 DESC, category_id"
        )
        async with engine.connect() as connection:
            found = [
                StatisticsBucketCount(key=key, total=total, open=still_open, resolved=resolved)
                for key, total, still_open, resolved in await rows(connection, sql, values)
            ]
        totals = [sum(getattr(each, name) for each in found) for name in ("total", "open", "resolved")]
        return Statistics(total=totals[0], open=totals[1], resolved=totals[2], by_category=found)


@strawberry.input
class CoordinatesInput:
    latitude: float
    longitude: float


@strawberry.input
class SubmitReportInput:
    text: str
    category: str
    location: CoordinatesInput


@strawberry.type
class UserError:
    message: str


@strawberry.type
class SubmitReportPayload:
    report: Report | None
    follow_token: str | None
    user_errors: list[UserError]


@strawberry.enum
class ReportEventKind(Enum):
    CREATED = "CREATED"


@strawberry.type
class ReportEvent:
    id: strawberry.ID
    kind: ReportEventKind
    at: Moment  # type: ignore[valid-type]
    report: Report


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def submit_report(self, input: SubmitReportInput) -> SubmitReportPayload:
        place = input.location
        submitting: Submitting = state["submitting"]
        try:
            row, token, seq = await submitting.submit(input.text, input.category, place.latitude, place.longitude)
        except LookupError:
            return SubmitReportPayload(
                report=None, follow_token=None, user_errors=[UserError(message="No such category.")]
            )
        for queue in state["subscribers"]:
            queue.put_nowait((seq, row))
        return SubmitReportPayload(report=Report.of(row), follow_token=token, user_errors=[])


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def new_reports(self) -> AsyncGenerator[ReportEvent, None]:
        queue: asyncio.Queue[tuple[int, Any]] = asyncio.Queue()
        state["subscribers"].add(queue)
        try:
            while True:
                seq, row = await queue.get()
                yield ReportEvent(
                    id=strawberry.ID(str(seq)), kind=ReportEventKind.CREATED, at=row.updated_at, report=Report.of(row)
                )
        finally:
            state["subscribers"].discard(queue)


class App(GraphQL["Context", None]):
    """The door, with fresh loaders for each request."""

    async def get_context(self, request: Any, response: Any) -> "Context":
        return Context()


async def look_around() -> None:
    """Learns the tables and the codes."""
    async with engine.connect() as connection:
        await connection.run_sync(lambda conn: known.reflect(conn, only=TABLES))
        pairs = [
            (await connection.execute(select(table(name).c.code, table(name).c.id))).all()
            for name in ("areas", "categories", "sources")
        ]
        state["codes"] = Codes.of(*pairs)
    if "BENCH_FACTS" in os.environ:
        state["submitting"] = Submitting(engine, table)


if engine.dialect.name == "sqlite":

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        synchronous = f"synchronous={os.environ.get('BENCH_SYNCHRONOUS', 'FULL')}"
        for pragma in ("journal_mode=WAL", synchronous, "cache_size=-32768", "mmap_size=268435456"):
            connection.execute(f"PRAGMA {pragma}")


schema = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(auto_camel_case=True))
graphql = App(schema)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers, and learns at the start."""
    if scope["type"] == "lifespan":
        await receive()
        await look_around()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await graphql(scope, receive, send)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), log_level="warning")
