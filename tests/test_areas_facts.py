"""What is known of Jakarta's areas without polygons."""

from collections import Counter
from pathlib import Path

import pytest

from domain.areas import (
    AreaFactsError,
    AreaLevel,
    bps_to_kemendagri,
    level_of,
    parent_of,
    parse_facts,
)

CSV = (Path(__file__).parent.parent / "storage/facts/jakarta_areas.csv").read_text(encoding="utf-8")
HEADER = "code,name,level,parent,latitude,longitude,area_km2\n"
PROVINCE = "31,DKI Jakarta,PROVINCE,,-6.23,106.84,664.8\n"


class TestShippedFacts:
    def test_hold_all_of_jakarta(self) -> None:
        levels = Counter(fact.level for fact in parse_facts(CSV))
        assert levels == {
            AreaLevel.PROVINCE: 1,
            AreaLevel.CITY: 6,
            AreaLevel.DISTRICT: 44,
            AreaLevel.SUBDISTRICT: 267,
        }

    def test_parents_follow_from_the_code(self) -> None:
        facts = {fact.code: fact for fact in parse_facts(CSV)}
        assert all(fact.parent == parent_of(code) for code, fact in facts.items())
        assert {code for code, fact in facts.items() if fact.parent is None} == {"31"}

    def test_sizes_add_up(self) -> None:
        facts = parse_facts(CSV)
        kelurahan = sum(fact.area_km2 for fact in facts if fact.level is AreaLevel.SUBDISTRICT)
        assert kelurahan == pytest.approx(facts[0].area_km2, rel=0.005)


class TestParsing:
    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ("31.71,Pusat,DISTRICT,31,-6.1,106.8,48", "line 3: 31.71 cannot be a DISTRICT"),
            ("31.71,Pusat,TOWN,31,-6.1,106.8,48", "line 3: 'TOWN' is not a valid AreaLevel"),
            ("31.71,Pusat,CITY,,-6.1,106.8,48", "line 3: the parent of 31.71 must be 31"),
            ("32.71,Bogor,CITY,32,-6.1,106.8,48", "line 3: 32, the parent of 32.71, must come before it"),
            ("31,DKI Jakarta,PROVINCE,,-6.2,106.8,664", "line 3: 31 comes twice"),
            ("31.71,Pusat,CITY,31,-96.1,106.8,48", "line 3: latitude must be a number from -90 to 90"),
            ("31.71,Pusat,CITY,31,nan,106.8,48", "line 3: latitude must be a number from -90 to 90"),
            ("31.71,Pusat,CITY,31,south,106.8,48", "line 3: could not convert string to float: 'south'"),
            ("31.71,Pusat,CITY,31,-6.1,106.8,0", "line 3: 0.0 km² cannot be the size of an area"),
            ("31.71,Pusat,CITY,31,-6.1,106.8,nan", "line 3: nan km² cannot be the size of an area"),
            ("31.71, ,CITY,31,-6.1,106.8,48", "line 3: the name is missing"),
            ("31.71,Pusat,CITY,31,-6.1,106.8", "line 3: there must be 7 columns"),
            ("31.71,Pusat,CITY,31,-6.1,106.8,48,more", "line 3: there must be 7 columns"),
            ("3171,Pusat,CITY,31,-6.1,106.8,48", "line 3: '3171' is not an area code"),
        ],
    )
    def test_says_in_which_line_what_is_wrong(self, line: str, complaint: str) -> None:
        with pytest.raises(AreaFactsError) as caught:
            parse_facts(HEADER + PROVINCE + line + "\n")
        assert str(caught.value).startswith(complaint)

    @pytest.mark.parametrize("text", ["", "code,name\n31,DKI Jakarta\n"])
    def test_wants_its_columns(self, text: str) -> None:
        with pytest.raises(AreaFactsError, match="line 1: the columns must be code,name,level"):
            parse_facts(text)


class TestCodes:
    def test_tell_the_level(self) -> None:
        assert [level_of(code) for code in ("31", "31.71", "31.71.01", "31.71.01.1001")] == list(AreaLevel)[:4]

    @pytest.mark.parametrize("code", ["", "3", "31.", "31.7", "3171", "31.71.01.1001.1", "31.71.01.101", "٣١"])
    def test_of_another_form_are_refused(self, code: str) -> None:
        with pytest.raises(ValueError, match="is not an area code"):
            level_of(code)


class TestBpsCodes:
    def test_name_other_cities_than_the_same_digits_elsewhere(self) -> None:
        names = {fact.code: fact.name for fact in parse_facts(CSV)}
        told = {bps: names[bps_to_kemendagri(bps)].split()[-1] for bps in ("3171", "3172", "3173", "3174", "3175")}
        assert told == {"3171": "Selatan", "3172": "Timur", "3173": "Pusat", "3174": "Barat", "3175": "Utara"}

    def test_of_province_and_islands(self) -> None:
        assert (bps_to_kemendagri("31"), bps_to_kemendagri("3101")) == ("31", "31.01")

    @pytest.mark.parametrize("code", ["3171010001", "31.71", "3176", ""])
    def test_that_cannot_be_converted_are_refused(self, code: str) -> None:
        with pytest.raises(ValueError, match="is not the BPS code"):
            bps_to_kemendagri(code)
