"""Scalars and enums on their way out: the quick way for values that are right already, and a refusal for all else.

A refusal (`Flaw`) says that something is to be told as an error; how it is told is graphql-core's business (replay.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)

_REMEMBERED = 1_000
"""Values of an enum are few; a resolver that makes them up does not fill the memory."""


class Flaw(Exception):
    """The answer is not written this way: something in it is an error."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """How values of a leaf type are written. `quick` is a Python expression over `{x}` that holds for values which are
    written as they are, or as `swift` makes of them; None: `complete` is asked for each."""

    complete: Callable[[Any], Any]
    quick: str | None = None
    swift: Callable[[Any], Any] | None = None


_QUICK = {
    GraphQLString.name: "{x}.__class__ is str",
    GraphQLID.name: "{x}.__class__ is str",
    GraphQLBoolean.name: "{x}.__class__ is bool",
    GraphQLInt.name: "{x}.__class__ is int and -2147483648 <= {x} <= 2147483647",
    GraphQLFloat.name: "{x}.__class__ is float and {x} - {x} == 0.0",
}
_OR_NONE = " or {x} is None"
_WRITTEN = "written"
_BUILT_IN = (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)


def write_as_is(scalar: GraphQLScalarType, kind: type) -> None:
    """Say that values of a scalar which are of this very class are written as they are."""
    scalar.extensions[_WRITTEN] = (kind, None)


def write_with(scalar: GraphQLScalarType, kind: type, function: Callable[[Any], Any]) -> None:
    """Say that `function` gives what is written of a scalar's values that are of this very class, and never fails."""
    scalar.extensions[_WRITTEN] = (kind, function)


def leaf_of(type_: Any, *, nullable: bool) -> Leaf:
    """How values of a scalar or an enum are written; what may not be null is a flaw when it is."""
    complete = _completing(type_, nullable=nullable)
    if isinstance(type_, GraphQLEnumType):
        return Leaf(_Remembering(complete).__getitem__)
    if _WRITTEN in type_.extensions:
        kind, swift = type_.extensions[_WRITTEN]
        quick = f"{{x}}.__class__ is {kind.__name__}"
        return Leaf(complete, quick + _OR_NONE if nullable and swift is None else quick, swift)
    if type_ not in _BUILT_IN:  # one of the same name may have rules of its own
        return Leaf(complete)
    return Leaf(complete, _QUICK[type_.name] + _OR_NONE if nullable else _QUICK[type_.name])


def _completing(type_: Any, *, nullable: bool) -> Callable[[Any], Any]:
    coerce = type_.coerce_output_value

    def complete(value: Any) -> Any:
        if value is None or value is Undefined:
            if nullable:
                return None
            raise Flaw
        if isinstance(value, Exception):
            raise Flaw
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise Flaw
        return coerced

    return complete


class _Remembering(dict[Any, Any]):
    """Answers of a function of one value, kept."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: Any) -> Any:
        found = self._function(value)
        if len(self) < _REMEMBERED:
            self[value] = found
        return found
