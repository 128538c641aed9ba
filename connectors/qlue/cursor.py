"""How far a category of Qlue's feed has been read: the last id, and a look-back for edits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import CannotMap
from connectors.future import FirstSeen
from connectors.values import JAKARTA, moment, whole
from domain.records import JSON

_LARGEST_ID = 2**53


@dataclass(slots=True)
class Cursor:
    """One category's place in the feed."""

    last_id: int = 0
    read_at: datetime | None = None
    first_seen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, told: JSON) -> "Cursor":
        """Reads what `kept` wrote; anything else counts as never read."""
        if not isinstance(told, Mapping):
            return cls()
        try:
            return cls(whole(told["last_id"], "last_id"), moment(told["read_at"], "read_at"), dict(told["first_seen"]))
        except (CannotMap, KeyError, TypeError, ValueError):
            return cls()

    def kept(self) -> dict[str, JSON]:
        """As it is kept in the checkpoint."""
        read_at = self.read_at.isoformat() if self.read_at else None
        return {"last_id": self.last_id, "read_at": read_at, "first_seen": dict(self.first_seen)}

    def unread(self, posts: list[Any], look_back: timedelta, now: datetime) -> list[Any]:
        """The posts that are new or recent enough to have been edited, and those that cannot be judged."""
        since = None if self.read_at is None else min(self.read_at, now) - look_back
        return [post for post in posts if since is None or self._wanted(post, since)]

    def _wanted(self, post: Any, since: datetime) -> bool:
        try:
            return whole(post["post_id"], "post_id") > self.last_id or _dated(post) >= since
        except (CannotMap, KeyError, TypeError):
            return True  # map says what is wrong with it

    def advance(self, posts: list[Any], now: datetime) -> None:
        """Notes that all of these have been read."""
        self.last_id = max([self.last_id, *(ref for post in posts if (ref := _id(post)) is not None)])
        self.read_at = now

    def mark_future(self, posts: list[Any], now: datetime) -> None:
        """Puts beside each post that is dated in the future when it was first seen."""
        seen = FirstSeen(self.first_seen)
        for post in posts:
            try:
                time = seen.time_for(str(post["post_id"]), _dated(post), now)
            except (CannotMap, KeyError, TypeError):
                continue
            if time is not None:
                post["seen_at"] = time
        self.first_seen = seen.remembered()


def _dated(post: Any) -> datetime:
    return moment(post["post_date"], "post_date", JAKARTA)


def _id(post: Any) -> int | None:
    try:
        ref = whole(post["post_id"], "post_id")
    except (CannotMap, KeyError, TypeError):
        return None
    return ref if ref < _LARGEST_ID else None  # one absurd number must not make all later posts look old
