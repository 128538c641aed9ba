"""A boundary file is taken whole or not at all, and says why."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.area_file import MAX_BYTES, normal_code
from domain.area_import import BoundaryImport, BoundaryImportError, parse_boundaries
from domain.areas import AreaMap, parse_facts

CSV = (Path(__file__).parent.parent / "storage/facts/jakarta_areas.csv").read_text(encoding="utf-8")
FACTS = parse_facts(CSV)

GAMBIR, CIDENG = "31.71.01.1001", "31.71.01.1002"


def square(west: float, south: float, size: float = 0.01) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


AT_GAMBIR, AT_CIDENG = square(106.82, -6.18), square(106.80, -6.18)


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def read(*features: Any, crs: Any = None, **options: Any) -> BoundaryImport:
    collection = {"type": "FeatureCollection", "features": list(features)}
    return parse_boundaries(json.dumps(collection | ({"crs": crs} if crs else {})).encode(), FACTS, **options)


def faults(*features: Any, **options: Any) -> tuple[str, ...]:
    with pytest.raises(BoundaryImportError) as caught:
        read(*features, **options)
    return caught.value.faults


class TestASoundFile:
    def test_gives_boundaries_and_says_how_much_of_jakarta_it_covers(self) -> None:
        taken = read(
            feature(polygon(AT_GAMBIR), code=GAMBIR, name="Gambir"),
            feature(polygon(AT_CIDENG), code=CIDENG, name="Cideng"),
        )
        assert taken.covered == (GAMBIR, CIDENG)
        assert len(taken.missing) == 265
        assert (taken.mended, taken.merged, taken.renamed, taken.ignored) == ((), (), {}, {})
        assert taken.boundaries[GAMBIR].bounds == pytest.approx((106.82, -6.18, 106.83, -6.17))

    def test_makes_a_map(self) -> None:
        map_ = AreaMap(FACTS, read(feature(polygon(AT_GAMBIR), code=GAMBIR)).boundaries)
        assert map_.locate(-6.1754, 106.8272) == GAMBIR
        assert not map_.is_approximate(GAMBIR)
        assert map_.is_approximate(CIDENG)

    @pytest.mark.parametrize("code", [GAMBIR, "3171011001", " 31.71.01.1001 ", 3171011001, 3171011001.0])
    def test_may_write_codes_in_any_way(self, code: object) -> None:
        assert read(feature(polygon(AT_GAMBIR), code=code)).covered == (GAMBIR,)

    def test_may_name_its_properties_as_it_likes(self) -> None:
        taken = read(feature(polygon(AT_GAMBIR), KDEPUM=GAMBIR, FID=7, NAMOBJ="GAMBIR"))
        assert (taken.covered, taken.code_property, taken.renamed) == ((GAMBIR,), "KDEPUM", {})

    def test_the_named_properties_are_taken(self) -> None:
        both = feature(polygon(AT_GAMBIR), old=CIDENG, new=GAMBIR, label="Gambir Baru", name="Gambir")
        taken = read(both, code_property="new", name_property="label")
        assert (taken.covered, taken.renamed) == ((GAMBIR,), {GAMBIR: "Gambir Baru"})

    def test_of_several_levels_gives_the_kelurahan_and_counts_the_rest(self) -> None:
        taken = read(
            feature(polygon(AT_GAMBIR), code="31"),
            feature(polygon(AT_GAMBIR), code="31.71"),
            feature(polygon(AT_GAMBIR), code="317101"),
            feature(polygon(AT_GAMBIR), code=GAMBIR),
            feature(polygon(square(106.8, -6.6)), code="32.71.01.1001"),
            feature(None, code=None),
            feature(polygon(AT_GAMBIR), name="a lake"),
        )
        assert taken.covered == (GAMBIR,)
        assert taken.ignored == {"larger than a kelurahan": 3, "outside Jakarta": 1, "without a code": 2}

    def test_parts_of_one_kelurahan_are_united(self) -> None:
        tidung = "31.01.02.1002"
        islands = [square(106.50, -5.80), square(106.54, -5.82)]
        taken = read(*(feature(polygon(island), code=tidung) for island in islands))
        assert taken.merged == (tidung,)
        assert len(taken.boundaries[tidung].geoms) == 2

    def test_several_polygons_and_heights_are_fine(self) -> None:
        rings = [[[[longitude, latitude, 7.5] for longitude, latitude in AT_GAMBIR]], [square(106.84, -6.18)]]
        taken = read(feature({"type": "MultiPolygon", "coordinates": rings}, code=GAMBIR))
        assert taken.boundaries[GAMBIR].geom_type == "MultiPolygon"
        assert not taken.boundaries[GAMBIR].has_z

    def test_a_bow_tie_is_mended_and_told(self) -> None:
        a, b, c, d, _ = AT_GAMBIR
        taken = read(feature(polygon([a, c, b, d, a]), code=GAMBIR))
        assert taken.mended == (GAMBIR,)
        assert taken.boundaries[GAMBIR].is_valid

    def test_mending_keeps_polygons_only(self) -> None:
        west, south = 106.82, -6.18
        with_spike = [*AT_GAMBIR[:2], [west + 0.03, south], *AT_GAMBIR[1:]]
        shape = read(feature(polygon(with_spike), code=GAMBIR)).boundaries[GAMBIR]
        assert shape.is_valid
        assert shape.geom_type == "Polygon"

    @pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"])
    def test_may_say_that_it_is_wgs_84(self, name: str) -> None:
        assert read(
            feature(polygon(AT_GAMBIR), code=GAMBIR), crs={"type": "name", "properties": {"name": name}}
        ).covered

    def test_with_a_byte_order_mark(self) -> None:
        text = json.dumps({"type": "FeatureCollection", "features": [feature(polygon(AT_GAMBIR), code=GAMBIR)]})
        assert parse_boundaries(text.encode("utf-8-sig"), FACTS).covered == (GAMBIR,)


class TestFaults:
    def test_all_are_told_with_their_feature_and_nothing_is_taken(self) -> None:
        told = faults(
            feature(polygon(AT_GAMBIR), code=GAMBIR),
            feature(None, code=CIDENG),
            feature(polygon(square(110.0, -7.0)), code=CIDENG),
            feature(polygon(AT_GAMBIR), code="31.71.01.1099"),
        )
        assert told == (
            "feature 2 (31.71.01.1002 Cideng): it has no geometry",
            "feature 3 (31.71.01.1002 Cideng): the position (110, -7) is nowhere near Jakarta",
            "feature 4: '31.71.01.1099' is not the code of a kelurahan of Jakarta",
        )

    @pytest.mark.parametrize(
        ("geometry", "complaint"),
        [
            ({"type": "Point", "coordinates": [106.8, -6.2]}, "must be a Polygon or a MultiPolygon, not a Point"),
            ({"type": "LineString", "coordinates": AT_GAMBIR}, "must be a Polygon or a MultiPolygon, not a LineString"),
            ({}, "must be a Polygon or a MultiPolygon, not a None"),
            ("POLYGON EMPTY", "it has no geometry"),
            (polygon(), "its geometry is empty"),
            ({"type": "MultiPolygon", "coordinates": []}, "its geometry is empty"),
            (polygon(AT_GAMBIR[:3]), "a ring must have at least four positions"),
            (polygon([[106.8, -6.2]] * 4), "its polygon has no inside"),
            (polygon([[106.8, -6.2], [106.81, -6.2], [106.82, -6.2], [106.8, -6.2]]), "its polygon has no inside"),
            ({"type": "Polygon", "coordinates": AT_GAMBIR}, "its coordinates are not nested as its type demands"),
            ({"type": "Polygon"}, "its coordinates are not nested as its type demands"),
            (
                {"type": "MultiPolygon", "coordinates": [AT_GAMBIR]},
                "its coordinates are not nested as its type demands",
            ),
            (polygon([["106.8", "-6.2"]] * 4), "a position must be a list of numbers"),
            (polygon([[True, False]] * 4), "a position must be a list of numbers"),
            (polygon([[106.8]] * 4), "a position must be a list of numbers"),
            (polygon([[y, x] for x, y in AT_GAMBIR]), "nowhere near Jakarta; longitude must come first"),
            (polygon([[701_000, 9_317_000]] * 4), "is the file in metres?"),
            (polygon([[10**400, 0]] * 4), "is the file in metres?"),
            (polygon(square(106.90, -6.30)), "km from where Gambir is known to lie; is this its code?"),
        ],
    )
    def test_of_geometry(self, geometry: object, complaint: str) -> None:
        (told,) = faults(feature(geometry, code=GAMBIR))
        assert told.startswith("feature 1 (31.71.01.1001 Gambir): ")
        assert complaint in told

    def test_numbers_without_end(self) -> None:
        text = json.dumps({"type": "FeatureCollection", "features": [feature(polygon(AT_GAMBIR), code=GAMBIR)]})
        for number, complaint in (("1e999", "is the file in metres?"), ("NaN", "NaN is no number of JSON")):
            with pytest.raises(BoundaryImportError, match=complaint.replace("?", r"\?")):
                parse_boundaries(text.replace("106.82", number).encode(), FACTS)

    def test_the_codes_of_statistics_indonesia_are_recognised(self) -> None:
        told = faults(feature(polygon(AT_GAMBIR), code="3173080001"), feature(polygon(AT_GAMBIR), code=GAMBIR))
        assert told == (
            "feature 1: '3173080001' looks like a code of Statistics Indonesia (BPS); "
            "wanted are those of the Ministry of Home Affairs",
        )

    def test_a_long_list_is_cut_in_the_message_but_not_in_the_faults(self) -> None:
        with pytest.raises(BoundaryImportError) as caught:
            read(*[feature(None, code=GAMBIR)] * 25)
        assert len(caught.value.faults) == 25
        assert str(caught.value).splitlines()[-1] == "and 5 more"
        assert len(str(caught.value).splitlines()) == 21

    def test_no_known_codes(self) -> None:
        assert faults(feature(polygon(AT_GAMBIR), id=7, label="Gambir")) == (
            "no property holds codes of kelurahan such as 31.71.01.1001; there are: id, label",
        )
        assert faults(feature(polygon(AT_GAMBIR), code="32.71.01.1001"), code_property="code") == (
            "no feature has the code of a kelurahan of Jakarta in its property 'code'",
        )

    def test_a_property_that_is_not_there(self) -> None:
        assert faults(feature(polygon(AT_GAMBIR), code=GAMBIR), code_property="kode") == (
            "no feature has a property 'kode'; there are: code",
        )

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (b"", "the file is not JSON"),
            (b"<html>", "the file is not JSON"),
            (b"\xff\xfe\xfd", "the file is not JSON"),
            (b"[" * 100_000, "the file is not JSON: it is nested too deeply"),
            (b"[]", "the file is not a GeoJSON FeatureCollection"),
            (b'{"type": "Topology"}', "the file is not a GeoJSON FeatureCollection"),
            (b'{"type": "FeatureCollection"}', "the file has no features"),
            (b'{"type": "FeatureCollection", "features": []}', "the file has no features"),
            (b'{"type": "FeatureCollection", "features": [7]}', "feature 1 is not a GeoJSON Feature"),
            (b"[" * 2_000_001, "the file has more than 2,000,000 corners; simplify it first"),
            (b" " * (MAX_BYTES + 1), "the file is larger than 64 MiB"),
        ],
    )
    def test_of_the_file(self, text: bytes, complaint: str) -> None:
        with pytest.raises(BoundaryImportError) as caught:
            parse_boundaries(text, FACTS)
        assert str(caught.value).startswith(complaint)

    @pytest.mark.parametrize("crs", ["EPSG:32748", {"type": "name", "properties": {"name": "EPSG:32748"}}, {"type": 7}])
    def test_other_coordinate_systems(self, crs: object) -> None:
        (told,) = faults(feature(polygon(AT_GAMBIR), code=GAMBIR), crs=crs)
        assert told.startswith("coordinates must be WGS 84 (EPSG:4326), but the file says ")

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.sampled_from(["type", "coordinates", "geometries"]), inner, max_size=3)
            ),
            max_leaves=12,
        ),
        st.sampled_from(["Polygon", "MultiPolygon", "GeometryCollection"]),
    )
    def test_whatever_a_file_holds_nothing_else_leaks(self, coordinates: object, kind: str) -> None:
        for geometry in (coordinates, {"type": kind, "coordinates": coordinates}):
            with pytest.raises(BoundaryImportError):
                read(feature(geometry, code=GAMBIR))


class TestCodes:
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            ("31", "31"),
            (3171, "31.71"),
            ("317101", "31.71.01"),
            ("31.71.01.1001", GAMBIR),
            ("3171010", None),
            ("٣١", None),
            ("31,71", None),
            ("", None),
            (None, None),
            (True, None),
            (31.5, None),
            (float("inf"), None),
            (["31"], None),
        ],
    )
    def test_are_brought_to_one_form(self, value: object, code: str | None) -> None:
        assert normal_code(value) == code
