"""What is understood of the words typed into a search box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search_query import (
    MAX_QUERY_CHARACTERS,
    MAX_QUERY_WORDS,
    SearchFault,
    SearchQuery,
    SearchRefused,
    parse_search,
)

UNDERSTOOD = {
    "banjir": SearchQuery((("banjir",),)),
    "Kebanjiran DI rumah": SearchQuery((("banjir",), ("di",), ("rumah",))),
    "banjir banjir": SearchQuery((("banjir",),)),
    "banjir -macet": SearchQuery((("banjir",),), (("macet",),)),
    "-macet banjir": SearchQuery((("banjir",),), (("macet",),)),
    '"jalan rusak" -"lampu mati"': SearchQuery((("jalan", "rusak"),), (("lampu", "mati"),)),
    "jl.mawar": SearchQuery((("jl", "mawar"),)),
    "lalu-lintas": SearchQuery((("lalu", "linta"),)),
    "joki 3in1": SearchQuery((("joki",), ("3", "in", "1"))),
    "banjir -jl.mawar": SearchQuery((("banjir",),), (("jl", "mawar"),)),
    # quotes as phones type them, a minus as typesetters do, full-width forms
    "“jalan rusak” −macet": SearchQuery((("jalan", "rusak"),), (("macet",),)),
    "＂jalan rusak＂ －macet": SearchQuery((("jalan", "rusak"),), (("macet",),)),
    # what is not quite syntax is forgiven
    '"jalan rusak': SearchQuery((("jalan", "rusak"),)),
    'banjir "': SearchQuery((("banjir",),)),
    'banjir "" -""': SearchQuery((("banjir",),)),
    'banjir"jalan rusak"macet': SearchQuery((("banjir",), ("jalan", "rusak"), ("macet",))),
    "- banjir": SearchQuery((("banjir",),)),
    "-- banjir --macet": SearchQuery((("banjir",), ("macet",))),
    "banjir -🌊 🙏": SearchQuery((("banjir",),)),
    '"-banjir"': SearchQuery((("banjir",),)),
    # other people's syntax is just words and gaps
    "banjir OR macet": SearchQuery((("banjir",), ("or",), ("macet",))),
    "NOT banjir": SearchQuery((("not",), ("banjir",))),
    "banj* text:banjir": SearchQuery((("banj",), ("text", "banjir"))),
    "'banjir' & !macet | (air)": SearchQuery((("banjir",), ("macet",), ("air",))),
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_understood_as(text: str) -> None:
    assert parse_search(text) == UNDERSTOOD[text]


REFUSED = {
    "": SearchFault.EMPTY,
    " \t\n": SearchFault.EMPTY,
    "...": SearchFault.NO_WORD,
    "🌊": SearchFault.NO_WORD,
    '""': SearchFault.NO_WORD,
    "-": SearchFault.NO_WORD,
    "* & | ! () :*": SearchFault.NO_WORD,
    "-banjir": SearchFault.ONLY_EXCLUSIONS,
    '-banjir -"jalan rusak" ...': SearchFault.ONLY_EXCLUSIONS,
    "x" * (MAX_QUERY_CHARACTERS + 1): SearchFault.TOO_LONG,
    "x " * (MAX_QUERY_WORDS + 1): SearchFault.TOO_MANY_WORDS,
    "1x1" * 20: SearchFault.TOO_MANY_WORDS,
    "-x " * MAX_QUERY_WORDS + "y": SearchFault.TOO_MANY_WORDS,
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_with_a_reason(text: str) -> None:
    with pytest.raises(SearchRefused) as refused:
        parse_search(text)
    assert refused.value.code is REFUSED[text]
    assert str(refused.value).endswith(".")


def test_the_limits_themselves_are_allowed() -> None:
    assert parse_search("x" * MAX_QUERY_CHARACTERS)
    assert len(parse_search(" ".join(map(str, range(MAX_QUERY_WORDS)))).all_of) == MAX_QUERY_WORDS


@given(st.text(st.characters() | st.sampled_from(" \"-“”'*:()&|!<>\\\x00"), max_size=MAX_QUERY_CHARACTERS + 5))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        query = parse_search(text)
    except SearchRefused:
        return
    assert query.all_of
    assert all(word for phrase in query.all_of + query.none_of for word in phrase)
