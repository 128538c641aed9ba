"""Which texts a store can keep or be asked for: PostgreSQL knows no NUL, neither driver half of a surrogate pair."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether a store takes the text as it is."""
    return _UNSTORABLE.search(text) is None


def storable_part(text: str) -> str:
    """The text without what no store takes."""
    return _UNSTORABLE.sub("", text)
