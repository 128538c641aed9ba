"""The lists and nulls around a named type, as `[[Int!]]!` has them."""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLOutputType, is_list_type, is_non_null_type


@dataclass(frozen=True, slots=True)
class Shape:
    """`nullable` tells, from the outside in, whether each list and, last, the item may be null."""

    nullable: tuple[bool, ...]

    @property
    def depth(self) -> int:
        """How many lists there are around the item."""
        return len(self.nullable) - 1

    @property
    def item_nullable(self) -> bool:
        """Whether the item may be null."""
        return self.nullable[-1]


def shape_of(type_: GraphQLOutputType) -> tuple[Shape, Any]:
    """The shape around a type, and the named type within."""
    nullable: list[bool] = []
    inner: Any = type_
    while True:
        may_be_null = not is_non_null_type(inner)
        inner = inner if may_be_null else inner.of_type
        nullable.append(may_be_null)
        if not is_list_type(inner):
            return Shape(tuple(nullable)), inner
        inner = inner.of_type
