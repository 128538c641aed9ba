"""One operation while it runs, whatever carries its answers: a query's one answer, or a subscription's many."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

from graphql import FieldNode

from execution import Answer, Prepared, RequestRefused, Stream
from execution.stream import key_without
from transport.channels import Channels, Follower, Outlet
from transport.documents import PersistedDocuments
from transport.door import Hub, RequestInfo, Viewer
from transport.request import Parameters
from transport.settings import DoorSettings
from transport.sharing import SharedAnswers
from transport.throttle import OPENING, WRONG, Allowance, Throttle
from transport.told import Told

_USUAL = DoorSettings()
RESUMING = "after"
"""The argument of subscriptions that says from where: who asks the same but for that follows the same channel."""


class Operations:
    """Runs operations, whatever way they came.

    Whoever leaves early cancels his queries and subscriptions. A mutation that was begun is seen through, for nobody
    could tell otherwise what became of it; `finished` waits for those.
    """

    def __init__(
        self, hub: Hub, documents: PersistedDocuments, throttle: Throttle, settings: DoorSettings = _USUAL
    ) -> None:
        self.hub = hub
        self.shared = SharedAnswers(hub.news, settings.answer_seconds, joining=settings.join_queries)
        self.channels = Channels(lambda error: hub.engine.refusal(error))
        self._throttle = throttle
        self._documents = documents
        self._mutations: set[asyncio.Task[Told]] = set()

    def prepare(self, parameters: Parameters, viewer: Viewer, address: str | None) -> Prepared:
        """Prepare what was asked. Raises RequestRefused, DocumentRefused and BadRequest.

        To read a long document that was not read before is drawn from the client's allowance, whatever comes of it, and
        so is checking one that is not valid. Who cannot pay for that has nothing new checked.
        """
        text = self._documents.text_of(parameters)
        engine = self.hub.engine
        if engine.has_read(text):
            return engine.prepare(text, parameters.operation_name, parameters.variables)
        allowance = self.allowance(viewer, address)
        allowance.draw(engine.cost_of_reading(text))
        allowance.require(WRONG)
        try:
            return engine.prepare(text, parameters.operation_name, parameters.variables)
        except RequestRefused:
            if not engine.has_read(text):
                allowance.draw(WRONG)
            raise

    def run(self, prepared: Prepared, viewer: Viewer, info: RequestInfo) -> "Run":
        """Make ready to run an operation; nothing happens before its answers are asked for."""
        return Run(self, prepared, viewer, info)

    def allowance(self, viewer: Viewer, address: str | None) -> Allowance:
        """What this client has left."""
        return self._throttle.allowance(self.hub.account_of(viewer), address)

    async def finished(self) -> None:
        """Wait until no mutation is under way."""
        while self._mutations:
            await asyncio.wait(self._mutations)

    async def see_through(self, run: "Run", allowance: Allowance) -> Told:
        """Execute a mutation so that it goes on when the one who waits for it is cancelled."""
        task = asyncio.create_task(run.act(allowance))
        self._mutations.add(task)
        task.add_done_callback(self._mutations.discard)
        return await asyncio.shield(task)


class Run:
    """One run of one operation."""

    __slots__ = (
        "_channel",
        "_follower",
        "_hub",
        "_info",
        "_operations",
        "_prepared",
        "_stream",
        "_told_as",
        "_viewer",
    )

    def __init__(self, operations: Operations, prepared: Prepared, viewer: Viewer, info: RequestInfo) -> None:
        self._operations = operations
        self._hub = operations.hub
        self._prepared = prepared
        self._viewer = self._told_as = viewer
        self._info = info
        self._stream: Stream | None = None
        self._channel: Hashable | None = None  # where it may follow when it has caught up
        self._follower: Follower | None = None

    async def answers(self, outlet: Outlet | None = None) -> AsyncGenerator[Answer, None]:
        """Yield each answer when it is asked for. Close it (aclosing) to end the operation.

        With an `outlet` a subscription that has caught up may leave off here and be `following`: then what comes is
        handed to the outlet, until that hears that it is behind and asks for answers again, or until `leave`.

        Raises RequestRefused, COST_EXCEEDED where the client has spent too much, and what the hub's own contexts raise.
        """
        if self._prepared.kind != "subscription":
            yield await self.answer()
            return
        try:
            stream = self._stream or await self._subscribe()
            while (answer := await self._next(stream, outlet)) is not None:
                await self._charge(self._allowance(), answer, past=stream.past)
                yield answer
        finally:
            if self._stream is not None and not self.following:
                await self._stream.aclose()

    async def _subscribe(self) -> Stream:
        self._allowance().draw(self._prepared.cost + OPENING)
        self._stream = stream = await self._hub.engine.subscribe(self._prepared, self._telling)
        source, key = stream.shared, key_without(self._prepared, RESUMING)
        if source is not None:
            personal = self._prepared.personal or source.personal
            audience = self._hub.sharing(self._viewer, self._info, personal=personal)
            if audience is not None and key is not None:
                self._channel = (key, audience, source.sharing(personal=personal))
            if not personal:  # told as to all of its class, be it alone or not
                self._told_as = self._hub.anybody_like(self._viewer)
        return stream

    async def _next(self, stream: Stream, outlet: Outlet | None) -> Answer | None:
        """The next answer; None at the end, or once it follows."""
        source = stream.shared
        if outlet is None or source is None or self._channel is None:
            return await anext(stream, None)
        answer = await stream.next_now()
        if answer is None:
            self._follower = Follower(stream, source, self._allowance(), outlet)
            self._operations.channels.follow(self._channel, self._follower)
        return answer

    @property
    def following(self) -> bool:
        """Whether its answers go to its outlet."""
        return self._follower is not None and self._follower.following

    def leave(self) -> None:
        """Follow no more. What follows holds nothing that must be let go of besides."""
        if self._follower is not None:
            self._follower.leave()

    async def answer(self) -> Answer:
        """Run a query or mutation to its one answer. Raises what `answers` raises."""
        told, cost = await self.told()
        return replace(told.answer, extensions={**(told.answer.extensions or {}), **cost})

    async def told(self) -> tuple[Told, dict[str, Any]]:
        """Run a query or mutation; return its answer and, as extensions, what it cost this client.

        Raises what `answers` raises, COST_EXCEEDED before anything is done. Where there are errors nothing is given back:
        what came to nothing may have been dear to find out.
        """
        allowance, requested = self._allowance(), self._prepared.cost
        allowance.draw(requested)
        mutates = self._prepared.kind == "mutation"
        told = await (self._operations.see_through(self, allowance) if mutates else self._ask(allowance))
        actual = requested if told.answer.errors else told.answer.spent
        left = allowance.give_back(requested - actual)
        return told, {"cost": {"requested": requested, "actual": actual, "throttle": left}}

    def progress(self) -> str | None:
        """Return the position up to which all that there was has been written; None when there is none to tell."""
        if self._follower is not None and self._follower.following:
            return self._follower.progress()
        return None if self._stream is None else self._stream.progress()

    async def act(self, allowance: Allowance) -> Told:
        """Execute a mutation. It waits for nobody's turn: those that meet share one commit."""
        try:
            return Told(await self._execute())
        finally:
            harmless = _hides_nothing(self._prepared, self._hub.news.harmless)
            allowance.acted_at = self._operations.shared.acted(harmless=harmless)

    async def _ask(self, allowance: Allowance) -> Told:
        """Take the answer that was given lately, else execute a query in its client's turn, or join who does."""
        shared, key = self._operations.shared, self._key()
        keep = shared.keeping and key is not None and self._may_be_kept()
        if keep:
            told = shared.kept(key, since=allowance.acted_at)
            if told is not None:
                return told
        cost = self._prepared.cost
        await allowance.asking.begin(cost)
        try:
            if key is None:
                return Told(await self._execute())
            return await shared.execute(key, self._execute, keep=keep)
        finally:
            allowance.asking.end(cost)

    def _key(self) -> Hashable | None:
        """Equal for runs that are answered the same; None where an answer is nobody else's.

        Who has an account shares with himself alone: he sees his own reports, however hidden. Who shows follow tokens sees
        other reports than whoever shows others; and what is personal of nobody in particular may count by the address.
        """
        prepared, info = self._prepared, self._info
        if prepared.key is None or info.follow_tokens or (prepared.personal and self._is_nobody()):
            return None
        audience = self._hub.sharing(self._viewer, info, personal=True)
        return None if audience is None else (prepared.key, audience)

    def _may_be_kept(self) -> bool:
        """Whether nobody in particular asks: no token is shown, and no cursor, which tells how far he has read."""
        return not (self._info.private or self._prepared.shows_position) and self._is_nobody()

    def _is_nobody(self) -> bool:
        return self._hub.account_of(self._viewer).name is None

    async def _execute(self) -> Answer:
        async with self._context() as context:
            return await self._hub.engine.execute(self._prepared, context)

    async def _charge(self, allowance: Allowance, answer: Answer, *, past: bool) -> None:
        """What is replayed waits until its client can afford it; what happens now is counted, and let through."""
        cost = answer.spent
        if past:
            await allowance.draw_in_time(cost)
        else:
            await allowance.count(cost)

    def _allowance(self) -> Allowance:
        return self._operations.allowance(self._viewer, self._info.client_address)

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[Any]:
        """A context for one answer of a subscription, in its client's turn."""
        async with (
            self._allowance().telling.taken(self._prepared.cost),
            self._operations.channels.executing,
            self._hub.operation(self._told_as, self._info) as context,
        ):
            yield context

    def _context(self) -> AbstractAsyncContextManager[Any]:
        return self._hub.operation(self._viewer, self._info)


def _hides_nothing(mutation: Prepared, harmless: frozenset[str]) -> bool:
    """Whether it is made of nothing but fields of which that is known."""
    asked = mutation.operation.selection_set.selections
    return all(isinstance(each, FieldNode) and each.name.value in harmless for each in asked)
