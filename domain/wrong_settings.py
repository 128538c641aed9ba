"""What is wrong with settings, in words for operators: the hub's own and those of a source are told alike."""

from collections.abc import Iterable
from difflib import get_close_matches

_WORDS = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "list_type": "must be a list",
}
"""Where pydantic tells how it failed rather than what is wanted."""


def plain(kind: str, message: str) -> str:
    """What is wrong with a value, as a clause, from the kind and the message of pydantic's error: in our words, or its own."""
    if kind in _WORDS:
        return _WORDS[kind]
    text = message.removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:]


def likely_meant(name: str, names: Iterable[str]) -> list[str]:
    """The one or two of the names that somebody who wrote another one is likely to have meant; none where none is near."""
    return get_close_matches(name.lower(), names, n=2, cutoff=0.7)
