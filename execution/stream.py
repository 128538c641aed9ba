"""A subscription while it lasts: a source of deliveries, and the answers made of them one at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from execution.errors import RequestRefused

if TYPE_CHECKING:
    from execution.engine import Answer


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event: what the subscription's root field resolves to, and where a reader that has it may resume."""

    value: Any
    cursor: str | None = None


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


class Stream:
    """The answers of one subscription. Each is made only when it is asked for, so a slow reader slows its source."""

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
            delivery = await self._source.__anext__()
            answer = await self._answer(delivery.value)
        except StopAsyncIteration:
            raise
        except Exception as error:
            raise self._refusal(error) from error
        if delivery.cursor is None:
            return answer
        return replace(answer, extensions={**(answer.extensions or {}), "cursor": delivery.cursor})

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
