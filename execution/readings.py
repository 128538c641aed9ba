"""How fields find their values: what a compiled plan reads, and what graphql-core's resolvers are made of.

    column  read off the row
    same    the row itself, shown as another type
    value   computed from the row and the context
    batch   asked once for all rows of a level
    once    asked once, for fields of a root: there is one row, and it tells nothing

A field without a reading has a plain resolver, which is called for each row. A schema puts readings on its fields with
`put`; guards, which may refuse a field before it is read, with `guard`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from graphql import GraphQLField

from execution.batch import load

Resolve = Callable[..., Any]
Arguments = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the coerced arguments of a field into keywords of its function: the same for the same arguments, for they are
kept with the operation and must not be changed. What it raises is the field's error."""

Guard = Callable[[Any, Mapping[str, Any]], None]
"""Raises where the context's viewer may not have the field, or not with these arguments."""

READING, GUARDS = "reading", "guards"


@dataclass(frozen=True, slots=True)
class Column:
    """A field that the row holds as `name` (with dots: what that holds, and so on). What is not None is converted: by
    `convert`, or by what `prepare` makes of the context, once for a run."""

    name: str
    convert: Callable[[Any], Any] | None = None
    prepare: Callable[[Any], Callable[[Any], Any]] | None = None

    def of(self, row: Any, context: Any) -> Any:
        """What one row holds."""
        found = attrgetter(self.name)(row)
        if found is None:
            return None
        if self.prepare is not None:
            return self.prepare(context)(found)
        return found if self.convert is None else self.convert(found)

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        if self.convert is None and self.prepare is None:
            read = attrgetter(self.name)
            return lambda row, _info: read(row)
        return lambda row, info: self.of(row, info.context)


@dataclass(frozen=True, slots=True)
class Same:
    """A field that is the row itself, shown as another type; null where a column of `unless_none` holds nothing."""

    unless_none: tuple[str, ...] = ()

    def of(self, row: Any, _context: Any) -> Any:
        """The row, or None."""
        return None if any(getattr(row, each) is None for each in self.unless_none) else row

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        return lambda row, info: self.of(row, info.context)


@dataclass(frozen=True, slots=True)
class Value:
    """A field that `find(row, context, **keywords)` computes; it may be awaitable. `arguments` makes the keywords.

    `needs`: the columns that it reads (None: not told). `at_once`: it takes no arguments, gives nothing to be awaited, and
    is computed only when the row is written.
    """

    find: Callable[..., Any]
    needs: tuple[str, ...] | None = None
    arguments: Arguments | None = None
    at_once: bool = False

    def of(self, row: Any, context: Any) -> Any:
        """What is computed of one row, without arguments."""
        return self.find(row, context)

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        find, arguments = self.find, self.arguments
        if arguments is None:
            return lambda row, info: find(row, info.context)
        return lambda row, info, **given: find(row, info.context, **arguments(given))


@dataclass(frozen=True, slots=True)
class Batch:
    """A field of which `function(rows, context, **keywords)` finds the values of a whole level, in the rows' order; an
    Exception among them is the error of that row's field.

    With `key` the function gets what the rows hold in that column, and a row that has None there has no value. `needs`
    are the columns that it reads off the rows otherwise (None: not told). `arguments` makes the keywords. With `rows_of`, the name of a type,
    the function also takes `columns`: the columns that are read of rows shown as that type below this field (None: all).
    """

    function: Callable[..., Awaitable[Any]]
    key: str | None = None
    needs: tuple[str, ...] | None = None
    arguments: Arguments | None = None
    rows_of: str | None = None

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        function, key, arguments = self.function, self.key, self.arguments
        read = None if key is None else attrgetter(key)

        def asked(row: Any, info: Any, **given: Any) -> Any:
            parent = row if read is None else read(row)
            keywords = {} if arguments is None else arguments(given)
            return None if parent is None and read is not None else load(info.context, function, parent, **keywords)

        return asked


@dataclass(frozen=True, slots=True)
class Once:
    """A field of a root: `function(context, **keywords)`; `arguments` and `rows_of` are as those of Batch."""

    function: Callable[..., Awaitable[Any]]
    arguments: Arguments | None = None
    rows_of: str | None = None

    def resolver(self) -> Resolve:
        """The field's resolver for graphql-core."""
        function, arguments = self.function, self.arguments

        def asked(_row: Any, info: Any, **given: Any) -> Any:
            return function(info.context, **({} if arguments is None else arguments(given)))

        return asked


Reading = Column | Same | Value | Batch | Once


def reading_of(field: GraphQLField) -> Reading | None:
    """How a field of a built schema finds its value; None for one with a resolver of its own."""
    reading: Reading | None = field.extensions.get(READING)
    return reading


def guards_of(field: GraphQLField) -> tuple[Guard, ...]:
    """What may refuse the field, in the order that it is asked."""
    guards: tuple[Guard, ...] = field.extensions.get(GUARDS, ())
    return guards


def put(field: GraphQLField, reading: Reading) -> None:
    """Gives a field its reading, and graphql-core the resolver that is made of it."""
    field.extensions[READING] = reading
    field.resolve = reading.resolver()


def guard(field: GraphQLField, guards: tuple[Guard, ...]) -> None:
    """Has `guards` asked before a field is read or listened to, whatever runs it. Raises LookupError for a field that
    has neither reading nor resolver."""
    field.extensions[GUARDS] = guards
    if field.subscribe is not None:
        field.subscribe = _guarded(field.subscribe, guards)
    elif field.resolve is not None:
        field.resolve = _guarded(field.resolve, guards)
    else:
        raise LookupError("a field without a resolver cannot be guarded")


def _guarded(resolve: Resolve, guards: tuple[Guard, ...]) -> Resolve:
    def guarded(source: Any, info: Any, /, **given: Any) -> Any:
        for each in guards:
            each(info.context, given)
        return resolve(source, info, **given)

    return guarded
