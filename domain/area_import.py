"""Real boundaries out of a GeoJSON file of the operator's choice: all of it is sound, or none of it is taken.

Wanted is a FeatureCollection in degrees with a polygon for each kelurahan and its Kemendagri code in some property. Features
of larger areas, of other provinces and without any code (lakes, say) are left aside and counted; for everything else that is wrong
there is a fault, and one fault refuses the file.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from domain.area_crossings import require_few_crossings
from domain.area_facts import AreaFact, AreaLevel
from domain.area_file import BoundaryImportError, Feature, code_property_of, normal_code, read_features
from domain.area_geometry import GRID_DEGREES, area_km2, geometry_to_km, polygons_of, to_km
from domain.area_lookup import ISLANDS

__all__ = ["BoundaryImport", "BoundaryImportError", "parse_boundaries"]

_NAME_PROPERTIES = ("name", "nama", "namobj", "wadmkd", "nama_kel", "nm_kelurahan", "kelurahan", "desa", "village")

_STRAY_KM = 5.0  # how far from its known point a mainland kelurahan may end; a shifted code is off by more
_STRAY_ISLANDS_KM = 50.0  # the farthest island lies 48 km from its kelurahan's point
_LEAST_KM2 = 0.001


@dataclass(frozen=True, slots=True)
class BoundaryImport:
    """What a boundary file holds: shapes by kelurahan code (degrees, longitude first), and how it covers the kelurahan."""

    boundaries: Mapping[str, BaseGeometry]
    covered: tuple[str, ...]
    missing: tuple[str, ...]
    mended: tuple[str, ...]  # kelurahan whose geometry was invalid and could be repaired
    merged: tuple[str, ...]  # kelurahan that came in several features, now one shape
    renamed: Mapping[str, str]  # the file's name, where it is not the one of our facts
    ignored: Mapping[str, int]  # how many features were left aside, by reason
    code_property: str


def parse_boundaries(
    geojson_bytes: bytes,
    facts: Iterable[AreaFact],
    *,
    code_property: str | None = None,
    name_property: str | None = None,
) -> BoundaryImport:
    """Reads boundaries of the facts' kelurahan from a GeoJSON FeatureCollection. Raises BoundaryImportError with all faults.

    Codes may be dotted or not (31.71.01.1001, "3171011001", 3171011001). Without `code_property` the property that holds
    most known codes is taken. Several features of one code are parts of one kelurahan (islands come so) and are united.
    """
    kelurahan = {fact.code: fact for fact in facts if fact.level is AreaLevel.SUBDISTRICT}
    features = read_features(geojson_bytes)
    sorted_out = _SortedOut(kelurahan, code_property_of(features, kelurahan.keys(), code_property))
    for feature in features:
        sorted_out.take(feature)
    sorted_out.require_sound()
    return sorted_out.result(name_property)


class _SortedOut:
    """Features by kelurahan, and on the way what is wrong with them."""

    def __init__(self, kelurahan: Mapping[str, AreaFact], code_property: str) -> None:
        self._kelurahan = kelurahan
        self._code_property = code_property
        self._parts: dict[str, list[BaseGeometry]] = {}
        self._features: dict[str, Feature] = {}
        self._mended: set[str] = set()
        self._ignored: Counter[str] = Counter()
        self._faults: list[str] = []

    def take(self, feature: Feature) -> None:
        value = feature.properties.get(self._code_property)
        code = normal_code(value)
        reason = _reason_to_ignore(value, code)
        if reason is not None:
            self._ignored[reason] += 1
        elif code is None or code not in self._kelurahan:
            self._faults.append(f"{feature.position}: {_unknown_code(value)}")
        else:
            self._take_shape(code, feature)

    def _take_shape(self, code: str, feature: Feature) -> None:
        try:
            shape = feature.shape()
            mended = not shape.is_valid
            sound = _sound(shape)
            _require_near(sound, self._kelurahan[code])
        except ValueError as error:
            self._faults.append(f"{feature.position} ({code} {self._kelurahan[code].name}): {error}")
            return
        self._parts.setdefault(code, []).append(sound)
        self._features.setdefault(code, feature)
        if mended:
            self._mended.add(code)

    def require_sound(self) -> None:
        self._require_mergeable()
        if not self._faults and not self._parts:
            self._faults.append(
                f"no feature has the code of a kelurahan of Jakarta in its property {self._code_property[:40]!r}"
            )
        if self._faults:
            raise BoundaryImportError(self._faults)

    def _require_mergeable(self) -> None:
        """Parts of one kelurahan lie side by side; those that cross each other all over are no parts of it."""
        for code, parts in self._parts.items():
            try:
                if len(parts) > 1:
                    require_few_crossings(parts)
            except ValueError as error:
                self._faults.append(f"{code} {self._kelurahan[code].name}, in {len(parts)} features: {error}")

    def result(self, name_property: str | None) -> BoundaryImport:
        covered = tuple(sorted(self._parts))
        return BoundaryImport(
            boundaries={code: _united(self._parts[code]) for code in covered},
            covered=covered,
            missing=tuple(sorted(self._kelurahan.keys() - self._parts.keys())),
            mended=tuple(sorted(self._mended)),
            merged=tuple(code for code in covered if len(self._parts[code]) > 1),
            renamed=self._renamed(name_property),
            ignored=dict(self._ignored),
            code_property=self._code_property,
        )

    def _renamed(self, name_property: str | None) -> dict[str, str]:
        told = {code: _name(self._features[code], name_property) for code in sorted(self._features)}
        return {
            code: name
            for code, name in told.items()
            if name is not None and _plain(name) != _plain(self._kelurahan[code].name)
        }


def _reason_to_ignore(value: object, code: str | None) -> str | None:
    if value is None or value == "":
        return "without a code"
    if code is None:
        return None
    if not code.startswith("31"):
        return "outside Jakarta"
    return "larger than a kelurahan" if code.count(".") < 3 else None


def _unknown_code(value: object) -> str:
    told = str(value)[:40]
    code = normal_code(value)
    if code is not None and code[9:10] == "0":  # Kemendagri numbers kelurahan from 1001, BPS from 001
        return f"{told!r} looks like a code of Statistics Indonesia (BPS); wanted are those of the Ministry of Home Affairs"
    return f"{told!r} is not the code of a kelurahan of Jakarta"


def _sound(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape, mended. Raises ValueError where nothing that deserves the name is left."""
    sound = _united([shape if shape.is_valid else _mended(shape)])
    if area_km2(sound) < _LEAST_KM2:
        raise ValueError("its polygon has no inside")
    return sound


def _mended(shape: BaseGeometry) -> BaseGeometry:
    require_few_crossings([shape])
    return shapely.make_valid(shape)


def _united(shapes: list[BaseGeometry]) -> BaseGeometry:
    polygons = [polygon for shape in shapes for polygon in polygons_of(shape)]
    if len(shapes) > 1:
        polygons = polygons_of(shapely.union_all(polygons, grid_size=GRID_DEGREES))
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _require_near(shape: BaseGeometry, fact: AreaFact) -> None:
    """A polygon that lies elsewhere than its kelurahan has another one's code, or another one's coordinates."""
    known = shapely.Point(to_km(fact.latitude, fact.longitude))
    distance = float(shapely.distance(geometry_to_km(shape), known))
    if distance > (_STRAY_ISLANDS_KM if fact.code.startswith(ISLANDS) else _STRAY_KM):
        raise ValueError(f"it lies {distance:.0f} km from where {fact.name} is known to lie; is this its code?")


def _name(feature: Feature, name_property: str | None) -> str | None:
    wanted = (name_property,) if name_property else _NAME_PROPERTIES
    values: dict[str, Any] = {key.casefold(): value for key, value in feature.properties.items()}
    return next((values[key.casefold()] for key in wanted if isinstance(values.get(key.casefold()), str)), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
