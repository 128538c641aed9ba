"""Objects of an answer while it is made: the rows that one selection applies to, and what was found for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import Undefined
from graphql.pyutils import Path

from execution.planned import PlannedField, Selection


class Instance:
    """The rows that a selection applies to. `values` and `kids` are by the fields' places, values in the rows' order.

    `whole`: there was nothing but these rows where they were found, neither nulls nor errors. `written` is what was
    written of the rows. `parent` and `field` tell where they were found, in runs that keep this.
    """

    __slots__ = ("_paths", "_replayed", "field", "kids", "parent", "rows", "selection", "values", "whole", "written")

    def __init__(self, selection: Selection, rows: Sequence[Any], *, whole: bool = False) -> None:
        self.selection = selection
        self.rows = rows
        self.whole = whole
        places = len(selection.asked)
        self.values: list[list[Any]] = [_NOTHING] * places
        self.kids: list[Instance | Kids | None] = [None] * places
        self.written: list[dict[str, Any]] = _NOTHING
        self.parent: Instance | None = None
        self.field: PlannedField | None = None
        self._paths: list[Path | None] | None = None
        self._replayed: dict[int, list[Any]] | None = None

    def paths(self) -> list[Path | None]:
        """Where each row is in the answer; the root is nowhere. Found out only when somebody asks."""
        if self._paths is None:
            if self.parent is None or self.field is None:
                self._paths = [None] * len(self.rows)
            else:
                found = objects_of(self.parent, self.field)
                order = order_of(self.parent, self.field)
                self._paths = [path for (path, _), whose in zip(found, order, strict=True) if whose is self]
        return self._paths

    def forget(self) -> None:
        """Let go of all below, where parents and children hold each other: only the collector would find that out."""
        kids, self.kids, self.values, self.parent = self.kids, [], [], None
        for each in kids:
            for instance in instances_of(each):
                instance.forget()

    def replayed(self, field: PlannedField, place: "Callable[[Instance, PlannedField], list[Any]]") -> list[Any]:
        """What `place` makes of a field's values, made once."""
        if self._replayed is None:
            self._replayed = {}
        found = self._replayed.get(field.place)
        if found is None:
            found = self._replayed[field.place] = place(self, field)
        return found


_NOTHING: list[Any] = []
"""What was not found yet; nothing is ever put into it."""


@dataclass(slots=True)
class Kids:
    """The objects in a field's values where they are of several types: `order` tells for each which instance has it.

    Where they are of one type, its instance stands in the place of this.
    """

    instances: list[Instance]
    order: "Sequence[Instance | Untyped]"


@dataclass(frozen=True, slots=True)
class Untyped:
    """In place of the instance of an object that is of none of the field's types: what was told instead, or the failure
    to tell."""

    row: Any
    told: Any


def instances_of(kids: Instance | Kids | None) -> Sequence[Instance]:
    """The instances that have the objects of a field."""
    if kids is None:
        return ()
    return (kids,) if isinstance(kids, Instance) else kids.instances


def order_of(instance: Instance, field: PlannedField) -> Sequence[Instance | Untyped]:
    """Which instance has each of the objects in a field's values, in their order."""
    kids = instance.kids[field.place]
    if kids is None:
        return ()
    return [kids] * len(kids.rows) if isinstance(kids, Instance) else kids.order


def field_paths(instance: Instance, field: PlannedField) -> list[Path]:
    """Where the field of each row is in the answer."""
    name = instance.selection.type.name
    return [Path(path, field.key, name) for path in instance.paths()]


def objects_of(instance: Instance, field: PlannedField) -> list[tuple[Path, Any]]:
    """The objects in a field's values, each with its place, in the order that they are made children."""
    found: list[tuple[Path, Any]] = []
    for path, value in zip(field_paths(instance, field), instance.values[field.place], strict=True):
        _collect(path, value, field.shape.depth, found)
    return found


def _collect(path: Path, value: Any, depth: int, found: list[tuple[Path, Any]]) -> None:
    if not is_object(value):
        return
    if depth == 0:
        found.append((path, value))
    elif value.__class__ is list:
        for index, each in enumerate(value):
            _collect(path.add_key(index, None), each, depth - 1, found)


def is_object(value: Any) -> bool:
    """Whether there is something: neither null nor an error."""
    return value is not None and value is not Undefined and not isinstance(value, Exception)


def objects(items: list[Any]) -> list[Any]:
    """Those that are something: the very same list where all are.

    Classes are looked at first: they are few, and as a rule there is no error among them.
    """
    classes = set(map(type, items))
    for each in classes:
        if issubclass(each, _NO_OBJECTS):
            return [each for each in items if is_object(each)]
    return [each for each in items if each is not None] if _NONE in classes else items


_NONE = type(None)
_NO_OBJECTS = (Exception, type(Undefined))
