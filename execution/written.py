"""Writes the objects of many rows at once, with code that is generated for a selection.

For `{ code location { latitude } area { name } }` it makes

    def build(rows, context, slots):
        written = []
        append = written.append
        for r, a0 in zip(rows, *slots):
            append({
                "code": (x if (x := r.code).__class__ is str else l0(x)),
                "location": (None if r.latitude is None or r.longitude is None else {"latitude": …}),
                "area": a0,
            })
        return written

Nothing of a client gets into the code but as a quoted string: names of columns are the schema's own.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from execution.readings import Column, Same, Value

if TYPE_CHECKING:
    from execution.planned import PlannedField

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
    written_object = _object(type_name, fields, names, setup)
    slots = [f"a{place}" for place in sorted(each.place for each in fields if each.is_asked)]
    lines = ["written = []", "append = written.append", *setup]
    lines.append(f"for r, {', '.join(slots)} in zip(rows, *slots):" if slots else "for r in rows:")
    lines += [f"    append({written_object})", "return written"]
    code = "def build(rows, context, slots):\n" + "".join(f"    {line}\n" for line in lines)
    exec(code, names.told)  # made of names of columns and of quoted response names alone
    build: Build = names.told["build"]
    return build


def _object(type_name: str, fields: Sequence["PlannedField"], names: _Names, setup: list[str]) -> str:
    entries = [f"{each.key!r}: {_expression(type_name, each, names, setup)}" for each in fields]
    return f"{{{', '.join(entries)}}}"


def _expression(type_name: str, planned: "PlannedField", names: _Names, setup: list[str]) -> str:
    if planned.name == "__typename":
        return repr(type_name)
    if planned.is_asked:
        found = f"a{planned.place}"
        if planned.leaf is None or planned.depth:
            return found  # composite values and lists are complete already
        return _completed(planned, found, names)
    if isinstance(planned.reading, Same):
        return _same(planned, planned.reading, names, setup)
    if isinstance(planned.reading, Value):
        return _completed(planned, f"{names.of('f', planned.reading.find)}(r, context)", names)
    assert isinstance(planned.reading, Column)
    return _completed(planned, _converted(planned.reading, names, setup), names)


def _same(planned: "PlannedField", reading: Same, names: _Names, setup: list[str]) -> str:
    """The row's own object, written into the one that it belongs to."""
    assert planned.only is not None
    found = _object(planned.only.type.name, planned.only.fields, names, setup)
    nothing = " or ".join(f"{_read(each)} is None" for each in reading.unless_none)
    return f"(None if {nothing} else {found})" if nothing else found


def _read(column: str) -> str:
    if not all(part.isidentifier() for part in column.split(".")):
        raise ValueError(f"{column!r} is no name of a column")
    return f"r.{column}"


def _converted(reading: Column, names: _Names, setup: list[str]) -> str:
    read = _read(reading.name)
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
