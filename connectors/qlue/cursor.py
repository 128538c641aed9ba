"""How far a category of Qlue's feed has been read: which posts the last poll saw, word for word, and a look-back.

The whole list comes at each poll, so nothing is skipped for its number or its date: a post that was held back appears
below newer ones, and one of long ago is edited. What is skipped is what the last poll saw just so.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import CannotMap
from connectors.future import FirstSeen
from connectors.values import JAKARTA, moment
from domain.records import JSON

_DIGITS = 8  # of a post's digest; two that are alike by chance hide one edit in a million, until the next
_MOST = 20_000  # digests that are kept; posts beyond these come at each poll, and the store knows them


@dataclass(slots=True)
class Cursor:
    """One category's place in the feed."""

    read_at: datetime | None = None
    shown: frozenset[str] = frozenset()
    first_seen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, told: JSON) -> "Cursor":
        """Reads what `Reading.kept` wrote; anything else counts as never read. Of before there were digests: none seen."""
        if not isinstance(told, Mapping):
            return cls()
        try:
            return cls(moment(told["read_at"], "read_at"), _apart(told.get("shown")), dict(told["first_seen"]))
        except (CannotMap, KeyError, TypeError, ValueError):
            return cls()


class Reading:
    """One poll of a category: what of it is handed on, and what the next poll will know."""

    def __init__(self, cursor: Cursor, look_back: timedelta, now: datetime) -> None:
        self._now = now
        self._since = None if cursor.read_at is None else min(cursor.read_at, now) - look_back
        self._shown = cursor.shown
        self._first_seen = FirstSeen(cursor.first_seen)
        self._digests: list[str] = []

    def wants(self, post: Any) -> bool:
        """Whether a post is handed on: new, changed, recent, or such that `map` has to say what is wrong with it.

        One that is dated in the future is told when it was first seen.
        """
        digest = _digest(post)
        if len(self._digests) < _MOST:
            self._digests.append(digest)
        try:
            ref, dated = str(post["post_id"]), moment(post["post_date"], "post_date", JAKARTA)
        except (CannotMap, KeyError, TypeError):
            return True
        time = self._first_seen.time_for(ref, dated, self._now)
        if time is not None:
            post["seen_at"] = time
        return self._since is None or digest not in self._shown or dated >= self._since

    def kept(self) -> dict[str, JSON]:
        """As it is kept in the checkpoint, once all posts were gone through."""
        first_seen: dict[str, JSON] = dict(self._first_seen.remembered())
        return {"read_at": self._now.isoformat(), "shown": "".join(self._digests), "first_seen": first_seen}


def _digest(post: Any) -> str:
    return hashlib.blake2b(json.dumps(post, sort_keys=True).encode(), digest_size=_DIGITS // 2).hexdigest()


def _apart(digests: JSON) -> frozenset[str]:
    text = digests if isinstance(digests, str) else ""
    return frozenset(text[start : start + _DIGITS] for start in range(0, len(text), _DIGITS))
