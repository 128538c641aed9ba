"""Writes the objects of many rows at once, with code that is generated for a selection.

For `{ code title area { name } }` it makes

    def build(rows, context, slots):
        written = []
        append = written.append
        for r, a0 in zip(rows, *slots):
            append({"code": (x if (x := r.code).__class__ is str else l0(x)), …, "area": a0})
        return written

Nothing of a client gets into the code but as a quoted string: names of columns are the schema's own.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from execution.readings import Column

if TYPE_CHECKING:
    from execution.plan import PlannedField

Build = Callable[[Sequence[Any], Any, Sequence[Sequence[Any]]], list[dict[str, Any]]]
"""Rows, the context, and the values of the slots, each in the order of the rows. Raises where an answer has errors."""


class _Names:
    """Objects that generated code refers to, each by a name."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}

    def of(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{len(self.told)}"
        self.told[name] = value
        return name


def written(type_name: str, fields: Sequence["PlannedField"]) -> Build:
    """The function that writes objects of these fields."""
    names, setup = _Names(), list[str]()
    entries = [f"{each.key!r}: {_expression(type_name, each, names, setup)}" for each in fields]
    slots = [f"a{slot}" for slot in sorted(each.slot for each in fields if each.slot is not None)]
    lines = ["written = []", "append = written.append", *setup]
    lines.append(f"for r, {', '.join(slots)} in zip(rows, *slots):" if slots else "for r in rows:")
    lines += [f"    append({{{', '.join(entries)}}})", "return written"]
    code = "def build(rows, context, slots):\n" + "".join(f"    {line}\n" for line in lines)
    exec(code, names.told)  # made of names of columns and of quoted response names alone
    build: Build = names.told["build"]
    return build


def _expression(type_name: str, planned: "PlannedField", names: _Names, setup: list[str]) -> str:
    if planned.name == "__typename":
        return repr(type_name)
    if planned.slot is not None:
        found = f"a{planned.slot}"
        if planned.leaf is None or planned.shape.depth:
            return found  # composite values and lists are complete already
        return _completed(planned, found, names)
    assert isinstance(planned.reading, Column)
    return _completed(planned, _converted(planned.reading, names, setup), names)


def _converted(reading: Column, names: _Names, setup: list[str]) -> str:
    if not all(part.isidentifier() for part in reading.name.split(".")):
        raise ValueError(f"{reading.name!r} is no name of a column")
    read = f"r.{reading.name}"
    if reading.prepare is not None:
        function = f"c{len(setup)}"
        setup.append(f"{function} = {names.of('p', reading.prepare)}(context)")
    elif reading.convert is not None:
        function = names.of("c", reading.convert)
    else:
        return read
    return f"(None if (y := {read}) is None else {function}(y))"


def _completed(planned: "PlannedField", found: str, names: _Names) -> str:
    leaf = planned.leaf
    assert leaf is not None
    complete = names.of("l", leaf.complete)
    if leaf.quick is None:
        return f"{complete}({found})"
    first, _, rest = leaf.quick.format(x="x").partition("x")
    written = "x" if leaf.swift is None else f"{names.of('w', leaf.swift)}(x)"
    return f"({written} if {first}(x := {found}){rest} else {complete}(x))"
