"""How a field finds its value. Rows are the source values, so most fields need no code of their own.

    column  read off the row
    same    the row itself, shown as another type
    value   computed from the row and the context, without asking anything
    batch   asked of the store once for all parents of a level
    asked   the same, with arguments
    said    computed from the row, with arguments
    once    a field of a root with arguments
    field   a resolver with arguments of its own, called for each parent

All but the last leave their reading (execution/readings.py) in the field's metadata. `attach` puts it on the built field,
where compiled plans find it; resolvers made of it take the place of strawberry's, which build an object a field.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLField, GraphQLObjectType
from strawberry.types.field import StrawberryField

from execution.readings import Batch, Column, Once, Reading, Same, Value, put
from schema.arguments_read import reader

C = TypeVar("C", bound=type)
Keywords = dict[str, Any]
_KEYWORDS = "keywords"
_READING = "reading"


def column(name: str, description: str, convert: Callable[[Any], Any] | None = None) -> Any:
    """A field that the row holds under `name`."""
    return _read(Column(name, convert), description)


def prepared(name: str, description: str, prepare: Callable[[Any], Callable[[Any], Any]]) -> Any:
    """A field of what the row holds under `name`, converted by what `prepare` makes of the context."""
    return _read(Column(name, prepare=prepare), description)


def same(description: str, *, unless_none: tuple[str, ...] = ()) -> Any:
    """A field that is the row itself, shown as another type; null where a column of `unless_none` holds nothing."""
    return _read(Same(unless_none), description)


def value(
    find: Callable[[Any, Any], Any],
    description: str,
    *,
    needs: tuple[str, ...] | None = None,
    at_once: bool = False,
) -> Any:
    """A field that is computed from the row and the context; the rest is told in execution.readings.Value."""
    return _read(Value(find, needs, at_once=at_once), description)


def batch(
    function: Callable[..., Any],
    description: str,
    *,
    key: str | None = None,
    needs: tuple[str, ...] | None = None,
    rows_of: str | None = None,
) -> Any:
    """A field that is asked of the store, for all parents of a level at once; the rest is told in
    execution.readings.Batch."""
    return _read(Batch(function, key, needs, rows_of=rows_of), description)


def asked(
    function: Callable[..., Any],
    keywords: Callable[..., Keywords],
    description: str,
    *,
    needs: tuple[str, ...] | None = None,
    rows_of: str | None = None,
) -> Any:
    """A field with arguments that is asked of the store for all parents of a level at once. `keywords` declares the
    arguments, and makes of them what `function` is called with; the rest is told in execution.readings.Batch."""
    return _with_arguments(Batch(function, needs=needs, rows_of=rows_of), keywords, description)


def said(
    find: Callable[..., Any],
    keywords: Callable[..., Keywords],
    description: str,
    *,
    needs: tuple[str, ...] | None = None,
) -> Any:
    """A field with arguments that is computed from the row: `find(row, context, **keywords)`."""
    return _with_arguments(Value(find, needs), keywords, description)


def once(
    function: Callable[..., Any], keywords: Callable[..., Keywords], description: str, *, rows_of: str | None = None
) -> Any:
    """A field of a root with arguments: `function(context, **keywords)`."""
    return _with_arguments(Once(function, rows_of=rows_of), keywords, description)


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


def _with_arguments(reading: Batch | Once | Value, keywords: Callable[..., Keywords], description: str) -> Any:
    made: Any = strawberry.field(resolver=keywords, description=description)
    made.metadata = {_READING: reading, _KEYWORDS: keywords}
    return made


def _declared(made: GraphQLField) -> Reading | None:
    definition = made.extensions.get("strawberry-definition")
    metadata: Mapping[Any, Any] = getattr(definition, "metadata", None) or {}
    reading: Reading | None = metadata.get(_READING)
    return reading


def attach(schema: strawberry.Schema) -> None:
    """Puts on each field of a built schema the reading that it was declared with."""
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for made in kind.fields.values():
                reading = _declared(made)
                if reading is not None:
                    put(made, _taking_arguments(schema, made, reading))


def _taking_arguments(schema: strawberry.Schema, made: GraphQLField, reading: Reading) -> Reading:
    """The reading with the keywords that its function is called with made of the arguments."""
    definition: StrawberryField = made.extensions["strawberry-definition"]
    keywords = definition.metadata.get(_KEYWORDS)
    if keywords is None or not isinstance(reading, Batch | Once | Value):
        return reading
    read = reader(definition.arguments, schema.config)

    def arguments(given: dict[str, Any]) -> Keywords:
        told: Keywords = keywords(**read(given))
        return told

    return replace(reading, arguments=arguments)
