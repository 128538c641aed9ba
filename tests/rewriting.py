"""Rewrites GraphQL documents into others that are valid too: variables for literals, conditions, fragments, repetitions."""

from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    is_input_type,
    parse,
    parse_type,
    print_ast,
    visit,
)
from graphql.utilities import value_from_ast_untyped


def rewritten(schema: GraphQLSchema, text: str, seed: int) -> tuple[str, dict[str, Any]]:
    """Another document than `text` with its variables; the same for the same seed."""
    draw, info = Random(seed), TypeInfo(schema)
    rewriting = _Rewriting(info, draw)
    document = visit(parse(text), TypeInfoVisitor(info, rewriting))
    operations = [
        _with_variables(each, rewriting.declared) if isinstance(each, OperationDefinitionNode) else each
        for each in document.definitions
    ]
    return print_ast(DocumentNode(definitions=(*operations, *rewriting.fragments))), rewriting.given


def _with_variables(
    operation: OperationDefinitionNode, declared: list[VariableDefinitionNode]
) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=tuple(declared),
        directives=operation.directives,
        selection_set=operation.selection_set,
    )


class _Rewriting(Visitor):
    def __init__(self, info: TypeInfo, draw: Random) -> None:
        super().__init__()
        self._info, self._draw = info, draw
        self.declared: list[VariableDefinitionNode] = []
        self.given: dict[str, Any] = {}
        self.fragments: list[FragmentDefinitionNode] = []

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        type_ = self._info.get_input_type()
        if type_ is None or not is_input_type(type_) or self._draw.random() > 0.4 or _has_variables(node):
            return None
        variable = self._variable(str(type_))
        default = node.value if self._draw.random() < 0.3 else None
        if default is None or self._draw.random() < 0.5:
            self.given[variable.name.value] = value_from_ast_untyped(node.value)
        self._declare(variable, str(type_), default)
        return ArgumentNode(name=node.name, value=variable)

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        selections: list[Any] = []
        for each in node.selections:
            selections.append(self._conditioned(each) if self._draw.random() < 0.15 else each)
            if isinstance(each, FieldNode) and self._draw.random() < 0.1:
                selections.append(each)
        type_ = self._info.get_parent_type()
        if self._draw.random() < 0.2:
            selections.insert(0, FieldNode(name=NameNode(value="__typename")))
        if type_ is not None and self._draw.random() < 0.15:
            return SelectionSetNode(selections=(self._fragment(type_.name, selections),))
        return SelectionSetNode(selections=tuple(selections))

    def _conditioned(self, selection: Any) -> Any:
        directive = DirectiveNode(
            name=NameNode(value=self._draw.choice(("include", "skip"))),
            arguments=(ArgumentNode(name=NameNode(value="if"), value=self._condition()),),
        )
        inner = SelectionSetNode(selections=(selection,))
        return InlineFragmentNode(selection_set=inner, directives=(directive,))

    def _condition(self) -> Any:
        holds = self._draw.random() < 0.7
        if self._draw.random() < 0.4:
            return BooleanValueNode(value=holds)
        variable = self._variable("Boolean!")
        self.given[variable.name.value] = holds
        self._declare(variable, "Boolean!", None)
        return variable

    def _fragment(self, type_name: str, selections: list[Any]) -> Any:
        inner = SelectionSetNode(selections=tuple(selections))
        condition = NamedTypeNode(name=NameNode(value=type_name))
        name = NameNode(value=f"F{len(self.fragments)}")
        self.fragments.append(FragmentDefinitionNode(name=name, type_condition=condition, selection_set=inner))
        return FragmentSpreadNode(name=name)

    def _variable(self, _type: str) -> VariableNode:
        return VariableNode(name=NameNode(value=f"v{len(self.declared)}"))

    def _declare(self, variable: VariableNode, type_: str, default: Any) -> None:
        self.declared.append(
            VariableDefinitionNode(variable=variable, type=parse_type(type_), default_value=default, directives=())
        )


def _has_variables(node: ArgumentNode) -> bool:
    return "$" in print_ast(node)
