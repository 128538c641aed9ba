"""Records at the edges of what a type can hold, from a connector that checks nothing: each costs itself alone, on both stores."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from domain.areas import AreaMap
from domain.places import Point
from domain.records import (
    FloodAreaRecord,
    FloodStateReading,
    FloodStatesRecord,
    GaugeReading,
    GaugeRecord,
    Record,
    TicketRecord,
    TicketResponse,
    TopicRecord,
)
from domain.vocabulary import FloodState
from storage.store import Store
from storage.tables import lapor_tickets, reports
from tests.fuzzing import NASTY_TEXTS, drawn
from tests.ingesting import EARLIER, NOW, hub_on, report
from tests.schema_world import SQUARE

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
LONG = "x" * 200
HALF = "\ud800"

ODD: dict[str, tuple[str, Record]] = {
    "report, long number": ("qlue", report("x" * 5_000)),
    "report, NUL and half a letter": ("qlue", report("14\0", f"t{HALF}", title="\0", source_status=HALF)),
    "report, long texts": (
        "qlue",
        report("2", title="x" * 100_000, source_status="x" * 100_000, channel="x" * 100_000),
    ),
    "report, text too long": ("qlue", report("3", "x" * 200_000)),
    "report, unknown category": ("qlue", report("4", category="x" * 1_000)),
    "report, first day": ("qlue", report("5", reported_at=FIRST)),
    "report, last day": ("qlue", report("6", reported_at=LAST)),
    "report, unknown area": ("qlue", report("7", area="\0", area_name="y" * 1_000, point=None)),
    "report, pole": ("qlue", report("8", point=Point(90, 180))),
    "report, nearly nowhere": ("qlue", report("9", point=Point(5e-324, -5e-324))),
    "report, depth of 31 digits": ("qlue", report("10", flood_depth_cm=10**30)),
    "report, depth below the ground": ("qlue", report("11", flood_depth_cm=-1)),
    "report, same as an odd one": ("qlue", report("12", same_as=(("lapor", "\0"), ("nothing", LONG)))),
    "report, many photos": ("qlue", report("13", photo_urls=tuple(f"http://a/{n}" for n in range(500)))),
    "area, long number": ("peta_jakarta", FloodAreaRecord(LONG, "n", SQUARE)),
    "area, long names": ("peta_jakarta", FloodAreaRecord("1", LONG * 50, SQUARE, LONG, LONG)),
    "area, NUL": ("peta_jakarta", FloodAreaRecord("2\0", "\0", SQUARE)),
    "area, flat": ("peta_jakarta", FloodAreaRecord("3", "n", {"type": "Polygon", "coordinates": [[[0, 0]] * 4]})),
    "area, no geometry": ("peta_jakarta", FloodAreaRecord("4", "n", {"type": "Polygon", "coordinates": "x"})),
    "area, endless": (
        "peta_jakarta",
        FloodAreaRecord("5", "n", {"type": "Polygon", "coordinates": [[[1e308, 0]] * 4]}),
    ),
    "states of any time": (
        "peta_jakarta",
        FloodStatesRecord(NOW, tuple(FloodStateReading(LONG, FloodState.MODERATE, at) for at in (FIRST, LAST, None))),
    ),
    "gauge, level of 31 digits": (
        "peta_jakarta",
        GaugeRecord("g", "n", None, (GaugeReading(NOW, 1e308, 10**30, LONG),)),
    ),
    "gauge, level of 33 bits": ("peta_jakarta", GaugeRecord("h", "n", None, (GaugeReading(NOW, -1e308, 2**32, "\0"),))),
    "gauge, first day": ("peta_jakarta", GaugeRecord("i", LONG * 50, None, (GaugeReading(FIRST, 0.0, 1, LONG),))),
    "gauge, long number": ("peta_jakarta", GaugeRecord(LONG, "n", None, ())),
    "ticket, long number": ("lapor", TicketRecord(LONG, title="x", submitted_at=EARLIER)),
    "ticket, NUL": ("lapor", TicketRecord("1\0", title="\0", text=HALF, submitted_at=EARLIER)),
    "ticket, long texts": (
        "lapor",
        TicketRecord("2", title=LONG * 500, text=LONG * 1_000, agency=LONG, submitted_at=FIRST),
    ),
    "ticket, many answers": ("lapor", TicketRecord("3", responses=(TicketResponse("\0", HALF, LAST),) * 2_000)),
    "topic, long number": ("lapor", TopicRecord(LONG, LONG, "x")),
    "topic, its own parent": ("lapor", TopicRecord("1", "1", "x" * 10_000)),
    "topic, NUL": ("lapor", TopicRecord("2\0", "\0", "\0")),
}


async def test_an_odd_record_costs_itself_alone(store: Store, area_map: AreaMap, tmp_path: Path) -> None:
    """Each comes between two sound ones, which must be there afterwards."""
    hub = await hub_on(store, area_map, tmp_path)
    for number, (name, (source, record)) in enumerate(ODD.items()):
        around = report(f"before {number}"), report(f"after {number}")
        accepted = await hub.take(source, around[0], record, around[1])
        assert accepted.created >= 2, name
    refs = {row.source_ref for row in await hub.rows(reports)}
    assert refs >= {f"{where} {number}" for number in range(len(ODD)) for where in ("before", "after")}


def records() -> st.SearchStrategy[Record]:
    """Reports and tickets of nasty texts in all places."""
    texts = st.sampled_from([*NASTY_TEXTS, HALF, None])
    told = st.fixed_dictionaries({"text": texts, "title": texts, "status": texts, "area": texts, "name": texts})

    def of(values: dict[str, Any]) -> st.SearchStrategy[Record]:
        ref, text = values["name"] or "r", values["text"] or ""
        more = {"title": values["title"], "source_status": values["status"], "area_name": values["area"]}
        return st.sampled_from([report(ref, text, **more), TicketRecord(ref, text=text, submitted_at=EARLIER, **more)])

    return told.flatmap(of)


async def test_batches_of_nasty_texts_are_taken_in(store: Store, area_map: AreaMap, tmp_path: Path) -> None:
    hub = await hub_on(store, area_map, tmp_path)
    for batch in drawn(st.lists(records(), min_size=1, max_size=6), 12):
        accepted = await hub.take("lapor", *batch)
        assert accepted.created + accepted.updated + accepted.unchanged + accepted.set_aside >= 1
    for row in [*await hub.rows(reports), *await hub.rows(lapor_tickets)]:
        assert "\0" not in (row.text or "") and HALF not in (row.title or "")
