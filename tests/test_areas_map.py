"""Where a point lies, and what an area looks like, with approximate boundaries, real ones, and some of each."""

import random
import time
from itertools import combinations
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from domain.area_cells import approximate_cells
from domain.area_geometry import area_km2, geometry_to_km
from domain.areas import AreaDumpError, AreaFact, AreaLevel, AreaMap, UnknownAreaError, parse_facts, to_geojson
from domain.places import Point

CSV = (Path(__file__).parent.parent / "storage/facts/jakarta_areas.csv").read_text(encoding="utf-8")
FACTS = parse_facts(CSV)
KELURAHAN = [fact for fact in FACTS if fact.level is AreaLevel.SUBDISTRICT]
MAP = AreaMap(FACTS)
DUMPED = MAP.dump()

PUSAT, UTARA, BARAT, SELATAN, TIMUR = "31.71", "31.72", "31.73", "31.74", "31.75"


class TestKnownPlaces:
    @pytest.mark.parametrize(
        ("place", "latitude", "longitude", "city"),
        [
            ("Monas", -6.1754, 106.8272, PUSAT),
            ("Istiqlal", -6.1702, 106.8314, PUSAT),
            ("Bundaran HI", -6.1950, 106.8231, PUSAT),
            ("Pasar Senen", -6.1745, 106.8446, PUSAT),
            ("Gelora Bung Karno", -6.2186, 106.8018, PUSAT),
            ("Pluit", -6.1180, 106.7900, UTARA),
            ("Ancol", -6.1250, 106.8330, UTARA),
            ("Kelapa Gading", -6.1575, 106.9080, UTARA),
            ("Tanjung Priok", -6.1107, 106.8816, UTARA),
            ("Marunda", -6.1000, 106.9600, UTARA),
            ("Kota Tua", -6.1352, 106.8133, BARAT),
            ("Cengkareng", -6.1440, 106.7350, BARAT),
            ("Puri Indah", -6.1880, 106.7340, BARAT),
            ("Terminal Kalideres", -6.1546, 106.7055, BARAT),
            ("Bukit Duri", -6.2225, 106.8585, SELATAN),
            ("Pondok Indah", -6.2655, 106.7843, SELATAN),
            ("Blok M", -6.2443, 106.7990, SELATAN),
            ("Kebun Binatang Ragunan", -6.3125, 106.8200, SELATAN),
            ("Kampung Pulo", -6.2195, 106.8633, TIMUR),
            ("Taman Mini", -6.3024, 106.8951, TIMUR),
            ("Halim", -6.2660, 106.8910, TIMUR),
            ("Stasiun Jatinegara", -6.2150, 106.8700, TIMUR),
        ],
    )
    def test_lie_in_their_city(self, place: str, latitude: float, longitude: float, city: str) -> None:
        found = MAP.locate(latitude, longitude)
        assert found is not None, place
        assert MAP.path(found)[1] == city

    def test_some_even_in_their_kelurahan(self) -> None:
        def name(latitude: float, longitude: float) -> str:
            return MAP.facts[MAP.locate(latitude, longitude) or ""].name

        assert name(-6.1754, 106.8272) == "Gambir"
        assert name(-6.1352, 106.8133) == "Pinangsia"
        assert name(-6.2225, 106.8585) == "Bukit Duri"
        assert name(-6.2195, 106.8633) == "Kampung Melayu"

    @pytest.mark.parametrize(
        ("island", "latitude", "longitude", "kelurahan"),
        [
            ("Pramuka", -5.7455, 106.6135, "Pulau Panggang"),
            ("Panggang", -5.7425, 106.6005, "Pulau Panggang"),
            ("Kelapa", -5.6555, 106.5690, "Pulau Kelapa"),
            ("Harapan", -5.6535, 106.5775, "Pulau Harapan"),
            ("Untung Jawa", -5.9775, 106.7065, "Pulau Untung Jawa"),
            ("Bidadari", -6.0358, 106.7467, "Pulau Untung Jawa"),
            ("Onrust", -6.0343, 106.7350, "Pulau Untung Jawa"),
            ("Tidung Besar", -5.7985, 106.4990, "Pulau Tidung"),
            ("Payung", -5.8225, 106.5535, "Pulau Tidung"),
            ("Pari", -5.8585, 106.6180, "Pulau Pari"),
            ("Lancang", -5.9310, 106.5860, "Pulau Pari"),
        ],
    )
    def test_the_thousand_islands(self, island: str, latitude: float, longitude: float, kelurahan: str) -> None:
        found = MAP.locate(latitude, longitude)
        assert found is not None, island
        assert MAP.path(found)[1] == "31.01"
        assert MAP.facts[found].name == kelurahan

    @pytest.mark.parametrize(
        ("place", "latitude", "longitude"),
        [
            ("Bogor", -6.5950, 106.8166),
            ("Depok", -6.4025, 106.7942),
            ("Bekasi", -6.2383, 106.9756),
            ("Tangerang", -6.1783, 106.6319),
            ("Serpong", -6.3000, 106.6600),
            ("the airport of Soekarno-Hatta", -6.1256, 106.6559),
            ("Bandung", -6.9175, 107.6191),
            ("Surabaya", -7.2575, 112.7521),
            ("0, 0", 0.0, 0.0),
            ("the north pole", 90.0, 0.0),
        ],
    )
    def test_elsewhere_is_out_of_area(self, place: str, latitude: float, longitude: float) -> None:
        assert MAP.locate(latitude, longitude) is None, place

    def test_no_coordinates_are_refused(self) -> None:
        with pytest.raises(ValueError, match="latitude must be a number"):
            MAP.locate(float("nan"), 106.8)


class TestApproximateCells:
    def test_every_kelurahan_holds_its_own_point(self) -> None:
        found = MAP.locate_many([Point(fact.latitude, fact.longitude) for fact in KELURAHAN])
        assert found == [fact.code for fact in KELURAHAN]
        assert all(MAP.boundary(fact.code).contains(shapely.Point(fact.longitude, fact.latitude)) for fact in KELURAHAN)

    def test_are_sound_convex_and_do_not_overlap(self) -> None:
        cells = [MAP.boundary(fact.code) for fact in KELURAHAN]
        assert all(cell.is_valid and cell.geom_type == "Polygon" for cell in cells)
        assert sum(map(area_km2, cells)) == pytest.approx(area_km2(shapely.union_all(cells)), rel=1e-6)

    def test_reach_no_further_than_their_size_allows(self) -> None:
        for fact in KELURAHAN:
            point = geometry_to_km(shapely.Point(fact.longitude, fact.latitude))
            reach = shapely.hausdorff_distance(geometry_to_km(MAP.boundary(fact.code)), point)
            assert reach <= 1.55 * (fact.area_km2 / 3.14159) ** 0.5 + 0.001

    def test_a_place_belongs_to_the_least_power_distance(self) -> None:
        facts = [
            AreaFact("31.71.01.1001", "Large", AreaLevel.SUBDISTRICT, "31.71.01", -6.20, 106.80, 12.5664),  # r = 2 km
            AreaFact("31.71.01.1002", "Small", AreaLevel.SUBDISTRICT, "31.71.01", -6.20, 106.83, 3.1416),  # r = 1 km
        ]
        large, small = approximate_cells(facts).values()
        # 3.316 km apart: the border is square to the way, (3.316² + 2² - 1²) / (2 x 3.316) = 2.110 km along it
        assert large.bounds[2] == pytest.approx(106.80 + 2.110 / 3.316 * 0.03, abs=1e-4)
        assert small.bounds[0] == pytest.approx(large.bounds[2], abs=2e-7)

    def test_do_not_depend_on_the_order_of_facts(self) -> None:
        shuffled = random.Random(1).sample(FACTS, len(FACTS))
        assert AreaMap(shuffled).dump() == MAP.dump()

    def test_are_computed_in_less_than_a_second(self) -> None:
        start = time.process_time()
        AreaMap(FACTS).dump()
        assert time.process_time() - start < 1

    def test_two_areas_at_one_place_are_refused(self) -> None:
        fact = KELURAHAN[0]
        twin = AreaFact("31.01.01.1009", "Twin", fact.level, fact.parent, fact.latitude, fact.longitude, fact.area_km2)
        with pytest.raises(ValueError, match="at the same place"):
            AreaMap([*FACTS, twin])

    def test_outside_of_all_cells_the_nearest_within_two_kilometres_has_it(self) -> None:
        cell = geometry_to_km(MAP.boundary("31.74.09.1006"))  # Cipedak, at the border to Depok
        south = min(MAP.boundary("31.74.09.1006").exterior.coords, key=lambda corner: corner[1])
        assert MAP.locate(south[1] - 0.0170, south[0]) == "31.74.09.1006"  # 1.9 km
        assert MAP.locate(south[1] - 0.0189, south[0]) is None  # 2.1 km
        assert cell.area > 1


class TestTree:
    def test_paths_lead_down_from_the_province(self) -> None:
        assert MAP.path("31.71.01.1001") == ("31", "31.71", "31.71.01", "31.71.01.1001")
        assert MAP.path("31") == ("31",)

    def test_children(self) -> None:
        assert MAP.children("31") == ("31.01", "31.71", "31.72", "31.73", "31.74", "31.75")
        assert MAP.children("31.01.02") == ("31.01.02.1001", "31.01.02.1002", "31.01.02.1003")
        assert MAP.children("31.71.01.1001") == ()

    def test_kelurahan_within(self) -> None:
        assert len(MAP.descendant_subdistricts("31")) == 267
        assert all(code.startswith("31.74.") for code in MAP.descendant_subdistricts("31.74"))
        assert MAP.descendant_subdistricts("31.71.01.1001") == ("31.71.01.1001",)

    @pytest.mark.parametrize("ask", ["boundary", "bounds", "path", "children", "descendant_subdistricts"])
    def test_an_unknown_code_is_named(self, ask: str) -> None:
        with pytest.raises(UnknownAreaError, match=r"no area has the code '31\.99'"):
            getattr(MAP, ask)("31.99")


class TestBoundaries:
    def test_of_larger_areas_are_the_unions_of_their_kelurahan(self) -> None:
        for code in ("31.71.01", "31.74", "31"):
            whole = MAP.boundary(code)
            parts = shapely.union_all([MAP.boundary(part) for part in MAP.descendant_subdistricts(code)])
            assert whole.is_valid
            assert area_km2(whole.symmetric_difference(parts)) < 0.02 * area_km2(parts)

    def test_borders_between_the_parts_vanish_in_the_whole(self) -> None:
        for city in MAP.children("31"):
            outline = geometry_to_km(MAP.boundary(city)).boundary
            parts = [geometry_to_km(MAP.boundary(code)).buffer(0.001) for code in MAP.descendant_subdistricts(city)]
            for one, other in combinations(parts, 2):
                border = one.intersection(other)
                if border.area > 0.002 * 0.3:  # a strip of two metres, longer than 300 m
                    assert outline.distance(border.centroid) > 0.01

    def test_splinters_between_neighbours_are_closed(self) -> None:
        assert MAP.boundary("31.71").geom_type == "Polygon"
        assert not MAP.boundary("31.71").interiors

    def test_bounds_hold_the_boundary(self) -> None:
        bounds = MAP.bounds("31.71")
        assert (bounds.west, bounds.south, bounds.east, bounds.north) == MAP.boundary("31.71").bounds
        assert bounds.contains(Point(-6.1754, 106.8272))

    def test_simplifying_takes_corners_and_stays_near(self) -> None:
        rough = MAP.simplified("31.75", 200)
        fine = MAP.boundary("31.75")
        assert rough.is_valid
        assert shapely.get_num_coordinates(rough) < shapely.get_num_coordinates(fine) / 2
        assert shapely.hausdorff_distance(geometry_to_km(rough), geometry_to_km(fine)) <= 0.2001
        assert MAP.simplified("31.75", 0) == fine

    @pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
    def test_a_tolerance_that_is_none_is_refused(self, tolerance: float) -> None:
        with pytest.raises(ValueError, match="a tolerance must be"):
            MAP.simplified("31.75", tolerance)

    def test_as_geojson(self) -> None:
        polygon = to_geojson(MAP.boundary("31.71.01.1001"))
        assert polygon["type"] == "Polygon"
        (ring,) = polygon["coordinates"]
        assert ring[0] == ring[-1]
        assert all(106 < longitude < 107 and -7 < latitude < -6 for longitude, latitude in ring)
        assert shapely.LinearRing(ring).is_ccw
        assert to_geojson(MAP.boundary("31.01"))["type"] == "MultiPolygon"
        assert shapely.geometry.shape(polygon).equals_exact(MAP.boundary("31.71.01.1001"), 2e-6, normalize=True)

    def test_only_polygons_become_geojson(self) -> None:
        with pytest.raises(ValueError, match="an area is a polygon, not a Point"):
            to_geojson(shapely.Point(106.8, -6.2))


class TestDump:
    def test_a_loaded_map_is_the_same(self) -> None:
        dumped = MAP.dump()
        loaded = AreaMap.load(FACTS, dumped)
        assert loaded.dump() == dumped
        assert loaded.locate(-6.1754, 106.8272) == "31.71.01.1001"
        assert loaded.is_approximate("31")
        assert loaded.boundary("31.74") == MAP.boundary("31.74")

    def test_of_other_facts_is_refused(self) -> None:
        with pytest.raises(AreaDumpError):
            AreaMap.load(FACTS[:-1], MAP.dump())

    @given(st.integers(0, 10_000), st.sampled_from(["cut", "flip"]))
    def test_that_was_damaged_is_refused(self, position: int, harm: str) -> None:
        dumped = (
            DUMPED[:position]
            if harm == "cut"
            else DUMPED[:position] + bytes([DUMPED[position] ^ 1]) + DUMPED[position + 1 :]
        )
        with pytest.raises(AreaDumpError):
            AreaMap.load(FACTS, dumped)


def square(south: float, west: float, size: float) -> shapely.Polygon:
    return shapely.box(west, south, west + size, south + size)


class TestRealBoundaries:
    # Gambir and Cideng touch at 106.82; between Cideng and Petojo Utara is a sliver of some 110 m, and all the rest is far off.
    GAMBIR, CIDENG, PETOJO = "31.71.01.1001", "31.71.01.1002", "31.71.01.1003"

    @pytest.fixture
    def real(self) -> AreaMap:
        shapes = {fact.code: square(-5.0, 100 + index / 10, 0.01) for index, fact in enumerate(KELURAHAN)}
        shapes |= {self.GAMBIR: square(-6.18, 106.82, 0.02), self.CIDENG: square(-6.18, 106.80, 0.02)}
        shapes |= {self.PETOJO: square(-6.159, 106.80, 0.02)}
        return AreaMap(FACTS, shapes)

    def test_hold_what_lies_inside(self, real: AreaMap) -> None:
        assert real.locate(-6.17, 106.83) == self.GAMBIR
        assert not real.is_approximate("31")

    def test_on_a_common_border_the_lowest_code_has_it(self, real: AreaMap) -> None:
        assert real.locate(-6.17, 106.82) == self.GAMBIR

    def test_in_a_sliver_the_nearest_has_it(self, real: AreaMap) -> None:
        assert real.locate(-6.1598, 106.81) == self.CIDENG
        assert real.locate(-6.1592, 106.81) == self.PETOJO

    def test_beyond_a_few_hundred_metres_it_is_out_of_area(self, real: AreaMap) -> None:
        assert real.locate(-6.17, 106.84 + 0.0025) == self.GAMBIR  # 280 m
        assert real.locate(-6.17, 106.84 + 0.0030) is None  # 330 m
        assert real.locate(-5.70, 106.60) is None  # the islands' reach is for approximate boundaries

    def test_equally_near_ones_go_to_the_lowest_code(self) -> None:
        gap = {
            self.GAMBIR: shapely.box(106.811, -6.18, 106.82, -6.17),
            self.CIDENG: shapely.box(106.80, -6.18, 106.809, -6.17),
        }
        far = {fact.code: square(-5.0, 100 + index / 10, 0.01) for index, fact in enumerate(KELURAHAN)}
        assert AreaMap(FACTS, far | gap).locate(-6.175, 106.81) == self.GAMBIR

    def test_of_an_unknown_area_or_of_no_kelurahan_are_refused(self) -> None:
        for code in ("31.71.01.1099", "31.71"):
            with pytest.raises(UnknownAreaError):
                AreaMap(FACTS, {code: square(-6.18, 106.82, 0.02)})


class TestSomeRealBoundaries:
    MONAS = "31.71.01.1001"

    def test_only_the_rest_is_approximate_and_the_real_one_goes_first(self) -> None:
        cell = MAP.boundary("31.71.01.1004")
        mixed = AreaMap(
            FACTS, {"31.71.01.1006": cell}
        )  # Duri Pulo's real boundary, were it where Petojo Selatan's cell is
        centre = cell.centroid
        assert mixed.locate(centre.y, centre.x) == "31.71.01.1006"
        assert not mixed.is_approximate("31.71.01.1006")
        assert mixed.is_approximate("31.71.01.1004")
        assert mixed.is_approximate("31.71.01")

    def test_survive_a_dump(self) -> None:
        mixed = AreaMap(FACTS, {self.MONAS: square(-6.18, 106.82, 0.01)})
        loaded = AreaMap.load(FACTS, mixed.dump())
        assert not loaded.is_approximate(self.MONAS)
        assert loaded.is_approximate("31.71.01")
        assert loaded.boundary(self.MONAS) == square(-6.18, 106.82, 0.01)


class TestManyAtOnce:
    def test_gives_what_one_by_one_gives(self) -> None:
        draw = random.Random(7)
        points = [Point(draw.uniform(-6.45, -5.1), draw.uniform(106.3, 107.1)) for _ in range(300)]
        assert MAP.locate_many(points) == [MAP.locate(point.latitude, point.longitude) for point in points]

    def test_none(self) -> None:
        assert MAP.locate_many([]) == []
