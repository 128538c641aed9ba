"""API keys at the door: known ones cost no statement, and those of no use look all the same."""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from domain.api_key import hash_of_key, is_api_key
from domain.recent import Recent
from domain.time import DAY, moment
from domain.vocabulary import Role
from resolvers.errors import Unauthenticated
from resolvers.viewer import Viewer
from storage.access.api_keys import ApiKeyRow, find_api_key, note_use
from storage.access.revocation_following import RevocationFollower
from storage.clock import now_in_micros
from storage.store import Store
from storage.writing.transaction import Operation

log = logging.getLogger("simpul.access")

_REMEMBERED = 1_000
_CLOSING_SECONDS = 5.0
NO_SUCH_KEY = "This API key does not hold: it is not known here, has expired or was revoked."


class ApiKeys:
    """Turns an API key into a viewer. A row is remembered until anything is revoked; then it is read again."""

    def __init__(self, store: Store, revocations: RevocationFollower) -> None:
        self._store = store
        self._revocations = revocations
        self._known: Recent[bytes, tuple[int, ApiKeyRow]] = Recent(_REMEMBERED)
        self._writing: set[asyncio.Task[None]] = set()

    async def viewer_of(self, key: str) -> Viewer:
        """Who comes with this key. Raises Unauthenticated, in the same words whether it is unknown, expired or revoked."""
        if not is_api_key(key):
            raise Unauthenticated("This is no API key of a hub: was it copied whole?")
        row = await self._row(key)
        now = now_in_micros()
        if row is None or not row.holds(now):
            raise Unauthenticated(NO_SUCH_KEY)
        self._note_use(hash_of_key(key), row, now)
        return Viewer(
            role=Role.PARTNER,
            person_id=row.person_id,
            display_name=row.person_name,
            agency_id=row.agency_id,
            scopes=row.scopes,
            expires_at=moment(row.expires_at),
            issued_at=moment(row.created_at),
            token_id=row.public_id,
            partner=row.partner,
            key_id=row.public_id,
        )

    async def close(self) -> None:
        """Waits, for a few seconds, until the uses that were seen are written down."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=_CLOSING_SECONDS)

    async def _row(self, key: str) -> ApiKeyRow | None:
        """The key's row, of which only those that were there are remembered."""
        at, version = hash_of_key(key), self._revocations.version
        known = self._known.get(at)
        if known is not None and known[0] == version:
            return known[1]
        row = await self._store.read(find_api_key, key)
        if row is not None:
            self._known.put(at, (version, row))
        return row

    def _note_use(self, at: bytes, row: ApiKeyRow, now: int) -> None:
        """Has the first use of a day written down, without anybody waiting for it."""
        today = now // DAY * DAY
        if row.used_at is not None and row.used_at >= today:
            return
        known = self._known.get(at)
        if known is not None:
            self._known.put(at, (known[0], replace(row, used_at=today)))
        task = asyncio.create_task(self._write_use(row.id, now), name="use of an API key")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write_use(self, row_id: int, now: int) -> None:
        try:
            await self._store.write(Operation(partial(note_use, row_id=row_id, at=now)))
        except Exception:  # nobody misses it, and the next day is noted again
            log.warning("the use of an API key could not be noted", exc_info=True)
