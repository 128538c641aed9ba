"""The served schema: it is the committed one, it holds all of the contract, and every part of it says what it means.

`contract.graphql` is the contract's names, types and defaults without its sentences. The served schema may add to it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    find_breaking_changes,
    print_ast,
    specified_scalar_types,
)

from schema.root import PRINTED, printed

CONTRACT = Path(__file__).with_name("contract.graphql")


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema(CONTRACT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return build_schema(printed())


def own_types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {
        name: kind
        for name, kind in schema.type_map.items()
        if not name.startswith("__") and name not in specified_scalar_types
    }


def parts(kind: GraphQLNamedType) -> dict[str, Any]:
    """What a type is made of, with its arguments, in the words that two schemas are compared by."""
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        of_fields = {name: str(field.type) for name, field in kind.fields.items()}
        of_arguments = {
            f"{name}({argument}:)": told(given)
            for name, field in kind.fields.items()
            for argument, given in field.args.items()
        }
        return {**of_fields, **of_arguments}
    if isinstance(kind, GraphQLInputObjectType):
        return {name: told(field) for name, field in kind.fields.items()}
    if isinstance(kind, GraphQLEnumType):
        return dict.fromkeys(kind.values, "a value")
    if isinstance(kind, GraphQLUnionType):
        return {member.name: "a member" for member in kind.types}
    return {}


def told(given: GraphQLArgument | GraphQLInputField) -> str:
    """A type with its default as it was written; no default is something else than null."""
    if given.default is None or given.default.literal is None:
        return str(given.type)
    return f"{given.type} = {print_ast(given.default.literal)}"


def test_the_committed_sdl_is_what_is_served() -> None:
    assert PRINTED.read_text(encoding="utf-8") == printed(), "run: python -m schema.root"


def test_nothing_breaks_what_was_committed(served: GraphQLSchema) -> None:
    committed = build_schema(PRINTED.read_text(encoding="utf-8"))
    assert [change.description for change in find_breaking_changes(committed, served)] == []


def test_a_removed_field_and_a_lost_default_would_be_found(contract: GraphQLSchema) -> None:
    text = CONTRACT.read_text(encoding="utf-8")
    shrunk = build_schema(text.replace("  supportCount: Int!\n", "").replace("first: Int = 5", "first: Int"))
    assert [change.description for change in find_breaking_changes(contract, shrunk)] == [
        "Field Report.supportCount was removed."
    ]
    was, now = (parts(schema.type_map["Report"]) for schema in (contract, shrunk))
    assert {part for part in was if was[part] != now.get(part)} == {"supportCount", "possibleDuplicates(first:)"}


def test_every_type_of_the_contract_is_served(contract: GraphQLSchema, served: GraphQLSchema) -> None:
    missing = own_types(contract).keys() - own_types(served).keys()
    assert not missing
    kinds = {name: type(kind).__name__ for name, kind in own_types(contract).items()}
    assert kinds == {name: type(served.type_map[name]).__name__ for name in kinds}


def test_names_types_nullability_and_defaults_are_the_contracts(contract: GraphQLSchema, served: GraphQLSchema) -> None:
    wrong = [
        f"{name}.{part}: the contract has {wanted}, served is {parts(served.type_map[name]).get(part)}"
        for name, kind in own_types(contract).items()
        for part, wanted in parts(kind).items()
        if parts(served.type_map[name]).get(part) != wanted
    ]
    assert wrong == []


def test_arguments_come_in_the_contracts_order(contract: GraphQLSchema, served: GraphQLSchema) -> None:
    for name, kind in own_types(contract).items():
        shown = list(parts(kind))
        also = [part for part in parts(served.type_map[name]) if part in set(shown)]
        assert also == shown, name


def test_interfaces_are_the_contracts(contract: GraphQLSchema, served: GraphQLSchema) -> None:
    for name, kind in own_types(contract).items():
        if isinstance(kind, GraphQLObjectType):
            also = served.type_map[name]
            assert isinstance(also, GraphQLObjectType)
            assert {each.name for each in kind.interfaces} <= {each.name for each in also.interfaces}, name


def test_going_from_the_contract_to_what_is_served_breaks_no_client(
    contract: GraphQLSchema, served: GraphQLSchema
) -> None:
    assert [change.description for change in find_breaking_changes(contract, served)] == []


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, kind in own_types(schema).items():
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{word}", value.description) for word, value in kind.values.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for part, field in kind.fields.items():
                yield f"{name}.{part}", field.description
                if isinstance(field, GraphQLField):
                    yield from ((f"{name}.{part}({arg}:)", given.description) for arg, given in field.args.items())


def test_everything_says_what_it_means(served: GraphQLSchema) -> None:
    silent = [name for name, words in described(served) if not words or len(words) < 5]
    assert silent == []
    assert len(list(described(served))) > 400


def test_descriptions_are_sentences(served: GraphQLSchema) -> None:
    loose = [name for name, words in described(served) if words and not words.rstrip().endswith((".", ")", "*"))]
    assert loose == []


def test_own_scalars_say_where_their_form_is_laid_down(served: GraphQLSchema) -> None:
    scalars = {name: kind for name, kind in own_types(served).items() if isinstance(kind, GraphQLScalarType)}
    assert set(scalars) == {"DateTime", "URL", "GeoJSON", "Cursor", "Upload"}
    assert [name for name, kind in scalars.items() if kind.specified_by_url is None] == ["Cursor"]
