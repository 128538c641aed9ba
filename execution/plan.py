"""Operations compiled into plans: what is asked of each type of object, in the order of the answer.

A plan is made once for an operation and, where @skip and @include go by variables, for each of their settings. Fragments
are written out, occurrences of one response name are merged, and each field knows how it finds its value
(readings.py), which type completes it, and what its guards are. Each pair of a type and selections is planned once.

Not planned, but left to graphql-core: introspection (`__schema`, `__type`), @defer, @stream, the switch that turns off
error propagation, fragments with variables of their own, and types that tell by `is_type_of` what is one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    VariableNode,
    get_argument_values,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from execution.leaves import Leaf, leaf_of
from execution.readings import Batch, Column, Guard, Reading, Value, guards_of, reading_of
from execution.shape import Shape, shape_of
from execution.written import Build, written

TYPENAME = "__typename"


class NotPlanned(Exception):
    """An operation that is left to graphql-core."""


@dataclass(slots=True)
class PlannedField:
    """A field of a selection. `slot`: where a run keeps its values; None for what is read off the row when it is written."""

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
    slot: int | None = None
    below: dict[str, "Selection"] = field(default_factory=dict)
    """What is asked of its value, by the name of the value's type."""

    @property
    def object_type(self) -> GraphQLObjectType | None:
        """The type of the objects in it, where there is one alone that they may have."""
        return None if self.abstract is not None or not self.types else self.types[0]

    @property
    def place(self) -> int:
        """The slot of a field that has one."""
        assert self.slot is not None
        return self.slot

    @property
    def nodes(self) -> list[FieldNode]:
        """Its occurrences in the document."""
        return [each.node for each in self.details]

    def arguments(self, variables: VariableValues) -> dict[str, Any]:
        """Its coerced arguments. Raises GraphQLError for a variable that is null where none may be."""
        if self.fixed is not None:
            return self.fixed
        return get_argument_values(self.definition, self.details[0].node, variables)


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


class Plan:
    """A compiled operation. Raises NotPlanned for one that is left to graphql-core."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        conditions: VariableValues,
    ) -> None:
        self.schema = schema
        self._operation = operation
        self._fragments = fragments
        self._conditions = conditions
        self._planned: dict[tuple[str, tuple[int, ...]], Selection] = {}
        self._columns: dict[tuple[int, str], frozenset[str] | None] = {}
        root = schema.get_root_type(operation.operation)
        assert root is not None, "a valid operation has a root"
        collected = collect_fields(schema, fragments, conditions, root, operation)
        self.root = self._selection(root, collected.grouped_field_set)

    def below(self, planned: PlannedField, type_: GraphQLObjectType) -> Selection:
        """What is asked of a value of this field that is of this type."""
        found = planned.below.get(type_.name)
        if found is None:
            key = (type_.name, tuple(id(each.node) for each in planned.details))
            found = self._planned.get(key)
            if found is None:
                collected = collect_subfields(
                    self.schema, self._fragments, self._conditions, self._operation, type_, planned.details
                )
                found = self._planned[key] = self._selection(type_, collected.grouped_field_set)
            planned.below[type_.name] = found
        return found

    def columns(self, planned: PlannedField, type_name: str) -> frozenset[str] | None:
        """The columns that are read of rows of a type below a field, as far as they come with its value; None: all."""
        key = (id(planned), type_name)
        if key not in self._columns:
            self._columns[key] = self._read_below(planned, type_name)
        return self._columns[key]

    def _selection(self, type_: GraphQLObjectType, grouped: Mapping[str, FieldDetailsList]) -> Selection:
        fields = []
        for key, details in grouped.items():
            planned = self._field(type_, key, details)
            if planned is not None:
                fields.append(planned)
        asked = [each for each in fields if not _is_written_from_row(each)]
        for slot, each in enumerate(asked):
            each.slot = slot
            for below in each.types:
                self.below(each, below)
        return Selection(type_, fields, asked, written(type_.name, fields), {each.key: each for each in fields})

    def _field(self, type_: GraphQLObjectType, key: str, details: FieldDetailsList) -> PlannedField | None:
        name = details[0].node.name.value
        definition = self.schema.get_field(type_, name)
        if definition is None:
            return None
        if name in _INTROSPECTION:
            raise NotPlanned(name)
        shape, named = shape_of(definition.type)
        types = tuple(self.schema.get_possible_types(named)) if is_abstract_type(named) else ()
        types = (named,) if isinstance(named, GraphQLObjectType) else types
        if any(each.is_type_of for each in types):
            raise NotPlanned(f"is_type_of of {named.name}")
        return PlannedField(
            key,
            name,
            definition,
            details,
            reading_of(definition),
            guards_of(definition),
            shape,
            leaf_of(named, nullable=shape.item_nullable) if is_leaf_type(named) else None,
            named if is_abstract_type(named) else None,
            types,
            _fixed_arguments(definition, details[0].node),
        )

    def _read_below(self, planned: PlannedField, type_name: str) -> frozenset[str] | None:
        if planned.object_type is None:
            return None
        return self._read(self.below(planned, planned.object_type), type_name)

    def _read(self, selection: Selection, type_name: str) -> frozenset[str] | None:
        """What the readings of a selection read of rows that are shown as the type."""
        found: set[str] = set()
        here = selection.type.name == type_name
        for each in selection.fields:
            if each.name == TYPENAME:
                continue
            own = _needs(each.reading)
            if here and own is None:
                return None
            found |= (own or frozenset()) if here else frozenset()
            if each.leaf is None and isinstance(each.reading, Column | Value):
                below = self._read_with_row(each, type_name, here=here)
                if below is None:
                    return None
                found |= below
        return frozenset(found)

    def _read_with_row(self, planned: PlannedField, type_name: str, *, here: bool) -> frozenset[str] | None:
        type_ = planned.object_type
        if type_ is None:
            return None
        below = self.below(planned, type_)
        if here and isinstance(planned.reading, Value) and planned.reading.same_row:
            return self._read(below, type_.name)
        return self._read(below, type_name)


_INTROSPECTION = ("__schema", "__type")


def _is_written_from_row(planned: PlannedField) -> bool:
    """Whether nothing has to be found out before: a leaf in a column, or the type's own name."""
    if planned.name == TYPENAME:
        return True
    simple = planned.leaf is not None and planned.shape.depth == 0 and not planned.guards
    return simple and isinstance(planned.reading, Column)


def _fixed_arguments(definition: GraphQLField, node: FieldNode) -> dict[str, Any] | None:
    if not definition.args:
        return {}
    if _has_variable(node.arguments or ()):
        return None
    return get_argument_values(definition, node)


def _has_variable(arguments: Sequence[ArgumentNode]) -> bool:
    stack: list[Any] = [each.value for each in arguments]
    while stack:
        value = stack.pop()
        if isinstance(value, VariableNode):
            return True
        stack += getattr(value, "values", ())
        stack += [each.value for each in getattr(value, "fields", ())]
    return False


def _needs(reading: Reading | None) -> frozenset[str] | None:
    """The columns of its own row that a reading reads; None where that is not told."""
    if isinstance(reading, Column):
        return frozenset((reading.name,))
    if isinstance(reading, Batch) and reading.key is not None:
        return frozenset((reading.key, *(reading.needs or ())))
    if isinstance(reading, Batch | Value) and reading.needs is not None:
        return frozenset(reading.needs)
    return None
