"""What an operation costs: told before it runs, from its page sizes, and read off its answer afterwards."""

import asyncio
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from hypothesis import assume, given, settings
from hypothesis_graphql import queries

from execution import WEIGHT, Engine, Limits, RequestRefused, Weight
from tests.steps import steps_of

SDL = """
interface Node { id: ID! }
type Area implements Node { id: ID! name: String boundary: String children: [Area!]! parent: Area }
type Photo { url: String }
type Report implements Node { id: ID! text: String area: Area photos: [Photo!]! nodes: [Node!]! place: Place }
type Place { latitude: Float }
type Edge { cursor: String node: Report }
type PageInfo { more: Boolean }
type Reports { nodes: [Report!]! edges: [Edge!]! pageInfo: PageInfo! totalCount: Int }
input Filter { search: String open: Boolean }
type Query {
  reports(first: Int, last: Int, filter: Filter): Reports
  node(id: ID): Node
  now: String
  untold: [Area]
}
type Mutation { act: Report }
type Subscription { news(after: String): Report }
"""


def _page(given: Any) -> int:
    return min(int(given.get("last") or given.get("first") or 20), 100)


WEIGHTS = {
    "Query.reports": Weight(each=lambda given: 7 if (given.get("filter") or {}).get("search") else 0, size=_page),
    "Reports.edges": Weight(item=0),
    "Reports.pageInfo": Weight(item=0),
    "Reports.totalCount": Weight(each=5),
    "Report.photos": Weight(size=3),
    "Report.nodes": Weight(size=2),
    "Report.place": Weight(item=0),
    "Area.children": Weight(size=6),
    "Area.boundary": Weight(each=4),
    "Mutation.act": Weight(each=10),
}


def weighed() -> GraphQLSchema:
    schema = build_schema(SDL)
    for name, weight in WEIGHTS.items():
        kind, field = name.split(".")
        made = schema.type_map[kind]
        assert isinstance(made, GraphQLObjectType)
        made.fields[field].extensions[WEIGHT] = weight
    return schema


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(weighed(), Limits(cost=10**9))


def cost(engine: Engine, text: str, variables: dict[str, Any] | None = None) -> int:
    return engine.prepare(text, None, variables).cost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ now }", 0),
        ("{ reports { pageInfo { more } } }", 1),
        ("{ reports { nodes { id text place { latitude } } } }", 1 + 20),
        ("{ reports(first: 50) { nodes { id area { name } photos { url } } } }", 1 + 50 * (1 + 1 + 3)),
        ("{ reports(last: 3) { edges { cursor node { id } } } }", 1 + 3),
        ("{ reports(first: 2) { nodes { area { boundary } } totalCount } }", 1 + 2 * (1 + 1 + 4) + 5),
        ('{ reports(first: 1, filter: {search: "banjir"}) { nodes { id } } }', 7 + 1 + 1),
        ("{ untold { id } }", 10),
        ("{ reports(first: 2) { nodes { area { children { children { id } } } } } }", 1 + 2 * (1 + 1 + 6 * (1 + 6))),
        ("mutation { act { area { id } } }", 10 + 1 + 1),
        ("subscription { news { area { id } } }", 1 + 1),
    ],
)
def test_objects_count_by_their_pages_and_dear_fields_by_their_weight(engine: Engine, text: str, expected: int) -> None:
    assert cost(engine, text) == expected


WHOLE = get_introspection_query(specified_by_url=True, schema_description=True)
FRAGMENTS = """
{ __schema { types { ...T fields { ...F } } directives { args { type { ...T } } } } again: __type(name: "Report") { ...T } }
fragment T on __Type { name kind ofType { name ofType { kind } } }
fragment F on __Field { type { ...T } args { name type { ...T } } }
"""


def objects_in(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(objects_in, value.values()))
    return sum(map(objects_in, value)) if isinstance(value, list) else 0


class TestIntrospection:
    @pytest.mark.parametrize(
        "text",
        [
            WHOLE,
            FRAGMENTS,
            "{ __schema { queryType { fields(includeDeprecated: true) { name } } } }",
            '{ __type(name: "Report") { fields { args { name } type { ofType { name } } } interfaces { name } } }',
            '{ __type(name: "Nothing") { name } }',
            '{ a: __type(name: "Report") { fields { name } } a: __type(name: "Report") { fields { type { name } } } }',
        ],
    )
    async def test_costs_the_objects_that_it_gives(self, engine: Engine, text: str) -> None:
        prepared = engine.prepare(text)
        answer = await engine.execute(prepared, None)
        given = objects_in(answer.data) - 1
        assert prepared.cost == (given or 1) and answer.spent <= prepared.cost

    def test_of_a_type_that_a_variable_names_the_most_that_any_gives(self, engine: Engine) -> None:
        text = "query ($n: String!) { __type(name: $n) { fields { name } } }"
        known = [
            cost(engine, f'{{ __type(name: "{name}") {{ fields {{ name }} }} }}') for name in engine.schema.type_map
        ]
        assert cost(engine, text, {"n": "Report"}) == max(known) > 2


class TestVariables:
    def test_sizes_are_those_of_the_variables_or_their_defaults(self, engine: Engine) -> None:
        text = "query ($n: Int = 4) { reports(first: $n) { nodes { id } } }"
        assert [cost(engine, text, given) for given in ({"n": 9}, {}, {"n": None})] == [10, 5, 21]

    def test_a_variable_within_an_object_counts(self, engine: Engine) -> None:
        text = "query ($s: String) { reports(first: 1, filter: {search: $s, open: true}) { nodes { id } } }"
        assert [cost(engine, text, given) for given in ({"s": "air"}, {}, {"s": ""})] == [9, 2, 2]

    def test_what_is_skipped_costs_nothing(self, engine: Engine) -> None:
        text = """query ($no: Boolean!, $yes: Boolean = true) {
            reports(first: 5) {
                nodes @skip(if: $no) { id area @include(if: $yes) { id } }
                ... @include(if: $no) { totalCount }
            }
        }"""
        assert cost(engine, text, {"no": True}) == 1 + 5
        assert cost(engine, text, {"no": False}) == 1 + 5 * 2
        assert cost(engine, text, {"no": False, "yes": False}) == 1 + 5

    def test_what_is_never_there_costs_nothing(self, engine: Engine) -> None:
        assert cost(engine, "{ reports { nodes @include(if: false) { id } nodes @skip(if: true) { id } } }") == 1


class TestFragments:
    def test_the_same_field_twice_is_one(self, engine: Engine) -> None:
        text = """{ reports(first: 5) { nodes { area { id } ...F ...F } } reports(first: 5) { nodes { area { name } } } }
            fragment F on Report { area { boundary } }"""
        assert cost(engine, text) == 1 + 5 * (1 + 1 + 4)

    def test_under_another_name_it_is_another(self, engine: Engine) -> None:
        assert cost(engine, "{ a: reports(first: 5) { nodes { id } } b: reports(first: 6) { nodes { id } } }") == 13

    def test_a_leaf_costs_only_when_it_is_asked_for_again(self, engine: Engine) -> None:
        assert cost(engine, "{ reports(first: 5) { nodes { text a: text b: text id } } }") == 1 + 5 * (1 + 2)

    def test_of_an_interface_the_dearest_type_counts(self, engine: Engine) -> None:
        text = """{ node(id: 1) { id ... on Area { children { id } } ...R } }
            fragment R on Report { photos { url } area { id } }"""
        assert cost(engine, text) == 1 + max(6, 3 + 1)

    def test_each_pair_of_fragment_and_type_is_planned_once(self, engine: Engine) -> None:
        """Fields that may be of many types, within each other: nothing is multiplied on the way down."""

        def planned(depth: int) -> int:
            text = "{ node(id: 1) { ...F0 } } " + " ".join(
                f"fragment F{n} on Report {{ nodes {{ id ...F{n + 1} ... on Area {{ name }} }} }}" for n in range(depth)
            ) + f" fragment F{depth} on Report {{ text }}"  # fmt: skip
            return steps_of(lambda: engine.prepare(text))

        planned(3)
        four, eight, sixteen = planned(4), planned(8), planned(16)
        assert (sixteen - eight) < 2.6 * (eight - four)


class TestActual:
    def answer(self, *photos: int) -> dict[str, Any]:
        nodes = [{"area": None if n == 2 else {"id": "1"}, "photos": [{"url": "u"}] * n} for n in photos]
        return {"reports": {"nodes": nodes, "totalCount": None}}

    def test_it_is_what_the_answer_has(self, engine: Engine) -> None:
        text = "{ reports { nodes { area { id } photos { url } } totalCount } }"
        prepared = engine.prepare(text)
        assert prepared.cost == 1 + 20 * (1 + 1 + 3) + 5
        assert prepared.price.actual(self.answer(0, 1, 2)) == 1 + (1 + 1) + (1 + 1 + 1) + (1 + 2) + 5
        assert prepared.price.actual({"reports": None}) == 0
        assert prepared.price.actual(None) == 0

    def test_of_an_interface_it_is_that_of_the_fields_that_are_there(self, engine: Engine) -> None:
        prepared = engine.prepare(
            "{ node(id: 1) { ... on Area { children { id } } ... on Report { photos { url } } } }"
        )
        assert prepared.price.actual({"node": {"photos": [{"url": "u"}]}}) == 2
        assert prepared.price.actual({"node": {"children": [{"id": "1"}] * 4}}) == 5
        assert prepared.price.actual({"node": None}) == 0


def test_an_operation_may_cost_only_so_much() -> None:
    engine = Engine(weighed(), Limits(cost=100))
    text = "query ($n: Int) { reports(first: $n) { nodes { id } } }"
    assert engine.prepare(text, None, {"n": 99}).cost == 100
    with pytest.raises(RequestRefused) as refused:
        engine.prepare(text, None, {"n": 100})
    (error,) = refused.value.errors
    assert error["extensions"] == {
        "code": "COST_EXCEEDED",
        "limited": "cost",
        "limit": 100,
        "value": 101,
        "cost": {"requested": 101},
    }
    assert "101" in error["message"] and "100" in error["message"]


# ---------------------------------------------------------------- against answers that are as full as they may be

FULL = """
type Area { id: ID name: String boundary: String children: [Area!]! parent: Area }
type Photo { url: String report: Report }
type Report { id: ID text: String area: Area photos: [Photo!]! place: Place }
type Place { latitude: Float report: Report }
type Edge { cursor: String node: Report }
type Reports { nodes: [Report!]! edges: [Edge!]! totalCount: Int }
type Query { reports(first: Int, search: String): Reports! area: Area now: String }
"""
SMALL_PAGES = {
    **{name: weight for name, weight in WEIGHTS.items() if name.split(".")[0] in ("Reports", "Report", "Area")},
    "Query.reports": Weight(
        each=lambda given: 7 if given.get("search") else 0,
        size=lambda given: min(max(int(given.get("first") or 2), 1), 3),
    ),
    "Reports.totalCount": Weight(each=5),
    "Area.children": Weight(size=2),
}


def full() -> GraphQLSchema:
    """Each list gives as many as it may, and nothing is null."""
    schema = build_schema(FULL)
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, made in kind.fields.items():
            weight = SMALL_PAGES.get(f"{kind.name}.{name}", Weight())
            made.extensions[WEIGHT] = weight
            made.resolve = _giving(made, weight)
    return schema


def _giving(made: GraphQLField, weight: Weight) -> Any:
    kind, size = get_named_type(made.type), weight.size

    def resolve(page: int, _info: Any, **arguments: Any) -> Any:
        if is_leaf_type(kind):
            return "1"
        if not is_list_type(get_nullable_type(made.type)):
            return size(arguments) if callable(size) else page
        return [page] * (size if isinstance(size, int) else page)

    return resolve


FULLY = Engine(full(), Limits(cost=10**9))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(operation=queries(FULL, allow_x00=False, allow_null=False))
def test_what_is_told_beforehand_is_what_a_full_answer_costs(operation: str) -> None:
    try:
        prepared = FULLY.prepare(operation)
    except RequestRefused:
        assume(False)
    answer = asyncio.run(FULLY.execute(prepared, None, 1))
    assert answer.errors is None
    assert prepared.price.actual(answer.data) == prepared.cost
