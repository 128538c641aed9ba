"""Many loads of one wave become one call, so that a field of a hundred parents asks the store once.

`load` may be called by any resolver. It hands back a future and notes the parent; when a wave of loads is over, each
function is awaited once for all the parents that were noted for it with the same arguments.

A wave is over when the event loop went round `QUIET_TURNS` times without a further load in this context. One turn would
do for parents of one list; unions and nested lists make graphql-core reach the parents of one level a turn or two apart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

QUIET_TURNS = 3

R = TypeVar("R")
BatchFunction = Callable[..., Awaitable[Sequence[R | Exception]]]


class LoadingContext(Protocol):
    """What a context must have: an empty dict of its own, which this module fills."""

    @property
    def loaders(self) -> dict[Any, Any]:
        """Loads under way; new and empty for each context."""


@dataclass(slots=True)
class _Batch:
    function: BatchFunction[Any]
    arguments: dict[str, Any]
    parents: list[Any] = field(default_factory=list)
    answers: list[asyncio.Future[Any]] = field(default_factory=list)


def load(context: LoadingContext, function: BatchFunction[R], parent: Any, **arguments: Any) -> Awaitable[R]:
    """Return the value that `function(parents, context, **arguments)` finds for `parent`, asked with others of its kind.

    The function must answer with one value for each parent, in their order; an Exception among them is raised for that
    parent alone. Parents are not compared: the same parent twice is asked twice.
    """
    wave: _Wave | None = context.loaders.get(_Wave)
    if wave is None:
        wave = context.loaders[_Wave] = _Wave(context)
    return wave.add(function, parent, arguments)


async def abandon(context: object) -> None:
    """Stop the loads of `context` that are still under way, and wait until they have let go of it."""
    loaders = getattr(context, "loaders", None)
    wave = loaders.pop(_Wave, None) if isinstance(loaders, dict) else None
    if wave is not None:
        await wave.stop()


class _Wave:
    """The loads of one context: those of the present wave by function and arguments, and the calls being awaited."""

    def __init__(self, context: LoadingContext) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._batches: dict[Hashable, _Batch] = {}
        self._running: set[asyncio.Task[Sequence[Any]]] = set()
        self._quiet = 0
        self._stopped = False

    def add(self, function: BatchFunction[R], parent: Any, arguments: dict[str, Any]) -> asyncio.Future[R]:
        if not self._batches:
            self._loop.call_soon(self._turn)
        key = (function, frozen(arguments))
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = _Batch(function, arguments)
        answer: asyncio.Future[R] = self._loop.create_future()
        batch.parents.append(parent)
        batch.answers.append(answer)
        self._quiet = 0
        return answer

    def _turn(self) -> None:
        if self._stopped:
            return
        self._quiet += 1
        if self._quiet <= QUIET_TURNS:
            self._loop.call_soon(self._turn)
            return
        batches, self._batches = self._batches, {}
        for batch in batches.values():
            task = self._loop.create_task(_call(batch, self._context))
            self._running.add(task)
            task.add_done_callback(partial(self._called, batch))

    def _called(self, batch: _Batch, task: asyncio.Task[Sequence[Any]]) -> None:
        self._running.discard(task)
        if task.cancelled():
            for answer in batch.answers:
                answer.cancel()
            return
        failure = task.exception()
        values = task.result() if failure is None else [failure] * len(batch.answers)
        for answer, value in zip(batch.answers, values, strict=True):
            _settle(answer, value)

    async def stop(self) -> None:
        self._stopped = True
        waiting = [answer for batch in self._batches.values() for answer in batch.answers]
        for answer in waiting:
            answer.cancel()
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)


async def _call(batch: _Batch, context: LoadingContext) -> Sequence[Any]:
    values = await batch.function(batch.parents, context, **batch.arguments)
    if len(values) != len(batch.parents):
        name = getattr(batch.function, "__qualname__", repr(batch.function))
        raise ValueError(f"{name} gave {len(values)} values for {len(batch.parents)} parents")
    return values


def _settle(answer: asyncio.Future[Any], value: Any) -> None:
    if answer.done():
        return
    if isinstance(value, BaseException):
        answer.set_exception(value)
        answer.exception()  # a field whose parent is null already asks no more; that is no reason for a warning
    else:
        answer.set_result(value)


def frozen(value: Any) -> Hashable:
    """Turn arguments into a key: equal arguments give equal keys, whatever lists and dicts are in them."""
    if isinstance(value, dict):
        return frozenset((name, frozen(item)) for name, item in value.items())
    if isinstance(value, (set, frozenset)):
        return frozenset(frozen(item) for item in value)
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(frozen(item) for item in value))
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return (type(value).__name__, value)
