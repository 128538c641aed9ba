"""What the peers must know to write the rows that the hub writes: outlines of areas, and which counts a report is in.

Both are told to them as JSON when they start, so that they need none of the hub's code and write what it writes now.
"""

import json
from pathlib import Path
from typing import Any

from domain.area_facts import AreaLevel, parse_facts
from domain.areas import AreaMap, to_geojson
from domain.places import Point, cell_of, cell_parent
from domain.time import DAY, jakarta_day
from storage.events.facets import Facets
from storage.reports.placing import CELL_RESOLUTION
from storage.rollups.keeping import CELL_RESOLUTIONS, keys_of
from storage.seeding import read_fact

_DAY = 900_004
_CELL = cell_of(Point(-6.2, 106.8), CELL_RESOLUTION)
_STAND_INS = {
    900_001: "category",
    900_002: "agency",
    900_003: "source",
    900_005: "area",
    900_006: "city",
    jakarta_day(_DAY * DAY): "day",
    **{cell_parent(_CELL, each): f"cell{each}" for each in CELL_RESOLUTIONS},
}
"""Numbers that no store has, by what stands there."""


def counts_of_a_new_report() -> list[dict[str, Any]]:
    """Every roll-up row that a public report with one place for everybody is counted in: table, columns, values; a value
    is itself, or an object that names what goes there."""
    place = {"latitude": -6.2, "longitude": 106.8, "cell": _CELL, "area_id": 900_005, "city_id": 900_006}
    facets = Facets(
        category_id=900_001,
        status="SUBMITTED",
        source_id=900_003,
        agency_id=900_002,
        visibility="PUBLIC",
        reporter_id=None,
        reported_at=_DAY * DAY,
        has_photos=False,
        breached=False,
        duplicate=False,
        source_disagrees=False,
        **place,  # type: ignore[arg-type]
        **{f"public_{name}": value for name, value in place.items()},  # type: ignore[arg-type]
        minutes_to_respond=None,
        minutes_to_resolve=None,
    )
    told = []
    for table, key, _one in keys_of(facets):
        columns = [column.name for column in table.columns if column.name != "total"]
        told.append({"table": table.name, "columns": columns, "values": [_told(value) for value in key]})
    return told


def _told(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value if isinstance(value, bool) else str(value)
    return {"is": _STAND_INS[value]} if value in _STAND_INS else value


def outlines() -> list[dict[str, Any]]:
    """The outline of every kelurahan: its code, and rings of longitude and latitude."""
    area_map = AreaMap(parse_facts(read_fact("jakarta_areas.csv")))
    told = []
    for code, fact in area_map.facts.items():
        if fact.level is AreaLevel.SUBDISTRICT:
            shape = to_geojson(area_map.boundary(code))
            polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            told.append({"code": code, "rings": [polygon[0] for polygon in polygons]})
    return told


def write_facts(folder: Path) -> Path:
    """Writes both into a folder; the file."""
    path = folder / "facts.json"
    path.write_text(json.dumps({"counts": counts_of_a_new_report(), "outlines": outlines()}), encoding="utf-8")
    return path
