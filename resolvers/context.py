"""What resolvers work with: who asks, one snapshot for the whole operation, and the hub's parts."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection

from domain.areas import AreaMap
from domain.sealing import CursorCipher, IdCipher, Kind
from domain.sealing import InvalidId as BadId
from domain.visibility import Visibility
from domain.vocabulary import Locale
from resolvers import errors
from resolvers.permissions import visibility_of
from resolvers.remembered import Remembered
from resolvers.viewer import ANONYMOUS, Viewer
from storage.errors import OutcomeUnknown, Overloaded
from storage.photos.preparing import PhotoPreparer
from storage.photos.store import PhotoStore
from storage.reports.follow import followed_reports
from storage.rollups.estimates import Estimates
from storage.rollups.estimates_kept import EstimatesKept
from storage.store import Lent, Snapshot, Store
from storage.writing.transaction import Actor, Operation

if TYPE_CHECKING:
    from resolvers.pace import Pace
    from resolvers.source_stream import SourceWatch
    from storage.events.tail import LogTail

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What resolvers need of the configuration. Seconds, counts."""

    public_url: str
    count_timeout: float = 2.0
    anonymous_reports_per_hour: int = 30
    anonymous_acts_per_minute: int = 60
    code_lookups_per_minute: int = 60
    photos_waiting_per_client: int = 40
    lapor_source: str | None = None
    photos_at_once: int | None = None
    """Photos that this process makes safe at the same time; None: as suits the machine."""


@dataclass(slots=True)
class HubParts:
    """The hub's parts, made once by the server; `areas` is replaced when boundaries are imported."""

    store: Store
    photos: PhotoStore
    preparer: PhotoPreparer
    ids: IdCipher
    cursors: CursorCipher
    secret: bytes
    contacts_key: bytes
    areas: AreaMap
    settings: HubSettings
    log: "LogTail | None" = None
    """The shared reader of the event log; None where nothing is subscribed to."""
    source_watch: "SourceWatch | None" = None
    """Watches sources for all subscribers; None where nothing is subscribed to."""
    pace: "Pace | None" = None
    """Limits by address and pace; None: without."""
    counted: EstimatesKept | None = None
    """Knows about how many reports there are by what is filtered by."""
    remembered: Remembered = field(default_factory=Remembered)
    """What submissions need not ask the store for again."""
    wake_outbox: Callable[[], None] = field(default=lambda: None)
    wake_source: Callable[[str], None] = field(default=lambda _code: None)
    wake_revocations: Callable[[], None] = field(default=lambda: None)

    @property
    def estimates(self) -> Estimates | None:
        """What the way to reports is chosen by; None until it was first read."""
        return None if self.counted is None else self.counted.known


class Context:
    """One operation's context. The snapshot begins at its first read and ends with `close`.

    A mutation reads afresh after its write: `refresh` drops the snapshot it had.
    """

    def __init__(
        self,
        parts: HubParts,
        viewer: Viewer = ANONYMOUS,
        *,
        locale: Locale = Locale.ID,
        last_event_id: str | None = None,
    ) -> None:
        self.parts = parts
        self.viewer = viewer
        self.locale = locale
        self.last_event_id = last_event_id
        self.loaders: dict[Any, Any] = {}
        self._visibility: Visibility | None = None
        self._lent: Lent | None = None
        self._snapshot: Snapshot | None = None
        self._opening: asyncio.Lock | None = None
        self._closed = False
        self.proved: set[int] = set()
        """Reports whose reporter this viewer proved to be within this very mutation."""

    async def read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a storage function in this operation's snapshot."""
        snapshot = self._snapshot
        if snapshot is None:
            snapshot = await self._open()
        return await snapshot.run(function, *args, **kwargs)

    async def _open(self) -> Snapshot:
        """Those who read first at once share the snapshot of the first of them."""
        if self._closed:
            raise RuntimeError("this operation has ended")  # nobody would give the snapshot back
        if self._opening is None:
            lent = self.parts.store.lend_at_once()
            if lent is not None:
                self._lent, self._snapshot = lent, lent.snapshot
                return lent.snapshot
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._snapshot is None:
                lent = self.parts.store.snapshot()
                self._snapshot = await lent.__aenter__()
                self._lent = lent
            return self._snapshot

    async def write(self, operation: Operation[T]) -> T:
        """Commits an operation; what is read afterwards sees it."""
        await self.refresh()
        try:
            return await self.parts.store.write(operation)
        except Overloaded as error:
            raise errors.Overloaded(error.retry_after) from error
        except OutcomeUnknown as error:
            raise errors.OutcomeUnknown from error

    async def refresh(self) -> None:
        """Ends the snapshot, so that the next read begins a new one."""
        self._visibility = None
        if self._opening is None:
            await self._give_back()
        else:
            async with self._opening:
                await self._give_back()

    async def _give_back(self) -> None:
        lent, self._lent, self._snapshot = self._lent, None, None
        if lent is not None:
            await lent.__aexit__(None, None, None)

    async def close(self) -> None:
        """Lets go of the snapshot; nothing is read any more."""
        self._closed = True
        await self.refresh()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def visibility(self) -> Visibility:
        """What this viewer sees; asks the store once, and only if follow tokens were shown."""
        if self._visibility is None:
            followed: frozenset[int] = frozenset(self.proved)
            if self.viewer.follow_hashes:
                followed |= await self.read(followed_reports, self.viewer.follow_hashes)
            self._visibility = visibility_of(self.viewer, followed)
        return self._visibility

    def __reduce__(self) -> tuple[Any, ...]:
        """To the process that writes it goes as who asks: the hub's parts are that process's own."""
        return _elsewhere, (self.parts, self.viewer, self.locale, frozenset(self.proved))

    def actor(self, *, is_reporter: bool = False) -> Actor:
        """This viewer as the log keeps it."""
        if self.viewer.anonymous:
            return Actor(self.viewer.role, None, None, self.viewer.client or None, is_reporter)
        return Actor(self.viewer.role, self.viewer.agency_id, self.viewer.person_id, None, is_reporter)

    def id_of(self, kind: Kind, row_id: int) -> str:
        """The public id of a row."""
        return self.parts.ids.encoder(kind)(row_id)

    def encoder(self, kind: Kind) -> Callable[[int], str]:
        """What makes public ids of rows of one kind; it remembers many of them."""
        return self.parts.ids.encoder(kind)

    def row_of(self, kind: Kind, public_id: str) -> int | None:
        """The row that a public id names; None for what is no id of this kind (it looks like what does not exist)."""
        try:
            found, row_id = self.parts.ids.decode(public_id)
        except BadId:
            return None
        return row_id if found is kind else None

    def say(self, words: Mapping[Locale, str]) -> str:
        """The words in this viewer's language."""
        return words[self.locale]


def _elsewhere(parts: HubParts, viewer: Viewer, locale: Locale, proved: frozenset[int]) -> Context:
    context = Context(parts, viewer, locale=locale)
    context.proved |= proved
    return context


def context_for(parts: HubParts, viewer: Viewer, **kwargs: Any) -> Context:
    """A context for one operation, to be used with `async with`."""
    return Context(parts, viewer, **kwargs)
