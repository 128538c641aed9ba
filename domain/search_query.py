"""What a person typed into a search box, understood: words that must be there, words that must not.

The whole of the syntax, on purpose:

- all words must match, in any order and any inflected form (domain/words.py);
- `"a phrase"` in quotes (typed ones, or the curly ones that phones make of them) must match as it stands; a quote that
  is left open ends with the text;
- a single minus directly before a word or a quote, at the start or after a space, excludes it; any other minus is a dash.

A word that is several to the tokenizer (`jl.melati`, `lalu-lintas`, `3in1`) is the phrase of its parts. Nothing else
means anything: no AND, OR, NEAR, star, colon, bracket, and no field name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.words import tokens

MAX_QUERY_CHARACTERS = 200
MAX_QUERY_WORDS = 20

Phrase: TypeAlias = tuple[str, ...]
"""Stems that must follow each other; a single word is a phrase of one."""


class SearchFault(StrEnum):
    """Why a search is refused."""

    EMPTY = "EMPTY"
    NO_WORD = "NO_WORD"
    ONLY_EXCLUSIONS = "ONLY_EXCLUSIONS"
    TOO_LONG = "TOO_LONG"
    TOO_MANY_WORDS = "TOO_MANY_WORDS"


_REASONS = {
    SearchFault.EMPTY: "The search is empty.",
    SearchFault.NO_WORD: "There is no word in the search.",
    SearchFault.ONLY_EXCLUSIONS: "The search only excludes; add at least one word without a minus.",
    SearchFault.TOO_LONG: f"The search is longer than {MAX_QUERY_CHARACTERS} characters.",
    SearchFault.TOO_MANY_WORDS: f"The search has more than {MAX_QUERY_WORDS} words.",
}


class SearchRefused(ValueError):
    """The search cannot be answered: the words say why to people, `code` to programs."""

    def __init__(self, code: SearchFault) -> None:
        self.code = code
        super().__init__(_REASONS[code])


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """All of `all_of` (never empty) and none of `none_of`."""

    all_of: tuple[Phrase, ...]
    none_of: tuple[Phrase, ...] = ()


def parse_search(text: str) -> SearchQuery:
    """Understand what was typed. Raises SearchRefused, and nothing else, whatever the text."""
    if len(text) > MAX_QUERY_CHARACTERS:
        raise SearchRefused(SearchFault.TOO_LONG)
    if not text.strip():
        raise SearchRefused(SearchFault.EMPTY)
    parts = [(excluded, phrase) for excluded, written in _parts(text) if (phrase := tuple(tokens(written)))]
    if not parts:
        raise SearchRefused(SearchFault.NO_WORD)
    if sum(len(phrase) for _, phrase in parts) > MAX_QUERY_WORDS:
        raise SearchRefused(SearchFault.TOO_MANY_WORDS)
    all_of, none_of = (tuple(dict.fromkeys(p for out, p in parts if out is wanted)) for wanted in (False, True))
    if not all_of:
        raise SearchRefused(SearchFault.ONLY_EXCLUSIONS)
    return SearchQuery(all_of, none_of)


_PART = re.compile(
    r"""
    (?P<minus> (?<!\S)-(?!-) )?
    (?: " (?P<phrase> [^"]* ) (?: " | $ ) | (?P<word> [^\s"]+ ) )
    """,
    re.VERBOSE,
)
_AS_TYPED = str.maketrans(dict.fromkeys("“”„‟＂", '"') | dict.fromkeys("−﹣－", "-"))


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """What stands between spaces or in quotes, in order, and whether a minus excludes it."""
    for part in _PART.finditer(text.translate(_AS_TYPED)):
        phrase = part["phrase"]
        yield part["minus"] is not None, part["word"] if phrase is None else phrase
