"""The table for people to read: `python -m resolvers.permissions.printed` writes docs/permissions.md, and a test fails when
that file is not the table."""

import re
from collections.abc import Iterator
from pathlib import Path

from resolvers.permissions.audiences import EVERYONE, OWN
from resolvers.permissions.entries import TypeEntry
from resolvers.permissions.rules import Rule
from resolvers.permissions.table import TABLE

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"

_HEAD = """# Who may what

Made from the table in `resolvers/permissions/` by `python -m resolvers.permissions.printed`: change it there. Every type, field,
argument and input field of the schema has a rule. One that is added without a rule keeps the hub from starting.

A rule says who may, and what the others get instead. *Staff* are responders, dispatchers and admins; *the reporter* is who
told the report, by account or follow token. An API key needs the scope besides; without it the field is an error `FORBIDDEN`
with `extensions.scope`. What somebody may not know of looks just like what there is not.
"""


def printed() -> str:
    """The page."""
    plain = [name for name, entry in TABLE.items() if _is_plain(entry)]
    parts = [_HEAD, f"Whoever has one of these sees all of it: {', '.join(f'`{name}`' for name in plain)}.\n"]
    parts += ["\n".join(_section(name, entry)) for name, entry in TABLE.items() if name not in plain]
    return "\n".join(parts)


def _is_plain(entry: TypeEntry) -> bool:
    return entry.rule == EVERYONE and entry.entries.keys() <= {EVERYONE, OWN}


def _section(name: str, entry: TypeEntry) -> Iterator[str]:
    yield f"## {name}\n"
    if entry.rule != EVERYONE:
        yield f"Seen by: {entry.rule.who}. Others: {entry.rule.otherwise}.{_scope(entry.rule, ' API keys: ')}\n"
    yield "| what | who | others | API key's scope |\n|---|---|---|---|"
    for rule, names in entry.entries.items():
        others = "–" if rule.trait is None else str(rule.otherwise)
        what = " ".join(f"`{each}`" for each in _entries(names))
        yield f"| {what} | {rule.who} | {others} | {_scope(rule) or '–'} |"
    yield ""


def _entries(names: str) -> list[str]:
    """Each entry as it stands in the table, with its arguments: parted by blanks that are in no brackets."""
    return re.split(r" (?![^(]*\))", names)


def _scope(rule: Rule, before: str = "") -> str:
    return "" if rule.scope is None else f"{before}`{rule.scope}`"


if __name__ == "__main__":
    PAGE.write_text(printed(), encoding="utf-8")
