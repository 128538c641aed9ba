"""A subscription while it lasts: a source of deliveries, and the answers made of them one at a time.

A source may be shared: then whoever has read it to its end can leave the reading to a `Feed`, which reads on for all who
ask the same (`transport/operations/channels.py`).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

import orjson
from graphql import FieldNode, VariableNode, Visitor, visit

from execution.errors import RequestRefused

if TYPE_CHECKING:
    from execution.answer import Answer
    from execution.prepared import Prepared

Place = tuple[int, Any]
"""A place in what sources read; the further on, the larger its number."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event: what the subscription's root field resolves to, and where a reader that has it may resume.

    `place` is where it stands, of a source that may be shared.
    """

    value: Any
    cursor: str | None = None
    place: Place | None = None


class Source(Protocol):
    """What a subscription's resolver returns. `__anext__` is called again only when the last delivery is written.

    It may have `past`: True while what it last delivered had been before it was opened.
    """

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Return the source itself."""

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery. A client's mistake raised here (CURSOR_EXPIRED) ends the stream with that error."""

    def progress(self) -> str | None:
        """Return a cursor up to which everything was handed out and, since, more was asked for; None when unknown."""

    async def aclose(self) -> None:
        """Let go of everything. Called once, also after the end."""


class SharedSource(Source, Protocol):
    """A source that others may share once it has caught up."""

    def sharing(self, *, personal: bool) -> Hashable:
        """Equal for sources that tell the same from the same place on; `personal`: answers depend on the person too."""

    @property
    def personal(self) -> bool:
        """Whether what it tells depends on the very person who listens."""

    async def next_now(self) -> Delivery | None:
        """Return what is waiting; None, once all that there is was handed out. Raises what `__anext__` raises."""

    @property
    def read(self) -> int:
        """The number of the last place that was looked at."""

    @property
    def known(self) -> Place:
        """The last place that may be told."""

    def cursor_of(self, place: Place) -> str:
        """Return the cursor of a place."""

    def go_on(self, place: Place) -> None:
        """Read on from a place, up to which all was handed out in another way."""

    def feed(self, wake: Callable[[], None], end: Callable[[Exception], None]) -> "Feed":
        """Begin to read for many, from what was read on. `wake` is called when something waits, `end` when it breaks off."""


class Feed(Protocol):
    """What comes after a source has caught up, for all who share it: it is read once, by one of them."""

    async def next(self) -> Delivery | None:
        """Return what waits; None for nothing. What it returned before counts as handed out then, or after `done`."""

    def done(self) -> None:
        """Say that the last delivery was handed to everybody."""

    @property
    def settled(self) -> Place:
        """The last place that may be told to who was handed all that came up to now."""

    def close(self) -> None:
        """Read no more."""


class Stream:
    """The answers of one subscription. Each is made only when it is asked for, so a slow reader slows its source."""

    __slots__ = ("_answer", "_refusal", "_source")

    def __init__(
        self,
        source: Source,
        answer: Callable[[object], Awaitable["Answer"]],
        refusal: Callable[[Exception], RequestRefused],
    ) -> None:
        self._source = source
        self._answer = answer
        self._refusal = refusal

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> "Answer":
        """Return the next answer. Raises RequestRefused when the source breaks off, StopAsyncIteration at its end."""
        try:
            return await self.answer_to(await self._source.__anext__())
        except StopAsyncIteration:
            raise
        except Exception as error:
            raise self._refusal(error) from error

    async def next_now(self) -> "Answer | None":
        """Return the next answer if something waits, else None. Raises what `__anext__` raises; for a shared source."""
        assert self.shared is not None
        try:
            delivery = await self.shared.next_now()
            return None if delivery is None else await self.answer_to(delivery)
        except Exception as error:
            raise self._refusal(error) from error

    async def answer_to(self, delivery: Delivery) -> "Answer":
        """Execute the operation on one delivery. Raises RequestRefused."""
        answer = await self._answer(delivery.value)
        if delivery.cursor is None:
            return answer
        return replace(answer, extensions={**(answer.extensions or {}), "cursor": delivery.cursor})

    @property
    def shared(self) -> SharedSource | None:
        """The source, if it is one that may be shared."""
        return cast(SharedSource, self._source) if hasattr(self._source, "next_now") else None

    @property
    def past(self) -> bool:
        """Whether the last answer was of what had been before the subscription was opened."""
        return bool(getattr(self._source, "past", False))

    def progress(self) -> str | None:
        """Return the cursor of `Source.progress`: all before it was handed out and more was asked for since."""
        return self._source.progress()

    async def aclose(self) -> None:
        """End the subscription and its source."""
        await self._source.aclose()


def key_without(prepared: "Prepared", argument: str) -> Hashable | None:
    """Return `Prepared.key` without what is said by an argument of the root field alone, as where to resume from is.

    Operations of the same key differ in nothing else. None where `Prepared.key` is None.
    """
    if prepared.key is None:
        return None
    digest, operation_name, variables = cast(tuple[bytes, str | None, bytes], prepared.key)
    name = _variable_of(prepared, argument) if variables else None
    if name is None or _uses(prepared, name) != 1:
        return prepared.key
    given = orjson.loads(variables)
    given.pop(name, None)
    return (digest, operation_name, orjson.dumps(given, option=orjson.OPT_SORT_KEYS) if given else b"")


def _variable_of(prepared: "Prepared", argument: str) -> str | None:
    field = prepared.operation.selection_set.selections[0]
    for given in (field.arguments or ()) if isinstance(field, FieldNode) else ():
        if given.name.value == argument and isinstance(given.value, VariableNode):
            return given.value.name.value
    return None


def _uses(prepared: "Prepared", name: str) -> int:
    """How often an operation and its document's fragments name a variable, its definition left out."""
    counting = _Counting(name)
    for node in (prepared.operation, *prepared.executing.executor.fragment_definitions.values()):
        visit(node, counting)
    return counting.found


class _Counting(Visitor):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.found = 0

    def enter_variable_definition(self, *_: object) -> object:
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.found += node.name.value == self._name
