"""What an operation costs, told before it runs: objects count one each, and fields that are dear have weights.

`CostPlan` is made once for an operation, with its fragments written out and one branch for each type that it may meet.
`price` puts the variables of a request into it: `requested` is what the answer may cost at most, `actual` what a given
answer did. The second is read off the answer alone, so it tells nothing that the answer does not.

    scalar, enum    0; where the same one is asked for again under another name in the same place, 1
    object          1
    list            its size times what an entry costs
    connection      1, and its lists have the size of its page
    interface       as its dearest type
    introspection   a flat sum
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from graphql.utilities import value_from_ast_untyped

WEIGHT = "weight"
"""Under this name a field of the schema keeps its Weight among its extensions."""

LIST_SIZE = 10
"""How many entries a list is taken to have of which the schema does not tell."""

_INTROSPECTION = {"__schema": 500, "__type": 20}

Arguments = Mapping[str, Any]
Amount = int | Callable[[Arguments], int]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a field costs beyond the rule. Functions are given the arguments as the client wrote them."""

    each: Amount = 0
    """The field itself, each time it is asked of an object."""
    item: int = 1
    """Each object that it gives."""
    size: Amount | None = None
    """How many entries its list has at most; of a connection, its page."""


_PLAIN = Weight()

Guards = frozenset[tuple[str, bool]]
"""Variables and the values that they must have for a selection to be there."""

_Sets = tuple[tuple[Guards, SelectionSetNode], ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as it is planned: all occurrences of its response name in one place."""

    key: str
    weight: Weight
    guards: tuple[Guards, ...]
    arguments: tuple[tuple[str, ValueNode], ...]
    is_list: bool
    again: bool
    branches: "tuple[_Branch, ...] | None"


_Branch = tuple[_Field, ...]


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

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """What an answer with this `data` cost."""
        return 0 if data is None else _spent(self._branches, data)


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
        planning = _Planning(schema, document)
        root = schema.get_root_type(operation.operation)
        self._branches = planning.branches(root, ((frozenset(), operation.selection_set),))
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


class _Planning:
    """Writes the fragments out, type by type. Each pair of a type and selections is planned once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._planned: dict[Any, tuple[_Branch, ...]] = {}
        self.varies = False

    def branches(self, type_: Any, sets: _Sets) -> tuple[_Branch, ...]:
        key = (type_.name, tuple((guards, id(node)) for guards, node in sets))
        found = self._planned.get(key)
        if found is None:
            possible = self._schema.get_possible_types(type_) if is_abstract_type(type_) else (type_,)
            found = self._planned[key] = tuple(self._branch(each, sets) for each in possible)
        return found

    def _branch(self, type_: GraphQLObjectType, sets: _Sets) -> _Branch:
        """Only fields that may cost something; a branch of none is empty."""
        fields, seen = [], set()
        for key, nodes in self._by_key(type_, sets).items():
            name = nodes[0][1].name.value
            field = self._field(type_, key, nodes, again=name in seen)
            seen.add(name)
            if field is not None:
                fields.append(field)
        return tuple(fields)

    def _field(
        self, type_: GraphQLObjectType, key: str, nodes: list[tuple[Guards, FieldNode]], *, again: bool
    ) -> _Field | None:
        first = nodes[0][1]
        guards = () if any(not guards for guards, _ in nodes) else tuple(dict.fromkeys(guards for guards, _ in nodes))
        flat = _INTROSPECTION.get(first.name.value)
        if flat is not None:
            return _Field(key, Weight(each=flat), self._noted(guards), (), False, False, None)
        made = self._schema.get_field(type_, first.name.value)
        if made is None or first.name.value == "__typename":
            return None
        weight: Weight = made.extensions.get(WEIGHT, _PLAIN)
        sets = tuple((own, node.selection_set) for own, node in nodes if node.selection_set is not None)
        branches = None if is_leaf_type(get_named_type(made.type)) else self.branches(get_named_type(made.type), sets)
        if branches is None and weight.each == 0 and not again:
            return None
        arguments = self._arguments(made, first, weight)
        is_list = is_list_type(get_nullable_type(made.type))
        return _Field(key, weight, self._noted(guards), arguments, is_list, again and branches is None, branches)

    def _noted(self, guards: tuple[Guards, ...]) -> tuple[Guards, ...]:
        self.varies = self.varies or bool(guards)
        return guards

    def _arguments(self, made: GraphQLField, node: FieldNode, weight: Weight) -> tuple[tuple[str, ValueNode], ...]:
        if not callable(weight.each) and not callable(weight.size):
            return ()
        given = tuple((each.name.value, each.value) for each in node.arguments or ())
        self.varies = self.varies or any(_has_variable(value) for _, value in given)
        return given

    def _by_key(self, type_: GraphQLObjectType, sets: _Sets) -> dict[str, list[tuple[Guards, FieldNode]]]:
        found: dict[str, list[tuple[Guards, FieldNode]]] = {}
        spread: set[tuple[str, Guards]] = set()
        stack = [(guards, each) for guards, node in reversed(sets) for each in reversed(node.selections)]
        while stack:
            outer, selection = stack.pop()
            guards = _guards(selection, outer)
            if guards is None:
                continue
            if isinstance(selection, FieldNode):
                found.setdefault((selection.alias or selection.name).value, []).append((guards, selection))
                continue
            fragment = self._fragment(selection)
            if isinstance(selection, FragmentSpreadNode):
                if (selection.name.value, guards) in spread:
                    continue
                spread.add((selection.name.value, guards))
            if fragment is not None and self._applies(fragment, type_):
                stack += [(guards, each) for each in reversed(fragment.selection_set.selections)]
        return found

    def _fragment(self, selection: SelectionNode) -> FragmentDefinitionNode | InlineFragmentNode | None:
        if isinstance(selection, FragmentSpreadNode):
            return self._fragments.get(selection.name.value)
        return selection if isinstance(selection, InlineFragmentNode) else None

    def _applies(self, fragment: FragmentDefinitionNode | InlineFragmentNode, type_: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        condition = self._schema.get_type(fragment.type_condition.name.value)
        return condition is type_ or (is_abstract_type(condition) and self._schema.is_sub_type(condition, type_))


def _guards(selection: SelectionNode, outer: Guards) -> Guards | None:
    """What must be so for a selection to be there; None when it never is."""
    wanted = set(outer)
    for directive in selection.directives or ():
        if directive.name.value not in ("skip", "include"):
            continue
        value, expected = (directive.arguments or ())[0].value, directive.name.value == "include"
        if isinstance(value, VariableNode):
            wanted.add((value.name.value, expected))
        elif isinstance(value, BooleanValueNode) and value.value is not expected:
            return None
    return frozenset(wanted)


def _has_variable(value: ValueNode) -> bool:
    stack: list[Any] = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, VariableNode):
            return True
        stack += [each.value for each in getattr(found, "fields", ())] + list(getattr(found, "values", ()))
    return False


class _Pricing:
    """Puts variables into a plan. What several places share is priced once for each size of page."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._done: dict[tuple[int, int], tuple[int, _Branches]] = {}

    def price(self, branches: Sequence[_Branch]) -> Price:
        return Price(*self._branches(tuple(branches), LIST_SIZE))

    def _branches(self, branches: tuple[_Branch, ...], page: int) -> tuple[int, _Branches]:
        key = (id(branches), page)
        if key not in self._done:
            priced = [self._branch(each, page) for each in branches]
            dearest = max((cost for cost, _ in priced), default=0)
            self._done[key] = (dearest, tuple(fields for _, fields in priced))
        return self._done[key]

    def _branch(self, branch: _Branch, page: int) -> tuple[int, tuple[_Priced, ...]]:
        total, fields = 0, []
        for field in branch:
            if field.guards and not any(self._hold(each) for each in field.guards):
                continue
            cost, priced = self._field(field, page)
            total += cost
            fields.append(priced)
        return total, tuple(fields)

    def _field(self, field: _Field, page: int) -> tuple[int, _Priced]:
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
