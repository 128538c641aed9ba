"""Runs operations of one schema: prepared once, executed once, or once for each event of a stream.

Compiled plans do the work (plan.py, run.py, writing.py); what is not planned, and answers with errors, are left to
graphql-core. Callers see `Prepared`, `Answer` and `Stream` and nothing of either.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
)
from graphql.execution import create_source_event_stream

from execution.answer import Answer
from execution.batch import abandon
from execution.documents import Documents
from execution.errors import (
    BAD_USER_INPUT,
    INTERNAL,
    VALIDATION_FAILED,
    PresentError,
    RequestRefused,
    present_error,
    refused,
)
from execution.in_time import TimeLimitPassed, within
from execution.inputs import check_variables
from execution.instance import Instance
from execution.limits import COST_EXCEEDED, TIMEOUT, Limits, TooDear, exceeded
from execution.plan import Plan
from execution.prepared import Prepared, written_out
from execution.run import PlanRun
from execution.stream import Source, Stream
from execution.writing import write

ContextForEvent = Callable[[], AbstractAsyncContextManager[Any]]


_SHORT = 1_000
"""Characters that cost nothing to read: what most documents have."""

_CHARACTERS_FOR_A_POINT = 10
"""Parsing and validating ten of them takes about as long as an object of an answer does."""


_FEW = 200
"""Fields that cost nothing to plan."""

_A_FIELD = 3
"""What it costs to plan one more: it takes about as long as so many objects of an answer."""

_WEIGHT_OF_PREPARED = 4
"""What a prepared operation weighs, as tokens do: some kilobytes. Its variables, and what its fields are asked with that have
variables, come on top."""

_SENT_FOR_A_TOKEN = 70
"""Characters of variables that take a kilobyte once they are coerced: many short texts in a list do."""

_PAUSES = (0.05, 0.25, 1.0)
"""Seconds before an event is told again whose answer failed within the hub: its readers go on from behind it, and none would
ask for it again."""

_LONG = 4_096
"""Characters of variables that are kept: longer ones are coerced each time."""


@dataclass(slots=True)
class Counted:
    """How answers were made since the engine was: by a plan, by a plan and then again for their errors, by graphql-core."""

    planned: int = 0
    replayed: int = 0
    left_to_core: int = 0


class Engine:
    """Prepares and runs the operations of one schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        present_error: PresentError = present_error,
        compiled: bool = True,
    ) -> None:
        """`compiled` is False where graphql-core alone is to execute, to be compared with."""
        self.schema = schema
        self.limits = limits or Limits()
        self.counted = Counted()
        self._documents = Documents(schema, self.limits)
        self._present = present_error
        self._compiled = compiled

    def cost_of_reading(self, text: str) -> int:
        """What it costs to read a document, be it valid or not: nothing where it was read lately, or is short."""
        return 0 if text in self._documents else max(len(text) - _SHORT, 0) // _CHARACTERS_FOR_A_POINT

    @property
    def work(self) -> int:
        """How much planning there was so far. What `prepare` adds, `cost_of_planning` prices."""
        return self._documents.work

    def cost_of_planning(self, work: int) -> int:
        """What it costs to plan: nothing for as many fields as most operations have."""
        return max(work - _FEW, 0) * _A_FIELD

    def has_read(self, text: str) -> bool:
        """Whether a document was read lately and found valid: to prepare it again is hardly any work."""
        return text in self._documents

    def recall(
        self, text: str, operation_name: str | None = None, variables: dict[str, Any] | None = None
    ) -> Prepared | None:
        """What was prepared lately of the same; None where `prepare` has something to do."""
        said = written_out(variables or {})
        return None if said is None else self._documents.prepared(text, (operation_name or None, said))

    def check(self, text: str) -> None:
        """Parse, validate and plan a document, and keep it ready for good. Raises RequestRefused."""
        self._documents.pin(text)

    def prepare(
        self, text: str, operation_name: str | None = None, variables: dict[str, Any] | None = None
    ) -> Prepared:
        """Parse, validate, coerce and cost. Raises RequestRefused for anything wrong in text, operation name or
        variables, and for what is over a limit."""
        return self.recall(text, operation_name, variables) or self.make_ready(text, operation_name, variables)

    def make_ready(
        self, text: str, operation_name: str | None = None, variables: dict[str, Any] | None = None
    ) -> Prepared:
        """What `prepare` does where there is nothing to `recall`. Raises what that raises."""
        given, name = variables or {}, operation_name or None
        said = written_out(given)
        prepared = self._prepare(text, name, given, said)
        if said is not None and len(said) <= _LONG and prepared.kind != "mutation":  # which is hardly asked for again
            self._documents.remember(text, (name, said), prepared)
        return prepared

    def _prepare(self, text: str, operation_name: str | None, given: dict[str, Any], said: bytes | None) -> Prepared:
        document = self._documents.get(text)
        check_variables(given, self.limits)
        ready = document.operation(self.schema, operation_name)
        variables = ready.variables(given, self.limits.errors)
        if isinstance(variables, list):
            raise refused(variables[: self.limits.errors], BAD_USER_INPUT)
        price = ready.cost.price(given)
        if price.requested > self.limits.cost:
            raise _too_dear(self.limits.cost, price.requested)
        plan = ready.plan(variables) if self._compiled else None
        key = None if said is None else (document.digest, operation_name, said)
        return Prepared(
            ready.operation,
            ready.kind,
            ready.executing(variables),
            price,
            price.requested,
            plan,
            key,
            document.sharing.personal,
            document.sharing.shows_position,
            _WEIGHT_OF_PREPARED + len(said or b"") // _SENT_FOR_A_TOKEN + (0 if plan is None else plan.varying // 2),
        )

    async def execute(self, prepared: Prepared, context: Any, root: Any = None) -> Answer:
        """Run a query, a mutation, or a subscription's selection on one event as `root`.

        Raises RequestRefused (TIMEOUT) when it takes too long, having stopped all that was read for it. A mutation that
        was begun takes as long as it takes.
        """
        seconds = None if prepared.kind == "mutation" else self.limits.seconds
        try:
            return await within(seconds, self._executed(prepared, context, root))
        except TimeLimitPassed:
            raise self._too_long() from None

    async def _executed(self, prepared: Prepared, context: Any, root: Any) -> Answer:
        try:
            if prepared.plan is None:
                return await self._left_to_core(prepared, context, root)
            return await self._planned(prepared, prepared.plan, context, root)
        finally:
            if getattr(context, "loaders", None):
                await abandon(context)

    async def _planned(self, prepared: Prepared, plan: Plan, context: Any, row: Any) -> Answer:
        self.counted.planned += 1
        root, run = Instance(plan.root, (row,)), PlanRun(plan, prepared.executing, context, row)
        try:
            if prepared.kind == "mutation":
                broken = await _serially(plan, run, root)
                if broken is not None:
                    return self._answer(broken, prepared.cost)
            else:
                await run.find(root, plan.root.asked)
            return self._written(prepared, plan, run, root)
        finally:
            if plan.shows_paths:
                root.forget()

    def _written(self, prepared: Prepared, plan: Plan, run: PlanRun, root: Instance) -> Answer:
        try:
            (data,) = write(root, run.context)
        except Exception:  # noqa: BLE001  something in it is an error, and graphql-core says which, and what comes of it
            self.counted.replayed += 1
            return self._answer(run.executor().replay(root, plan.root.fields), prepared.cost)
        return Answer(data, spent=prepared.price.spent(root))

    async def _left_to_core(self, prepared: Prepared, context: Any, root: Any) -> Answer:
        self.counted.left_to_core += 1
        running = prepared.executing.of(context, root).execute_operation(prepared.kind == "mutation")
        result = cast(ExecutionResult, await running if isinstance(running, Awaitable) else running)
        return self._answer(result, prepared.cost if result.errors else prepared.price.actual(result.data))

    def _answer(self, result: ExecutionResult, spent: int) -> Answer:
        errors = [self._present(error) for error in result.errors] if result.errors else None
        return Answer(result.data, errors, spent=spent)

    async def subscribe(self, prepared: Prepared, context_for_event: ContextForEvent) -> Stream:
        """Open the source of a subscription. Raises RequestRefused when its resolver does.

        The resolver runs in a context of its own, which is closed before the first event: a source keeps what it needs.
        """
        async with AsyncExitStack() as unless_opened:
            async with context_for_event() as context:
                try:
                    source = await within(self.limits.seconds, self._open_source(prepared, context))
                except TimeLimitPassed:
                    raise self._too_long() from None
                unless_opened.push_async_callback(source.aclose)  # its client may leave while the context is closed
            unless_opened.pop_all()

        async def answer(value: object) -> Answer:
            for pause in _PAUSES:
                async with context_for_event() as context:
                    told = await self.execute(prepared, context, value)
                if not _failed_within(told):
                    return told
                await asyncio.sleep(pause)
            async with context_for_event() as context:
                return await self.execute(prepared, context, value)

        return Stream(source, answer, self.refusal)

    def refusal(self, error: Exception) -> RequestRefused:
        """Turn any exception into a refusal that may be sent: a client's mistake as it is, all else masked."""
        if isinstance(error, RequestRefused):
            return error
        located = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
        shown = self._present(located)
        return RequestRefused([shown], shown.get("extensions", {}).get("code", INTERNAL))

    def _too_long(self) -> RequestRefused:
        words = "The operation took longer than {limit} s and was given up: ask for less."
        return exceeded("seconds", words, self.limits.seconds, self.limits.seconds, TIMEOUT)

    async def _open_source(self, prepared: Prepared, context: Any) -> Source:
        opening = create_source_event_stream(prepared.executing.of(context, None))
        opened = await opening if isinstance(opening, Awaitable) else opening
        if isinstance(opened, ExecutionResult):
            raise self.refusal((opened.errors or [GraphQLError("The subscription gave no stream.")])[0])
        return cast(Source, opened)


def _failed_within(answer: Answer) -> bool:
    """Whether something in it was not to be had for a reason of our own, such as a store that was away for a moment."""
    return any(each.get("extensions", {}).get("code") == INTERNAL for each in answer.errors or ())


async def _serially(plan: Plan, run: PlanRun, root: Instance) -> ExecutionResult | None:
    """Find the root's fields one after another. What comes after one whose null is the whole answer's is not begun:
    then that answer is returned."""
    for index, planned in enumerate(plan.root.fields, 1):
        if not planned.is_asked:
            continue
        await run.find(root, [planned])
        if planned.shape.nullable[0]:
            continue
        so_far = run.executor().replay(root, plan.root.fields[:index])
        if so_far.data is None:
            return so_far
    return None


def _too_dear(limit: int, cost: int) -> RequestRefused:
    """No retryAfter: it is not the client's allowance that is short, and it will never be taken as it is."""
    words = "This operation may cost {value}; one may cost at most {limit}. Ask for fewer entries (first, last), or less of each."
    refusal = exceeded("cost", words, limit, cost, COST_EXCEEDED)
    refusal.errors[0]["extensions"]["cost"] = {"requested": cost}
    # as a whole it is a document that will not do (400), nobody is to come back later
    return TooDear(refusal.errors, VALIDATION_FAILED)
