"""Writes that may be done twice without harm: where nobody knows what became of one, it is done again."""

from typing import TypeVar

from storage.errors import OutcomeUnknown
from storage.store import Store
from storage.writing.transaction import Operation

T = TypeVar("T")

_TIMES = 5


async def write_surely(store: Store, operation: Operation[T]) -> T:
    """As `Store.write`, but a lost outcome is asked for again, a few times. Not for what counts or makes something anew."""
    for _ in range(_TIMES - 1):
        try:
            return await store.write(operation)
        except OutcomeUnknown:
            continue
    return await store.write(operation)
