"""Counts what a parsed document would cost to validate, and refuses what is too much.

Fragments are counted once each; only when their sum is known to be small enough is the document walked with its
fragments written out. So a document that doubles with each fragment is refused after as many steps as its text is long.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
)

from execution.errors import VALIDATION_FAILED, refused
from execution.limits import Limits, exceeded

Definition = OperationDefinitionNode | FragmentDefinitionNode


@dataclass(slots=True)
class _Size:
    """A definition by itself: its fields and values, and which fragments it spreads how often."""

    own: int = 0
    spreads: Counter[str] = field(default_factory=Counter)


def measure(document: DocumentNode, limits: Limits) -> None:
    """Raises RequestRefused when the document is over a limit, or its fragments go in a circle."""
    _Measured(document, limits).check()


class _Measured:
    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._limits = limits
        self._definitions = [each for each in document.definitions if isinstance(each, Definition)]
        self._fragments: dict[str, FragmentDefinitionNode] = {}
        self._aliases = self._directives = 0

    def check(self) -> None:
        self._check_definitions()
        sizes = [self._size(each) for each in self._definitions]
        self._most("aliases", "The document has {value} aliases; at most {limit} are taken.", self._aliases)
        self._most("directives", "The document has {value} directives; at most {limit} are taken.", self._directives)
        self._check_expanded(sizes)
        repeats = 0
        for definition in self._definitions:
            repeats += self._walk(definition)
            words = (
                "Too many fields of the same name are to be compared: {value} comparisons; at most {limit} are made."
            )
            self._most("repeats", words, repeats)

    def _most(self, what: str, words: str, value: int) -> None:
        limit = getattr(self._limits, what)
        if value > limit:
            raise exceeded(what, words, limit, value, VALIDATION_FAILED)

    def _check_definitions(self) -> None:
        fragments = [each for each in self._definitions if isinstance(each, FragmentDefinitionNode)]
        operations = len(self._definitions) - len(fragments)
        self._most("fragments", "The document has {value} fragments; at most {limit} are taken.", len(fragments))
        self._most("operations", "The document has {value} operations; at most {limit} are taken.", operations)
        for each in fragments:
            if each.name.value in self._fragments:
                raise _wrong(f"There can be only one fragment named '{each.name.value}'.", each)
            self._fragments[each.name.value] = each

    # What each definition has by itself

    def _size(self, definition: Definition) -> _Size:
        size = _Size(own=self._directives_of(definition.directives))
        for variable in definition.variable_definitions or ():
            size.own += 1 + self._directives_of(variable.directives) + self._values((variable.default_value,))
        stack = [definition.selection_set]
        while stack:
            for selection in stack.pop().selections:
                size.own += 1 + self._directives_of(selection.directives)
                if isinstance(selection, FragmentSpreadNode):
                    size.spreads[selection.name.value] += 1
                    continue
                if isinstance(selection, FieldNode):
                    self._aliases += selection.alias is not None
                    size.own += self._values(argument.value for argument in selection.arguments or ())
                inner = _inner(selection)
                if inner is not None:
                    stack.append(inner)
        return size

    def _directives_of(self, directives: Sequence[DirectiveNode] | None) -> int:
        found = directives or ()
        self._directives += len(found)
        return len(found) + self._values(argument.value for each in found for argument in each.arguments or ())

    def _values(self, values: Iterable[ValueNode | None]) -> int:
        """The number of values, of those within them too. Raises RequestRefused for one too long or too deep."""
        count, stack = 0, [(value, 1) for value in values if value is not None]
        while stack:
            value, depth = stack.pop()
            count += 1
            inner = _within(value)
            if inner and depth > self._limits.input_depth:
                words = "An argument is nested {value} deep; at most {limit} is taken."
                self._most("input_depth", words, depth)
            if isinstance(value, ListValueNode):
                words = "A list in an argument has {value} entries; at most {limit} are taken."
                self._most("list_items", words, len(inner))
            stack += [(each, depth + 1) for each in inner]
        return count

    # With fragments written out

    def _check_expanded(self, sizes: Sequence[_Size]) -> None:
        by_name = {
            each.name.value: size
            for each, size in zip(self._definitions, sizes, strict=True)
            if isinstance(each, FragmentDefinitionNode)
        }
        expanded: dict[str, int] = {}
        for name in self._in_order(by_name):
            expanded[name] = self._sum(by_name[name], expanded)
        total = sum(self._sum(size, expanded) for size in sizes)
        words = "With its fragments written out the document has more than {limit} fields and values ({value} or more)."
        self._most("fields", words, total)

    def _sum(self, size: _Size, expanded: dict[str, int]) -> int:
        """Cut off above the limit: the true number may have thousands of digits."""
        total = size.own + sum(expanded.get(name, 0) * times for name, times in size.spreads.items())
        return min(total, self._limits.fields + 1)

    def _in_order(self, sizes: dict[str, _Size]) -> Iterator[str]:
        """Each fragment after those that it spreads. Raises RequestRefused for a circle."""
        done: set[str] = set()
        for root in sizes:
            path = [(root, iter(sizes[root].spreads))]
            on_path = {root}
            while path:
                name, spreads = path[-1]
                following = next((each for each in spreads if each in sizes and each not in done), None)
                if following is None:
                    path.pop()
                    on_path.discard(name)
                    if name not in done:
                        done.add(name)
                        yield name
                elif following in on_path:
                    raise _wrong(f"Cannot spread fragment '{following}' within itself.", self._fragments[following])
                else:
                    path.append((following, iter(sizes[following].spreads)))
                    on_path.add(following)

    def _walk(self, definition: Definition) -> int:
        """Goes down level by level, the fields of one name together. Returns how much there is to compare."""
        repeats, depth, level = 0, 0, [[definition.selection_set]]
        while level:
            below: list[list[SelectionSetNode]] = []
            names = 0
            for sets in level:
                by_name = self._by_response_name(sets)
                names += len(by_name)
                for fields in by_name.values():
                    repeats += _comparisons(fields)
                    inner = [each.selection_set for each in fields if each.selection_set is not None]
                    if inner:
                        below.append(inner)
            depth += bool(names)
            self._most("depth", "The document asks for fields {value} deep; at most {limit} is taken.", depth)
            if depth == 1 and isinstance(definition, OperationDefinitionNode):
                words = "The operation has {value} fields at its root; at most {limit} are taken."
                self._most("root_fields", words, names)
            level = below
        return repeats

    def _by_response_name(self, sets: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        found: dict[str, list[FieldNode]] = {}
        stack = list(sets)
        while stack:
            for selection in stack.pop().selections:
                if isinstance(selection, FieldNode):
                    found.setdefault((selection.alias or selection.name).value, []).append(selection)
                elif isinstance(selection, FragmentSpreadNode):
                    fragment = self._fragments.get(selection.name.value)
                    if fragment is not None:
                        stack.append(fragment.selection_set)
                elif (inner := _inner(selection)) is not None:
                    stack.append(inner)
        return found


def _inner(selection: SelectionNode) -> SelectionSetNode | None:
    """What is selected within a field or an inline fragment."""
    return selection.selection_set if isinstance(selection, FieldNode | InlineFragmentNode) else None


def _within(value: ValueNode) -> list[ValueNode]:
    if isinstance(value, ListValueNode):
        return list(value.values)
    return [each.value for each in value.fields] if isinstance(value, ObjectValueNode) else []


def _comparisons(fields: Sequence[FieldNode]) -> int:
    """Each field is compared with each other one, argument by argument."""
    if len(fields) < 2:
        return 0
    return (len(fields) - 1) * sum(1 + _argument_values(each) for each in fields)


def _argument_values(node: FieldNode) -> int:
    count, stack = 0, [argument.value for argument in node.arguments or ()]
    while stack:
        count += 1
        stack += _within(stack.pop())
    return count


def _wrong(message: str, node: FragmentDefinitionNode) -> Exception:
    return refused([GraphQLError(message, [node])], VALIDATION_FAILED)
