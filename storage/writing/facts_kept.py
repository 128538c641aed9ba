"""Facts that writing needs and that hardly ever change, kept in memory by each writer: areas, and outlines of floods.

Areas are added at a start of the hub and never change. The outlines have a version, which rises in the transaction that
changes one; a group reads the version, and the outlines only where it is another than theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import Connection, Select, select

from domain.places import Point
from domain.shape_squares import ShapeSquares
from storage.statements.dialects import upserting
from storage.statements.prepared import prepared
from storage.tables import areas, fact_versions, flood_areas

OUTLINES = "flood outlines"
_SQUARE_DEGREES = 1 / 512


@dataclass(frozen=True, slots=True)
class AreaFact:
    """An area's row, and that of its city."""

    id: int
    city_id: int | None


class FactsKept:
    """What one writer keeps. It is asked within a transaction, and forgets what it read in one that is undone."""

    def __init__(self) -> None:
        self._areas: dict[str, AreaFact] = {}
        self._cities: dict[int, int | None] = {}
        self._outlines: Outlines | None = None

    def area(self, conn: Connection, code: str) -> AreaFact | None:
        """The area of a code; None if there is none."""
        if code not in self._areas:
            rows = prepared(conn, "areas by code", _areas).rows(conn)
            self._areas = {each: AreaFact(row_id, city_id) for each, row_id, city_id in rows}
            self._cities = {fact.id: fact.city_id for fact in self._areas.values()}
        return self._areas.get(code)

    def city_of(self, area_id: int | None) -> int | None:
        """The city of an area that `area` gave."""
        return None if area_id is None else self._cities[area_id]

    def outlines(self, conn: Connection) -> "Outlines":
        """The outlines of floods as this transaction sees them."""
        version = outlines_version(conn)
        if self._outlines is None or self._outlines.version != version:
            self._outlines = Outlines(version, prepared(conn, "flood outlines", _outlines).rows(conn))
        return self._outlines

    def forget_outlines(self) -> None:
        """A transaction was undone that may have changed them."""
        self._outlines = None


class Outlines:
    """The outlines of all flood areas of one version, found by place."""

    def __init__(self, version: int, rows: Sequence[tuple[int, str]]) -> None:
        self.version = version
        self._ids = [row_id for row_id, _ in rows]
        self._squares = ShapeSquares(shapely.from_geojson([geometry for _, geometry in rows]), _SQUARE_DEGREES)

    def at(self, point: Point) -> int | None:
        """The flood area whose outline holds a point; the one that was known first where outlines overlap."""
        found = self._squares.holding(point.longitude, point.latitude)
        return min((self._ids[place] for place in found), default=None)


def outlines_version(conn: Connection) -> int:
    """How often outlines of floods have changed."""
    rows = prepared(conn, "outlines version", _version).rows(conn)
    return rows[0][0] if rows else 0


def note_changed_outlines(conn: Connection) -> None:
    """An outline is new or another: who keeps them in memory reads them again."""
    first = upserting(conn, fact_versions).values(name=OUTLINES, version=1)
    conn.execute(first.on_conflict_do_update(index_elements=["name"], set_={"version": fact_versions.c.version + 1}))


def _areas() -> Select[Any]:
    return select(areas.c.code, areas.c.id, areas.c.city_id)


def _outlines() -> Select[Any]:
    return select(flood_areas.c.id, flood_areas.c.geometry)


def _version() -> Select[Any]:
    return select(fact_versions.c.version).where(fact_versions.c.name == OUTLINES)
