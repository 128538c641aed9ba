"""Rows that have but the columns that somebody asked for: the row's class in all else, made once for each set of columns."""

from collections import namedtuple
from collections.abc import Callable, Set
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

R = TypeVar("R", bound=NamedTuple)

Make = Callable[[Any], Any]
"""Makes a row of the values that were read. Values that follow the columns' own are kept behind them, without a name."""


def columns_of(kind: type[NamedTuple], asked: Set[str] | None, *always: str) -> tuple[str, ...]:
    """The columns of a class of rows that were asked for (None: all) and those that are always there, in its order. What
    is no column of it is passed over: it is read off something else."""
    return kind._fields if asked is None else _ordered(kind, frozenset(asked), always)


@lru_cache(1_000)
def _ordered(kind: type[NamedTuple], asked: frozenset[str], always: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in kind._fields if name in asked or name in always)


_new_kind: Callable[[str, tuple[str, ...]], Any] = namedtuple
"""Its columns are known when it runs only, which type checkers cannot follow."""


@lru_cache(1_000)
def maker_of(kind: type[R], columns: tuple[str, ...]) -> Make:
    """What makes rows of these columns. One that has not all of them raises AttributeError for the others."""
    if columns == kind._fields:
        return kind._make
    lean = _new_kind(f"Lean{kind.__name__}", columns)
    return partial(tuple.__new__, lean)
