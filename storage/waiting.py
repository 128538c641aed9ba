"""Writes that wait for their group, and how those who asked for them are told."""

import asyncio
from typing import Any

from storage.group import Done
from storage.transaction import Operation

MAX_WAITING = 10_000

Job = tuple[Operation[Any], "asyncio.Future[Any]"]
"""An operation, and who waits for it."""


def settle(future: "asyncio.Future[Any]", outcome: Done) -> None:
    """Gives who waits the outcome of an operation that is done."""
    if future.done() or outcome.more_locks:
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.value)
