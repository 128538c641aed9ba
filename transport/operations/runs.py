"""One operation while it runs, whatever carries its answers: a query's or mutation's one, or a subscription's many."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphql import FieldNode

from execution import Answer, Prepared, Stream
from execution.stream import key_without
from transport.door import RequestInfo, Viewer
from transport.operations.channels import Follower, Outlet
from transport.operations.throttle import OPENING, Allowance
from transport.operations.told import Told

if TYPE_CHECKING:
    from transport.operations.running import Operations

RESUMING = "after"
"""The argument of subscriptions that says from where: who asks the same but for that follows the same channel."""


class Run:
    """One run of a query or mutation, and what it has in common with that of a subscription."""

    __slots__ = ("_begun", "_hub", "_info", "_operations", "_prepared", "_viewer")

    def __init__(self, operations: "Operations", prepared: Prepared, viewer: Viewer, info: RequestInfo) -> None:
        self._operations = operations
        self._hub = operations.hub
        self._prepared = prepared
        self._viewer = viewer
        self._info = info
        self._begun = False

    async def answers(self, _outlet: Outlet | None = None) -> AsyncGenerator[Answer, None]:
        """Yield each answer when it is asked for. Close it (aclosing) to end the operation.

        With an `outlet` a subscription that has caught up may leave off here and be `following`: then what comes is
        handed to the outlet, until that hears that it is behind and asks for answers again, or until `leave`.

        Raises RequestRefused, COST_EXCEEDED where the client has spent too much, and what the hub's own contexts raise.
        """
        yield await self.answer()

    @property
    def following(self) -> bool:
        """Whether its answers go to its outlet."""
        return False

    def leave(self) -> None:
        """Follow no more. What follows holds nothing that must be let go of besides."""

    def progress(self) -> str | None:
        """Return the position up to which all that there was has been written; None when there is none to tell."""
        return None

    async def answer(self) -> Answer:
        """Run it to its one answer. Raises what `answers` raises."""
        told, cost = await self.told()
        return replace(told.answer, extensions={**(told.answer.extensions or {}), **cost})

    async def told(self) -> tuple[Told, dict[str, Any]]:
        """Run it; return its answer and, as extensions, what it cost this client.

        Raises what `answers` raises, COST_EXCEEDED before anything is done. Where there are errors, or it is given up,
        nothing is given back: what came to nothing may have been dear to find out. But for what was given up while it
        waited, for its turn or for who asks the same.
        """
        allowance, requested = self._allowance(), self._prepared.cost
        allowance.draw(requested)
        mutates = self._prepared.kind == "mutation"
        try:
            told = await (self._operations.see_through(self, allowance) if mutates else self._ask(allowance))
        except asyncio.CancelledError:
            if not self._begun:
                allowance.give_back(requested)
            raise
        actual = requested if told.answer.errors else told.answer.spent
        left = allowance.give_back(requested - actual)
        return told, {"cost": {"requested": requested, "actual": actual, "throttle": left}}

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
        self._begun = True
        async with self._hub.operation(self._viewer, self._info) as context:
            return await self._hub.engine.execute(self._prepared, context)

    def _allowance(self) -> Allowance:
        return self._operations.allowance(self._viewer, self._info.client_address)


class Subscribed(Run):
    """One run of a subscription."""

    __slots__ = ("_channel", "_follower", "_stream", "_told_as")

    def __init__(self, operations: "Operations", prepared: Prepared, viewer: Viewer, info: RequestInfo) -> None:
        super().__init__(operations, prepared, viewer, info)
        self._told_as = viewer
        self._stream: Stream | None = None
        self._channel: Hashable | None = None  # where it may follow when it has caught up
        self._follower: Follower | None = None

    async def answers(self, outlet: Outlet | None = None) -> AsyncGenerator[Answer, None]:
        """See Run."""
        try:
            stream = self._stream or await self._subscribe()
            while (answer := await self._next(stream, outlet)) is not None:
                await self._charge(self._allowance(), answer, past=stream.past)
                yield answer
        finally:
            if self._stream is not None and not self.following:
                await self._stream.aclose()

    @property
    def following(self) -> bool:
        """See Run."""
        return self._follower is not None and self._follower.following

    def leave(self) -> None:
        """See Run."""
        if self._follower is not None:
            self._follower.leave()

    def progress(self) -> str | None:
        """See Run."""
        if self._follower is not None and self._follower.following:
            return self._follower.progress()
        return None if self._stream is None else self._stream.progress()

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

    async def _charge(self, allowance: Allowance, answer: Answer, *, past: bool) -> None:
        """What is replayed waits until its client can afford it; what happens now is counted, and let through."""
        cost = answer.spent
        if past:
            await allowance.draw_in_time(cost)
        else:
            await allowance.count(cost)

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[Any]:
        """A context for one answer, in its client's turn."""
        async with (
            self._allowance().telling.taken(self._prepared.cost),
            self._operations.channels.executing,
            self._hub.operation(self._told_as, self._info) as context,
        ):
            yield context


def _hides_nothing(mutation: Prepared, harmless: frozenset[str]) -> bool:
    """Whether it is made of nothing but fields of which that is known."""
    asked = mutation.operation.selection_set.selections
    return all(isinstance(each, FieldNode) and each.name.value in harmless for each in asked)
