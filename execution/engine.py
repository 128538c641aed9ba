"""Runs operations of one schema: prepared once, executed once, or once for each event of a stream.

Today graphql-core does the work. What is asked of an engine is written so that a compiled plan can take its place:
callers see `Prepared`, `Answer` and `Stream` and nothing of graphql-core's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,
)
from graphql.execution import create_source_event_stream

from execution.batch import abandon
from execution.cost import Price
from execution.documents import Documents
from execution.errors import (
    BAD_USER_INPUT,
    INTERNAL,
    VALIDATION_FAILED,
    FormattedError,
    PresentError,
    RequestRefused,
    present_error,
    refused,
)
from execution.inputs import check_variables
from execution.limits import COST_EXCEEDED, TIMEOUT, Limits, exceeded
from execution.stream import Source, Stream

Kind = Literal["query", "mutation", "subscription"]
ContextForEvent = Callable[[], AbstractAsyncContextManager[Any]]


_SHORT = 1_000
"""Characters that cost nothing to read: what most documents have."""

_CHARACTERS_FOR_A_POINT = 10
"""Parsing and validating ten of them takes about as long as an object of an answer does."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One operation of a valid document with its coerced variables: all that can be found wrong beforehand is right."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    executor: Executor[Any]
    price: Price

    @property
    def cost(self) -> int:
        """What it may cost at most (cost.py); of a subscription, one of its answers."""
        return self.price.requested

    @property
    def kind(self) -> Kind:
        """Whether it reads, writes or listens."""
        return self.operation.operation.value

    @property
    def name(self) -> str | None:
        """The operation's name in the document, for logs and metrics."""
        return self.operation.name.value if self.operation.name else None

    @property
    def variables(self) -> dict[str, Any]:
        """The coerced variables by name."""
        return self.executor.variable_values.coerced


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to an operation that ran: `data` is None when a null went all the way up."""

    data: dict[str, Any] | None
    errors: list[FormattedError] | None = None
    extensions: dict[str, Any] | None = None

    def payload(self) -> dict[str, Any]:
        """Return the response map of the GraphQL specification, errors first so that a reader sees them."""
        payload: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        payload["data"] = self.data
        if self.extensions:
            payload["extensions"] = self.extensions
        return payload


class Engine:
    """Prepares and runs the operations of one schema."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits | None = None, *, present_error: PresentError = present_error
    ) -> None:
        self.schema = schema
        self.limits = limits or Limits()
        self._documents = Documents(schema, self.limits)
        self._present = present_error

    def cost_of_reading(self, text: str) -> int:
        """What it costs to read a document, be it valid or not: nothing where it was read lately, or is short."""
        return 0 if text in self._documents else max(len(text) - _SHORT, 0) // _CHARACTERS_FOR_A_POINT

    def has_read(self, text: str) -> bool:
        """Whether a document was read lately and found valid: to prepare it again is hardly any work."""
        return text in self._documents

    def check(self, text: str) -> None:
        """Parse and validate a document, and keep it ready. Raises RequestRefused."""
        self._documents.get(text)

    def prepare(
        self, text: str, operation_name: str | None = None, variables: dict[str, Any] | None = None
    ) -> Prepared:
        """Parse, validate, coerce and cost. Raises RequestRefused for anything wrong in text, operation name or
        variables, and for what is over a limit."""
        document = self._documents.get(text)
        given = variables or {}
        check_variables(given, self.limits)
        executor = Executor.build(
            self.schema,
            document.node,
            raw_variable_values=given,
            operation_name=operation_name or None,
            field_resolver=_resolve_field,
        )
        if isinstance(executor, list):
            raise refused(executor[: self.limits.errors], BAD_USER_INPUT)
        price = document.plan(self.schema, executor.operation).price(given)
        if price.requested > self.limits.cost:
            raise _too_dear(self.limits.cost, price.requested)
        return Prepared(text, document.node, executor.operation, executor, price)

    async def execute(self, prepared: Prepared, context: Any, root: Any = None) -> Answer:
        """Run a query, a mutation, or a subscription's selection on one event as `root`.

        Raises RequestRefused (TIMEOUT) when it takes too long, having stopped all that was read for it. A mutation that
        was begun takes as long as it takes.
        """
        executor = prepared.executor.build_per_event_executor(root)
        executor.context_value = context
        serially = prepared.kind == "mutation"
        async with self._in_time(limited=not serially):
            try:
                running = executor.execute_operation(serially)
                result = cast(ExecutionResult, await running if isinstance(running, Awaitable) else running)
            finally:
                await abandon(context)
        errors = [self._present(error) for error in result.errors] if result.errors else None
        return Answer(result.data, errors)

    async def subscribe(self, prepared: Prepared, context_for_event: ContextForEvent) -> Stream:
        """Open the source of a subscription. Raises RequestRefused when its resolver does.

        The resolver runs in a context of its own, which is closed before the first event: a source keeps what it needs.
        """
        async with context_for_event() as context, self._in_time(limited=True):
            source = await self._open_source(prepared, context)

        async def answer(value: object) -> Answer:
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

    @asynccontextmanager
    async def _in_time(self, *, limited: bool) -> AsyncIterator[None]:
        seconds = self.limits.seconds
        try:
            async with asyncio.timeout(seconds if limited else None) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            words = "The operation took longer than {limit} s and was given up: ask for less."
            raise exceeded("seconds", words, seconds, seconds, TIMEOUT) from None

    async def _open_source(self, prepared: Prepared, context: Any) -> Source:
        executor = prepared.executor.build_per_event_executor(None)
        executor.context_value = context
        opening = create_source_event_stream(executor)
        opened = await opening if isinstance(opening, Awaitable) else opening
        if isinstance(opened, ExecutionResult):
            raise self.refusal((opened.errors or [GraphQLError("The subscription gave no stream.")])[0])
        return cast(Source, opened)


def _resolve_field(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Resolve a field that has no resolver: a subscription's root field is the event itself, others are read off."""
    if info.path.prev is None and info.operation.operation.value == "subscription":
        return source
    return default_field_resolver(source, info, **arguments)


def _too_dear(limit: int, cost: int) -> RequestRefused:
    """No retryAfter: it is not the client's allowance that is short, and it will never be taken as it is."""
    words = "This operation may cost {value}; one may cost at most {limit}. Ask for fewer entries (first, last), or less of each."
    refusal = exceeded("cost", words, limit, cost, COST_EXCEEDED)
    refusal.errors[0]["extensions"]["cost"] = {"requested": cost}
    refusal.code = VALIDATION_FAILED  # as a whole it is a document that will not do (400), nobody is to come back later
    return refusal
