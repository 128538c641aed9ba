"""Pages of a list by keyset, in both directions: where a page begins and ends is the key of a row, never a count of rows.

A list has an order: one key and, where that is not unique, a second one that is (the row id). Pages are read with one
row more than asked for, to know whether there is more; what lies behind the cursor is looked for with one statement.
"""

import operator
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, not_, or_, select, tuple_

from storage.rows import Page

T = TypeVar("T")
Key: TypeAlias = tuple[int | None, ...]
MakeRow: TypeAlias = Callable[[Any], T]


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list: at most `size` rows between two keys (both left out), from the front or, `backward`, the end."""

    size: int
    after: Key | None = None
    before: Key | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered. `key` is a whole number; `tie` is unique and told for keys that are not.

    `nullable`: rows without a key come last, whichever way the others go.
    """

    key: ColumnElement[Any]
    tie: ColumnElement[Any] | None = None
    descending: bool = False
    nullable: bool = False

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """The columns of a row's key."""
        return [self.key] if self.tie is None else [self.key, self.tie]

    def by(self, *, backward: bool = False) -> list[ColumnElement[Any]]:
        """What follows ORDER BY."""
        falling = self.descending != backward
        ordered: list[ColumnElement[Any]] = [column.desc() if falling else column.asc() for column in self.columns]
        if self.nullable:
            ordered[0] = ordered[0].nulls_first() if backward else ordered[0].nulls_last()
        return ordered

    def beyond(self, key: Key, *, backward: bool = False, inclusive: bool = False) -> ColumnElement[bool]:
        """Rows that come after the key (backward: before it); `inclusive`: or stand at it.

        SQL's comparison of rows knows no rows without a key: those are told apart, and need a `tie`.
        """
        compare = _COMPARISONS[self.descending != backward, inclusive]
        if key[0] is None and self.tie is not None:
            told, among = self.key.is_not(None), compare(self.tie, key[1])
            return or_(told, among) if backward else and_(not_(told), among)
        beyond: ColumnElement[bool] = compare(self._row, self._values(key))
        return or_(beyond, self.key.is_(None)) if self.nullable and not backward else beyond

    @property
    def _row(self) -> ColumnElement[Any]:
        return self.key if self.tie is None else tuple_(self.key, self.tie)

    def _values(self, key: Key) -> Any:
        if self.tie is None:
            return key[0]
        return tuple_(*key, types=[column.type for column in self.columns])


_COMPARISONS: dict[tuple[bool, bool], Callable[[Any, Any], Any]] = {
    (False, False): operator.gt,
    (False, True): operator.ge,
    (True, False): operator.lt,
    (True, True): operator.le,
}
"""How a row that comes later compares, by whether keys fall and whether the key itself counts."""


def read_page(conn: Connection, rows: Select[Any], order: Order, span: Span, make: MakeRow[T]) -> Page[T]:
    """One page of the list that `rows` selects; `make` turns a row, without its key, into what the page holds."""
    keys = [column.label(f"key_{n}") for n, column in enumerate(order.columns)]
    asked = (
        _within(rows.add_columns(*keys), order, span).order_by(*order.by(backward=span.backward)).limit(span.size + 1)
    )
    found = conn.execute(asked).all()
    beside = {
        side for side, edge in _edges(rows, order, span) if conn.execute(edge.with_only_columns(1).limit(1)).first()
    }
    return _page(found, len(keys), span, beside, make)


def read_pages(
    conn: Connection,
    rows: Select[Any],
    order: Order,
    span: Span,
    make: MakeRow[T],
    parent: ColumnElement[Any],
    parents: Sequence[int],
) -> dict[int, Page[T]]:
    """The same part of many lists at once, one for each parent; `parent` is the column that tells whose list a row is in."""
    keys = [column.label(f"key_{n}") for n, column in enumerate(order.columns)]
    place = (
        func.row_number().over(partition_by=parent, order_by=order.by(backward=span.backward)).label("place_in_list")
    )
    of_these = rows.where(parent.in_(set(parents)))
    numbered = _within(of_these.add_columns(*keys, parent.label("parent_of_list"), place), order, span).subquery()
    kept = select(numbered).where(numbered.c.place_in_list <= span.size + 1).order_by(numbered.c.place_in_list)
    lists: dict[int, list[Row[Any]]] = {each: [] for each in parents}
    for row in conn.execute(kept):
        lists[row.parent_of_list].append(row)
    beside: dict[int, set[str]] = {each: set() for each in parents}
    for side, edge in _edges(of_these, order, span):
        for each in conn.execute(edge.with_only_columns(parent).distinct()).scalars():
            beside[each].add(side)
    return {each: _page(found, len(keys), span, beside[each], make, 2) for each, found in lists.items()}


def _within(rows: Select[Any], order: Order, span: Span) -> Select[Any]:
    if span.after is not None:
        rows = rows.where(order.beyond(span.after))
    if span.before is not None:
        rows = rows.where(order.beyond(span.before, backward=True))
    return rows


def _edges(rows: Select[Any], order: Order, span: Span) -> list[tuple[str, Select[Any]]]:
    """What lies on the far side of each cursor, the cursor's own row included."""
    edges = []
    if span.after is not None:
        edges.append(("previous", rows.where(order.beyond(span.after, backward=True, inclusive=True))))
    if span.before is not None:
        edges.append(("next", rows.where(order.beyond(span.before, inclusive=True))))
    return edges


def _page(
    found: Sequence[Row[Any]], key_length: int, span: Span, beside: Set[str], make: MakeRow[T], extra: int = 0
) -> Page[T]:
    """`extra`: how many columns follow the key."""
    more = len(found) > span.size
    kept = list(found[: span.size])
    if span.backward:
        kept.reverse()
    end = len(kept[0]) - extra if kept else 0
    start = end - key_length
    return Page(
        rows=[make(row[:start]) for row in kept],
        keys=[tuple(row[start:end]) for row in kept],
        has_next="next" in beside or (more and not span.backward),
        has_previous="previous" in beside or (more and span.backward),
    )
