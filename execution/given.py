"""What a field is given that has variables in its arguments, by what can be found out about these beforehand.

An argument that is a variable, as most are, takes the variable's value as it was coerced. Whatever is not so plain, and all
that is wrong, is left to graphql-core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    Undefined,
    VariableNode,
    get_argument_values,
    is_non_null_type,
)
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

Given = Callable[[VariableValues], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Plain:
    """An argument that is a variable."""

    name: str
    variable: str
    owed: bool
    """Whether it may not be null."""
    default: Any


def given_of(definition: GraphQLField, node: FieldNode) -> Given:
    """What gives the coerced arguments of a field. It raises GraphQLError for a variable that is null where none may be."""

    def asked_of_core(variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(definition, node, variables)

    try:
        fixed, plain = _parted(definition, node)
    except Exception:  # noqa: BLE001  whatever it is, it is told when the field is asked
        return asked_of_core

    def given(variables: VariableValues) -> dict[str, Any]:
        told, coerced = fixed.copy(), variables.coerced
        for each in plain:
            value = coerced.get(each.variable, each.default)
            if each.owed and (value is None or value is Undefined):
                return asked_of_core(variables)
            if value is not Undefined:
                told[each.name] = value
        return told

    return given


def _parted(definition: GraphQLField, node: FieldNode) -> tuple[dict[str, Any], list[_Plain]]:
    """The arguments that are always the same, and those that are variables. Raises ValueError where some are neither, or
    wrong."""
    there = {each.name.value: each.value for each in node.arguments or ()}
    fixed: dict[str, Any] = {}
    plain: list[_Plain] = []
    for name, each in definition.args.items():
        out_name, value, owed = each.out_name or name, there.get(name), is_non_null_type(each.type)
        default = coerce_default_value(each)
        if isinstance(value, VariableNode):
            plain.append(_Plain(out_name, value.name.value, owed, default))
            continue
        if value is not None:
            default = Undefined if has_variable(value) else coerce_input_literal(value, each.type)
        if default is not Undefined:
            fixed[out_name] = default
        elif owed or value is not None:
            raise ValueError(name)
    return fixed, plain


def some_has_variable(arguments: Sequence[ArgumentNode]) -> bool:
    """Whether there is a variable in them."""
    return any(has_variable(each.value) for each in arguments)


def has_variable(value: Any) -> bool:
    """Whether there is a variable in what a document has for a value."""
    stack: list[Any] = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, VariableNode):
            return True
        stack += getattr(value, "values", ())
        stack += [each.value for each in getattr(value, "fields", ())]
    return False
