"""Operations compiled into plans: what is asked of each type of object, in the order of the answer.

A plan is made once for an operation and, where @skip and @include go by variables, for each of their settings. Fragments
are written out, occurrences of one response name are merged, and each field knows how it finds its value
(readings.py), which type completes it, and what its guards are. What the same selections ask of the same type is planned
once, wherever they stand. What is asked of the types of an interface or a union is planned when the first object of the
type is met: most never are, and a short text can ask for thousands of fields of them.

Not planned, but left to graphql-core: introspection (`__schema`, `__type`), @defer, @stream, the switch that turns off
error propagation, fragments with variables of their own, conditions whose variable is null, and schemas with a type that
tells by `is_type_of` what is one of it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_argument_values,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from execution.given import some_has_variable
from execution.leaves import leaf_of
from execution.planned import TYPENAME, PlannedField, Selection
from execution.readings import Batch, Column, Once, Reading, Same, Value, guards_of, reading_of
from execution.shape import shape_of
from execution.written import written


@lru_cache(8)
def can_be_planned(schema: GraphQLSchema) -> bool:
    """Whether plans can run on a schema: no type of it tells by `is_type_of` what is one of it."""
    return not any(is_object_type(each) and each.is_type_of for each in schema.type_map.values())


class Plan:
    """A compiled operation, of a schema that can be planned, without introspection and with no condition that is null."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        conditions: VariableValues,
        grew: Callable[[int], None],
    ) -> None:
        """`grew` is told how many fields were planned: now, and later for types that are met."""
        self.schema = schema
        self._operation = operation
        self._fragments = fragments
        self._conditions = conditions
        self._grew = grew
        self._planned: dict[tuple[str, tuple[int, ...]], Selection] = {}
        self._alike: dict[tuple[str, tuple[tuple[str, tuple[int, ...]], ...]], Selection] = {}
        self._new: list[Selection] = []
        self._meets_types = False
        self.varying = 0
        """How many of its fields so far are asked with variables."""
        self.shows_paths = False
        """Whether somebody is told where in the answer things are: a run keeps who belongs to whom then."""
        root = schema.get_root_type(operation.operation)
        assert root is not None, "a valid operation has a root"
        collected = collect_fields(schema, fragments, conditions, root, operation)
        self.root = self._selection(root, collected.grouped_field_set)
        if not self._meets_types:
            self._tell_who_is_alone()
        self._finish()

    def below(self, planned: PlannedField, name: str) -> Selection:
        """What is asked of an object in this field that is of the type of a name."""
        found = planned.below.get(name)
        if found is None:
            type_ = next(each for each in planned.types if each.name == name)
            found = planned.below[name] = self._below(planned, type_)
            self._finish()
        return found

    def _below(self, planned: PlannedField, type_: GraphQLObjectType) -> Selection:
        key = (type_.name, tuple(id(each.node) for each in planned.details))
        found = self._planned.get(key)
        if found is None:
            collected = collect_subfields(
                self.schema, self._fragments, self._conditions, self._operation, type_, planned.details
            )
            grouped = collected.grouped_field_set
            fields = tuple((name, tuple(id(each.node) for each in told)) for name, told in grouped.items())
            found = self._alike.get((type_.name, fields))
            if found is None:
                found = self._alike[type_.name, fields] = self._selection(type_, grouped)
            self._planned[key] = found
        return found

    def _finish(self) -> None:
        """See to the selections that are new, with all that is asked of single types below them."""
        new, self._new = self._new, []
        for selection in new:
            for each in selection.fields:
                self.varying += each.fixed is None
                if (
                    isinstance(each.reading, Batch | Once)
                    and each.reading.rows_of is not None
                    and each.only is not None
                ):
                    each.columns = self._read(each.only, each.reading.rows_of)
        self._grew(sum(len(each.fields) for each in new))

    def _tell_who_is_alone(self) -> None:
        """Not where types may be met later, which may ask the same functions."""
        fields = [each for selection in self._new for each in selection.fields]
        asked = [(each, each.reading.function) for each in fields if isinstance(each.reading, Batch | Once)]
        times = Counter(function for _, function in asked)
        for each, function in asked:
            each.alone = times[function] == 1

    def _selection(self, type_: GraphQLObjectType, grouped: Mapping[str, FieldDetailsList]) -> Selection:
        fields = []
        for key, details in grouped.items():
            planned = self._field(type_, key, details)
            if planned is not None:
                fields.append(planned)
                self._plan_below(planned)
        asked = [each for each in fields if not _is_written_from_row(each)]
        for place, each in enumerate(asked):
            each.place = place
        made = Selection(type_, fields, asked, written(type_.name, fields), {each.key: each for each in fields})
        self._new.append(made)
        return made

    def _plan_below(self, planned: PlannedField) -> None:
        if planned.object_type is not None:
            planned.only = self._below(planned, planned.object_type)
        self._meets_types = self._meets_types or planned.abstract is not None
        if planned.name != TYPENAME and (planned.reading is None or planned.abstract is not None):
            self.shows_paths = True

    def _field(self, type_: GraphQLObjectType, key: str, details: FieldDetailsList) -> PlannedField | None:
        name = details[0].node.name.value
        definition = self.schema.get_field(type_, name)
        if definition is None:
            return None
        shape, named = shape_of(definition.type)
        types = tuple(self.schema.get_possible_types(named)) if is_abstract_type(named) else ()
        types = (named,) if isinstance(named, GraphQLObjectType) else types
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
            if each.leaf is None and isinstance(each.reading, Column | Same | Value):
                below = self._read_with_row(each, type_name, here=here)
                if below is None:
                    return None
                found |= below
        return frozenset(found)

    def _read_with_row(self, planned: PlannedField, type_name: str, *, here: bool) -> frozenset[str] | None:
        if planned.only is None:
            return None
        if here and isinstance(planned.reading, Same):
            return self._read(planned.only, planned.only.type.name)
        return self._read(planned.only, type_name)


def _is_written_from_row(planned: PlannedField) -> bool:
    """Whether nothing has to be found out before: the type's own name, a leaf in a column or computed at once, or the row
    shown as another type of which the same is so."""
    if planned.name == TYPENAME:
        return True
    if planned.depth or planned.guards:
        return False
    reading = planned.reading
    if planned.leaf is not None:
        return isinstance(reading, Column) or (isinstance(reading, Value) and reading.at_once)
    if not isinstance(reading, Same) or planned.only is None or planned.only.asked:
        return False
    return planned.shape.item_nullable or not reading.unless_none


def _fixed_arguments(definition: GraphQLField, node: FieldNode) -> dict[str, Any] | None:
    if not definition.args:
        return {}
    if some_has_variable(node.arguments or ()):
        return None
    return get_argument_values(definition, node)


def _needs(reading: Reading | None) -> frozenset[str] | None:
    """The columns of its own row that a reading reads; None where that is not told."""
    if isinstance(reading, Column):
        return frozenset((reading.name,))
    if isinstance(reading, Same):
        return frozenset(reading.unless_none)
    if isinstance(reading, Batch) and reading.key is not None:
        return frozenset((reading.key, *(reading.needs or ())))
    if isinstance(reading, Batch | Value) and reading.needs is not None:
        return frozenset(reading.needs)
    return None
