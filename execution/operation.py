"""One operation of a valid document, made ready once: its plans by what @skip and @include say, and its price's plan."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    default_field_resolver,
    default_type_resolver,
    get_variable_values,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from execution.coercing import coercion_of
from execution.cost import CostPlan
from execution.introspecting import INTROSPECTION
from execution.plan import Plan, can_be_planned
from execution.replay import Executing, PlanExecutor

Kind = Literal["query", "mutation", "subscription"]

_LEFT_TO_CORE = frozenset({"defer", "stream", "experimental_disableErrorPropagation"})
_CONDITIONS = ("skip", "include")
_VARIANTS = 16
"""Plans of one operation: each of k variables in conditions may double them. What more there is, graphql-core executes: to
plan it is dear, and whoever asks by other variables each time would not pay for that."""
_SENT = re.compile(r"(?:[,;]? [Ff]ound|(?<= value)): [{\[].*", re.DOTALL)


Grew = Callable[[int, int], None]
"""Told how many fields were planned that are kept, and how much work that was, in fields as well."""


class ReadyOperation:
    """An operation with what is found out about it once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        grew: Grew = lambda _fields, _work: None,
    ) -> None:
        """`grew` is told how many fields were planned, and how much work that was."""
        self._grew = grew
        self.operation = operation
        self.kind: Kind = operation.operation.value
        """Whether it reads, writes or listens."""
        self.cost = CostPlan(schema, document, operation)
        grew(self.cost.fields, self.cost.work)
        self._schema = schema
        self._coercion = coercion_of(schema, operation)
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._details = {name: FragmentDetails(each) for name, each in self._fragments.items()}
        nodes = list(_directed([operation, *self._fragments.values()]))
        self._left_to_core = (
            not can_be_planned(schema)
            or any(each.variable_definitions for each in self._fragments.values())
            or any(_is_left_to_core(each) for each in nodes)
        )
        self._conditions = sorted(set(_conditions(nodes)))
        self._plans: dict[tuple[Any, ...], Plan | None] = {}

    def variables(self, given: dict[str, Any], errors: int) -> VariableValues | list[GraphQLError]:
        """The coerced variables, or what is wrong with them: so many errors are looked for."""
        coerced = None if self._coercion is None else self._coercion.values(given)
        if coerced is not None:
            return coerced
        told = get_variable_values(self._schema, self.operation.variable_definitions or (), given, max_errors=errors)
        return [_without_what_was_sent(error) for error in told] if isinstance(told, list) else told

    def _executor(self, variables: VariableValues) -> PlanExecutor:
        """graphql-core's executor of it with these variables."""
        return PlanExecutor(
            self._schema,
            self._fragments,
            self._details,
            None,
            None,
            self.operation,
            variables,
            field_resolver=_resolve_field,
            type_resolver=default_type_resolver,
            subscribe_field_resolver=default_field_resolver,
        )

    def executing(self, variables: VariableValues) -> Executing:
        """What runs it with these variables."""
        return Executing(variables, self._executor)

    def plan(self, variables: VariableValues) -> Plan | None:
        """Its plan as these variables have it; None where that is left to graphql-core."""
        key = tuple(variables.coerced.get(name) for name in self._conditions)
        if key not in self._plans:
            if len(self._plans) >= _VARIANTS:
                return None
            self._plans[key] = self._planned(variables)
        return self._plans[key]

    def plan_ahead(self) -> None:
        """Plan it now, if no variable decides what is in it."""
        if not self._conditions:
            self.plan(VariableValues({}, {}))

    def _planned(self, variables: VariableValues) -> Plan | None:
        if self._left_to_core:
            return None
        told = {name: variables.coerced[name] for name in self._conditions if name in variables.coerced}
        if None in told.values():  # an error where it is met, and graphql-core says where that is
            return None
        sources = {name: variables.sources[name] for name in told}
        return Plan(self._schema, self.operation, self._details, VariableValues(sources, told), self._plan_grew)

    def _plan_grew(self, fields: int) -> None:
        self._grew(fields, fields)


def _without_what_was_sent(error: GraphQLError) -> GraphQLError:
    """What is wrong with a variable, without all of the object or list that it was found in: that may hold what people told
    in confidence, and messages end in logs."""
    words = _SENT.sub(".", error.message).replace("?.", "?")
    return error if words == error.message else GraphQLError(words, error.nodes)


def _resolve_field(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Resolve a field that has no resolver: a subscription's root field is the event itself, others are read off."""
    if info.path.prev is None and info.operation.operation.value == "subscription":
        return source
    return default_field_resolver(source, info, **arguments)


def _directed(nodes: list[Node]) -> Iterator[Node]:
    """All nodes that may carry directives which say what is executed."""
    stack: list[Node] = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        below: SelectionSetNode | None = getattr(node, "selection_set", None)
        if below is not None:
            stack += below.selections


def _is_left_to_core(node: Node) -> bool:
    if isinstance(node, FieldNode) and node.name.value in INTROSPECTION:
        return True
    return any(each.name.value in _LEFT_TO_CORE for each in getattr(node, "directives", ()) or ())


def _conditions(nodes: list[Node]) -> Iterator[str]:
    """The variables that decide what is in the operation."""
    for node in nodes:
        for directive in getattr(node, "directives", ()) or ():
            if directive.name.value in _CONDITIONS:
                yield from (
                    each.value.name.value for each in directive.arguments or () if isinstance(each.value, VariableNode)
                )
