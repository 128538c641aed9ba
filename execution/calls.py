"""Calls of batch functions that wait for their turn: one for all rows that need the same function, the same way."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from execution.batch import frozen
from execution.instance import Instance, is_object
from execution.plan import PlannedField
from execution.readings import Batch, Once

Found = Callable[[Instance, PlannedField, list[Any]], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a field is asked with: its arguments, the keywords of its function, and a key that is equal for equal ones."""

    arguments: dict[str, Any]
    keywords: dict[str, Any]
    key: Hashable

    @classmethod
    def of(cls, arguments: dict[str, Any], keywords: dict[str, Any]) -> "Asked":
        """Arguments and the keywords that were made of them."""
        return cls(arguments, keywords, frozen(keywords) if keywords else None)


@dataclass(slots=True)
class _Waiting:
    """Whose values are to be found: they begin at `start`, one for each row that has a key. `keys`: what the others have
    for a value already, None or why their key cannot be read; None where all rows wait."""

    instance: Instance
    field: PlannedField
    keys: list[Any] | None
    start: int


@dataclass(slots=True)
class Call:
    """One call to be made, and who waits for it."""

    reading: Batch | Once
    keywords: dict[str, Any]
    columns: frozenset[str] | None
    parents: list[Any] = field(default_factory=list)
    waiting: list[_Waiting] = field(default_factory=list)

    def join(self, instance: Instance, planned: PlannedField, columns: frozenset[str] | None) -> None:
        """Have the rows of an instance wait for it too."""
        rows = list(instance.rows)
        key = self.reading.key if isinstance(self.reading, Batch) else None
        keys: list[Any] | None = None
        if key is not None:
            rows = _keys(rows, key)
            if None in rows or any(issubclass(each, Exception) for each in set(map(type, rows))):
                keys = rows
                rows = [each for each in rows if is_object(each)]
        self.waiting.append(_Waiting(instance, planned, keys, len(self.parents)))
        self.parents += rows
        self.columns = None if self.columns is None or columns is None else self.columns | columns

    async def make(self, context: Any, found: Found) -> None:
        """Make it, and tell each who waits what was found. What it fails with is the error of every field."""
        values: Sequence[Any] = ()
        if self.parents:
            try:
                values = await self._made(context)
            except Exception as error:  # noqa: BLE001  whatever it is, it is told as the error of the fields that asked
                values = [error] * len(self.parents)
        for each in self.waiting:
            found(each.instance, each.field, _share(values, each))

    async def _made(self, context: Any) -> Sequence[Any]:
        keywords = self.keywords
        if self.reading.rows_of is not None:
            keywords = {**keywords, "columns": self.columns}
        if isinstance(self.reading, Once):
            return [await self.reading.function(context, **keywords)] * len(self.parents)
        values: Sequence[Any] = await self.reading.function(self.parents, context, **keywords)
        if len(values) != len(self.parents):
            name = getattr(self.reading.function, "__qualname__", repr(self.reading.function))
            raise ValueError(f"{name} gave {len(values)} values for {len(self.parents)} parents")
        return values


def _keys(rows: Sequence[Any], key: str) -> list[Any]:
    try:
        return list(map(attrgetter(key), rows))
    except Exception:  # noqa: BLE001  found out for which rows, and told of those alone
        return [_key(row, key) for row in rows]


def _key(row: Any, key: str) -> Any:
    try:
        return getattr(row, key)
    except Exception as error:  # noqa: BLE001  a key that cannot be read is the error of its field
        return error


def _share(values: Sequence[Any], waiting: _Waiting) -> list[Any]:
    if waiting.keys is None:
        return list(values[waiting.start : waiting.start + len(waiting.instance.rows)])
    found = iter(values[waiting.start :])
    return [next(found) if is_object(each) else each for each in waiting.keys]


class Calls:
    """The calls of one front of an operation, in the order that they were asked for."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(
        self,
        instance: Instance,
        planned: PlannedField,
        reading: Batch | Once,
        asked: Asked,
        columns: frozenset[str] | None,
    ) -> None:
        """Have the rows of an instance wait for a call with these keywords."""
        key = (reading.function, asked.key)
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = Call(reading, asked.keywords, columns)
        call.join(instance, planned, columns)

    def taken(self) -> list[Call]:
        """All of them, to be made now."""
        calls, self._calls = list(self._calls.values()), {}
        return calls
