"""What is known of Jakarta's areas without any polygon: codes, names, the tree, a point inside and a size."""

import csv
import io
import re
from dataclasses import dataclass
from enum import StrEnum

from domain.places import Point


class AreaLevel(StrEnum):
    """How large an area is, the largest first. DISTRICT is a kecamatan, SUBDISTRICT a kelurahan, RW a neighbourhood."""

    PROVINCE = "PROVINCE"
    CITY = "CITY"
    DISTRICT = "DISTRICT"
    SUBDISTRICT = "SUBDISTRICT"
    RW = "RW"


@dataclass(frozen=True, slots=True)
class AreaFact:
    """One area: its Kemendagri code, the code of the area around it, a point that lies inside (degrees), its size (km²)."""

    code: str
    name: str
    level: AreaLevel
    parent: str | None
    latitude: float
    longitude: float
    area_km2: float


class AreaFactsError(ValueError):
    """The facts contradict themselves or are not in the expected form; says in which line and how."""


COLUMNS = ("code", "name", "level", "parent", "latitude", "longitude", "area_km2")

_CODE = re.compile(r"\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?", re.ASCII)
_LEVEL_OF_PARTS = {
    1: AreaLevel.PROVINCE,
    2: AreaLevel.CITY,
    3: AreaLevel.DISTRICT,
    4: AreaLevel.SUBDISTRICT,
}

# Statistics Indonesia numbers the same cities in another order, and in the same range of numbers.
_KEMENDAGRI_OF_BPS = {
    "31": "31",
    "3101": "31.01",
    "3171": "31.74",
    "3172": "31.75",
    "3173": "31.71",
    "3174": "31.73",
    "3175": "31.72",
}


def level_of(code: str) -> AreaLevel:
    """The level that a Kemendagri code of one to four parts says it has; raises ValueError for what is no such code."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} is not an area code such as 31.71.01.1001")
    return _LEVEL_OF_PARTS[code.count(".") + 1]


def parent_of(code: str) -> str | None:
    """The code of the area around it: the code without its last part; None for a province.

    Never from geometry: the real polygons of different levels do not nest.
    """
    return code.rpartition(".")[0] or None


def bps_to_kemendagri(code: str) -> str:
    """The Kemendagri code of the province or city that has this BPS code (`"3171"` is Jakarta Selatan: `"31.74"`).

    Finer BPS codes (seven or ten digits) are numbered by themselves and cannot be converted digit by digit;
    for them, as for all else, ValueError.
    """
    try:
        return _KEMENDAGRI_OF_BPS[code]
    except KeyError:
        raise ValueError(f"{code!r} is not the BPS code of Jakarta or one of its cities") from None


def parse_facts(csv_text: str) -> list[AreaFact]:
    """Reads areas from CSV with the columns of `COLUMNS`, a parent before its children. Raises AreaFactsError.

    Levels and parents must be those that the codes say, so that nobody has to ask which of the two is right.
    """
    rows = csv.DictReader(io.StringIO(csv_text), strict=True)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise AreaFactsError(f"line 1: the columns must be {','.join(COLUMNS)}")
    facts: dict[str, AreaFact] = {}
    try:
        for row in rows:
            fact = _fact(row)
            _require_place_in_tree(fact, facts)
            facts[fact.code] = fact
    except (ValueError, csv.Error) as error:
        raise AreaFactsError(f"line {rows.line_num}: {error}") from None
    return list(facts.values())


def _fact(row: dict[str, str | None]) -> AreaFact:
    if None in row or None in row.values():
        raise ValueError(f"there must be {len(COLUMNS)} columns")
    text = {column: value or "" for column, value in row.items()}
    if not text["name"].strip():
        raise ValueError("the name is missing")
    point = Point(float(text["latitude"]), float(text["longitude"]))
    area_km2 = float(text["area_km2"])
    if not 0 < area_km2 < 10_000:
        raise ValueError(f"{area_km2!r} km² cannot be the size of an area")
    level, parent = AreaLevel(text["level"]), text["parent"] or None
    return AreaFact(text["code"], text["name"], level, parent, point.latitude, point.longitude, area_km2)


def _require_place_in_tree(fact: AreaFact, before: dict[str, AreaFact]) -> None:
    if fact.level is not level_of(fact.code):
        raise ValueError(f"{fact.code} cannot be a {fact.level}")
    if fact.parent != parent_of(fact.code):
        raise ValueError(f"the parent of {fact.code} must be {parent_of(fact.code) or 'empty'}")
    if fact.parent is not None and fact.parent not in before:
        raise ValueError(f"{fact.parent}, the parent of {fact.code}, must come before it")
    if fact.code in before:
        raise ValueError(f"{fact.code} comes twice")
