"""What an operation asks for that says with whom its answer may be shared.

A schema marks fields that depend on the very person who asks (or count by who asks), and the scalars that hold a
position in a list or a log. Both are found once for a document.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLScalarType,
    GraphQLSchema,
    NullValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

_PERSONAL, _POSITION = "personal", "position"


@dataclass(frozen=True, slots=True)
class Sharing:
    """Whether anything asked for is `personal`, and whether a position is shown."""

    personal: bool
    shows_position: bool


def mark_personal(entries: Iterable[GraphQLField | GraphQLArgument]) -> None:
    """Say that these fields depend on the person, or that they do where these arguments are given."""
    for each in entries:
        each.extensions[_PERSONAL] = True


def mark_position(scalar: GraphQLScalarType) -> None:
    """Say that values of this scalar are positions."""
    scalar.extensions[_POSITION] = True


def sharing_of(schema: GraphQLSchema, document: DocumentNode) -> Sharing:
    """What there is of both in a valid document."""
    info = TypeInfo(schema)
    finding = _Finding(info)
    visit(document, TypeInfoVisitor(info, finding))
    return Sharing(finding.personal, finding.shows_position)


class _Finding(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.personal = self.shows_position = False

    def enter_field(self, _node: FieldNode, *_: object) -> None:
        definition = self._info.get_field_def()
        if definition is not None and definition.extensions.get(_PERSONAL):
            self.personal = True

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        declared = self._info.get_argument()
        if declared is not None and declared.extensions.get(_PERSONAL):
            self.personal = self.personal or not isinstance(node.value, NullValueNode)
        type_ = self._info.get_input_type()
        named = None if type_ is None else get_named_type(type_)
        if isinstance(named, GraphQLScalarType) and named.extensions.get(_POSITION):
            self.shows_position = self.shows_position or not isinstance(node.value, NullValueNode)
