"""The story of a sensitive report whose true place is told in two ways, within one cell: for tests that nobody can tell them apart."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from domain.places import Point, cell_of, fuzz
from domain.records import FloodAreaRecord, FloodStateReading, FloodStatesRecord, TicketRecord
from domain.references import reference_of
from domain.vocabulary import EventKind, FloodState, ForwardingState, LaporStatus, ReportStatus
from resolvers.acting import add_photos, comment, support
from resolvers.inputs import AddPhotos, CommentOnReport, GivenPoint, SupportReport
from storage.reports.placing import Place
from storage.tables import categories, forwardings, sources
from storage.writing.transaction import Tx
from tests.images import encoded, exif, upright
from tests.ingesting import EARLIER, NOW, report
from tests.privacy_world import Minute, Watched
from tests.writing import KEY, File

CENTRE = Point(-6.170725, 106.832181)
"""In a cell of resolution 9 that two kelurahan share, of two kecamatan."""

_REFERENCE = reference_of(b"kenanga!")


@dataclass(frozen=True)
class Secret:
    """What must not be found out: where it was, and all that would tell."""

    point: Point
    second: Point  # where it is said to have been afterwards, in the same cell
    address: str
    ref: str
    ticket_area: str
    gps: tuple[float, float, float]

    @property
    def url(self) -> str:
        return f"https://qlue.test/laporan/{self.ref}"


KENANGA = Secret(
    Point(-6.1708, 106.8336), Point(-6.1697, 106.8331), "Jalan Kenanga 12", "771", "Kecamatan Gambir", (10.0, 14.9, 0.0)
)
FLAMBOYAN = Secret(
    Point(-6.17105, 106.8312),
    Point(-6.1718, 106.8318),
    "Gang Flamboyan belakang musala",
    "772",
    "Kecamatan Sawah Besar",
    (10.0, 16.0, 0.0),
)
MET = tuple(Point(each.latitude, each.longitude) for each in (KENANGA.point, FLAMBOYAN.point, fuzz(CENTRE)))
"""Where an attacker would look: the one place, the other, and the one that is told."""


def same_cell() -> bool:
    """Whether the two places, and where they are moved to, differ in nothing that the public may know."""
    points = [CENTRE, KENANGA.point, KENANGA.second, FLAMBOYAN.point, FLAMBOYAN.second]
    return len({cell_of(point, 9) for point in points}) == 1


def _around(point: Point, degrees: float = 0.0004) -> dict[str, Any]:
    west, east = point.longitude - degrees, point.longitude + degrees
    south, north = point.latitude - degrees, point.latitude + degrees
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _given(point: Point) -> GivenPoint:
    return GivenPoint(point.latitude, point.longitude)


def _photo(secret: Secret) -> File:
    tags = exif()
    tags.get_ifd(0x8825).update({2: (6.0, *secret.gps[:2]), 4: (106.0, 49.0, secret.gps[1])})
    return File(encoded(upright(), "JPEG", exif=tags), filename=f"{secret.address}.jpg")


def story(secret: Secret) -> list[Minute]:
    """What happens, minute by minute. Nobody looks while a report is public whose place is a secret only afterwards."""

    async def floods(world: Watched) -> None:
        areas = [FloodAreaRecord(str(n), f"RW 0{n}", _around(point)) for n, point in enumerate(MET, start=1)]
        states = tuple(FloodStateReading(str(n), FloodState.MODERATE, EARLIER) for n in (1, 2, 3))
        await world.bring("peta_jakarta", *areas, FloodStatesRecord(NOW, states))

    async def decoys(world: Watched) -> None:
        for n, point in enumerate(MET, start=1):
            await world.tell(
                f"decoy {n}", "sari", text=f"Kabel menjuntai {n}", category="other", location=_given(point)
            )

    async def told(world: Watched) -> None:
        where = {"location": _given(secret.point), "address": secret.address}
        words = {"text": "Pengemis memaksa di lampu merah", "category": "beggars", "title": "Pengemis"}
        await world.tell("told", photos=(_photo(secret),), idempotency_key=KEY, **where, **words)

    async def brought(world: Watched) -> None:
        record = report(
            secret.ref,
            "Anak jalanan mengganggu",
            category="beggars",
            point=secret.point,
            address=secret.address,
            source_url=secret.url,
            source_status=f"menunggu di {secret.address}",
            source_status_means=ReportStatus.SUBMITTED,
        )
        await world.bring("qlue", record, **{f"_{secret.ref}": "brought"})

    async def found_out(world: Watched) -> None:
        """Told as something harmless, and only later filed as what it is."""
        await world.tell(
            "found out",
            "sari",
            text="Ada keributan tadi malam",
            category="other",
            location=_given(secret.point),
            address=secret.address,
            flood_depth_cm=5,
        )

    async def spoken_of(world: Watched) -> None:
        await world.hub.call(support, SupportReport(report_id=world.id("found out")), world.people["citizen"])
        said = CommentOnReport(report_id=world.id("found out"), text="Mohon ditindak")
        await world.hub.call(comment, said, world.people["sari"])
        await world.alter("found out", EventKind.UPDATED, place=Place(secret.second))

    async def filed(world: Watched) -> None:
        await world.alter("found out", EventKind.UPDATED, category_id=await world.row_of(categories, "crime_disorder"))

    async def moved(world: Watched) -> None:
        await world.alter("told", EventKind.UPDATED, place=Place(secret.second), address=secret.address + " baru")

    async def away_and_back(world: Watched) -> None:
        await world.alter("brought", EventKind.UPDATED, place=Place(Point(-6.2088, 106.8456)))
        await world.alter("brought", EventKind.UPDATED, place=Place(secret.point))

    async def photographed(world: Watched) -> None:
        given = AddPhotos(report_id=world.id("found out"), photos=(_photo(secret),))
        await world.hub.call(add_photos, given, world.people["sari"])

    async def merged(world: Watched) -> None:
        other = world.named["told"]
        values = {"duplicate_of_id": other, "status": ReportStatus.DUPLICATE}
        await world.alter("brought", EventKind.MERGED, other_report_id=other, **values)

    async def handed_on(world: Watched) -> None:
        def apply(tx: Tx) -> None:
            lapor = tx.conn.execute(select(sources.c.id).where(sources.c.code == "lapor")).scalar_one()
            for name, state in (("told", ForwardingState.CANCELLED), ("found out", ForwardingState.QUEUED)):
                row = {"report_id": world.named[name], "source_id": lapor, "state": state, "created_at": tx.now}
                mark = _REFERENCE if name == "told" else reference_of(b"flambo!!")
                tx.conn.execute(insert(forwardings), {**row, "attempts": 1, "reference": mark})

        await world.write(apply, "told", "found out")

    async def tickets(world: Watched) -> None:
        of_one = TicketRecord(
            f"9{secret.ref}",
            title="Pengemis",
            text=f"Di {secret.address}",
            status=LaporStatus.DISPOSED,
            area_name=secret.ticket_area,
            submitted_at=NOW - timedelta(hours=2),
            updated_at=EARLIER,
            references=(_REFERENCE,),
        )
        of_its_own = TicketRecord(
            "8000",
            title="Preman",
            text=f"Pungli di {secret.address}",
            status=LaporStatus.VERIFIED,
            area_name=secret.ticket_area,
            updated_at=EARLIER,
            report=report(
                "8000",
                "Pungli di perempatan",
                category="crime_disorder",
                point=secret.point,
                address=secret.address,
                source_status_means=ReportStatus.VERIFIED,
            ),
        )
        await world.bring("lapor", of_one, of_its_own, _8000="of a ticket")

    async def redrawn(world: Watched) -> None:
        """The flood areas' outlines grow: what lies in them is looked for anew."""
        areas = [FloodAreaRecord(str(n), f"RW 0{n}", _around(point, 0.0005)) for n, point in enumerate(MET, start=1)]
        await world.bring("peta_jakarta", *areas)

    steps = (floods, decoys, told, brought, found_out, spoken_of, filed, moved, away_and_back)
    later = (photographed, merged, handed_on, tickets, redrawn)
    return [Minute(step, watched=step not in (found_out, spoken_of)) for step in (*steps, *later)]
