"""Where functions of storage run that wait for asyncpg: a greenlet that is kept for one after the other.

SQLAlchemy's `run_sync` makes a greenlet for each call. The interpreter gives each new one a stack of its own, taken from
the system and given back to it in the end, which takes as long as asyncpg needs to ask and to be answered.
"""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")

_DONE = object()


class Bridge:
    """Runs plain functions one after another; where they wait, with SQLAlchemy's `await_only`, the loop goes on."""

    __slots__ = ("_error", "_greenlet", "_value")

    def __init__(self) -> None:
        self._greenlet: Any = None
        self._value: Any = None
        self._error: BaseException | None = None

    async def run(self, function: Callable[[Any], T], connection: Any) -> T:
        """What `function(connection)` returns or raises. Never two at the same time."""
        worker = self._greenlet
        if worker is None:
            worker = self._greenlet = greenlet(self._work)
            worker.__sqlalchemy_greenlet_provider__ = True  # its `await_only` asks for this
        worker.gr_context = getcurrent().gr_context
        waiting = worker.switch(function, connection)
        while waiting is not _DONE:
            try:
                told = await waiting
            except BaseException:  # noqa: BLE001  handed on, whatever it is, to the function that waits
                waiting = worker.throw(*sys.exc_info())
            else:
                waiting = worker.switch(told)
        found: T = self._outcome()
        return found

    def _outcome(self) -> Any:
        value, error = self._value, self._error
        self._value = self._error = None
        if error is None:
            return value
        try:
            raise error
        finally:
            del error  # which would hold this frame, and be held by it

    def _work(self, function: Callable[[Any], Any], connection: Any) -> None:
        while True:
            try:
                self._value = function(connection)
            except BaseException as error:  # noqa: BLE001  raised where it was called for
                self._error = error
            del function
            function, connection = getcurrent().parent.switch(_DONE)

    def close(self) -> None:
        """Ends the greenlet; nothing runs in it any more."""
        if self._greenlet is not None:
            self._greenlet.throw()
            self._greenlet = None
