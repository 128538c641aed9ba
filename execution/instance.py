"""Objects of an answer while it is made: the rows that one selection applies to, and what was found for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import Undefined
from graphql.pyutils import Path

from execution.plan import PlannedField, Selection


class Instance:
    """The rows that a selection applies to. `values` and `kids` are by the fields' slots, values in the rows' order."""

    __slots__ = ("_paths", "_replayed", "field", "kids", "parent", "rows", "selection", "values")

    def __init__(
        self,
        selection: Selection,
        rows: Sequence[Any],
        parent: "Instance | None" = None,
        field: PlannedField | None = None,
    ) -> None:
        self.selection = selection
        self.rows = rows
        self.values: list[list[Any]] = [[]] * len(selection.asked)
        self.kids: list[Kids | None] = [None] * len(selection.asked)
        self.parent = parent
        self.field = field
        self._paths: list[Path | None] | None = None
        self._replayed: dict[int, list[Any]] = {}

    def paths(self) -> list[Path | None]:
        """Where each row is in the answer; the root is nowhere. Found out only when somebody asks."""
        if self._paths is None:
            if self.parent is None or self.field is None:
                self._paths = [None] * len(self.rows)
            else:
                kids = self.parent.kids[self.field.place]
                assert kids is not None, "it was born there"
                found = objects_of(self.parent, self.field)
                self._paths = [path for (path, _), whose in zip(found, kids.order, strict=True) if whose is self]
        return self._paths

    def forget(self) -> None:
        """Let go of all below: parents and children hold each other, and only the collector would find that out."""
        kids, self.kids, self.values, self.parent = self.kids, [], [], None
        for each in kids:
            if each is not None:
                for instance in each.instances:
                    instance.forget()

    def replayed(self, field: PlannedField, place: "Callable[[Instance, PlannedField], list[Any]]") -> list[Any]:
        """What `place` makes of a field's values, made once."""
        found = self._replayed.get(field.place)
        if found is None:
            found = self._replayed[field.place] = place(self, field)
        return found


@dataclass(slots=True)
class Kids:
    """The objects in a field's values, in their order. `order` tells for each which instance has it. `whole`: there was
    nothing else in the lists, neither nulls nor errors."""

    instances: list[Instance]
    order: "Sequence[Instance | Untyped]"
    whole: bool


@dataclass(frozen=True, slots=True)
class Untyped:
    """In place of the instance of an object that is of none of the field's types: what was told instead, or the failure
    to tell."""

    row: Any
    told: Any


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
