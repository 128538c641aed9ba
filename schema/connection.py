"""Lists in pages, as Relay's connections; their source values are the resolvers' ListResult."""

from typing import Any, Generic, NamedTuple, TypeVar

import strawberry

from resolvers.lists import ListResult
from schema.fields import column, output, same, value
from schema.scalars import Cursor

T = TypeVar("T")


class _Place(NamedTuple):
    """A row with its place in the list."""

    cursor: str
    node: Any


@output
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = column("has_next", "Whether there is more after this page.")
    has_previous_page: bool = column("has_previous", "Whether there is more before this page.")
    start_cursor: Cursor | None = column("start_cursor", "The cursor of the page's first entry; null when it is empty.")
    end_cursor: Cursor | None = column(
        "end_cursor",
        "The cursor of the page's last entry; null when it is empty. Of `events`: how far the log was searched, never null.",
    )


@output
class Edge(Generic[T]):
    """An entry of a list, with its place in it."""

    cursor: Cursor = column("cursor", "The place of this entry in the list.")
    node: T = column("node", "The entry itself.")


def _edges(result: ListResult[Any], _ctx: object) -> list[_Place]:
    return list(map(_Place, result.cursors, result.rows))


def edges() -> Any:
    """The field `edges` of a connection."""
    return value(_edges, "The page's entries, each with its cursor.")


def nodes() -> Any:
    """The field `nodes` of a connection."""
    return column("rows", "The page's entries without their cursors.")


def page_info() -> Any:
    """The field `pageInfo` of a connection."""
    return same("Where this page lies in the list.")


@strawberry.type(name="Connection", description="One page of a list that can be counted.")
class Connection(Generic[T]):
    """One page of a list that can be counted."""

    edges: list[Edge[T]] = edges()
    nodes: list[T] = nodes()
    page_info: PageInfo = page_info()
    total_count: int | None = value(
        lambda result, _ctx: result.count(),
        "How many there are on all pages, exactly; counted only when asked for. Null, with the error COUNT_TIMEOUT, where "
        "counting takes too long.",
    )


@strawberry.type(
    name="Connection", description="One page of a list that is not counted, because it never stops growing."
)
class UncountedConnection(Generic[T]):
    """One page of a list that is not counted."""

    edges: list[Edge[T]] = edges()
    nodes: list[T] = nodes()
    page_info: PageInfo = page_info()
