"""Draws the thousand filters of W6: `python -m bench.filters --store PATH` writes bench/filters.json, the same each time.

The store is the made-up city of 100,000 reports (bench.dataset). Beside each filter stands how many reports somebody who
is not signed in finds by it there; pairs and triples are drawn until they find some, and under a hundred.
"""

import argparse
import json
import math
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.where import Codes, where

FILTERS = Path(__file__).with_name("filters.json")
SEED = 6
FEW = 100
_STATUSES = ("SUBMITTED", "VERIFIED", "ASSIGNED", "IN_PROGRESS", "RESOLVED", "CLOSED", "REJECTED", "WITHDRAWN")
_FIRST = datetime(2023, 12, 31, 17, tzinfo=UTC)  # midnight in Jakarta
_NUMBERS = {"areas": 200, "categories": 40, "statuses": 20, "sources": 10, "within": 120, "near": 110, "day": 100}
_COMBINED = {2: 200, 3: 200}

Drawn = dict[str, Any]


class Drawing:
    """Draws filters of each kind from one seed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._dice = random.Random(SEED)
        self._connection = connection
        self.codes = Codes.read(connection)
        kept = connection.execute("SELECT code, latitude, longitude, level FROM areas ORDER BY code").fetchall()
        self._areas = [row[0] for row in kept]
        self._points = [(row[1], row[2]) for row in kept if row[3] == "SUBDISTRICT"]
        self._sources = sorted(code for code in self.codes.sources)
        self._categories = sorted(self.codes.categories)
        self.kinds: dict[str, Callable[[], Drawn]] = {
            "areas": self._area,
            "categories": lambda: self._some("categories", self._categories),
            "statuses": lambda: self._some("statuses", _STATUSES),
            "sources": lambda: self._some("sources", self._sources),
            "within": self._box,
            "near": self._circle,
            "day": self._day,
        }

    def count(self, drawn: Drawn) -> int:
        """How many reports it finds."""
        condition, values = where(drawn, self.codes)
        found: int = self._connection.execute(f"SELECT count(*) FROM reports WHERE {condition}", values).fetchone()[0]
        return found

    def combined(self, number: int) -> Drawn:
        """A filter of several kinds at once."""
        kinds = self._dice.sample(sorted(self.kinds), number)
        return {name: value for kind in kinds for name, value in self.kinds[kind]().items()}

    def _area(self) -> Drawn:
        """An area of any level: each level below the cities as likely as the others."""
        level = self._dice.choice((2, 8, 8, 13))
        return {"areas": [self._dice.choice([code for code in self._areas if len(code) <= level])]}

    def _some(self, name: str, codes: Any) -> Drawn:
        return {name: sorted(self._dice.sample(codes, self._dice.choice((1, 1, 2, 3))))}

    def _box(self) -> Drawn:
        latitude, longitude = self._dice.choice(self._points)
        high, wide = (self._dice.uniform(0.002, 0.03) for _ in range(2))
        return {
            "within": {
                "west": round(longitude - wide, 5),
                "south": round(latitude - high, 5),
                "east": round(longitude + wide, 5),
                "north": round(latitude + high, 5),
            }
        }

    def _circle(self) -> Drawn:
        latitude, longitude = self._dice.choice(self._points)
        metres = round(math.exp(self._dice.uniform(math.log(200), math.log(5_000))))
        return {"near": {"latitude": round(latitude, 5), "longitude": round(longitude, 5), "withinMeters": metres}}

    def _day(self) -> Drawn:
        day = _FIRST + timedelta(days=self._dice.randrange(731))
        return {"reportedAfter": _written(day), "reportedBefore": _written(day + timedelta(days=1))}


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def draw(drawing: Drawing) -> Iterator[tuple[str, Drawn, int]]:
    """All filters, no two alike, each with its kind and how many reports it finds."""
    seen: set[str] = set()
    wanted: list[tuple[str, int, Callable[[], Drawn], range]] = [
        (kind, number, drawing.kinds[kind], range(10**9)) for kind, number in _NUMBERS.items()
    ]
    for together, number in _COMBINED.items():
        wanted.append((f"{together} together", number, lambda n=together: drawing.combined(n), range(1, FEW)))  # type: ignore[misc]
    for kind, number, make, allowed in wanted:
        left = number
        while left:
            drawn = make()
            key = json.dumps(drawn, sort_keys=True)
            found = drawing.count(drawn) if key not in seen else -1
            if found in allowed:
                seen.add(key)
                left -= 1
                yield kind, drawn, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--store", type=Path, required=True, help="the SQLite file of bench.dataset with 100,000 reports"
    )
    connection = sqlite3.connect(parser.parse_args().store)
    lines = [
        json.dumps({"kind": kind, "filter": drawn, "finds": found}) for kind, drawn, found in draw(Drawing(connection))
    ]
    FILTERS.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} filters")


if __name__ == "__main__":
    main()
