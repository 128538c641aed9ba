"""Variables and arguments come out as graphql-core makes them, and what is wrong is left to it."""

from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    build_schema,
    get_argument_values,
    get_variable_values,
    is_input_type,
    parse,
)
from graphql.execution.values import VariableValues
from hypothesis import given
from hypothesis import strategies as st

from execution.coercing import coercion_of
from execution.given import given_of
from schema.root import graphql_schema
from tests.hostile_schema import HOSTILE


def _odd(value: Any) -> Any:
    if value == "raises":
        raise ValueError(value)
    return Undefined if value == "undefined" else [value]


def _schema() -> GraphQLSchema:
    schema = build_schema(
        """
        scalar Odd
        enum Colour { RED GREEN }
        input Pick @oneOf { text: String number: Int colour: Colour }
        input Deep {
          owed: Int! usual: Int! = 3 none: String = null colours: [Colour!] = [RED] odd: Odd more: [Deep!] picks: [[Pick]]
        }
        type Query { find(deep: Deep, ids: [ID!]!, pick: Pick, flag: Boolean! = true, rate: Float, odd: Odd = 1): Int }
        """
    )
    odd = schema.type_map["Odd"]
    assert isinstance(odd, GraphQLScalarType)
    vars(odd)["coerce_input_value"] = _odd
    return schema


SCHEMA = _schema()


def operation(text: str) -> OperationDefinitionNode:
    (node,) = parse(text).definitions
    assert isinstance(node, OperationDefinitionNode)
    return node


def both(schema: GraphQLSchema, node: OperationDefinitionNode, values: dict[str, Any]) -> tuple[Any, Any]:
    """The variables as graphql-core coerces them, and as they are coerced here; None: they are wrong."""
    coercion = coercion_of(schema, node)
    assert coercion is not None
    core, ours = get_variable_values(schema, node.variable_definitions or (), values), coercion.values(values)
    return _told(core), _told(ours)


def _told(values: VariableValues | list[GraphQLError] | None) -> Any:
    if not isinstance(values, VariableValues):
        return None
    return repr(values.coerced), {name: each.value for name, each in values.sources.items()}


ALL = operation(
    "query ($deep: Deep, $ids: [ID!]! = [7], $pick: Pick, $flag: Boolean!, $rate: Float, $odd: Odd, $rows: [[Int]!])"
    " { find(ids: []) }"
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 7, 2**40, 1.5, float("inf"), "x", "7", "RED", "raises", "undefined", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "owed",
                    "usual",
                    "none",
                    "colours",
                    "odd",
                    "more",
                    "picks",
                    "text",
                    "number",
                    "colour",
                    "latitude",
                    "longitude",
                    "other",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
DEEP = st.fixed_dictionaries(
    {"owed": st.integers(-5, 5)},
    optional={
        "usual": st.integers(0, 9),
        "none": st.none() | st.text(max_size=3),
        "colours": st.sampled_from(["RED", ["RED", "GREEN"], [], None, ["BLUE"]]),
        "odd": VALUES,
        "more": st.lists(st.fixed_dictionaries({"owed": st.sampled_from([1, None])}), max_size=2),
        "picks": st.lists(VALUES | st.just([{"text": "x"}]), max_size=2),
    },
)


@given(
    st.fixed_dictionaries(
        {"flag": st.booleans() | VALUES},
        optional={
            "deep": DEEP | VALUES,
            "ids": st.lists(st.integers(0, 3) | st.text(max_size=2), max_size=3) | VALUES,
            "pick": st.sampled_from([{"text": "x"}, {"number": 1}, {"text": None}, {"text": "x", "number": 1}, {}]),
            "rate": st.floats() | st.integers() | VALUES,
            "odd": VALUES,
            "rows": st.lists(st.lists(st.integers(0, 3)), max_size=2) | VALUES,
        },
    )
)
def test_variables_of_every_kind_are_coerced_as_by_graphql_core(values: dict[str, Any]) -> None:
    core, ours = both(SCHEMA, ALL, values)
    assert ours == core


RIGHT: list[dict[str, Any]] = [
    {"flag": True},
    {"flag": False, "deep": {"owed": 1, "more": [{"owed": 2, "none": "x"}], "picks": [[{"text": "x"}, None], None]}},
    {"flag": True, "ids": "one alone", "pick": {"colour": "GREEN"}, "rate": 3, "odd": {"any": ["thing"]}, "rows": 5},
]


@pytest.mark.parametrize("values", RIGHT)
def test_what_is_right_is_not_left_to_graphql_core(values: dict[str, Any]) -> None:
    core, ours = both(SCHEMA, ALL, values)
    assert ours == core is not None


def test_every_input_of_the_served_schema_can_be_coerced_here() -> None:
    for schema in (graphql_schema(), HOSTILE):
        for name, kind in schema.type_map.items():
            if is_input_type(kind):
                assert coercion_of(schema, operation(f"query ($x: [{name}!]) {{ __typename }}")) is not None, name


def test_a_default_that_will_not_do_is_for_graphql_core_to_tell() -> None:
    assert coercion_of(SCHEMA, operation('query ($x: Int = "one") { __typename }')) is None


ARGUMENTS = [
    "(ids: [1])",
    "(ids: $ids)",
    "(ids: $ids, flag: $flag, rate: $rate, odd: $odd)",
    "(ids: $ids, deep: $deep, pick: $pick, flag: false, rate: 2)",
    "(ids: [$id], deep: {owed: 1, none: $text, odd: [$text]})",
    "(ids: $ids, deep: {owed: $owed}, pick: {text: $text})",
    "(ids: $ids, deep: null, odd: null)",
]
ASKED = "query ($ids: [ID!], $id: ID!, $flag: Boolean, $rate: Float, $odd: Odd, $deep: Deep, $pick: Pick, $text: String, $owed: Int = 4)"


@pytest.mark.parametrize("arguments", ARGUMENTS)
@given(
    values=st.fixed_dictionaries(
        {"id": st.just("a")},
        optional={
            "ids": st.sampled_from([["a", "b"], [], None]),
            "flag": st.sampled_from([True, False, None]),
            "rate": st.sampled_from([1.5, None]),
            "odd": st.sampled_from(["x", None]),
            "deep": st.sampled_from([{"owed": 2}, None]),
            "pick": st.sampled_from([{"text": "x"}, None]),
            "text": st.sampled_from(["x", None]),
            "owed": st.sampled_from([5, None]),
        },
    )
)
def test_arguments_are_made_of_variables_as_by_graphql_core(arguments: str, values: dict[str, Any]) -> None:
    node = operation(f"{ASKED} {{ find{arguments} }}")
    (field,) = node.selection_set.selections
    assert isinstance(field, FieldNode)
    assert SCHEMA.query_type is not None
    definition = SCHEMA.query_type.fields["find"]
    variables = get_variable_values(SCHEMA, node.variable_definitions or (), values)
    assert isinstance(variables, VariableValues)
    try:
        core: Any = get_argument_values(definition, field, variables)
    except GraphQLError as error:
        with pytest.raises(GraphQLError, match=error.message[:20]):
            given_of(definition, field)(variables)
    else:
        assert given_of(definition, field)(variables) == core
