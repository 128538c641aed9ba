"""GraphQL texts and variables of all kinds against the served schema, on both stores: answered or refused, never INTERNAL."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    get_introspection_query,
    print_schema,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.search_query import MAX_QUERY_WORDS, SearchFault, SearchRefused, parse_search
from domain.vocabulary import Role
from execution import RequestRefused
from resolvers.viewer import Viewer
from schema.root import graphql_schema
from schema.scalars import read_moment
from storage.store import Store
from storage.tables import metadata
from tests.fuzzing import CORPUS, NASTY_NUMBERS, NASTY_TEXTS, damaged, drawn, fuzz
from tests.schema_world import ADMIN, SchemaWorld, everything, public_id, schema_world
from tests.writing import ANONYMOUS, KEY

SCHEMA: GraphQLSchema = graphql_schema()
OURS = re.compile(
    r"Traceback|SELECT .* FROM|INSERT INTO|sqlite3|asyncpg|sqlalchemy|site-packages|\.py\b|<class |object at 0x"
)
"""What no client may read in a message: our inside."""

SOUND = [
    get_introspection_query(),
    'query ($f: Int = 3) { reports(first: $f, filter: {search: "banjir -macet"}) { totalCount nodes { ...R } } }'
    " fragment R on Report { id code area { name parent { name } } timeline(first: 2) { nodes { __typename } } }",
    'mutation { supportReport(input: {reportId: "x", idempotencyKey: "0123456789abcdefghijkl"}) { userErrors { code } } }',
    '# words\nquery A @skip(if: false) { a: areas(level: CITY) { """text""" } }',
]
TIMES = (
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "2026-06-30T23:59:60Z",
    "2026-12-31T23:59:60-23:59",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00." + "9" * 400 + "Z",
    "2026-02-30T00:00:00." + "9" * 400 + "Z",
)


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[SchemaWorld]:
    async with schema_world(store, area_map, tmp_path) as made:
        yield made


async def asked(world: SchemaWorld, text: str, variables: dict[str, Any] | None, viewer: Viewer) -> list[str]:
    """The codes of an answer's or a refusal's errors. Fails for INTERNAL, and for words about our inside."""
    try:
        errors = (await world.ask(text, variables, viewer)).get("errors", [])
    except RequestRefused as refused:
        errors = refused.errors
    codes = [error["extensions"]["code"] for error in errors]
    assert "INTERNAL" not in codes, f"{text} {variables!r}"
    assert not [error["message"] for error in errors if OURS.search(error["message"])]
    return codes


async def viewers_of(world: SchemaWorld) -> list[Viewer]:
    roles = (Role.RESPONDER, Role.PARTNER, Role.DISPATCHER)
    return [ANONYMOUS, ADMIN, world.hub.people["sari"], *[await world.hub.person(role, f"a {role}") for role in roles]]


def ids_of(world: SchemaWorld) -> list[str]:
    return [public_id(world, kind, row) for kind in Kind for row in (1, 2)]


async def rows_of(world: SchemaWorld) -> dict[str, int]:
    return {table.name: await world.hub.count(table) for table in metadata.sorted_tables}


# ---------------------------------------------------------------- valid documents


def literals(ids: list[str], cursors: list[str]) -> dict[str, Any]:
    """For each scalar, what is worth writing into a document."""
    texts = st.one_of(st.sampled_from([text for text in NASTY_TEXTS if len(text) < 100]), st.text(max_size=12))
    codes = st.sampled_from(["flood", "31.71", "31.71.01.1001", "qlue", "lapor", "1234567"])
    numbers = [float(number) for number in NASTY_NUMBERS] + [106.8, -6.2, 180.0, -90.0]
    return {
        "String": st.one_of(texts, codes).map(nodes.String),
        "ID": st.one_of(st.sampled_from(ids), texts).map(nodes.String),
        "Cursor": st.one_of(st.sampled_from(cursors), texts).map(nodes.String),
        "DateTime": st.sampled_from(TIMES).map(nodes.String),
        "URL": texts.map(nodes.String),
        "Upload": texts.map(nodes.String),
        "Float": st.sampled_from(numbers).map(nodes.Float),
        "Int": st.sampled_from([0, 1, 2, 20, 100, 101, -1, 2**31 - 1, -(2**31)]).map(nodes.Int),
    }


async def test_documents_of_the_schema_are_answered_or_refused(world: SchemaWorld) -> None:
    told = await world.data("{ reports(first: 2) { edges { cursor } } logCursor }")
    cursors = [edge["cursor"] for edge in told["reports"]["edges"]] + [told["logCursor"]]
    strategy = from_schema(print_schema(SCHEMA), custom_scalars=literals(ids_of(world), cursors))
    viewers, codes = await viewers_of(world), Counter[str]()
    for number, text in enumerate(drawn(strategy, 30)):
        for viewer in (viewers[number % len(viewers)], ADMIN):
            codes.update(await asked(world, text, None, viewer) or ["answered"])
    assert codes["answered"] > 10, codes


# ---------------------------------------------------------------- variables


def operations() -> Iterator[tuple[str, str, dict[str, GraphQLArgument]]]:
    """For each field of Query and Mutation with arguments: an operation that gives them all as variables."""
    for kind, root in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            if field.args:
                declared = ", ".join(f"${given}: {argument.type}" for given, argument in field.args.items())
                used = ", ".join(f"{given}: ${given}" for given in field.args)
                yield name, f"{kind} ({declared}) {{ {name}({used}) {everything(field.type, 0)} }}", field.args


def values(kind: GraphQLInputType, ids: list[str]) -> st.SearchStrategy[Any]:
    """Values for a type, mostly of its form; one of a dozen is something else altogether."""
    of_its_form = _of_its_form(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, ids)
    other = st.sampled_from([None, True, [], {}, [[]], {"a": 1}, "x", *NASTY_NUMBERS])
    return st.integers(0, 11).flatmap(lambda drawn: other if drawn == 11 else of_its_form)


def _of_its_form(kind: Any, ids: list[str]) -> st.SearchStrategy[Any]:
    if isinstance(kind, GraphQLList):
        return st.lists(values(kind.of_type, ids), max_size=3)
    if isinstance(kind, GraphQLInputObjectType):
        owed = {name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        each = {name: values(field.type, ids) for name, field in kind.fields.items()}
        return st.fixed_dictionaries(
            {name: each[name] for name in each if name in owed},
            optional={name: each[name] for name in each if name not in owed},
        )
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from(sorted(kind.values))
    assert isinstance(kind, GraphQLScalarType)
    return _scalars(ids).get(kind.name, st.one_of(st.sampled_from([*NASTY_TEXTS, *ids, KEY]), st.text(max_size=30)))


def _scalars(ids: list[str]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "Boolean": st.booleans(),
        "Int": st.sampled_from([0, 1, 5, 100, 101, -1, 2**31 - 1, -(2**31)]),
        "Float": st.sampled_from([106.8, -6.2, 90.0000001, 180, *NASTY_NUMBERS]),
        "DateTime": st.sampled_from([*TIMES, "2026-01-01T00:00:00Z"]),
        "ID": st.sampled_from([*ids, *NASTY_TEXTS]),
    }


async def test_variables_of_every_field_are_taken_or_refused(world: SchemaWorld) -> None:
    """Queries change no row of any table, whatever they are given; mutations with odd input are refused in words."""
    ids, viewers, reached = ids_of(world), await viewers_of(world), 0
    before = await rows_of(world)
    for _, text, arguments in operations():
        if text.startswith("mutation") and before is not None:
            assert await rows_of(world) == before
            before = None
        strategy = st.fixed_dictionaries({name: values(argument.type, ids) for name, argument in arguments.items()})
        for number, variables in enumerate(drawn(strategy, 12)):
            codes = await asked(world, text, variables, viewers[number % len(viewers)])
            reached += not codes
    assert before is None and reached > 60


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_what_needs_no_list_around_it_is_counted_as_one(world: SchemaWorld) -> None:
    """A find: what a field costs was reckoned from an argument that is a list, but may come as its only entry."""
    report = public_id(world, Kind.REPORT, world.report_id)
    assert await asked(world, "query ($id: ID!) { nodes(ids: [$id]) { id } }", {"id": report}, ANONYMOUS) == []
    assert await asked(world, f'{{ nodes(ids: "{report}") {{ id }} }}', None, ANONYMOUS) == []
    for ids in ("x", 5, 0, None, True):
        await asked(world, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids}, ANONYMOUS)
    await asked(world, "{ nodes(ids: 5) { id } }", None, ANONYMOUS)


# ---------------------------------------------------------------- texts that are not GraphQL


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_texts_that_are_no_operation_are_refused(world: SchemaWorld) -> None:
    letters = st.text('{}()[]:!$@#"\\&|=.,… \n\u0000\ufeffaQ0-eE+\u2028', max_size=60)
    texts = drawn(st.one_of(letters, st.sampled_from(NASTY_TEXTS)), 300)
    texts += [path.read_bytes().decode("utf-8", "replace") for path in sorted((CORPUS / "graphql").iterdir())]
    for text in texts:
        assert await asked(world, text, {}, ANONYMOUS), f"this was answered: {text[:200]}"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_damaged_documents_are_answered_or_refused(world: SchemaWorld) -> None:
    for text in drawn(damaged(st.sampled_from(SOUND).map(str.encode)), 300):
        await asked(world, text.decode("utf-8", "replace"), {}, ANONYMOUS)


# ---------------------------------------------------------------- single texts


@fuzz(500)
@given(st.one_of(st.text(max_size=250), st.text('-"“” \taå.1', max_size=40), st.sampled_from(NASTY_TEXTS)))
def test_searches_are_understood_or_refused_in_words(text: str) -> None:
    try:
        found = parse_search(text)
    except SearchRefused as refused:
        assert refused.code in SearchFault and str(refused).endswith(".")
    else:
        assert found.all_of and all(found.all_of) and all(found.none_of)
        assert sum(map(len, (*found.all_of, *found.none_of))) <= MAX_QUERY_WORDS


@fuzz(500)
@given(
    st.one_of(
        st.sampled_from(TIMES),
        damaged(st.sampled_from(["2026-01-31T18:05:00+07:00", "2026-06-30t23:59:60.5z"]).map(str.encode)).map(
            lambda data: data.decode("utf-8", "replace")
        ),
        st.text("0123456789-:T.Z+ ", max_size=32),
    )
)
def test_moments_are_read_or_refused_briefly(text: str) -> None:
    try:
        found = read_moment(text)
    except GraphQLError as refused:
        assert 0 < len(refused.message) < 200
    else:
        assert found.tzinfo is UTC and datetime.min.replace(tzinfo=UTC) <= found
