"""The ground on which a group of writes puts its reports: from what the writer keeps in memory."""

from collections.abc import Mapping
from typing import Any

from domain.places import Point
from storage.writing.facts_kept import AreaFact
from storage.writing.transaction import Tx


class GroundOfGroup:
    """The areas and floods that reports of this transaction lie in."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def area_id(self, code: str) -> int | None:
        """See Ground."""
        found = self._area(code)
        return None if found is None else found.id

    def flood_area(self, point: Point) -> int | None:
        """See Ground."""
        return self._tx.once("outlines", self._tx.facts.outlines).at(point)

    def cities(self, row: Mapping[str, Any]) -> dict[str, int | None]:
        """The cities of a report's areas, by its columns."""
        city_of = self._tx.facts.city_of
        return {"city_id": city_of(row["area_id"]), "public_city_id": city_of(row["public_area_id"])}

    def _area(self, code: str) -> AreaFact | None:
        return self._tx.facts.area(self._tx.base, code)
