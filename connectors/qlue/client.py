"""Qlue's marker feed: one list for each category, newest first, no paging."""

import hashlib
import hmac
from typing import Any

from connectors.errors import NotUnderstood
from connectors.http import HttpClient
from connectors.qlue.config import QlueConfig
from connectors.values import clean
from domain.records import JSON

_SCRIPT = "qluein_marker_level1.php"
_KEPT = ("post_id", "post_date", "post_title", "post_desc", "post_images", "loc_lat", "loc_lng", "sourceStatus")


class QlueClient:
    """Asks one host."""

    def __init__(self, config: QlueConfig, http: HttpClient) -> None:
        self._config = config
        self._http = http

    async def posts(self, category: str) -> list[JSON]:
        """All posts that the feed shows of one category. Raises SourceFailure."""
        answer = await self._http.get(f"{self._config.base_url}/{_SCRIPT}", {"category": category})
        value = await answer.json()
        if value is None:
            return []
        if not isinstance(value, list):
            raise NotUnderstood(f"{answer.url} answered no list of posts")
        return value


def without_name(post: JSON, category: str, secret: bytes) -> JSON:
    """A post as the hub may keep it: the members it knows, and an HMAC where the citizen's name was.

    A plain hash of a name is undone by a dictionary of names; this one only by who has the hub's secret.
    """
    if not isinstance(post, dict):
        return None
    kept: dict[str, Any] = {member: post[member] for member in _KEPT if member in post}
    return {**kept, "category": category, "reporter_key": reporter_key(post.get("profile_name"), secret)}


def reporter_key(name: JSON, secret: bytes) -> str | None:
    """The same for one name however it is spaced and capitalised; None for no name."""
    plain = " ".join(clean(name).casefold().split()) if isinstance(name, str) else ""
    return hmac.new(secret, b"qlue\0" + plain.encode(), hashlib.sha256).hexdigest() if plain else None
