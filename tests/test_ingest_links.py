"""One thing that comes by two ways is one report: linked by number, by reference, or by place, time and words."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from domain.areas import AreaMap
from domain.places import Point
from domain.references import reference_of
from domain.time import micros
from domain.visibility import Visibility
from domain.vocabulary import ForwardingState
from storage import tables
from storage.reports.creating import NewReport, create_report
from storage.reports.lists.listing import report_by_source_ref
from storage.reports.placing import Place
from storage.store import Store
from storage.writing.transaction import NOBODY, Tx
from tests.ingesting import EARLIER, KAMPUNG_MELAYU, Hub, hub_on, report

QLUE_TEXT = "Banjir setinggi lutut di depan Pasar Kampung Melayu, mobil mogok"


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


def moved_by(metres: float) -> Point:
    return Point(KAMPUNG_MELAYU.latitude + metres / 111_195, KAMPUNG_MELAYU.longitude)


class TestByNumber:
    async def test_the_second_to_come_is_linked(self, hub: Hub) -> None:
        await hub.take("qlue", report("77"))
        accepted = await hub.take("peta_jakarta", report("900", same_as=(("qlue", "77"),), flood_depth_cm=60))
        row = await hub.only_report()
        assert (row.source_ref, row.flood_depth_cm, accepted.updated) == ("77", 60, 1)
        assert await hub.events() == ["CREATED", "UPDATED"]

    async def test_also_where_the_one_that_names_the_other_comes_first(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", report("900", same_as=(("qlue", "77"),)))
        accepted = await hub.take("qlue", report("77", text="Teks Qlue"))
        assert ((await hub.only_report()).source_ref, accepted.created) == ("900", 0)

    async def test_it_is_found_by_both_numbers(self, hub: Hub) -> None:
        await hub.take("qlue", report("77"))
        await hub.take("peta_jakarta", report("900", same_as=(("qlue", "77"),)))
        by = [
            await hub.store.read(report_by_source_ref, Visibility(), source, ref)
            for source, ref in (("qlue", "77"), ("peta_jakarta", "900"))
        ]
        assert by[0] is not None and by[0] == by[1]

    async def test_a_linked_record_that_is_told_again_changes_nothing(self, hub: Hub) -> None:
        await hub.take("qlue", report("77"))
        other = report("900", same_as=(("qlue", "77"),))
        await hub.take("peta_jakarta", other)
        accepted = await hub.take("peta_jakarta", other)
        assert accepted.unchanged == 1
        await hub.take("peta_jakarta", report("900", text="Lain sekali", same_as=(("qlue", "77"),)))
        assert (await hub.only_report()).text == report().text


class TestByLikeness:
    async def test_what_peta_jakarta_has_from_qlue_is_not_made_again(self, hub: Hub) -> None:
        await hub.take("qlue", report("77", text=QLUE_TEXT))
        later = EARLIER + timedelta(minutes=4)
        through = report(
            "900", text=QLUE_TEXT.upper(), point=moved_by(40), reported_at=later, channel="qlue", flood_depth_cm=50
        )
        await hub.take("peta_jakarta", through)
        row = await hub.only_report()
        assert (row.source_ref, row.flood_depth_cm) == ("77", 50)

    async def test_nor_when_qlue_tells_of_it_afterwards(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", report("900", text=QLUE_TEXT, channel="qlue", flood_depth_cm=50))
        await hub.take("qlue", report("77", text=QLUE_TEXT, point=moved_by(-30)))
        assert (await hub.only_report()).source_ref == "900"

    async def test_a_later_edit_at_qlue_does_not_take_the_depth_away(self, hub: Hub) -> None:
        await hub.take("qlue", report("77", text=QLUE_TEXT))
        await hub.take("peta_jakarta", report("900", text=QLUE_TEXT, channel="qlue", flood_depth_cm=50))
        await hub.take("qlue", report("77", text=QLUE_TEXT + "!!"))
        assert (await hub.only_report()).flood_depth_cm == 50

    @pytest.mark.parametrize(
        "told",
        [
            {"point": moved_by(80)},
            {"reported_at": EARLIER + timedelta(minutes=25)},
            {"text": "Pohon tumbang menimpa warung"},
            {"channel": "grasp"},
            {"point": None},
        ],
        ids=["too far", "too late", "other words", "another channel", "no place"],
    )
    async def test_what_differs_is_a_report_of_its_own(self, hub: Hub, told: dict[str, Any]) -> None:
        await hub.take("qlue", report("77", text=QLUE_TEXT))
        alike: dict[str, Any] = {"text": QLUE_TEXT, "channel": "qlue"}
        await hub.take("peta_jakarta", report("900", **(alike | told)))
        assert len(await hub.reports()) == 2

    async def test_two_alike_of_one_source_are_two(self, hub: Hub) -> None:
        await hub.take("qlue", report("77", text=QLUE_TEXT))
        told: dict[str, Any] = {"text": QLUE_TEXT, "channel": "qlue"}
        await hub.take("peta_jakarta", report("900", **told), report("901", **told))
        assert len(await hub.reports()) == 2

    async def test_of_several_the_likest_is_meant(self, hub: Hub) -> None:
        await hub.take("qlue", report("76", text="Banjir di depan pasar"), report("77", text=QLUE_TEXT))
        await hub.take("peta_jakarta", report("900", text=QLUE_TEXT, channel="qlue"))
        (linked,) = await hub.rows(tables.report_links)
        (row,) = await hub.rows(tables.reports, tables.reports.c.source_ref == "77")
        assert linked.report_id == row.id


class TestHandedOn:
    @staticmethod
    async def handed_on(hub: Hub, area_map: AreaMap) -> int:
        """A report of the hub's own that went to Peta Jakarta ten minutes after it was told."""

        def make(tx: Tx) -> int:
            category = tx.conn.execute(select(tables.categories.c.id).where(tables.categories.c.code == "flood"))
            hubs_own = tx.conn.execute(select(tables.sources.c.id).where(tables.sources.c.code == "simpul"))
            peta = tx.conn.execute(select(tables.sources.c.id).where(tables.sources.c.code == "peta_jakarta"))
            place, told_at = Place(KAMPUNG_MELAYU), micros(EARLIER - timedelta(minutes=30))
            new = NewReport(QLUE_TEXT, category.scalar_one(), told_at, hubs_own.scalar_one(), place)
            created = create_report(tx, area_map, new, NOBODY)
            values = {
                "report_id": created.id,
                "source_id": peta.scalar_one(),
                "state": ForwardingState.SENT,
                "reference": reference_of(bytes(8)),
                "created_at": tx.now,
                "last_attempt_at": micros(EARLIER),
                "attempts": 1,
            }
            tx.conn.execute(insert(tables.forwardings), values)
            return created.id

        made: int = await hub.write(make)
        return made

    async def test_our_own_report_comes_back_and_is_not_made_again(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await self.handed_on(hub, area_map)
        await hub.take("peta_jakarta", report("900", text=QLUE_TEXT, channel="qlue", flood_depth_cm=30))
        row = await hub.only_report()
        assert (row.id, row.flood_depth_cm) == (report_id, 30)

    async def test_the_reference_in_its_text_proves_it_wherever_it_lies(self, hub: Hub, area_map: AreaMap) -> None:
        report_id = await self.handed_on(hub, area_map)
        text = f"Banjir. [{reference_of(bytes(8))}]"
        await hub.take("peta_jakarta", report("900", text=text, point=None, channel="qlue"))
        assert (await hub.only_report()).id == report_id
