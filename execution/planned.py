"""A field as it is planned, and what is asked of objects of one type."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from operator import attrgetter
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType
from graphql.execution.collect_fields import FieldDetailsList

from execution.asked import Asked, asked_with
from execution.given import Given, given_of
from execution.leaves import Leaf
from execution.readings import Batch, Column, Guard, Once, Reading, Same
from execution.shape import Shape
from execution.written import Build

TYPENAME = "__typename"


class Way(Enum):
    """How a run finds the values of a field."""

    FROM_ROW = auto()
    """They are read off the rows: a column, or the rows themselves."""
    VALUE = auto()
    CALL = auto()
    RESOLVER = auto()


@dataclass(slots=True)
class PlannedField:
    """A field of a selection. What a run asks of it again and again is found out here once."""

    key: str
    name: str
    definition: GraphQLField
    details: FieldDetailsList
    reading: Reading | None
    guards: tuple[Guard, ...]
    shape: Shape
    leaf: Leaf | None
    abstract: GraphQLInterfaceType | GraphQLUnionType | None
    types: tuple[GraphQLObjectType, ...]
    """The types that an object in it may have."""
    fixed: dict[str, Any] | None
    """Its arguments, where no variable is in them."""
    place: int = -1
    """Where a run keeps its values; -1 where it keeps none: what is read off the row when that is written."""
    only: "Selection | None" = None
    """What is asked of the objects in it, where there is one type alone that they may have."""
    columns: frozenset[str] | None = None
    """The columns that are read of its reading's `rows_of`; None: all."""
    below: dict[str, "Selection"] = field(default_factory=dict)
    """Of an interface or a union: what is asked of objects, by the name of their type, of the types that were met."""
    alone: bool = False
    """Whether no other field of the plan is asked of the same function."""
    depth: int = field(init=False)
    """How many lists there are around the item."""
    way: Way = field(init=False)
    ready: Asked | None = field(init=False)
    """What it is always asked with, of whomever."""
    key_of: Callable[[Any], Any] | None = field(init=False)
    """Reads its call's key off a row."""
    arguments: Given = field(init=False)
    """Its coerced arguments, of the variables."""

    def __post_init__(self) -> None:
        self.depth, self.way = self.shape.depth, _way_of(self.reading)
        self.ready = None if self.guards or self.fixed is None else _asked_with(self.reading, self.fixed)
        key = self.reading.key if isinstance(self.reading, Batch) else None
        self.key_of = None if key is None else attrgetter(key)
        fixed = self.fixed
        self.arguments = given_of(self.definition, self.details[0].node) if fixed is None else lambda _: fixed

    @property
    def object_type(self) -> GraphQLObjectType | None:
        """The type of the objects in it, where there is one alone that they may have."""
        return None if self.abstract is not None or not self.types else self.types[0]

    @property
    def nodes(self) -> list[FieldNode]:
        """Its occurrences in the document."""
        return [each.node for each in self.details]

    @property
    def is_asked(self) -> bool:
        """Whether its values are found before anything is written."""
        return self.place >= 0


@dataclass(slots=True)
class Selection:
    """What is asked of objects of one type."""

    type: GraphQLObjectType
    fields: list[PlannedField]
    asked: list[PlannedField]
    """Those whose values are found before anything is written."""
    build: Build
    """Writes the objects of many rows."""
    by_key: dict[str, PlannedField]


def _way_of(reading: Reading | None) -> Way:
    if isinstance(reading, Column | Same):
        return Way.FROM_ROW
    if isinstance(reading, Batch | Once):
        return Way.CALL
    return Way.RESOLVER if reading is None else Way.VALUE


def _asked_with(reading: Reading | None, arguments: dict[str, Any]) -> Asked | None:
    try:
        return asked_with(reading, arguments)
    except Exception:  # noqa: BLE001  whatever it is, it is an error of the field, told when that is asked
        return None
