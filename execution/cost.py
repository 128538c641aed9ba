"""What an operation costs, told before it runs: objects count one each, and fields that are dear have weights.

`CostPlan` is made once for an operation, with its fragments written out and one branch for each type that it may meet.
`price` puts the variables of a request into it: `requested` is what the answer may cost at most, `actual` what a given
answer did. The second is read off the answer alone, so it tells nothing that the answer does not.

    scalar, enum    0; where the same one is asked for again under another name in the same place, 1
    object          1
    list            its size times what an entry costs
    connection      1, and its lists have the size of its page
    interface       as its dearest type
    introspection   the objects that it gives, which the schema tells beforehand
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, Undefined
from graphql.utilities import value_from_ast_untyped

from execution.cost_planning import Branch, CostedField, Guards, Planning
from execution.instance import Instance
from execution.planned import PlannedField
from execution.weight import Amount, Arguments

LIST_SIZE = 10
"""How many entries a list is taken to have of which the schema does not tell."""


@dataclass(frozen=True, slots=True)
class _Priced:
    """A field with its numbers."""

    key: str
    each: int
    item: int
    branches: "tuple[tuple[_Priced, ...], ...] | None"


_Branches = tuple[tuple[_Priced, ...], ...]


@dataclass(frozen=True, slots=True)
class Price:
    """What an operation may cost at most, with the variables it was sent with."""

    requested: int
    _branches: _Branches

    def spent(self, root: Instance) -> int:
        """What the objects of a run cost: as much as `actual` says of the answer that is written of them."""
        return _spent_on(self._branches[0], root) if self._branches else 0

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """What an answer with this `data` cost."""
        return 0 if data is None else _spent(self._branches, data)


def _spent_on(branch: tuple[_Priced, ...], instance: Instance) -> int:
    total, size, by_key = 0, len(instance.rows), instance.selection.by_key
    for field in branch:
        planned = by_key.get(field.key)
        if planned is None:
            continue
        total += field.each * size
        if planned.place < 0:
            total += _spent_in_rows(field, planned, instance)
            continue
        kids = instance.kids[planned.place]
        if isinstance(kids, Instance):
            total += _spent_on_kids(field, kids, 0)
        elif kids is not None:
            for each in kids.instances:
                total += _spent_on_kids(field, each, planned.types.index(each.selection.type))
    return total


def _spent_on_kids(field: _Priced, kids: Instance, type_: int) -> int:
    """What the objects of one of a field's types cost."""
    below = field.branches[type_] if field.branches else ()
    objects = field.item * len(kids.rows)
    return objects + _spent_on(below, kids) if below else objects


def _spent_in_rows(field: _Priced, planned: PlannedField, instance: Instance) -> int:
    """What objects cost that are the rows themselves, shown as another type: they were written with these."""
    if planned.leaf is not None or field.branches is None:
        return 0
    if any(field.branches):
        return sum(_value_spent(field, each[planned.key]) for each in instance.written)
    nothing = [each[planned.key] for each in instance.written].count(None) if planned.shape.item_nullable else 0
    return field.item * (len(instance.rows) - nothing)


def _spent(branches: _Branches, data: Mapping[str, Any]) -> int:
    return max((sum(_field_spent(each, data) for each in branch) for branch in branches), default=0)


def _field_spent(field: _Priced, data: Mapping[str, Any]) -> int:
    if field.key not in data:
        return 0
    return field.each if field.branches is None else field.each + _value_spent(field, data[field.key])


def _value_spent(field: _Priced, value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, list):
        return sum(_value_spent(field, each) for each in value)
    return field.item + (_spent(field.branches, value) if field.branches else 0)


class CostPlan:
    """The costing of one operation of a valid document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        planning = Planning(schema, document)
        root = schema.get_root_type(operation.operation)
        self._branches = planning.branches(root, ((frozenset(), operation.selection_set),))
        self.fields = planning.fields
        """How many fields were planned for it."""
        self.work = planning.fields + planning.introspected.looked_at
        """What making it took, counted in fields."""
        self._defaults = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        self._fixed = None if planning.varies else _Pricing({}).price(self._branches)

    def price(self, variables: Mapping[str, Any]) -> Price:
        """The price with `variables` as they were sent; they have been found right."""
        if self._fixed is not None:
            return self._fixed
        return _Pricing({**self._defaults, **variables}).price(self._branches)


class _Pricing:
    """Puts variables into a plan. What several places share is priced once for each size of page."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._done: dict[tuple[int, int], tuple[int, _Branches]] = {}

    def price(self, branches: Sequence[Branch]) -> Price:
        return Price(*self._branches(tuple(branches), LIST_SIZE))

    def _branches(self, branches: tuple[Branch, ...], page: int) -> tuple[int, _Branches]:
        key = (id(branches), page)
        if key not in self._done:
            priced = [self._branch(each, page) for each in branches]
            dearest = max((cost for cost, _ in priced), default=0)
            self._done[key] = (dearest, tuple(fields for _, fields in priced))
        return self._done[key]

    def _branch(self, branch: Branch, page: int) -> tuple[int, tuple[_Priced, ...]]:
        total, fields = 0, []
        for field in branch:
            if field.guards and not any(self._hold(each) for each in field.guards):
                continue
            cost, priced = self._field(field, page)
            total += cost
            fields.append(priced)
        return total, tuple(fields)

    def _field(self, field: CostedField, page: int) -> tuple[int, _Priced]:
        arguments = {name: value_from_ast_untyped(value, self._variables) for name, value in field.arguments}
        arguments = {name: value for name, value in arguments.items() if value is not None and value is not Undefined}
        each = _amount(field.weight.each, arguments) + field.again
        if field.branches is None:
            return each, _Priced(field.key, each, 0, None)
        size = None if field.weight.size is None else _amount(field.weight.size, arguments)
        inner, priced = self._branches(field.branches, LIST_SIZE if field.is_list or size is None else size)
        entries = 1 if not field.is_list else page if size is None else size
        return each + entries * (field.weight.item + inner), _Priced(field.key, each, field.weight.item, priced)

    def _hold(self, guards: Guards) -> bool:
        return all(bool(self._variables.get(name)) is expected for name, expected in guards)


def _amount(amount: Amount, arguments: Arguments) -> int:
    return amount(arguments) if callable(amount) else amount
