"""How full clients' buckets are, in memory that several processes share: what one process lets a client take, all know of.

A bucket that fills steadily is one number: the moment at which it will be full again. Each has a word of 64 bits, 16 of
them a mark of its name and the others that moment; a word is read and written whole. Two processes that write the same one
in the same microsecond keep the later; two names that fall on one word forget one another. Either errs in a client's favour.
"""

import hashlib
import time
from collections.abc import Callable

SLOTS = 65_536
"""Buckets that there is room for."""
BYTES = 8 * SLOTS
_FINENESS = 65_536
"""Parts of a second that a moment is told in; 48 bits of them are a hundred years."""
_MOMENT = (1 << 48) - 1


class SharedLevels:
    """All buckets. `memory` is BYTES long, shared by all processes and zero at first; `key` is theirs alone, so that nobody
    can choose a name that falls on another's. The clock must be the same for all: the system's own monotonic one is."""

    def __init__(self, memory: memoryview, key: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._words = memory.cast("B").cast("Q")
        self._key = key
        self._clock = clock

    def level(self, name: str, maximum: float, per_second: float) -> "Level":
        """The bucket of this name, of such a size and pace."""
        digest = hashlib.blake2b(name.encode(), key=self._key, digest_size=4).digest()
        slot, mark = int.from_bytes(digest[:2], "big"), int.from_bytes(digest[2:], "big")
        return Level(self._words, slot, mark, maximum, per_second, self._clock)


class Level:
    """One bucket."""

    __slots__ = ("_clock", "_mark", "_maximum", "_per_second", "_slot", "_words")

    def __init__(
        self,
        words: memoryview,
        slot: int,
        mark: int,
        maximum: float,
        per_second: float,
        clock: Callable[[], float],
    ) -> None:
        self._words, self._slot, self._mark = words, slot, mark << 48
        self._maximum, self._per_second, self._clock = maximum, per_second, clock

    @property
    def left(self) -> float:
        """What is in it now; below nothing where more was taken than it holds."""
        word = self._words[self._slot]
        if word & ~_MOMENT != self._mark:
            return self._maximum
        full_in = (word & _MOMENT) / _FINENESS - self._clock()
        return self._maximum if full_in <= 0 else self._maximum - full_in * self._per_second

    @left.setter
    def left(self, left: float) -> None:
        full_at = self._clock() + (self._maximum - left) / self._per_second
        moment = int(full_at * _FINENESS) - 1  # never later: what is just enough must be enough
        self._words[self._slot] = self._mark | (moment & _MOMENT)
