"""How many objects introspection gives: counted beforehand, for the answer depends on the schema and the document alone.

Each pair of selections and a thing of the schema is looked at once, so counting takes no longer than answering would; past
`MOST` it is given up.
"""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    StringValueNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

INTROSPECTION = frozenset({"__schema", "__type"})
"""The fields that begin it."""

MOST = 20_000
"""So many objects, and so many things looked at, are counted; more are told as twice as many."""

Sets = tuple[tuple[Any, SelectionSetNode], ...]
Grouped = dict[str, list[tuple[Any, FieldNode]]]


class TooMany(Exception):
    """More than MOST."""


class Introspected:
    """Counts what one document's introspection gives. What @skip and @include leave out by variables is counted as well."""

    def __init__(self, schema: GraphQLSchema, by_key: Callable[[GraphQLObjectType, Sets], Grouped]) -> None:
        """`by_key` gathers the fields of selections on a type."""
        self._schema = schema
        self._by_key = by_key
        self._info = SimpleNamespace(schema=schema)
        self._grouped: dict[tuple[int, ...], Grouped] = {}
        self._counted: dict[tuple[tuple[int, ...], int], int] = {}

    @property
    def looked_at(self) -> int:
        """How many pairs of selections and things were looked at: the work it was."""
        return len(self._counted)

    def objects(self, nodes: list[tuple[Any, FieldNode]]) -> int:
        """The objects that `__schema` or `__type` gives, itself included; of a type that a variable names, the most that
        any could."""
        first = nodes[0][1]
        sets = _sets(nodes)
        try:
            if first.name.value == "__schema":
                return 1 + self._below("__Schema", self._schema, sets)
            return 1 + max((self._below("__Type", each, sets) for each in self._named(first)), default=0)
        except TooMany:
            return 2 * MOST

    def _named(self, node: FieldNode) -> Iterable[Any]:
        name = node.arguments[0].value if node.arguments else None
        if isinstance(name, StringValueNode):
            found = self._schema.get_type(name.value)
            return () if found is None else (found,)
        return self._schema.type_map.values()

    def _below(self, type_name: str, thing: Any, sets: Sets) -> int:
        selections = tuple(id(each) for _, each in sets)
        # fields, arguments and values come in pairs with their names that are new each time
        key = (selections, id(thing[1] if isinstance(thing, tuple) else thing))
        found = self._counted.get(key)
        if found is None:
            if len(self._counted) >= MOST:
                raise TooMany
            found = self._counted[key] = self._count(type_name, thing, selections, sets)
            if found > MOST:
                raise TooMany
        return found

    def _count(self, type_name: str, thing: Any, selections: tuple[int, ...], sets: Sets) -> int:
        type_ = self._schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        grouped = self._grouped.get(selections)
        if grouped is None:
            grouped = self._grouped[selections] = self._by_key(type_, sets)
        total = 0
        for nodes in grouped.values():
            field = type_.fields.get(nodes[0][1].name.value)
            if field is None or field.resolve is None or is_leaf_type(named := get_named_type(field.type)):
                continue
            given = {"includeDeprecated": True} if "includeDeprecated" in field.args else {}
            told = field.resolve(thing, self._info, **given)
            items = () if told is None else list(told) if is_list_type(get_nullable_type(field.type)) else (told,)
            below = _sets(nodes)
            total += len(items) + sum(self._below(named.name, each, below) for each in items)
        return total


def _sets(nodes: list[tuple[Any, FieldNode]]) -> Sets:
    return tuple((own, node.selection_set) for own, node in nodes if node.selection_set is not None)
