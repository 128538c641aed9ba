"""What may go from one process of the hub to another, and how: operations, their results, and what went wrong.

Pickle, because an operation is a function of ours with arguments of ours, of a hundred types. Only what is named here is
taken apart and put together again: our own packages' functions and classes, and plain values of Python. What belongs to
a process (its map, its parts) goes by its type's name, and the receiving process puts its own in its place.
"""

import asyncio
import io
import pickle
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from storage.errors import StoreError

T = TypeVar("T")
_Own = dict[type, Callable[[], Any]]

OURS = frozenset({"connectors", "domain", "resolvers", "storage", "worker"})
_PLAIN = frozenset(
    {
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("functools", "partial"),
    }
)
_TROUBLES = (AssertionError, AttributeError, IndexError, KeyError, LookupError, RuntimeError, TypeError, ValueError)
_KNOWN = _PLAIN | {("builtins", each.__name__) for each in _TROUBLES}
_BROKEN = (pickle.PickleError, AttributeError, EOFError, ImportError, LookupError, TypeError, ValueError)
"""What putting together raises where somebody's class has changed, or was never meant to cross."""


class CannotCross(TypeError):
    """This cannot go to another process: a fault of ours."""


class WriteFailed(StoreError):
    """The writing process failed at it; the message is what it said, its log has the whole."""


class Crossing:
    """Turns what crosses into bytes and back. `keep` tells what each process has of its own."""

    def __init__(self, packages: Collection[str] = OURS) -> None:
        self._own: _Own = {}
        self._packages = packages
        self.complete = asyncio.Event()
        """Set when this process has all that it has of its own: only then can it do what others hand over."""

    def keep(self, kind: type[T], own: Callable[[], T]) -> None:
        """Things of exactly this type stay where they are; what arrives in their place is what `own` gives there."""
        self._own[kind] = own

    def pack(self, value: object) -> bytes:
        """Raises CannotCross."""
        into = io.BytesIO()
        try:
            _Packer(into, self._own, self._packages).dump(value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise CannotCross(f"{_shown(value)} cannot go to another process: {error}") from error
        return into.getvalue()

    def unpack(self, data: bytes | memoryview) -> Any:
        """Raises CannotCross."""
        try:
            return _Unpacker(io.BytesIO(data), self._own, self._packages).load()
        except _BROKEN as error:
            raise CannotCross(f"what came from another process cannot be put together: {error}") from error

    def pack_error(self, error: BaseException) -> bytes:
        """An error as it can be raised over there: itself where it is one of ours, else WriteFailed with its words."""
        try:
            data = self.pack(error)
            if type(self.unpack(data)) is type(error):
                return data
        except CannotCross:
            pass
        return self.pack(WriteFailed(f"{type(error).__name__}: {error}"))


def _shown(value: object) -> str:
    apply = getattr(value, "apply", value)
    return f"{getattr(apply, 'func', apply)!r}"


class _Packer(pickle.Pickler):
    def __init__(self, into: io.BytesIO, own: _Own, packages: Collection[str]) -> None:
        super().__init__(into, protocol=5)
        self._own, self._packages = own, packages

    def reducer_override(self, obj: Any) -> Any:
        """Asked for everything but the plainest values."""
        kind = type(obj)
        if kind in self._own:
            return own_of, (kind,)
        if isinstance(obj, type) or kind is _FUNCTION:
            _require_known(obj.__module__, obj.__qualname__, self._packages)
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    def __init__(self, source: io.BytesIO, own: _Own, packages: Collection[str]) -> None:
        super().__init__(source)
        self._own, self._packages = own, packages

    def find_class(self, module: str, name: str) -> Any:
        """The function or class of this name, if it may come."""
        if (module, name) == _OWN:
            return self._mine
        _require_known(module, name, self._packages)
        found = super().find_class(module, name)
        # A module of ours has names that are not ours: what it imports.
        _require_known(getattr(found, "__module__", ""), getattr(found, "__qualname__", name), self._packages)
        return found

    def _mine(self, kind: type) -> Any:
        return self._own[kind]()


def own_of(kind: type) -> Any:
    """Stands, in what crosses, for what the receiving process has of a type; never called by this name."""
    raise CannotCross(f"nobody has a {kind.__name__} of his own here")


_OWN = (own_of.__module__, own_of.__qualname__)
_FUNCTION = type(own_of)


def _require_known(module: str, name: str, packages: Collection[str]) -> None:
    """Only what stands in a module itself: by a name with dots pickle would walk from one of ours into another's."""
    ours = module.partition(".")[0] in packages and "." not in name
    if not ours and (module, name) not in _KNOWN:
        raise pickle.PicklingError(f"{module}.{name} may not cross")
