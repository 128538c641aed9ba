"""An answer on its way out: written, compressed and tagged once, to however many it goes."""

import asyncio
from typing import Any

import orjson

from execution import Answer
from transport.http.compression import LARGE
from transport.http.entity_tags import EntityTags
from transport.http.joined_compression import Begun, begin


class Told:
    """One answer. What differs from client to client, its extensions, comes at the end and is not in it."""

    __slots__ = ("_beginning", "_begun", "_front", "_tags", "answer")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._front: bytes | None = None
        self._begun: dict[str, Begun] = {}
        self._beginning: dict[str, asyncio.Future[Begun]] = {}
        self._tags: dict[str, str] = {}

    @property
    def front(self) -> bytes:
        """The beginning of the answer's JSON, up to and with its data: errors come first, so that a reader sees them."""
        if self._front is None:
            self._front = _front_of(self.answer)
        return self._front

    async def body(self, end: bytes, coding: str | None) -> bytes:
        """Return the whole JSON in a coding; `end` is what follows the data."""
        if coding is None:
            return self.front + end
        begun = self._begun.get(coding) or await self._begin(coding)
        return begun.ended(end)

    async def _begin(self, coding: str) -> Begun:
        """A long one is compressed beside the event loop, and who asks for the same meanwhile waits for it."""
        if len(self.front) < LARGE:
            begun = begin(self.front, coding)
        else:
            beginning = self._beginning.get(coding)
            if beginning is None:
                beginning = asyncio.ensure_future(asyncio.to_thread(begin, self.front, coding))
                self._beginning[coding] = beginning
            begun = await asyncio.shield(beginning)
        self._begun[coding] = begun
        return begun

    def tag(self, tags: EntityTags, media_type: str) -> str:
        """Return the entity tag of the answer in that media type."""
        found = self._tags.get(media_type)
        if found is None:
            found = self._tags[media_type] = tags.of(self.answer.encoded(), self.answer.extensions, media_type)
        return found


def body_of(answer: Answer) -> bytes:
    """Return the response map of an answer as JSON."""
    return _front_of(answer) + end_of(answer.extensions)


def _front_of(answer: Answer) -> bytes:
    errors = b"" if not answer.errors else b'"errors":' + orjson.dumps(answer.errors) + b","
    return b"".join((b"{", errors, b'"data":', answer.encoded()))


def end_of(extensions: dict[str, Any] | None) -> bytes:
    """Return the end of an answer's JSON, from behind its data on."""
    return b"}" if not extensions else b',"extensions":' + orjson.dumps(extensions) + b"}"
