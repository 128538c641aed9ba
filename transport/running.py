"""One operation while it runs, whatever carries its answers: a query's one answer, or a subscription's many."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any

from execution import Answer, Prepared, RequestRefused, Stream
from transport.documents import PersistedDocuments
from transport.door import Hub, RequestInfo, Viewer
from transport.request import Parameters
from transport.throttle import OPENING, WRONG, Allowance, Throttle


class Operations:
    """Runs operations, whatever way they came.

    Whoever leaves early cancels his queries and subscriptions. A mutation that was begun is seen through, for nobody
    could tell otherwise what became of it; `finished` waits for those.
    """

    def __init__(self, hub: Hub, documents: PersistedDocuments, throttle: Throttle) -> None:
        self.hub = hub
        self._throttle = throttle
        self._documents = documents
        self._mutations: set[asyncio.Task[Answer]] = set()

    def prepare(self, parameters: Parameters, viewer: Viewer, address: str | None) -> Prepared:
        """Prepare what was asked. Raises RequestRefused, DocumentRefused and BadRequest.

        To read a long document that was not read before is drawn from the client's allowance, whatever comes of it, and
        so is checking one that is not valid. Who cannot pay for that has nothing new checked.
        """
        text = self._documents.text_of(parameters)
        engine, allowance = self.hub.engine, self.allowance(viewer, address)
        allowance.draw(engine.cost_of_reading(text))
        if not engine.has_read(text):
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

    async def see_through(self, run: "Run") -> Answer:
        """Execute a mutation so that it goes on when the one who waits for it is cancelled."""
        task = asyncio.create_task(run.execute())
        self._mutations.add(task)
        task.add_done_callback(self._mutations.discard)
        return await asyncio.shield(task)


class Run:
    """One run of one operation."""

    def __init__(self, operations: Operations, prepared: Prepared, viewer: Viewer, info: RequestInfo) -> None:
        self._operations = operations
        self._hub = operations.hub
        self._prepared = prepared
        self._viewer = viewer
        self._info = info
        self._stream: Stream | None = None

    async def answers(self) -> AsyncGenerator[Answer, None]:
        """Yield each answer when it is asked for. Close it (aclosing) to end the operation.

        Raises RequestRefused, COST_EXCEEDED where the client has spent too much, and what the hub's own contexts raise.
        """
        try:
            if self._prepared.kind == "query":
                yield await self.execute()
            elif self._prepared.kind == "mutation":
                yield await self._operations.see_through(self)
            else:
                allowance = self._allowance()
                allowance.draw(self._prepared.cost + OPENING)
                self._stream = await self._hub.engine.subscribe(self._prepared, self._telling)
                async for answer in self._stream:
                    await self._charge(allowance, answer, past=self._stream.past)
                    yield answer
        finally:
            if self._stream is not None:
                await self._stream.aclose()

    async def answer(self) -> Answer:
        """Run a query or mutation to its one answer. Raises what `answers` raises."""
        async with aclosing(self.answers()) as answers:
            return await anext(answers)

    def progress(self) -> str | None:
        """Return the position up to which all that there was has been written; None when there is none to tell."""
        return None if self._stream is None else self._stream.progress()

    async def execute(self) -> Answer:
        """Execute a query or mutation once, in a context of its own. Raises COST_EXCEEDED before anything is done.

        Where there are errors nothing is given back: what came to nothing may have been dear to find out.
        """
        allowance, requested = self._allowance(), self._prepared.cost
        allowance.draw(requested)
        async with self._asking() as context:
            answer = await self._hub.engine.execute(self._prepared, context)
        actual = requested if answer.errors else self._prepared.price.actual(answer.data)
        allowance.give_back(requested - actual)
        cost = {"requested": requested, "actual": actual, "throttle": allowance.state()}
        return replace(answer, extensions={**(answer.extensions or {}), "cost": cost})

    async def _charge(self, allowance: Allowance, answer: Answer, *, past: bool) -> None:
        """What is replayed waits until its client can afford it; what happens now is counted, and let through."""
        cost = self._prepared.price.actual(answer.data)
        if past:
            await allowance.draw_in_time(cost)
        else:
            await allowance.count(cost)

    def _allowance(self) -> Allowance:
        return self._operations.allowance(self._viewer, self._info.client_address)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Any]:
        """A context for a query, in its client's turn. Mutations wait for nobody: those that meet share one commit."""
        turns = self._allowance().asking
        turn = nullcontext() if self._prepared.kind == "mutation" else turns.taken(self._prepared.cost)
        async with turn, self._context() as context:
            yield context

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[Any]:
        """A context for one answer of a subscription, in its client's turn."""
        async with self._allowance().telling.taken(self._prepared.cost), self._context() as context:
            yield context

    def _context(self) -> AbstractAsyncContextManager[Any]:
        return self._hub.operation(self._viewer, self._info)
