"""How a field finds its value. Rows are the source values, so most fields need no code of their own.

    column  read off the row
    value   computed from the row and the context, without asking anything
    batch   asked of the store once for all parents of a level (execution.load)
    field   a resolver with arguments

The first three leave their reading in the field's metadata. `attach` gives graphql-core resolvers made of it, which
take the place of strawberry's (those build an object a field); a compiled plan can read the same metadata.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.types.field import StrawberryField

from execution import load

C = TypeVar("C", bound=type)
Resolve = Callable[..., Any]
_READING = "reading"


@dataclass(frozen=True, slots=True)
class Column:
    """A field that the row holds; `convert` is called for what is not None."""

    name: str
    convert: Callable[[Any], Any] | None = None

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        read, convert = attrgetter(self.name), self.convert
        if convert is None:
            return lambda row, _info: read(row)

        def converted(row: Any, _info: Any) -> Any:
            found = read(row)
            return None if found is None else convert(found)

        return converted


@dataclass(frozen=True, slots=True)
class Value:
    """A field that `find(row, context)` computes; it may be awaitable."""

    find: Callable[[Any, Any], Any]

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        find = self.find
        return lambda row, info: find(row, info.context)


@dataclass(frozen=True, slots=True)
class Batch:
    """A field of which `function(parents, context)` finds the values of a whole level.

    With `key` the parents are what the rows hold in that column, and a row that has None there has no value.
    """

    function: Callable[..., Any]
    key: str | None = None

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        function = self.function
        if self.key is None:
            return lambda row, info: load(info.context, function, row)
        read = attrgetter(self.key)

        def by_key(row: Any, info: Any) -> Any:
            key = read(row)
            return None if key is None else load(info.context, function, key)

        return by_key


Reading = Column | Value | Batch


def column(name: str, description: str, convert: Callable[[Any], Any] | None = None) -> Any:
    """A field that the row holds under `name`."""
    return _read(Column(name, convert), description)


def value(find: Callable[[Any, Any], Any], description: str) -> Any:
    """A field that is computed from the row and the context."""
    return _read(Value(find), description)


def batch(function: Callable[..., Any], description: str, *, key: str | None = None) -> Any:
    """A field that is asked of the store, for all parents of a level at once."""
    return _read(Batch(function, key), description)


def field(resolver: Callable[..., Any]) -> Any:
    """A field with arguments; its resolver's docstring is its description."""
    return strawberry.field(resolver=resolver, description=_words(resolver))


def stream(resolver: Callable[..., Any]) -> Any:
    """A field of the subscription; its resolver returns an execution.Source and its docstring is its description."""
    return strawberry.subscription(resolver=resolver, description=_words(resolver))


def given(description: str, **more: Any) -> Any:
    """A field of an input that may be left out."""
    return strawberry.field(description=description, **{"default": strawberry.UNSET, **more})


def owed(description: str) -> Any:
    """A field of an input that must be there."""
    return strawberry.field(description=description)


def argument(description: str) -> Any:
    """What to annotate an argument with."""
    return strawberry.argument(description=description)


@dataclass_transform(kw_only_default=True)
def output(cls: C) -> C:
    """An object type; its docstring is its description."""
    return strawberry.type(cls, description=_words(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(given, owed))
def input_type(cls: C) -> C:
    """An input object; its docstring is its description."""
    return strawberry.input(cls, description=_words(cls))


def _words(described: Any) -> str:
    text = inspect.getdoc(described)
    if not text:
        raise ValueError(f"{described!r} needs a docstring: it is what clients read")
    return " ".join(text.split())


def _read(reading: Reading, description: str) -> StrawberryField:
    made = StrawberryField(description=description, metadata={_READING: reading})
    made.init = made.repr = made.compare = False  # rows are the values: types are never instantiated
    return made


def reading_of(made: GraphQLField) -> Reading | None:
    """How a field of the built schema finds its value; None for one with a resolver of its own."""
    definition = made.extensions.get("strawberry-definition")
    metadata: Mapping[Any, Any] = getattr(definition, "metadata", None) or {}
    reading: Reading | None = metadata.get(_READING)
    return reading


def attach(schema: GraphQLSchema) -> None:
    """Gives each field of a built schema the resolver of its reading."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for made in kind.fields.values():
                reading = reading_of(made)
                if reading is not None:
                    made.resolve = reading.resolver()
