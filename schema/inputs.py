"""From what a client gave to what the resolvers take: what was left out, or null, takes the default."""

from typing import Any, TypeVar

import strawberry

T = TypeVar("T")


def made(given: Any, kind: type[T]) -> T:
    """A `kind` of the same names; lists become tuples, and inputs within what their `plain` makes of them."""
    told = {}
    for name, value in vars(given).items():
        if value is not None and value is not strawberry.UNSET:
            told[name] = value if value.__class__ in _PLAIN else _plain(value)
    return kind(**told)


_PLAIN = frozenset({str, bool, int, float})
"""What most values are."""


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple([_plain(item) for item in value])
    plain = getattr(value, "plain", None)
    return value if plain is None else plain()
