"""Holds the built schema to the table of rules: every entry has one, and what goes by who somebody is is enforced.

A field whose rule asks for a role or, of an API key, for a scope gets a guard before its resolver; an argument with such
a rule is guarded where it is given. So a rule in the table is a rule that holds, whatever the resolver does.
"""

from collections.abc import Callable, Iterator
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

from resolvers.permissions import PLAIN, RULES, Rule, require, require_scope
from resolvers.viewer import Viewer

Check = Callable[[Viewer, dict[str, Any]], None]


def guard(schema: GraphQLSchema) -> None:
    """Checks that table and schema name the same, then guards the fields. Raises LookupError."""
    require_complete(schema)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                _guard(field, list(_checks(f"{kind.name}.{name}", field)))


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


def _checks(entry: str, field: GraphQLField) -> Iterator[Check]:
    rule = RULES[entry]
    if rule.scope is not None:
        yield _scope_check(rule)
    if rule.by_role_alone:
        yield lambda viewer, _given: require(viewer, entry)
    for name in field.args:
        argument = f"{entry}({name}:)"
        if RULES[argument].by_role_alone and not rule.by_role_alone:
            yield _argument_check(name, argument)


def _scope_check(rule: Rule) -> Check:
    scope = rule.scope
    assert scope is not None
    return lambda viewer, _given: require_scope(viewer, scope)


def _argument_check(name: str, entry: str) -> Check:
    """Refuses the argument where it asks for something: null and false ask for nothing."""

    def check(viewer: Viewer, given: dict[str, Any]) -> None:
        if given.get(name) not in (None, False):
            require(viewer, entry)

    return check


def _guard(field: GraphQLField, checks: list[Check]) -> None:
    if not checks:
        return
    if field.subscribe is not None:
        field.subscribe = _guarded(field.subscribe, checks)
    elif field.resolve is not None:
        field.resolve = _guarded(field.resolve, checks)
    else:
        raise LookupError("a field without a resolver cannot be guarded")


def _guarded(resolve: Callable[..., Any], checks: list[Check]) -> Callable[..., Any]:
    def guarded(source: Any, info: Any, /, **given: Any) -> Any:
        for check in checks:
            check(info.context.viewer, given)
        return resolve(source, info, **given)

    return guarded
