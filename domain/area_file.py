"""Reading the features of a GeoJSON file (RFC 7946) that somebody brings: strict in what matters, bounded in size."""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import shapely
from shapely.geometry.base import BaseGeometry

from domain.places import Box

MAX_BYTES = 64 * 1024 * 1024
MAX_CORNERS = 2_000_000
MAX_FAULTS_TOLD = 20

AROUND_JAKARTA = Box(west=105.8, south=-6.9, east=107.5, north=-4.8)
"""Every boundary of Jakarta and its islands lies in here, with room to spare."""

_ENDS_OF_PARTS = {2: (2,), 4: (2, 4), 6: (2, 4, 6), 10: (2, 4, 6, 10)}
_WGS84 = re.compile(r"(CRS84|EPSG:[\d.:]*:?4326)$", re.IGNORECASE)


class BoundaryImportError(ValueError):
    """The file cannot be taken; `faults` tells all that is wrong with it, the message the first twenty."""

    def __init__(self, faults: Sequence[str]) -> None:
        more = len(faults) - MAX_FAULTS_TOLD
        super().__init__("\n".join([*faults[:MAX_FAULTS_TOLD], *([f"and {more} more"] if more > 0 else [])]))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as it stands in the file; `position` names it to the person who has to find it."""

    position: str
    properties: Mapping[str, Any]
    geometry: Any

    def shape(self) -> BaseGeometry:
        """Its Polygon or MultiPolygon in degrees, without heights, perhaps invalid. Raises ValueError: what is wrong with it."""
        if not isinstance(self.geometry, dict):
            raise ValueError("it has no geometry")
        polygons = _polygons(self.geometry)
        if not polygons:
            raise ValueError("its geometry is empty")
        return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def read_features(geojson_bytes: bytes) -> list[Feature]:
    """The features of a FeatureCollection in WGS 84. Raises BoundaryImportError for what is none, or too large."""
    if len(geojson_bytes) > MAX_BYTES:
        raise BoundaryImportError([f"the file is larger than {MAX_BYTES // 2**20} MiB"])
    if geojson_bytes.count(b"[") > MAX_CORNERS:  # each corner is a list: counted before anything is built of them
        raise BoundaryImportError([f"the file has more than {MAX_CORNERS:,} corners; simplify it first"])
    collection = _json(geojson_bytes)
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise BoundaryImportError(["the file is not a GeoJSON FeatureCollection"])
    _require_wgs84(collection.get("crs"))
    features = collection.get("features")
    if not isinstance(features, list) or not features:
        raise BoundaryImportError(["the file has no features"])
    return [_feature(f"feature {number}", feature) for number, feature in enumerate(features, start=1)]


def normal_code(value: object) -> str | None:
    """A Kemendagri code with its dots, from a text or a number with or without them; None if it is no such code."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    digits = re.sub(r"[\s.]", "", str(value))
    ends = _ENDS_OF_PARTS.get(len(digits))
    if ends is None or not re.fullmatch("[0-9]+", digits):
        return None
    return ".".join(digits[start:end] for start, end in zip((0, *ends), ends, strict=False))


def code_property_of(features: Iterable[Feature], known: Collection[str], wanted: str | None = None) -> str:
    """The property that holds the codes: the wanted one, else the one with most known codes. Raises BoundaryImportError."""
    hits: Counter[str] = Counter()
    for feature in features:
        for name, value in feature.properties.items():
            hits[name] += normal_code(value) in known
    if wanted is not None and wanted in hits:
        return wanted
    found = ", ".join(name[:40] for name in sorted(hits)[:30]) or "none"
    if wanted is not None:
        raise BoundaryImportError([f"no feature has a property {wanted[:40]!r}; there are: {found}"])
    best = min(hits, key=lambda name: (-hits[name], name), default=None)
    if best is None or not hits[best]:
        raise BoundaryImportError([f"no property holds codes of kelurahan such as 31.71.01.1001; there are: {found}"])
    return best


def _json(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise BoundaryImportError([f"the file is not JSON: {reason}"]) from None


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _require_wgs84(crs: object) -> None:
    """GeoJSON of before 2016 may name its coordinate system; RFC 7946 knows only WGS 84."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not (isinstance(name, str) and _WGS84.search(name)):
        raise BoundaryImportError(
            [f"coordinates must be WGS 84 (EPSG:4326), but the file says {str(name or crs)[:100]}"]
        )


def _feature(position: str, feature: object) -> Feature:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise BoundaryImportError([f"{position} is not a GeoJSON Feature"])
    properties = feature.get("properties")
    return Feature(position, properties if isinstance(properties, dict) else {}, feature.get("geometry"))


def _polygons(geometry: Mapping[str, Any]) -> list[shapely.Polygon]:
    kind = geometry.get("type")
    if kind == "Polygon":
        return _polygon(geometry.get("coordinates"))
    if kind == "MultiPolygon":
        return [polygon for rings in _list(geometry.get("coordinates")) for polygon in _polygon(rings)]
    raise ValueError(f"its geometry must be a Polygon or a MultiPolygon, not a {str(kind)[:40]}")


def _polygon(rings: object) -> list[shapely.Polygon]:
    """None or one: an empty list of rings is an empty polygon."""
    corners = [[_corner(position) for position in _list(ring)] for ring in _list(rings)]
    if any(len(ring) < 4 for ring in corners):
        raise ValueError("a ring must have at least four positions, the last the same as the first")
    return [shapely.Polygon(corners[0], corners[1:])] if corners else []


def _corner(position: object) -> tuple[float, float]:
    numbers = _list(position)
    if len(numbers) < 2 or not all(type(number) in (int, float) for number in numbers):
        raise ValueError(f"a position must be a list of numbers, not {str(position)[:40]}")
    # what is far too large for a degree may be too large for a float
    longitude, latitude = (float(number) if abs(number) < 1e9 else math.inf for number in numbers[:2])
    where = f"({longitude:.7g}, {latitude:.7g})"
    if not (abs(longitude) <= 180 and abs(latitude) <= 180):
        raise ValueError(f"coordinates must be degrees, longitude first, not {where}; is the file in metres?")
    if not _is_near(longitude, latitude):
        swapped = "; longitude must come first" if _is_near(latitude, longitude) else ""
        raise ValueError(f"the position {where} is nowhere near Jakarta{swapped}")
    return longitude, latitude


def _is_near(longitude: float, latitude: float) -> bool:
    box = AROUND_JAKARTA
    return box.west <= longitude <= box.east and box.south <= latitude <= box.north


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("its coordinates are not nested as its type demands")
    return value
