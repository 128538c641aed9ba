"""Coerced arguments turned into what resolvers take, by functions made once for each type.

Strawberry's own conversion finds out at every call what each value's type is; here that is found out when the schema is
built. It does the same: inputs become their classes, lists are copied, scalars and enums are what they are.
"""

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition
from strawberry.types.lazy_type import LazyType

Read = Callable[[Any], Any]


def reader(arguments: list[StrawberryArgument], config: StrawberryConfig) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Turns coerced arguments, by their GraphQL names, into keywords by their Python names."""
    names = [
        (config.name_converter.from_argument(each), each.python_name, _read_of(each.type, config)) for each in arguments
    ]

    def read(given: dict[str, Any]) -> dict[str, Any]:
        return {
            python: given[name] if convert is None else convert(given[name])
            for name, python, convert in names
            if name in given
        }

    return read


def _input(kind: type, config: StrawberryConfig) -> Read:
    """Makes an input's class of its coerced fields. What was left out has the class's default."""
    definition = get_object_definition(kind, strict=True)
    if definition.from_input is not None:
        raise TypeError(f"{kind.__name__} makes itself of its input; that is not done here")
    left_out = {
        each.python_name: None
        for each in definition.fields
        if each.default_value is MISSING and each.default_factory is MISSING
    }
    names = [
        (config.name_converter.from_field(each), each.python_name, _read_of(each.resolve_type(), config))
        for each in definition.fields
    ]

    def read(given: dict[str, Any]) -> Any:
        told: dict[str, Any] = dict(left_out)
        for name, python, convert in names:
            if name in given:
                told[python] = given[name] if convert is None else convert(given[name])
        return kind(**told)

    return read


def _read_of(type_: Any, config: StrawberryConfig) -> Read | None:
    """How values of a type are turned; None where they stay as they are."""
    if isinstance(type_, StrawberryOptional):
        inner = _read_of(type_.of_type, config)
        return None if inner is None else lambda value: None if value is None else inner(value)
    if isinstance(type_, StrawberryList):
        of_items = _read_of(type_.of_type, config)
        return list if of_items is None else lambda value: [of_items(each) for each in value]
    if isinstance(type_, LazyType):
        return _read_of(type_.resolve_type(), config)
    definition = get_object_definition(type_)
    return None if definition is None else _input(type_, config)
