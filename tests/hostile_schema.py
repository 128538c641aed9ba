"""A schema made to be difficult: every kind of type in every wrapping, found in every way, with nulls where none may be,
failures of all kinds, and values that are to be awaited.

What a field gives depends on its row and arguments alone, never on who asks first, so that two executors must agree.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
)

from execution.readings import Batch, Column, Once, Value, put

WRAPPINGS = ("T", "T!", "[T]", "[T!]", "[T!]!", "[[T]]", "[[T!]!]!", "[T]!")
WAYS = ("column", "value", "awaited value", "batch", "keyed", "resolver", "awaited resolver")


class Broken(Exception):
    """What a hostile field fails with."""


@dataclass
class Wish:
    """A context of one run: the numbers that decide everything, and which root fields were begun, in order."""

    seed: int
    trouble: float
    begun: list[str] = field(default_factory=list)
    loaders: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """An object; its columns are made up when they are read."""

    kind: str
    seed: int
    wish: Wish

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("f_"):
            raise AttributeError(name)
        found = found_for(self, name, {})
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def key(self) -> int | None:
        """What keyed fields are looked up by; some rows have none."""
        return None if self.seed % 5 == 0 else self.seed


def _odd(value: Any) -> Any:
    if not isinstance(value, str) or value.endswith("77"):
        raise Broken(f"{value!r} is too odd")
    return None if value.endswith("33") else f"odd {value}"


ODD = GraphQLScalarType("Odd", coerce_output_value=_odd)
COLOUR = GraphQLEnumType("Colour", {"RED": 1, "GREEN": "green", "BLUE": ("b",)})
DEEP = GraphQLInputObjectType(
    "Deep",
    lambda: {
        "a": GraphQLInputField(GraphQLInt, default_value=3),
        "b": GraphQLInputField(GraphQLList(GraphQLNonNull(GraphQLString))),
        "c": GraphQLInputField(DEEP),
    },
)
NAMED = GraphQLInterfaceType("Named", lambda: _shared(), resolve_type=lambda row, _info, _type: _kind(row))
EITHER = GraphQLUnionType("Either", lambda: [ONE, OTHER], resolve_type=lambda row, _info, _type: _kind(row))
LATE = GraphQLUnionType("Late", lambda: [ONE, OTHER], resolve_type=lambda row, _info, _type: _kind_later(row))
ONE = GraphQLObjectType("One", lambda: _fields("One"), interfaces=[NAMED])
OTHER = GraphQLObjectType("Other", lambda: _fields("Other"), interfaces=[NAMED])
LEAVES = (GraphQLInt, GraphQLString, GraphQLFloat, GraphQLBoolean, GraphQLID, COLOUR, ODD)
TYPES = (*LEAVES, ONE, OTHER, NAMED, EITHER, LATE)


def _kind(row: Any) -> str | None:
    """The name of a row's type; now and then something that is none."""
    if row.wish.trouble and row.seed % 97 == 0:
        return ("Colour", "Nothing", None)[row.seed % 3]  # type: ignore[return-value]
    return str(row.kind)


async def _kind_later(row: Any) -> str | None:
    await asyncio.sleep(0)
    return _kind(row)


# ---------------------------------------------------------------- what fields give


def found_for(row: Row, name: str, given: dict[str, Any]) -> Any:
    """What a field gives for a row: a value of its type as a rule."""
    told = f"{row.wish.seed} {row.seed} {name} {sorted(given.items())!r}"
    draw = Random(zlib.crc32(told.encode()))
    return _value(row, draw, *_TYPE_OF[name])


_SIZES = ((0, 2, 2, 2, 2, 3), (2,))
"""How many items lists have, and lists of lists."""


def _value(row: Row, draw: Random, wrapping: str, type_: Any) -> Any:
    trouble = draw.random()
    if trouble < row.wish.trouble / 4:
        return Broken(f"broken {draw.randrange(100)}")
    if trouble < row.wish.trouble / 2:
        return draw.choice((None, 3.5, "x", object, {"a": 1}, float("nan"), 2**40))
    may_be_null = not wrapping.endswith("!")
    if trouble < (0.06 if may_be_null else row.wish.trouble):
        return None
    bare = wrapping.removesuffix("!")
    if bare.startswith("["):
        items = [_value(row, draw, bare[1:-1], type_) for _ in range(draw.choice(_SIZES[bare[1] == "["]))]
        return tuple(items) if draw.random() < 0.1 else items
    return _single(row, draw, type_)


def _single(row: Row, draw: Random, type_: Any) -> Any:
    number = draw.randrange(1_000)
    if type_ in (ONE, OTHER):
        return Row(type_.name, number, row.wish)
    if type_ in (NAMED, EITHER, LATE):
        return Row(draw.choice(("One", "Other")), number, row.wish)
    return {
        "Int": number - 500,
        "String": f"text {number}",
        "Float": number / 4,
        "Boolean": number % 2 == 0,
        "ID": draw.choice((f"id{number}", number)),
        "Colour": draw.choice((1, "green")),
        "Odd": str(number),
    }[type_.name]


# ---------------------------------------------------------------- fields of all kinds


def _wrapped(wrapping: str, type_: Any) -> Any:
    if wrapping.endswith("!"):
        return GraphQLNonNull(_wrapped(wrapping[:-1], type_))
    return GraphQLList(_wrapped(wrapping[1:-1], type_)) if wrapping.startswith("[") else type_


_TYPE_OF = {
    f"f_{type_.name.lower()}_{number}": (wrapping, type_)
    for type_, (number, wrapping) in product(TYPES, enumerate(WRAPPINGS))
}


def _shared() -> dict[str, GraphQLField]:
    names = ("f_string_0", "f_int_1", "f_named_0", "f_one_4")
    return {name: GraphQLField(_wrapped(*_TYPE_OF[name])) for name in names}


def _fields(type_name: str) -> dict[str, GraphQLField]:
    fields = {}
    for number, name in enumerate(_TYPE_OF):
        if number % 4 not in (0, 3 if type_name == "One" else 2) and name not in _shared_names():
            continue
        arguments = {}
        way = WAYS[(number + len(type_name)) % len(WAYS)]
        if number % 3 == 0 and way not in ("column", "keyed") and name not in _shared_names():
            arguments = {
                "x": GraphQLArgument(GraphQLInt, default_value=1),
                "deep": GraphQLArgument(DEEP),
                "colour": GraphQLArgument(GraphQLNonNull(COLOUR), default_value="green"),
            }
        fields[name] = _field(name, way, GraphQLField(_wrapped(*_TYPE_OF[name]), arguments))
    return fields


def _shared_names() -> Sequence[str]:
    return ("f_string_0", "f_int_1", "f_named_0", "f_one_4")


def _field(name: str, way: str, made: GraphQLField) -> GraphQLField:
    if way == "column":
        put(made, Column(name))
    elif way == "value":
        put(made, Value(lambda row, _ctx, **given: _raised(found_for(row, name, given)), arguments=_as_given))
    elif way == "awaited value":
        put(made, Value(lambda row, _ctx, **given: _later(found_for(row, name, given)), arguments=_as_given))
    elif way == "batch":
        put(made, Batch(_batch(name), arguments=_as_given))
    elif way == "keyed":
        put(made, Batch(_keyed(name), key="key"))
    elif way == "resolver":
        made.resolve = lambda row, _info, **given: _raised(found_for(row, name, given))
    else:
        made.resolve = lambda row, _info, **given: _later(_items_later(found_for(row, name, given)))
    return made


def _as_given(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("x") == 13:
        raise Broken("thirteen")
    return given


def _raised(found: Any) -> Any:
    if isinstance(found, Exception):
        raise found
    return found


async def _later(found: Any) -> Any:
    await asyncio.sleep(0)
    return _raised(found)


def _items_later(found: Any) -> Any:
    """Lists whose items are to be awaited, or which come one by one."""
    if not isinstance(found, list) or not found:
        return found
    if len(found) == 3:
        return _one_by_one(found)
    return [_later(each) if index % 2 else each for index, each in enumerate(found)]


async def _one_by_one(items: list[Any]) -> AsyncIterator[Any]:
    for each in items:
        await asyncio.sleep(0)
        yield each


def _batch(name: str) -> Any:
    async def batch(rows: Sequence[Row], _context: Any, **given: Any) -> list[Any]:
        await asyncio.sleep(0)
        return [found_for(row, name, given) for row in rows]

    return batch


def _keyed(name: str) -> Any:
    async def keyed(keys: Sequence[int], context: Wish) -> list[Any]:
        return [found_for(Row("One", key, context), name, {}) for key in keys]

    return keyed


# ---------------------------------------------------------------- roots


def _root_fields(prefix: str) -> dict[str, GraphQLField]:
    fields = {}
    for number, (type_, wrapping) in enumerate(
        product((ONE, NAMED, EITHER), ("[T]", "[T!]", "[T]!", "[[T]]", "[[T!]!]!"))
    ):
        name = f"f_{type_.name.lower()}_{WRAPPINGS.index(wrapping)}"
        made = GraphQLField(
            _wrapped(wrapping, type_), {"x": GraphQLArgument(GraphQLInt), "deep": GraphQLArgument(DEEP)}
        )
        put(made, Once(_begun(prefix, name), arguments=_as_given))
        if number % 2:
            made.extensions.clear()
            made.resolve = _begun_by_resolver(prefix, name)
        fields[f"{prefix}{name}"] = made
    return fields


def _begun(prefix: str, name: str) -> Any:
    async def once(context: Wish, **given: Any) -> Any:
        context.begun.append(prefix + name)
        await asyncio.sleep(0)
        return _raised(found_for(Row("One", 1, context), name, given))

    return once


def _begun_by_resolver(prefix: str, name: str) -> Any:
    def resolve(_root: Any, info: Any, **given: Any) -> Any:
        info.context.begun.append(prefix + name)
        return _raised(found_for(Row("One", 2, info.context), name, given))

    return resolve


HOSTILE = GraphQLSchema(
    GraphQLObjectType("Query", lambda: _root_fields("")),
    GraphQLObjectType("Mutation", lambda: _root_fields("do_")),
)
