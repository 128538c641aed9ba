"""What goes on in the open, and what goes on beside it in confidence: for tests that nobody outside notices the latter."""

from typing import Any

from sqlalchemy import select

from domain.places import Point
from domain.records import (
    FloodAreaRecord,
    FloodStateReading,
    FloodStatesRecord,
    GaugeReading,
    GaugeRecord,
    TicketRecord,
    TicketResponse,
)
from domain.vocabulary import EventKind, FloodState, ForwardingState, LaporStatus, ReportStatus
from resolvers.acting import add_photos, comment, support
from resolvers.inputs import AddPhotos, CommentOnReport, GivenPoint, SupportReport
from storage.handovers.writing import arrived, begin_forwarding, give_up
from storage.reports.placing import Place
from storage.tables import agencies, sources
from storage.writing.transaction import NOBODY, Tx
from tests.images import plain_jpeg
from tests.ingesting import EARLIER, KAMPUNG_MELAYU, NOW, report
from tests.privacy_world import Minute, Watched
from tests.writing import File

OUTLINE = {
    "type": "Polygon",
    "coordinates": [[[106.85, -6.23], [106.87, -6.23], [106.87, -6.22], [106.85, -6.22], [106.85, -6.23]]],
}
AT = GivenPoint(KAMPUNG_MELAYU.latitude, KAMPUNG_MELAYU.longitude)
WATER = "Banjir setinggi lutut di depan pasar"
HIDDEN = ("told", "of sari", "of qlue", "of lapor", "second", "somewhere", "of a partner")
"""The names of the reports that are confidential from their first day on."""


# ---------------------------------------------------------------- in the open


async def floods(world: Watched) -> None:
    states = FloodStatesRecord(NOW, (FloodStateReading("7", FloodState.MODERATE, EARLIER),))
    gauge = GaugeRecord("g1", "Manggarai", KAMPUNG_MELAYU, (GaugeReading(EARLIER, 640.0, 3, "Siaga 3"),))
    await world.bring("peta_jakarta", FloodAreaRecord("7", "Kampung Melayu RW 07", OUTLINE), states, gauge)


async def open_reports(world: Watched) -> None:
    await world.tell("open", text=WATER, location=AT, flood_depth_cm=40, photos=(File(plain_jpeg()),))
    await world.tell("of wati", "citizen", text="Lampu jalan padam", category="street_light", location=AT)


async def open_record(world: Watched) -> None:
    await world.bring("qlue", report("q1", "Air naik lagi di gang"), _q1="open qlue")


async def open_tickets(world: Watched) -> None:
    def ticket(number: str, **told: Any) -> TicketRecord:
        return TicketRecord(number, title="Jalan rusak", status=LaporStatus.DISPOSED, updated_at=EARLIER, **told)

    own = report("t1", "Jalan rusak di depan sekolah", category="damaged_road")
    await world.bring("lapor", ticket("t1", report=own), ticket("t2", text="Berlubang"), _t1="open ticket")


async def in_the_province(world: Watched) -> None:
    """Answered after 100 minutes: medians show whether they were counted exactly or by buckets."""
    await world.tell("somewhere open", text="Jembatan retak", category="damaged_road", location=AT)
    await world.alter("somewhere open", EventKind.STATUS_CHANGED, status=ReportStatus.VERIFIED)


async def spoken_of(world: Watched) -> None:
    said = CommentOnReport(report_id=world.id("of wati"), text="Sudah tiga malam")
    await world.hub.call(comment, said, world.people["citizen"])
    await world.hub.call(support, SupportReport(report_id=world.id("open")), world.people["citizen"])


async def seen_to(world: Watched) -> None:
    await world.alter("open", EventKind.STATUS_CHANGED, status=ReportStatus.IN_PROGRESS)
    states = FloodStatesRecord(NOW, (FloodStateReading("7", FloodState.SEVERE, NOW),))
    await world.bring("peta_jakarta", states)


async def told_late(world: Watched) -> None:
    await world.tell("late", "sari", text=WATER + " lagi", location=AT)


# ---------------------------------------------------------------- in confidence


async def told(world: Watched) -> None:
    words = {"text": WATER, "title": "Banjir rahasia", "address": "Jalan Kenanga 12"}
    await world.tell("told", confidential=True, photos=(File(plain_jpeg()),), location=AT, flood_depth_cm=60, **words)
    await world.tell("of sari", "sari", confidential=True, anonymous=True, text=WATER + " sekali", location=AT)


async def brought(world: Watched) -> None:
    record = report("r1", "Banjir di rumah saya", confidential=True)
    await world.bring("qlue", record, _r1="of qlue")


async def brought_by_lapor(world: Watched) -> None:
    answer = TicketResponse("Dinas", "Kami datang.", EARLIER)
    own = report("7777", "Banjir dan pungli", confidential=True)
    ticket = TicketRecord(
        "7777", title="Pungli", status=LaporStatus.VERIFIED, confidential=True, responses=(answer,), report=own
    )
    alone = TicketRecord("7778", title="Pungli", text="Tanpa laporan", confidential=True, updated_at=NOW)
    await world.bring("lapor", ticket, alone, _7777="of lapor")


async def told_by_a_partner(world: Watched) -> None:
    """Its first report, which makes it a source."""
    await world.tell("of a partner", "our partner", confidential=True, text="Tanggul retak", location=AT)


async def told_of_the_province(world: Watched) -> None:
    await world.tell(
        "somewhere", "sari", confidential=True, text="Di suatu tempat", category="other", location=None, area="31"
    )


async def spoken_of_in_confidence(world: Watched) -> None:
    said = CommentOnReport(report_id=world.id("told"), text="Tolong segera", follow_token=world.tokens["told"])
    await world.hub.call(comment, said)
    await world.hub.call(
        comment, CommentOnReport(report_id=world.id("told"), text="Kami ke sana"), world.people["dispatcher"]
    )
    await world.hub.call(support, SupportReport(report_id=world.id("told")), world.people["dispatcher"])
    more = AddPhotos(report_id=world.id("of sari"), photos=(File(plain_jpeg()),))
    await world.hub.call(add_photos, more, world.people["sari"])


async def changed(world: Watched) -> None:
    await world.alter("told", EventKind.STATUS_CHANGED, status=ReportStatus.VERIFIED, note="rahasia")
    await world.alter("told", EventKind.UPDATED, place=Place(Point(-6.2088, 106.8456)), title="Pindah")
    await world.alter("of sari", EventKind.UPDATED, respond_breached=True)
    agency = await world.row_of(agencies, "satpol_pp")
    await world.alter("of qlue", EventKind.ASSIGNED, agency_id=agency, status=ReportStatus.ASSIGNED)


async def merged(world: Watched) -> None:
    await world.tell("second", confidential=True, text=WATER, location=AT)
    main = world.named["told"]
    values = {"duplicate_of_id": main, "status": ReportStatus.DUPLICATE}
    await world.alter("second", EventKind.MERGED, other_report_id=main, **values)
    await world.alter("told", EventKind.MERGED, other_report_id=world.named["second"])


async def handed_on(world: Watched) -> None:
    def begin(tx: Tx) -> int:
        lapor = tx.conn.execute(select(sources.c.id).where(sources.c.code == "lapor")).scalar_one()
        return begin_forwarding(tx, world.named["told"], lapor, actor=NOBODY, note=None)

    forwarding = await world.write(begin, "told")
    locks = "told"
    await world.write(lambda tx: give_up(tx, forwarding, ForwardingState.FAILED, error="refused"), locks)
    await world.write(lambda tx: _arrive(tx, forwarding), locks)
    ticket = TicketRecord(
        "5555", title="Banjir rahasia", status=LaporStatus.IN_PROGRESS, updated_at=NOW, confidential=True
    )
    await world.bring("lapor", ticket)


def _arrive(tx: Tx, forwarding: int) -> None:
    tx.locked |= {"ticket:5555"}
    arrived(tx, forwarding, "5555")


STORY: tuple[Minute, ...] = (
    Minute(floods),
    Minute(told, secret=True),
    Minute(open_reports),
    Minute(brought, secret=True),
    Minute(open_record),
    Minute(told_by_a_partner, secret=True),
    Minute(told_of_the_province, secret=True),
    Minute(spoken_of_in_confidence, secret=True),
    Minute(open_tickets),
    Minute(brought_by_lapor, secret=True),
    Minute(in_the_province),
    Minute(changed, secret=True),
    Minute(spoken_of),
    Minute(merged, secret=True),
    Minute(seen_to),
    Minute(handed_on, secret=True),
    Minute(told_late),
)
