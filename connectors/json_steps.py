"""Reading JSON of any size without holding the interpreter for long.

The C parser of `json` lets no other thread run until it has read its whole input: 10 MB of it, even in a thread, would
stop the event loop for a tenth of a second or more. So the outer containers of a large text are walked in Python, and
the C parser is given one member at a time; between members other threads get their turn.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from domain.records import JSON

LARGE = 256 * 1024
"""Bytes from which a text is read in steps (and by its callers in a thread)."""

_OUTER_LEVELS = 4  # envelope, collection, list of features, feature: what lies deeper is small
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Unread:
    """A member of a large list, checked to be JSON and kept as text until it is wanted.

    Ten thousand outlines as Python lists are a million objects, which the garbage collector would walk over and over,
    stopping everything each time; as text they are nothing to it.
    """

    text: str

    def read(self) -> JSON:
        """The member itself."""
        return _DECODER.decode(self.text)


class BrokenOff(ValueError):
    """The text ends before its JSON does: the answer was cut, rather than written in another format."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def read_json(body: bytes, unread: str | None = None, charset: str | None = None) -> JSON:
    """The value that a body holds. Raises BrokenOff for one that ends too early, ValueError for what is not JSON.

    `charset` is what a body is read in that is no UTF-8, which JSON should be (RFC 8259, 8.1). In a large body the
    members of the list called `unread` come as `Unread`.
    """
    text = _text(body, charset)
    try:
        return _Steps(text, unread).whole() if len(body) > LARGE else _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        if fault.pos >= len(text.rstrip()) or fault.msg.startswith("Unterminated string"):
            raise BrokenOff("the JSON ends too early") from fault
        raise
    except RecursionError as fault:
        raise ValueError("the JSON is nested too deeply") from fault


def _text(body: bytes, charset: str | None) -> str:
    """UTF-8 first: a server that names another charset out of habit often sends UTF-8 all the same."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        if fault.reason == "unexpected end of data":
            raise BrokenOff("the text ends within a letter") from fault
        try:
            return body.decode(charset or "utf-8")
        except LookupError:  # a charset that Python does not know
            raise fault from None


class _Steps:
    """One pass over one text."""

    def __init__(self, text: str, unread: str | None) -> None:
        self.text = text
        self.unread = unread

    def whole(self) -> JSON:
        value, end = self._value(self._skip(0), 0)
        if self._skip(end) != len(self.text):
            raise json.JSONDecodeError("Extra data", self.text, end)
        return value

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def _value(self, at: int, level: int) -> tuple[Any, int]:
        opening = self.text[at : at + 1]
        if level >= _OUTER_LEVELS or opening not in ("{", "["):
            return _DECODER.raw_decode(self.text, at)
        return self._object(at, level) if opening == "{" else self._array(at, level)

    def _array(self, at: int, level: int, unread: bool = False) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._skip(at + 1)
        if self.text[at : at + 1] == "]":
            return found, at + 1
        while True:
            value, at = self._unread(at) if unread else self._value(at, level + 1)
            found.append(value)
            at, more = self._next(at, "]")
            if not more:
                return found, at

    def _unread(self, at: int) -> tuple[Unread, int]:
        end = _DECODER.raw_decode(self.text, at)[1]
        return Unread(self.text[at:end]), end

    def _object(self, at: int, level: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self._skip(at + 1)
        if self.text[at : at + 1] == "}":
            return found, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise json.JSONDecodeError("Expecting a name", self.text, at)
            name, at = _DECODER.raw_decode(self.text, at)
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                raise json.JSONDecodeError("Expecting ':'", self.text, at)
            at = self._skip(at + 1)
            left_unread = name == self.unread and self.text[at : at + 1] == "["
            found[name], at = self._array(at, level + 1, unread=True) if left_unread else self._value(at, level + 1)
            at, more = self._next(at, "}")
            if not more:
                return found, at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        """Past the comma (True) or the closing bracket (False) that must follow a member."""
        at = self._skip(at)
        mark = self.text[at : at + 1]
        if mark == ",":
            return self._skip(at + 1), True
        if mark == closing:
            return at + 1, False
        raise json.JSONDecodeError("Expecting a comma or the end", self.text, at)
