"""Finds the values of a plan's fields, breadth first: each field is read for all rows of its selection at once.

What needs nothing but the rows is read at once. Calls of batch functions are gathered over the whole front of the
operation, so that a function is called once for all rows that wait for it with the same arguments; they are made one
after another, for all of them read one snapshot. Plain resolvers are called row by row, and awaited side by side.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import attrgetter
from types import GeneratorType
from typing import Any

from graphql import default_type_resolver
from graphql.pyutils import is_awaitable, is_iterable

from execution.asked import Asked, asked_with
from execution.calls import Call, share_of
from execution.instance import Instance, Kids, Untyped, field_paths, is_object, objects, objects_of
from execution.plan import Plan
from execution.planned import PlannedField, Selection, Way
from execution.readings import Batch, Column, Once, Same, Value
from execution.replay import Executing, PlanExecutor


@dataclass(slots=True)
class _Awaited:
    """Something to be awaited, and where what comes of it belongs."""

    awaitable: Awaitable[Any]
    values: list[Any]
    index: int


class PlanRun:
    """One run of a plan."""

    def __init__(self, plan: Plan, executing: Executing, context: Any, root: Any) -> None:
        """`executing` makes an executor for this run where one is needed."""
        self._plan = plan
        self._executing = executing
        self.context = context
        self._root = root
        self._own: PlanExecutor | None = None
        self._new: list[Instance] = []
        self._calls: dict[Hashable, Call] = {}
        self._awaited: list[_Awaited] = []
        self._due: list[_Awaited] = []
        self._late: list[tuple[Instance, PlannedField]] = []
        self._untyped: list[tuple[Instance, PlannedField]] = []

    def executor(self) -> PlanExecutor:
        """graphql-core's executor of this run, with no errors so far."""
        return self._executing.of(self.context, self._root)

    async def find(self, root: Instance, fields: list[PlannedField]) -> None:
        """Find the values of these fields of an instance, and of all below them."""
        try:
            self._ask(root, fields)
            while True:
                while self._new:
                    new, self._new = self._new, []
                    for instance in new:
                        self._ask(instance, instance.selection.asked)
                if not (self._calls or self._late or self._untyped):
                    return
                await self._wait()
        finally:
            if self._awaited or self._due:
                self._abandon()

    async def _wait(self) -> None:
        """Wait for all that was asked of others; what they found goes on from there."""
        calls, self._calls = self._calls, {}
        late, untyped = self._late, self._untyped
        settling = bool(late or untyped)  # told now: what is found below waits for the next time
        if settling:
            self._due, self._awaited, self._late, self._untyped = self._awaited, [], [], []
        for call in calls.values():
            values = await call.made(self.context)
            for each in call.waiting:
                self._found(each[0], each[1], share_of(values, each))
        if settling:
            await self._settle(late, untyped)

    async def _settle(
        self, late: list[tuple[Instance, PlannedField]], untyped: list[tuple[Instance, PlannedField]]
    ) -> None:
        due, self._due = self._due, []
        await _settled(due)
        for instance, planned in late:
            self._found_unless_awaited(instance, planned, instance.values[planned.place])
        for instance, planned in untyped:
            await self._tell_types_apart(instance, planned)

    def _abandon(self) -> None:
        """Close what nobody will await any more: the run was broken off before its turn came."""
        for each in chain(self._due, self._awaited):
            if isinstance(each.awaitable, Coroutine):
                each.awaitable.close()

    # ------------------------------------------------------------ fields of all rows

    def _ask(self, instance: Instance, fields: list[PlannedField]) -> None:
        """Read fields of all rows, or note who waits for them."""
        for planned in fields:
            asked = planned.ready or self._asked_of(instance, planned)
            if asked is None:
                continue  # it is refused
            way = planned.way
            if way is Way.CALL:
                self._call(instance, planned, asked)
            elif way is Way.FROM_ROW:
                self._found(instance, planned, self._read(instance, planned))
            elif way is Way.VALUE:
                assert isinstance(planned.reading, Value)
                find = partial(planned.reading.find, **asked.keywords) if asked.keywords else planned.reading.find
                self._found_unless_awaited(instance, planned, self._each(find, instance))
            else:
                self._found_unless_awaited(instance, planned, self._resolved(instance, planned, asked.arguments))

    def _asked_of(self, instance: Instance, planned: PlannedField) -> Asked | None:
        """What a field is asked with that has variables or guards; None where that, or a guard, is an error."""
        remembered = self._executing.asked
        try:
            asked = remembered.get(id(planned))
            if asked is None:
                arguments = planned.arguments(self._executing.variables)
                asked = remembered[id(planned)] = asked_with(planned.reading, arguments)
            for guard in planned.guards:
                guard(self.context, asked.arguments)
        except Exception as error:  # noqa: BLE001  what refuses a field, for whatever reason, is that field's error
            self._found(instance, planned, [error] * len(instance.rows))
            return None
        return asked

    def _call(self, instance: Instance, planned: PlannedField, asked: Asked) -> None:
        assert isinstance(planned.reading, Batch | Once)
        key: Hashable = planned.reading.function if planned.alone else (planned.reading.function, asked.key)
        call = self._calls.get(key)
        if call is None:
            self._calls[key] = Call(instance, planned, asked.keywords)
        else:
            call.join(instance, planned)

    def _read(self, instance: Instance, planned: PlannedField) -> list[Any]:
        """What is read off the rows."""
        reading = planned.reading
        assert isinstance(reading, Column | Same)
        if isinstance(reading, Column) and reading.convert is None and reading.prepare is None:
            try:
                return list(map(attrgetter(reading.name), instance.rows))
            except Exception:  # noqa: BLE001  found out for which rows, and told of those alone
                pass
        return self._each(reading.of, instance)

    def _each(self, read: Any, instance: Instance) -> list[Any]:
        context = self.context
        try:
            return [read(row, context) for row in instance.rows]
        except Exception:  # noqa: BLE001  found out for which rows, and told of those alone
            return [_or_error(read, row, context) for row in instance.rows]

    def _resolved(self, instance: Instance, planned: PlannedField, arguments: dict[str, Any]) -> list[Any]:
        """What a plain resolver gives for each row."""
        resolve = planned.definition.resolve or self._executing.executor.field_resolver
        found: list[Any] = []
        for row, info in zip(instance.rows, self._infos(instance, planned), strict=True):
            try:
                found.append(resolve(row, info, **arguments))
            except Exception as error:  # noqa: BLE001  a resolver's error, whatever it is, is the error of its field
                found.append(error)
        return found

    def _infos(self, instance: Instance, planned: PlannedField) -> list[Any]:
        return [self._info(instance, planned, path) for path in field_paths(instance, planned)]

    def _info(self, instance: Instance, planned: PlannedField, path: Any) -> Any:
        if self._own is None:
            self._own = self.executor()
        return self._own.build_resolve_info(planned.definition, planned.nodes, instance.selection.type, path)

    def _found_unless_awaited(self, instance: Instance, planned: PlannedField, values: list[Any]) -> None:
        before = len(self._awaited)
        self._note_awaitables(values, planned.depth if planned.reading is None else 0)
        if len(self._awaited) == before:
            self._found(instance, planned, values)
            return
        instance.values[planned.place] = values
        self._late.append((instance, planned))

    def _note_awaitables(self, values: list[Any], depth: int) -> None:
        """Note what is to be awaited among values and, `depth` lists deep, among their items."""
        if not depth and not _some_are_awaitable(values):
            return
        for index, value in enumerate(values):
            if is_awaitable(value):
                self._awaited.append(_Awaited(value, values, index))
            elif depth and isinstance(value, AsyncIterable):
                self._awaited.append(_Awaited(_collected(value), values, index))
            elif depth and is_object(value) and is_iterable(value):
                values[index] = items = list(value)
                self._note_awaitables(items, depth - 1)

    # ------------------------------------------------------------ objects in values

    def _found(self, instance: Instance, planned: PlannedField, values: list[Any]) -> None:
        """Keep a field's values, and make the objects in them children, to be asked in their turn."""
        depth, items = planned.depth, values
        if depth == 1 and set(map(type, values)) == _LISTS:
            items = list(chain.from_iterable(values))
        elif depth:
            values = items = [_listed(each, depth) for each in values]
            for _ in range(depth):
                items = [each for listed in items if listed.__class__ is list for each in listed]
        instance.values[planned.place] = values
        if planned.leaf is not None:
            return
        rows = objects(items)
        if not rows:
            return
        if planned.only is None:
            self._untyped.append((instance, planned))
            return
        born = self._born(instance, planned, planned.only, rows)
        born.whole = rows is items
        instance.kids[planned.place] = born

    def _born(self, instance: Instance, planned: PlannedField, selection: Selection, rows: list[Any]) -> Instance:
        born = Instance(selection, rows)
        if self._plan.shows_paths:
            born.parent, born.field = instance, planned
        if selection.asked:
            self._new.append(born)
        return born

    async def _tell_types_apart(self, instance: Instance, planned: PlannedField) -> None:
        """Make the objects of an interface or a union children, an instance for each type."""
        rows: dict[str, list[Any]] = {}
        told = [await self._told_type(instance, planned, path, row) for path, row in objects_of(instance, planned)]
        for (_, row), name in zip(objects_of(instance, planned), told, strict=True):
            if isinstance(name, str):
                rows.setdefault(name, []).append(row)
        born = {
            name: self._born(instance, planned, self._plan.below(planned, name), each) for name, each in rows.items()
        }
        order = [each if isinstance(each, Untyped) else born[each] for each in told]
        instance.kids[planned.place] = Kids(list(born.values()), order)

    async def _told_type(self, instance: Instance, planned: PlannedField, path: Any, row: Any) -> str | Untyped:
        """The name of a row's type, where it is one that the field may have."""
        abstract = planned.abstract
        assert abstract is not None
        while isinstance(path.key, int):
            path = path.prev
        info = self._info(instance, planned, path)
        try:
            told: Any = (abstract.resolve_type or default_type_resolver)(row, info, abstract)
            if is_awaitable(told):
                told = await told
        except Exception as error:  # noqa: BLE001  that the type cannot be told, for whatever reason, is told of the object
            return Untyped(row, error)
        return told if told in [each.name for each in planned.types] else Untyped(row, told)


_LISTS = {list}


def _some_are_awaitable(values: list[Any]) -> bool:
    """Whether something may have to be awaited, by the classes of the values: they are few."""
    return any(hasattr(each, "__await__") or issubclass(each, GeneratorType) for each in set(map(type, values)))


def _or_error(read: Any, row: Any, context: Any) -> Any:
    try:
        return read(row, context)
    except Exception as error:  # noqa: BLE001  what a reading fails with, whatever it is, is the error of its field
        return error


def _listed(value: Any, depth: int) -> Any:
    """A list of lists as such, whatever it was; what cannot be iterated stays, and is an error when it is written."""
    if value.__class__ is not list:
        if not is_object(value) or not is_iterable(value):
            return value
        value = list(value)
    return value if depth == 1 else [_listed(each, depth - 1) for each in value]


async def _settled(awaited: list[_Awaited]) -> None:
    if len(awaited) == 1:
        (only,) = awaited
        try:
            only.values[only.index] = await only.awaitable
        except Exception as error:  # noqa: BLE001  what is awaited fails as its field's error
            only.values[only.index] = error
    elif awaited:
        found = await asyncio.gather(*(each.awaitable for each in awaited), return_exceptions=True)
        for each, value in zip(awaited, found, strict=True):
            if isinstance(value, BaseException) and not isinstance(value, Exception):
                raise value
            each.values[each.index] = value


async def _collected(iterable: AsyncIterable[Any]) -> list[Any]:
    return [each async for each in iterable]
