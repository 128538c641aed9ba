"""How the table is written down, and what stands in it for one schema coordinate.

A coordinate is `Type`, `Type.field`, `Type.field(argument:)` or `Input.field`. In the table a type's entries are grouped by
their rule: `photos(phase)` stands for a field with an argument, `photos(includeHidden:)` for the argument alone. Every
entry is named: nothing covers what is added to the schema later.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from resolvers.permissions.rules import Rule

PAGED = "first after last before"
"""The arguments of a list in pages."""

_ENTRY = re.compile(r"(\w+)(?:\(([\w ]+)(:?)\))?")


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """A type: who sees one of it, and the rules of what it has."""

    rule: Rule
    entries: Mapping[Rule, str]


Table = Mapping[str, TypeEntry]


def rules_of(table: Table) -> dict[str, Rule]:
    """The rule of every coordinate. Raises ValueError for one that stands there twice, or for what is no entry."""
    found: dict[str, Rule] = {}
    for coordinate, rule in _all(table):
        if coordinate in found:
            raise ValueError(f"{coordinate} has two rules")
        found[coordinate] = rule
    return found


def _all(table: Table) -> Iterator[tuple[str, Rule]]:
    for type_name, entry in table.items():
        yield type_name, entry.rule
        for rule, names in entry.entries.items():
            if _ENTRY.sub("", names).strip():
                raise ValueError(f"{type_name}: {names!r} cannot be read")
            for name, arguments, alone in _ENTRY.findall(names):
                if not alone:
                    yield f"{type_name}.{name}", rule
                for argument in arguments.split():
                    yield f"{type_name}.{name}({argument}:)", rule
