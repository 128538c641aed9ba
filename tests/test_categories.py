"""What citizens report, who takes care of it, and which category other systems' words mean."""

from pathlib import Path

import pytest

from domain.categories import CategoryFactsError, category_for, parse_agencies, parse_categories

FACTS = Path(__file__).parent.parent / "storage/facts"
AGENCIES = parse_agencies((FACTS / "agencies.toml").read_text(encoding="utf-8"))
CATEGORIES = parse_categories(
    (FACTS / "categories.toml").read_text(encoding="utf-8"), {agency.code for agency in AGENCIES}
)


def toml(**changes: str | None) -> str:
    entry: dict[str, str | None] = {
        "code": '"flood"',
        "name": '"Banjir"',
        "name_en": '"Flood"',
        "description": '"Air di jalan."',
        "description_en": '"Water on the road."',
        "agency": '"tata_air"',
    }
    lines = [f"{name} = {value}" for name, value in (entry | changes).items() if value is not None]
    return "\n".join(["[[category]]", *lines, ""])


class TestShippedFacts:
    def test_hold_the_categories_that_the_city_needs(self) -> None:
        assert [category.code for category in CATEGORIES] == [
            "traffic_jam",
            "flood",
            "three_in_one_jockey",
            "illegal_parking",
            "beggars",
            "waste",
            "damaged_road",
            "street_light",
            "street_vendors",
            "fallen_tree",
            "fire",
            "crime_disorder",
            "water_supply",
            "noise",
            "public_facility",
            "other",
        ]

    def test_each_has_an_agency_and_deadlines_in_order(self) -> None:
        for category in CATEGORIES:
            assert category.respond_within_minutes is not None
            assert category.resolve_within_minutes is not None
            assert category.respond_within_minutes < category.resolve_within_minutes
            assert category.active

    def test_no_agency_is_idle(self) -> None:
        assert {agency.code for agency in AGENCIES} - {category.agency for category in CATEGORIES} == {"bpbd"}

    def test_places_are_fuzzed_where_they_endanger_somebody(self) -> None:
        assert {category.code for category in CATEGORIES if category.sensitive} == {"beggars", "crime_disorder"}


class TestOtherSystemsWords:
    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ("ic_2flod", "flood"),
            ("Banjir", "flood"),
            ("  genangan   AIR ", "flood"),
            ("Macet", "traffic_jam"),
            ("joki 3in1", "three_in_one_jockey"),
            ("Parkir liar", "illegal_parking"),
            ("PKL", "street_vendors"),
            ("Pengemis", "beggars"),
            ("Lainnya", "other"),
            ("street_light", "street_light"),
            ("Jalan berlubang di depan pasar", "damaged_road"),
            ("Ada joki di Sudirman", "three_in_one_jockey"),
            ("tolong, pohon tumbang menutup jalan dan bikin macet", "fallen_tree"),
            ("Lampu jalan mati sejak kemarin", "street_light"),
            ("air mati dari pagi", "water_supply"),
        ],
    )
    def test_are_understood(self, words: str, code: str) -> None:
        assert category_for(words, CATEGORIES) == code

    @pytest.mark.parametrize("words", ["", "   ", "selamat pagi", "problem", "kemacetanku", "robot"])
    def test_that_say_nothing_are_left_open(self, words: str) -> None:
        assert category_for(words, CATEGORIES) is None

    def test_never_mean_what_is_no_longer_active(self) -> None:
        (flood,) = parse_categories(toml(active="false", keywords='["banjir"]'))
        assert category_for("banjir", [flood]) is None


class TestParsing:
    def test_what_may_be_left_out(self) -> None:
        (flood,) = parse_categories(toml())
        assert (flood.respond_within_minutes, flood.resolve_within_minutes, flood.parent) == (None, None, None)
        assert (flood.sensitive, flood.active, flood.aliases, flood.keywords) == (False, True, (), ())

    def test_words_come_in_lower_case_with_single_spaces(self) -> None:
        (flood,) = parse_categories(toml(aliases='["Genangan  Air"]'))
        assert flood.aliases == ("genangan air",)

    def test_parents(self) -> None:
        street = toml(code='"street_flood"', name='"Genangan jalan"', name_en='"Street flood"', parent='"flood"')
        assert [category.parent for category in parse_categories(street + toml())] == ["flood", None]

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("category = ", "not TOML"),
            ("", r"wanted are \[\[category\]\] tables"),
            ("[[agency]]\n", r"wanted are \[\[category\]\] tables"),
            ("category = [7]", "category 1 is not a table"),
            (toml(name=None), "category 1: name is missing"),
            (toml(colour='"red"'), "category 1: colour is not known"),
            (toml(code='"Flood Water"'), "category 1: code cannot be 'Flood Water'"),
            (toml(name='" "'), "category 1: name cannot be ' '"),
            (toml(sensitive="1"), "category 1: sensitive cannot be 1"),
            (toml(respond_within_minutes="0"), "category 1: respond_within_minutes cannot be 0"),
            (toml(respond_within_minutes="true"), "category 1: respond_within_minutes cannot be True"),
            (toml(resolve_within_minutes="600_000"), "category 1: resolve_within_minutes cannot be 600000"),
            (toml(aliases='["", "rob"]'), "category 1: aliases cannot be"),
            (toml(keywords='"rob"'), "category 1: keywords cannot be 'rob'"),
            (
                toml(respond_within_minutes="60", resolve_within_minutes="30"),
                "category flood: it would have to be resolved before it is responded to",
            ),
            (toml() + toml(), "category flood comes twice"),
            (toml(parent='"water"'), "category flood: there is no category 'water' to be its parent"),
            (toml(parent='"flood"'), "category flood: its parents go round in a circle"),
            (
                toml() + toml(code='"tide"', name='"Rob"', name_en='"Tide"', aliases='["banjir"]'),
                "category tide: 'banjir' already means flood",
            ),
        ],
    )
    def test_says_what_is_wrong_with_which(self, text: str, complaint: str) -> None:
        with pytest.raises(CategoryFactsError, match=complaint):
            parse_categories(text)

    def test_an_agency_must_be_there(self) -> None:
        with pytest.raises(CategoryFactsError, match="category flood: there is no agency 'tata_air'"):
            parse_categories(toml(), {"dishub"})

    def test_of_agencies(self) -> None:
        with pytest.raises(CategoryFactsError, match="agency 1: name_en is missing"):
            parse_agencies('[[agency]]\ncode = "dishub"\nname = "Dinas Perhubungan"\n')
