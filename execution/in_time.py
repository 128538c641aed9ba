"""A limit of time that costs nothing where there is nothing to wait for.

An operation that finds all it needs at once never goes through the event loop. So a timer is set only when it first has
to wait: until then nothing else could run, and no timer could go off either.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float | None, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns or raises. Raises TimeLimitPassed, having cancelled it, where it takes longer; None: it may."""
    if seconds is None:
        return await work
    try:
        waiting = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    try:
        async with asyncio.timeout(seconds) as limit:
            return await _going_on(work, waiting)
    except TimeoutError as error:
        if limit.expired():
            raise TimeLimitPassed from error
        raise


class TimeLimitPassed(Exception):
    """Something took longer than it may."""


@coroutine
def _going_on(work: Coroutine[Any, Any, T], waiting: Any) -> Generator[Any, Any, T]:
    """Await a coroutine that was begun and waits for something."""
    try:
        while True:
            try:
                told = yield waiting
            except BaseException as error:  # noqa: BLE001  handed on, whatever it is, to whom it is meant for
                waiting = work.throw(error)
            else:
                waiting = work.send(told)
    except StopIteration as done:
        result: T = done.value
        return result
