"""What all connections share: the rules of first/after/last/before, cursors, and a page with its count to be asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Generic, TypeVar

from domain import sealing
from resolvers import errors
from resolvers.context import Context
from storage.errors import CountTimedOut
from storage.rows import Page
from storage.statements.keyset import Key, Span

T = TypeVar("T")
K = TypeVar("K")

DEFAULT_SIZE = 20
MAX_SIZE = 100

Count = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Paging:
    """The arguments of a connection as the client gave them; hashable, so that a wave of parents can share a call."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@dataclass(frozen=True)
class ListResult(Generic[T]):
    """A page of a list. `count` asks for the number of all rows only when it is called; it raises CountTimeout."""

    rows: Sequence[T]
    keys: Sequence[Key]
    has_next: bool
    has_previous: bool
    count: Count
    seal: Callable[[Key], str]

    @cached_property
    def cursors(self) -> list[str]:
        """The cursor of each row."""
        return [self.seal(key) for key in self.keys]

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first row; None of an empty page."""
        return self.seal(self.keys[0]) if self.keys else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row; None of an empty page."""
        return self.seal(self.keys[-1]) if self.keys else None


async def span_of(ctx: Context, paging: Paging, order: str) -> Span:
    """Which part of the list `order` (its name with its order) is asked for. Raises BadUserInput, InvalidCursor, CursorExpired."""
    size, backward = page_size(paging), paging.last is not None
    if paging.after is None and paging.before is None:
        return _from_the_end(size, backward)
    reader = (await ctx.visibility()).reader
    after = _key(ctx, paging.after, "after", order, reader)
    before = _key(ctx, paging.before, "before", order, reader)
    return Span(size, after, before, backward=backward)


@cache
def _from_the_end(size: int, backward: bool) -> Span:
    return Span(size, None, None, backward=backward)


def page_size(paging: Paging) -> int:
    """How many rows are asked for. Raises BadUserInput outside 1 to 100."""
    if paging.first is not None and paging.last is not None:
        raise errors.BadUserInput("Give first or last, not both.")
    name, size = ("last", paging.last) if paging.last is not None else ("first", paging.first)
    if size is None:
        return DEFAULT_SIZE
    if not 1 <= size <= MAX_SIZE:
        raise errors.BadUserInput(f"{name} must be 1 to {MAX_SIZE}, not {size}.", argument=name)
    return size


def _key(ctx: Context, cursor: str | None, name: str, order: str, reader: bytes) -> Key | None:
    if cursor is None:
        return None
    try:
        return ctx.parts.cursors.open_list(cursor, order, reader).key
    except sealing.InvalidCursor as error:
        raise errors.InvalidCursor(f"This cursor does not belong here: {error}.", argument=name) from error
    except sealing.ExpiredCursor as error:
        raise errors.CursorExpired from error


async def list_result(ctx: Context, page: Page[T], order: str, count: Count) -> ListResult[T]:
    """A page that was read, with what makes its cursors and counts the whole list."""
    seal = ctx.parts.cursors.list_sealer(order, (await ctx.visibility()).reader)
    return ListResult(page.rows, page.keys, page.has_next, page.has_previous, count, seal)


async def in_time(ctx: Context, counting: Awaitable[T]) -> T:
    """What is counted, or CountTimeout if that took longer than it may."""
    try:
        return await counting
    except CountTimedOut as error:
        raise errors.CountTimeout(ctx.parts.settings.count_timeout) from error


class AskedOnce(Generic[K, T]):
    """An answer for many keys that is asked for at the first `of` and shared by all; a failure is everybody's."""

    def __init__(self, ask: Callable[[], Awaitable[Mapping[K, T]]]) -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._answer: Mapping[K, T] | errors.ClientError | None = None

    async def of(self, key: K, default: T) -> T:
        """The answer for one key."""
        async with self._turn:
            if self._answer is None:
                try:
                    self._answer = await self._ask()
                except errors.ClientError as error:
                    self._answer = error
        if isinstance(self._answer, errors.ClientError):
            raise self._answer
        return self._answer.get(key, default)
