"""Writes an operation out for costing: its fragments put in, and one branch for each type that it may meet."""

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
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)

from execution.given import has_variable
from execution.introspecting import INTROSPECTION, Introspected
from execution.weight import WEIGHT, Weight

_PLAIN = Weight()

Guards = frozenset[tuple[str, bool]]
"""Variables and the values that they must have for a selection to be there."""

_Sets = tuple[tuple[Guards, SelectionSetNode], ...]


@dataclass(frozen=True, slots=True)
class CostedField:
    """A field as it is planned: all occurrences of its response name in one place."""

    key: str
    weight: Weight
    guards: tuple[Guards, ...]
    arguments: tuple[tuple[str, ValueNode], ...]
    is_list: bool
    again: bool
    branches: "tuple[Branch, ...] | None"


Branch = tuple[CostedField, ...]


class Planning:
    """Writes the fragments out, type by type. What the same selections ask of the same type is planned once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._planned: dict[Any, tuple[Branch, ...]] = {}
        self._alike: dict[Any, Branch] = {}
        self.fields = 0
        """How many fields were planned."""
        self.introspected = Introspected(schema, self._by_key)
        self.varies = False
        """Whether something in what was planned depends on variables."""

    def branches(self, type_: Any, sets: _Sets) -> tuple[Branch, ...]:
        """What may be asked of a value of this type: a branch for each type of object that it may be."""
        key = (type_.name, tuple((guards, id(node)) for guards, node in sets))
        found = self._planned.get(key)
        if found is None:
            possible = self._schema.get_possible_types(type_) if is_abstract_type(type_) else (type_,)
            found = self._planned[key] = tuple(self._branch(each, sets) for each in possible)
        return found

    def _branch(self, type_: GraphQLObjectType, sets: _Sets) -> Branch:
        """Only fields that may cost something; a branch of none is empty."""
        by_key = self._by_key(type_, sets)
        key = (type_.name, *((name, *((guards, id(node)) for guards, node in nodes)) for name, nodes in by_key.items()))
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = self._fields(type_, by_key)
            self.fields += len(found)
        return found

    def _fields(self, type_: GraphQLObjectType, by_key: dict[str, list[tuple[Guards, FieldNode]]]) -> Branch:
        fields, seen = [], set()
        for key, nodes in by_key.items():
            name = nodes[0][1].name.value
            field = self._field(type_, key, nodes, again=name in seen)
            seen.add(name)
            if field is not None:
                fields.append(field)
        return tuple(fields)

    def _field(
        self, type_: GraphQLObjectType, key: str, nodes: list[tuple[Guards, FieldNode]], *, again: bool
    ) -> CostedField | None:
        first = nodes[0][1]
        guards = () if any(not guards for guards, _ in nodes) else tuple(dict.fromkeys(guards for guards, _ in nodes))
        if first.name.value in INTROSPECTION:
            objects = self.introspected.objects(nodes)
            return CostedField(key, Weight(each=objects), self._noted(guards), (), False, False, None)
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
        return CostedField(key, weight, self._noted(guards), arguments, is_list, again and branches is None, branches)

    def _noted(self, guards: tuple[Guards, ...]) -> tuple[Guards, ...]:
        self.varies = self.varies or bool(guards)
        return guards

    def _arguments(self, made: GraphQLField, node: FieldNode, weight: Weight) -> tuple[tuple[str, ValueNode], ...]:
        if not callable(weight.each) and not callable(weight.size):
            return ()
        given = tuple((each.name.value, each.value) for each in node.arguments or ())
        self.varies = self.varies or any(has_variable(value) for _, value in given)
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
