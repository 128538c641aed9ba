"""Where the made-up city lies: kelurahan along Jakarta's rivers, and the RWs that its flood map draws in them.

The table is a small set of facts of our own choosing. Each row has a circle that lies wholly inside the kelurahan
(centre and radius taken from the boundaries of cahyadsn/wilayah_boundaries, MIT, at 3c5a796), so a point drawn in
the circle is in the right kelurahan whatever boundaries the hub uses.
"""

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

TABLE = Path(__file__).with_name("kelurahan.csv")
METRES_PER_DEGREE = 111_195.0

Position = tuple[float, float]
"""Longitude, latitude: the order of GeoJSON."""
Ring = tuple[Position, ...]


@dataclass(frozen=True)
class Kelurahan:
    """A ward: its Kemendagri code, the circle inside it (degrees, metres), and what people call the places in it.

    `order` counts kelurahan down the river, from its entry into Jakarta towards the sea; a ward without a river has
    an empty `river`.
    """

    code: str
    name: str
    district: str
    city: str
    latitude: float
    longitude: float
    radius_m: float
    river: str
    order: int
    streets: tuple[str, ...]
    landmark: str

    def offset(self, metres: float, bearing: float) -> Position:
        """The position so far from the centre in this direction (radians, from the east)."""
        north = metres * math.sin(bearing) / METRES_PER_DEGREE
        east = metres * math.cos(bearing) / (METRES_PER_DEGREE * math.cos(math.radians(self.latitude)))
        return round(self.longitude + east, 6), round(self.latitude + north, 6)

    def somewhere(self, random: Random) -> Position:
        """A position evenly drawn from the circle."""
        return self.offset(self.radius_m * math.sqrt(random.random()) * 0.97, random.uniform(0, math.tau))


@dataclass(frozen=True)
class LocalArea:
    """An RW as Peta Jakarta keeps it: a part of the kelurahan's circle, in one piece or two.

    `geom_id` begins with the *BPS* code of the city, as the real one does: 3171 there is Jakarta Selatan, which
    Kemendagri calls 31.74. Nobody should read an area out of it.
    """

    number: int
    geom_id: str
    name: str
    kelurahan: Kelurahan
    parts: tuple[Ring, ...]


@lru_cache(maxsize=1)
def kelurahan() -> tuple[Kelurahan, ...]:
    """All wards of the table, in its order."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_read(row) for row in csv.DictReader(file))


def nearest(longitude: float, latitude: float) -> Kelurahan:
    """The ward whose centre is nearest to this position, however far."""
    return min(kelurahan(), key=lambda ward: math.hypot(ward.longitude - longitude, ward.latitude - latitude))


def _read(row: dict[str, str]) -> Kelurahan:
    return Kelurahan(
        code=row["code"],
        name=row["name"],
        district=row["district"],
        city=row["city"],
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        radius_m=float(row["radius_m"]),
        river=row["river"],
        order=int(row["order"] or 0),
        streets=tuple(row["streets"].split("|")),
        landmark=row["landmark"],
    )


SECTORS = 3
_BPS_CITY = {"71": "73", "72": "75", "73": "74", "74": "71", "75": "72"}


@lru_cache(maxsize=4)
def local_areas(seed: int) -> tuple[LocalArea, ...]:
    """The RWs of every ward with a river, three a ward, numbered from 1: what `/floods` answers with."""
    areas: list[LocalArea] = []
    for ward in kelurahan():
        if ward.river:
            areas.extend(_areas_of(ward, len(areas) + 1, Random(f"{seed}/rw/{ward.code}")))
    return tuple(areas)


def _areas_of(ward: Kelurahan, first: int, random: Random) -> list[LocalArea]:
    edges = _edges(ward, random)
    names = sorted(random.sample(range(1, 13), SECTORS))
    return [
        LocalArea(
            number=first + sector,
            geom_id=f"31{_BPS_CITY[ward.code[3:5]]}{ward.code[6:8]}0{ward.code[-3:]}{names[sector]:03}000",
            name=f"RW {names[sector]:02}",
            kelurahan=ward,
            parts=_parts(ward, edges[sector], edges[(sector + 1) % SECTORS], apart=(first + sector) % 25 == 0),
        )
        for sector in range(SECTORS)
    ]


_Edge = tuple[float, tuple[Position, ...]]


def _edges(ward: Kelurahan, random: Random) -> list[_Edge]:
    """The crooked lines from the centre to the rim that part the RWs; neighbours share them point for point."""
    turn = random.uniform(0, math.tau)
    edges: list[_Edge] = []
    for sector in range(SECTORS):
        bearing = turn + math.tau * sector / SECTORS
        steps = tuple(
            ward.offset(ward.radius_m * share, bearing + random.uniform(-0.12, 0.12)) for share in (0.35, 0.7)
        )
        edges.append((bearing, (ward.offset(0, 0), *steps, ward.offset(ward.radius_m, bearing))))
    return edges


def _parts(ward: Kelurahan, start: _Edge, end: _Edge, apart: bool) -> tuple[Ring, ...]:
    from_bearing, to_bearing = start[0], end[0] if end[0] > start[0] else end[0] + math.tau
    rim = _rim(ward, from_bearing, to_bearing, ward.radius_m)
    if not apart:
        return (_closed((*start[1], *rim, *reversed(end[1]))),)
    middle = from_bearing + (to_bearing - from_bearing) * 0.6
    near = (*start[1], *_rim(ward, from_bearing, middle - 0.3, ward.radius_m))
    far = (*end[1][:0:-1], ward.offset(ward.radius_m * 0.6, middle), *_rim(ward, middle, to_bearing, ward.radius_m))
    return _closed(near), _closed(far)


def _rim(ward: Kelurahan, start: float, end: float, metres: float) -> tuple[Position, ...]:
    """Points on the circle between two bearings, both ends left out."""
    steps = 5
    return tuple(ward.offset(metres, start + (end - start) * step / steps) for step in range(1, steps))


def _closed(points: tuple[Position, ...]) -> Ring:
    unique = tuple(point for index, point in enumerate(points) if index == 0 or point != points[index - 1])
    return unique if unique[0] == unique[-1] else (*unique, unique[0])
