"""A filter of reports as plain SQL, for somebody who is not signed in: what a hand-written endpoint would say.

The condition is the one that the hub's contract tells of, written once more and without any of the hub's code, so that
the hub's answers are compared with something that is not the hub.
"""

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

EARTH_RADIUS_M = 6_371_008.8
Filter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Codes:
    """The row ids that codes stand for; an area's are those of the kelurahan in it, and its own."""

    areas: Mapping[str, Sequence[int]]
    categories: Mapping[str, int]
    sources: Mapping[str, int]

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> "Codes":
        """Reads them from a store on SQLite."""
        known = connection.execute("SELECT code, id FROM areas").fetchall()
        return cls.of(
            known,
            connection.execute("SELECT code, id FROM categories").fetchall(),
            connection.execute("SELECT code, id FROM sources").fetchall(),
        )

    @classmethod
    def of(cls, areas: Sequence[Any], categories: Sequence[Any], sources: Sequence[Any]) -> "Codes":
        """From pairs of code and id."""
        within = {
            code: sorted(row_id for other, row_id in areas if f"{other}.".startswith(f"{code}.")) for code, _ in areas
        }
        return cls(within, dict(map(tuple, categories)), dict(map(tuple, sources)))


def where(given: Filter, codes: Codes) -> tuple[str, list[Any]]:
    """The condition on `reports`, with question marks, and what goes into them."""
    parts, values = ["visibility = 'PUBLIC'"], list[Any]()
    for name, column, known in (
        ("areas", "public_area_id", codes.areas),
        ("categories", "category_id", codes.categories),
        ("sources", "source_id", codes.sources),
        ("statuses", "status", None),
    ):
        if name in given:
            told = [each for code in given[name] for each in _ids(code, known)]
            parts.append(f"{column} IN ({', '.join('?' * len(told))})")
            values += told
    if "within" in given:
        box = given["within"]
        _between(parts, values, box["south"], box["north"], box["west"], box["east"])
    if "near" in given:
        _circle(parts, values, given["near"])
    for name, sign in (("reportedAfter", ">="), ("reportedBefore", "<")):
        if name in given:
            parts.append(f"reported_at {sign} ?")
            values.append(round(datetime.fromisoformat(given[name]).timestamp()) * 1_000_000)
    return " AND ".join(parts), values


def _ids(code: str, known: Mapping[str, Any] | None) -> Sequence[Any]:
    if known is None:
        return (code,)
    found = known[code]
    return (found,) if isinstance(found, int) else list(found)


def _between(parts: list[str], values: list[Any], south: float, north: float, west: float, east: float) -> None:
    parts.append("public_latitude BETWEEN ? AND ? AND public_longitude BETWEEN ? AND ?")
    values += [south, north, west, east]


def _circle(parts: list[str], values: list[Any], near: Mapping[str, float]) -> None:
    latitude, longitude, metres = near["latitude"], near["longitude"], near["withinMeters"]
    high = math.degrees((metres + 0.05) / EARTH_RADIUS_M)
    wide = high / math.cos(math.radians(latitude)) * 1.001
    _between(parts, values, latitude - high, latitude + high, longitude - wide, longitude + wide)
    half, degree = math.pi / 360, math.pi / 180
    parts.append(
        "round(asin(min(1.0, sqrt("
        f"sin((public_latitude - ?) * {half!r}) * sin((public_latitude - ?) * {half!r})"
        f" + cos(public_latitude * {degree!r}) * ?"
        f" * sin((public_longitude - ?) * {half!r}) * sin((public_longitude - ?) * {half!r})"
        f"))) * {2000 * EARTH_RADIUS_M!r}) <= ?"
    )
    values += [latitude, latitude, math.cos(math.radians(latitude)), longitude, longitude, round(metres * 1000)]
