"""Pages of a list by keyset, in both directions: where a page begins and ends is the key of a row, never a count of rows.

A list has an order: one key and, where that is not unique, a second one that is (the row id). Pages are read with one
row more than asked for, to know whether there is more; what lies behind the cursor is looked for with one statement.

Lists that are read often are kept: their statements are compiled once for each shape (storage/statements/prepared.py).
"""

import operator
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar, overload

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)

from storage.rows import Page
from storage.statements.prepared import prepared

T = TypeVar("T")
Key: TypeAlias = tuple[int | None, ...]
MakeRow: TypeAlias = Callable[[Any], T]


SIZE_NAME = "page_size"
"""What the number of rows to read is called in the statements, where its value is given each time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list: at most `size` rows between two keys (both left out), from the front or, `backward`, the end."""

    size: int
    after: Key | None = None
    before: Key | None = None
    backward: bool = False

    @property
    def shape(self) -> Hashable:
        """What the text of its statement depends on: which ends it has, and whether their rows have a key."""
        return self.backward, *(None if key is None else key[0] is None for key in (self.after, self.before))

    @property
    def values(self) -> dict[str, Any]:
        """What its statement is given."""
        found: dict[str, Any] = {SIZE_NAME: self.size + 1}
        for name, key in (("after", self.after), ("before", self.before)):
            found |= {f"{name}_{n}": part for n, part in enumerate(key or ())}
        return found


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

    def beyond(self, key: Key, name: str, *, backward: bool = False, inclusive: bool = False) -> ColumnElement[bool]:
        """Rows that come after the key (backward: before it); `inclusive`: or stand at it. `name` is what its parts are
        named by, with their numbers.

        SQL's comparison of rows knows no rows without a key: those are told apart, and need a `tie`.
        """
        compare = _COMPARISONS[self.descending != backward, inclusive]
        parts = [bindparam(f"{name}_{n}", part, BigInteger()) for n, part in enumerate(key)]
        if key[0] is None and self.tie is not None:
            told, among = self.key.is_not(None), compare(self.tie, parts[1])
            return or_(told, among) if backward else and_(not_(told), among)
        beyond: ColumnElement[bool] = (
            compare(self.key, parts[0]) if self.tie is None else compare(tuple_(self.key, self.tie), tuple_(*parts))
        )
        return or_(beyond, self.key.is_(None)) if self.nullable and not backward else beyond


_COMPARISONS: dict[tuple[bool, bool], Callable[[Any, Any], Any]] = {
    (False, False): operator.gt,
    (False, True): operator.ge,
    (True, False): operator.lt,
    (True, True): operator.le,
}
"""How a row that comes later compares, by whether keys fall and whether the key itself counts."""


PAGE, PREVIOUS, NEXT = "page", "previous", "next"
"""The parts of a list that are read: a page, and what lies before and behind it."""

Build: TypeAlias = Callable[[], tuple[Select[Any], Order]]


@dataclass(frozen=True, slots=True)
class Way:
    """A statement that reads one part of a list stretch by stretch, until there are rows enough.

    Say the newest fifty are wanted: the first of the `stretches` are bounds of the last week, the second of the month before
    it, the last of all that is left. All together they find what the plain statement finds, in its order.
    """

    build: Build
    shape: Hashable
    stretches: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ListOf(Generic[T]):
    """A list that can be read in pages: `build` gives the statement of its rows, and their order.

    `make` gets a row with its key behind its columns. With a `shape`, the key of what `build` makes, the list's
    statements are kept, and given the `values`; without one they are built each time. `columns`: so many are the row's
    own; `key_length`: so many parts has its key. `key_places`: which of the columns hold its key already; it is not read
    again then, of one page. `ways`: how a page, or what lies beside it, is read instead.
    """

    build: Build
    make: MakeRow[T]
    columns: int
    shape: Hashable = None
    values: Mapping[str, Any] = field(default_factory=dict)
    key_length: int = 2
    key_places: Sequence[int] | None = None
    ways: Mapping[str, Way] = field(default_factory=dict)


def read_page(conn: Connection, rows: Select[Any], order: Order, span: Span, make: MakeRow[T]) -> Page[T]:
    """One page of the list that `rows` selects; `make` turns a row, without its key, into what the page holds."""
    return page_of(conn, _built(rows, order, make), span)


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
    return pages_of(conn, _built(rows, order, make), span, lambda: parent, parents)


def _built(rows: Select[Any], order: Order, make: MakeRow[T]) -> ListOf[T]:
    columns = len(rows.selected_columns)
    return ListOf(lambda: (rows, order), lambda row: make(row[:columns]), columns, key_length=len(order.columns))


def page_of(conn: Connection, asked: ListOf[T], span: Span) -> Page[T]:
    """One page of a list."""
    finish = _page_statement if asked.key_places is None else _ordered
    found = _part(conn, asked, span, PAGE, span.size + 1, finish)
    beside = {side for side in _sides(span) if _part(conn, asked, span, side, 1, partial(_beside, side=side))}
    return _page(found, span, beside, asked, asked.key_places)


def _part(
    conn: Connection,
    asked: ListOf[Any],
    span: Span,
    part: str,
    wanted: int,
    finish: Callable[[Select[Any], Order, Span], Select[Any]],
) -> Sequence[Any]:
    way = asked.ways.get(part)
    if way is None:
        return _run(conn, asked, span, part, lambda: finish(*asked.build(), span))
    found: list[Any] = []
    for values in way.stretches:
        left = {**values, SIZE_NAME: wanted - len(found)}
        found += _run(conn, asked, span, (part, way.shape), lambda: finish(*way.build(), span), left)
        if len(found) >= wanted:
            break
    return found


def _page_statement(rows: Select[Any], order: Order, span: Span) -> Select[Any]:
    keys = [column.label(f"key_{n}") for n, column in enumerate(order.columns)]
    return _ordered(rows.add_columns(*keys), order, span)


def _ordered(rows: Select[Any], order: Order, span: Span) -> Select[Any]:
    size = bindparam(SIZE_NAME, span.size + 1, Integer())
    return _within(rows, order, span).order_by(*order.by(backward=span.backward)).limit(size)


def _beside(rows: Select[Any], order: Order, span: Span, side: str) -> Select[Any]:
    return _edge(rows, order, span, side).with_only_columns(literal_column("1")).limit(1)


def pages_of(
    conn: Connection,
    asked: ListOf[T],
    span: Span,
    parent: Callable[[], ColumnElement[Any]],
    parents: Sequence[int],
) -> dict[int, Page[T]]:
    """The same part of many lists at once, one for each parent; `parent` gives the column that tells whose list a row is
    in, and is part of the list's shape."""
    ids = sorted(set(parents))

    def of_these() -> tuple[Select[Any], Order]:
        rows, order = asked.build()
        return rows.where(parent().in_(bindparam("parents", ids, BigInteger(), expanding=True))), order

    lists: dict[int, list[Any]] = {each: [] for each in parents}
    every = {"parents": ids}
    for row in _run(conn, asked, span, "pages", lambda: _numbered(*of_these(), span, parent()), every):
        lists[row[-2]].append(row)
    beside: dict[int, set[str]] = {each: set() for each in parents}
    for side in _sides(span):
        for (each,) in _run(
            conn, asked, span, f"{side} of each", partial(_of_each, of_these, parent, span, side), every
        ):
            beside[each].add(side)
    return {each: _page(found, span, beside[each], asked) for each, found in lists.items()}


def _numbered(rows: Select[Any], order: Order, span: Span, parent: ColumnElement[Any]) -> Select[Any]:
    """The first rows of each list, with the list's parent and their place in it behind their key."""
    keys = [column.label(f"key_{n}") for n, column in enumerate(order.columns)]
    place = (
        func.row_number().over(partition_by=parent, order_by=order.by(backward=span.backward)).label("place_in_list")
    )
    every = _within(rows.add_columns(*keys, parent.label("parent_of_list"), place), order, span).subquery()
    size = bindparam(SIZE_NAME, span.size + 1, Integer())
    return select(every).where(every.c.place_in_list <= size).order_by(every.c.place_in_list)


def _of_each(build: Build, parent: Callable[[], ColumnElement[Any]], span: Span, side: str) -> Select[Any]:
    return _edge(*build(), span, side).with_only_columns(parent()).distinct()


def _run(
    conn: Connection,
    asked: ListOf[Any],
    span: Span,
    part: Hashable,
    build: Callable[[], Select[Any]],
    values: Mapping[str, Any] | None = None,
) -> Sequence[Any]:
    if asked.shape is None:
        return conn.execute(build()).all()
    statement = prepared(conn, ("list", part, span.shape, asked.shape), build)
    return statement.rows(conn, {**asked.values, **span.values, **(values or {})})


def _within(rows: Select[Any], order: Order, span: Span) -> Select[Any]:
    if span.after is not None:
        rows = rows.where(order.beyond(span.after, "after"))
    if span.before is not None:
        rows = rows.where(order.beyond(span.before, "before", backward=True))
    return rows


def _sides(span: Span) -> list[str]:
    """On which sides there may be rows that no page of this span shows."""
    return [side for side, key in ((PREVIOUS, span.after), (NEXT, span.before)) if key is not None]


def _edge(rows: Select[Any], order: Order, span: Span, side: str) -> Select[Any]:
    """What lies on the far side of a cursor, the cursor's own row included."""
    if side == PREVIOUS:
        return rows.where(order.beyond(span.after or (), "after", backward=True, inclusive=True))
    return rows.where(order.beyond(span.before or (), "before", inclusive=True))


def _page(
    found: Sequence[Any], span: Span, beside: Set[str], asked: ListOf[T], key_places: Sequence[int] | None = None
) -> Page[T]:
    more = len(found) > span.size
    kept = list(found[: span.size])
    if span.backward:
        kept.reverse()
    return Page(
        rows=list(map(asked.make, kept)),
        keys=_Keys(kept, range(asked.columns, asked.columns + asked.key_length) if key_places is None else key_places),
        has_next=NEXT in beside or (more and not span.backward),
        has_previous=PREVIOUS in beside or (more and span.backward),
    )


class _Keys(Sequence[Key]):
    """The keys of rows as they were read; hardly anybody asks for more than the first and the last."""

    def __init__(self, rows: Sequence[Any], places: Sequence[int]) -> None:
        self._rows = rows
        self._places = places

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Key: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Key]: ...
    def __getitem__(self, place: int | slice) -> Key | Sequence[Key]:
        if isinstance(place, slice):
            return [self._key_of(row) for row in self._rows[place]]
        return self._key_of(self._rows[place])

    def _key_of(self, row: Any) -> Key:
        return tuple([row[each] for each in self._places])
