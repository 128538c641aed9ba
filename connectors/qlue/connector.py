"""Qlue's connector: polls the marker feed of each configured category, and takes what is pushed."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import httpx

from connectors.base import Connector, Identity, Page, Raw, utc_now
from connectors.errors import CannotMap, NotAuthorised
from connectors.manifest import Capability
from connectors.parts import Parts
from connectors.qlue.client import QlueClient, without_name
from connectors.qlue.config import QlueConfig
from connectors.qlue.cursor import Cursor, Reading
from connectors.qlue.manifest import MANIFEST
from connectors.qlue.mapping import post_of, pushed_of
from connectors.qlue.push import checked
from domain.records import JSON, Record

_AT_ONCE = 500
_IN_A_ROW = 100


class Qlue(Connector[QlueConfig]):
    """One Qlue host. Its checkpoint has a cursor for each category (cursor.py)."""

    manifest = MANIFEST
    config_type = QlueConfig

    def __init__(
        self,
        identity: Identity,
        config: QlueConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(identity, config, transport, clock)
        self._client = QlueClient(config, self.http)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Pushing only where a key for it is set."""
        all_of_profile = super().capabilities
        return all_of_profile if self.config.push_key else all_of_profile - {Capability.PUSH}

    async def fetch(self, checkpoint: Mapping[str, JSON] | None) -> AsyncGenerator[Page, None]:
        """New, changed and recent posts of each category; see Connector.fetch."""
        cursors = (checkpoint or {}).get("cursors")
        kept: dict[str, JSON] = dict(cursors) if isinstance(cursors, Mapping) else {}
        parts = Parts()
        for category in self.config.categories:
            async for page in parts.pages(self._category(category, kept)):
                yield page
        parts.finish()

    async def _category(self, category: str, kept: dict[str, JSON]) -> AsyncGenerator[Page, None]:
        cursor = Cursor.of(kept.get(category))
        first = cursor.read_at is None
        reading = Reading(cursor, timedelta(seconds=self.config.look_back_seconds), self.clock())
        wanted = await self._wanted(category, reading)
        kept[category] = reading.kept()
        for start in range(0, max(len(wanted), 1), _AT_ONCE):
            last = start + _AT_ONCE >= len(wanted)
            records = [Raw("post", post) for post in wanted[start : start + _AT_ONCE]]
            yield Page(records, {"cursors": dict(kept)} if last else None, backfill=first)

    async def _wanted(self, category: str, reading: Reading) -> list[JSON]:
        """What of a category's list is handed on. Others get their turn in between."""
        secret = self.identity.secret.get_secret_value()
        wanted = []
        for place, told in enumerate(await self._client.posts(category)):
            post = without_name(told, category, secret)
            if reading.wants(post):
                wanted.append(post)
            if place % _IN_A_ROW == _IN_A_ROW - 1:
                await asyncio.sleep(0)
        return wanted

    def map(self, raw: Raw) -> Sequence[Record]:
        """One post, polled or pushed; see Connector.map."""
        match raw.kind:
            case "post":
                return (post_of(raw.value, self.config.categories),)
            case "pushed":
                return pushed_of(raw.value)
            case _:
                raise CannotMap(f"no record of Qlue is called {raw.kind!r}")

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Raw]:
        """One pushed report of whoever shows the configured key. Raises NotAuthorised or PushRefused."""
        key = self.config.push_key
        shown = headers.get("x-api-key", "")
        if key is None or not hmac.compare_digest(shown.encode(), key.get_secret_value().encode()):
            raise NotAuthorised("the pushed report shows no valid x-api-key")
        return (Raw("pushed", checked(body)),)
