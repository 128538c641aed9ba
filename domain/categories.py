"""What citizens report and who takes care of it: reading the two files of facts, and finding a category for other systems' words."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

MAX_MINUTES = 525_600
"""A year: no deadline is later."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TRUTHS = frozenset({"sensitive", "active"})
_MINUTES = frozenset({"respond_within_minutes", "resolve_within_minutes"})
_LISTS = frozenset({"aliases", "keywords"})
_OPTIONAL = _TRUTHS | _MINUTES | _LISTS | {"parent"}


class CategoryFactsError(ValueError):
    """The facts are not in the expected form or contradict themselves; says for which entry and how."""


@dataclass(frozen=True, slots=True)
class AgencyFact:
    """A body that takes care of reports. The code is stable, the names may change."""

    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFact:
    """A kind of report. Deadlines count minutes from the hub's receiving it; None: there is none.

    `sensitive`: the public sees such places fuzzed. `aliases`: what other systems call exactly this category; `keywords`: what
    speaks for it within a longer text. Both are in lower case, with single spaces.
    """

    code: str
    name: str
    name_en: str
    description: str
    description_en: str
    agency: str
    respond_within_minutes: int | None = None
    resolve_within_minutes: int | None = None
    sensitive: bool = False
    active: bool = True
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


def parse_agencies(toml_text: str) -> list[AgencyFact]:
    """Reads `[[agency]]` tables in their order. Raises CategoryFactsError."""
    return _parse(toml_text, "agency", AgencyFact)


def parse_categories(toml_text: str, agencies: Collection[str] | None = None) -> list[CategoryFact]:
    """Reads `[[category]]` tables in their order. Raises CategoryFactsError.

    Parents must be categories of the same file, without a circle; with `agencies` given, each agency one of those codes.
    An alias may stand for one category only.
    """
    categories = _parse(toml_text, "category", CategoryFact)
    by_code = {category.code: category for category in categories}
    for category in categories:
        _require_deadlines(category)
        _require_ancestors(category, by_code)
        if agencies is not None and category.agency not in agencies:
            raise CategoryFactsError(f"category {category.code}: there is no agency {category.agency!r}")
    _require_own_aliases(categories)
    return categories


def category_for(words: str, categories: Iterable[CategoryFact]) -> str | None:
    """The code of the active category that another system's words mean, or None.

    First the whole of the words as a code, a name or an alias; else the longest keyword that stands in them as whole words,
    of equally long ones the first to stand there.
    """
    wanted = _plain(words)
    candidates = [category for category in categories if category.active]
    for category in candidates:
        if wanted in _names(category):
            return category.code
    found = [
        (-len(keyword), position, category.code)
        for category in candidates
        for keyword in category.keywords
        if (position := _position(keyword, wanted)) is not None
    ]
    return min(found)[2] if found else None


_Fact = TypeVar("_Fact", AgencyFact, CategoryFact)


def _parse(toml_text: str, table: str, kind: type[_Fact]) -> list[_Fact]:
    try:
        document = tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as error:
        raise CategoryFactsError(f"not TOML: {error}") from None
    entries = document.get(table)
    if set(document) != {table} or not isinstance(entries, list):
        raise CategoryFactsError(f"wanted are [[{table}]] tables and nothing else")
    facts: dict[str, _Fact] = {}
    for number, entry in enumerate(entries, start=1):
        fact = kind(**_checked(entry, kind, f"{table} {number}"))
        if fact.code in facts:
            raise CategoryFactsError(f"{table} {fact.code} comes twice")
        facts[fact.code] = fact
    return list(facts.values())


def _checked(entry: object, kind: type[_Fact], position: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise CategoryFactsError(f"{position} is not a table")
    known = {field.name for field in fields(kind)}
    for name in sorted(entry.keys() - known):
        raise CategoryFactsError(f"{position}: {name} is not known")
    for name in sorted(known - _OPTIONAL - entry.keys()):
        raise CategoryFactsError(f"{position}: {name} is missing")
    return {name: _value(name, value, position) for name, value in entry.items()}


def _value(name: str, value: object, position: str) -> object:
    told = value
    if name in _LISTS:
        words = _words(value)
        sound, value = words is not None, words
    elif name in _TRUTHS:
        sound = isinstance(value, bool)
    elif name in _MINUTES:
        sound = type(value) is int and 0 < value <= MAX_MINUTES
    else:
        sound = isinstance(value, str) and bool(_CODE.fullmatch(value) if name == "code" else value.strip())
    if not sound:
        raise CategoryFactsError(f"{position}: {name} cannot be {told!r}")
    return value


def _words(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(word, str) and _plain(word) for word in value):
        return None
    return tuple(_plain(word) for word in value)


def _require_deadlines(category: CategoryFact) -> None:
    respond, resolve = category.respond_within_minutes, category.resolve_within_minutes
    if respond is not None and resolve is not None and respond > resolve:
        raise CategoryFactsError(f"category {category.code}: it would have to be resolved before it is responded to")


def _require_ancestors(category: CategoryFact, by_code: Mapping[str, CategoryFact]) -> None:
    seen = {category.code}
    parent = category.parent
    while parent is not None:
        if parent in seen:
            raise CategoryFactsError(f"category {category.code}: its parents go round in a circle")
        if parent not in by_code:
            raise CategoryFactsError(f"category {category.code}: there is no category {parent!r} to be its parent")
        seen.add(parent)
        parent = by_code[parent].parent


def _require_own_aliases(categories: Sequence[CategoryFact]) -> None:
    owner: dict[str, str] = {}
    for category in categories:
        for name in _names(category):
            other = owner.setdefault(name, category.code)
            if other != category.code:
                raise CategoryFactsError(f"category {category.code}: {name!r} already means {other}")


def _names(category: CategoryFact) -> set[str]:
    return {_plain(category.code), _plain(category.name), _plain(category.name_en), *category.aliases}


def _position(keyword: str, words: str) -> int | None:
    found = re.search(rf"(?<!\w){re.escape(keyword)}(?!\w)", words)
    return found.start() if found else None


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())
