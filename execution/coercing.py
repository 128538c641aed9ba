"""Variables coerced by functions that are made once for an operation.

graphql-core finds out at each value what its type is and what the fields of that are. Here this is known beforehand, and
the values come out the same. What is wrong with a value is for graphql-core to say: here it only shows that something is.
How deep values are is bounded before (inputs.py).
"""

from collections.abc import Callable, Collection
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import is_iterable
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""Makes of a value, which is not null, what resolvers get. Raises some exception where it will not do."""

_BUILT_IN = (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)


class _Wrong(Exception):
    """A value will not do."""


def coercion_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> "Coercion | None":
    """How the variables of an operation are coerced; None where some default or type in them is not valid."""
    try:
        return Coercion(schema, operation.variable_definitions or ())
    except TypeError:
        return None


class Coercion:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, definitions: Collection[VariableDefinitionNode]) -> None:
        """Raises TypeError for a default that will not do, and for a type that is none of an input."""
        self._inputs: dict[str, Coerce] = {}
        self._variables = [self._variable(_signature(schema, each)) for each in definitions]

    def values(self, given: dict[str, Any]) -> VariableValues | None:
        """The coerced variables; None where something is wrong with them."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        try:
            for name, signature, missing, default, coerce in self._variables:
                value = given.get(name, Undefined)
                if value is not Undefined:
                    sources[name] = VariableValueSource(signature, value)
                    coerced[name] = coerce(value)
                    continue
                sources[name] = missing
                if default is not Undefined:
                    coerced[name] = default
                elif isinstance(signature.type, GraphQLNonNull):
                    return None
        except Exception:  # noqa: BLE001  whatever a scalar raises: graphql-core asks it again, and tells what it says
            return None
        return VariableValues(sources, coerced)

    def _variable(
        self, signature: GraphQLVariableSignature
    ) -> tuple[str, GraphQLVariableSignature, VariableValueSource, Any, Coerce]:
        default, missing = coerce_default_value(signature), VariableValueSource(signature)
        return signature.name, signature, missing, default, self._null_and(signature.type)

    def _null_and(self, type_: Any) -> Coerce:
        """What coerces values of a type, null among them."""
        coerce, nullable = self._nullable(type_)

        def coerced(value: Any) -> Any:
            if value is not None:
                return coerce(value)
            if nullable:
                return None
            raise _Wrong

        return coerced

    def _nullable(self, type_: Any) -> tuple[Coerce, bool]:
        """What coerces values of a type, and whether there may be null instead."""
        nullable = not is_non_null_type(type_)
        inner = type_ if nullable else type_.of_type
        if is_list_type(inner):
            return _of_list(self._null_and(inner.of_type)), nullable
        return self._of_object(inner) if is_input_object_type(inner) else _of_leaf(inner), nullable

    def _of_object(self, type_: GraphQLInputObjectType) -> Coerce:
        """Made once for a type, which may have itself among its fields."""
        known = self._inputs.get(type_.name)
        if known is not None:
            return known
        fields: list[tuple[str, str, Any, Coerce, bool, bool]] = []
        coerce = self._inputs[type_.name] = _object(type_, fields)
        for name, each in type_.fields.items():
            default = coerce_default_value(each)
            owed = is_non_null_type(each.type) and default is Undefined
            fields.append((name, each.out_name or name, default, *self._nullable(each.type), owed))
        return coerce


def _signature(schema: GraphQLSchema, definition: VariableDefinitionNode) -> GraphQLVariableSignature:
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        raise TypeError(signature.message)
    return signature


def _object(type_: GraphQLInputObjectType, fields: list[tuple[str, str, Any, Coerce, bool, bool]]) -> Coerce:
    made, one_of = type_.out_type, type_.is_one_of

    def coerced(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Wrong
        told: dict[str, Any] = {}
        known = 0
        for name, out_name, default, coerce, nullable, owed in fields:
            if name in value:
                known += 1
                each = value[name]
                if each is not None:
                    told[out_name] = coerce(each)
                elif nullable:
                    told[out_name] = None
                else:
                    raise _Wrong
            elif owed:
                raise _Wrong
            elif default is not Undefined:
                told[out_name] = default
        if known != len(value) or (one_of and not (known == len(told) == 1 and _first(told) is not None)):
            raise _Wrong
        return made(told)

    return coerced


def _first(told: dict[str, Any]) -> Any:
    return next(iter(told.values()))


def _of_list(item: Coerce) -> Coerce:
    def coerced(value: Any) -> list[Any]:
        """One value is a list of one."""
        return [item(each) for each in value] if is_iterable(value) else [item(value)]

    return coerced


def _of_leaf(type_: Any) -> Coerce:
    coerce: Coerce = type_.coerce_input_value
    if type_ in _BUILT_IN:
        return coerce

    def coerced(value: Any) -> Any:
        """A scalar of somebody's own may say so that a value will not do."""
        found = coerce(value)
        if found is Undefined:
            raise _Wrong
        return found

    return coerced
