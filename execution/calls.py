"""Calls of batch functions that wait for their turn: one for all rows that need the same function, the same way."""

from collections.abc import Sequence
from typing import Any

from execution.instance import Instance, is_object, objects
from execution.planned import PlannedField
from execution.readings import Batch, Once

Waiting = tuple[Instance, PlannedField, list[Any] | None, int]
"""Whose values are to be found, of which field: they begin at a place, one for each row that has a key. The list is what
the others have for a value already, None or why their key cannot be read; it is None where all rows wait."""


class Call:
    """One call to be made, and who waits for it."""

    __slots__ = ("_columns", "_keywords", "_parents", "_reading", "waiting")

    def __init__(self, instance: Instance, planned: PlannedField, keywords: dict[str, Any]) -> None:
        """A call for the rows of one instance."""
        reading = planned.reading
        assert isinstance(reading, Batch | Once)
        self._reading = reading
        self._keywords = keywords
        self._columns = planned.columns
        self._parents, keys = _parents(instance, planned)
        self.waiting: list[Waiting] = [(instance, planned, keys, 0)]

    def join(self, instance: Instance, planned: PlannedField) -> None:
        """Have the rows of another instance wait for it too."""
        parents, keys = _parents(instance, planned)
        self.waiting.append((instance, planned, keys, len(self._parents)))
        self._parents = [*self._parents, *parents]
        both = self._columns is not None and planned.columns is not None
        self._columns = (self._columns or frozenset()) | (planned.columns or frozenset()) if both else None

    async def made(self, context: Any) -> Sequence[Any]:
        """What it finds for all who wait. What it fails with is the error of each."""
        if not self._parents:
            return ()
        try:
            return await self._made(context)
        except Exception as error:  # noqa: BLE001  whatever it is, it is told as the error of the fields that asked
            return [error] * len(self._parents)

    async def _made(self, context: Any) -> Sequence[Any]:
        reading, keywords, parents = self._reading, self._keywords, self._parents
        if reading.rows_of is not None:
            keywords = {**keywords, "columns": self._columns}
        if reading.__class__ is Once:
            return [await reading.function(context, **keywords)] * len(parents)
        values: Sequence[Any] = await reading.function(parents, context, **keywords)
        if len(values) != len(parents):
            name = getattr(reading.function, "__qualname__", repr(reading.function))
            raise ValueError(f"{name} gave {len(values)} values for {len(parents)} parents")
        return values


def share_of(values: Sequence[Any], waiting: Waiting) -> list[Any]:
    """What was found for one of those who wait."""
    instance, _, keys, start = waiting
    if keys is not None:
        found = iter(values[start:])
        return [next(found) if is_object(each) else each for each in keys]
    size = len(instance.rows)
    if values.__class__ is list and len(values) == size:
        return values
    return list(values[start : start + size])


def _parents(instance: Instance, planned: PlannedField) -> tuple[Sequence[Any], list[Any] | None]:
    """What a call is given for the rows of an instance, and the keys where some rows have none."""
    read, rows = planned.key_of, instance.rows
    if read is None:
        return rows, None
    try:
        keys = list(map(read, rows))
    except Exception:  # noqa: BLE001  found out for which rows, and told of those alone
        keys = [_key(read, row) for row in rows]
    given = objects(keys)
    return given, None if given is keys else keys


def _key(read: Any, row: Any) -> Any:
    try:
        return read(row)
    except Exception as error:  # noqa: BLE001  a key that cannot be read is the error of its field
        return error
