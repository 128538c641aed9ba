"""How a field finds its value. Rows are the source values, so most fields need no code of their own.

    column  read off the row
    value   computed from the row and the context, without asking anything
    batch   asked of the store once for all parents of a level
    field   a resolver with arguments

The first three leave their reading (execution/readings.py) in the field's metadata. `attach` puts it on the built field,
where compiled plans find it; resolvers made of it take the place of strawberry's, which build an object a field.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.types.field import StrawberryField

from execution.readings import Batch, Column, Reading, Value, put

C = TypeVar("C", bound=type)
_READING = "reading"


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


def _declared(made: GraphQLField) -> Reading | None:
    definition = made.extensions.get("strawberry-definition")
    metadata: Mapping[Any, Any] = getattr(definition, "metadata", None) or {}
    reading: Reading | None = metadata.get(_READING)
    return reading


def attach(schema: GraphQLSchema) -> None:
    """Puts on each field of a built schema the reading that it was declared with."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for made in kind.fields.values():
                reading = _declared(made)
                if reading is not None:
                    put(made, reading)
