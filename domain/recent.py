"""What was used lately, of more than can be remembered."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `count` values by their keys, and with `size_of` at most `size` of them together.

    What was neither asked for nor put there the longest is forgotten first.
    """

    def __init__(self, count: int, *, size: int = 0, size_of: Callable[[V], int] | None = None) -> None:
        self._count, self._most, self._size_of = count, size, size_of
        self._size = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value of a key, which is now the last that was used; None where it is not remembered."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Remembers a value, in place of the one that the key had."""
        replaced = self._values.pop(key, None)
        self._values[key] = value
        if self._size_of is not None:
            self._size += self._size_of(value) - (0 if replaced is None else self._size_of(replaced))
        while len(self._values) > self._count or self._size > self._most:
            _, forgotten = self._values.popitem(last=False)
            if self._size_of is not None:
                self._size -= self._size_of(forgotten)
