"""A made-up Jakarta of any size, the same for the same seed: who reports what, where and when, over two years.

Skewed as a city is: kelurahan by their size, categories by how often people tell of them, floods in the rainy months,
the hours of the day; old reports are mostly closed, three in ten have photos, a few are confidential. Everything lies
before `END`, so a hub that serves it finds no deadline left to record.
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.areas import AreaLevel, AreaMap
from domain.places import Point
from domain.time import DAY, HOUR, MINUTE, SECOND

END = 1_767_200_400_000_000
"""2026-01-01T00:00 in Jakarta: nothing is told later."""
DAYS = 730
START = END - DAYS * DAY

FLOOD_EDGE = 0.006
FLOOD_OFFSET = 0.00000005
"""Flood areas are squares of a grid whose lines no point of seven decimals can lie on."""

CATEGORIES = {
    "traffic_jam": 15.0,
    "flood": 14.0,
    "waste": 13.0,
    "damaged_road": 12.0,
    "illegal_parking": 11.0,
    "street_light": 7.0,
    "street_vendors": 6.0,
    "public_facility": 5.0,
    "fallen_tree": 4.0,
    "water_supply": 3.5,
    "noise": 3.0,
    "other": 2.5,
    "crime_disorder": 1.5,
    "beggars": 1.2,
    "three_in_one_jockey": 0.8,
    "fire": 0.5,
}
SOURCES = {"simpul": 45.0, "qlue": 35.0, "peta_jakarta": 12.0, "lapor": 8.0}
_RAIN = (2.6, 2.4, 1.6, 1.0, 0.6, 0.4, 0.3, 0.3, 0.4, 0.7, 1.2, 2.0)
_HOURS = (1, 1, 0.6, 0.5, 0.6, 1.2, 3, 5, 6, 6, 5.5, 5, 5, 5, 5, 5.5, 6, 6.5, 6, 5, 4, 3, 2.4, 1.6)
_STATES = {"CLOSED": 58, "RESOLVED": 12, "SUBMITTED": 9, "IN_PROGRESS": 6, "REJECTED": 6, "VERIFIED": 4, "ASSIGNED": 3}
_THINGS = (
    "Banjir",
    "Jalan rusak",
    "Sampah menumpuk",
    "Lampu jalan padam",
    "Parkir liar",
    "Pohon tumbang",
    "Macet total",
)
_STREETS = ("Melati", "Kenanga", "Sudirman", "Gatot Subroto", "Cempaka Putih", "Daan Mogot", "Pramuka", "Raya Bogor")
_ENDINGS = (
    "sejak pagi",
    "sudah tiga hari",
    "mohon segera ditangani",
    "warga mengeluh",
    "dekat sekolah",
    "tolong dibantu",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One report as the city told it. Times in microseconds; `answered_at`, `solved_at` None: not yet."""

    number: int
    at: int
    category: str
    source: str
    point: Point
    status: str
    answered_at: int | None
    solved_at: int | None
    title: str | None
    text: str
    address: str
    photos: int
    supports: int
    person: int | None
    anonymous: bool
    confidential: bool
    ticket: bool
    depth_cm: int | None


@dataclass(frozen=True, slots=True)
class FloodSquare:
    """A flood area: a square of the grid, by its south-western corner in steps of the grid."""

    name: str
    row: int
    column: int

    @property
    def south(self) -> float:
        """Its southern edge, in degrees."""
        return self.row * FLOOD_EDGE + FLOOD_OFFSET

    @property
    def west(self) -> float:
        """Its western edge, in degrees."""
        return self.column * FLOOD_EDGE + FLOOD_OFFSET

    @property
    def middle(self) -> Point:
        """The point in its middle."""
        return Point(self.south + FLOOD_EDGE / 2, self.west + FLOOD_EDGE / 2)


def square_of(point: Point) -> tuple[int, int]:
    """The row and column of the grid's square that a point lies in."""
    return (
        math.floor((point.latitude - FLOOD_OFFSET) / FLOOD_EDGE),
        math.floor((point.longitude - FLOOD_OFFSET) / FLOOD_EDGE),
    )


def flood_squares(area_map: AreaMap) -> list[FloodSquare]:
    """A flood area around the point of each kelurahan of the mainland, none of them twice."""
    found: dict[tuple[int, int], FloodSquare] = {}
    for fact in area_map.facts.values():
        if fact.level is AreaLevel.SUBDISTRICT and not fact.code.startswith("31.01"):
            at = square_of(Point(fact.latitude, fact.longitude))
            found.setdefault(at, FloodSquare(f"{fact.name} RW 0{1 + len(found) % 9}", *at))
    return list(found.values())


class City:
    """Tells `reports` reports in the order of their times."""

    def __init__(self, area_map: AreaMap, reports: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._reports = reports
        self.people = max(20, reports // 20)
        kelurahan = [fact for fact in area_map.facts.values() if fact.level is AreaLevel.SUBDISTRICT]
        self._kelurahan = kelurahan
        crowded = [math.sqrt(fact.area_km2) * self._dice.lognormvariate(0, 0.7) for fact in kelurahan]
        self._crowd = list(itertools.accumulate(crowded))
        self._texts = [
            f"{thing} di Jalan {street} {ending}" for thing in _THINGS for street in _STREETS for ending in _ENDINGS
        ]

    def tell(self) -> Iterator[Told]:
        """All reports, the oldest first; no two in one microsecond."""
        last = 0
        for number, at in enumerate(self._moments(), start=1):
            last = max(at, last + 2)
            yield self._one(number, last)

    def _moments(self) -> Iterator[int]:
        """The times, rising; even numbers, so that what happens to a report later can have odd ones."""
        weights = [_RAIN[(day // 30) % 12] + 2.0 for day in range(DAYS) for _ in range(24)]
        weights = [weight * _HOURS[n % 24] for n, weight in enumerate(weights)]
        total, owed, told = sum(weights), 0.0, 0
        for n, weight in enumerate(weights):
            owed += weight / total * self._reports
            here = (self._reports if n == len(weights) - 1 else math.floor(owed)) - told
            told += here
            start = START + n * HOUR
            yield from sorted(start + self._dice.randrange(HOUR // 2) * 2 for _ in range(here))

    def _one(self, number: int, at: int) -> Told:
        dice = self._dice
        category = _drawn(dice, CATEGORIES)
        source = _drawn(dice, SOURCES)
        status, answered, solved = self._state(at)
        text = dice.choice(self._texts)
        return Told(
            number=number,
            at=at,
            category=category,
            source=source,
            point=self._place(),
            status=status,
            answered_at=answered,
            solved_at=solved,
            title=text[:40] if dice.random() < 0.4 else None,
            text=text,
            address=f"Jalan {dice.choice(_STREETS)} No. {dice.randrange(1, 200)}",
            photos=dice.choice((1, 1, 2, 3)) if dice.random() < 0.3 else 0,
            supports=dice.randrange(1, 6) if dice.random() < 0.1 else 0,
            person=dice.randrange(1, self.people + 1) if source == "simpul" and dice.random() < 0.7 else None,
            anonymous=dice.random() < 0.1,
            confidential=dice.random() < 0.02,
            ticket=source == "lapor" or dice.random() < 0.04,
            depth_cm=dice.randrange(5, 160) if category == "flood" and dice.random() < 0.6 else None,
        )

    def _state(self, at: int) -> tuple[str, int | None, int | None]:
        """What became of it: the status, when somebody answered, when it was solved; odd times, none after `END`."""
        status = _drawn(self._dice, _STATES)
        if at > END - 10 * DAY and self._dice.random() < 0.7:
            status = self._dice.choice(("SUBMITTED", "VERIFIED", "IN_PROGRESS"))
        if status == "SUBMITTED":
            return status, None, None
        answered = self._later(at, 90 * MINUTE)
        if status in ("VERIFIED", "ASSIGNED", "IN_PROGRESS"):
            return status, answered, None
        return status, answered, self._later(answered, 2 * DAY)

    def _later(self, at: int, median: int) -> int:
        later = at + int(median * self._dice.lognormvariate(0, 1.2))
        return min(later, END - SECOND - self._dice.randrange(HOUR)) // 2 * 2 + 1 if at < END - 2 * HOUR else at + 1

    def _place(self) -> Point:
        dice = self._dice
        fact = self._kelurahan[_index(dice, self._crowd)]
        spread = math.sqrt(fact.area_km2) / 111 * 0.35
        return Point(dice.gauss(fact.latitude, spread), dice.gauss(fact.longitude, spread))


def _index(dice: random.Random, cumulated: Sequence[float]) -> int:
    return dice.choices(range(len(cumulated)), cum_weights=cumulated)[0]


_LINES: dict[int, tuple[list[str], list[float]]] = {}


def _drawn(dice: random.Random, weights: dict[str, float] | dict[str, int]) -> str:
    line = _LINES.get(id(weights))
    if line is None:
        line = _LINES[id(weights)] = (list(weights), list(itertools.accumulate(weights.values())))
    return dice.choices(line[0], cum_weights=line[1])[0]
