"""Pumps, gates, waterways, basins and sites, laid out along the demo's rivers. Positions have three numbers."""

from random import Random
from typing import Any

from demo.places import Kelurahan, kelurahan

TYPES = ("pumps", "floodgates", "waterways", "basins", "sites")
_POINTS = {"pumps": ("Pompa", 3), "floodgates": ("Pintu Air", 5), "sites": ("Posko", 6)}
Feature = dict[str, Any]


def features(kind: str) -> list[Feature]:
    """All features of one of the `TYPES`, as GeoJSON."""
    if kind == "waterways":
        return [_waterway(river) for river in dict.fromkeys(ward.river for ward in kelurahan()) if river]
    wet = [ward for ward in kelurahan() if ward.river]
    if kind == "basins":
        return [_basin(ward) for ward in wet[::9]]
    word, every = _POINTS[kind]
    return [_point(word, ward) for ward in wet[::every]]


def _feature(geometry: dict[str, Any], name: str) -> Feature:
    tags = {"instance_region_code": "ID-JK", "local_area_id": None}
    return {"type": "Feature", "geometry": geometry, "properties": {"name": name, "tags": tags}}


def _point(word: str, ward: Kelurahan) -> Feature:
    place = [*ward.somewhere(Random(f"{word}/{ward.code}")), 0]
    return _feature({"type": "Point", "coordinates": place}, f"{word} {ward.name}")


def _waterway(river: str) -> Feature:
    along = sorted((ward for ward in kelurahan() if ward.river == river), key=lambda ward: ward.order)
    line = [[*ward.offset(0, 0), 0] for ward in along]
    return _feature({"type": "LineString", "coordinates": line}, f"Kali {river.title()}")


def _basin(ward: Kelurahan) -> Feature:
    ring = [[*ward.offset(120, quarter * 1.5708), 0] for quarter in range(4)]
    return _feature({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, f"Waduk {ward.name}")
