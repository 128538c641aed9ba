"""What tests of privacy share: worlds that differ in a secret alone, people who watch them, and all that they are told.

Two worlds are told apart by what a watcher hears and by nothing else. Ids, cursors, codes and addresses of photos are
random or encrypted, so each is replaced by a number in the order of its first being told: that keeps what a watcher can
see of them (which are equal, how long they are) and drops what he cannot.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from domain.areas import AreaMap
from domain.records import Record
from domain.sealing import InvalidId, LogCursor
from domain.time import SECOND, micros
from domain.vocabulary import EventKind, Locale, Role
from execution import Engine, Limits, Stream
from resolvers.permissions import visibility_of
from resolvers.source_stream import SourceWatch
from resolvers.viewer import Viewer
from schema.root import graphql_schema
from storage.events.appending import read_head
from storage.events.facets import read_facets
from storage.events.tail import LogTail
from storage.ingest.sink import StoreSink
from storage.photos.folder import FolderPhotoStore
from storage.reports.changing import change
from storage.sqlite.store import SqliteStore
from storage.store import Store
from storage.tables import events, reports
from storage.writing.transaction import Operation, Tx
from tests import ingesting
from tests.ingesting import ALL, NOW, SECRET
from tests.writing import ANONYMOUS, WritingHub, writing_hub

SLOT = 60 * SECOND
"""How far apart the steps of a story are."""

_CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
_CURSORS = frozenset({"cursor", "startCursor", "endCursor", "logCursor"})
_ADDRESSES = frozenset({"url", "thumbnailUrl"})
_PATIENCE = 60.0


class Clock:
    """The hub's clock as a test sets it, in microseconds, so that two worlds live through the same moments."""

    def __init__(self) -> None:
        self.now = micros(NOW)

    def __call__(self) -> int:
        return self.now


@contextmanager
def ticking() -> Iterator[Clock]:
    """One clock for all of the hub in this process."""
    made = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] in {"resolvers", "storage", "schema", "worker"} and hasattr(module, "now_in_micros"):
                patch.setattr(module, "now_in_micros", made)
        yield made


@dataclass
class Labels:
    """Names for what is random, in the order in which one watcher was told of it."""

    is_id: Callable[[str], bool]
    _known: dict[str, str] = field(default_factory=dict)

    def plain(self, told: Any, key: str = "") -> Any:
        """What was told, with names in place of what is random."""
        if isinstance(told, dict):
            return {name: self.plain(value, name) for name, value in told.items()}
        if isinstance(told, list | tuple):
            return [self.plain(each, key) for each in told]
        kind = self._kind(told, key) if isinstance(told, str) else None
        return told if kind is None else self._label(kind, told)

    def _kind(self, told: str, key: str) -> str | None:
        if key in _CURSORS:
            return "cursor"
        if key in _ADDRESSES and "/photos/" in told:
            return "signed photo" if "?" in told else "photo"
        if key == "code" and _CODE.fullmatch(told):
            return "code"
        return "id" if len(told) == 22 and self.is_id(told) else None

    def _label(self, kind: str, told: str) -> str:
        bare = told.partition("?")[0]  # a signature goes by the second
        return self._known.setdefault(f"{kind} {bare}", f"{kind} {len(self._known)} of {len(bare)} characters")


@dataclass
class Ear:
    """One subscription of a watcher, who asks for more only when a test lets it hear."""

    stream: Stream
    of_floods: str | None = None
    """Where a subscription of floods began: it stands on changes of floods alone."""

    async def hear(self, stand: str) -> list[Any]:
        """All that is told until the stream stands at this cursor."""
        heard: list[Any] = []
        asked = asyncio.ensure_future(anext(self.stream))
        async with asyncio.timeout(_PATIENCE):
            while asked.done() or self.stream.progress() != stand:
                await asyncio.wait((asked,), timeout=0.001)  # a position that moves rings no bell
                if asked.done():
                    answer = asked.result()
                    heard.append({"data": answer.data, "errors": answer.errors, **(answer.extensions or {})})
                    asked = asyncio.ensure_future(anext(self.stream))
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return heard


@dataclass
class Watched:
    """A hub in memory with all its doors: submissions, connectors, staff, the served schema, and subscriptions."""

    hub: WritingHub
    sink: ingesting.Hub
    engine: Engine
    clock: Clock
    tail: LogTail
    people: dict[str, Viewer] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    """Rows of reports by the names that a story gives them."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Follow tokens by the same names."""
    ears: dict[tuple[str, str], Ear] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    transcript: dict[str, list[Any]] = field(default_factory=dict)
    """What each watcher was told, in order."""

    def looking(self, watchers: Sequence[str]) -> Sequence[str]:
        """Who looks in this minute: all on SQLite, one after the other on PostgreSQL, where looking takes longest. All of
        them listen on both."""
        if isinstance(self.hub.parts.store, SqliteStore):
            return watchers
        return (watchers[(self.clock.now - micros(NOW)) // SLOT % len(watchers)],)

    async def ask(self, who: str, question: str, variables: dict[str, Any] | None = None) -> Any:
        """An answer as it was given."""
        prepared = self.engine.prepare(question, None, variables)
        async with self.hub.context(self.people[who], Locale.EN) as context:
            return (await self.engine.execute(prepared, context)).payload()

    async def note(self, who: str, question: str, variables: dict[str, Any] | None = None) -> Any:
        """Asks, and keeps what a watcher can make of the answer."""
        answer = await self.ask(who, question, variables)
        self.keep(who, answer)
        return answer

    def keep(self, who: str, told: Any) -> None:
        """Adds to what a watcher was told."""
        labels = self.labels.setdefault(who, Labels(self._is_id))
        self.transcript.setdefault(who, []).append(labels.plain(told))

    def _is_id(self, text: str) -> bool:
        try:
            self.hub.parts.ids.decode(text)
        except InvalidId:
            return False
        return True

    async def listen(self, who: str, name: str, subscription: str, after: str | None = None) -> None:
        """Opens a subscription that goes on hearing."""
        prepared = self.engine.prepare(subscription, None, {"after": after})
        viewer = self.people[who]
        stream = await self.engine.subscribe(prepared, lambda: self.hub.context(viewer, Locale.EN))
        self.ears[who, name] = Ear(stream, after if "floodAreas" in subscription else None)

    async def leave_off(self) -> None:
        """Ends all subscriptions."""
        for ear in self.ears.values():
            await ear.stream.aclose()
        self.ears.clear()

    async def stand(self, who: str) -> str:
        """Where the log stands for a watcher."""
        cursor: str = (await self.ask(who, "{ logCursor }"))["data"]["logCursor"]
        return cursor

    async def hear(self) -> None:
        """Lets every subscription catch up and keeps what it told, and where a ping would say that it stands."""
        head = await self.hub.parts.store.read(read_head)
        await asyncio.wait_for(self.tail.after(head.seq - 1, head.epoch), _PATIENCE)
        stands: dict[tuple[str, str | None], str] = {}  # all of a watcher's ears are to hear up to the same place
        for (who, name), ear in self.ears.items():
            if (who, ear.of_floods) not in stands:
                began = ear.of_floods
                stand = await self.stand(who) if began is None else await self._stand_of_floods(who, began)
                stands[who, ear.of_floods] = stand
            heard = await ear.hear(stands[who, ear.of_floods])
            self.keep(who, {"subscription": name, "heard": heard, "cursor": ear.stream.progress()})

    async def _stand_of_floods(self, who: str, begun: str) -> str:
        of_floods = select(events.c.seq, events.c.chain).where(events.c.kind == EventKind.FLOOD_STATE)
        newest = of_floods.order_by(events.c.seq.desc()).limit(1)
        row = await self.hub.parts.store.read(lambda conn: conn.execute(newest).first())
        reader = visibility_of(self.people[who]).reader
        if row is None or row.seq <= self.hub.parts.cursors.open_log(begun, reader).seq:
            return begun
        return self.hub.parts.cursors.seal_log(LogCursor(row.seq, row.chain, self.tail.epoch), reader)

    async def tell(self, name: str, who: str = "anonymous", **fields: Any) -> int:
        """Submits a report by the served door, and remembers it by a name."""
        done = await self.hub.submit(self.people[who], **fields)
        assert not done.faults and done.report_id is not None, done.faults
        self.named[name] = done.report_id
        if done.follow_token is not None:
            self.tokens[name] = done.follow_token
        return done.report_id

    async def bring(self, source: str, *records: Record, **names: str) -> None:
        """Takes in what a connector brings; `names`: a report's name by its source's number."""
        self.sink.leases.clear()  # a story takes longer than one of them lasts
        await self.sink.take(source, *records)
        for ref, name in names.items():
            rows = await self.sink.rows(reports, reports.c.source_ref == ref.removeprefix("_"))
            self.named[name] = rows[0].id

    async def alter(self, name: str, kind: str, **changed: Any) -> None:
        """Staff changes a report: `place`, `note`, `actor`, `other_report_id`, else columns."""
        report_id = self.named[name]
        beside = {each: changed.pop(each) for each in _BESIDE if each in changed}

        def apply(tx: Tx) -> None:
            change(tx, self.hub.parts.areas, report_id, kind, values=changed, **beside)  # type: ignore[arg-type]

        await self.write(apply, name)

    async def write(self, apply: Callable[[Tx], Any], *names: str) -> Any:
        """Writes something that has no mutation yet."""
        locks = frozenset(f"report:{self.named[name]}" for name in names)
        return await self.hub.parts.store.write(Operation(apply, locks))

    async def row_of(self, table: Any, code: str) -> int:
        """The row of a category or an agency."""
        asked = select(table.c.id).where(table.c.code == code)
        return await self.hub.parts.store.read(lambda conn: conn.execute(asked).scalar_one())

    def id(self, name: str) -> str:
        """The public id of a named report."""
        return self.hub.id(self.named[name])

    async def facts(self, name: str) -> Any:
        """How a report is kept."""
        return await self.hub.parts.store.read(read_facets, self.named[name])


_BESIDE = ("place", "note", "actor", "other_report_id", "by_hand", "moves_updated_at")

Step = Callable[[Watched], Awaitable[Any]]


@dataclass(frozen=True)
class Minute:
    """A step of a story. `secret`: left out in a world without the secret. `watched`: somebody looks afterwards."""

    step: Step
    secret: bool = False
    watched: bool = True


async def live_through(world: Watched, story: Sequence[Minute], *, secret: bool, look: Step) -> None:
    """Goes through a story; the watchers look after every minute, whether anything happened in it or not."""
    start = world.clock.now
    for number, minute in enumerate(story, start=1):
        world.clock.now = start + number * SLOT
        if secret or not minute.secret:
            await minute.step(world)
        if minute.watched:
            await look(world)
            await world.hear()


async def _meet(hub: WritingHub, agency: str, other: str) -> dict[str, Viewer]:
    return {
        "anonymous": ANONYMOUS,
        "citizen": await hub.person(Role.CITIZEN, "wati"),
        "partner": await hub.person(Role.PARTNER, "mitra", other),
        "responder": await hub.person(Role.RESPONDER, "rudi", other),
        "sari": await hub.person(Role.CITIZEN, "sari"),
        "ours": await hub.person(Role.RESPONDER, "budi", agency),
        "our partner": await hub.person(Role.PARTNER, "joko", agency),
        "dispatcher": await hub.person(Role.DISPATCHER, "dewi"),
        "admin": await hub.person(Role.ADMIN, "agus"),
    }


PUBLIC = ("anonymous", "citizen", "partner")
"""Watchers without rights: nobody, somebody with an account, and a partner whose agency has none of the reports."""


@asynccontextmanager
async def watched(
    store: Store, area_map: AreaMap, folder: Path, clock: Clock, *, agency: str = "tata_air", other: str = "dishub"
) -> AsyncIterator[Watched]:
    """A world on a seeded store. `agency` has what is secret, watchers are of none or of another one."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(
            writing_hub(store, folder, area_map, anonymous_reports_per_hour=100_000, anonymous_acts_per_minute=100_000)
        )
        sink = StoreSink(store, lambda: area_map, FolderPhotoStore(folder / "photos"), hub.parts.preparer, SECRET)
        await sink.declare(ALL)
        tail = LogTail(store)
        await tail.start()
        stack.push_async_callback(tail.stop)
        hub.parts.log, hub.parts.source_watch = tail, SourceWatch(store)
        brought = ingesting.Hub(store, sink, FolderPhotoStore(folder / "photos"), hub.parts.preparer)
        made = Watched(
            hub, brought, Engine(graphql_schema(), Limits(cost=10**9)), clock, tail, await _meet(hub, agency, other)
        )
        try:
            yield made
        finally:
            await made.leave_off()


def first_difference(one: Sequence[Any], other: Sequence[Any]) -> str:
    """Where two transcripts part, in words; empty if they do not."""
    for number, (left, right) in enumerate(zip(one, other, strict=True)):
        if left != right:
            return f"entry {number}: {_apart(left, right)}"
    return ""


def _apart(left: Any, right: Any, path: str = "") -> str:
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return next(_apart(left[key], right[key], f"{path}.{key}") for key in left if left[key] != right[key])
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return next(_apart(a, b, f"{path}[{n}]") for n, (a, b) in pairs if a != b)
    return f"{path}: {str(left)[:400]} ≠ {str(right)[:400]}"
