"""One of several processes that write to the same PostgreSQL: `python -m tests.lock_order_writer ADDRESS SEED WRITES REPORTS…`.

What each write touches, and in what order, is random; a part of what it touches it finds out only midway. Prints how many
writes were made, and the kinds of whatever went wrong.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from functools import partial

from domain.areas import AreaMap
from domain.places import Point
from domain.vocabulary import EventKind
from storage.reports.changing import change
from storage.reports.creating import NewReport, create_report
from storage.reports.placing import Place
from storage.seeding import load_area_map
from storage.store import Store, open_store, opened
from storage.writing.transaction import NOBODY, Operation, Tx

AT_ONCE = 12
CATEGORIES = (1, 2, 5, 6)
"""Rows of the facts as they are seeded: one of them is sensitive."""


class Writer:
    """Writes with one seed; several writes of it are under way at once."""

    def __init__(self, store: Store, area_map: AreaMap, seed: int, report_ids: list[int]) -> None:
        self.store = store
        self.areas = area_map
        self.random = random.Random(seed)
        self.report_ids = report_ids
        self.written = 0
        self.wrong: Counter[str] = Counter()

    async def write(self, count: int) -> None:
        for _ in range(count):
            touched = self.random.sample(self.report_ids, self.random.randint(1, 4))
            foreseen = touched[: self.random.randint(0, len(touched))]
            kinds = [self.random.randrange(5) for _ in touched]
            locks = frozenset(f"report:{each}" for each in foreseen)
            try:
                await self.store.write(Operation(partial(self._apply, touched=touched, kinds=kinds), locks))
                self.written += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
                self.wrong[f"{type(error).__name__}: {error}"[:300]] += 1

    def _apply(self, tx: Tx, touched: list[int], kinds: list[int]) -> None:
        for report, kind in zip(touched, kinds, strict=True):
            self._touch(tx, report, kind, touched)

    def _touch(self, tx: Tx, report: int, kind: int, touched: list[int]) -> None:
        draw = random.Random(report * 31 + kind)
        if kind == 0:
            status = draw.choice(("VERIFIED", "IN_PROGRESS", "RESOLVED"))
            change(tx, self.areas, report, EventKind.STATUS_CHANGED, values={"status": status})
        elif kind == 1:
            place = Place(Point(draw.uniform(-6.2, -6.16), draw.uniform(106.8, 106.84)))
            change(tx, self.areas, report, EventKind.UPDATED, place=place)
        elif kind == 2:
            values = {"category_id": draw.choice(CATEGORIES)}
            change(tx, self.areas, report, EventKind.UPDATED, values=values)
        elif kind == 3:
            others = [each for each in touched if each != report]
            tx.require(*(f"report:{each}" for each in others))
            merged = {"duplicate_of_id": others[0] if others else None}
            change(tx, self.areas, report, EventKind.MERGED, values=merged)
        else:
            new = NewReport("baru", CATEGORIES[0], tx.now, 1, Place(Point(-6.18, 106.82)))
            create_report(tx, self.areas, new, NOBODY)


async def main(address: str, seed: int, count: int, report_ids: list[int]) -> None:
    async with opened(open_store(address)) as store:
        area_map = await store.read(load_area_map)
        writer = Writer(store, area_map, seed, report_ids)
        await asyncio.gather(*(writer.write(count // AT_ONCE) for _ in range(AT_ONCE)))
    print(json.dumps({"written": writer.written, "wrong": writer.wrong}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [int(each) for each in sys.argv[4:]]))
