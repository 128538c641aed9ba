"""Rules that hold everywhere in the schema, whatever is added to it."""

import re

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    validate_schema,
)

from domain.vocabulary import EventKind
from execution.readings import reading_of
from resolvers.filters import ReportFilter
from schema.node import TYPE_OF_ROW
from schema.root import graphql_schema

BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}
UNCOUNTED = {"ReportEventConnection", "FloodAreaChangeConnection", "FloodGaugeReadingConnection"}
PAGING = {"first": "Int", "after": "Cursor", "last": "Int", "before": "Cursor"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return graphql_schema()


def own(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {name: kind for name, kind in schema.type_map.items() if not name.startswith("__") and name not in BUILT_IN}


def objects(schema: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    return {name: kind for name, kind in own(schema).items() if isinstance(kind, GraphQLObjectType)}


def mutations(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    assert schema.mutation_type is not None
    fields: dict[str, GraphQLField] = schema.mutation_type.fields
    return fields


def fields_of(kind: GraphQLNamedType) -> dict[str, str]:
    assert isinstance(kind, GraphQLObjectType | GraphQLInputObjectType)
    return {name: str(field.type) for name, field in kind.fields.items()}


def test_the_schema_is_valid(schema: GraphQLSchema) -> None:
    assert validate_schema(schema) == []


def test_names_are_written_as_graphql_writes_them(schema: GraphQLSchema) -> None:
    for name, kind in own(schema).items():
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name)
        if isinstance(kind, GraphQLEnumType):
            assert all(re.fullmatch(r"[A-Z][A-Z_]*", word) for word in kind.values), name
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType | GraphQLInterfaceType):
            assert all(re.fullmatch(r"[a-z][A-Za-z]*", field) for field in kind.fields), name


def test_nothing_is_deprecated_or_left_over_from_a_library(schema: GraphQLSchema) -> None:
    assert {directive.name for directive in schema.directives} <= {
        "skip",
        "include",
        "deprecated",
        "specifiedBy",
        "oneOf",
    }
    for name, kind in objects(schema).items():
        assert not [field for field in kind.fields.values() if field.deprecation_reason], name
    assert not {"GlobalID", "Date", "JSON", "Void"} & own(schema).keys()


def test_every_mutation_takes_one_input_of_its_own_and_has_a_payload_of_its_own(schema: GraphQLSchema) -> None:
    for name, field in mutations(schema).items():
        own_name = name[0].upper() + name[1:]
        assert {argument: str(given.type) for argument, given in field.args.items()} == {"input": f"{own_name}Input!"}
        assert str(field.type) == f"{own_name}Payload"


def test_every_payload_tells_user_errors(schema: GraphQLSchema) -> None:
    for name, field in mutations(schema).items():
        assert fields_of(get_named_type(field.type))["userErrors"] == "[UserError!]!", name


def test_every_mutation_may_be_sent_twice(schema: GraphQLSchema) -> None:
    for name, field in mutations(schema).items():
        assert fields_of(get_named_type(field.args["input"].type))["idempotencyKey"] == "String", name


def test_all_that_a_payload_tells_may_be_missing(schema: GraphQLSchema) -> None:
    """Beside user errors there may be no object to show: one that is owed would make the errors vanish with it."""
    for field in mutations(schema).values():
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        for name, part in payload.fields.items():
            owed_object = isinstance(part.type, GraphQLNonNull) and isinstance(part.type.of_type, GraphQLObjectType)
            assert not owed_object, f"{payload.name}.{name}"


def test_connections_have_one_shape(schema: GraphQLSchema) -> None:
    connections = {name: kind for name, kind in objects(schema).items() if name.endswith("Connection")}
    assert len(connections) == 7
    for name, kind in connections.items():
        noun = name.removesuffix("Connection")
        shape = {"edges": f"[{noun}Edge!]!", "nodes": f"[{noun}!]!", "pageInfo": "PageInfo!"}
        if name not in UNCOUNTED:
            shape["totalCount"] = "Int"
        assert fields_of(kind) == shape
        assert fields_of(schema.type_map[f"{noun}Edge"]) == {"cursor": "Cursor!", "node": f"{noun}!"}


def test_what_answers_with_a_connection_can_be_paged(schema: GraphQLSchema) -> None:
    for name, kind in objects(schema).items():
        for part, field in kind.fields.items():
            if get_named_type(field.type).name.endswith("Connection"):
                given = {argument: str(field.args[argument].type) for argument in PAGING if argument in field.args}
                assert given.items() >= {"first": "Int", "after": "Cursor"}.items(), f"{name}.{part}"
                assert given.items() <= PAGING.items()
                assert all(field.args[argument].default is None for argument in given), (
                    "no default: an explicit null means that too"
                )


def test_lists_hold_no_nulls_but_for_nodes(schema: GraphQLSchema) -> None:
    loose = [
        f"{name}.{part}"
        for name, kind in objects(schema).items()
        for part, field in kind.fields.items()
        if isinstance(listed := _bare(field.type), GraphQLList) and not isinstance(listed.of_type, GraphQLNonNull)
    ]
    assert loose == ["Query.nodes"]


def _bare(kind: object) -> object:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def test_nothing_but_an_id_names_a_node(schema: GraphQLSchema) -> None:
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {kind.name for kind in schema.get_possible_types(node)} == set(TYPE_OF_ROW.values())
    for name, kind in objects(schema).items():
        if "id" in kind.fields and name not in ("Viewer",):
            assert node in kind.interfaces, name


def test_the_filter_has_what_the_resolvers_take(schema: GraphQLSchema) -> None:
    told = {_snake(name) for name in fields_of(schema.type_map["ReportFilter"])}
    assert told == set(ReportFilter.__dataclass_fields__)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def test_report_events_are_all_kinds_but_those_of_floods(schema: GraphQLSchema) -> None:
    kinds = schema.type_map["ReportEventKind"]
    assert isinstance(kinds, GraphQLEnumType)
    assert set(kinds.values) == {kind.value for kind in EventKind} - {EventKind.FLOOD_STATE.value}


def test_columns_and_batches_are_declared_once(schema: GraphQLSchema) -> None:
    """Fields without arguments have a reading, which any executor can follow; the others a resolver."""
    for name, kind in objects(schema).items():
        for part, field in kind.fields.items():
            if schema.subscription_type is kind or field.args or name == "Query":
                continue
            assert reading_of(field) is not None, f"{name}.{part}"
