"""LAPOR's connector: hands reports on, reads tickets from an export, and the list of topics: whatever is configured."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import httpx

from connectors.base import Connector, Identity, Page, Raw, utc_now
from connectors.errors import CannotMap
from connectors.lapor.client import LaporClient
from connectors.lapor.config import LaporConfig
from connectors.lapor.manifest import MANIFEST
from connectors.lapor.submission import send
from connectors.lapor.table import Row, rows_of
from connectors.lapor.tickets import ticket_of, topic_of
from connectors.manifest import Capability
from connectors.parts import Parts
from connectors.values import members, moment
from domain.records import JSON, Record
from domain.sink import Submission, SubmissionRefused, Submitted

_AT_ONCE = 200


class Lapor(Connector[LaporConfig]):
    """One LAPOR. Its checkpoint: `export`, the marks of the file last read; `topics_read_at`."""

    manifest = MANIFEST
    config_type = LaporConfig

    def __init__(
        self,
        identity: Identity,
        config: LaporConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(identity, config, transport, clock)
        self._client = LaporClient(config, self.http)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the settings allow, whichever profile is named."""
        able: set[Capability] = set()
        if self.config.token:
            able.add(Capability.SUBMIT)
        if self.config.export:
            able |= {Capability.TICKETS, Capability.REPORTS}
        if self.config.key_token:
            able.add(Capability.TOPICS)
        return frozenset(able)

    async def fetch(self, checkpoint: Mapping[str, JSON] | None) -> AsyncGenerator[Page, None]:
        """The export, if it changed, and the topics, once a day; see Connector.fetch."""
        known: dict[str, JSON] = dict(checkpoint or {})
        parts = Parts()
        if self.config.export:
            async for page in parts.pages(self._tickets(known)):
                yield page
        if self.config.key_token:
            async for page in parts.pages(self._topics(known)):
                yield page
        parts.finish()

    async def _tickets(self, known: dict[str, JSON]) -> AsyncGenerator[Page, None]:
        marks = known.get("export")
        first = not isinstance(marks, Mapping)
        export = await self._client.export(marks if isinstance(marks, Mapping) else {})
        if export is None:
            return
        rows = rows_of(export.data)
        while records := await asyncio.to_thread(_some, rows):
            yield Page(records, backfill=first)
        known["export"] = dict(export.marks)
        yield Page((), dict(known), backfill=first)

    async def _topics(self, known: dict[str, JSON]) -> AsyncGenerator[Page, None]:
        now = self.clock()
        if now - _read_at(known) < timedelta(seconds=self.config.topics_refresh_seconds):
            return
        topics = await self._client.topics()
        known["topics_read_at"] = now.isoformat()
        yield Page([Raw("topic", topic) for topic in topics], dict(known))

    def map(self, raw: Raw) -> Sequence[Record]:
        """One row, or one topic; see Connector.map."""
        match raw.kind:
            case "ticket":
                return (ticket_of(raw.value, self.config.ticket_url),)
            case "broken_row":
                raise CannotMap(f"a broken row: {members(raw.value, 'row').get('why')}")
            case "topic":
                return (topic_of(raw.value),)
            case _:
                raise CannotMap(f"no record of LAPOR is called {raw.kind!r}")

    async def submit(self, submission: Submission) -> Submitted:
        """Hands one report on, where a token is set."""
        if not self.config.token:
            raise SubmissionRefused("handing reports on to LAPOR is not configured")
        return await send(submission, self.config, self.http)


def _some(rows: Iterator[Row]) -> list[Raw]:
    return [_raw(row) for row in islice(rows, _AT_ONCE)]


def _raw(row: Row) -> Raw:
    if row.values is None:
        return Raw("broken_row", {"why": row.broken, "line": row.line})
    return Raw("ticket", row.values)


def _read_at(known: Mapping[str, JSON]) -> datetime:
    try:
        return moment(known.get("topics_read_at"), "topics_read_at")
    except CannotMap:
        return datetime.min.replace(tzinfo=UTC)
