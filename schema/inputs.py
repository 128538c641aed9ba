"""From what a client gave to what the resolvers take: what was left out, or null, takes the default."""

from dataclasses import fields
from typing import Any, Protocol, TypeVar, runtime_checkable

import strawberry

T = TypeVar("T")


@runtime_checkable
class Nested(Protocol):
    """An input inside another one."""

    def plain(self) -> Any:
        """As the resolvers take it."""


def made(given: Any, kind: type[T]) -> T:
    """A `kind` of the same names; lists become tuples."""
    told = {each.name: _plain(getattr(given, each.name)) for each in fields(given)}
    return kind(**{name: value for name, value in told.items() if value is not None})


def _plain(value: Any) -> Any:
    if value is strawberry.UNSET:
        return None
    if isinstance(value, list):
        return tuple(_plain(item) for item in value)
    return value.plain() if isinstance(value, Nested) else value
