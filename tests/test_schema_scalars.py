"""How the contract's scalars are written, and what is taken for one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError, build_schema, validate
from graphql.language import SourceLocation, parse
from hypothesis import given
from hypothesis import strategies as st

from domain.time import micros, moment
from schema.root import graphql_schema
from schema.scalars import read_moment, show_moment


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-01-31T18:05:00+07:00", "2026-01-31T11:05:00.000000Z"),
        ("2026-01-31T18:05:00.25Z", "2026-01-31T18:05:00.250000Z"),
        ("2026-01-31t18:05:00z", "2026-01-31T18:05:00.000000Z"),
        ("2026-01-31 18:05:00-03:30", "2026-01-31T21:35:00.000000Z"),
        ("2026-01-31T18:05:00.1234567Z", "2026-01-31T18:05:00.123456Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"),
        ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
    ],
)
def test_moments_are_read_with_any_offset_and_told_in_utc(written: str, told: str) -> None:
    assert show_moment(read_moment(written)) == told
    assert show_moment(micros(read_moment(written))) == told


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T18:05:00",
        "2026-01-31",
        "2026-01-31T18:05Z",
        "2026-02-30T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T18:05:61Z",
        "2026-01-31T18:05:00+24:00",
        "2026-01-31T18:05:00+07:60",
        "2026-01-31T18:05:00+0700",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-01-31T18:05:00Z",
        "2026-01-31T18:05:00Z\n",
        "yesterday",
        "",
        1_769_882_700,
        None,
        True,
    ],
)
def test_what_is_no_moment_is_refused_in_words(written: object) -> None:
    with pytest.raises(GraphQLError, match=r"DateTime|no such moment"):
        read_moment(written)


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-1439, 1439))
def test_no_moment_loses_anything_on_its_way(at: datetime, minutes: int) -> None:
    here = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_moment(here.isoformat()) == here
    assert read_moment(show_moment(here)) == here
    assert moment(micros(here)) == here


@given(st.lists(st.integers(0, micros(datetime(2100, 1, 1, tzinfo=UTC))), min_size=2))
def test_texts_sort_as_moments_do(values: list[int]) -> None:
    assert sorted(map(show_moment, values)) == [show_moment(each) for each in sorted(values)]


@pytest.mark.parametrize(
    ("literal", "words"),
    [
        ('reportedAfter: "2026-01-31"', "not a DateTime"),
        ("reportedAfter: 5", "A DateTime is a string"),
        ("reportedAfter: {a: 1}", "DateTime"),
    ],
)
def test_a_wrong_literal_is_found_when_the_document_is_checked(literal: str, words: str) -> None:
    document_text = f"{{ reports(filter: {{{literal}}}) {{ totalCount }} }}"
    (error,) = validate(graphql_schema(), parse(document_text))
    assert words in error.message and error.locations == [SourceLocation(1, document_text.index("After: ") + 8)]


def test_a_file_cannot_be_written_into_a_document() -> None:
    document = parse('mutation { addPhotos(input: {reportId: "a", photos: ["b"]}) { userErrors { code } } }')
    (error,) = validate(graphql_schema(), document)
    assert "can only be given as a variable" in error.message


def test_clients_can_build_the_schema_from_its_text() -> None:
    from schema.root import printed

    assert build_schema(printed()).subscription_type is not None
