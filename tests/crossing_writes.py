"""Has every write of the product in every test take the way that it takes to another process, and back.

So whoever writes an operation that cannot cross, or whose result cannot, hears of it from his own tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from domain.areas import AreaMap
from resolvers.context import HubParts
from storage.ingest.sink import StoreSink
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import Store
from storage.together.crossing import OURS, Crossing
from storage.writing.transaction import Operation, Tx
from worker.work import Work

T = TypeVar("T")

ALONE = frozenset({"_switch_on"})
"""What commands alone write, in a process of their own: what it works with is too large, and of too many kinds, to cross."""


class _Here(Crossing):
    """What a process has of its own is, on the same process's other side, that very thing."""

    def __init__(self, value: object) -> None:
        super().__init__({*OURS, "tests"})
        for kind in (AreaMap, HubParts, StoreSink, Work):
            self.keep(kind, partial(_found, value, kind))


def _found(value: Any, kind: type[T]) -> T:
    """The thing of a type among an operation's arguments, or theirs."""
    for argument in _arguments(value):
        if type(argument) is kind:
            return argument
        if hasattr(argument, "parts") or hasattr(argument, "func"):
            try:
                return _found(argument, kind)
            except LookupError:
                continue
    raise LookupError(kind)


def _arguments(value: Any) -> Iterator[Any]:
    if isinstance(value, partial):
        yield from value.args
        yield from value.keywords.values()
    elif hasattr(value, "parts"):
        yield value.parts


def _crossed(operation: Operation[T]) -> Operation[T]:
    """The operation as it comes out on the other side. Those of tests need not cross."""
    function = operation.apply.func if isinstance(operation.apply, partial) else operation.apply
    ours = getattr(function, "__module__", "tests").partition(".")[0] in OURS
    if not ours or function.__name__ in ALONE:
        return operation
    crossing = _Here(operation.apply)
    back: Operation[T] = crossing.unpack(crossing.pack(operation))
    return replace(back, apply=partial(_and_back, back.apply))


def _and_back(apply: Any, tx: Tx) -> Any:
    crossing = Crossing({*OURS, "tests"})
    try:
        value = apply(tx)
    except Exception as error:
        if type(error).__module__.partition(".")[0] in OURS:
            crossing.unpack(crossing.pack(error))
        raise
    return crossing.unpack(crossing.pack(value))


@contextmanager
def all_writes_cross() -> Iterator[None]:
    """For as long as the block lasts, on both engines."""
    writes = {kind: kind.write for kind in (SqliteStore, PostgresStore)}

    def crossing(write: Any) -> Any:
        async def wrapped(self: Store, operation: Operation[Any]) -> Any:
            return await write(self, _crossed(operation))

        return wrapped

    for kind, write in writes.items():
        kind.write = crossing(write)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for kind, write in writes.items():
            kind.write = write  # type: ignore[method-assign]
