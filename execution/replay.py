"""graphql-core's executor for an answer with errors: it completes values that a plan's run has found already.

What is an error, where it is told, and how far its null goes are thus decided by graphql-core alone. It is also the
executor of operations that are not planned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from graphql import ExecutionResult, Executor, GraphQLAbstractType, GraphQLError, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from graphql.type.definition import GraphQLResolveInfoHelpers

from execution.asked import Asked
from execution.instance import Instance, Untyped, is_object, order_of
from execution.planned import TYPENAME, PlannedField
from execution.readings import Column, Same, Value


class Executing:
    """What runs an operation with its variables, again and again. graphql-core's executor is made when it is asked for:
    most runs need none."""

    __slots__ = ("_executor", "_make", "asked", "variables")

    def __init__(self, variables: VariableValues, make: "Callable[[VariableValues], PlanExecutor]") -> None:
        self.variables = variables
        self.asked: dict[int, Asked] = {}
        """What a plan's fields are asked with, by the fields (run.py)."""
        self._make = make
        self._executor: PlanExecutor | None = None

    @property
    def executor(self) -> "PlanExecutor":
        """The one of which those for single runs are made."""
        if self._executor is None:
            self._executor = self._make(self.variables)
        return self._executor

    def of(self, context: Any, root: Any) -> "PlanExecutor":
        """An executor for one run: with a context and a root of its own, and no errors so far."""
        return self.executor.of(context, root)


@dataclass(frozen=True, slots=True)
class At:
    """A row of an instance, in place of the row itself: from here its values are found again."""

    instance: Instance
    index: int


class PlanExecutor(Executor[Any]):
    """An executor that goes along what a plan's run has found, where its source is `At`."""

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What resolvers are lent. Made when asked for: kept, it would hold the executor that holds it, and the collector
        would have to look for each operation's."""
        return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _: GraphQLResolveInfoHelpers) -> None:
        """graphql-core would keep them."""

    def of(self, context: Any, root: Any) -> "PlanExecutor":
        """The same for one run: with a context and a root of its own, and no errors so far."""
        own = cast(PlanExecutor, self.build_per_event_executor(root))
        own.context_value = context
        return own

    def replay(self, root: Instance, fields: list[PlannedField]) -> ExecutionResult:
        """The answer to these fields of a root, errors included."""
        data: dict[str, Any] | None = {}
        at = At(root, 0)
        try:
            for each in fields:
                path = Path(None, each.key, root.selection.type.name)
                assert data is not None
                data[each.key] = self.execute_field(root.selection.type, at, each.details, path, None)
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            data = None
        return ExecutionResult(data, self.collected_errors.errors or None)

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Complete what was found for a field; resolve it where nothing was."""
        if source.__class__ is not At:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        planned = source.instance.selection.by_key[str(path.key)]
        type_, nodes = planned.definition.type, planned.nodes
        info = self.build_resolve_info(planned.definition, nodes, parent_type, path)
        try:
            value = _value(planned, source, self.context_value)
            return self.complete_value(type_, field_details_list, info, path, value, position_context)
        except Exception as error:  # noqa: BLE001  an error of any kind is the field's, as graphql-core has it
            self.handle_field_error(error, type_, field_details_list, path)
            return None

    def complete_abstract_value(
        self,
        return_type: GraphQLAbstractType,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete an object of the type that it was found to have; where that was none, tell so."""
        if result.__class__ is At:
            type_ = result.instance.selection.type
            return self.complete_object_value(type_, field_details_list, info, path, result, position_context)
        if result.__class__ is Untyped:
            if isinstance(result.told, Exception):
                raise result.told
            return self.ensure_valid_runtime_type(result.told, return_type, field_details_list, info, result.row)
        return super().complete_abstract_value(return_type, field_details_list, info, path, result, position_context)


def _value(planned: PlannedField, at: At, context: Any) -> Any:
    """What was found for a field of a row, with `At` in place of the objects that were made children."""
    if not planned.is_asked:
        return _of_row(planned, at.instance, at.instance.rows[at.index], context)
    value = at.instance.values[planned.place][at.index]
    if planned.leaf is not None:
        return value
    return at.instance.replayed(planned, _placed)[at.index]


def _of_row(planned: PlannedField, instance: Instance, row: Any, context: Any) -> Any:
    """What is read off a row when it is written."""
    if planned.name == TYPENAME:
        return instance.selection.type.name
    assert isinstance(planned.reading, Column | Same | Value)
    found = planned.reading.of(row, context)
    return found if planned.only is None or not is_object(found) else At(Instance(planned.only, (found,)), 0)


def _placed(instance: Instance, planned: PlannedField) -> list[Any]:
    """A field's values for all rows, with `At` for objects, in the order that they were made children."""
    order = iter(order_of(instance, planned))
    counts: dict[int, int] = {}

    def place(value: Any, depth: int) -> Any:
        if not is_object(value):
            return value
        if depth:
            return [place(each, depth - 1) for each in value] if value.__class__ is list else value
        whose = next(order)
        if isinstance(whose, Untyped):
            return whose
        index = counts[id(whose)] = counts.get(id(whose), -1) + 1
        return At(whose, index)

    return [place(each, planned.depth) for each in instance.values[planned.place]]
