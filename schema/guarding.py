"""Holds the built schema to the table of rules: every entry has one, and what goes by who somebody is is enforced.

A field whose rule asks for a role or, of an API key, for a scope gets a guard before its resolver; an argument with such
a rule is guarded where it is given. So a rule in the table is a rule that holds, whatever the resolver does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
)

from execution import readings
from execution.readings import Guard
from resolvers.permissions import PLAIN, RULES, Rule, require, require_scope


def guard(schema: GraphQLSchema) -> None:
    """Checks that table and schema name the same, then guards the fields. Raises LookupError."""
    require_complete(schema)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                guards = tuple(_guards(f"{kind.name}.{name}", field))
                if guards:
                    readings.guard(field, guards)


def require_complete(schema: GraphQLSchema) -> None:
    """Raises LookupError unless the table has a rule for all that the schema has, and for nothing else."""
    there = set(coordinates(schema))
    ruled = RULES.keys() | PLAIN
    if there - ruled:
        raise LookupError(f"resolvers/permissions has no rule for: {', '.join(sorted(there - ruled))}")
    gone = ruled - there - _BUILT_IN
    if gone:
        raise LookupError(f"resolvers/permissions has rules for what the schema has not: {', '.join(sorted(gone))}")


_BUILT_IN = frozenset({"Boolean", "Float", "ID", "Int", "String"})


def coordinates(schema: GraphQLSchema) -> Iterator[str]:
    """Every type, field, argument and input field by its schema coordinate; introspection is the specification's."""
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        yield kind.name
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}"
                yield from (f"{kind.name}.{name}({argument}:)" for argument in field.args)
        elif isinstance(kind, GraphQLInputObjectType):
            yield from (f"{kind.name}.{name}" for name in kind.fields)
        elif not isinstance(kind, GraphQLScalarType | GraphQLEnumType):
            raise LookupError(f"resolvers/permissions cannot tell the rules of {kind.name}, which is {kind!r}")


def _guards(entry: str, field: GraphQLField) -> Iterator[Guard]:
    rule = RULES[entry]
    if rule.scope is not None:
        yield _scope_guard(rule)
    if rule.by_role_alone:
        yield lambda ctx, _given: require(ctx.viewer, entry)
    for name in field.args:
        argument = f"{entry}({name}:)"
        if RULES[argument].by_role_alone and not rule.by_role_alone:
            yield _argument_guard(name, argument)


def _scope_guard(rule: Rule) -> Guard:
    scope = rule.scope
    assert scope is not None
    return lambda ctx, _given: require_scope(ctx.viewer, scope)


def _argument_guard(name: str, entry: str) -> Guard:
    """Refuses the argument where it asks for something: null and false ask for nothing."""

    def check(ctx: Any, given: Mapping[str, Any]) -> None:
        if given.get(name) not in (None, False):
            require(ctx.viewer, entry)

    return check
