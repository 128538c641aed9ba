"""From what a client gave to what the resolvers take: what was left out, or null, takes the default."""

from typing import Any, TypeVar

import strawberry

T = TypeVar("T")


def made(given: Any, kind: type[T]) -> T:
    """A `kind` of the same names; lists become tuples, and inputs within what their `plain` makes of them."""
    told = {name: _plain(value) for name, value in vars(given).items()}
    return kind(**{name: value for name, value in told.items() if value is not None})


def _plain(value: Any) -> Any:
    if value is strawberry.UNSET or value is None:
        return None
    if isinstance(value, list):
        return tuple(_plain(item) for item in value)
    plain = getattr(value, "plain", None)
    return value if plain is None else plain()
