"""Entity tags: a GET whose answer is still the same is answered with 304 and no body (RFC 9110, 8.8.3 and 13.1.2).

A tag is a keyed hash of the answer, so it tells nothing of the answer to whoever has not got it. It is weak: it names
what an answer says, not the bytes it was sent in (compressed or not), nor what its sender had left to spend.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from domain.sealing import keyed_hash

_TAGS = re.compile(r'(?:W/)?("[^"]*")')


class EntityTags:
    """Makes tags under the hub's secret: all its processes give the same answer the same tag."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, data: bytes, extensions: Mapping[str, Any] | None, media_type: str) -> str:
        """Return the tag of an answer: of its encoded data and its extensions, what it cost left out."""
        lasting = {name: value for name, value in (extensions or {}).items() if name != "cost"}
        return (
            f'W/"{keyed_hash(self._secret, "answer", media_type, orjson.dumps(lasting).decode(), data.decode())[:32]}"'
        )


def is_known(tag: str, if_none_match: str) -> bool:
    """Whether the client says that it has the answer of `tag` (weak comparison)."""
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in _TAGS.findall(if_none_match)
