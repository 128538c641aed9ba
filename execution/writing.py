"""Writes an answer from the values that were found, or raises: an answer with errors is not written here."""

from collections.abc import Iterator, Sequence
from typing import Any

from execution.instance import Instance, Kids, is_object
from execution.leaves import Flaw
from execution.planned import PlannedField


def write(instance: Instance, context: Any) -> list[dict[str, Any]]:
    """The objects of an instance, in the order of its rows. Raises, whatever it may be, where there is an error."""
    selection = instance.selection
    slots = [_completed(each, instance, context) for each in selection.asked]
    instance.written = written = selection.build(instance.rows, context, slots)
    return written


def _completed(planned: PlannedField, instance: Instance, context: Any) -> Sequence[Any]:
    values, depth = instance.values[planned.place], planned.depth
    nullable = planned.shape.nullable
    if planned.leaf is not None:
        if not depth:
            return values  # the generated code completes them
        return [_leaves(each, planned.leaf.complete, nullable, 0) for each in values]
    kids = instance.kids[planned.place]
    if isinstance(kids, Instance):
        written = write(kids, context)
        if kids.whole and depth == 0:
            return written
        if kids.whole and depth == 1:
            return _sliced(values, written, nullable[0])
    elif kids is not None:
        written = _written(kids, context)
    elif depth == 1 and not any(values):
        return _sliced(values, [], nullable[0])  # no list has anything in it
    else:
        written = []
    objects = iter(written)
    if depth == 0 and nullable[0] and values.count(None) + len(written) == len(values):
        return [None if each is None else next(objects) for each in values]
    return [_objects(each, nullable, 0, objects) for each in values]


def _written(kids: Kids, context: Any) -> list[dict[str, Any]]:
    of = {id(each): iter(write(each, context)) for each in kids.instances}
    return [next(of[id(each)]) for each in kids.order]  # KeyError where there is one of no type: an error


def _sliced(values: list[Any], objects: list[dict[str, Any]], nullable: bool) -> list[Any]:
    if len(values) == 1 and objects:
        return [objects]
    found: list[Any] = []
    start = 0
    for each in values:
        if each.__class__ is list:
            end = start + len(each)
            found.append(objects[start:end])
            start = end
        elif each is None and nullable:
            found.append(None)
        else:
            raise Flaw
    return found


def _objects(value: Any, nullable: tuple[bool, ...], level: int, objects: Iterator[Any]) -> Any:
    if not is_object(value):
        if value is None and nullable[level]:
            return None
        raise Flaw
    if level == len(nullable) - 1:
        found = next(objects, None)
        if found is None:
            raise Flaw
        return found
    if value.__class__ is not list:
        raise Flaw
    return [_objects(each, nullable, level + 1, objects) for each in value]


def _leaves(value: Any, complete: Any, nullable: tuple[bool, ...], level: int) -> Any:
    if level == len(nullable) - 1:
        return complete(value)
    if value.__class__ is list:
        return [_leaves(each, complete, nullable, level + 1) for each in value]
    if value is None and nullable[level]:
        return None
    raise Flaw
