"""Which area other systems mean by a name; what the words leave open is not guessed."""

import pytest

from domain.area_facts import parse_facts
from domain.area_names import AreaNames
from storage.seeding import read_fact

FACTS = {fact.code: fact for fact in parse_facts(read_fact("jakarta_areas.csv"))}
NAMES = AreaNames(FACTS)


def named(words: str) -> str | None:
    code = NAMES.find(words)
    return None if code is None else f"{FACTS[code].level} {FACTS[code].name}"


@pytest.mark.parametrize(
    ("words", "area"),
    [
        ("Kel. Kampung Melayu, Kec. Jatinegara, Jakarta Timur", "SUBDISTRICT Kampung Melayu"),
        ("KAMPUNG MELAYU", "SUBDISTRICT Kampung Melayu"),
        ("Kota Administrasi Jakarta Timur", "CITY Kota Administrasi Jakarta Timur"),
        ("Kota Jakarta Timur, DKI Jakarta", "CITY Kota Administrasi Jakarta Timur"),
        ("Kecamatan Jatinegara", "DISTRICT Jatinegara"),
        ("Jl. Otista Raya RT 03/RW 05, Bidara Cina, Jatinegara", "SUBDISTRICT Bidara Cina"),
        ("Kab. Adm. Kepulauan Seribu", "CITY Kabupaten Administrasi Kepulauan Seribu"),
        ("Provinsi DKI Jakarta", "PROVINCE DKI Jakarta"),
        ("Jakarta", "PROVINCE DKI Jakarta"),
    ],
)
def test_the_smallest_area_that_the_words_name_is_meant(words: str, area: str) -> None:
    assert named(words) == area


def test_a_name_of_two_areas_means_what_holds_both() -> None:
    """Jatinegara is a kecamatan, and a kelurahan of another kecamatan of the same city."""
    assert named("Jatinegara") == "CITY Kota Administrasi Jakarta Timur"
    assert named("Kelurahan Jatinegara") == "SUBDISTRICT Jatinegara"


@pytest.mark.parametrize("words", ["", "Kota Bandung", "Kecamatan Coblong, Bandung", ",,;", "Kelurahan"])
def test_what_is_not_in_jakarta_means_nothing(words: str) -> None:
    assert NAMES.find(words) is None


def test_a_kelurahan_is_looked_for_in_the_city_that_is_told() -> None:
    assert NAMES.subdistrict("Kampung Melayu", "Jakarta Timur") == NAMES.find("Kampung Melayu")
    assert NAMES.subdistrict("Kampung Melayu", "Jakarta Barat") is None
    assert NAMES.subdistrict("Kampung Melayu", "Kota yang tidak dikenal") is not None
    assert NAMES.subdistrict("Jatinegara", None) is not None  # the kecamatan of that name is none
